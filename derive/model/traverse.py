"""Walks over index notation: what is free, what is named, when two differ in names alone."""

from collections.abc import Hashable, Iterator
from typing import assert_never

from derive.model.scalar import (
    Apply,
    ArgMax,
    Blocks,
    Constant,
    Derivative,
    DimValue,
    Entry,
    Expectation,
    Index,
    IndexValue,
    IndexVariable,
    Limit,
    MatrixFunction,
    MatrixProduct,
    Num,
    Reduce,
    Scalar,
    Split,
    Tensor,
    Unknown,
)


def parts_of(scalar: Scalar) -> Iterator[tuple[tuple[IndexVariable, ...], Index | Scalar]]:
    """The immediate parts of `scalar`, each with the variables that are bound in it."""
    match scalar:
        case Num() | Constant() | DimValue():
            return
        case IndexValue(index):
            yield (), index
        case Entry(_, indices, _):
            yield from (((), index) for index in indices)
        case Apply(_, arguments):
            yield from (((), argument) for argument in arguments)
        case Reduce(_, variable, body, condition):
            yield (variable,), body
            if condition is not None:
                yield (variable,), condition
        case ArgMax(variable, body):
            yield (variable,), body
        case MatrixFunction(_, matrix, indices, power):
            yield matrix.indices, matrix.body
            yield from (((), index) for index in indices)
            if power is not None:
                yield (), power
        case MatrixProduct(variable, low, high, matrix, indices, _):
            yield (variable, *matrix.indices), matrix.body
            yield from (((), index) for index in (low, high, *indices))
        case Unknown(_, indices, arguments, derivatives):
            yield from (((), index) for index in indices)
            yield from ((argument.indices, argument.body) for argument in arguments)
            yield from (((), index) for _, places in derivatives for index in places)
        case Blocks(index, parts):
            yield (), index
            yield from (((part.variable,), part.body) for part in parts)
        case Split(index, variables, body):
            yield (), index
            yield variables, body
        case Derivative(_, of_indices, _, wrt_indices, _):
            yield from (((), index) for index in (*of_indices, *wrt_indices))
        case Limit(body, _, target, _):
            yield (), body
            yield (), target
        case Expectation(body):
            yield (), body
        case _:
            assert_never(scalar)


def free_variables(tensor: Tensor) -> tuple[IndexVariable, ...]:
    """The index variables free in `tensor`, in order of first appearance."""
    found: dict[IndexVariable, None] = {}

    def visit(part: Index | Scalar, bound: frozenset[IndexVariable]) -> None:
        if isinstance(part, Index):
            found.update((variable, None) for variable, _ in part.terms if variable not in bound)
            for scalar in part.computed:
                visit(scalar, bound)
            return
        for variables, inner in parts_of(part):
            visit(inner, bound | frozenset(variables) if variables else bound)

    visit(tensor.body, frozenset(tensor.indices))
    return tuple(found)


def names_in(scalar: Scalar) -> frozenset[str]:
    """The declared and defined names that occur in `scalar`."""
    found: set[str] = set()

    def visit(part: Index | Scalar) -> None:
        if isinstance(part, Index):
            for computed in part.computed:
                visit(computed)
            return
        match part:
            case Entry(symbol):
                found.add(symbol)
            case Derivative(of, _, wrt, _):
                found.update((of, wrt))
        for _, inner in parts_of(part):
            visit(inner)

    visit(scalar)
    return frozenset(found)


def dims_in(tensor: Tensor) -> frozenset[str]:
    """The dimensions that occur in `tensor`: as numbers, in positions, in ranges."""
    found: set[str] = set()

    def bound(variables: tuple[IndexVariable, ...]) -> None:
        for variable in variables:
            found.update(variable.axis.low.names, variable.axis.high.names)

    def visit(part: Index | Scalar) -> None:
        if isinstance(part, Index):
            bound(tuple(variable for variable, _ in part.terms))
            found.update(part.offset.names)
            for _, factor in part.terms:
                found.update(factor.names)
            for inner in part.computed:
                visit(inner)
            return
        if isinstance(part, DimValue):
            found.update(part.dim.names)
        for variables, inside in parts_of(part):
            bound(variables)
            visit(inside)

    bound(tensor.indices)
    visit(tensor.body)
    return frozenset(found)


def has_derivative(scalar: Scalar) -> bool:
    """Whether a `Derivative` occurs in `scalar`."""
    if isinstance(scalar, Derivative):
        return True
    return any(
        has_derivative(inner)
        for _, part in parts_of(scalar)
        for inner in (part.computed if isinstance(part, Index) else (part,))
    )


def skeleton(tensor: Tensor) -> Hashable:
    """Equal for two tensors that are the same but for which index variables they use."""
    numbers: dict[IndexVariable, int] = {}

    def number(variable: IndexVariable) -> Hashable:
        if variable in numbers:
            return numbers[variable]
        numbers[variable] = len(numbers)
        return (numbers[variable], variable.axis)

    def of_index(index: Index) -> Hashable:
        terms = tuple((number(variable), factor) for variable, factor in index.terms)
        return (terms, index.offset, tuple(of_scalar(scalar) for scalar in index.computed))

    def of_scalar(scalar: Scalar) -> Hashable:
        match scalar:
            case Num() | Constant() | DimValue():
                return scalar
            case Entry(name, _, padded):
                head: Hashable = (name, padded)
            case Apply(operation) | Reduce(operation) | MatrixFunction(operation):
                head = operation
            case MatrixProduct(step=step):
                head = step
            case Unknown(function, _, _, derivatives):
                head = (function, tuple(place for place, _ in derivatives))
            case Derivative(of, indices, wrt, _, partial):
                head = (of, len(indices), wrt, partial)
            case Limit(_, variable, _, side):
                head = (variable, side)
            case _:
                head = None
        parts = tuple(
            (
                tuple(number(variable) for variable in variables),
                of_index(part) if isinstance(part, Index) else of_scalar(part),
            )
            for variables, part in parts_of(scalar)
        )
        return (type(scalar).__name__, head, parts)

    return (tuple(number(variable) for variable in tensor.indices), of_scalar(tensor.body))
