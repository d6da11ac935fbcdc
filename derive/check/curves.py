"""How differences of the forward pass approach the claimed derivatives of a file, step by step."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from derive.check.engine import Engine
from derive.check.points import Points
from derive.evaluate.arithmetic import FLOAT
from derive.evaluate.lines import Floats
from derive.evaluate.number import Array, EvaluationError
from derive.evaluate.point import Point
from derive.evaluate.run import Evaluator
from derive.evaluate.slopes import units_of
from derive.evaluate.taylor import Curve, error_curve
from derive.model.model import Judgement, Model
from derive.model.scalar import Derivative, Index

_POINTS = 4


@dataclass(frozen=True, slots=True)
class Drawn:
    """The curve of one statement."""

    title: str
    curve: Curve


def curves(model: Model, seed: int) -> Iterator[Drawn]:
    """A curve for each claim of a whole derivative."""
    engine = Engine(model)
    points = Points(model, engine.resolve, seed)
    for judgement in model.judgements:
        claimed = _whole(judgement)
        if claimed is None:
            continue
        for point in points.some(0, _POINTS):
            try:
                curve = _curve(model, engine, judgement, claimed, point, seed)
            except EvaluationError:
                continue
            title = judgement.name or " ".join(judgement.text.split())
            yield Drawn(f"line {judgement.span.line}: {title}", curve)
            break


def _whole(judgement: Judgement) -> Derivative | None:
    """The derivative on the left, where the statement is about all of its entries."""
    relation = judgement.relation
    if (
        relation is None
        or relation.op != "="
        or judgement.at
        or judgement.case
        or relation.conditions
    ):
        return None
    left = relation.left
    if not isinstance(left, Derivative) or left.partial:
        return None
    indices = tuple(map(Index.of, relation.indices))
    return left if (*left.of_indices, *left.wrt_indices) == indices else None


def _curve(
    model: Model, engine: Engine, judgement: Judgement, node: Derivative, point: Point, seed: int
) -> Curve:
    """At one point; a tensor is weighted at random. Raises EvaluationError."""
    relation = judgement.relation
    assert relation is not None, "a whole derivative stands in a relation"
    evaluator = Evaluator(model, FLOAT, engine.resolve)
    claimed = np.asarray(evaluator.tensor(relation.indices, relation.right, point), float)
    forward = _Forward(evaluator, node, point, seed)
    gradient = np.tensordot(forward.weights, claimed, forward.weights.ndim).reshape(-1)
    if not np.isfinite(forward.value) or not np.isfinite(gradient).all():
        raise EvaluationError("no number here")
    units = units_of(forward.origin, (slice(0, len(forward.origin)),))
    return error_curve(forward, gradient, units, seed)


class _Forward:
    """A defined name as a function of another, in floats; see `lines.Forward`."""

    epsilon = 2.0**-52

    def __init__(self, evaluator: Evaluator, node: Derivative, point: Point, seed: int) -> None:
        self._evaluator, self._node, self._point = evaluator, node, point
        world = evaluator.at(point)
        base = np.asarray(world.value(node.wrt), float)
        self._shape = base.shape
        self.origin = base.reshape(-1)
        shape = np.shape(world.value(node.of))
        self.weights: Floats = np.random.default_rng(seed).standard_normal(shape)
        if not shape:
            self.weights = np.ones(())
        self.value = float(self.values(self.origin[None, :])[0])

    def rounded(self, points: Floats) -> Floats:
        """They are floats."""
        return points

    def values(self, points: Floats) -> Floats:
        """The weighted sum of the entries, at each row."""
        found = []
        for row in points:
            world = self._evaluator.at(self._point, {self._node.wrt: row.reshape(self._shape)})
            value = np.asarray(world.value(self._node.of), float)
            found.append(float((self.weights * value).sum()))
        return np.array(found)

    def complex_values(self, points: Array) -> Array | None:
        """None: these are real."""
        return None
