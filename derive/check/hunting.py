"""A counterexample where random points show none: simple numbers, equalities, descent.

What is tried here is tried only after no proof was found.
"""

from collections.abc import Iterable, Iterator
from random import Random
from typing import TYPE_CHECKING

import numpy as np

from derive.check.budget import deadline_in, remaining
from derive.check.closed import CLOSED, ball_around, scalar_of
from derive.check.numbers import STRICT, Sides, Violation
from derive.check.verdict import Proved
from derive.evaluate.number import EvaluationError
from derive.evaluate.point import Point
from derive.model.model import Judgement, Relation

if TYPE_CHECKING:
    from derive.check.judge import Judge

_STEPS = 240
_SECONDS = 2.0
_STARTS = 4
_EQUALITIES = 24
_NEAR = 1e-9


class Hunt:
    """Looks for a violation of one relation."""

    def __init__(self, judge: "Judge", judgement: Judgement, relation: Relation) -> None:
        self.judge = judge
        self.judgement = judgement
        self.relation = relation

    def violation(self, names: tuple[str, ...], deadline: float) -> Violation | None:
        """A point at which the relation surely fails; `names` are those that matter."""

        def until() -> float:
            return min(deadline, deadline_in(_SECONDS))

        found = self.at(self.simple(names), until())
        if found is None and self.relation.op in STRICT:
            found = self.equality(self.simple(names), until())
        if found is None and self.relation.op in ("<", "<=", ">", ">="):
            found = self.descent(names, until())
        return found

    def simple(self, names: tuple[str, ...]) -> Iterator[Point]:
        """Points of simple numbers."""
        yield from self.judge.points.special()
        yield from self.judge.points.combined(names)

    def at(self, points: Iterable[Point], until: float) -> Violation | None:
        """A violation at one of the points."""
        for point in points:
            if remaining(until) <= 0:
                return None
            try:
                found = self.judge.numbers.violation(self.relation, point, self.judgement.at)
            except EvaluationError:
                continue
            if found is not None:
                return found
        return None

    # --- equality, which enclosures cannot show --------------------------------------------------

    def equality(self, points: Iterable[Point], until: float) -> Violation | None:
        """A point at which both sides are the same number, for a strict order."""
        tried = 0
        for point in points:
            if remaining(until) <= 0 or tried >= _EQUALITIES:
                return None
            if not self.is_near(point):
                continue
            tried += 1
            found = self.proved_equal(point, until)
            if found is not None:
                return found
        return None

    def is_near(self, point: Point) -> bool:
        """Whether floats agree somewhere."""
        try:
            found = self.judge.numbers.floats(self.relation, point, self.judgement.at)
        except EvaluationError:
            return False
        gap = np.abs(found.left - found.right)[found.where]
        return bool(np.any(gap <= _NEAR))

    def proved_equal(self, point: Point, until: float) -> Violation | None:
        """An entry at which algebra on closed expressions shows both sides equal."""
        try:
            found = self.judge.numbers.sides(self.relation, point, CLOSED, self.judgement.at)
        except EvaluationError:
            return None
        for place in self.touching(found):
            left, right = found.left[place], found.right[place]
            entry = Relation("=", scalar_of(left), scalar_of(right))
            if isinstance(self.judge.prove(entry, (), until), Proved):
                with CLOSED.scope():
                    return Violation(point, place, ball_around(left), ball_around(right))
        return None

    def touching(self, found: Sides) -> Iterator[tuple[int, ...]]:
        """The entries at which the enclosures of both sides meet."""
        for place in np.ndindex(found.left.shape):
            if found.where[place]:
                with CLOSED.scope():
                    left, right = ball_around(found.left[place]), ball_around(found.right[place])
                    meets = bool(left.overlaps(right))
                if meets:
                    yield place

    # --- descent ---------------------------------------------------------------------------------

    def descent(self, names: tuple[str, ...], until: float) -> Violation | None:
        """From several points, one tensor drawn anew at a time while the sides come closer."""
        random = Random(self.judge.settings.seed)
        for start in self.judge.points.some(0, _STARTS):
            point, best = start, self.margin(start)
            present = [name for name in names if name in start.values]
            for step in range(_STEPS // _STARTS):
                if remaining(until) <= 0 or not present:
                    return None
                moved = self.moved(point, random.choice(present), step)
                margin = self.margin(moved) if moved is not None else None
                if moved is None or margin is None or (best is not None and margin >= best):
                    continue
                point, best = moved, margin
                if best < 0:
                    found = self.at([point], until)
                    if found is not None:
                        return found
        return None

    def moved(self, point: Point, name: str, step: int) -> Point | None:
        """The point with one tensor drawn anew; None where that breaks an assumption."""
        drawn = self.judge.points.sampler.draw(step, point.sizes, plain=bool(step % 2))
        if not isinstance(drawn, Point):
            return None
        changed = point.with_values({name: drawn.values[name]})
        return changed if self.judge.points.sampler.violated(changed) is None else None

    def margin(self, point: Point) -> float | None:
        """By how much the order holds, where it is tightest, relative to the sides."""
        try:
            found = self.judge.numbers.floats(self.relation, point, self.judgement.at)
        except EvaluationError:
            return None
        left, right = found.left[found.where], found.right[found.where]
        if not left.size:
            return None
        sign = 1 if self.relation.op in ("<", "<=") else -1
        scale = np.abs(left) + np.abs(right) + 1e-300
        return float(np.min(sign * (right - left) / scale))
