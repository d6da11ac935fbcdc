"""Sine and cosine: sums of angles are expanded; odd functions have an oriented argument."""

from collections.abc import Callable
from fractions import Fraction

from derive.calculus.algebra import Algebra
from derive.calculus.powers import leading_sign, number_power
from derive.calculus.term import UNIT, ZERO, Atom, Monomial, Poly, add, of_atom


def odd(name: str) -> Callable[[Algebra, Poly], Poly]:
    """f(-a) = -f(a), f(0) = 0."""

    def construct(algebra: Algebra, poly: Poly) -> Poly:
        if not poly.terms:
            return ZERO
        if leading_sign(poly) < 0:
            return -of_atom(Atom("func", (name,), (), (-poly,)))
        return of_atom(Atom("func", (name,), (), (poly,)))

    return construct


def sine(algebra: Algebra, poly: Poly) -> Poly:
    """Angle sums are expanded: sin(a + b) = sin a cos b + cos a sin b."""
    exact = _sine_of_turn(_part_of_pi(poly))
    if exact is not None:
        return exact
    parts = _split_angle(poly)
    if parts is None:
        return odd("sin")(algebra, poly)
    a, b = parts
    return add(
        (
            algebra.multiply(sine(algebra, a), cosine(algebra, b)),
            algebra.multiply(cosine(algebra, a), sine(algebra, b)),
        )
    )


def cosine(algebra: Algebra, poly: Poly) -> Poly:
    """cos(a + b) = cos a cos b - sin a sin b; cos(-a) = cos(a)."""
    part = _part_of_pi(poly)
    exact = None if part is None else _sine_of_turn(part + Fraction(1, 2))
    if exact is not None:
        return exact
    parts = _split_angle(poly)
    if parts is None:
        if leading_sign(poly) < 0:
            poly = -poly
        return of_atom(Atom("func", ("cos",), (), (poly,)))
    a, b = parts
    return add(
        (
            algebra.multiply(cosine(algebra, a), cosine(algebra, b)),
            -algebra.multiply(sine(algebra, a), sine(algebra, b)),
        )
    )


def _part_of_pi(poly: Poly) -> Fraction | None:
    """The rational number of which this is the multiple by pi."""
    if not poly.terms:
        return Fraction(0)
    single = poly.single
    if single is None or single[0] != Monomial({Atom("const", ("pi",)): 1}):
        return None
    return Fraction(single[1])


def _sine_of_turn(part: Fraction | None) -> Poly | None:
    """sin(part * pi), where its square is rational: of multiples of 1/6 and 1/4."""
    if part is None:
        return None
    turn = part % 2
    sign = 1 if turn < 1 else -1
    turn = min(turn % 1, 1 - turn % 1)
    square = {0: 0, 2: 1, 3: 2, 4: 3, 6: 4}.get((12 * turn).numerator)
    if square is None or (12 * turn).denominator != 1:
        return None
    root = number_power(square, Fraction(1, 2)) if square else ZERO
    return root.scaled(Fraction(sign, 2))


def _split_angle(poly: Poly) -> tuple[Poly, Poly] | None:
    """One part of an angle and the rest, where it is a short sum or a small multiple."""
    if 1 < len(poly.terms) <= 4:
        monomial = min(poly.terms, key=lambda m: m.key)
        first = Poly({monomial: poly.terms[monomial]})
        return first, poly - first
    single = poly.single
    if single is not None and abs(single[1]) in (2, 3) and single[0] != UNIT:
        step = 1 if single[1] > 0 else -1
        return Poly({single[0]: step}), Poly({single[0]: single[1] - step})
    return None
