"""Functions of matrices, and products of many."""

from typing import TYPE_CHECKING

import numpy as np

from derive.evaluate.labelled import Labelled, Table
from derive.evaluate.number import EvaluationError
from derive.evaluate.reductions import arranged
from derive.model.scalar import MatrixFunction, MatrixProduct

if TYPE_CHECKING:
    from derive.evaluate.run import World


def matrix_entry(world: "World", node: MatrixFunction) -> Labelled:
    """The value of a `MatrixFunction`."""
    own = node.matrix.indices
    body = world.scalar(node.matrix.body)
    others = tuple(label for label in body.labels if label not in [v.uid for v in own])
    stack = arranged(world, body, others, own).array
    if stack.shape[-1] != stack.shape[-2]:
        raise EvaluationError(f"{node.operation} of a matrix of shape {stack.shape[-2:]}")
    if node.operation in ("det", "logdet"):
        return Labelled(others, world.arithmetic.matrix(node.operation, stack, 1))
    lows = [world.dim(variable.axis.low) for variable in reversed(own)]
    places = [world.places(index, low) for index, low in zip(node.indices, lows, strict=True)]

    def result(power: int) -> Labelled:
        table = Table(others, world.arithmetic.matrix(node.operation, stack, power))
        return world.take(table, places, False, "a matrix")

    if node.power is None:
        return result(1)
    exponent = world.scalar(node.power)
    whole, fits = world.arithmetic.integers(exponent.array)
    value = Labelled((), world.arithmetic.undefined())
    for power in np.unique(whole[fits]):
        here = Labelled(exponent.labels, fits & (whole == power))
        value = world.where(here, result(int(power)), value)
    return value


def matrix_product(world: "World", node: MatrixProduct) -> Labelled:
    """The value of a `MatrixProduct`."""
    raise EvaluationError("a product of matrices over a range")
