"""A relation at a point: its two sides where its conditions hold, and whether it holds."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from derive.evaluate.arithmetic import BALL, EXACT
from derive.evaluate.number import Array, Inexact, TooWide
from derive.evaluate.point import Point
from derive.evaluate.run import Evaluator
from derive.evaluate.world import World
from derive.model.model import Model, Relation
from derive.model.scalar import Scalar

_PRECISIONS = (64, 256, 1024)
_SAME = 2.0**-800


class Sides(NamedTuple):
    """Both sides, of the shape of the relation's indices; `applies` where its conditions hold.

    `undefined` is where the relation applies and a side is no number.
    """

    left: Array
    right: Array
    applies: NDArray[np.bool_]
    undefined: NDArray[np.bool_]

    def gaps(self) -> Array:
        """Left minus right where the relation applies, one after the other."""
        return self.left[self.applies] - self.right[self.applies]


def sides(world: World, relation: Relation) -> Sides:
    """The two sides of `relation`. Raises EvaluationError, Inexact and TooWide among it."""
    shape = tuple(world.size(variable) for variable in relation.indices)
    applies = np.ones(shape, bool)
    for condition in relation.conditions:
        holds = world.tensor(relation.indices, condition)
        applies = applies & (holds != 0).astype(bool)
    left = world.tensor(relation.indices, relation.left)
    right = world.tensor(relation.indices, relation.right)
    defined = world.arithmetic.defined
    return Sides(left, right, applies, applies & ~(defined(left) & defined(right)))


# Of two balls these hold only where they hold of all numbers in them, `!=` included.
_TESTS: dict[str, Callable[[Array, Array], Array]] = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
_OPPOSITES = {"=": "!=", "!=": "=", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}


def surely(op: str, left: Array, right: Array) -> NDArray[np.bool_]:
    """Where `left op right` certainly holds, for exact numbers or balls."""
    return np.asarray(_TESTS[op](left, right)).astype(bool)


def surely_not(op: str, left: Array, right: Array) -> NDArray[np.bool_]:
    """Where `left op right` certainly fails, for exact numbers or balls."""
    return surely(_OPPOSITES[op], left, right)


class Judges:
    """Tells whether relations hold at points: exactly where that is possible, else by balls."""

    def __init__(self, model: Model, resolve: Callable[[Scalar], Scalar] | None = None) -> None:
        self.exact = Evaluator(model, EXACT, resolve)
        self.balls = [Evaluator(model, BALL(p), resolve) for p in _PRECISIONS]

    def holds(
        self, relation: Relation, point: Point, overrides: Mapping[str, Array] | None = None
    ) -> bool | None:
        """Whether `relation` holds; None where a side is undefined or this cannot be decided.

        Sides that are not rational count as equal when two hundred digits agree.
        Raises: EvaluationError where the relation has no value at any point of these sizes.
        """
        try:
            found = sides(self.exact.at(point, overrides), relation)
            if found.undefined.any():
                return None
            return bool(surely(relation.op, found.left, found.right)[found.applies].all())
        except Inexact:
            pass
        for evaluator in self.balls:
            try:
                found = sides(evaluator.at(point, overrides), relation)
            except TooWide:
                continue
            if found.undefined.any():
                continue
            left, right = found.left[found.applies], found.right[found.applies]
            if surely_not(relation.op, left, right).any():
                return False
            settled = surely(relation.op, left, right)
            if relation.op in ("=", "<=", ">="):
                settled |= np.array(
                    [abs(a - b) < _SAME for a, b in zip(left, right, strict=True)], bool
                )
            if settled.all():
                return True
        return None
