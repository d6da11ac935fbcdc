"""The scalar operations in SymPy, and the domains on which they are real."""

from collections.abc import Callable, Sequence
from operator import eq, le, lt, ne
from typing import Any

import sympy

_TINY = sympy.Float("1e-40", 20)


class Undefined(Exception):
    """An expression has no real value at the point."""


class NotExpressible(Exception):
    """SymPy cannot be asked; `str()` says why."""


COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {"lt": lt, "le": le, "eq": eq, "ne": ne}

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "pow": sympy.Pow,
    "neg": lambda a: -a,
    "exp": sympy.exp,
    "log": sympy.log,
    "sqrt": sympy.sqrt,
    "sin": sympy.sin,
    "cos": sympy.cos,
    "tan": sympy.tan,
    "asin": sympy.asin,
    "acos": sympy.acos,
    "atan": sympy.atan,
    "sinh": sympy.sinh,
    "cosh": sympy.cosh,
    "tanh": sympy.tanh,
    "erf": sympy.erf,
    "lgamma": sympy.loggamma,
    "digamma": sympy.digamma,
}


def in_domain(operation: str, values: Sequence[Callable[[], Any]]) -> None:
    """Raises Undefined where the operation is not real at the values."""
    match operation:
        case "log" | "lgamma":
            real = values[0]() > _TINY
        case "sqrt":
            real = values[0]() >= 0
        case "asin" | "acos":
            real = abs(values[0]()) <= 1
        case "div":
            real = abs(values[1]()) > _TINY
        case "digamma":
            value = values[0]()
            real = value > 0 or abs(value - round(value)) > _TINY
        case "pow":
            base, exponent = values[0](), values[1]()
            whole = exponent == int(exponent)
            real = (base > 0) | (exponent > 0 and base == 0) | (whole and base != 0)
            real = real or exponent == 0
        case _:
            return
    if not real:
        raise Undefined(f"{operation} outside its domain")
