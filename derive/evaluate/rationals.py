"""Exact arithmetic on Fractions; what is not rational raises `Inexact`."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from fractions import Fraction
from math import isqrt, nan
from typing import Any

import flint
import numpy as np
from numpy.typing import NDArray

from derive.evaluate.number import (
    Array,
    EvaluationError,
    Inexact,
    Kernel,
    einsum,
    objects,
)

# The undefined entry is the float NaN: arithmetic of Fractions passes it on.
Exact = Fraction | float
_ZERO, _ONE = Fraction(0), Fraction(1)
_MOST_BITS = 200_000


def _is_nan(value: Exact) -> bool:
    return isinstance(value, float)


def _unary(kernel: Callable[[Fraction], Exact]) -> Kernel:
    def lifted(a: Exact) -> Exact:
        return nan if isinstance(a, float) else kernel(a)

    return np.frompyfunc(lifted, 1, 1)


def _binary(kernel: Callable[[Fraction, Fraction], Exact]) -> Kernel:
    def lifted(a: Exact, b: Exact) -> Exact:
        return nan if isinstance(a, float) or isinstance(b, float) else kernel(a, b)

    return np.frompyfunc(lifted, 2, 1)


def _only_at(name: str, place: int, value: int, domain: Callable[[Fraction], bool]) -> Kernel:
    """A transcendental function, rational at one rational `place` of its `domain`."""

    def kernel(a: Fraction) -> Exact:
        if not domain(a):
            return nan
        if a == place:
            return Fraction(value)
        raise Inexact(f"{name}({a}) is not rational")

    return _unary(kernel)


def _everywhere(a: Fraction) -> bool:
    return True


def _positive(a: Fraction) -> bool:
    return a > 0


def _at_most_one(a: Fraction) -> bool:
    return -1 <= a <= 1


def _root(value: Fraction, degree: int) -> Fraction:
    """The rational root of a non-negative number. Raises Inexact where there is none."""
    top, bottom = (_whole_root(part, degree) for part in (value.numerator, value.denominator))
    if top is None or bottom is None:
        raise Inexact(f"the root of {value} is not rational")
    return Fraction(top, bottom)


def _whole_root(value: int, degree: int) -> int | None:
    if degree == 2:
        root = isqrt(value)
        return root if root * root == value else None
    root, remainder = flint.fmpz(value).root(degree), 0
    return int(root) if root**degree == value + remainder else None


def _sqrt(a: Fraction) -> Exact:
    return nan if a < 0 else _root(a, 2)


def _pow(base: Fraction, exponent: Fraction) -> Exact:
    if exponent.denominator == 1:
        power = exponent.numerator
        if base == 0 and power < 0:
            return nan
        bits = max(base.numerator.bit_length(), base.denominator.bit_length())
        if base not in (0, 1, -1) and abs(power) * bits > _MOST_BITS:
            raise Inexact(f"a power with the exponent {power} is too long to write down")
        return Fraction(base**power)
    if base < 0 or (base == 0 and exponent < 0):
        return nan
    if base == 0:
        return _ZERO
    if exponent.denominator > 64:
        raise Inexact("a root of high degree")
    return _pow(_root(base, exponent.denominator), Fraction(exponent.numerator))


def _lgamma(a: Fraction) -> Exact:
    if a <= 0:
        return nan
    if a in (1, 2):
        return _ZERO
    raise Inexact(f"lgamma({a}) is not rational")


def _polygamma(a: Fraction) -> Exact:
    if a.denominator == 1 and a <= 0:
        return nan
    raise Inexact(f"polygamma at {a} is not rational")


def _tan(a: Fraction) -> Exact:
    if a == 0:
        return _ZERO
    raise Inexact(f"tan({a}) is not rational")


def _indicator(kernel: Callable[[Fraction, Fraction], bool]) -> Kernel:
    return _binary(lambda a, b: _ONE if kernel(a, b) else _ZERO)


KERNELS: dict[str, Kernel] = {
    "add": _binary(lambda a, b: a + b),
    "mul": _binary(lambda a, b: a * b),
    "div": _binary(lambda a, b: a / b if b else nan),
    "pow": _binary(_pow),
    "neg": _unary(lambda a: -a),
    "exp": _only_at("exp", 0, 1, _everywhere),
    "log": _only_at("log", 1, 0, _positive),
    "sqrt": _unary(_sqrt),
    "abs": _unary(abs),
    "sign": _unary(lambda a: Fraction((a > 0) - (a < 0))),
    "sin": _only_at("sin", 0, 0, _everywhere),
    "cos": _only_at("cos", 0, 1, _everywhere),
    "tan": _unary(_tan),
    "asin": _only_at("asin", 0, 0, _at_most_one),
    "acos": _only_at("acos", 1, 0, _at_most_one),
    "atan": _only_at("atan", 0, 0, _everywhere),
    "sinh": _only_at("sinh", 0, 0, _everywhere),
    "cosh": _only_at("cosh", 0, 1, _everywhere),
    "tanh": _only_at("tanh", 0, 0, _everywhere),
    "erf": _only_at("erf", 0, 0, _everywhere),
    "lgamma": _unary(_lgamma),
    "digamma": _unary(_polygamma),
    "trigamma": _unary(_polygamma),
    "max": _binary(max),
    "min": _binary(min),
    "lt": _indicator(lambda a, b: a < b),
    "le": _indicator(lambda a, b: a <= b),
    "eq": _indicator(lambda a, b: a == b),
    "ne": _indicator(lambda a, b: a != b),
}
_DEFINED = np.frompyfunc(lambda value: not _is_nan(value), 1, 1)
_FRACTION = np.frompyfunc(Fraction, 1, 1)


class Rationals:
    """Fractions; the float NaN where undefined."""

    name = "exact"

    def scope(self) -> AbstractContextManager[Any]:
        """None is needed."""
        return nullcontext()

    def exact(self, values: Array) -> Array:
        """The entries as Fractions."""
        return objects(_FRACTION(np.asarray(values, dtype=object)))

    def number(self, value: Fraction) -> Array:
        """The number itself."""
        return objects(value)

    def undefined(self) -> Array:
        """NaN."""
        return objects(nan)

    def constant(self, name: str) -> Array:
        """Raises Inexact."""
        raise Inexact(f"{name} is not rational")

    def apply(self, operation: str, arguments: Sequence[Array]) -> Array:
        """One call for each entry."""
        return objects(KERNELS[operation](*arguments))

    def fold(self, operation: str, values: Array) -> Array:
        """From the first to the last."""
        start = {"sum": _ZERO, "prod": _ONE}.get(operation, nan)
        step = KERNELS[{"sum": "add", "prod": "mul"}.get(operation, operation)]
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
        result = einsum(operands, out)
        if any(0 in array.shape for _, array in operands):
            result = np.empty(result.shape, dtype=object)
            result.fill(_ZERO)
        return result

    def defined(self, values: Array) -> NDArray[np.bool_]:
        """Where the entry is a Fraction."""
        return np.asarray(_DEFINED(values)).astype(bool)

    def integers(self, values: Array) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Where the denominator is one."""
        whole = np.zeros(values.shape, np.int64)
        fits = np.zeros(values.shape, bool)
        for place in np.ndindex(values.shape):
            value: Any = values[place]
            if not _is_nan(value) and value.denominator == 1 and abs(value) < 2**62:
                whole[place], fits[place] = int(value), True
        return whole, fits

    def argmax(self, values: Array) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """The first maximum."""
        shape = values.shape[:-1]
        places = np.zeros(shape, np.int64)
        fits = np.zeros(shape, bool)
        for place in np.ndindex(shape):
            row = list(values[place])
            if row and not any(map(_is_nan, row)):
                places[place], fits[place] = row.index(max(row)), True
        return places, fits

    def matrix(self, operation: str, matrices: Array, power: int) -> Array:
        """By elimination; a singular matrix gives undefined entries."""
        scalar = operation in ("det", "logdet")
        result = np.empty(matrices.shape[: -2 if scalar else None], dtype=object)
        result.fill(nan)
        for place in np.ndindex(matrices.shape[:-2]):
            if not self.defined(matrices[place]).all():
                continue
            rows = [[_fmpq(x) for x in row] for row in matrices[place]]
            matrix = flint.fmpq_mat(len(rows), len(rows), [x for row in rows for x in row])
            if scalar:
                det = _fraction(matrix.det())
                result[place] = det if operation == "det" else KERNELS["log"](abs(det))
            else:
                result[place] = _matrix_power(matrix, -1 if operation == "inv" else power)
        return result


def _fmpq(value: Fraction) -> Any:
    return flint.fmpq(value.numerator, value.denominator)


def _fraction(value: Any) -> Fraction:
    return Fraction(int(value.p), int(value.q))


def _matrix_power(matrix: Any, power: int) -> Array:
    """The power of an `fmpq_mat` as an array; undefined where a singular one has none."""
    size = matrix.nrows()
    result = np.empty((size, size), dtype=object)
    result.fill(nan)
    if abs(power) > 1000:
        raise EvaluationError(f"the matrix power {power} is too large")
    if power < 0:
        if matrix.det() == 0:
            return result
        matrix, power = matrix.inv(), -power
    total = flint.fmpq_mat(size, size, [int(i == j) for i in range(size) for j in range(size)])
    for _ in range(power):
        total = total * matrix
    for i, j in np.ndindex(size, size):
        result[i, j] = _fraction(total[i, j])
    return result


EXACT = Rationals()
