"""Closed numbers: enclosed by balls, which is exact for an order that the balls decide."""

from fractions import Fraction

from derive.calculus.enclosure import PRECISIONS, Open, enclosed, rational, surely_positive
from derive.calculus.term import Atom, Poly, number, of_atom
from derive.proof.order_signs import Order

DIGITS = 10**6


def by_enclosure(order: Order, poly: Poly, strictly: bool) -> bool:
    """A closed number that surely is above zero."""
    try:
        return surely_positive(poly)
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
