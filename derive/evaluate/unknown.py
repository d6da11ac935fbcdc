"""Concrete smooth instances of unspecified functions, chosen by a point's seed.

Every output is a sum of ridges, `sum over m of c[m] * phi_m(a[m] . x + b[m])`, so that a derivative
of any order is exact: it multiplies by an entry of `a[m]` and takes the next derivative of `phi_m`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from random import Random

import numpy as np

from derive.evaluate.number import Arithmetic, Array

# Exponents stand for powers; the transcendental ridges come first.
_SMOOTH: tuple[str | int, ...] = ("sin", "sin", "exp", 2, 3)
_POLYNOMIAL: tuple[str | int, ...] = (2, 3, 4, 5, 1)
_SINES = (("sin", 1), ("cos", 1), ("sin", -1), ("cos", -1))


@dataclass(frozen=True, slots=True, eq=False)
class Ridges:
    """An instance. Shapes: slopes[ridge, output, input], shifts and weights [ridge, output]."""

    kinds: tuple[str | int, ...]
    slopes: Array
    shifts: Array
    weights: Array

    def phi(self, arithmetic: Arithmetic, order: int, at: Array) -> Array:
        """The derivative of order `order` of each ridge's function. Shapes: at[ridge, ...]."""
        parts = [_phi(arithmetic, kind, order, at[k, ...]) for k, kind in enumerate(self.kinds)]
        return np.stack(parts)


def _phi(arithmetic: Arithmetic, kind: str | int, order: int, at: Array) -> Array:
    if isinstance(kind, str):
        if kind == "exp":
            return arithmetic.apply("exp", [at])
        name, sign = _SINES[order % 4]
        value = arithmetic.apply(name, [at])
        return value if sign > 0 else arithmetic.apply("neg", [value])
    factor = Fraction(1)
    for power in range(kind, kind - order, -1):
        factor *= power
    exponent = arithmetic.number(Fraction(max(kind - order, 0)))
    value = arithmetic.apply("pow", [at, exponent])
    return arithmetic.apply("mul", [arithmetic.number(factor), value])


@lru_cache(maxsize=256)
def numbers_of(instance: Ridges, arithmetic: Arithmetic) -> tuple[Array, Array, Array]:
    """The slopes, shifts and weights of an instance, in an arithmetic."""
    exact = arithmetic.exact
    return exact(instance.slopes), exact(instance.shifts), exact(instance.weights)


@lru_cache(maxsize=256)
def ridges(name: str, seed: int, inputs: int, outputs: int, rational: bool) -> Ridges:
    """The instance of the function `name` with so many inputs and outputs, all told."""
    random = Random(f"{seed}/{name}/{inputs}/{outputs}")
    kinds = _POLYNOMIAL if rational else _SMOOTH
    damping = max(1, round(inputs**0.5))

    def draw(shape: Sequence[int], scale: int) -> Array:
        result = np.empty(shape, dtype=object)
        for place in np.ndindex(*shape):
            sign = random.choice((1, -1))
            result[place] = Fraction(sign * random.randint(2, 9), random.choice((5, 7)) * scale)
        return result

    count = len(kinds)
    return Ridges(
        kinds,
        draw((count, outputs, inputs), damping),
        draw((count, outputs), 1),
        draw((count, outputs), 1),
    )
