"""From values at shifts to slopes: the one place where finite differences become derivatives.

Steps halve from rung to rung. The formulas are those of any arithmetic: the balls of a model's own
differences (`differences`) and the floats of callables (`lines`) both go through them.
"""

from typing import Any

import numpy as np

from derive.evaluate.number import Array


def extrapolated(estimates: Array, order: int) -> list[Array]:
    """Richardson's table of estimates at steps h, h/2, h/4, ...; row k has k errors removed.

    `order` is the power by which the exponents of the error grow: 2 for central, 1 for one-sided.
    """
    table = [estimates]
    for k in range(1, len(estimates)):
        fine, coarse = table[-1][1:], table[-1][:-1]
        table.append(fine + (fine - coarse) / (2 ** (order * k) - 1))
    return table


def central(up: Array, down: Array, step: Any) -> list[Array]:
    """The table of symmetric differences of values at +h, -h, +h/2, -h/2, ..."""
    risen = up - down
    return extrapolated(risen * _halvings(risen) / (2 * step), 2)


def one_sided(risen: Array, step: Any) -> list[Array]:
    """The table of differences of values at h, h/2, ... (h may be negative), less the one at 0."""
    return extrapolated(risen * _halvings(risen) / step, 1)


def _halvings(values: Array) -> Array:
    """1, 2, 4, ... along the first axis, as numbers of the kind of the values."""
    factors = np.array([2**j for j in range(len(values))], dtype=values.dtype)
    return factors.reshape(-1, *(1,) * (values.ndim - 1))
