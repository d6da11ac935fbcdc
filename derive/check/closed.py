"""Arithmetic of closed terms: rationals while they last, then expressions such as `exp(1/2)`.

What a case expects exactly need not be rational: `softmax([1, 1]) = [1/2, 1/2]`, `sin(pi/6) = 1/2`.
Evaluated in this arithmetic, both sides become expressions without names, which `proof` can
settle. Each carries an enclosure, which decides comparisons.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from fractions import Fraction
from math import inf, nan
from typing import Any

import flint
import numpy as np
from numpy.typing import NDArray

from derive.evaluate.balls import KERNELS as BALLS
from derive.evaluate.balls import ball_of
from derive.evaluate.number import Array, Inexact, TooWide, einsum, objects
from derive.evaluate.rationals import EXACT
from derive.model.scalar import Apply, Constant, Num, Scalar

PRECISION = 192
_DECIDED = frozenset(("lt", "le", "eq", "ne", "max", "min", "sign", "abs"))
_ZERO, _ONE = Fraction(0), Fraction(1)


@dataclass(frozen=True, slots=True, eq=False)
class Term:
    """A closed expression and an enclosure of its value."""

    scalar: Scalar
    ball: Any

    def __add__(self, other: Any) -> Any:
        return operate("add", self, other)

    def __mul__(self, other: Any) -> Any:
        return operate("mul", self, other)

    __radd__ = __add__
    __rmul__ = __mul__


def scalar_of(value: Any) -> Scalar:
    """A rational or a term as an expression."""
    return value.scalar if isinstance(value, Term) else Num(Fraction(value))


def ball_around(value: Any) -> Any:
    """An enclosure of a rational or a term."""
    return value.ball if isinstance(value, Term) else ball_of(Fraction(value))


def is_undefined(value: Any) -> bool:
    """Whether an entry is no number: NaN or infinite."""
    return isinstance(value, float)


def _infinite(operation: str, values: tuple[Any, ...]) -> Any:
    """What masks are made of: `-inf` with a factor, beside a summand, in an exponential."""
    first, last = values[0], values[-1]
    if any(isinstance(value, float) and value != value for value in values):
        return nan
    match operation:
        case "neg":
            return -first
        case "exp":
            return first if first > 0 else _ZERO
        case "add":
            ends = [value for value in values if is_undefined(value)]
            return ends[0] if len(set(ends)) == 1 else nan
        case "mul" if not (is_undefined(first) and is_undefined(last)):
            end, other = (first, last) if is_undefined(first) else (last, first)
            if isinstance(other, Fraction) and other:
                return end if other > 0 else -end
    return nan


def operate(operation: str, *values: Any) -> Any:
    """An operation on rationals and terms."""
    if any(map(is_undefined, values)):
        return _infinite(operation, values)
    values = tuple(Fraction(v) if isinstance(v, int) else v for v in values)
    if not any(isinstance(value, Term) for value in values):
        try:
            return EXACT.apply(operation, [objects(value) for value in values])[()]
        except Inexact:
            pass
    if operation in _DECIDED:
        return _decide(operation, values)
    simple = _neutral(operation, values)
    if simple is not None:
        return simple
    ball: Any = objects(BALLS[operation](*map(ball_around, values)))[()]
    if not ball.is_finite():
        return nan
    return Term(Apply(operation, tuple(map(scalar_of, values))), ball)


def _neutral(operation: str, values: tuple[Any, ...]) -> Any:
    """Sums with zero, products with zero or one."""
    if operation not in ("add", "mul"):
        return None
    for this, other in (values, values[::-1]):
        if isinstance(this, Term):
            continue
        if operation == "mul" and this == 0:
            return _ZERO
        if this == (0 if operation == "add" else 1):
            return other
    return None


def _decide(operation: str, values: tuple[Any, ...]) -> Any:
    """Comparisons, and what chooses by them. Raises TooWide where the enclosures do not tell."""
    balls = [ball_around(value) for value in values]
    first, second = (balls[0], balls[1]) if len(balls) > 1 else (balls[0], flint.arb(0))
    if not (first < second or first > second):
        raise TooWide("the order of two numbers is not decided")
    less = bool(first < second)
    match operation:
        case "lt" | "le":
            return _ONE if less else _ZERO
        case "eq":
            return _ZERO
        case "ne":
            return _ONE
        case "max":
            return values[1] if less else values[0]
        case "min":
            return values[0] if less else values[1]
        case "sign":
            return -_ONE if less else _ONE
        case _:
            return operate("mul", -_ONE, values[0]) if less else values[0]


def _vectorised(operation: str, count: int) -> Callable[..., Any]:
    kernel: Callable[..., Any] = np.frompyfunc(
        lambda *values: operate(operation, *values), count, 1
    )
    return kernel


class ClosedTerms:
    """Entries are Fractions, terms, or the float NaN where undefined."""

    name = "closed"

    def scope(self) -> AbstractContextManager[Any]:
        """The precision of the enclosures."""
        return flint.ctx.workprec(PRECISION)  # type: ignore[no-any-return, unused-ignore]

    def exact(self, values: Array) -> Array:
        """The entries as Fractions."""
        return EXACT.exact(values)

    def number(self, value: Fraction) -> Array:
        """The number itself."""
        return EXACT.number(value)

    def undefined(self) -> Array:
        """NaN."""
        return EXACT.undefined()

    def constant(self, name: str) -> Array:
        """`pi` or `inf`."""
        if name == "inf":
            return objects(inf)
        return objects(Term(Constant(name), flint.arb.pi()))

    def apply(self, operation: str, arguments: Sequence[Array]) -> Array:
        """One operation for each entry."""
        return objects(_vectorised(operation, len(arguments))(*arguments))

    def fold(self, operation: str, values: Array) -> Array:
        """From the first to the last."""
        start = {"sum": _ZERO, "prod": _ONE}.get(operation, nan)
        step = _vectorised({"sum": "add", "prod": "mul"}.get(operation, operation), 2)
        if not values.shape[-1]:
            result = np.empty(values.shape[:-1], dtype=object)
            result.fill(start)
            return result
        total: Any = values[..., 0]
        for k in range(1, values.shape[-1]):
            total = step(total, values[..., k])
        return objects(total)

    def contract(
        self, operands: Sequence[tuple[Sequence[int], Array]], out: Sequence[int]
    ) -> Array:
        """`einsum` over objects."""
        if any(0 in array.shape for _, array in operands):
            return EXACT.contract(operands, out)
        return einsum(operands, out)

    def defined(self, values: Array) -> NDArray[np.bool_]:
        """Where the entry is a number."""
        return np.asarray(np.frompyfunc(lambda v: not is_undefined(v), 1, 1)(values)).astype(bool)

    def integers(self, values: Array) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Where the entry is a whole number."""
        self._only_rational(values)
        return EXACT.integers(values)

    def argmax(self, values: Array) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """The first maximum, by rationals. Raises Inexact."""
        self._only_rational(values)
        return EXACT.argmax(values)

    def matrix(self, operation: str, matrices: Array, power: int) -> Array:
        """By rationals. Raises Inexact."""
        self._only_rational(matrices)
        return EXACT.matrix(operation, matrices, power)

    def _only_rational(self, values: Array) -> None:
        if any(isinstance(value, Term) for value in values.flat):
            raise Inexact("this operation is done on rationals only")


CLOSED = ClosedTerms()
