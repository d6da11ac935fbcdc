"""What is known of the signs of atoms, from the properties of tensors and from definitions."""

from collections.abc import Callable
from itertools import permutations

from derive.calculus.algebra import Algebra
from derive.calculus.canonical import axis_key, poly_signature
from derive.calculus.coinciding import coinciding
from derive.calculus.knowledge import Knowledge
from derive.calculus.powers import is_nonnegative, is_positive
from derive.calculus.ranges import surely_at_least
from derive.calculus.term import ZERO, Atom, Poly
from derive.model.model import Model
from derive.model.scalar import Axis

POSITIVE = frozenset({"positive", "simplex"})
NONNEGATIVE = frozenset({"nonnegative", "onehot", "binary"}) | POSITIVE


class Signs(Knowledge):
    """Signs by declaration, by kind, and by definition.

    `body` gives the normal form of a defined name's expression; `assumed` has the polynomials, and
    `entries` the tensors, that are assumed to be positive (True) or not negative, each with the
    words of the assumption; `nonzero`
    has the shapes of those whose zeros the statement leaves out, and `places` the
    computed numbers at which entries stand, with their axes.
    """

    def __init__(self, model: Model, body: Callable[[str], Poly | None]) -> None:
        self.model = model
        self.body = body
        self.assumed: dict[tuple[Poly, bool], str] = {}
        self.entries: dict[tuple[str, bool], str] = {}
        self.nonzero: frozenset[int] = frozenset()
        self.conditions: set[Poly] = set()
        self.places: set[tuple[Poly, Axis]] = set()
        self.used: set[str] = set()
        self._names: dict[tuple[str, bool], set[str] | None] = {}
        self.plain = Algebra(self, ())

    def is_positive(self, atom: Atom) -> bool:
        """Surely above zero."""
        match atom.kind:
            case "const" | "exp":
                return True
            case "entry":
                return self._name_is(str(atom.head[0]), True)
            case "sum":
                filled = all(surely_at_least(v.axis.high, v.axis.low) for v in atom.bound)
                return filled and is_positive(self.plain, atom.args[0])
            case "prod" | "pow":
                return is_positive(self.plain, atom.args[0])
            case "index":
                return atom.places[0].variable is not None and _starts_at_one(atom)
            case _:
                return False

    def is_nonnegative(self, atom: Atom) -> bool:
        """Surely not below zero."""
        if self.is_positive(atom):
            return True
        match atom.kind:
            case "delta" | "less":
                return True
            case "entry":
                return self._name_is(str(atom.head[0]), False)
            case "sum" | "prod" | "pow":
                return is_nonnegative(self.plain, atom.args[0])
            case "func":
                return atom.head[0] in ("step", "zero")
            case _:
                return False

    def is_assumed(self, poly: Poly, strictly: bool) -> bool:
        """Assumed to be positive, or (not `strictly`) not to be negative."""
        text = self.assumed.get((poly, True)) or (
            None if strictly else self.assumed.get((poly, False))
        )
        if text:
            self.used.add(text)
        return text is not None

    def assume(self, poly: Poly, strictly: bool, text: str) -> None:
        """Takes `poly` as positive, or not negative: for all its places, where it is an entry."""
        atom = poly.atom
        if atom is not None and atom.kind == "entry":
            variables = [p.variable for p in atom.places]
            axes = (
                self.model.symbols[str(atom.head[0])].axes
                if atom.head[0] in self.model.symbols
                else ()
            )
            plain = [
                v for v, a in zip(variables, axes, strict=False) if v is not None and v.axis == a
            ]
            if len(set(plain)) == len(atom.places) == len(axes):
                self.entries[str(atom.head[0]), strictly] = text
        self.assumed[poly, strictly] = text

    def take_positive(self, name: str) -> None:
        """Takes the entries of a name that is not in the model as positive."""
        self._names[name, True] = self._names[name, False] = set()

    def is_place(self, number: Poly, axis: Axis) -> bool:
        """A computed number is surely a place of the axis: an entry stands there."""
        return (number, axis) in self.places or super().is_place(number, axis)

    def zeros(self, poly: Poly) -> Poly | None:
        """[poly = 0] of a kink of what was differentiated: only where places coincide."""
        if not self.nonzero or shape_of(poly) not in self.nonzero:
            return None
        self.conditions.add(poly)
        found = coinciding(self.plain, poly)
        return ZERO if found is None else found  # it is left out, as its definitions show

    def _name_is(self, name: str, strictly: bool) -> bool:
        """The entries of a declared or defined tensor are positive (or not negative)."""
        key = (name, strictly)
        if key not in self._names:
            self._names[key] = None  # a definition in terms of itself tells nothing
            outer, self.used = self.used, set()
            self._names[key] = self.used if self._find(name, strictly) else None
            self.used = outer
        reasons = self._names[key]
        self.used.update(reasons or ())
        return reasons is not None

    def _find(self, name: str, strictly: bool) -> bool:
        for key in ((name, True), (name, strictly)):
            if key in self.entries:
                self.used.add(self.entries[key])
                return True
        symbol = self.model.symbols.get(name)
        if symbol is not None:
            found = symbol.properties & (POSITIVE if strictly else NONNEGATIVE)
            self.used |= {f"{name} is {p}" for p in found}
            return bool(found)
        body = self.body(name)
        if body is None:
            return False
        return (is_positive if strictly else is_nonnegative)(self.plain, body)


def shape_of(poly: Poly) -> int:
    """What a polynomial is but for the names of its free indices (not their ranges), up to sign."""
    free = sorted(poly.free, key=lambda v: v.key)
    if len(free) > 4:
        return poly.key
    return min(
        poly_signature(signed, {v: hash((61, k, axis_key(v))) for k, v in enumerate(order)})
        for order in permutations(free)
        for signed in (poly, -poly)
    )


def _starts_at_one(atom: Atom) -> bool:
    variable = atom.places[0].variable
    low = variable.axis.low.constant if variable is not None else None
    return low is not None and low >= 1
