"""Tests of a gradient that need no best step: how errors shrink as a step shrinks.

What a right linear part leaves of `f(x + h v) - f(x)` shrinks like h^2, what a wrong one leaves
like h: the slope on logarithmic axes is the order. Below the noise of `f` nothing is said.
"""

import math
from dataclasses import dataclass

import numpy as np

from derive.evaluate.lines import Floats, Forward
from derive.evaluate.noise import noise_of

_POWERS = np.arange(2.0, 42.0)
_ABOVE = 20.0  # times the noise


@dataclass(frozen=True, slots=True)
class Order:
    """Remainders of a linear part at several steps; `order` is infinite where all are noise."""

    order: float
    steps: tuple[float, ...]
    remainders: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Curve:
    """By how much central differences with several steps differ from a claimed slope."""

    steps: tuple[float, ...]
    errors: tuple[float, ...]


def order_of(f: Forward, gradient: Floats, units: Floats, seed: int = 0) -> Order:
    """The order of the remainder along a random direction."""
    noise = noise_of(f, units, np.random.default_rng(seed))
    steps, up, _ = _along(f, gradient, units, seed)
    remainders = np.abs(up)
    clear = np.isfinite(remainders) & (remainders > _ABOVE * noise)
    chosen = np.flatnonzero(clear)[-8:]  # the smallest steps that are above the noise
    order = math.inf
    if len(chosen) > 1:
        order = float(np.polyfit(np.log(steps[chosen]), np.log(remainders[chosen]), 1)[0])
    return Order(order, tuple(steps.tolist()), tuple(remainders.tolist()))


def error_curve(f: Forward, gradient: Floats, units: Floats, seed: int = 0) -> Curve:
    """Errors of central differences against a claimed slope, along a random direction."""
    steps, up, down = _along(f, gradient, units, seed)
    errors = np.abs(up - down) / (2 * steps)
    kept = np.isfinite(errors)
    return Curve(tuple(steps[kept].tolist()), tuple(errors[kept].tolist()))


def _along(f: Forward, gradient: Floats, units: Floats, seed: int) -> tuple[Floats, Floats, Floats]:
    """Steps, and what is left of the changes of `f` on both sides."""
    direction = np.random.default_rng(seed).standard_normal(len(units)) * units
    steps: Floats = np.exp2(-_POWERS)
    sides = []
    for sign in (1, -1):
        points = f.rounded(f.origin + sign * steps[:, None] * direction)
        with np.errstate(all="ignore"):
            sides.append(f.values(points) - f.value - (points - f.origin) @ gradient)
    return steps, sides[0], sides[1]
