"""Values that a case or a closed statement expects: exact where rational, else enclosed."""

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from derive.check import expected, rounding, texts
from derive.check.closed import CLOSED, ball_around, scalar_of
from derive.check.expected import rational
from derive.check.numbers import PRECISIONS, Sides, compare, opposite, surely
from derive.check.verdict import (
    Counterexample,
    Erroneous,
    HoldsNumerically,
    Proved,
    Refuted,
    Undecided,
    Verdict,
)
from derive.diagnostics.diagnostic import Diagnostic, Severity
from derive.evaluate.arithmetic import BALL, EXACT, Arithmetic
from derive.evaluate.number import Array, EvaluationError, Inexact, TooWide
from derive.evaluate.point import Point
from derive.model.model import Judgement, Relation

if TYPE_CHECKING:
    from derive.check.judge import Judge

_MOST_SHOWN = 24
_SHOWN_DIGITS = 6


def judge_case(judge: "Judge", judgement: Judgement, deadline: float) -> Verdict:
    """The verdict at the one point that the case gives."""
    relation = judgement.relation
    assert relation is not None, "a judgement without a problem has a relation"
    point = judge.points.of_case(judgement)
    if isinstance(point, Diagnostic):
        return Erroneous(point)
    try:
        verdict = _exactly(judge, judgement, relation, point)
        if verdict is None and relation.op != "~":
            verdict = _by_proof(judge, judgement, relation, point, deadline)
        if verdict is None:
            verdict = _enclosed(judge, judgement, relation, point, deadline)
        return verdict
    except EvaluationError as error:
        helps = _givens(judge, str(error))
        return Erroneous(
            Diagnostic(
                Severity.ERROR,
                "no-value",
                str(error),
                judgement.span,
                "has no value",
                helps=helps,
            )
        )


def _givens(judge: "Judge", complaint: str) -> tuple[str, ...]:
    """What the case should give, where a declared name has no value."""
    name = complaint.split("`")[1] if complaint.count("`") > 1 else ""
    symbol = judge.model.symbols.get(name)
    if symbol is None:
        return ()
    shape = f", of shape [{', '.join(str(axis.size) for axis in symbol.axes)}]"
    return (f"add `{name} = ...`{shape if symbol.axes else ''} to the `given` of the case",)


def _exactly(
    judge: "Judge", judgement: Judgement, relation: Relation, point: Point
) -> Verdict | None:
    """By rationals; None where they do not suffice."""
    try:
        found = judge.numbers.sides(relation, point, EXACT, judgement.at, given=True)
    except Inexact:
        return None
    return _decided(judge, judgement, relation, point, found, EXACT)


def _by_proof(
    judge: "Judge", judgement: Judgement, relation: Relation, point: Point, deadline: float
) -> Verdict | None:
    """By algebra on closed expressions, entry by entry: `softmax([1, 1]) = [1/2, 1/2]`."""
    if relation.op not in ("=", "<=", ">="):
        return None
    try:
        found = judge.numbers.sides(relation, point, CLOSED, judgement.at, given=True)
    except EvaluationError:
        return None
    for place in np.ndindex(found.left.shape):
        if not found.applies[place]:
            continue
        left, right = found.left[place], found.right[place]
        if not found.where[place]:
            return None
        with CLOSED.scope():
            if relation.op != "=" and surely(relation.op, ball_around(left), ball_around(right)):
                continue
            if surely("!=", ball_around(left), ball_around(right)):
                return None
        entry = Relation("=", scalar_of(left), scalar_of(right))
        if not isinstance(judge.prove(entry, (), deadline), Proved):
            return None
    return Proved()


def _enclosed(
    judge: "Judge", judgement: Judgement, relation: Relation, point: Point, deadline: float
) -> Verdict:
    """By enclosures, as narrow as it takes."""
    found: Sides | None = None
    for precision in PRECISIONS:
        arithmetic = BALL(precision)
        try:
            found = judge.numbers.sides(relation, point, arithmetic, judgement.at, given=True)
        except TooWide:
            continue
        with arithmetic.scope():
            verdict = _decided(judge, judgement, relation, point, found, arithmetic)
        if verdict is not None:
            return verdict
    if relation.op != "~":
        digits = judge.numbers.digits(relation, point, judgement.at, given=True)
        if digits is not None and digits >= 15 and relation.op in ("=", "<=", ">="):
            return HoldsNumerically(1, digits)
    if found is not None and relation.op == "~":
        rooms = _tolerances(judgement, found.left.shape)
        tied = rounding.tie_by_proof(judge, judgement, relation, point, rooms, deadline)
        if tied is not None:
            return tied
    if found is not None and (found.applies & ~found.where).any():
        return Undecided("no enclosure shows that there is a value", "too-close")
    return Undecided("the value is too close to the edge to tell", "too-close")


def _decided(
    judge: "Judge",
    judgement: Judgement,
    relation: Relation,
    point: Point,
    found: Sides,
    arithmetic: Arithmetic,
) -> Verdict | None:
    """Proved, refuted, or None where the numbers do not tell."""
    tolerances = _tolerances(judgement, found.left.shape)
    unsettled = False
    ties: list[str] = []
    for place in np.ndindex(found.left.shape):
        if not found.applies[place]:
            continue
        left: Any = found.left[place]
        right: Any = found.right[place]
        room: Any = tolerances[place]
        if not found.where[place]:
            if arithmetic is EXACT:
                return _undefined(judgement, found, place)
            unsettled = True
            continue
        holds = _holds(relation.op, left, right, tolerances, place)
        if holds is False:
            return _refuted(judge, judgement, relation, point, found, place, tolerances)
        unsettled |= holds is None
        if arithmetic is EXACT:
            ties += rounding.tie(left, right, rounding.printed_unit(judgement, right, room))
    return None if unsettled else Proved(tuple(dict.fromkeys(ties)))


def _holds(
    op: str, left: Any, right: Any, tolerances: Array, place: tuple[int, ...]
) -> bool | None:
    """Whether one entry is as expected; None if it cannot be told."""
    if op == "~":
        room = tolerances[place]
        gap = abs(left - right)
        if isinstance(gap, Fraction):
            return bool(gap <= room)
        limit = texts.ball(room)
        return True if gap <= limit else False if gap > limit else None
    if isinstance(left, Fraction) and isinstance(right, Fraction):
        return compare(op, left, right)
    if surely(op, left, right):
        return True
    return False if surely(opposite(op), left, right) else None


def _tolerances(judgement: Judgement, shape: tuple[int, ...]) -> Array:
    """The half-width of each entry."""
    given = judgement.tolerances or (Fraction(0),)
    result = np.empty(shape, dtype=object)
    if len(given) == result.size:
        result.flat[:] = given
    elif shape and len(given) == shape[-1]:
        result[...] = given
    else:
        result[...] = given[0]
    return result


def _undefined(judgement: Judgement, found: Sides, place: tuple[int, ...]) -> Verdict:
    where = f" at entry [{', '.join(str(k + 1) for k in place)}]" if place else ""
    sides = zip(texts.sides_of(judgement), (found.left, found.right), strict=True)
    lacking = [f"`{side}`" for side, values in sides if not EXACT.defined(values)[place]]
    verb = "has" if len(lacking) < 2 else "have"
    message = f"{' and '.join(lacking) or 'a side'} {verb} no value here{where}"
    return Erroneous(
        Diagnostic(Severity.ERROR, "no-value", message, judgement.span, "is not defined here")
    )


def _refuted(
    judge: "Judge",
    judgement: Judgement,
    relation: Relation,
    point: Point,
    found: Sides,
    place: tuple[int, ...],
    tolerances: Array,
) -> Refuted:
    left_text, right_text = texts.sides_of(judgement)
    entry = tuple(
        (variable.name, k + (variable.axis.low.constant or 1))
        for variable, k in zip(relation.indices, place, strict=True)
    )
    left_text, right_text = (texts.entry_text(side, entry) for side in (left_text, right_text))
    exact: Any = found.left[place]
    printed = rational(found.right[place])
    unit = rounding.printed_unit(judgement, printed, tolerances[place])
    digits = rounding.digits_for(exact, found.right[place], unit, _SHOWN_DIGITS)
    left, right = texts.both(left_text, exact, right_text, found.right[place])
    if relation.op == "~":
        left = texts.printed(left_text, exact) or left
        right = texts.printed(right_text, printed) or right
    text = shown(found.left, digits)
    if unit is not None and "/" in text and not found.left.shape:
        text += f", about {texts.decimal_of(exact, digits)}"
    slip = rounding.misprint(judge, judgement, point, place, exact, printed, unit)
    return Refuted(
        "the value differs",
        Counterexample((), (), entry, left, right),
        f"it is {text}" if right_text != "exp(-inf)" else None,
        expected.hint(relation, found, place, tolerances, slip),
    )


def shown(values: Array, digits: int = _SHOWN_DIGITS) -> str:
    """An array of numbers as a person writes it; a large one is cut."""
    if values.size > _MOST_SHOWN:
        return f"{shown(values.reshape(-1)[:_MOST_SHOWN], digits)[:-1]}, ...]"
    if values.shape == ():
        return texts.short(values[()], digits)
    return f"[{', '.join(shown(_part(values, k), digits) for k in range(len(values)))}]"


def _part(values: Array, k: int) -> Array:
    part = values[k]
    if isinstance(part, np.ndarray):
        return part
    result = np.empty((), dtype=object)
    result[()] = part
    return result
