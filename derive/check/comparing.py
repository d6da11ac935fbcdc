"""Gradients in closed form beside finite differences of the forward pass, at one point."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from typing import Any

import numpy as np

from derive.check import texts
from derive.check.budget import deadline_in
from derive.check.engine import DeadlineOver
from derive.check.judge import Judge
from derive.check.numbers import InternalDisagreement
from derive.evaluate.arithmetic import BALL, TooWide
from derive.evaluate.differences import PRECISION, difference
from derive.evaluate.number import EvaluationError
from derive.evaluate.point import Point, dims_of
from derive.evaluate.sizes import possible
from derive.model.scalar import Derivative, Index, Tensor

_SECONDS = 3.0
_MOST = 4
_DIGITS = 10
_POINTS = 4


@dataclass(frozen=True, slots=True)
class Row:
    """One entry of a gradient by its closed form and by finite differences."""

    by: str
    place: tuple[int, ...]
    formula: str
    finite: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """A point, and the entries that were compared there; of `left_out` more nothing is shown."""

    sizes: tuple[tuple[str, int], ...]
    values: tuple[tuple[str, str], ...]
    rows: tuple[Row, ...]
    left_out: int


def compare(judge: Judge, of: str, names: Sequence[str]) -> Comparison | None:
    """The gradients of one name by others, compared at the first point where all have a value.

    Raises InternalDisagreement where closed form and finite differences do not agree.
    """
    for point in _points(judge):
        try:
            found = {by: list(_entries(judge, of, by, point)) for by in names}
        except (EvaluationError, TooWide, DeadlineOver):
            continue
        rows = [row for by in names for row in found[by][:_MOST]]
        left_out = sum(max(0, len(entries) - _MOST) for entries in found.values())
        values = ((name, texts.pasted(value)) for name, value in point.values.items())
        return Comparison(tuple(sorted(point.sizes.items())), tuple(values), tuple(rows), left_out)
    return None


def _points(judge: Judge) -> Iterator[Point]:
    """Those of cases that say everything, a small one, and the first that a check draws."""
    model = judge.model
    for judgement in model.judgements:
        if judgement.case is not None:
            point = judge.points.of_case(judgement)
            if isinstance(point, Point) and point.values.keys() >= model.symbols.keys():
                yield point
                break
    sizes = {name: 2 + k % 2 for k, name in enumerate(dims_of(model))}
    if possible(model, sizes):
        for seed in range(_POINTS):
            drawn = judge.points.sampler.draw(seed, sizes)
            if isinstance(drawn, Point):
                yield drawn
    yield from islice(judge.points.some(0, _POINTS), _POINTS)


def _entries(judge: Judge, of: str, by: str, point: Point) -> Iterator[Row]:
    own = judge.confirmation.variables(by)
    node = Derivative(of, (), by, tuple(map(Index.of, own)))
    answer = judge.engine.answer(node, Tensor(own, node), deadline_in(_SECONDS))
    arithmetic = BALL(PRECISION)
    tensor = answer.tensor
    exact = judge.numbers.evaluator(arithmetic).tensor(tensor.indices, tensor.body, point)
    finite = difference(judge.model, node, own, point)
    lows = [v.axis.low.value(point.sizes) for v in own]
    with arithmetic.scope():
        for place in np.ndindex(exact.shape):
            symbolic: Any = exact[place]
            ball = texts.widened(finite.value[place], finite.error[place])
            if not (symbolic.is_finite() and ball.is_finite()):
                raise EvaluationError("no value here")
            if not symbolic.overlaps(texts.widened(ball, _room(symbolic))):
                raise InternalDisagreement(f"d{of}/d{by} at {place}: {symbolic} and {ball}")
            at = tuple(low + k for low, k in zip(lows, place, strict=True))
            numbers = (texts.short(number, _DIGITS) for number in (symbolic, ball))
            yield Row(by, at, *numbers)


def _room(symbolic: Any) -> Any:
    """What an estimated error may miss."""
    return (abs(symbolic) + 1) * texts.ball(Fraction(1, 10**9))
