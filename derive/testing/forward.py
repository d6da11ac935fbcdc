"""A person's function as the engine of differences needs it: of one vector, many at a time."""

import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from typing import Any

import numpy as np

from derive.evaluate.lines import Floats
from derive.evaluate.number import Array
from derive.testing.arrays import OWN_FRAMES, Arguments, BadInput, as_numpy

__tracebackhide__ = OWN_FRAMES
_UNDEFINED = (ValueError, ArithmeticError, np.linalg.LinAlgError)


@contextmanager
def quiet() -> Iterator[None]:
    """Warnings of a function beside the point concern nobody."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


@dataclass
class Flat:
    """A function of some of its arrays, the others held fixed; see `lines.Forward`."""

    function: Callable[..., Any]
    arguments: Arguments
    checked: tuple[int, ...]
    batched: bool = False
    bounds: Sequence[tuple[float, float]] = ()
    evaluations: int = 0
    value: float = math.nan
    epsilon: float = 2.0**-52
    origin: Floats = field(default_factory=lambda: np.empty(0))
    blocks: tuple[slice, ...] = ()

    def __post_init__(self) -> None:
        arrays = [self.arguments.arrays[k] for k in self.checked]
        ends = [0, *accumulate(array.size for array in arrays)]
        self.blocks = tuple(slice(a, b) for a, b in pairwise(ends))
        self.origin = np.concatenate([array.astype(np.float64).reshape(-1) for array in arrays])
        for k, array in enumerate(self.arguments.arrays):
            if k not in self.checked:  # shared by all calls: a function must not write into it
                array.flags.writeable = False
        self._types = [a.dtype if a.dtype.kind == "f" else np.dtype(float) for a in arrays]
        self._plain = all(dtype == np.float64 for dtype in self._types)
        self._complex: bool | None = None if self._may_be_complex(arrays) else False
        self.value = self._at_the_point()

    def _may_be_complex(self, arrays: Sequence[Array]) -> bool:
        given = [self.arguments.given[k] for k in self.checked]
        plain = all(isinstance(g, np.ndarray | np.generic | float) for g in given)
        return self._plain and plain and bool(arrays)

    def _at_the_point(self) -> float:
        """The value at the point. Raises BadInput where there is none."""
        found = self._called(self.arrays(self.origin.copy()))
        if found.size != 1:
            help_ = "; a function of many values has no one gradient: sum them with fixed weights"
            raise BadInput(f"the function returned shape {found.shape}, not one number{help_}")
        if found.dtype.kind == "f":
            self.epsilon = float(np.finfo(found.dtype).eps)
        value = float(found.reshape(()))
        if not math.isfinite(value):
            raise BadInput(f"the function is {value} at the given inputs: it has no gradient there")
        if self.batched:
            self._wavers = self._within_a_batch(value)
        else:
            again = float(self._called(self.arrays(self.origin.copy())).reshape(()))
            self._wavers = abs(again - value)
        return value

    @property
    def wavers(self) -> float:
        """By how much two calls with the same inputs differ."""
        return self._wavers

    def _called(self, arrays: Sequence[Array]) -> Array:
        self.evaluations += 1
        try:
            found = self.arguments.call(self.function, arrays)
        except Exception as error:
            kind = type(error).__name__
            raise BadInput(f"the function raised {kind} at the given inputs: {error}") from error
        return as_numpy(found, "what the function returned")

    def _within_a_batch(self, value: float) -> float:
        """How far three like the one are apart. Raises BadInput where they are not like it."""
        found = self._called(self.arrays(np.tile(self.origin, (3, 1))))
        if found.shape != (3,):
            wanted = "with `batched=True`, three points along a leading axis should give shape (3,)"
            raise BadInput(f"{wanted}; the function returned shape {found.shape}")
        three = found.astype(float)
        if not np.abs(three - value).max() <= max(0.1 * abs(value), 1e-6):
            raise BadInput(f"the function is {value} alone, and {three[0]} within a batch")
        return float(np.ptp(three))

    def arrays(self, vector: Array) -> list[Array]:
        """The arrays of a vector, or of many along a leading axis."""
        arrays = list(self.arguments.arrays)
        batch = vector.shape[:-1]
        for k, block, dtype in zip(self.checked, self.blocks, self._types, strict=True):
            part = vector[..., block].reshape((*batch, *arrays[k].shape))
            arrays[k] = part if np.iscomplexobj(part) else part.astype(dtype, copy=False)
        return arrays

    def rounded(self, points: Floats) -> Floats:
        """Rounded to the types of the arrays."""
        if self._plain:
            return points
        result = points.copy()
        for block, dtype in zip(self.blocks, self._types, strict=True):
            if dtype != np.float64:
                result[..., block] = points[..., block].astype(dtype)
        return result

    def values(self, points: Floats) -> Floats:
        """One value for each row; NaN outside of the domain and where the function raises."""
        inside = self._inside(points)
        result = np.full(len(points), np.nan)
        if self.batched:
            if inside.any():
                result[inside] = self._batch(points if inside.all() else points[inside])
            return result
        for k in np.flatnonzero(inside):
            self.evaluations += 1
            with suppress(*_UNDEFINED):
                found = self.arguments.call(self.function, self.arrays(points[k]))
                result[k] = _number(found)
        return result

    def _batch(self, points: Array) -> Array:
        self.evaluations += len(points)
        found = self.arguments.call(self.function, self.arrays(points))
        return as_numpy(found, "what the function returned")

    def _inside(self, points: Floats) -> Array:
        inside = np.ones(len(points), bool)
        for block, (low, high) in zip(self.blocks, self.bounds, strict=False):
            part = points[:, block]
            if low > -math.inf:
                inside &= (part >= low).all(axis=1)
            if high < math.inf:
                inside &= (part <= high).all(axis=1)
        return inside

    def complex_values(self, points: Array) -> Array | None:
        """At complex points; None for a function that takes none, or returns real numbers."""
        if self._complex is False:
            return None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", np.exceptions.ComplexWarning)
                if self.batched:
                    found = np.asarray(self.arguments.call(self.function, self.arrays(points)))
                else:
                    rows = (self.arrays(row) for row in points)
                    found = np.array([self.arguments.call(self.function, row) for row in rows])
        except Exception:  # whatever a function does with numbers that it was not made for
            self._complex = False
            return None
        self.evaluations += len(points)
        self._complex = found.dtype.kind == "c" and found.shape == (len(points),)
        return found if self._complex else None


def _number(found: Any) -> float:
    if isinstance(found, float | int | np.generic):
        return float(found)
    return float(as_numpy(found, "what the function returned").reshape(()))
