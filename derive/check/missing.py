"""Facts that nobody declared and with which a refuted relation may hold.

Only what holds at points that satisfy such a fact is worth a proof.
"""

from collections.abc import Iterator
from fractions import Fraction
from random import Random
from typing import TYPE_CHECKING

import numpy as np

from derive.evaluate.draws import Pool, draw, failing
from derive.evaluate.number import Array, EvaluationError, objects
from derive.evaluate.point import Point
from derive.model.model import Judgement, Relation, Symbol
from derive.proof.equal import Fact, candidates_for

if TYPE_CHECKING:
    from derive.check.judge import Judge

_POINTS = 3
_LEAST = 2


class Missing:
    """Looks for facts that would make relations of one model hold."""

    def __init__(self, judge: "Judge") -> None:
        self.judge = judge
        self._points: dict[Fact, tuple[Point, ...]] = {}

    def plausible(
        self, judgement: Judgement, relation: Relation, names: tuple[str, ...]
    ) -> frozenset[Fact]:
        """The facts about these names with which the relation holds wherever it was tried."""
        if relation.op != "=":
            return frozenset()
        return frozenset(
            (name, extra)
            for name in names
            for extra in self.extras(self.judge.model.symbols[name])
            if self.holds(judgement, relation, (name, extra))
        )

    def extras(self, symbol: Symbol) -> Iterator[str]:
        """The properties that a proof would try to add."""
        square = len(symbol.axes) == 2 and symbol.axes[0] == symbol.axes[1]
        for extra, _ in candidates_for(symbol.name, len(symbol.axes), square):
            if extra not in symbol.properties:
                yield extra

    def holds(self, judgement: Judgement, relation: Relation, fact: Fact) -> bool:
        """No violation at points that satisfy the fact."""
        for point in self.points(fact):
            try:
                if self.judge.numbers.violation(relation, point, judgement.at) is not None:
                    return False
            except EvaluationError:
                continue
        return True

    def points(self, fact: Fact) -> tuple[Point, ...]:
        """Points that satisfy the fact; not of size one, where facts tend to be trivial."""
        if fact not in self._points:
            found = (self.changed(point, fact) for point in self.judge.points.some(0, _POINTS))
            self._points[fact] = tuple(point for point in found if point is not None)
        return self._points[fact]

    def changed(self, point: Point, fact: Fact) -> Point | None:
        """The point with one tensor changed so that it satisfies the fact."""
        name, extra = fact
        values = point.values[name]
        if values.shape[-1] < _LEAST:
            return None
        declared = self.judge.points.sampler.properties(name)
        adjusted = _adjusted(values, extra)
        if adjusted is None or failing(adjusted, declared):
            pool = Pool(Random(point.seed))
            adjusted = draw(pool, values.shape, declared | {extra})
        if adjusted is None:
            return None
        moved = point.with_values({name: adjusted})
        return None if self.judge.points.sampler.violated(moved) else moved


def _adjusted(values: Array, extra: str) -> Array | None:
    """The nearest tensor with sum one, or symmetric; None where that is not simple."""
    if extra == "symmetric":
        return objects((values + values.T) * Fraction(1, 2))
    if extra == "simplex":
        totals = objects(np.sum(values, axis=-1, keepdims=True))
        return None if any(total == 0 for total in totals.flat) else objects(values / totals)
    return None
