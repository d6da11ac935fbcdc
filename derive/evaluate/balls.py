"""Ball arithmetic: every number comes with a bound that certainly holds (Arb)."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import flint
import numpy as np
from numpy.typing import NDArray

from derive.evaluate.number import (
    Array,
    EvaluationError,
    Kernel,
    TooWide,
    einsum,
    objects,
)

Ball = Any  # flint.arb, which has no types


def _undefined() -> Ball:
    return flint.arb.nan()


def ball_of(value: Fraction | int) -> Ball:
    """The ball of a rational, at the current precision."""
    if isinstance(value, int):
        return flint.arb(value)
    if value.denominator == 1:
        return flint.arb(value.numerator)
    return flint.arb(flint.fmpq(value.numerator, value.denominator))


def fraction_of(ball: Ball) -> Fraction:
    """The midpoint of a finite ball, exactly."""
    mantissa, exponent = ball.mid().man_exp()
    return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)


def _div(a: Ball, b: Ball) -> Ball:
    return a / b


def _pow(base: Ball, exponent: Ball) -> Ball:
    if base.is_nan():
        return base
    if exponent.is_exact():
        integer = exponent.unique_fmpz() if exponent.is_integer() else None
        if integer is not None:
            if abs(integer) < 2**62:
                return _integer_power(base, int(integer))
        elif base.is_zero():
            return flint.arb(0) if exponent > 0 else _undefined()
    elif base.is_zero() and exponent > 0:
        return flint.arb(0)
    return base**exponent


def _integer_power(base: Ball, exponent: int) -> Ball:
    if exponent == 2:
        return base * base
    return base**exponent


def _sign(a: Ball) -> Ball:
    if a > 0:
        return flint.arb(1)
    if a < 0:
        return flint.arb(-1)
    if a.is_zero():
        return flint.arb(0)
    return _undecided(a)


def _undecided(*balls: Ball) -> Ball:
    """A comparison that these do not decide: undefined because one of them is, or too wide."""
    if all(ball.is_nan() is False for ball in balls):
        raise TooWide("a comparison is not decided at this precision")
    return _undefined()


def _surely_same(a: Ball, b: Ball) -> bool:
    return bool(a == b) or (a is b and not a.is_nan())


# One object stands for one real number, so an object is surely equal to itself.


def _lt(a: Ball, b: Ball) -> Ball:
    if a is b and not a.is_nan():
        return flint.arb(0)
    if a < b:
        return flint.arb(1)
    return flint.arb(0) if a >= b else _undecided(a, b)


def _le(a: Ball, b: Ball) -> Ball:
    if a is b and not a.is_nan():
        return flint.arb(1)
    if a <= b:
        return flint.arb(1)
    return flint.arb(0) if a > b else _undecided(a, b)


def _eq(a: Ball, b: Ball) -> Ball:
    if _surely_same(a, b):
        return flint.arb(1)
    return flint.arb(0) if a < b or a > b else _undecided(a, b)


def _ne(a: Ball, b: Ball) -> Ball:
    return 1 - _eq(a, b)


def _max(a: Ball, b: Ball) -> Ball:
    if a.is_nan() or b.is_nan():
        return _undefined()
    return a if a >= b else b if b > a else a.max(b)


def _min(a: Ball, b: Ball) -> Ball:
    if a.is_nan() or b.is_nan():
        return _undefined()
    return a if a <= b else b if b < a else a.min(b)


def _lgamma(a: Ball) -> Ball:
    return a.lgamma() if a > 0 else _undefined()


def _trigamma(a: Ball) -> Ball:
    return flint.arb(2).zeta(a)


def _finite(kernel: Kernel) -> Kernel:
    """An infinite enclosure of a finite function's value says nothing."""

    def checked(a: Ball) -> Ball:
        value = kernel(a)
        return value if value.is_finite() else _undefined()

    return checked


def _unary(method: str) -> Kernel:
    kernel: Kernel = np.frompyfunc(getattr(flint.arb, method), 1, 1)
    return kernel


KERNELS: dict[str, Kernel] = {
    "add": np.add,
    "mul": np.multiply,
    "div": np.frompyfunc(_div, 2, 1),
    "pow": np.frompyfunc(_pow, 2, 1),
    "neg": np.negative,
    "exp": _unary("exp"),
    "log": np.frompyfunc(_finite(flint.arb.log), 1, 1),
    "sqrt": _unary("sqrt"),
    "abs": np.frompyfunc(abs, 1, 1),
    "sign": np.frompyfunc(_sign, 1, 1),
    "sin": _unary("sin"),
    "cos": _unary("cos"),
    "tan": np.frompyfunc(_finite(flint.arb.tan), 1, 1),
    "asin": _unary("asin"),
    "acos": _unary("acos"),
    "atan": _unary("atan"),
    "sinh": _unary("sinh"),
    "cosh": _unary("cosh"),
    "tanh": _unary("tanh"),
    "erf": _unary("erf"),
    "lgamma": np.frompyfunc(_lgamma, 1, 1),
    "digamma": np.frompyfunc(_finite(flint.arb.digamma), 1, 1),
    "trigamma": np.frompyfunc(_finite(_trigamma), 1, 1),
    "max": np.frompyfunc(_max, 2, 1),
    "min": np.frompyfunc(_min, 2, 1),
    "lt": np.frompyfunc(_lt, 2, 1),
    "le": np.frompyfunc(_le, 2, 1),
    "eq": np.frompyfunc(_eq, 2, 1),
    "ne": np.frompyfunc(_ne, 2, 1),
}
_DEFINED = np.frompyfunc(lambda ball: ball.is_finite(), 1, 1)
_OF = np.frompyfunc(ball_of, 1, 1)
_INTEGER = np.frompyfunc(lambda ball: ball.unique_fmpz() if ball.is_finite() else None, 1, 1)


@dataclass(frozen=True, slots=True)
class Balls:
    """Arb at `precision` bits; not finite where undefined."""

    precision: int
    name: str = "ball"

    def scope(self) -> AbstractContextManager[Any]:
        """The precision, set for the time of the evaluation."""
        return flint.ctx.workprec(self.precision)  # type: ignore[no-any-return, unused-ignore]

    def exact(self, values: Array) -> Array:
        """Balls around rationals."""
        return objects(_OF(np.asarray(values, dtype=object)))

    def number(self, value: Fraction) -> Array:
        """One ball."""
        return objects(ball_of(value))

    def undefined(self) -> Array:
        """NaN."""
        return objects(_undefined())

    def constant(self, name: str) -> Array:
        """`pi` or `inf`."""
        return objects(flint.arb.pi() if name == "pi" else flint.arb.pos_inf())

    def apply(self, operation: str, arguments: Sequence[Array]) -> Array:
        """One Arb call for each entry."""
        return objects(KERNELS[operation](*arguments))

    def fold(self, operation: str, values: Array) -> Array:
        """From the first to the last."""
        result = np.empty(values.shape[:-1], dtype=object)
        step = {"sum": KERNELS["add"], "prod": KERNELS["mul"]}.get(operation) or KERNELS[operation]
        start = {"sum": flint.arb(0), "prod": flint.arb(1)}.get(operation, _undefined())
        if not values.shape[-1]:
            result.fill(start)
            return result
        total = values[..., 0]
        for k in range(1, values.shape[-1]):
            total = step(total, values[..., k])
        return objects(total)

    def contract(
        self, operands: Sequence[tuple[Sequence[int], Array]], out: Sequence[int]
    ) -> Array:
        """`einsum` over objects; of nothing, zeros."""
        result = einsum(operands, out)
        if any(0 in array.shape for _, array in operands):
            result = np.empty(result.shape, dtype=object)
            result.fill(flint.arb(0))
        return result

    def defined(self, values: Array) -> NDArray[np.bool_]:
        """Where the ball is finite."""
        return np.asarray(_DEFINED(values)).astype(bool)

    def integers(self, values: Array) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Where the ball holds exactly one integer and is no wider than a millionth."""
        found = objects(_INTEGER(values))
        whole = np.zeros(values.shape, np.int64)
        fits = np.zeros(values.shape, bool)
        for place in np.ndindex(values.shape):
            integer: Any = found[place]
            ball: Any = values[place]
            if integer is not None and ball.rad() < 1e-6 and abs(integer) < 2**62:
                fits[place] = bool(abs(ball - integer) < 1e-6)
                whole[place] = int(integer)
        return whole, fits

    def argmax(self, values: Array) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """The first maximum, where the balls decide it."""
        shape = values.shape[:-1]
        places = np.zeros(shape, np.int64)
        fits = np.zeros(shape, bool)
        for place in np.ndindex(shape):
            row = values[place]
            if len(row) and all(ball.is_finite() for ball in row):
                best = 0
                for k in range(1, len(row)):
                    if _lt(row[best], row[k]) > 0:
                        best = k
                places[place], fits[place] = best, True
        return places, fits

    def matrix(self, operation: str, matrices: Array, power: int) -> Array:
        """Arb's; a matrix that may be singular gives undefined entries."""
        scalar = operation in ("det", "logdet")
        result = np.empty(matrices.shape[: -2 if scalar else None], dtype=object)
        for place in np.ndindex(matrices.shape[:-2]):
            matrix = flint.arb_mat(matrices[place].tolist())
            if scalar:
                det = matrix.det()
                result[place] = det if operation == "det" else KERNELS["log"](abs(det))
            else:
                result[place] = _matrix_power(matrix, -1 if operation == "inv" else power)
        return result


def _matrix_power(matrix: Any, power: int) -> Array:
    """The power of an `arb_mat`, as an array."""
    size = matrix.nrows()
    base = matrix.inv(nonstop=True) if power < 0 else matrix
    total = flint.arb_mat([[int(i == j) for j in range(size)] for i in range(size)])
    power = abs(power)
    if power.bit_length() > 40:
        raise EvaluationError(f"the matrix power {power} is too large")
    while power:
        total = total * base if power & 1 else total
        base = base * base if power > 1 else base
        power >>= 1
    result = np.empty((size, size), dtype=object)
    for i, j in np.ndindex(size, size):
        result[i, j] = total[i, j]
    return result
