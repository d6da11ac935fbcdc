"""Reductions over an index: sums of products, products, extrema, the place of a maximum."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from derive.evaluate.labelled import Labelled, align, limit, spread
from derive.evaluate.number import Array
from derive.evaluate.products import factors
from derive.model.scalar import IndexVariable, Reduce, Scalar

if TYPE_CHECKING:
    from derive.evaluate.world import World


def reduced(world: "World", node: Reduce) -> Labelled:
    """The value of a `Reduce`."""
    if node.operation == "sum" and node.condition is None:
        return _contraction(world, node)
    body = along(world, node.variable, world.scalar(node.body))
    if node.condition is None:
        return Labelled(body.labels[:-1], world.arithmetic.fold(node.operation, body.array))
    holds, undefined = world.truth(node.condition)
    if undefined is not None:
        body = world.where(undefined, Labelled((), world.arithmetic.undefined()), body)
    if node.operation in ("sum", "prod"):
        unit = world.arithmetic.exact(np.asarray(int(node.operation == "prod")))
        body = along(world, node.variable, world.where(holds, body, Labelled((), unit)))
        return Labelled(body.labels[:-1], world.arithmetic.fold(node.operation, body.array))
    labels, arrays = align([body, holds])
    value = along(world, node.variable, Labelled(labels, np.broadcast_arrays(*arrays)[0]))
    mask = along(world, node.variable, Labelled(labels, np.broadcast_arrays(*arrays)[1]))
    return Labelled(value.labels[:-1], _masked(world, node.operation, value.array, mask.array))


def _masked(world: "World", operation: str, values: Array, mask: Array) -> Array:
    """The `max` or `min` over the last axis of the entries where `mask` holds."""
    shape = values.shape[:-1]
    best = np.broadcast_to(world.arithmetic.undefined(), shape)
    seen = np.zeros(shape, bool)
    for k in range(values.shape[-1]):
        both = mask[..., k] & seen
        alone = mask[..., k] & ~seen
        if both.any():
            new = world.arithmetic.apply(operation, [best[both], values[both, k]])
            best = np.array(best)
            best[both] = new
        best = np.where(alone, values[..., k], best)
        seen = seen | alone
    return np.asarray(best)


def along(world: "World", variable: IndexVariable, value: Labelled) -> Labelled:
    """`value` with the axis of `variable` last."""
    others = tuple(label for label in value.labels if label != variable.uid)
    return arranged(world, value, others, (variable,))


def arranged(
    world: "World", value: Labelled, others: tuple[int, ...], last: Sequence[IndexVariable]
) -> Labelled:
    """`value` repeated to have exactly the axes `others`, then those of `last`."""
    sizes = value.sizes
    sizes.update((variable.uid, world.size(variable)) for variable in last)
    labels = (*others, *(variable.uid for variable in last))
    limit([sizes[label] for label in labels])
    return Labelled(labels, spread(value, labels, sizes))


def _contraction(world: "World", node: Reduce) -> Labelled:
    """A sum of products: the product is not formed for all indices at once."""
    summed = [node.variable]
    body = node.body
    while isinstance(body, Reduce) and body.operation == "sum" and body.condition is None:
        if body.variable in summed:
            break
        summed.append(body.variable)
        body = body.body
    operands = factors(world, body)
    present = dict.fromkeys(label for operand in operands for label in operand.labels)
    for variable in summed:
        if variable.uid not in present:
            ones = world.arithmetic.exact(np.ones(world.size(variable), int))
            operands.append(Labelled((variable.uid,), ones))
    gone = {variable.uid for variable in summed}
    out = tuple(label for label in present if label not in gone)
    sizes = {label: size for operand in operands for label, size in operand.sizes.items()}
    limit(sizes[label] for label in out)
    return Labelled(out, world.arithmetic.contract(operands, out))


def first_maximum(world: "World", variable: IndexVariable, body: Scalar) -> Labelled:
    """The place of the first maximum of `body`."""
    rows = along(world, variable, world.scalar(body))
    places, fits = world.arithmetic.argmax(rows.array)
    numbers = world.arithmetic.exact(np.asarray(places + world.dim(variable.axis.low)))
    value = Labelled(rows.labels[:-1], numbers)
    if fits.all():
        return value
    wrong = Labelled(rows.labels[:-1], ~fits)
    return world.where(wrong, Labelled((), world.arithmetic.undefined()), value)
