"""Limits of expressions: the target is moved to zero from above, and what moves is opened.

`x -> a` is `x = a + u` and `x = a - u` with u small and positive, `x -> inf` is `x = 1/u`.
Definitions that depend on the variable are opened. Where sizes are fixed, entries are taken one by
one.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from derive.calculus.adjoints import Body
from derive.calculus.algebra import Algebra
from derive.calculus.asymptotics import Asymptotics
from derive.calculus.contraction import RULES, base_cancels
from derive.calculus.growth import SMALL, Diverges, SignNeeded, Unsettled
from derive.calculus.lower import Scope
from derive.calculus.place import Place, Var
from derive.calculus.powers import Undefined
from derive.calculus.products import NotExact, opened
from derive.calculus.term import Atom, Poly, add, of_atom, of_monomial
from derive.calculus.unfolding import Unfolding, all_atoms, renewed
from derive.model.dim import Dim
from derive.model.scalar import Apply, Constant, Limit, Scalar

if TYPE_CHECKING:
    from derive.calculus.engine import Calculus

MOST_PLACES = 12
MOST_SIGNS = 3
SMALL_ATOM = of_atom(Atom("entry", (SMALL,)))


class Limiting:
    """Takes the limits that stand in one model's expressions.

    They are tried in full normal form, then in one in which no denominator is cancelled against a
    part of itself: there x/(1 + x u) stays, and does not become (1 - 1/(1 + x u))/u.
    """

    def __init__(self, calculus: "Calculus") -> None:
        self.calculus = calculus
        self.full = calculus.algebra
        rules = tuple(rule for rule in RULES if rule is not base_cancels)
        self.plain = Algebra(calculus.signs, rules, lambda: calculus.tick())
        calculus.signs.take_positive(SMALL)

    def limit(self, node: Limit, scope: Scope) -> Poly:
        """The value of a limit. Raises NotExact."""
        lowering = self.calculus.lowering
        body = self.opened(lowering.poly(node.body, scope), node.variable)
        small = SMALL_ATOM
        infinite = is_infinite(node.target)
        if infinite:
            large = self.full.raised(small, -1).scaled(infinite)
            return self.from_above(body, node.variable, large)
        target = lowering.poly(node.target, scope)
        found = [
            self.from_above(body, node.variable, target + small.scaled(sign))
            for side, sign in (("+", 1), ("-", -1))
            if node.side in ("", side)
        ]
        if found[0] != found[-1]:
            raise NotExact("the limits from the two sides are not shown to be equal")
        return found[0]

    def opened(self, poly: Poly, variable: str) -> Poly:
        """The body with every definition opened that depends on the variable."""
        while True:
            names = {name for name in poly.symbols if self.moves(name, variable)}
            if not names:
                return poly
            if any(self.calculus.recurrence(name) is not None for name in names):
                raise NotExact("a recurrence moves with the variable of a limit")
            bodies = {name: self.calculus.body(name) for name in names}
            known = {name: body for name, body in bodies.items() if body is not None}
            poly = Unfolding(self.full, known).poly(poly)

    def moves(self, name: str, variable: str) -> bool:
        """A definition that depends on the variable."""
        body = self.calculus.body(name)
        if body is None:
            return False
        reached = [self.calculus.body(n) for n in self.calculus.reachable(body.poly)]
        polys = [body.poly, *(b.poly for b in reached if b is not None)]
        return any(variable in poly.symbols or has_dim(poly, variable) for poly in polys)

    def from_above(self, body: Poly, variable: str, value: Poly) -> Poly:
        """The limit of the body with the variable at `value`, as the small number goes to zero."""
        try:
            moved = self.substituted(body, variable, value)
            return self.entries(moved)
        except Unsettled as problem:
            is_none = isinstance(problem, Diverges)
            what = "there is no limit" if is_none else "the limit is not known"
            raise NotExact(f"{what}: {problem.reason}") from None
        except Undefined as problem:
            raise NotExact(f"the limit is not known: {problem}") from None

    def substituted(self, body: Poly, variable: str, value: Poly) -> Poly:
        """The body with the variable, a scalar or a dimension, at another value."""
        if variable not in self.calculus.model.dims:
            return Unfolding(self.full, {variable: Body((), value)}).poly(body)
        for atom in all_atoms(body):
            if any(variable in ends for ends in sizes_of(atom)):
                raise Unsettled(f"`{variable}` is the length of an axis")
        dim = Atom("const", ("dim", variable))
        return self.replaced(body, dim, value)

    def replaced(self, poly: Poly, old: Atom, new: Poly) -> Poly:
        """A polynomial with one atom replaced, wherever it stands."""
        algebra = self.full

        def change(atom: Atom) -> Poly:
            if atom == old:
                return new
            return algebra.rebuilt(atom, lambda p: p, lambda q: self.replaced(q, old, new))

        return algebra.mapped(poly, change, lambda a: a == old or old in list(inner_atoms(a)))

    def entries(self, poly: Poly) -> Poly:
        """The limit for all indices at once; entry by entry, where all sizes are fixed."""
        variables = variables_of(poly)
        if variables and all(map(is_short, variables)):
            return self.one_by_one(poly)
        try:
            return self.by_cases(poly, {})
        except Unsettled as problem:
            if isinstance(problem, Diverges) or not any(map(is_short, variables)):
                raise
            return self.one_by_one(poly)

    def by_cases(self, poly: Poly, signs: dict[Poly, int]) -> Poly:
        """The limit, by cases of up to a few signs on which it depends: zero is left out."""
        try:
            return self.by_orders(poly, signs)
        except SignNeeded as problem:
            number = problem.number
            if len(signs) >= MOST_SIGNS:
                raise
            self.calculus.exclude({number})
            cases = []
            for sign in (1, -1):
                step = Atom("func", ("step",), (), (number.scaled(sign),))
                value = self.by_cases(poly, {**signs, number: sign})
                cases.append(self.full.multiply(self.full.construct(step), value))
            return add(cases)

    def by_orders(self, poly: Poly, signs: dict[Poly, int]) -> Poly:
        """The limit in one case, in full normal form and in the plain one."""
        asymptotics = Asymptotics(self.full, self.full, signs)
        try:
            result = asymptotics.limit(poly)
        except SignNeeded:
            raise
        except Unsettled:
            asymptotics = Asymptotics(self.plain, self.full, signs)
            result = asymptotics.limit(renewed(self.plain, poly))
        self.calculus.exclude(asymptotics.nonzero)
        return result

    def one_by_one(self, poly: Poly) -> Poly:
        """The limits at the fixed places of an index, put together again."""
        algebra = self.full
        for variable in sorted(poly.free, key=lambda v: v.key):
            if is_short(variable):
                parts = []
                for where in places_of(variable):
                    entry = self.one_by_one(algebra.substitute(poly, {variable: where}))
                    here = algebra.delta(Place(((variable, Dim.of(1)),)), where)
                    parts.append(algebra.multiply(here, entry))
                return add(parts)
        return self.by_cases(Written(algebra, {}).poly(poly), {})


class Written(Unfolding):
    """Rebuilds a term with sums over short axes of fixed length written out."""

    def atom(self, atom: Atom) -> Poly:
        """The rebuilt atom."""
        if atom.kind != "sum":
            return super().atom(atom)
        variables, inside = opened(atom)
        short = next(filter(is_short, variables), None)
        if short is None:
            return super().atom(atom)
        rest = [v for v in variables if v is not short]
        terms = (
            self.algebra.substitute(of_monomial(inside), {short: where})
            for where in places_of(short)
        )
        return self.poly(self.algebra.total(rest, add(terms)))


def is_infinite(target: Scalar) -> int:
    """1 for `inf`, -1 for `-inf`, 0 for a number."""
    match target:
        case Constant("inf"):
            return 1
        case Apply("neg", (Constant("inf"),)):
            return -1
        case _:
            return 0


def has_dim(poly: Poly, name: str) -> bool:
    """The dimension stands in the term as a number, or as the length of an axis."""
    return any(
        atom.head == ("dim", name) or any(name in ends for ends in sizes_of(atom))
        for atom in all_atoms(poly)
    )


def sizes_of(atom: Atom) -> Iterator[tuple[str, ...]]:
    """The dimensions in the ranges and places of an atom."""
    for variable in (*atom.bound, *atom.free):
        yield tuple(variable.axis.low.names)
        yield tuple(variable.axis.high.names)
    for spot in atom.places:
        yield tuple(spot.offset.names)
        yield from (tuple(factor.names) for _, factor in spot.terms)


def inner_atoms(atom: Atom) -> Iterator[Atom]:
    """All atoms inside another."""
    for arg in atom.args:
        yield from all_atoms(arg)


def variables_of(poly: Poly) -> set[Var]:
    """The free and the bound variables of a term."""
    return set(poly.free) | {v for atom in all_atoms(poly) for v in atom.bound}


def is_short(variable: Var) -> bool:
    """The index runs over a few fixed places."""
    return bool(places_of(variable))


def places_of(variable: Var) -> list[Place]:
    """The fixed places of an index; none where they are many or not known."""
    low, high = variable.axis.low.constant, variable.axis.high.constant
    if low is None or high is None or high - low >= MOST_PLACES:
        return []
    return [Place((), Dim.of(k)) for k in range(low, high + 1)]
