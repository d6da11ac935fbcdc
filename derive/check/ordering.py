"""Sums and products in the order in which people write them; the same in every run."""

from dataclasses import replace
from fractions import Fraction
from functools import reduce

from derive.calculus.notation import text_of
from derive.model.scalar import (
    Apply,
    ArgMax,
    DimValue,
    Entry,
    MatrixFunction,
    Num,
    Reduce,
    Scalar,
    Tensor,
    Unknown,
)
from derive.model.traverse import free_variables

_MINUS_ONE = Num(Fraction(-1))


def ordered(scalar: Scalar) -> Scalar:
    """The same scalar: positive terms first, numbers before names, sums last in a product."""
    match scalar:
        case Apply("add" | "sub" | "neg"):
            return _sum(scalar)
        case Apply("mul" | "div"):
            return _product(scalar)
        case Apply(operation, arguments):
            return Apply(operation, tuple(map(ordered, arguments)))
        case Reduce(operation, variable, body, condition):
            where = None if condition is None else ordered(condition)
            return Reduce(operation, variable, ordered(body), where)
        case ArgMax(variable, body):
            return ArgMax(variable, ordered(body))
        case MatrixFunction(_, matrix, _, _):
            return replace(scalar, matrix=Tensor(matrix.indices, ordered(matrix.body)))
        case Unknown(_, _, arguments, _):
            inner = tuple(Tensor(t.indices, ordered(t.body)) for t in arguments)
            return replace(scalar, arguments=inner)
        case _:
            return scalar


def _terms(scalar: Scalar, sign: int) -> list[tuple[int, Scalar]]:
    match scalar:
        case Apply("add", (left, right)):
            return _terms(left, sign) + _terms(right, sign)
        case Apply("sub", (left, right)):
            return _terms(left, sign) + _terms(right, -sign)
        case Apply("neg", (inner,)):
            return _terms(inner, -sign)
        case _:
            term = _product(scalar) if isinstance(scalar, Apply) else ordered(scalar)
            if isinstance(term, Apply) and term.arguments[0] == _MINUS_ONE:
                return [(-sign, term.arguments[1])] if term.operation == "mul" else [(sign, term)]
            if isinstance(term, Num) and term.value < 0:
                return [(-sign, Num(-term.value))]
            return [(sign, term)]


def _sum(scalar: Scalar) -> Scalar:
    terms = [(sign, term, text_of(term)) for sign, term in _terms(scalar, 1)]
    terms.sort(key=lambda item: (item[0] < 0, isinstance(item[1], Num), len(item[2]), item[2]))
    signed = [
        term if sign > 0 else Num(-term.value) if isinstance(term, Num) else _negative(term)
        for sign, term, _ in terms
    ]
    return reduce(lambda a, b: Apply("add", (a, b)), signed)


def _negative(term: Scalar) -> Scalar:
    return Apply("mul", (_MINUS_ONE, term))


def _factors(scalar: Scalar, above: list[Scalar], below: list[Scalar]) -> Fraction:
    """Sorts the factors into numerator and denominator; gives their number."""
    match scalar:
        case Num(value) if value:
            return value
        case Apply("mul", (left, right)):
            return _factors(left, above, below) * _factors(right, above, below)
        case Apply("div", (left, right)):
            return _factors(left, above, below) / _factors(right, below, above)
        case Apply("neg", (inner,)):
            return -_factors(inner, above, below)
        case _:
            above.append(ordered(scalar))
            return Fraction(1)


def _product(scalar: Scalar) -> Scalar:
    if not isinstance(scalar, Apply) or scalar.operation not in ("mul", "div", "neg"):
        return ordered(scalar)
    above: list[Scalar] = []
    below: list[Scalar] = []
    number = _factors(scalar, above, below)
    size = abs(number)
    above.sort(key=_rank)
    below.sort(key=_rank)
    if size.numerator != 1 or not above:
        above.insert(0, Num(Fraction(size.numerator)))
    if size.denominator != 1:
        below.insert(0, Num(Fraction(size.denominator)))
    result = reduce(lambda a, b: Apply("mul", (a, b)), above)
    if below:
        result = Apply("div", (result, reduce(lambda a, b: Apply("mul", (a, b)), below)))
    if number > 0:
        return result
    return Num(-result.value) if isinstance(result, Num) else _negative(result)


def _rank(scalar: Scalar) -> tuple[int, tuple[str, ...], str]:
    """Sizes, derivatives (which read as quotients), what has few indices, sums."""
    names = tuple(variable.name for variable in free_variables(Tensor((), scalar)))
    text = text_of(scalar)
    if isinstance(scalar, DimValue):
        return 0, names, text
    if isinstance(scalar, Entry) and "/" in scalar.symbol:
        return 1, names, text
    return (3 if isinstance(scalar, Reduce) else 2), names, text
