"""A concrete SymPy function in the place of an unspecified one."""

from random import Random
from typing import Any

import sympy


def instance(seed: str, inputs: int) -> tuple[list[Any], Any]:
    """Variables, and a smooth expression in them that no low-order identity satisfies."""
    random = Random(seed)
    variables = [sympy.Dummy(f"t{k}", real=True) for k in range(inputs)]

    def line() -> Any:
        """A random affine function of the variables."""
        slopes = [
            sympy.Rational(random.choice((-1, 1)) * random.randint(1, 6), 7) for _ in variables
        ]
        shift = sympy.Rational(random.randint(-4, 4), 5)
        return sympy.Add(shift, *(a * t for a, t in zip(slopes, variables, strict=True)))

    value = sympy.sin(line()) + sympy.cos(2 * line()) / 3 + line() ** 3 / 5
    return variables, value + sympy.exp(line() / (1 + inputs))
