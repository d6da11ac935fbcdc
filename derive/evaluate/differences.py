"""Derivatives by finite differences of the forward definitions alone.

A name is shifted, what follows from it is computed anew, what defines it is held fixed. In balls
of several hundred bits a step of 1e-20 loses nothing to cancellation: the central difference at two
steps, extrapolated, has some forty correct digits, and their disagreement estimates the error.
Derivatives inside definitions are differences of differences.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import flint
import numpy as np

from derive.evaluate.arithmetic import BALL
from derive.evaluate.labelled import Labelled, Table, ordered
from derive.evaluate.number import Array
from derive.evaluate.point import Point
from derive.evaluate.richardson import central, one_sided
from derive.evaluate.run import Evaluator
from derive.evaluate.world import World
from derive.model.dim import Dim
from derive.model.model import Model
from derive.model.scalar import Axis, Derivative, IndexVariable, Scalar

PRECISION = 384
_STEP_BITS = 66
_MOST_DIRECTIONS = 48
_SCALES = (1.0, -1.0, 0.5, -0.5)
_KINK = 1e-8


@dataclass(frozen=True, slots=True)
class Differences:
    """Entries by finite differences, each with an estimated bound of its error.

    At a kink the value is between the one-sided slopes and the bound reaches both.
    """

    value: Array
    error: Array


def difference(
    model: Model,
    derivative: Scalar,
    indices: Sequence[IndexVariable],
    point: Point,
    overrides: Mapping[str, Array] | None = None,
) -> Differences:
    """A derivative, or any scalar with derivatives inside, as `indices` run over their axes.

    Raises: EvaluationError where there is no value, TooWide where a comparison stays undecided.
    """
    evaluator = by_differences(model)
    value = evaluator.at(point, overrides).tensor(indices, derivative)
    middle = np.empty(value.shape, dtype=object)
    error = np.empty(value.shape, dtype=object)
    for place in np.ndindex(value.shape):
        ball: Any = value[place]
        middle[place], error[place] = ball.mid(), ball.rad()
    return Differences(middle, error)


def by_differences(model: Model, precision: int = PRECISION) -> Evaluator:
    """An evaluator that encloses derivatives by differences with their estimated errors."""
    return Evaluator(model, BALL(precision), differentiate=differentiate)


def differentiate(world: World, node: Derivative) -> Labelled:
    """The value of a `Derivative` in a world, by differences."""
    key = (node.of, node.wrt, node.partial)
    found = world.derivatives.get(key)
    if found is None:
        found = world.derivatives[key] = _jacobian(world, node.of, node.wrt, node.partial)
    lows = [*world.lows(node.of), *world.lows(node.wrt)]
    indices = (*node.of_indices, *node.wrt_indices)
    places = [world.places(index, low) for index, low in zip(indices, lows, strict=True)]
    return world.take(found, places, False, f"d{node.of}/d{node.wrt}")


def _jacobian(world: World, of: str, wrt: str, partial: bool) -> Table:
    """All entries d of / d wrt. Axes: those of `of`, then those of `wrt`."""
    base = world.table(wrt)
    uses = world.evaluator.uses
    moved = None if partial else frozenset(name for name, used in uses.items() if wrt in used)
    shape = base.shape
    count = int(np.prod(shape))
    columns = []
    for start in range(0, count, _MOST_DIRECTIONS):
        chosen = range(start, min(start + _MOST_DIRECTIONS, count))
        columns.append(_columns(world, of, wrt, moved, chosen))
    extra = columns[0].extra
    joined = np.concatenate([column.array for column in columns], axis=-1)
    return Table(extra, joined.reshape((*joined.shape[:-1], *shape)))


def _columns(
    world: World, of: str, wrt: str, moved: frozenset[str] | None, chosen: Sequence[int]
) -> Table:
    """The columns of the Jacobian for some entries of `wrt`, along the last axis.

    `moved` are the names that move with `wrt`; None where only what defines `of` is looked at.
    """
    base, here = world.table(wrt), world.table(of)
    width = len(chosen)
    steps = _steps(base, chosen)
    label = IndexVariable("step", Axis(Dim.of(1), Dim.of(len(_SCALES) * width))).uid
    shifts = np.empty((len(_SCALES) * width, int(np.prod(base.shape))), dtype=object)
    shifts.fill(flint.arb(0))
    for s, scale in enumerate(_SCALES):
        for k, entry in enumerate(chosen):
            shifts[s * width + k, entry] = steps[k] * flint.arb(scale)
    shift = Table((label,), shifts.reshape((-1, *base.shape)))
    table = here
    if moved is None and (of != wrt or of in world.evaluator.uses.get(of, ())):
        child = world.moved(wrt, shift, frozenset())
        table = child.definition(of) if of != wrt else child.with_shift(child.definition(of))
    elif of == wrt or (moved is not None and of in moved):
        table = world.moved(wrt, shift, moved or frozenset()).table(of)
    own = tuple(range(-len(here.shape), 0))
    labels = tuple(x for x in dict.fromkeys((*here.extra, *table.extra)) if x != label)
    value = Labelled((*table.extra, *own), table.array)
    full = (label, *labels, *own)
    shape = np.broadcast_shapes(
        (len(shifts), *(1,) * (len(full) - 1)), np.shape(ordered(value, full))
    )
    at = np.broadcast_to(ordered(value, full), shape).reshape((len(_SCALES), width, *shape[1:]))
    still = ordered(Labelled((*here.extra, *own), here.array), full[1:])
    slopes = _slopes(at, np.broadcast_to(still, shape[1:]), steps, world.depth)
    return Table(labels, np.moveaxis(slopes, 0, -1))


def _steps(base: Table, chosen: Sequence[int]) -> list[Any]:
    """A power of two for each entry, small beside it."""
    values = base.array.reshape((*base.array.shape[: len(base.extra)], -1))
    steps: list[Any] = []
    for entry in chosen:
        some = values[(*(0,) * len(base.extra), entry)]
        size = 0
        if some.is_finite() and some.mid() != 0:
            mantissa, exponent = some.mid().man_exp()
            size = int(exponent) + int(mantissa).bit_length()
        steps.append(flint.arb(2) ** (max(-60, min(60, size)) - _STEP_BITS))
    return steps


def _slopes(at: Array, still: Array, steps: Sequence[Any], depth: int) -> Array:
    """The derivative from the values `at` four shifts, with its error in the outermost world.

    Shapes: at[scale, step, ...], still[...]; the result [step, ...].
    """
    result = np.empty(at.shape[1:], dtype=object)
    for place in np.ndindex(*result.shape):
        step = steps[place[0]]
        centre = still[place[1:]]
        up, down = at[(slice(0, None, 2), *place)], at[(slice(1, None, 2), *place)]
        (_, narrow), (best,) = central(up, down, step)
        if depth == 0:
            forward = one_sided(up - centre, step)[0][1]
            backward = one_sided(down - centre, -step)[0][1]
            best = _with_error(best, narrow, forward, backward)
        result[place] = best
    return result


def _with_error(best: flint.arb, narrow: flint.arb, forward: flint.arb, backward: flint.arb) -> Any:
    """`best` as a ball that reaches the worse estimate and, at a kink, the one-sided slopes."""
    if not all(slope.is_finite() for slope in (best, narrow, forward, backward)):
        return flint.arb.nan()
    error = abs(best - narrow)
    size = max(abs(forward).mid(), abs(backward).mid())
    if abs(forward - backward) > _KINK * size:
        error += abs(forward - backward)
    return best + flint.arb(0, error.abs_upper())
