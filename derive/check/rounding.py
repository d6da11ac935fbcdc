"""Printed digits: a tie that may be rounded either way, and what went wrong where they are wrong.

A printed number that is not what comes out is one of three things: rounded from a number that was
rounded before, off in the last digit, or wrong. The first is said only after it was computed.
"""

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from derive.check import texts
from derive.check.closed import CLOSED, ball_around, scalar_of
from derive.check.expected import rational
from derive.check.verdict import Proved
from derive.evaluate.arithmetic import BALL
from derive.evaluate.names import named_in
from derive.evaluate.number import Array, EvaluationError
from derive.evaluate.point import Point
from derive.model.model import Judgement, Relation
from derive.model.scalar import Num

if TYPE_CHECKING:
    from derive.check.judge import Judge

_PRECISION = 128
_DECIMALS = (6, 5, 4, 3, 2, 1)
_MOST_NAMES = 8
_MOST_ENTRIES = 4096
_NEAR = 60  # units of the last digit; further off, rounding explains nothing
_BEYOND = 3  # digits that are shown beyond the printed ones
_MOST_DIGITS = 60
_SLIPS = 2


def printed_unit(judgement: Judgement, right: Any, room: Fraction) -> Fraction | None:
    """One unit of the last printed digit; None where no digits are printed."""
    unit = 2 * room
    if not isinstance(right, Fraction):
        return None
    if judgement.relation is None or judgement.relation.op != "~" or not unit:
        return None
    power = texts.magnitude(unit)
    return unit if unit == Fraction(10) ** power and (right / unit).denominator == 1 else None


def digits_for(value: Any, other: Any, unit: Fraction | None, least: int) -> int:
    """How many digits of a value show what the printed ones should have been.

    Without printed ones, those that tell it from the other value.
    """
    size = abs(_middle(value))
    shown = unit or abs(_middle(value) - _middle(other))
    if not size or not shown:
        return least
    needed = texts.magnitude(size) - texts.magnitude(shown) + 1
    return max(least, min(needed + _BEYOND, _MOST_DIGITS) if unit is None else needed + _BEYOND)


def tie(value: Fraction, right: Fraction, unit: Fraction | None) -> tuple[str, ...]:
    """How to say that an exact value is halfway between two printed numbers, where it is.

    >>> tie(Fraction(1, 8), Fraction(12, 100), Fraction(1, 100))
    ('a tie: 0.125 rounds to 0.12 and to 0.13',)
    """
    if unit is None or abs(value - right) != unit / 2:
        return ()
    low, high = sorted((right, 2 * value - right))
    shown = texts.short(value, 12)
    both = f"{as_printed(low, unit)} and to {as_printed(high, unit)}"
    return (f"a tie: {shown} rounds to {both}",)


def tie_by_proof(
    judge: "Judge", judgement: Judgement, relation: Relation, point: Point, rooms: Array, end: float
) -> Proved | None:
    """Where no enclosure decides, a value may be halfway: `sqrt(2)*sqrt(2)/16 ~ 0.12`."""
    try:
        found = judge.numbers.sides(relation, point, CLOSED, judgement.at, given=True)
    except EvaluationError:
        return None
    said: list[str] = []
    for place in np.ndindex(found.left.shape):
        if not found.applies[place]:
            continue
        with CLOSED.scope():
            left, right = ball_around(found.left[place]), ball_around(found.right[place])
            room: Any = rooms[place]
            if abs(left - right) <= texts.ball(room):
                continue
            above, exact = bool(left > right), rational(right)
        unit = printed_unit(judgement, exact, room)
        if unit is None:
            return None
        halfway = exact + (unit / 2 if above else -unit / 2)
        entry = Relation("=", scalar_of(found.left[place]), Num(halfway))
        if not isinstance(judge.prove(entry, (), end), Proved):
            return None
        said += tie(halfway, exact, unit)
    return Proved(tuple(dict.fromkeys(said)))


def misprint(
    judge: "Judge",
    judgement: Judgement,
    point: Point,
    place: tuple[int, ...],
    value: Any,
    printed: Any,
    unit: Fraction | None,
) -> str | None:
    """Which of the three it is; None where no digits are printed."""
    relation = judgement.relation
    if unit is None or relation is None:
        return None
    exact, right = _middle(value), _middle(printed)
    off = abs(exact - right)
    is_near = off <= _NEAR * unit and off <= abs(exact) / 4
    if is_near:
        for how in _intermediates(judge, judgement, relation, point, place, right, unit):
            return f"rounded from a rounded intermediate: {how}"
        twice = _twice(exact, right, unit)
        if twice is not None:
            return f"rounded from a rounded intermediate: {twice}"
    nearest = _rounded(exact, unit)
    slip = abs(right - nearest) / unit
    if is_near and slip <= _SLIPS:
        return f"off by {slip} in the last digit: it rounds to {as_printed(nearest, unit)}"
    return f"wrong, and not by rounding: it rounds to {as_printed(nearest, unit)}"


def _twice(exact: Fraction, right: Fraction, unit: Fraction) -> str | None:
    """Rounding a rounded number: 0.3446 to 0.345 to 0.35."""
    for more in (1, 2, 3):
        between = _rounded(exact, unit / 10**more)
        if _rounded(between, unit) == right:
            first = as_printed(between, unit / 10**more)
            shown = texts.decimal_of(exact, digits_for(exact, exact, unit / 10**more, 4))
            return f"{shown} to {first}, and that to {as_printed(right, unit)}"
    return None


def _intermediates(
    judge: "Judge",
    judgement: Judgement,
    relation: Relation,
    point: Point,
    place: tuple[int, ...],
    right: Fraction,
    unit: Fraction,
) -> Iterator[str]:
    """What comes out with some names rounded first, where that is what is printed."""
    if judgement.at:
        return
    model = judge.model
    used = named_in(model, relation.left)
    names = [name for name, d in model.definitions.items() if name in used and not d.hidden]
    if len(names) > _MOST_NAMES:
        return
    together = [(name,) for name in names] + ([tuple(names)] if len(names) > 1 else [])
    arithmetic = BALL(_PRECISION)
    evaluator = judge.numbers.evaluator(arithmetic)
    for decimals in _DECIMALS:
        for chosen in together:
            overrides: dict[str, Array] = {}
            try:
                for name in chosen:
                    values = evaluator.at(point, overrides).value(name)
                    overrides[name] = _all_rounded(values, Fraction(1, 10**decimals), arithmetic)
                left = evaluator.tensor(relation.indices, relation.left, point, overrides)[place]
            except (EvaluationError, ValueError):
                continue
            if left.is_finite() and abs(_middle(left) - right) <= unit / 2:
                listed = ", ".join(f"`{name}`" for name in chosen)
                yield f"with {listed} rounded to {decimals} decimal{'s'[: decimals != 1]} first"


def _all_rounded(values: Array, unit: Fraction, arithmetic: BALL) -> Array:
    """A tensor of balls, each replaced by its middle, rounded. Raises ValueError for a NaN."""
    if values.size > _MOST_ENTRIES or not arithmetic.defined(values).all():
        raise ValueError("no numbers to round")
    result = np.empty(values.shape, dtype=object)
    with arithmetic.scope():
        for k in np.ndindex(values.shape):
            result[k] = texts.ball(_rounded(_middle(values[k]), unit))
    return result


def _rounded(value: Fraction, unit: Fraction) -> Fraction:
    """To a multiple of the unit; halves away from zero, as people round."""
    count = abs(value) / unit + Fraction(1, 2)
    nearest = count.numerator // count.denominator * unit
    return nearest if value >= 0 else -nearest


def as_printed(value: Fraction, unit: Fraction) -> str:
    """With as many digits as the unit says."""
    power = texts.magnitude(unit)
    if not value:
        return f"{0:.{max(0, -power)}f}"
    return texts.decimal_of(value, max(1, texts.magnitude(abs(value)) - power + 1))


def _middle(number: Any) -> Fraction:
    if isinstance(number, Fraction):
        return number
    return texts.fraction_of(number.mid())
