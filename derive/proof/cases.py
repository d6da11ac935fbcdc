"""Last resorts on a difference that is not zero yet: fixed sizes spelled out, orders turned.

Each is an identity: a sum over `1..3` is three terms; a claim about an index on `1..3` is three
claims; [j < i] = 1 - [i = j] - [i < j]; a sum over `2..n` is that over `1..n` less its first term;
sign(a) = 2 [a > 0] - 1 + [a = 0].
"""

from collections.abc import Iterator
from fractions import Fraction

from derive.calculus.algebra import Algebra
from derive.calculus.canonical import rename
from derive.calculus.place import Place, Var
from derive.calculus.products import Factors, opened, without
from derive.calculus.ranges import surely_at_least, surely_within
from derive.calculus.term import ONE, Atom, Poly, add, of_atom, of_monomial
from derive.calculus.unfolding import Unfolding, all_atoms
from derive.model.dim import ONE as DIM_ONE
from derive.model.dim import Dim
from derive.model.scalar import Axis

MOST_PLACES = 8
MOST_CASES = 64
HEAVY = 600


def fixed_places(axis: Axis) -> range | None:
    """The places of a short axis of fixed size."""
    low, high = axis.low.constant, axis.high.constant
    if low is None or high is None or high - low >= MOST_PLACES:
        return None
    return range(low, high + 1)


def at_fixed_places(algebra: Algebra, poly: Poly) -> list[Poly]:
    """The polynomial at every place of its free indices on short axes of fixed size."""
    polys = [poly]
    for variable in sorted(poly.free, key=lambda v: v.key):
        places = fixed_places(variable.axis)
        if places is None or len(polys) * len(places) > MOST_CASES:
            continue
        polys = [
            algebra.substitute(p, {variable: Place((), Dim.of(k))}) for p in polys for k in places
        ]
    return polys


class Spelling(Unfolding):
    """Rebuilds a term with short sums spelled out, sums widened to whole axes, orders turned."""

    def __init__(self, algebra: Algebra, free: frozenset[Var], axes: dict[str, tuple[Axis, ...]]):
        super().__init__(algebra, {}, signs=True)
        self.free = free
        self.axes = axes

    def atom(self, atom: Atom) -> Poly:
        """The rebuilt atom."""
        if atom.kind == "sum":
            return self.sum(atom)
        if atom.kind == "less" and all(p.free <= self.free for p in atom.places):
            first, second = atom.places
            if second.key < first.key:
                turned = of_atom(Atom("less", (), (second, first)))
                return add((ONE, -turned, -self.algebra.delta(first, second)))
        return super().atom(atom)

    def sum(self, atom: Atom) -> Poly:
        """A sum over short axes, term by term; over part of an axis, as over the whole."""
        algebra = self.algebra
        variables, inside = opened(atom)
        for less in [a for a in inside if a.kind == "less"]:
            halves = self._halves(less, inside, variables)
            if halves is not None:
                return halves
        for variable in variables:
            rest = [v for v in variables if v is not variable]
            places = fixed_places(variable.axis)
            if places is not None:
                terms = [self._term(inside, variable, Dim.of(k), rest) for k in places]
                return add(self.poly(t) for t in terms)
            gaps = self._gaps(inside, variable)
            if gaps:
                whole, points = gaps
                wide = Var(whole, variable.key, variable.name)
                moved = algebra.substitute(
                    of_monomial(inside), {variable: Place(((wide, DIM_ONE),))}
                )
                total = algebra.total((wide, *rest), moved)
                return total - add(self._term(inside, variable, p, rest) for p in points)
        return super().atom(atom)

    def _halves(self, less: Atom, inside: Factors, variables: tuple[Var, ...]) -> Poly | None:
        """sum_{i<j} f(i, j) = (sum_{i != j} f(i, j) + sum_{i<j} (f(i, j) - f(j, i))) / 2."""
        first, second = (p.variable for p in less.places)
        if first is None or second is None or not {first, second} <= set(variables):
            return None
        rest = without(inside, less)
        if first.axis != second.axis:
            return None
        swapped = {first: second, second: first}
        turned = of_monomial({rename(a, swapped): e for a, e in rest.items()})
        apart = ONE - self.algebra.delta(*less.places)
        symmetric = self.algebra.multiply(of_monomial(rest), apart)
        other = self.algebra.multiply(of_monomial(rest) - turned, of_atom(less))
        return self.algebra.total(variables, symmetric + other).scaled(Fraction(1, 2))

    def _term(self, inside: Factors, variable: Var, at: Dim, rest: list[Var]) -> Poly:
        """The summand at one place, summed over the other indices."""
        value = {variable: Place((), at)}
        body = self.algebra.substitute(of_monomial(inside), value)
        return self.algebra.total(rest, body)

    def _gaps(self, inside: Factors, variable: Var) -> tuple[Axis, list[Dim]] | None:
        """The whole axis of which a variable runs over all but a few places, and these."""
        if not surely_at_least(variable.axis.high - variable.axis.low + DIM_ONE, Dim(())):
            return None
        for atom in inside:
            for place, axis in self._indexed(atom):
                if place.variable is not variable or axis == variable.axis:
                    continue
                before = (variable.axis.low - axis.low).constant
                after = (axis.high - variable.axis.high).constant
                if before is None or after is None or min(before, after) < 0 or before + after > 4:
                    continue
                points = [axis.low + Dim.of(k) for k in range(before)]
                points += [axis.high - Dim.of(k) for k in range(after)]
                if all(self._defined(inside, variable, p) for p in points):
                    return axis, points
        return None

    def _indexed(self, atom: Atom) -> Iterator[tuple[Place, Axis]]:
        """The places of the tensors in an atom, each with the axis on which it stands."""
        for part in (atom, *(a for arg in atom.args for a in all_atoms(arg))):
            if part.kind == "entry" and part.head[0] in self.axes:
                yield from zip(part.places, self.axes[str(part.head[0])], strict=True)

    def _defined(self, inside: Factors, variable: Var, point: Dim) -> bool:
        """Every tensor stays inside its axes when the variable is at `point`."""
        for atom in inside:
            for place, axis in self._indexed(atom):
                if variable in place.free:
                    factors = dict(place.terms)
                    if variable not in factors:
                        return False  # it stands in a computed place
                    shift = factors.pop(variable) * point
                    if not surely_within(
                        Place(tuple(factors.items()), place.offset + shift, place.computed), axis
                    ):
                        return False
        return True
