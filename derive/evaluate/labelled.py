"""Arrays whose axes carry index variables as names; broadcasting goes by name."""

from collections.abc import Iterable, Mapping, Sequence
from math import prod
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from derive.evaluate.number import Array, EvaluationError

_MOST_ENTRIES = 5_000_000


class Labelled(NamedTuple):
    """One axis of `array` for each of `labels`, the `uid`s of index variables."""

    labels: tuple[int, ...]
    array: Array

    @property
    def sizes(self) -> dict[int, int]:
        """The size along each label."""
        return dict(zip(self.labels, self.array.shape, strict=True))


def ordered(value: Labelled, labels: Sequence[int]) -> Array:
    """The array with its axes in the order of `labels`, size one along those it lacks."""
    own, array = value
    if own == tuple(labels):
        return array
    if not own:
        return array.reshape((1,) * len(labels))
    present = [label for label in labels if label in own]
    if tuple(present) != own:
        array = array.transpose([own.index(label) for label in present])
    if len(present) == len(labels):
        return array
    shape = iter(array.shape)
    return array.reshape([next(shape) if label in own else 1 for label in labels])


def align(values: Sequence[Labelled]) -> tuple[tuple[int, ...], list[Array]]:
    """All labels that occur, and the arrays in a form in which NumPy broadcasts them."""
    longest = max((value.labels for value in values), key=len)
    if all(value.labels == longest or not value.labels for value in values):
        return longest, [value.array for value in values]
    sizes = {label: size for value in values for label, size in value.sizes.items()}
    limit(sizes.values())
    labels = tuple(sizes)
    return labels, [ordered(value, labels) for value in values]


def spread(value: Labelled, labels: Sequence[int], sizes: Mapping[int, int]) -> Array:
    """The array repeated to have exactly the axes `labels`."""
    return np.broadcast_to(ordered(value, labels), [sizes[label] for label in labels])


def either(left: Labelled, right: Labelled) -> Labelled:
    """Where one of two masks holds."""
    labels, arrays = align([left, right])
    return Labelled(labels, arrays[0] | arrays[1])


def limit(sizes: Iterable[int]) -> None:
    """Raises EvaluationError for an array that no memory could hold."""
    total = prod(sizes)
    if total > _MOST_ENTRIES:
        raise EvaluationError(f"a tensor of {total} entries is too large to evaluate")


class Table(NamedTuple):
    """All entries of a name: axes for the labels `extra`, then one for each axis of the name.

    A definition has extra labels where it is evaluated for many perturbations at once.
    """

    extra: tuple[int, ...]
    array: Array

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the named tensor."""
        return self.array.shape[len(self.extra) :]


class Places(NamedTuple):
    """Positions from 0 along one axis, as an array of integers with named axes.

    `run` is the (label, start) of positions that run on as the label does, where that is known;
    `undefined` tells where a computed position has no value.
    """

    labels: tuple[int, ...]
    array: NDArray[np.int64]
    run: tuple[int, int] | None = None
    undefined: Labelled | None = None


def take(table: Table, places: Sequence[Places]) -> tuple[Labelled, NDArray[np.bool_] | None]:
    """The entries at `places`, one for each axis, and where a place is outside (None: nowhere).

    The mask has the shape of the result. Entries outside are arbitrary.
    """
    slices = _slices(table, places)
    if slices is None:
        return _gather(table, places)
    labels = (*table.extra, *(place.run[0] for place in places if place.run is not None))
    return Labelled(labels, table.array[(..., *slices)] if slices else table.array), None


def _slices(table: Table, places: Sequence[Places]) -> list[slice | int] | None:
    """The places as slices and fixed positions; None where they are not, or leave the table."""
    seen = list(table.extra)
    slices: list[slice | int] = []
    for place, size in zip(places, table.shape, strict=True):
        if place.run is not None:
            label, start = place.run
            stop = start + len(place.array)
            if start < 0 or stop > size or label in seen:
                return None
            seen.append(label)
            slices.append(slice(start, stop))
        elif not place.labels and place.undefined is None and 0 <= place.array < size:
            slices.append(int(place.array))
        else:
            return None
    return slices


def _gather(table: Table, places: Sequence[Places]) -> tuple[Labelled, NDArray[np.bool_] | None]:
    """`take` by fancy indexing. A place may depend on the extra labels too (a computed index)."""
    sizes = dict(zip(table.extra, table.array.shape, strict=False))
    for place in places:
        sizes.update(zip(place.labels, place.array.shape, strict=True))
    labels = tuple(sizes)
    index = [ordered(Labelled((label,), np.arange(sizes[label])), labels) for label in table.extra]
    outside = np.zeros((1,) * len(labels), bool)
    for place, size in zip(places, table.shape, strict=True):
        at = ordered(Labelled(place.labels, place.array), labels)
        wrong = (at < 0) | (at >= size)
        outside = outside | wrong
        index.append(np.where(wrong, 0, at))
    shape = tuple(sizes.values())
    wrong = np.broadcast_to(outside, shape)
    if 0 in table.shape:
        return Labelled(labels, np.zeros(shape, table.array.dtype)), wrong
    picked = np.empty(shape, table.array.dtype)
    picked[...] = table.array[tuple(index)]
    return Labelled(labels, picked), wrong if wrong.any() else None
