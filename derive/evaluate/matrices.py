"""Functions of matrices, and products of many."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from derive.evaluate.labelled import Labelled, Places, Table, align
from derive.evaluate.number import Array, EvaluationError
from derive.evaluate.reductions import arranged
from derive.model.scalar import MatrixFunction, MatrixProduct

if TYPE_CHECKING:
    from derive.evaluate.world import World


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
    """The value of a `MatrixProduct`: one product for each pair of ends that occurs."""
    rows, columns = node.matrix.indices
    body = world.scalar(node.matrix.body)
    own = [variable.uid for variable in (node.variable, rows, columns)]
    others = tuple(label for label in body.labels if label not in own)
    factors = arranged(world, body, others, (node.variable, rows, columns)).array
    start = world.low(node.variable)
    first, last = world.places(node.low, start), world.places(node.high, start)
    labels, (lows, highs) = align([Labelled(p.labels, p.array) for p in (first, last)])
    lows, highs = np.broadcast_arrays(lows, highs)
    pairs, which = np.unique(
        np.stack([lows, np.maximum(highs, lows - 1)], axis=-1).reshape(-1, 2),
        axis=0,
        return_inverse=True,
    )
    ends = pairs.tolist() or [[0, -1]]  # where there are no places, any product will do
    products = np.stack([*_products(world, factors, node.step, ends)], axis=-3)
    places = [
        Places(labels, which.reshape(lows.shape)),
        *(world.places(index, 1) for index in node.indices),
    ]
    value = world.take(Table(others, products), places, False, "a product of matrices")
    for end in (first, last):
        if end.undefined is not None:
            value = world.where(end.undefined, Labelled((), world.arithmetic.undefined()), value)
    return value


def _products(
    world: "World", factors: Array, step: int, pairs: Sequence[Sequence[int]]
) -> Iterator[Array]:
    """The product from one place to another, for each pair of these; the pairs are sorted."""
    shape = (*factors.shape[:-3], *factors.shape[-2:])
    unit = np.broadcast_to(world.arithmetic.exact(np.eye(shape[-1], dtype=int)), shape)
    undefined = np.broadcast_to(world.arithmetic.undefined(), shape)
    total, low, done = unit, -1, -1
    for first, last in pairs:
        if first != low or done > last:
            total, low, done = unit, first, first - 1
        while done < last:
            done += 1
            inside = 0 <= done < factors.shape[-3]
            factor = factors[..., done, :, :] if inside else undefined
            total = _times(world, *((total, factor) if step > 0 else (factor, total)))
        yield total


def _times(world: "World", left: Array, right: Array) -> Array:
    """The product of the matrices in the last two axes."""
    batch = tuple(range(left.ndim - 2))
    row, inner, column = range(left.ndim, left.ndim + 3)
    operands = [((*batch, row, inner), left), ((*batch, inner, column), right)]
    return world.arithmetic.contract(operands, (*batch, row, column))
