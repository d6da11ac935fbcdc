"""From values at shifts to slopes: the one place where finite differences become derivatives.

Steps halve from rung to rung. The formulas are those of any arithmetic: the balls of a model's own
differences (`differences`) and the floats of callables (`lines`) both go through them.
"""

from collections.abc import Sequence
from typing import Any


def extrapolated(estimates: Sequence[Any], order: int) -> list[list[Any]]:
    """Richardson's table of estimates at steps h, h/2, h/4, ...; row k has k errors removed.

    `order` is the power by which the exponents of the error grow: 2 for central, 1 for one-sided.
    """
    table = [list(estimates)]
    for k in range(1, len(estimates)):
        above = table[-1]
        weight = 2 ** (order * k) - 1
        pairs = zip(above[1:], above, strict=False)
        table.append([fine + (fine - coarse) / weight for fine, coarse in pairs])
    return table


def central(up: Sequence[Any], down: Sequence[Any], step: Any) -> list[list[Any]]:
    """The table of symmetric differences of values at +h, -h, +h/2, -h/2, ..."""
    slopes = [(u - d) * 2**j / (2 * step) for j, (u, d) in enumerate(zip(up, down, strict=True))]
    return extrapolated(slopes, 2)


def one_sided(beside: Sequence[Any], here: Any, step: Any) -> list[list[Any]]:
    """The table of differences from `here` to values at h, h/2, ... (h may be negative)."""
    return extrapolated([(value - here) * 2**j / step for j, value in enumerate(beside)], 1)
