"""Where a function is to be tried: the given point, and points drawn in a stated domain."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from derive.evaluate.number import Array
from derive.testing.arrays import Arguments, BadInput, entry

Bounds = tuple[float, float]
_EVERYWHERE = (-math.inf, math.inf)


@dataclass(frozen=True)
class Domain:
    """Bounds for each checked array of some arguments."""

    arguments: Arguments
    checked: tuple[int, ...]
    bounds: tuple[Bounds, ...]

    @staticmethod
    def of(domain: Any, arguments: Arguments, checked: tuple[int, ...]) -> "Domain":
        """From one pair, a pair for each name, or a pair for each position. Raises BadInput."""
        names = [arguments.names[k] for k in checked]
        if domain is None:
            return Domain(arguments, checked, tuple(_EVERYWHERE for _ in checked))
        if isinstance(domain, Mapping):
            unknown = [name for name in domain if name not in names]
            if unknown:
                raise BadInput(f"`domain` names {unknown[0]!r}, which is not checked: {names}")
            pairs = [domain.get(name, _EVERYWHERE) for name in names]
        elif len(domain) == 2 and all(isinstance(end, int | float) for end in domain):
            pairs = [domain] * len(checked)
        else:
            pairs = list(domain)
        bounds = tuple(_pair(pair) for pair in pairs)
        if len(bounds) != len(checked):
            raise BadInput(f"`domain` has {len(bounds)} pairs for {len(checked)} inputs")
        for k, (low, high) in zip(checked, bounds, strict=True):
            array = arguments.arrays[k]
            outside = ~((array >= low) & (array <= high))
            if outside.any():
                place = tuple(int(j) for j in np.argwhere(outside)[0])
                name = entry(arguments.names[k], place)
                raise BadInput(f"`{name}` is {array[place]}, outside of its domain [{low}, {high}]")
        return Domain(arguments, checked, bounds)

    def points(self, count: int, seed: int) -> Iterator[Arguments]:
        """The given point, then as many drawn ones."""
        yield self.arguments
        if not count:
            return
        random = np.random.default_rng(seed)
        drawn = [
            self._drawn(self.arguments.arrays[k], bounds, count, random)
            for k, bounds in zip(self.checked, self.bounds, strict=True)
        ]
        for number in range(count):
            arrays = list(self.arguments.arrays)
            for k, values in zip(self.checked, drawn, strict=True):
                arrays[k] = values[number]
            yield replace(self.arguments, arrays=tuple(arrays))

    def _drawn(self, own: Array, bounds: Bounds, count: int, random: np.random.Generator) -> Array:
        """For every entry one number from each of `count` equal parts of the domain, shuffled."""
        parts = np.tile(np.arange(count).reshape(-1, *(1,) * own.ndim), (1, *own.shape))
        parts = random.permuted(parts, axis=0)
        values = _spread((parts + random.random(parts.shape)) / count, *bounds)
        return values.astype(own.dtype if own.dtype.kind == "f" else float)


def _spread(part: Array, low: float, high: float) -> Array:
    """From [0, 1] to a domain; where it has no end, over several orders of magnitude."""
    if math.isfinite(low) and math.isfinite(high):
        return np.asarray(low + (high - low) * part)
    if math.isfinite(low):
        return np.asarray(low + part / (1 - part))
    if math.isfinite(high):
        return np.asarray(high - part / (1 - part))
    return np.asarray(np.sinh(12 * part - 6))


def _pair(pair: Any) -> Bounds:
    try:
        low, high = (float(end) for end in pair)
    except (TypeError, ValueError):
        raise BadInput(f"`domain` needs pairs (low, high), not {pair!r}") from None
    if not low < high:
        raise BadInput(f"`domain` has nothing between {low} and {high}")
    return low, high
