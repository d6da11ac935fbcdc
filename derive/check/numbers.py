"""What both sides of a relation are worth at a point, and where they surely break it.

A float only ever raises a suspicion; what refutes is a pair of enclosures that do not meet.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from derive.check.limits import Limits
from derive.evaluate.arithmetic import BALL, EXACT, FLOAT, Arithmetic, Array, Inexact, TooWide
from derive.evaluate.point import Point
from derive.evaluate.run import Evaluator
from derive.evaluate.world import World
from derive.model.model import Model, Relation
from derive.model.scalar import Scalar, Tensor

Substitutions = Sequence[tuple[str, Tensor]]

PRECISIONS = (128, 256, 768)
STRICT = ("<", ">", "!=")
ENOUGH = 15
_SUSPICIOUS = 1e-7
_NOTHING = 1e-50


class InternalDisagreement(Exception):
    """Two independent routes disagree: a defect of derive, never to be hidden."""


@dataclass(frozen=True, slots=True)
class Sides:
    """Both sides at a point, one entry for each value of the free indices.

    The relation `applies` where its conditions hold; it speaks `where` both sides are defined too.
    """

    left: Array
    right: Array
    applies: Array
    where: Array


@dataclass(frozen=True, slots=True)
class Violation:
    """A point and an entry (places from 0) at which a relation surely fails."""

    point: Point
    place: tuple[int, ...]
    left: Any
    right: Any


@dataclass(slots=True)
class Numbers:
    """The values of a model's relations, in every arithmetic."""

    model: Model
    resolve: Callable[[Scalar], Scalar]
    limits: Limits
    _evaluators: dict[str | int, Evaluator] = field(default_factory=dict)

    def evaluator(self, arithmetic: Arithmetic) -> Evaluator:
        """The evaluator in an arithmetic; made once."""
        key = arithmetic.precision if isinstance(arithmetic, BALL) else arithmetic.name
        if key not in self._evaluators:
            self._evaluators[key] = Evaluator(self.model, arithmetic, self.resolve)
        return self._evaluators[key]

    def world(self, arithmetic: Arithmetic, point: Point, at: Substitutions = ()) -> World:
        """All values at a point, with some names replaced."""
        evaluator = self.evaluator(arithmetic)
        overrides = {name: evaluator.tensor(value.indices, value.body, point) for name, value in at}
        return evaluator.at(point, overrides)

    def sides(
        self,
        relation: Relation,
        point: Point,
        arithmetic: Arithmetic,
        at: Substitutions = (),
        given: bool = False,
    ) -> Sides:
        """Both sides, in one arithmetic; at a `given` point, kinks are judged too.

        Raises EvaluationError.
        """
        world = self.world(arithmetic, point, at)
        left = world.tensor(relation.indices, relation.left)
        right = world.tensor(relation.indices, relation.right)
        applies = np.ones(left.shape, bool)
        with arithmetic.scope():
            for condition in relation.conditions:
                applies &= (world.tensor(relation.indices, condition) != 0).astype(bool)
            where = applies & arithmetic.defined(left) & arithmetic.defined(right)
        if not given and where.any() and self.limits.derivatives(relation):
            worlds = partial(self.world, at=at)
            where &= self.limits.where(relation, point, arithmetic, worlds, given=bool(at))
        return Sides(left, right, applies, where)

    def floats(self, relation: Relation, point: Point, at: Substitutions = ()) -> Sides:
        """Both sides in floats."""
        return self.sides(relation, point, FLOAT, at)

    def suspicions(self, relation: Relation, point: Point, at: Substitutions = ()) -> Array:
        """The entries at which floats break the relation by more than rounding explains."""
        found = self.floats(relation, point, at)
        left, right = found.left, found.right
        with np.errstate(all="ignore"):
            scale = np.maximum(np.abs(left), np.abs(right))
            gap = left - right
            room = _SUSPICIOUS * scale
            match relation.op:
                case "=" | "~":
                    broken = np.abs(gap) > room
                case "!=":
                    broken = np.abs(gap) <= room
                case "<=":
                    broken = gap > -room
                case "<":
                    broken = gap >= -room
                case ">=":
                    broken = gap < room
                case _:
                    broken = gap <= room
        return np.asarray(found.where & broken)

    def violation(
        self, relation: Relation, point: Point, at: Substitutions = ()
    ) -> Violation | None:
        """Where the relation surely fails at this point; None where it may hold."""
        if not self.suspicions(relation, point, at).any():
            return None
        return self.certified(relation, point, at)

    def certified(
        self,
        relation: Relation,
        point: Point,
        at: Substitutions = (),
        precisions: Sequence[int] = PRECISIONS,
    ) -> Violation | None:
        """An entry at which rationals or enclosures show that the relation fails."""
        if relation.op in STRICT:  # equality decides these, which enclosures cannot show
            with suppress(Inexact):
                return self._exactly(relation, point, at)
        for precision in precisions:
            arithmetic = BALL(precision)
            try:
                found = self.sides(relation, point, arithmetic, at)
            except TooWide:
                continue
            with arithmetic.scope():
                broken = list(_broken(relation.op, found))
            if broken:
                place = max(broken, key=lambda p: _gap(found.left[p], found.right[p]))
                return Violation(point, place, found.left[place], found.right[place])
            if relation.op in ("=", "!=", "~") and not _wide(found):
                return None
        return None

    def _exactly(self, relation: Relation, point: Point, at: Substitutions) -> Violation | None:
        """The same in rationals. Raises Inexact where they do not suffice."""
        found = self.sides(relation, point, EXACT, at)
        for place in np.ndindex(found.left.shape):
            left, right = found.left[place], found.right[place]
            if found.where[place] and compare(opposite(relation.op), left, right):
                return Violation(point, place, left, right)
        return None

    def digits(
        self, relation: Relation, point: Point, at: Substitutions = (), given: bool = False
    ) -> int | None:
        """To how many digits the sides agree at this point; None where nothing can be compared.

        None agree where a strict order, or `!=`, is not certain: the sides may be equal.
        """
        agreed: int | None = None
        for precision in PRECISIONS[1:]:
            arithmetic = BALL(precision)
            found = self.sides(relation, point, arithmetic, at, given)
            with arithmetic.scope():
                places = [p for p in np.ndindex(found.left.shape) if found.where[p]]
                numbers = [_shared(relation.op, found.left[p], found.right[p]) for p in places]
            agreed = min(numbers, default=None)
            if agreed is None or agreed >= ENOUGH:
                break
        return agreed


def compare(op: str, left: Any, right: Any) -> bool:
    """The relation between two rationals."""
    match op:
        case "=" | "~":
            return bool(left == right)
        case "!=":
            return bool(left != right)
        case "<=":
            return bool(left <= right)
        case "<":
            return bool(left < right)
        case ">=":
            return bool(left >= right)
        case ">":
            return bool(left > right)
        case _:
            raise ValueError(f"no relation {op}")


def surely(op: str, left: Any, right: Any) -> bool:
    """Whether the relation holds for all numbers that the two balls enclose."""
    return not left.overlaps(right) if op == "!=" else compare(op, left, right)


_OPPOSITE = {"=": "!=", "~": "!=", "!=": "=", "<=": ">", "<": ">=", ">=": "<", ">": "<="}


def opposite(op: str) -> str:
    """The relation that holds exactly where this one fails."""
    return _OPPOSITE[op]


def _broken(op: str, found: Sides) -> Iterator[tuple[int, ...]]:
    """The entries at which the opposite surely holds."""
    for place in np.ndindex(found.left.shape):
        if found.where[place] and surely(opposite(op), found.left[place], found.right[place]):
            yield place


def _gap(left: Any, right: Any) -> float:
    return abs(float(left.mid()) - float(right.mid()))


def _wide(found: Sides) -> bool:
    """Whether some enclosure is wider than a millionth of a millionth of its size."""
    for place in np.ndindex(found.left.shape):
        balls: tuple[Any, Any] = (found.left[place], found.right[place])
        for ball in balls:
            if found.where[place] and float(ball.rad()) > 1e-12 * max(
                1e-30, abs(float(ball.mid()))
            ):
                return True
    return False


def _shared(op: str, left: Any, right: Any) -> int:
    """How many digits speak for a relation between two balls."""
    if op in ("=", "~"):
        return _agreement(left, right)
    return 30 if surely(op, left, right) else 0 if op in STRICT else ENOUGH


def _agreement(left: Any, right: Any) -> int:
    """How many digits two balls share at least, relative to the larger of them."""
    gap = (left - right).abs_upper()
    size = left.abs_upper().max(right.abs_upper())
    if gap <= _NOTHING:
        return 30
    return max(0, min(30, int(-float((gap / size).log() / 2.302585092994046))))
