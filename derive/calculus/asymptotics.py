"""What a term tends to as a small positive number goes to zero.

Every part that moves is replaced by what it exactly is: a scale (powers of the small number, of
its logarithm, exponentials of divergent terms) times a *settled* factor that is only known to have
a finite limit. Scales multiply and cancel in normal form; then each term vanishes, stays, or
diverges.
Where terms of a sum cancel, derivatives by the small number tell: q(u)/u^k tends to the kth
derivative of q at 0 over k! where the lower ones vanish (L'Hopital's rule, k times).

Design. Exact or silent: an order of growth that depends on a sign which is not known is refused
with that sign as the reason. What must not be zero is collected, and the verdict names it.
"""

from fractions import Fraction
from math import factorial

from derive.calculus.canonical import rename_poly
from derive.calculus.functions import exponential, logarithm
from derive.calculus.growth import SETTLED, SMALL, Diverges, Growth, Leading, SignNeeded, Unsettled
from derive.calculus.partials import Differentiation, NotDifferentiable
from derive.calculus.place import fresh
from derive.calculus.products import opened
from derive.calculus.term import (
    ONE,
    ZERO,
    Atom,
    Exponent,
    Monomial,
    Poly,
    add,
    of_atom,
    of_monomial,
    tidy,
)

MOST_ORDERS = 6
MOST_NESTED = 2
QUARTER_TURN = of_atom(Atom("const", ("pi",))).scaled(Fraction(1, 2))
CONTINUOUS = frozenset({"sin", "cos", "atan", "erf", "asin", "lgamma", "digamma", "trigamma"})
"""Continuous wherever they are defined; `log` and the indicators have rules of their own."""


class Asymptotics(Growth):
    """Limits as the entry `limit.small` goes to zero from above."""

    def limit(self, poly: Poly) -> Poly:
        """What the term tends to. Raises Unsettled."""
        if SMALL not in poly.symbols:
            return poly
        try:
            return self.value(self.exact(poly))
        except SignNeeded:
            raise
        except Unsettled as problem:
            first = problem
        try:
            leading = self.by_derivatives(poly)
        except Unsettled:
            raise first from None
        rate = self.rate(leading.scale)
        if rate > 0:
            raise Diverges("it grows beyond all bounds")
        return ZERO if rate < 0 else leading.value

    def finite(self, poly: Poly) -> Poly:
        """What a part tends to; that it diverges says nothing of the whole. Raises Unsettled."""
        try:
            return self.limit(poly)
        except Diverges:
            raise Unsettled("a function of something that grows beyond all bounds") from None

    def leading(self, poly: Poly) -> Leading:
        """The part of a sum that outgrows the rest. Raises Unsettled."""
        try:
            return self.dominant(self.exact(poly))
        except Unsettled as problem:
            if isinstance(problem, Diverges | SignNeeded):
                raise
            first = problem
        try:
            return self.by_derivatives(poly)
        except Unsettled:
            raise first from None

    def dominant(self, poly: Poly) -> Leading:
        """The largest scale among the terms, with what it is multiplied by."""
        leading = self.largest(poly)
        single = leading.scale.single
        assert single is not None
        if any(atom.head[:1] == ("log",) for atom in single[0].factors):
            raise Unsettled("a logarithm that diverges has no power series")
        return leading

    def by_derivatives(self, poly: Poly) -> Leading:
        """The first derivative at zero of u^m `poly` that is not zero, m large enough."""
        algebra = self.algebra
        exponents = [Fraction(m.factors.get(self.small, 0)) for m in poly.terms]
        least = min(exponents, default=Fraction(0))
        least = least if least < 0 or least.denominator > 1 else Fraction(0)
        if any((e - least).denominator > 1 for e in exponents):
            raise Unsettled("broken powers of what goes to zero")
        current = algebra.multiply(poly, of_atom(self.small, -least)) if least else poly
        for order in range(MOST_ORDERS + 1):
            value = self.nested(current)
            if value.terms:
                power = tidy(order + least)
                scale = of_atom(self.small, power) if power else ONE
                return Leading(scale, value.scaled(Fraction(1, factorial(order))))
            try:
                current = Differentiation(algebra, SMALL, ()).poly(current)
            except NotDifferentiable as problem:
                raise Unsettled(problem.reason) from None
            if not current.terms:
                break
        raise Unsettled("all derivatives vanish that were tried")

    def nested(self, poly: Poly) -> Poly:
        """The limit of a derivative, for which derivatives may have to tell, too."""
        if self.depth >= MOST_NESTED:
            return self.value(self.exact(poly))
        self.depth += 1
        try:
            return self.limit(poly)
        finally:
            self.depth -= 1

    def exact(self, poly: Poly) -> Poly:
        """The same term with every moving part as a scale times a settled factor."""
        return add(self.exact_product(m).scaled(c) for m, c in poly.terms.items())

    def exact_product(self, monomial: Monomial) -> Poly:
        """A product, its moving exponentials taken together."""
        exponent, parts = ZERO, []
        for atom, e in monomial.factors.items():
            if atom.kind == "exp" and SMALL in atom.symbols:
                exponent = exponent + atom.args[0].scaled(e)
            elif atom.head == ("ipow",) and SMALL in atom.symbols:
                exponent = exponent + self.exponent_of(atom).scaled(e)
            else:
                parts.append(self.part(atom, e))
        if exponent.terms:
            parts.append(self.exponential(exponent))
        return self.algebra.product(parts)

    def part(self, atom: Atom, exponent: Exponent) -> Poly:
        """A factor to a power."""
        if atom == self.small or SMALL not in atom.symbols:
            return of_atom(atom, exponent)
        algebra = self.algebra
        match atom.kind:
            case "pow":
                leading = self.leading(atom.args[0])
                value = self.settled_factor(self.raised(leading.value, exponent))
                return algebra.multiply(algebra.raised(leading.scale, exponent), value)
            case "sum" if exponent.denominator == 1 and exponent > 0:
                return algebra.power(self.sum(atom), int(exponent))
            case "sum":
                return self.part(Atom("pow", (), (), (of_atom(atom),)), exponent)
            case "func" if atom.head == ("log",) and exponent == 1:
                leading = self.leading(atom.args[0])
                rest = self.settled_factor(logarithm(algebra, leading.value))
                return logarithm(algebra, leading.scale) + rest
            case "func" if atom.head[0] in ("atan", "erf") and exponent == 1:
                return self.saturating(atom)
            case "func" if atom.head[0] in ("step", "zero", "sign"):
                leading = self.leading(atom.args[0])
                self.require(leading.value)
                made = algebra.construct(Atom("func", atom.head, (), (leading.value,)))
                return algebra.raised(ZERO if atom.head == ("zero",) else made, exponent)
            case _:
                return self.settled_factor(self.raised(self.inside(atom), exponent))

    def exponent_of(self, atom: Atom) -> Poly:
        """The b log(a) of a power a^b, where a is positive in the end."""
        base, power = atom.args
        if self.needed_sign(self.leading(base).value) < 0:
            raise Unsettled("a power of a negative number")
        return self.algebra.multiply(power, logarithm(self.algebra, base))

    def sum(self, atom: Atom) -> Poly:
        """A sum; one of exp(c_j S) with S -> inf is exp(S max c) times a count of ties."""
        algebra = self.algebra
        variables, inside = opened(atom)
        exact = self.exact(of_monomial(inside))
        single = exact.single
        if single is None or len(variables) != 1:
            return algebra.total(variables, exact)
        scale, rest = self.split(single[0])
        growth = self.growth(scale)
        if growth is None or variables[0] not in growth.value.free:
            return algebra.total(variables, exact)
        largest = algebra.rebuilt(
            Atom("max", (), (), (growth.value, ONE), variables), lambda p: p, lambda a: a
        )
        tie = algebra.construct(Atom("func", ("zero",), (), (growth.value - largest,)))
        factor = self.settle(rest).scaled(single[1])
        count = algebra.total(variables, algebra.multiply(tie, factor))
        if self.sign(factor) == 1:
            self.signs[count] = 1  # the largest is attained somewhere
        outer = exponential(algebra, algebra.multiply(growth.scale, largest))
        return algebra.multiply(outer, self.settled_factor(count))

    def exponential(self, poly: Poly) -> Poly:
        """Exp of what diverges, times exp of the rest."""
        whole: list[Poly] = []
        settled: list[Poly] = []
        for monomial, coefficient in self.exact(poly).terms.items():
            term = Poly({monomial: coefficient})
            scale, _ = self.split(monomial)
            is_settled = any(s.startswith(SETTLED) for s in term.symbols)
            if self.rate(scale) > 0:
                if is_settled:
                    return self.settled_factor(exponential(self.algebra, self.finite(poly)))
                whole.append(term)
            else:
                (settled if is_settled or SMALL in term.symbols else whole).append(term)
        result = exponential(self.algebra, add(whole))
        if settled:
            value = exponential(self.algebra, self.value(add(settled)))
            result = self.algebra.multiply(result, self.settled_factor(value))
        return result

    def saturating(self, atom: Atom) -> Poly:
        """Where a is large: erf(a) = 1 - exp(-a^2) r, atan(a) = pi/2 - s/a with r -> 0, s -> 1.

        Source: DLMF 7.12.1 and 4.24.4. Both are odd.
        """
        argument, algebra = atom.args[0], self.algebra
        leading = self.leading(argument)
        if self.rate(leading.scale) <= 0:
            return self.settled_factor(self.inside(atom))
        sign = self.needed_sign(leading.value)
        if atom.head == ("atan",):
            inverse = self.part(Atom("pow", (), (), (argument,)), -1)
            return QUARTER_TURN.scaled(sign) - algebra.multiply(inverse, self.settled_factor(ONE))
        tail = self.exponential(-algebra.power(argument, 2))
        return (ONE - algebra.multiply(tail, self.settled_factor(ZERO))).scaled(sign)

    def inside(self, atom: Atom) -> Poly:
        """The limit of an atom that is continuous in its arguments."""
        name = str(atom.head[0]) if atom.head else ""
        smooth = atom.kind == "func" and name in CONTINUOUS
        if not smooth and atom.kind not in ("prod", "matrix", "unknown"):
            raise Unsettled("a part that jumps where the limit is taken")
        if any(p.computed is not None and SMALL in p.computed.symbols for p in atom.places):
            raise Unsettled("a part that jumps where the limit is taken")
        bound = tuple(fresh(v.axis) for v in atom.bound)
        names = dict(zip(atom.bound, bound, strict=True))
        args = tuple(self.finite(rename_poly(a, names)) for a in atom.args)
        if atom.kind == "matrix" and atom.head[0] in ("inv", "logdet"):
            det = Atom("matrix", ("det", *atom.head[1:]), (), args, bound)
            self.require(self.algebra.rebuilt(det, lambda p: p, lambda a: a))
        return self.algebra.construct(Atom(atom.kind, atom.head, atom.places, args, bound))
