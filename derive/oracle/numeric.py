"""The value of a SymPy expression whose symbols have values: rational while it lasts, else a float.

Floats have eighty digits. `sympy.evalf` would do the same a hundred times slower: it knows nothing
of subexpressions that occurred before.
"""

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from math import isqrt
from typing import Any

import mpmath
import sympy

from derive.oracle.operations import NotExpressible, Undefined

Expression = Any  # sympy.Expr, which has no types
Number = Any  # Fraction, or an mpf of FLOATS

_LARGEST_POWER = 64
_MOST_BITS = 4096

FLOATS: Any = mpmath.MPContext()
FLOATS.dps = 80

_FUNCTIONS: dict[Any, Callable[..., Number]] = {
    sympy.exp: FLOATS.exp,
    sympy.log: FLOATS.log,
    sympy.sin: FLOATS.sin,
    sympy.cos: FLOATS.cos,
    sympy.tan: FLOATS.tan,
    sympy.asin: FLOATS.asin,
    sympy.acos: FLOATS.acos,
    sympy.atan: FLOATS.atan,
    sympy.sinh: FLOATS.sinh,
    sympy.cosh: FLOATS.cosh,
    sympy.tanh: FLOATS.tanh,
    sympy.erf: FLOATS.erf,
    sympy.loggamma: FLOATS.loggamma,
    sympy.polygamma: FLOATS.psi,
}


def inexact(number: Number) -> Number:
    """A number as a float of eighty digits."""
    if isinstance(number, Fraction):
        return FLOATS.mpf(number.numerator) / number.denominator
    return number


def alike(left: Number, right: Number) -> tuple[Number, Number]:
    """Two numbers of one kind."""
    if isinstance(left, Fraction) and isinstance(right, Fraction):
        return left, right
    return inexact(left), inexact(right)


def total(numbers: Sequence[Number]) -> Number:
    """The sum."""
    exact = sum((n for n in numbers if isinstance(n, Fraction)), Fraction(0))
    floats = [n for n in numbers if not isinstance(n, Fraction)]
    return FLOATS.fsum([*floats, inexact(exact)]) if floats else exact


def multiplied(numbers: Iterable[Number]) -> Number:
    """The product."""
    result: Number = Fraction(1)
    for number in numbers:
        left, right = alike(result, number)
        result = left * right
    return result


class Numbers:
    """Values of expressions; `symbol` tells those of symbols. Each expression is done once."""

    def __init__(self, symbol: Callable[[Expression], Number]) -> None:
        self.symbol = symbol
        self._known: dict[Expression, Number] = {}

    def of(self, expression: Expression) -> Number:
        """The value. Raises Undefined where there is no real one."""
        found = self._known.get(expression)
        if found is None:
            found = self._known[expression] = self._of(expression)
        return found

    def _of(self, expression: Expression) -> Number:
        if expression.is_Symbol:
            return self.symbol(expression)
        if expression.is_Rational:
            return Fraction(int(expression.p), int(expression.q))
        if expression.is_Add:
            return _small(total([self.of(part) for part in expression.args]))
        if expression.is_Mul:
            return _small(multiplied(self.of(part) for part in expression.args))
        if expression.is_Pow:
            return _small(_power(*map(self.of, expression.args)))
        if isinstance(expression, sympy.NumberSymbol):  # pi, e, Euler's constant
            return FLOATS.mpf(str(expression.evalf(FLOATS.dps)))
        function = _FUNCTIONS.get(expression.func)
        if function is None:
            raise NotExpressible(f"no numbers for {expression.func}")
        return _real(function(*(inexact(self.of(part)) for part in expression.args)))


def _real(number: Number) -> Number:
    if isinstance(number, FLOATS.mpc) or not FLOATS.isfinite(number):
        raise Undefined(str(number))
    return number


def _small(number: Number) -> Number:
    """A rational of very many digits as a float."""
    if isinstance(number, Fraction) and number.denominator.bit_length() > _MOST_BITS:
        return inexact(number)
    return number


def _power(base: Number, exponent: Number) -> Number:
    if base == 0:
        if exponent <= 0 and exponent != 0:
            raise Undefined("a negative power of zero")
        return Fraction(int(exponent == 0))
    if isinstance(base, Fraction) and isinstance(exponent, Fraction):
        if exponent.denominator == 1 and abs(exponent) <= _LARGEST_POWER:
            return base ** int(exponent)
        if exponent.denominator == 2 and abs(exponent) <= _LARGEST_POWER and base > 0:
            above, below = isqrt(base.numerator), isqrt(base.denominator)
            if Fraction(above**2, below**2) == base:
                return Fraction(above, below) ** exponent.numerator
    if isinstance(exponent, Fraction) and exponent.denominator == 1:
        return _real(inexact(base) ** int(exponent))
    if base < 0:
        raise Undefined("a power of a negative number")
    return _real(inexact(base) ** inexact(exponent))
