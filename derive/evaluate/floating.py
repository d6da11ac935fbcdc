"""float64 arithmetic: fast, vectorised, without error bounds."""

import math
from collections.abc import Sequence
from contextlib import AbstractContextManager
from fractions import Fraction
from typing import Any

import flint
import numpy as np
from numpy.typing import NDArray

from derive.evaluate.number import Array, EvaluationError, Kernel, einsum


def _where(domain: NDArray[np.bool_], values: Any) -> Any:
    return np.where(domain, values, np.nan)


def _power(base: Array, exponent: Array) -> Any:
    undefined = ((base == 0) & (exponent < 0)) | np.isnan(base) | np.isnan(exponent)
    return _where(~undefined, np.power(base, exponent))


def _entrywise(kernel: Kernel) -> Kernel:
    return np.vectorize(kernel, otypes=[np.float64])


def _lgamma(x: float) -> float:
    return math.lgamma(x) if x > 0 else math.nan


def _digamma(x: float) -> float:
    return float(flint.arb(x).digamma().mid()) if math.isfinite(x) else math.nan


def _trigamma(x: float) -> float:
    return float(flint.arb(2).zeta(flint.arb(x)).mid()) if math.isfinite(x) else math.nan


def _compare(kernel: Kernel) -> Kernel:
    def indicator(a: Array, b: Array) -> Any:
        return _where(~(np.isnan(a) | np.isnan(b)), kernel(a, b).astype(np.float64))

    return indicator


KERNELS: dict[str, Kernel] = {
    "add": np.add,
    "mul": np.multiply,
    "div": lambda a, b: _where(b != 0, np.divide(a, b)),
    "pow": _power,
    "neg": np.negative,
    "exp": np.exp,
    "log": lambda a: _where(a > 0, np.log(a)),
    "sqrt": np.sqrt,
    "abs": np.abs,
    "sign": np.sign,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "asin": np.arcsin,
    "acos": np.arccos,
    "atan": np.arctan,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tanh": np.tanh,
    "erf": _entrywise(math.erf),
    "lgamma": _entrywise(_lgamma),
    "digamma": _entrywise(_digamma),
    "trigamma": _entrywise(_trigamma),  # the derivative of digamma
    "max": np.maximum,
    "min": np.minimum,
    "lt": _compare(np.less),
    "le": _compare(np.less_equal),
    "eq": _compare(np.equal),
    "ne": _compare(np.not_equal),
}
_FOLDS: dict[str, Kernel] = {"sum": np.sum, "prod": np.prod, "max": np.max, "min": np.min}


class Float:
    """float64, NaN where undefined."""

    name = "float"

    def scope(self) -> AbstractContextManager[Any]:
        """Overflow and undefined results are entries, not warnings."""
        return np.errstate(all="ignore")

    def exact(self, values: Array) -> Array:
        """The nearest floats."""
        return np.asarray(values, dtype=np.float64)

    def number(self, value: Fraction) -> Array:
        """The nearest float."""
        try:
            return np.asarray(float(value))
        except OverflowError:
            return np.asarray(math.copysign(math.inf, value))

    def undefined(self) -> Array:
        """NaN."""
        return np.asarray(np.nan)

    def constant(self, name: str) -> Array:
        """`pi` or `inf`."""
        return np.asarray({"pi": math.pi, "inf": math.inf}[name])

    def apply(self, operation: str, arguments: Sequence[Array]) -> Array:
        """One NumPy call."""
        return np.asarray(KERNELS[operation](*arguments))

    def fold(self, operation: str, values: Array) -> Array:
        """One NumPy call."""
        if not values.shape[-1] and operation in ("max", "min"):
            return np.full(values.shape[:-1], np.nan)
        return np.asarray(_FOLDS[operation](values, axis=-1))

    def contract(
        self, operands: Sequence[tuple[Sequence[int], Array]], out: Sequence[int]
    ) -> Array:
        """`einsum`."""
        return einsum(operands, out)

    def defined(self, values: Array) -> NDArray[np.bool_]:
        """Neither NaN nor infinite."""
        return np.asarray(np.isfinite(values))

    def integers(self, values: Array) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Rounded; an integer where rounding moves it by less than a millionth."""
        nearest = np.rint(values)
        fits = (np.abs(values - nearest) < 1e-6) & (np.abs(nearest) < 2**53)
        return np.where(fits, nearest, 0).astype(np.int64), np.asarray(fits)

    def argmax(self, values: Array) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """The first maximum."""
        if not values.shape[-1]:
            return np.zeros(values.shape[:-1], np.int64), np.zeros(values.shape[:-1], bool)
        fits = np.asarray(~np.isnan(values).any(axis=-1))
        return np.asarray(np.argmax(values, axis=-1)), fits

    def matrix(self, operation: str, matrices: Array, power: int) -> Array:
        """LAPACK's; a singular matrix gives undefined entries."""
        match operation:
            case "det":
                return np.asarray(np.linalg.det(matrices))
            case "logdet":
                sign, value = np.linalg.slogdet(matrices)
                return np.asarray(_where(sign != 0, value))
            case "inv" | "matpow":
                return _each(matrices, -1 if operation == "inv" else power)
        raise EvaluationError(f"no matrix function {operation}")


def _each(matrices: Array, power: int) -> Array:
    """The power of every matrix in the last two axes."""
    result = np.full(matrices.shape, np.nan)
    for place in np.ndindex(matrices.shape[:-2]):
        try:
            result[place] = np.linalg.matrix_power(matrices[place], power)
        except np.linalg.LinAlgError:
            continue
    return result


FLOAT = Float()
