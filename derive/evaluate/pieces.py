"""Pieces joined or split, and unspecified functions."""

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from derive.evaluate.arithmetic import EXACT
from derive.evaluate.labelled import Labelled, Places, Table, align, ordered, spread, take
from derive.evaluate.number import Array, EvaluationError, TooWide
from derive.evaluate.products import product
from derive.evaluate.reductions import arranged
from derive.evaluate.unknown import numbers_of, ridges
from derive.model.scalar import Apply, Blocks, Index, Split, Unknown

if TYPE_CHECKING:
    from derive.evaluate.world import World

_NOWHERE = -(2**60)
# Labels of axes that belong to no index variable, whose labels are positive.
_RIDGE, _OUTPUT, _INPUT = -3, -1, -2


def unknown_entry(world: "World", node: Unknown) -> Labelled:
    """An entry of an unspecified function or of its derivative, at this point's instance of it."""
    shapes = [tuple(map(world.size, tensor.indices)) for tensor in node.arguments]
    batch, vector = _flattened(world, node)
    function = world.model.functions.get(node.function)
    axes = () if function is None else function.output
    out_shape = world.point.shape(axes)
    outputs = prod(out_shape)
    rational = world.arithmetic.name == "exact"
    instance = ridges(node.function, world.point.seed, vector.shape[-1], outputs, rational)
    place = _flat_place(world, node.indices, out_shape, [world.dim(a.low) for a in axes])
    slots = []
    for number, indices in node.derivatives:
        lows = [world.dim(v.axis.low) for v in node.arguments[number].indices]
        slot = _flat_place(world, indices, shapes[number], lows)
        start = sum(map(prod, shapes[:number]))
        slots.append(Places(slot.labels, slot.array + start))
    arithmetic = world.arithmetic
    slopes, shifts, weights = numbers_of(instance, arithmetic)
    lines = arithmetic.contract(
        [((_RIDGE, _OUTPUT, _INPUT), slopes), ((*batch, _INPUT), vector)], (_RIDGE, *batch, _OUTPUT)
    )
    shifts = shifts.reshape((len(shifts), *(1,) * len(batch), outputs))
    at = Table((_RIDGE, *batch), arithmetic.apply("add", [lines, shifts]))
    inner, _ = take(at, [place])
    phi = instance.phi(arithmetic, len(slots), inner.array)
    by_ridge = (_RIDGE,)
    factors = [Labelled(inner.labels, phi)]
    factors.append(world.take(Table(by_ridge, weights), [place], False, "a function"))
    for slot in slots:
        found = world.take(Table(by_ridge, slopes), [place, slot], False, "an argument")
        factors.append(found)
    total = product(world, factors)
    labels = (*(label for label in total.labels if label != _RIDGE), _RIDGE)
    summed = arithmetic.fold("sum", ordered(total, labels))
    return Labelled(labels[:-1], summed)


def _flattened(world: "World", node: Unknown) -> tuple[tuple[int, ...], Array]:
    """All arguments as one vector, along the last axis; the labels of the axes before it."""
    values = [world.scalar(tensor.body) for tensor in node.arguments]
    own = {variable.uid for tensor in node.arguments for variable in tensor.indices}
    sizes = {label: n for value in values for label, n in value.sizes.items()}
    batch = tuple(label for label in sizes if label not in own)
    sizes.update((v.uid, world.size(v)) for tensor in node.arguments for v in tensor.indices)
    flat = [
        spread(value, (*batch, *(v.uid for v in tensor.indices)), sizes).reshape(
            [*(sizes[label] for label in batch), prod(map(world.size, tensor.indices))]
        )
        for value, tensor in zip(values, node.arguments, strict=True)
    ]
    return batch, np.concatenate(flat, axis=-1)


def _flat_place(
    world: "World", indices: Sequence[Index], shape: Sequence[int], lows: Sequence[int]
) -> Places:
    """The row-major position of `indices` in a tensor; outside it, far outside."""
    parts = [Labelled((), np.asarray(0))]
    outside = [Labelled((), np.asarray(False))]
    stride = prod(shape)
    for index, low, size in zip(indices, lows, shape, strict=True):
        stride //= max(size, 1)
        places = world.places(index, low)
        parts.append(Labelled(places.labels, places.array * stride))
        wrong = (places.array < 0) | (places.array >= size)
        outside.append(Labelled(places.labels, wrong))
    labels, arrays = align([*parts, *outside])
    total = sum(arrays[1 : len(parts)], arrays[0])
    wrong = np.logical_or.reduce(np.broadcast_arrays(*arrays[len(parts) :]))
    return Places(labels, np.asarray(np.where(wrong, _NOWHERE, total)))


def by_rationals(world: "World", node: Apply) -> Labelled:
    """A comparison that enclosures leave open. Raises TooWide where rationals do not suffice."""
    try:
        found = world.beside(EXACT).scalar(node)
    except EvaluationError:
        raise TooWide("a comparison is not decided at this precision") from None
    if not EXACT.defined(found.array).all():
        raise TooWide("a comparison of what is undefined somewhere")
    return Labelled(found.labels, world.arithmetic.exact(found.array))


def joined(world: "World", node: Blocks) -> Labelled:
    """The value of `Blocks`."""
    values = [(part.variable, world.scalar(part.body)) for part in node.parts]
    sizes = {
        label: size
        for variable, value in values
        for label, size in value.sizes.items()
        if label != variable.uid
    }
    others = tuple(sizes)
    pieces = [
        spread(value, (*others, v.uid), {**sizes, v.uid: world.size(v)}) for v, value in values
    ]
    joined = np.concatenate(pieces, axis=-1)
    return world.take(Table(others, joined), [world.places(node.index, 1)], False, "a list")


def split(world: "World", node: Split) -> Labelled:
    """The value of a `Split`."""
    body = world.scalar(node.body)
    own = [variable.uid for variable in node.variables]
    others = tuple(label for label in body.labels if label not in own)
    full = arranged(world, body, others, node.variables).array
    flat = full.reshape((*full.shape[: len(others)], prod(map(world.size, node.variables))))
    return world.take(Table(others, flat), [world.places(node.index, 1)], False, "a list")
