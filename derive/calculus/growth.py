"""How fast products grow as a small positive number goes to zero, and what stays of them.

A product is a *scale*, made of powers of the small number `limit.small`, of its logarithm and of
exponentials, times settled factors: those of which only a finite limit is known. Exponentials
outgrow powers, powers outgrow logarithms; between exponentials their exponents decide, and there
the sign of a coefficient may be needed.
"""

from dataclasses import dataclass
from fractions import Fraction

from derive.calculus.algebra import Algebra
from derive.calculus.enclosure import Open, surely_positive
from derive.calculus.place import Place, Var, place
from derive.calculus.powers import is_positive
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
)
from derive.calculus.unfolding import all_atoms, renewed
from derive.model.dim import Dim

SMALL = "limit.small"
SETTLED = "limit.settled"


class Unsettled(Exception):
    """No exact argument gives this limit; `reason` is for the reader."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Diverges(Unsettled):
    """The limit is surely not a number."""


class SignNeeded(Unsettled):
    """The limit depends on the sign of `number`, which is not known."""

    def __init__(self, number: Poly) -> None:
        super().__init__("it depends on a sign that is not known")
        self.number = number


@dataclass(frozen=True, slots=True)
class Leading:
    """`scale` times (`value` + what vanishes); `value` is not zero, `scale` is positive."""

    scale: Poly
    value: Poly


class Growth:
    """What is known while the entry `limit.small` goes to zero from above.

    What moves is in the normal form of `algebra`, what does not in that of `full`. `signs` are
    those of the case that is considered; `nonzero` collects what must not be zero for the answers
    to hold.
    """

    def __init__(
        self, algebra: Algebra, full: Algebra, signs: dict[Poly, int] | None = None
    ) -> None:
        self.algebra = algebra
        self.full = full
        self.signs = dict(signs or {})
        self.small = Atom("entry", (SMALL,))
        self.depth = 0
        self.nonzero: set[Poly] = set()
        self.settled: dict[str, tuple[tuple[Var, ...], Poly]] = {}

    def value(self, poly: Poly) -> Poly:
        """The limit of a sum of scales times settled factors."""
        parts = []
        for monomial, coefficient in poly.terms.items():
            scale, rest = self.split(monomial)
            value = self.settle(rest).scaled(coefficient)
            tie = self.tie(scale)
            if tie is not None:
                parts.append(self.algebra.multiply(tie, value))
                continue
            rate = self.rate(scale)
            if rate > 0:
                raise Unsettled("terms that diverge do not cancel in an order that is known")
            if rate == 0:
                parts.append(value)
        return self.still(add(parts))

    def still(self, poly: Poly) -> Poly:
        """What does not move, in full normal form."""
        return renewed(self.full, poly)

    def split(self, monomial: Monomial) -> tuple[Poly, Monomial]:
        """What moves without a limit of its own, and the rest."""
        moving: dict[Atom, Exponent] = {}
        rest: dict[Atom, Exponent] = {}
        for atom, exponent in monomial.factors.items():
            free = SMALL in atom.symbols and atom.kind != "sum"
            (moving if free else rest)[atom] = exponent
        return of_monomial(moving), Monomial(rest)

    def settle(self, monomial: Monomial) -> Poly:
        """The limit of a product of settled factors, of sums of such, and of what does not move."""
        result = ONE
        for atom, exponent in monomial.factors.items():
            result = self.algebra.multiply(result, self.raised(self.settle_atom(atom), exponent))
        return result

    def settle_atom(self, atom: Atom) -> Poly:
        """The limit of one such factor."""
        name = str(atom.head[0]) if atom.kind == "entry" else ""
        if name in self.settled:
            variables, value = self.settled[name]
            return self.algebra.substitute(value, dict(zip(variables, atom.places, strict=True)))
        if atom.kind == "sum" and any(s.startswith("limit.") for s in atom.symbols):
            variables, inside = opened(atom)
            return self.algebra.total(variables, self.value(of_monomial(inside)))
        return of_atom(atom)

    def raised(self, value: Poly, exponent: Exponent) -> Poly:
        """A limit to a power: it must not be zero for one that is negative."""
        if exponent < 0:
            self.require(value)
        return self.algebra.raised(value, exponent)

    def require(self, value: Poly) -> None:
        """Notes that a limit must not be zero. Raises Unsettled where it is."""
        if not value.terms:
            raise Unsettled("a divisor tends to zero")
        if self.sign(value) is None:
            self.nonzero.add(value)

    def rate(self, scale: Poly) -> int:
        """1 where a product of scales diverges, 0 where it is one, -1 where it vanishes."""
        single = scale.single
        assert single is not None
        exponent, power, logs = ZERO, Fraction(0), Fraction(0)
        for atom, e in single[0].factors.items():
            if atom == self.small:
                power = Fraction(e)
            elif atom.kind == "exp":
                exponent = exponent + atom.args[0].scaled(e)
            elif atom.head[:1] == ("log",) and atom.args[0] == of_atom(self.small):
                logs = Fraction(e)
            else:
                raise Unsettled("a part oscillates or has no limit")
        if exponent.terms:
            return self.tends(exponent)
        if power:
            return -1 if power > 0 else 1
        return (logs > 0) - (logs < 0)

    def tends(self, poly: Poly) -> int:
        """The sign of a divergent sum of powers and logarithms of the small number."""
        leading = self.largest(poly)
        factors = next(iter(leading.scale.terms)).factors
        slow = factors.get(self.small, 0) >= 0 and not any(a.kind == "exp" for a in factors)
        if slow or self.rate(leading.scale) <= 0:
            raise Unsettled("an exponent grows more slowly than any power")
        logs = sum(int(e) for a, e in factors.items() if a.head[:1] == ("log",))
        sign = self.needed_sign(leading.value)
        return -sign if logs % 2 else sign  # log u is negative

    def needed_sign(self, poly: Poly) -> int:
        """The sign of a term. Raises SignNeeded."""
        sign = self.sign(poly)
        if sign is not None:
            return sign
        single = poly.single
        unknown = [a for a in single[0].factors if self.sign_of_atom(a) is None] if single else []
        raise SignNeeded(of_atom(unknown[0]) if unknown else poly)

    def quotient(self, above: Poly, below: Poly) -> Poly:
        """One scale over another."""
        return self.algebra.multiply(above, self.algebra.raised(below, -1))

    def sign(self, poly: Poly) -> int | None:
        """The sign of a term that does not move; None where it is not known."""
        for sign in (1, -1):
            if poly.scaled(sign) in self.signs:
                return sign * self.signs[poly.scaled(sign)]
            if is_positive(self.algebra, poly.scaled(sign)):
                return sign
        try:
            for sign in (1, -1):
                if surely_positive(poly.scaled(sign)):
                    return sign
        except Open:
            pass
        single = poly.single
        if single is None:
            return None
        sign = 1 if single[1] > 0 else -1
        for atom, exponent in single[0].factors.items():
            one = self.sign_of_atom(atom)
            if one is None or exponent.denominator != 1:
                return None
            sign *= one ** (int(exponent) % 2)
        return sign

    def sign_of_atom(self, atom: Atom) -> int | None:
        """The sign of a factor that does not move; None where it is not known."""
        if atom.head[:1] == ("log",):
            return self.sign(atom.args[0] - ONE)
        for sign in (1, -1):
            if of_atom(atom).scaled(sign) in self.signs:
                return sign * self.signs[of_atom(atom).scaled(sign)]
            if is_positive(self.algebra, of_atom(atom).scaled(sign)):
                return sign
        return None

    def largest(self, poly: Poly) -> Leading:
        """The largest scale, and the limit of what it is multiplied by, which is not zero."""
        best: Poly | None = None
        total = ZERO
        for monomial, coefficient in poly.terms.items():
            scale, rest = self.split(monomial)
            value = self.settle(rest).scaled(coefficient)
            order = 1 if best is None else self.rate(self.quotient(scale, best))
            if order > 0:
                best, total = scale, value
            elif order == 0:
                total = self.still(total + value)
        if best is None or not total.terms:
            raise Unsettled("the largest terms cancel")
        return Leading(best, total)

    def growth(self, scale: Poly) -> Leading | None:
        """S and c, where a scale is exp(c S) with S -> inf; None where it is not."""
        single = scale.single
        assert single is not None
        if not single[0].factors or any(a.kind != "exp" for a in single[0].factors):
            return None
        exponent = add(a.args[0].scaled(e) for a, e in single[0].factors.items())
        leading = self.largest(exponent)
        whole = self.algebra.multiply(leading.scale, leading.value) == exponent
        return leading if whole and self.rate(leading.scale) > 0 else None

    def tie(self, scale: Poly) -> Poly | None:
        """[c_i = max c], the limit of exp((c_i - max c) S) for S -> inf; None for another scale."""
        growth = self.growth(scale)
        if growth is None:
            return None
        gap, algebra = growth.value, self.algebra
        spots = {p for a in all_atoms(gap) for p in a.places}
        computed = [p.computed.atom for p in spots if p.computed is not None]
        for argmax in [a for a in computed if a is not None and a.kind == "argmax"]:
            (variable,), (body,) = argmax.bound, argmax.args
            largest = algebra.substitute(body, {variable: Place((), Dim(()), of_atom(argmax))})
            for spot in spots:
                if gap == algebra.substitute(body, {variable: spot}) - largest:
                    return algebra.construct(Atom("func", ("zero",), (), (gap,)))
        return None

    def settled_factor(self, value: Poly) -> Poly:
        """A factor of which only its limit is known."""
        variables = tuple(sorted(value.free, key=lambda v: v.key))
        name = f"{SETTLED}.{len(self.settled)}"
        self.settled[name] = (variables, value)
        return of_atom(Atom("entry", (name,), tuple(map(place, variables))))
