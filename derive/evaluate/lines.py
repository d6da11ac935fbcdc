"""Slopes of a function of floats along lines through a point, each with an error bar.

What is measured is the residual: the slope of f minus a claimed linear part. Steps are chosen line
by line from the error that each attempt shows: truncation (the rungs disagree) asks for smaller
ones, rounding and noise for larger ones. At a kink the slopes of the two sides keep apart however
small the step; `sides` gives both. Lines are evaluated together.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from derive.evaluate.number import Array
from derive.evaluate.richardson import central, one_sided

Floats = NDArray[np.float64]
Places = NDArray[np.int64]

_RUNGS = 3
_FIRST_STEP = 2.0**-5
_LARGEST_STEP = 0.5
_SMALLEST_STEP = 2.0**-40
_FACTOR = 16.0
_SCALES = np.array([sign / 2**j for j in range(_RUNGS) for sign in (1, -1)])
_ATTEMPTS = 14
_SIDE_STEPS = 20
_MOST_NUMBERS = 1 << 18  # in one batch of shifted points: it stays in the cache
COMPLEX_STEP = 2.0**-70


class Forward(Protocol):
    """A function of all entries of its arrays, flattened to one vector."""

    @property
    def origin(self) -> Floats:
        """The point, one number for each entry."""

    @property
    def value(self) -> float:
        """The function there."""

    @property
    def epsilon(self) -> float:
        """The relative rounding error of a value."""

    def rounded(self, points: Floats) -> Floats:
        """The nearest points that the types of the arrays can hold, one by row."""

    def values(self, points: Floats) -> Floats:
        """The function at each row; NaN where it has no value."""

    def complex_values(self, points: Array) -> Array | None:
        """Likewise at complex points; None where it takes none."""


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines through the point: `directions` by row, or along single `entries`.

    The parameter of a line counts in units in which a step of one is large.
    """

    claimed: Floats
    directions: Floats | None = None
    entries: Places | None = None
    units: Floats | None = None

    def __len__(self) -> int:
        found = self.directions if self.entries is None else self.entries
        assert found is not None
        return len(found)

    def points(
        self, f: Forward, chosen: Places, steps: Floats, scales: Floats
    ) -> tuple[Floats, Floats]:
        """The points some multiples of a step along chosen lines, and what is claimed to change.

        Shapes: one row for each line, for each scale anew.
        """
        if self.entries is None:
            assert self.directions is not None
            shifts = steps[:, None] * self.directions[chosen]
            exact = np.multiply.outer(scales, shifts).reshape(-1, len(f.origin))
            exact += f.origin
            points = f.rounded(exact)
            if points is exact:
                return points, np.multiply.outer(scales, shifts @ self.claimed).reshape(-1)
            return points, (points - f.origin) @ self.claimed
        assert self.units is not None
        rows = np.arange(len(scales) * len(chosen))
        places = np.tile(self.entries[chosen], len(scales))
        points = np.tile(f.origin, (len(rows), 1))
        points[rows, places] += np.multiply.outer(
            scales, steps * self.units[self.entries[chosen]]
        ).reshape(-1)
        points = f.rounded(points)
        change = points[rows, places] - f.origin[places]
        return points, change * self.claimed[places]

    def some(self, chosen: Places) -> "Lines":
        """Some of the lines."""
        directions = None if self.directions is None else self.directions[chosen]
        entries = None if self.entries is None else self.entries[chosen]
        return Lines(self.claimed, directions, entries, self.units)

    def slopes(self) -> Floats:
        """The claimed slope of each line."""
        if self.entries is None:
            assert self.directions is not None
            return np.asarray(self.directions @ self.claimed)
        assert self.units is not None
        return np.asarray((self.claimed * self.units)[self.entries])


@dataclass(slots=True)
class Measured:
    """For each line the residual slope and an error bar.

    `suspect` is where the two sides do not seem to fit: the bar holds only away from kinks.
    """

    residual: Floats
    error: Floats
    suspect: NDArray[np.bool_]
    step: Floats


@dataclass(frozen=True, slots=True)
class Sides:
    """For each line an interval that holds the residual slopes of both sides.

    `kinked` is where they surely differ.
    """

    low: Floats
    high: Floats
    error: Floats
    kinked: NDArray[np.bool_]


class _Rungs:
    """Residual values at +h, -h, +h/2, -h/2, ... of some lines, each with a step of its own."""

    def __init__(self, f: Forward, lines: Lines, chosen: Places, steps: Floats) -> None:
        scales = _SCALES
        values = np.empty((len(scales), len(chosen)))
        flat = np.zeros(len(chosen), bool)
        size = max(1, _MOST_NUMBERS // (len(f.origin) * len(scales)))
        for start in range(0, len(chosen), size):
            part = slice(start, start + size)
            points, change = lines.points(f, chosen[part], steps[part], scales)
            risen = f.values(points) - f.value
            flat[part] = ~risen.reshape(len(scales), -1).any(axis=0)
            values[:, part] = (risen - change).reshape(len(scales), -1)
        self.up, self.down = values[0::2], values[1::2]
        self.steps = steps
        # Where no value moves at all, what the function adds up hides what is smaller.
        self.hidden = np.where(flat, f.epsilon * np.max(np.abs(f.origin)), 0.0)


def measure(f: Forward, lines: Lines, noise: float, wanted: Floats) -> Measured:
    """The residual slopes, as exactly as wanted where that is possible.

    `noise` bounds the error of a value of `f`.
    """
    count = len(lines)
    found = Measured(
        np.zeros(count), np.full(count, np.inf), np.zeros(count, bool), np.zeros(count)
    )
    # Three rungs of a smooth function are most exact near this step.
    steps = first = np.full(count, min(_FIRST_STEP, f.epsilon ** (1 / 6)))
    too_large, too_small = np.full(count, np.inf), np.zeros(count)
    active, slopes = np.arange(count), np.abs(lines.slopes())
    for _ in range(_ATTEMPTS):
        rungs = _Rungs(f, lines, active, steps[active])
        with np.errstate(all="ignore"):
            tried = _symmetric(rungs, slopes[active], noise)
            residual, truncation, rounding, suspect = tried
            error = _or_endless(truncation + rounding)
            if steps is first and (error <= wanted).all():
                return Measured(residual, error, suspect, first)
            # A smaller step that says something else, beyond its error, is right.
            apart = np.abs(residual - found.residual[active]) > error + found.error[active]
        smaller = steps[active] < found.step[active]
        better = np.where(apart, smaller, error < found.error[active])
        # What gets worse at a smaller step is noise, also where it looked like truncation.
        noisy = smaller & ~apart & (error > 2 * found.error[active])
        before = found.step[active]
        places = active[better]
        found.residual[places], found.error[places] = residual[better], error[better]
        found.suspect[places], found.step[places] = suspect[better], steps[places]
        # Noise alone can move the rungs apart by this much.
        shrink = ~(truncation <= np.maximum(rounding, 16 * noise / steps[active]))
        shrink |= apart & ~smaller
        too_large[active] = np.where(shrink, steps[active], too_large[active])
        too_small[active] = np.where(shrink, too_small[active], steps[active])
        too_small[active] = np.where(
            noisy, np.maximum(too_small[active], before), too_small[active]
        )
        below = noisy & (too_large[active] <= before)
        too_large[active] = np.where(below, np.inf, too_large[active])
        steps = steps.copy()
        steps[active] = _next(too_small[active], too_large[active])
        active = active[(steps[active] > 0) & ~(error <= wanted[active])]
        if not len(active):
            break
    return found


def _next(too_small: Floats, too_large: Floats) -> Floats:
    """The step to try next; zero where the right one is found."""
    both = np.isfinite(too_large) & (too_small > 0)
    with np.errstate(invalid="ignore"):
        between = np.sqrt(np.where(both, too_small * too_large, 0.0))
        between = np.where(too_large < 8 * too_small, 0.0, between)
    down = np.where(too_large / _FACTOR < _SMALLEST_STEP, 0.0, too_large / _FACTOR)
    up = np.where(too_small >= _LARGEST_STEP, 0.0, np.minimum(too_small * _FACTOR, _LARGEST_STEP))
    return np.asarray(np.where(both, between, np.where(np.isfinite(too_large), down, up)))


def _symmetric(rungs: _Rungs, slopes: Floats, noise: float) -> tuple[Floats, Floats, Floats, Any]:
    """Slopes, what truncation and rounding do to them, and whether the sides seem not to fit.

    Where one side has no values, the other alone counts.
    """
    unit = (noise + rungs.hidden) / rungs.steps
    (d1, d2, d3), (coarse, fine), (best,) = central(rungs.up, rungs.down, rungs.steps)
    # Rungs of a smooth function come closer at a known rate; that of others shows nothing.
    first, second = np.abs(d3 - d2), np.abs(fine - coarse)
    moved = 2 * np.maximum(first, np.abs(d2 - d1))
    is_smooth = second < first / 2
    # By chance a term may vanish: relative to the slope, terms shrink like powers of the first.
    rate = first / (slopes + np.abs(d3))
    second = np.maximum(second, first * rate)
    third = np.maximum(second / 15, second * rate)
    ahead, ahead_error, behind, behind_error = _both_sides(rungs, noise)
    suspect = np.abs(ahead - behind) > 4 * (ahead_error + behind_error)
    values = [best, fine, d2]
    truncations = [np.where(is_smooth, third, moved), np.where(is_smooth, second, moved), moved]
    roundings = [7 * unit, 6 * unit, 2 * unit]
    only_ahead, only_behind = np.isnan(behind), np.isnan(ahead)
    if only_ahead.any() or only_behind.any():
        values += [ahead, behind]
        truncations.append(np.where(only_ahead, ahead_error, np.nan))
        truncations.append(np.where(only_behind, behind_error, np.nan))
        roundings += [0 * unit, 0 * unit]
    errors = _or_endless(np.add(truncations, roundings))
    chosen = np.argmin(errors, axis=0), np.arange(len(unit))
    residual, truncation, rounding = (
        np.array(rows)[chosen] for rows in (values, truncations, roundings)
    )
    return residual, _or_endless(truncation), rounding, suspect


def _both_sides(rungs: _Rungs, noise: float) -> tuple[Floats, Floats, Floats, Floats]:
    """The slopes of both sides, each with its error."""
    risen = np.concatenate([rungs.up, rungs.down], axis=1)
    steps = np.concatenate([rungs.steps, -rungs.steps])
    (s1, s2, s3), (coarse, fine), (best,) = one_sided(risen, steps)
    last, apart = np.abs(s3 - s2), np.abs(fine - coarse)
    moved = 2 * np.maximum(last, np.abs(s2 - s1))
    error = np.where(apart < last * 0.55, np.abs(best - fine), moved) + 30 * noise / np.abs(steps)
    count = len(rungs.steps)
    return best[:count], error[:count], best[count:], error[count:]


def sides(f: Forward, lines: Lines, chosen: Places, noise: float) -> Sides:
    """The slopes of both sides of some lines, of several steps."""
    count = len(chosen)
    steps = [_LARGEST_STEP / 4.0**k for k in range(_SIDE_STEPS)]
    found = [np.full(count, number) for number in (0.0, np.inf, 0.0, np.inf)]
    with np.errstate(all="ignore"):
        tried = [
            _both_sides(_Rungs(f, lines, chosen, np.full(count, step)), noise) for step in steps
        ]
        for now, following in pairwise(tried):
            for j in (0, 2):
                # An error bar may be small by chance: the next step has to say the same.
                slope = now[j]
                bar = _or_endless(np.maximum(now[j + 1], np.abs(slope - following[j])))
                apart = np.abs(slope - found[j]) > bar + found[j + 1]
                better = (bar < found[j + 1]) | apart
                found[j] = np.where(better, slope, found[j])
                found[j + 1] = np.where(better, bar, found[j + 1])
    ahead, ahead_error, behind, behind_error = found
    ahead = np.where(np.isinf(ahead_error), behind, ahead)
    behind = np.where(np.isinf(behind_error), ahead, behind)
    ahead_error, behind_error = (
        np.where(np.isinf(a), b, a)
        for a, b in ((ahead_error, behind_error), (behind_error, ahead_error))
    )
    error = np.maximum(ahead_error, behind_error)
    kinked = np.abs(ahead - behind) > 4 * error
    return Sides(np.minimum(ahead, behind), np.maximum(ahead, behind), error, kinked)


def _or_endless(errors: Floats) -> Floats:
    return np.where(np.isnan(errors), np.inf, errors)


def complex_slopes(
    f: Forward, lines: Lines, origin: Floats | None = None, step: float = COMPLEX_STEP
) -> Floats | None:
    """The slopes themselves, by steps along the imaginary axis; None where that cannot be.

    They are right where `f` is analytic, to rounding: the caller has to compare them.
    """
    count = len(lines)
    result = np.empty(count)
    start_point = f.origin if origin is None else origin
    size = max(1, _MOST_NUMBERS // (2 * len(f.origin)))
    for start in range(0, count, size):
        chosen = np.arange(start, min(start + size, count))
        if lines.entries is None:
            assert lines.directions is not None
            points = start_point + 1j * step * lines.directions[chosen]
        else:
            assert lines.units is not None
            places = lines.entries[chosen]
            points = np.tile(start_point.astype(complex), (len(chosen), 1))
            points[np.arange(len(chosen)), places] += 1j * step * lines.units[places]
        values = f.complex_values(points)
        if values is None:
            return None
        result[chosen] = values.imag / step
    return result if np.isfinite(result).all() else None
