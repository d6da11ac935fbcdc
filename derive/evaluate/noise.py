"""How far computed numbers may be off: what nothing smooth would show near a point."""

from collections.abc import Callable

import numpy as np

from derive.evaluate.lines import COMPLEX_STEP, Floats, Forward, Lines, complex_slopes
from derive.evaluate.number import Array


def complex_error(
    f: Forward, lines: Lines, slopes: Floats, units: Floats, random: np.random.Generator
) -> Floats:
    """How far complex slopes may be off: what another step changes, and what is not smooth."""
    other = complex_slopes(f, lines, step=COMPLEX_STEP * 2.0**20)
    if other is None:
        return np.full(len(lines), np.inf)

    def beside(points: Floats) -> Array:
        found = [complex_slopes(f, lines, point) for point in points]
        return np.array([np.full(len(lines), np.nan) if row is None else row for row in found])

    return np.asarray(8 * np.abs(slopes - other) + scatter(beside, f, units, random))


def noise_of(f: Forward, units: Floats, random: np.random.Generator) -> float:
    """A bound of the error of values of `f` near the point."""
    found = scatter(lambda points: f.values(points)[:, None], f, units, random)
    return max(f.epsilon * abs(f.value), float(found[0]))


def scatter(
    evaluate: Callable[[Floats], Array], f: Forward, units: Floats, random: np.random.Generator
) -> Floats:
    """Bounds of the errors of numbers computed near the point: what nothing smooth would show.

    Differences of high order of nine equidistant values, as close together as values differ.
    `evaluate` gives a row of numbers for each point.
    """
    signs = np.where(random.random(len(units)) < 0.5, -1.0, 1.0)
    direction = signs * random.uniform(0.5, 1.0, len(units)) * units
    places = np.arange(1, 10)  # of one side: the point may be at a kink
    result: Floats | None = None
    for power in (-34, -24, -15, -9):
        points = f.rounded(f.origin + places[:, None] * (2.0**power * direction))
        values = evaluate(points)
        steps = values[1:] - values[:-1]
        seen = (steps != 0).any(axis=0) & np.isfinite(values).all(axis=0)
        if result is None:
            result = np.full(values.shape[1], np.nan)
        here = np.isnan(result) & seen
        result[here] = 4 * _jitter(values[:, here])
        if not np.isnan(result).any():
            break
    assert result is not None
    result[np.isnan(result)] = 0.0
    return result


def _jitter(values: Array) -> Floats:
    """The standard deviation of what is not smooth in equidistant values."""
    scale, worst = 1.0, np.zeros(values.shape[1])
    for order in range(1, 7):
        values = values[1:] - values[:-1]
        scale *= 2 * (2 * order - 1) / order
        if order >= 4:
            worst = np.maximum(worst, np.sqrt((values**2).sum(axis=0) / (scale * len(values))))
    return worst
