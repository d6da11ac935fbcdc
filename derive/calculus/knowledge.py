"""What an algebra knows of atoms, and how a rule answers."""

from derive.calculus.place import Var
from derive.calculus.products import Factors
from derive.calculus.term import Atom, Poly, of_atom
from derive.model.scalar import Axis


class Rewritten:
    """`factors` times `replacement`, with the variables `gone` no longer summed over."""

    __slots__ = ("factors", "gone", "replacement")

    def __init__(self, factors: Factors, replacement: Poly, gone: frozenset[Var]) -> None:
        self.factors = factors
        self.replacement = replacement
        self.gone = gone


class Knowledge:
    """What is known of atoms. This one knows nothing; see `calculus.signs` and `proof.facts`."""

    def is_positive(self, atom: Atom) -> bool:
        """Surely above zero."""
        return False

    def is_nonnegative(self, atom: Atom) -> bool:
        """Surely not below zero."""
        return self.is_positive(atom)

    def is_assumed(self, poly: Poly, strictly: bool) -> bool:
        """Assumed to be positive, or (not `strictly`) not to be negative."""
        return False

    def zeros(self, poly: Poly) -> Poly | None:
        """[poly = 0], where it is known, perhaps by a condition that the statement collects."""
        return None

    def is_place(self, number: Poly, axis: Axis) -> bool:
        """A computed number is surely a place of the axis."""
        atom = number.atom
        return atom is not None and atom.kind == "argmax" and atom.bound[0].axis == axis

    def entry(self, atom: Atom) -> Poly:
        """An entry in its normal form (symmetric and diagonal tensors)."""
        return of_atom(atom)
