"""Where no induction is found: recurrences of length 1 to 4 written out, all else symbolic."""

from typing import Protocol

from derive.calculus.algebra import Algebra, TooLarge
from derive.calculus.engine import Calculus
from derive.calculus.term import Poly
from derive.model.dim import Dim
from derive.model.model import Relation
from derive.model.sizes import at_sizes, fixed
from derive.proof.cases import Spelling, at_fixed_places
from derive.proof.opening import weight
from derive.proof.unrolling import Sequences, reached_ends

LENGTHS = range(1, 5)
HEAVIEST = 4000


class Prover(Protocol):
    """What is needed of a prover of the model at one length."""

    calculus: Calculus

    def difference(self, relation: Relation) -> Poly:
        """Left minus right."""

    def knowing(self, difference: Poly) -> Algebra:
        """The algebra that knows what is declared and assumed."""

    def is_zero(self, poly: Poly, algebra: Algebra) -> bool:
        """The polynomial vanishes."""


def lengths_of(calculus: Calculus, difference: Poly) -> frozenset[str] | None:
    """The dimensions that are lengths of the recurrences of a statement; None without any."""
    found: set[str] | None = None
    for name in calculus.reachable(difference):
        block = calculus.block(name)
        if block is not None:
            found = (found or set()) | block.axis.low.names | block.axis.high.names
    return None if found is None else frozenset(found)


def at_length(
    calculus: Calculus, relation: Relation, name: str, k: int
) -> tuple[Calculus, Relation]:
    """The calculus of the model with recurrences of one length, and the statement there."""
    sizes = {name: Dim.of(k)}
    model = at_sizes(calculus.model, sizes, frozenset(calculus.adjoints))
    return Calculus(model, lambda: calculus.tick()), fixed(relation, sizes)


def holds(prover: Prover, relation: Relation) -> Algebra | None:
    """A statement at one length, everything written out: the algebra that shows it."""
    difference = prover.difference(relation)
    algebra = prover.knowing(difference)
    sequences = Sequences(prover.calculus)
    try:
        for part in at_fixed_places(algebra, difference):
            poly = part
            for _ in range(2):  # what is written out brings in sums of its own
                axes = {n: prover.calculus.axes(n) for n in poly.symbols if _is_name(prover, n)}
                poly = Spelling(algebra, poly.free, axes).poly(poly)
                poly = reached_ends(algebra, sequences, poly)
                if weight(poly) > HEAVIEST:
                    return None
            if poly.terms and not prover.is_zero(poly, algebra):
                return None
    except TooLarge:
        return None
    return algebra


def _is_name(prover: Prover, name: str) -> bool:
    model = prover.calculus.model
    return name in model.symbols or name in model.definitions
