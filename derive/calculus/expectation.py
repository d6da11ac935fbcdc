"""Means over random tensors, exactly: linearity, independence, moments.

The last random tensor is averaged first, given the others. In a product of sums every factor stands
at the place of an entry; entries at different places are independent. For functions f_k of entries
x[p_k] that is one formula, without cases: the mean of the product is the sum, over the partitions
of the factors into blocks, of the product of the blocks' joint cumulants, where the places of a
block are equal (a delta), since the joint cumulant of independent numbers is zero.
Source: Brillinger, Time Series, theorem 2.3.1.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from math import factorial
from typing import TYPE_CHECKING

from derive.calculus.binders import number_of
from derive.calculus.functions import exponential
from derive.calculus.lower import Scope
from derive.calculus.moments import MOMENTS, MOST, absolute_moment, normal
from derive.calculus.place import Place, Var, fresh
from derive.calculus.products import Factors, NotExact, merged, opened
from derive.calculus.ranges import spot
from derive.calculus.replacing import Replacing, entries_of
from derive.calculus.term import (
    ONE,
    Atom,
    Coefficient,
    Exponent,
    Monomial,
    Poly,
    add,
    of_atom,
    of_monomial,
)
from derive.calculus.unfolding import Unfolding
from derive.model.model import Law
from derive.model.scalar import Expectation

if TYPE_CHECKING:
    from derive.calculus.engine import Calculus

MOST_SITES = 6
MOST_SUMS = 10


@dataclass(frozen=True, slots=True)
class Function:
    """A product of powers of atoms, as a function of the one random entry `site` in it."""

    site: Atom
    factors: tuple[tuple[Atom, Exponent], ...]


class Averaging:
    """Takes the means that stand in one model's expressions."""

    def __init__(self, calculus: "Calculus") -> None:
        self.calculus = calculus
        self.algebra = calculus.algebra

    def mean(self, node: Expectation, scope: Scope) -> Poly:
        """The mean over all random tensors in the body. Raises NotExact."""
        poly = self.opened(self.calculus.lowering.poly(node.body, scope))
        for name in reversed(self.calculus.model.laws):
            if name in poly.symbols:
                poly = add(self.of_term(name, m, c) for m, c in poly.terms.items())
                poly = self.opened(poly)
        return poly

    def opened(self, poly: Poly) -> Poly:
        """The body with every definition opened that depends on a random tensor."""
        laws = self.calculus.model.laws.keys()
        while True:
            found: dict[str, frozenset[str]] = {}
            for name in poly.symbols:
                body = self.calculus.body(name)
                if body is None:
                    continue
                reached = map(self.calculus.body, self.calculus.reachable(body.poly))
                symbols = body.poly.symbols.union(*(b.poly.symbols for b in reached if b))
                if not laws.isdisjoint(symbols):
                    found[name] = symbols
            if not found:
                return poly
            if any(self.calculus.recurrence(name) is not None for name in found):
                raise NotExact("a recurrence depends on a random tensor")
            bodies = {name: self.calculus.body(name) for name in found}
            known = {name: body for name, body in bodies.items() if body is not None}
            poly = Unfolding(self.algebra, known).poly(poly)

    def of_term(self, name: str, monomial: Monomial, coefficient: Coefficient) -> Poly:
        """The mean of a product over the entries of one random tensor."""
        bound, factors = self.spread(name, monomial)
        others = {a: e for a, e in factors.items() if name not in a.symbols}
        groups: dict[Atom, list[tuple[Atom, Exponent]]] = {}
        for atom, exponent in factors.items():
            if name in atom.symbols:
                groups.setdefault(self.site(name, atom), []).append((atom, exponent))
        if len(groups) > MOST_SITES:
            raise NotExact(f"too many entries of `{name}` are multiplied")
        ordered = sorted(groups, key=lambda a: a.key)
        functions = [Function(site, tuple(groups[site])) for site in ordered]
        average = partial(self.at_one_place, name)
        parts = (
            self.algebra.product(self.cumulant(block, average) for block in blocks)
            for blocks in partitions(functions)
        )
        mean = self.algebra.multiply(of_monomial(others, coefficient), add(parts))
        return self.algebra.total(bound, mean)

    def spread(self, name: str, monomial: Monomial) -> tuple[list[Var], Factors]:
        """A product with all sums over random entries opened, and their indices."""
        bound: list[Var] = []
        result: Factors = {}
        waiting = list(monomial.factors.items())
        while waiting:
            atom, exponent = waiting.pop()
            if atom.kind != "sum" or name not in atom.symbols:
                result = merged(result, {atom: exponent})
                continue
            if exponent.denominator != 1 or exponent < 0:
                raise NotExact(f"a power or quotient of a sum over `{name}` has no exact mean here")
            for _ in range(int(exponent)):
                variables, inside = opened(atom)
                bound.extend(variables)
                waiting.extend(inside.items())
            if len(bound) > MOST_SUMS:
                raise NotExact(f"too many sums over `{name}` are multiplied")
        return bound, result

    def site(self, name: str, atom: Atom) -> Atom:
        """The one random entry in an atom."""
        found = set(entries_of(atom, name))
        site = found.pop()
        if found or not site.free <= atom.free:
            raise NotExact(f"a function of several entries of `{name}` has no exact mean here")
        return site

    def cumulant(self, block: Sequence[Function], average: "Average") -> Poly:
        """The joint cumulant of functions of entries: zero unless their places are equal."""
        algebra = self.algebra
        places = block[0].site.places
        equal = algebra.product(
            algebra.delta(p, q)
            for other in block[1:]
            for p, q in zip(places, other.site.places, strict=True)
        )
        if not equal.terms:
            return equal
        parts = []
        for blocks in partitions(block):
            sign = (-1) ** (len(blocks) - 1) * factorial(len(blocks) - 1)
            parts.append(algebra.product(average(places, b) for b in blocks).scaled(sign))
        return algebra.multiply(equal, add(parts))

    # --- one entry -------------------------------------------------------------------------------

    def at_one_place(
        self, name: str, places: tuple[Place, ...], functions: Sequence[Function]
    ) -> Poly:
        """The mean of a product of functions of the one entry at `places`."""
        law = self.calculus.model.laws[name]
        scope = dict(zip(law.indices, places, strict=True))
        lower = self.calculus.lowering.poly
        if law.kind == "categorical":
            return self.over_places(law, scope, functions)
        parameters = tuple(lower(parameter, scope) for parameter in law.parameters)
        power: Exponent = 0
        rest: list[Function] = []
        for function in functions:
            for atom, exponent in function.factors:
                if atom == function.site and exponent.denominator == 1 and exponent > 0:
                    power += exponent
                else:
                    rest.append(Function(function.site, ((atom, exponent),)))
        if power > MOST:
            raise NotExact(f"a power of `{name}` above {MOST}")
        if not rest:
            return MOMENTS[law.kind](self.algebra, parameters, int(power))
        if law.kind == "bernoulli":
            one, zero = (self.at_value(functions, number) for number in (1, 0))
            (p,) = parameters
            return add((self.algebra.multiply(p, one), self.algebra.multiply(ONE - p, zero)))
        if law.kind == "normal":
            found = self.of_normal(parameters, int(power), rest)
            if found is not None:
                return found
        raise NotExact(f"this function of `{name}` has no mean in closed form here")

    def over_places(self, law: Law, scope: Scope, functions: Sequence[Function]) -> Poly:
        """Sum_i p[i] f(i)."""
        assert law.category is not None
        variable = fresh(law.category.axis, law.category.name)
        where = spot(variable)
        chance = self.calculus.lowering.poly(law.parameters[0], {**scope, law.category: where})
        value = self.product(
            functions, Replacing(self.algebra, where, number_of(self.algebra, where))
        )
        return self.algebra.total((variable,), self.algebra.multiply(chance, value))

    def at_value(self, functions: Sequence[Function], number: int) -> Poly:
        """A product of functions at a number."""
        value = ONE.scaled(number)
        return self.product(functions, Replacing(self.algebra, None, value))

    def product(self, functions: Sequence[Function], replacing: Replacing) -> Poly:
        """A product of functions, each with its random entry replaced."""
        return self.algebra.product(
            replacing.power(function.site, atom, exponent)
            for function in functions
            for atom, exponent in function.factors
        )

    def of_normal(
        self, parameters: tuple[Poly, ...], power: int, rest: Sequence[Function]
    ) -> Poly | None:
        """E[x^n exp(t x)], and E[x^n [x > 0]], E[x^n sign(x)] for mean zero; None for the rest."""
        algebra = self.algebra
        mean, variance = parameters
        slope = self.exponents(rest)
        if slope is not None:
            tilted = add((mean, algebra.multiply(variance, slope)))
            square = algebra.multiply(variance, algebra.power(slope, 2)).scaled(Fraction(1, 2))
            factor = exponential(algebra, add((algebra.multiply(mean, slope), square)))
            return algebra.multiply(factor, normal(algebra, (tilted, variance), power))
        if mean.terms or len(rest) != 1:
            return None
        ((atom, exponent),) = rest[0].factors
        if atom.kind != "func" or exponent != 1 or atom.args[0] != of_atom(rest[0].site):
            return None
        match atom.head[0]:
            case "step":
                return absolute_moment(algebra, variance, power).scaled(Fraction(1, 2))
            case "sign":
                return absolute_moment(algebra, variance, power).scaled(power % 2)
            case "zero":
                return ONE.scaled(0)
            case _:
                return None

    def exponents(self, rest: Sequence[Function]) -> Poly | None:
        """The t of a product exp(t x); None where there are other factors."""
        total = []
        for function in rest:
            for atom, exponent in function.factors:
                if atom.kind != "exp":
                    return None
                monomial = next(iter(atom.args[0].terms))
                others = {a: e for a, e in monomial.factors.items() if a != function.site}
                linear = monomial.factors.get(function.site) == 1
                if not linear or any(function.site.symbols & a.symbols for a in others):
                    return None
                total.append(of_monomial(others, exponent))
        return add(total)


Average = Callable[[tuple[Place, ...], Sequence[Function]], Poly]


def partitions(items: Sequence[Function]) -> Iterator[list[list[Function]]]:
    """All ways to part the items into blocks; one without blocks where there are none."""
    if not items:
        yield []
        return
    first, rest = items[0], items[1:]
    for blocks in partitions(rest):
        yield [[first], *blocks]
        for k, block in enumerate(blocks):
            yield [*blocks[:k], [first, *block], *blocks[k + 1 :]]
