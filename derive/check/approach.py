"""Each limit that a statement speaks of, against the numbers on the way there.

The exact argument and the numbers share no code. Numbers never prove a limit; where they do not
come nearer to what was found, derive is wrong, and that is never hidden.
"""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from derive.check import texts
from derive.check.numbers import InternalDisagreement, Numbers
from derive.evaluate.arithmetic import BALL, EXACT, TooWide
from derive.evaluate.number import Array, EvaluationError, Inexact, objects
from derive.evaluate.point import Point
from derive.model.scalar import Apply, Constant, IndexVariable, Limit, Tensor
from derive.model.traverse import free_variables

_PRECISION = 512
_STEPS = (8, 16, 64)  # the distance to the target is two to minus these
_SHRINKS = Fraction(9, 10)  # by at least this factor from the first two to the last
_NEAR = Fraction(1, 10**6)


def confirm_limit(numbers: Numbers, node: Limit, point: Point) -> None:
    """Whether the body comes nearer to the limit. Raises InternalDisagreement."""
    if node.variable in numbers.model.definitions:
        return  # it moves with what defines it
    variables = free_variables(Tensor((), node.body))
    arithmetic = BALL(_PRECISION)
    try:
        limit = numbers.evaluator(arithmetic).tensor(variables, node, point)
        gaps = [_gap(numbers, node, variables, point, step, limit) for step in _STEPS]
    except (EvaluationError, Inexact, TooWide):
        return
    with arithmetic.scope():
        for place in np.ndindex(limit.shape):
            far: Any = gaps[0][place].max(gaps[1][place])
            near: Any = gaps[-1][place]
            is_far = near > texts.ball(_NEAR) and near > far * texts.ball(_SHRINKS)
            if far.is_finite() and near.is_finite() and is_far:
                value = texts.short(limit[place], 12)
                raise InternalDisagreement(f"a limit is {value}, but the numbers go elsewhere")


def _gap(
    numbers: Numbers,
    node: Limit,
    variables: tuple[IndexVariable, ...],
    point: Point,
    step: int,
    limit: Array,
) -> Array:
    """The distance to the limit on the way, from one side."""
    arithmetic = BALL(_PRECISION)
    there = _moved(numbers, node, point, step)
    found = numbers.evaluator(arithmetic).tensor(variables, node.body, there)
    with arithmetic.scope():
        return objects(np.frompyfunc(lambda a, b: abs(a - b), 2, 1)(found, limit))


def _moved(numbers: Numbers, node: Limit, point: Point, step: int) -> Point:
    """The point with the variable near its target."""
    sign = -1 if node.side == "-" else 1
    match node.target:
        case Constant("inf"):
            value = Fraction(2**step)
        case Apply("neg", (Constant("inf"),)):
            value = -Fraction(2**step)
        case target:
            exact: Any = numbers.evaluator(EXACT).tensor((), target, point)[()]
            value = Fraction(exact) + sign * Fraction(1, 2**step)
    if node.variable in point.sizes:
        return replace(point, sizes={**point.sizes, node.variable: int(value)})
    filled = np.empty((), dtype=object)
    filled[()] = value
    return point.with_values({node.variable: filled})
