"""Closed numbers: enclosed by balls, which is exact for an order that the balls decide."""

from collections.abc import Callable
from fractions import Fraction

import flint

from derive.calculus.term import Atom, Poly

PRECISIONS = (64, 256, 1024)

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


def surely_positive(poly: Poly) -> bool:
    """A closed number that surely is above zero. Raises Open."""
    return any(enclosed(poly, precision) > 0 for precision in PRECISIONS)


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
