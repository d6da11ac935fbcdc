"""A point: sizes for the dimensions, exact values for the declared tensors."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from derive.evaluate.number import Array, objects
from derive.model.model import Model
from derive.model.scalar import Axis, IndexVariable


@dataclass(frozen=True, slots=True)
class Point:
    """`values` are object arrays of Fractions; `seed` chooses the unspecified functions."""

    sizes: Mapping[str, int]
    values: Mapping[str, Array]
    seed: int = 0

    def shape(self, axes: tuple[Axis, ...]) -> tuple[int, ...]:
        """The numbers of entries along `axes`."""
        return tuple(size_of(axis, self.sizes) for axis in axes)

    def with_values(self, values: Mapping[str, Array]) -> "Point":
        """This point with some tensors replaced."""
        changed = {name: objects(value) for name, value in values.items()}
        return Point(self.sizes, {**self.values, **changed}, self.seed)


def size_of(axis: Axis | IndexVariable, sizes: Mapping[str, int]) -> int:
    """The number of places on an axis; none where it ends before it starts."""
    found = axis.axis if isinstance(axis, IndexVariable) else axis
    return max(0, found.high.value(sizes) - found.low.value(sizes) + 1)


def fractions(values: Any) -> Array:
    """Nested lists of numbers as an array of Fractions; a float counts as its shortest decimal."""
    plain = np.asarray(values, dtype=object)
    result = np.empty(plain.shape, dtype=object)
    for place in np.ndindex(plain.shape):
        entry: Any = plain[place]
        result[place] = Fraction(str(entry)) if isinstance(entry, float) else Fraction(entry)
    return result


def dims_of(model: Model) -> tuple[str, ...]:
    """The names of dimensions that occur in the axes of declared tensors, then the others."""
    used = [
        name
        for symbol in model.symbols.values()
        for axis in symbol.axes
        for name in sorted(axis.low.names | axis.high.names)
    ]
    return tuple(dict.fromkeys([*used, *model.dims]))
