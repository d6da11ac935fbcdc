"""Whether a point lies at a kink of what is differentiated there.

A kink is where the argument of `abs`, a comparison or a sign vanishes, or a maximum is attained
twice, and a shift of what is differentiated by changes that: the diagonal of `abs(x[i] - x[j])` is
none, nor is `abs(relu(x))` at a negative x. The end of the domain of a root is like a kink.
"""

from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from derive.evaluate.labelled import Labelled, Table
from derive.evaluate.names import names_in, walk
from derive.evaluate.number import Array, EvaluationError
from derive.evaluate.reductions import along
from derive.evaluate.world import World
from derive.model.model import Model
from derive.model.scalar import Apply, ArgMax, IndexVariable, Num, Reduce, Scalar

_NEAR = 1e-6
_SHIFT = 2.0**-10


class Gap(NamedTuple):
    """A number that vanishes at a kink; along `over`, the gap between the two largest."""

    scalar: Scalar
    over: IndexVariable | None = None
    condition: Scalar | None = None


def gaps_of(scalar: Scalar, moving: frozenset[str]) -> Iterator[Gap]:
    """What vanishes at the kinks of a scalar, where it depends on names that move."""
    for found in walk(scalar):
        match found:
            case Apply("abs" | "sign" | "sqrt", (inner,)):
                gap = Gap(inner)
            case Apply("pow", (base, exponent)) if not _is_whole(exponent):
                gap = Gap(base)
            case Apply("lt" | "le" | "eq" | "ne" | "max" | "min", (left, right)):
                gap = Gap(_minus(left, right))
            case Reduce("max", variable, body, condition):
                gap = Gap(body, variable, condition)
            case Reduce("min", variable, body, condition):
                gap = Gap(_minus(Num(Fraction(0)), body), variable, condition)
            case ArgMax(variable, body):
                gap = Gap(body, variable)
            case _:
                continue
        if not moving.isdisjoint(names_in(gap.scalar)):
            yield gap


def _is_whole(exponent: Scalar) -> bool:
    return isinstance(exponent, Num) and exponent.value.denominator == 1


def _minus(left: Scalar, right: Scalar) -> Scalar:
    return Apply("add", (left, Apply("neg", (right,))))


class Kinks:
    """The kinks of the derivatives of one model."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._found: dict[tuple[str, str, bool], tuple[Gap, ...]] = {}

    def gaps(
        self, of: str, wrt: str, partial: bool, uses: dict[str, frozenset[str]]
    ) -> tuple[Gap, ...]:
        """What vanishes at the kinks of `of` as `wrt` moves."""
        key = (of, wrt, partial)
        if key not in self._found:
            through = {of} if partial else {of, *uses.get(of, ())}
            moving = frozenset(n for n in through if wrt in uses.get(n, ()))
            found = [
                gap
                for name in sorted(moving)
                for gap in gaps_of(self.model.definitions[name].body, moving | {wrt})
            ]
            self._found[key] = tuple(found)
        return self._found[key]

    def hit(self, world: World, of: str, wrt: str, partial: bool) -> frozenset[int]:
        """The numbers of those gaps that vanish at the point of a world of floats."""
        uses = world.evaluator.uses
        near = []
        for number, gap in enumerate(self.gaps(of, wrt, partial, uses)):
            here = value_of(world, gap)
            if here is not None and np.any(np.abs(here) < _NEAR):
                near.append((number, gap, here))
        if not near:
            return frozenset()
        affected = {name for name, used in uses.items() if wrt in used and not partial}
        beside = [
            world.moved(wrt, Table((), shift), frozenset(affected))
            for shift in _shifts(world.value(wrt))
        ]
        return frozenset(
            number
            for number, gap, here in near
            if any(_changes(here, value_of(moved, gap)) for moved in beside)
        )


def value_of(world: World, gap: Gap) -> Array | None:
    """The gap for all its free indices; None where it has no value."""
    with world.arithmetic.scope():
        try:
            found = world.scalar(gap.scalar)
            if gap.over is None:
                return np.asarray(found.array, dtype=float)
            if gap.over.uid not in found.labels:
                return None
            values = along(world, gap.over, found)
            if gap.condition is not None:
                holds, _ = world.truth(gap.condition)
                outside = Labelled((), np.asarray(-np.inf))
                values = along(world, gap.over, world.where(holds, values, outside))
        except EvaluationError:
            return None
    array = np.asarray(values.array, dtype=float)
    if array.shape[-1] < 2:
        return None
    best = np.sort(array, axis=-1)[..., -2:]
    with np.errstate(all="ignore"):
        return np.asarray(best[..., 1] - best[..., 0])


def _shifts(base: Array) -> tuple[Array, Array]:
    """A small generic shift, both ways."""
    generic = np.random.default_rng(7).uniform(0.5, 1.0, base.shape)
    signs = np.where(np.random.default_rng(8).random(base.shape) < 0.5, -1.0, 1.0)
    shift = _SHIFT * generic * signs
    return shift, -shift


def _changes(here: Array, there: Array | None) -> bool:
    """Whether some gap vanishes here and not there."""
    if there is None or here.shape != there.shape:
        return True
    with np.errstate(all="ignore"):
        vanishes = np.abs(here) <= _NEAR * np.abs(there)
    return bool(np.any(vanishes & (there != 0)) or np.any((here == 0) & np.isnan(there)))
