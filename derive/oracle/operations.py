"""The scalar operations in SymPy, and the domains on which they are real."""

from collections.abc import Callable, Sequence
from operator import eq, le, lt, ne
from typing import Any

import sympy

_TINY = 1e-40


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

_RESTRICTED = frozenset(("log", "lgamma", "sqrt", "asin", "acos", "div", "digamma", "pow"))


def in_domain(operation: str, expressions: Sequence[Any], value: Callable[[Any], Any]) -> None:
    """Raises Undefined where the operation is not real at the values of the expressions."""
    if operation not in _RESTRICTED:
        return
    values = [value(expression) for expression in expressions[operation == "div" :]]
    first = values[0]
    match operation:
        case "log" | "lgamma":
            real = first > _TINY
        case "sqrt":
            real = first >= 0
        case "asin" | "acos":
            real = abs(first) <= 1
        case "div":
            real = abs(first) > _TINY
        case "digamma":
            real = first > 0 or abs(first - round(first)) > _TINY
        case _:
            whole = values[1] == int(values[1])
            real = first > 0 or (values[1] > 0 and first == 0) or (whole and first != 0)
            real = real or values[1] == 0
    if not real:
        raise Undefined(f"{operation} outside its domain")
