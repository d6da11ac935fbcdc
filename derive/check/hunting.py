"""A counterexample where random points show none: simple numbers, equalities, descent.

What is tried here is tried only after no proof was found.
"""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import islice
from random import Random
from typing import TYPE_CHECKING

import numpy as np

from derive.check.budget import remaining
from derive.check.closed import CLOSED, ball_around, scalar_of
from derive.check.numbers import STRICT, Sides, Violation
from derive.check.verdict import Proved
from derive.evaluate.names import names_in, walk
from derive.evaluate.number import EvaluationError
from derive.evaluate.point import Point
from derive.model.model import Judgement, Relation

if TYPE_CHECKING:
    from derive.check.judge import Judge

_STEPS = 240
_PART = Fraction(1, 4)
_WORK = 100_000
_LEAST = 60
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
        most = self.effort(names)
        found = self.at(islice(self.simple(names), most), deadline)
        if found is None and self.relation.op in STRICT:
            found = self.equality(islice(self.simple(names), most), deadline)
        if found is None and self.relation.op in ("<", "<=", ">", ">="):
            found = self.descent(names, min(most, _STEPS), deadline)
        return found

    def effort(self, names: tuple[str, ...]) -> int:
        """How many points are tried: fewer of what is long. A count, so that load decides nothing.

        `names` are the declared tensors that matter.
        """
        sides = (self.relation.left, self.relation.right, *self.relation.conditions)
        model, uses = self.judge.model, self.judge.uses
        direct = frozenset[str]().union(*map(names_in, sides))
        used = direct.union(*(uses.get(name, frozenset()) for name in direct))
        bodies = [d.body for name, d in model.definitions.items() if name in used]
        nodes = sum(1 for scalar in (*sides, *bodies) for _ in walk(scalar))
        return max(_LEAST, _WORK // (nodes + len(names)))

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

    def descent(self, names: tuple[str, ...], steps: int, until: float) -> Violation | None:
        """From several points, one tensor drawn anew at a time while the sides come closer."""
        random = Random(self.judge.settings.seed)
        for number, start in enumerate(self.judge.points.some(0, _STARTS)):
            point, best = start, self.margin(start)
            present = [name for name in names if name in start.values]
            for step in range(number, steps, _STARTS):
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
        """The point with one tensor drawn anew, and others as the assumptions then ask.

        One time in three the tensor goes only a part of the way.
        """
        drawn = self.judge.points.sampler.draw(step, point.sizes, plain=bool(step % 2))
        if not isinstance(drawn, Point):
            return None
        target, here = drawn.values[name], point.values[name]
        part = _PART if step % 3 == 0 else 1
        changed = point.with_values({name: here + (target - here) * part})
        mended = self.judge.points.sampler.mended(changed, Random(step), frozenset((name,)))
        return mended if isinstance(mended, Point) else None

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
