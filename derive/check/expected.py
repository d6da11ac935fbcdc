"""Why a printed number is not what a case gives: its digits, its sign, rows for columns."""

from fractions import Fraction
from typing import Any

import numpy as np

from derive.check import texts
from derive.check.numbers import Sides
from derive.evaluate.number import Array
from derive.model.model import Relation

_NEAR = 20  # half-widths; further away it is no matter of rounding
_CLOSE = Fraction(1, 20)
_PLACES = 12


def hint(
    relation: Relation,
    found: Sides,
    place: tuple[int, ...],
    tolerances: Array,
    slip: str | None,
) -> str | None:
    """What is likely to be wrong with an expected value, seen in all its entries.

    `slip` is what is to be said of the digits of one entry, where the others say nothing.
    """
    if relation.op not in ("=", "~"):
        return None
    left, right = _numbers(found.left), _numbers(found.right)
    if left is None or right is None:
        return None
    if _fits(left, np.asarray(-right, dtype=object), tolerances) and np.any(right != 0):
        return "this is -1 times the value: check the sign"
    if left.ndim == 2 and left.shape[0] == left.shape[1] and _fits(left, right.T, tolerances.T):
        return "this is the transpose of the value"
    if slip is not None or relation.op != "~":
        return slip
    room, gap = tolerances[place], abs(left[place] - right[place])
    if not room:
        if gap > _CLOSE * abs(left[place]):
            return None
        return "without printed digits a value is exact: write decimals, or `within ...`"
    number = right[place]
    ends = [texts.short(number + side * room, _PLACES) for side in (-1, 1)]
    rule = f"{texts.short(number, _PLACES)} stands for {ends[0]} to {ends[1]}"
    return rule if gap <= _NEAR * room else None


def rational(number: Any) -> Any:
    """The short rational that a narrow ball is around; else the number itself."""
    if isinstance(number, Fraction):
        return number
    middle = _middle(number)
    for places in (_PLACES, 4 * _PLACES):
        near = middle.limit_denominator(10**places)
        if abs(near - middle) * 10**24 <= abs(near) and number.overlaps(texts.ball(near)):
            return near
    return number


def _middle(number: Any) -> Fraction:
    return number if isinstance(number, Fraction) else texts.fraction_of(number.mid())


def _numbers(values: Array) -> Array | None:
    """The middles of all entries; None where one is no number."""
    result = np.empty(values.shape, dtype=object)
    for place in np.ndindex(values.shape):
        number = values[place]
        if not isinstance(number, Fraction) and not hasattr(number, "mid"):
            return None
        if hasattr(number, "is_finite") and not number.is_finite():
            return None
        result[place] = _middle(rational(number))
    return result


def _fits(left: Array, right: Array, tolerances: Array) -> bool:
    """Whether all entries agree within the tolerances."""
    if left.shape != right.shape or left.shape != tolerances.shape:
        return False
    return all(abs(left[p] - right[p]) <= tolerances[p] for p in np.ndindex(left.shape))
