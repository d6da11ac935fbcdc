"""Closed numbers: enclosed by balls, which is exact for an order that the balls decide."""

from collections.abc import Callable
from fractions import Fraction

import flint

from derive.calculus.term import Atom, Poly, number, of_atom
from derive.proof.order_signs import Order

PRECISIONS = (64, 256, 1024)
DIGITS = 10**6

FUNCTIONS: dict[str, Callable[["flint.arb"], "flint.arb"]] = {
    "log": flint.arb.log,
    "sin": flint.arb.sin,
    "cos": flint.arb.cos,
    "asin": flint.arb.asin,
    "atan": flint.arb.atan,
    "erf": flint.arb.erf,
}


class Open(Exception):
    """The term has something in it that is no known number."""


def by_enclosure(order: Order, poly: Poly, strictly: bool) -> bool:
    """A closed number that surely is above zero."""
    try:
        return any(enclosed(poly, precision) > 0 for precision in PRECISIONS)
    except Open:
        return False


def about_constant(atom: Atom) -> list[tuple[Poly, bool]]:
    """Rational bounds of a closed number, both strict."""
    try:
        ball = enclosed(of_atom(atom), PRECISIONS[0])
    except Open:
        return []
    if not ball.is_finite():
        return []
    below = (ball * DIGITS).floor().unique_fmpz()
    if below is None:
        return []
    low, high = Fraction(int(below), DIGITS), Fraction(int(below) + 1, DIGITS)
    if not (ball > rational(low) and ball < rational(high)):
        return []
    value = of_atom(atom)
    return [(value - number(low), True), (number(high) - value, True)]


def rational(value: Fraction) -> "flint.arb":
    """A rational number as a ball."""
    return flint.arb(flint.fmpq(value.numerator, value.denominator))


def enclosed(poly: Poly, precision: int) -> "flint.arb":
    """A ball around a closed number. Raises Open."""
    before = flint.ctx.prec
    flint.ctx.prec = precision
    try:
        return _poly(poly)
    finally:
        flint.ctx.prec = before


def _poly(poly: Poly) -> "flint.arb":
    total = flint.arb(0)
    for monomial, coefficient in poly.terms.items():
        product = rational(Fraction(coefficient))
        for atom, exponent in monomial.factors.items():
            product *= _power(_atom(atom), Fraction(exponent))
        total += product
    return total


def _power(base: "flint.arb", exponent: Fraction) -> "flint.arb":
    if exponent.denominator == 1:
        return base ** int(exponent)
    return base ** rational(exponent)


def _atom(atom: Atom) -> "flint.arb":
    match atom.kind:
        case "const" if atom.head == ("pi",):
            return flint.arb.pi()
        case "const" if atom.head[0] == "prime":
            return flint.arb(int(atom.head[1]))
        case "exp":
            return _poly(atom.args[0]).exp()
        case "pow":
            return _poly(atom.args[0])
        case "func" if atom.head[0] in FUNCTIONS:
            return FUNCTIONS[str(atom.head[0])](_poly(atom.args[0]))
        case _:
            raise Open
