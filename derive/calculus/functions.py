"""Functions of expressions in normal form: exponentials, logarithms, indicators, angles.

Exponentials are products of `exp(monomial)` to rational powers, so that `exp(a) exp(-a)` is 1 and
the hyperbolic and logistic functions are rational in them. `log` opens products where signs are
known. `[a > 0]` and `[a = 0]` have an oriented argument: `[-a > 0] = 1 - [a > 0] - [a = 0]`.
"""

from collections.abc import Callable
from fractions import Fraction

from derive.calculus.algebra import Algebra, constructs
from derive.calculus.angles import cosine, odd, sine
from derive.calculus.canonical import rename_poly
from derive.calculus.masks import INFINITE, masked
from derive.calculus.place import fresh
from derive.calculus.powers import (
    Undefined,
    absolute,
    content,
    is_nonnegative,
    is_positive,
    leading_sign,
    prime_factors,
)
from derive.calculus.products import Factors, opened, without
from derive.calculus.term import (
    ONE,
    ZERO,
    Atom,
    Exponent,
    Poly,
    add,
    number,
    of_atom,
    of_monomial,
)


def exponential(algebra: Algebra, poly: Poly) -> Poly:
    """Exp of a sum is a product; exp(c log(a)) = a^c, where a is positive as log needs.

    Of what is minus infinity under a condition, as in a mask, it is one where that does not hold.
    """
    factors: Factors = {}
    result = ONE
    infinite = {m: c for m, c in poly.terms.items() if INFINITE in m.factors}
    if infinite:
        result = masked(algebra, Poly(infinite))
        poly = poly - Poly(infinite)
    for monomial, coefficient in poly.terms.items():
        inner = Poly({monomial: 1})
        log = inner.atom
        if log is not None and log.head == ("log",):
            result = algebra.multiply(result, algebra.raised(log.args[0], coefficient))
        elif log is not None and (product := _product_of_logs(algebra, log)) is not None:
            result = algebra.multiply(result, algebra.raised(product, coefficient))
        else:
            factors[Atom("exp", (), (), (inner,))] = coefficient
    return algebra.multiply(result, of_monomial(factors))


def _product_of_logs(algebra: Algebra, total: Atom) -> Poly | None:
    """Exp of sum_i log(a_i) is prod_i a_i."""
    if total.kind != "sum" or len(total.bound) != 1:
        return None
    (variable,), inside = opened(total)
    log = of_monomial(inside).atom
    if log is None or log.head != ("log",):
        return None
    return algebra.construct(Atom("prod", (), (), log.args, (variable,)))


@constructs("exp")
def _exp(algebra: Algebra, atom: Atom, exponent: Exponent) -> Poly:
    return exponential(algebra, atom.args[0].scaled(exponent))


def logarithm(algebra: Algebra, poly: Poly) -> Poly:
    """Log of a product is a sum over the factors that are surely positive, and the rest.

    log(a^k) = k log(a) for odd k: both sides are defined only where a is positive; k log(|a|) for
    even k.
    """
    if not poly.terms:
        raise Undefined("log of zero")
    common, rest = content(algebra, poly)
    single = common.single
    assert single is not None
    monomial, coefficient = single
    parts: list[Poly] = []
    open_factors: Factors = {}
    for atom, e in monomial.factors.items():
        if atom.kind == "exp":
            parts.append(atom.args[0].scaled(e))
        elif atom.kind == "prod" and is_positive(algebra, atom.args[0]):
            variable = fresh(atom.bound[0].axis)
            body = rename_poly(atom.args[0], {atom.bound[0]: variable})
            parts.append(algebra.total((variable,), logarithm(algebra, body)).scaled(e))
        elif atom.kind == "const" and atom.head[0] == "prime":
            parts.append(of_atom(_log_atom(number(int(atom.head[1])))).scaled(e))
        elif algebra.knowledge.is_positive(atom):
            base = atom.args[0] if atom.kind == "pow" else of_atom(atom)
            parts.append(of_atom(_log_atom(base)).scaled(e))
        else:
            open_factors[atom] = e
    if rest.constant is not None and rest.constant < 0:
        return _with_logs(parts, coefficient, of_atom(_log_atom(of_monomial(open_factors, -1))))
    if rest.constant is not None:
        if not open_factors:
            return _with_logs(parts, coefficient, ZERO)
        if len(open_factors) == 1:
            ((atom, e),) = open_factors.items()
            size = (
                of_atom(atom) if e.denominator != 1 or e % 2 else absolute(algebra, of_atom(atom))
            )
            return _with_logs(parts, coefficient, of_atom(_log_atom(size)).scaled(e))
    if open_factors:
        if is_positive(algebra, rest) and len(open_factors) == 1:
            ((atom, e),) = open_factors.items()
            if e.denominator != 1 or e % 2 == 1:
                parts.append(of_atom(_log_atom(of_atom(atom))).scaled(e))
                return _with_logs(parts, coefficient, of_atom(_log_atom(rest)))
        rest = algebra.multiply(rest, of_monomial(open_factors))
    return _with_logs(parts, coefficient, of_atom(_log_atom(rest)))


def _log_atom(poly: Poly) -> Atom:
    return Atom("func", ("log",), (), (poly,))


def _with_logs(parts: list[Poly], coefficient: int | Fraction, last: Poly) -> Poly:
    """The sum of logarithms, that of a positive rational number by its primes."""
    fraction = Fraction(coefficient)
    for value, sign in ((fraction.numerator, 1), (fraction.denominator, -1)):
        for prime, multiplicity in prime_factors(value).items():
            parts.append(of_atom(_log_atom(number(prime))).scaled(sign * multiplicity))
    return add((*parts, last))


Construction = Callable[[Algebra, Poly], Poly]


def _by_cases(function: Construction) -> Construction:
    """A function of which the argument has indicators: f(s a + b) = s f(a + b) + (1 - s) f(b).

    Of one that is defined everywhere. So [relu(a) > 0] is [a > 0].
    """

    def construct(algebra: Algebra, poly: Poly) -> Poly:
        indicator = next(filter(is_indicator, poly.atoms()), None)
        if indicator is None:
            return function(algebra, poly)
        inside = {m: c for m, c in poly.terms.items() if indicator in m.factors}
        rest = Poly({m: c for m, c in poly.terms.items() if m not in inside})
        holds = add(
            (rest, *(of_monomial(without(m.factors, indicator), c) for m, c in inside.items()))
        )
        there = of_atom(indicator)
        return add(
            (
                algebra.multiply(there, construct(algebra, holds)),
                algebra.multiply(ONE - there, construct(algebra, rest)),
            )
        )

    return construct


def is_indicator(atom: Atom) -> bool:
    """One where a condition on numbers holds, else zero."""
    return atom.kind == "func" and atom.head[0] in ("step", "zero")


@_by_cases
def _step(algebra: Algebra, poly: Poly) -> Poly:
    """[a > 0]."""
    poly = _positive_part_removed(algebra, poly)
    if not poly.terms or is_nonnegative(algebra, -poly):
        return ZERO
    if is_positive(algebra, poly):
        return ONE
    if leading_sign(poly) < 0:
        other = -poly
        return add((ONE, -_step_atom(other), -_zero(algebra, other)))
    return _step_atom(poly)


def _step_atom(poly: Poly) -> Poly:
    return of_atom(Atom("func", ("step",), (), (poly,)))


@_by_cases
def _zero(algebra: Algebra, poly: Poly) -> Poly:
    """[a = 0]."""
    poly = _positive_part_removed(algebra, poly)
    if not poly.terms:
        return ONE
    if is_positive(algebra, poly) or is_positive(algebra, -poly):
        return ZERO
    if leading_sign(poly) < 0:
        poly = -poly
    known = algebra.knowledge.zeros(poly)
    if known is not None:
        return known
    return of_atom(Atom("func", ("zero",), (), (poly,)))


@_by_cases
def _sign(algebra: Algebra, poly: Poly) -> Poly:
    """-1, 0 or 1."""
    poly = _positive_part_removed(algebra, poly)
    if not poly.terms:
        return ZERO
    if is_positive(algebra, poly):
        return ONE
    if is_positive(algebra, -poly):
        return -ONE
    if leading_sign(poly) < 0:
        return -of_atom(Atom("func", ("sign",), (), (-poly,)))
    return of_atom(Atom("func", ("sign",), (), (poly,)))


def _positive_part_removed(algebra: Algebra, poly: Poly) -> Poly:
    """The argument of a sign without positive factors; an odd power of one atom is that atom."""
    if not poly.terms:
        return poly
    common, rest = content(algebra, poly)
    single = common.single
    assert single is not None
    kept = {a: e for a, e in single[0].factors.items() if not algebra.knowledge.is_positive(a)}
    if len(kept) == 1 and rest.constant is not None:
        ((atom, e),) = kept.items()
        if e.denominator == 1 and e % 2 == 1:
            kept = {atom: 1}
    return algebra.multiply(rest, of_monomial(kept)) if kept else rest


def _plain(name: str) -> Callable[[Algebra, Poly], Poly]:
    def construct(algebra: Algebra, poly: Poly) -> Poly:
        return of_atom(Atom("func", (name,), (), (poly,)))

    return construct


FUNCTIONS: dict[str, Callable[[Algebra, Poly], Poly]] = {
    "log": logarithm,
    "step": _step,
    "zero": _zero,
    "sign": _sign,
    "sin": sine,
    "cos": cosine,
    "asin": odd("asin"),
    "atan": odd("atan"),
    "erf": odd("erf"),
    "lgamma": _plain("lgamma"),
    "digamma": _plain("digamma"),
    "trigamma": _plain("trigamma"),
}
"""The functions that are atoms of their own; all others are written in them (`calculus.lower`)."""


@constructs("func")
def _func(algebra: Algebra, atom: Atom, exponent: Exponent) -> Poly:
    if atom.head[0] == "ipow":
        return algebra.raised(symbolic_power(algebra, *atom.args), exponent)
    made = FUNCTIONS[str(atom.head[0])](algebra, atom.args[0])
    return algebra.raised(made, exponent)


def larger(algebra: Algebra, a: Poly, b: Poly) -> Poly:
    """max(a, b) = b + (a - b) [a > b]."""
    step = algebra.construct(Atom("func", ("step",), (), (a - b,)))
    return add((b, algebra.multiply(a - b, step)))


def hyperbolic_tangent(algebra: Algebra, poly: Poly) -> Poly:
    """tanh(a) = 1 - 2 / (exp(2a) + 1)."""
    square = exponential(algebra, poly.scaled(2))
    return add((ONE, algebra.raised(add((square, ONE)), -1).scaled(-2)))


def half_sum(algebra: Algebra, poly: Poly, sign: int) -> Poly:
    """Cosh (sign 1) and sinh (sign -1)."""
    plus = exponential(algebra, poly)
    minus = exponential(algebra, -poly)
    return add((plus, minus.scaled(sign))).scaled(Fraction(1, 2))


def symbolic_power(algebra: Algebra, base: Poly, exponent: Poly) -> Poly:
    """a^b: exact where b is a rational number, else exp(b log(a)) for positive a.

    A base whose sign is open has a symbolic power `ipow(a, b)` of its own. Where such powers are
    defined for a negative base, their exponents are whole: a^(b+c) = a^b a^c, but (a b)^c is taken
    apart only for a whole c, and (a^b)^c never.
    """
    constant = exponent.constant
    if constant is not None:
        return algebra.raised(base, constant)
    if base.constant == 1:
        return ONE
    if is_positive(algebra, base):
        return exponential(algebra, algebra.multiply(exponent, logarithm(algebra, base)))
    common, rest = content(algebra, base)
    if is_positive(algebra, common) and is_positive(algebra, rest):
        return exponential(algebra, algebra.multiply(exponent, logarithm(algebra, base)))
    if not is_whole(exponent):
        return _opaque_power(algebra, base, exponent)
    single = common.single
    assert single is not None
    result = symbolic_power(algebra, number(single[1]), exponent)
    parts = [(of_atom(a), e) for a, e in single[0].factors.items()]
    for part, e in (*parts, (rest, 1)):
        scaled = exponent.scaled(e)
        if part.constant == 1:
            continue
        if is_positive(algebra, part):
            value = exponential(algebra, algebra.multiply(scaled, logarithm(algebra, part)))
            result = algebra.multiply(result, value)
            continue
        result = algebra.multiply(result, _opaque_power(algebra, part, scaled))
    return result


def _opaque_power(algebra: Algebra, base: Poly, exponent: Poly) -> Poly:
    """A product of `ipow(a, m)`, one for each term of the exponent."""
    result = ONE
    for monomial, coefficient in exponent.terms.items():
        if not monomial.factors:
            result = algebra.multiply(result, algebra.raised(base, coefficient))
            continue
        whole = coefficient.denominator == 1
        inner = Poly({monomial: 1 if whole else coefficient})
        power = of_atom(Atom("func", ("ipow",), (), (base, inner)), coefficient if whole else 1)
        result = algebra.multiply(result, power)
    return result


def is_whole(poly: Poly) -> bool:
    """A polynomial in dimensions and indices with whole coefficients: an integer."""
    return all(
        c.denominator == 1
        and all(
            e.denominator == 1 and e > 0 and (a.kind == "index" or a.head[:1] == ("dim",))
            for a, e in m.factors.items()
        )
        for m, c in poly.terms.items()
    )
