"""Bound indices get the names that people give them: `i`, `j`, `k`, none of them taken."""

from collections.abc import Iterator
from dataclasses import replace

from derive.model.scalar import (
    Apply,
    ArgMax,
    Blocks,
    Index,
    IndexVariable,
    MatrixFunction,
    Reduce,
    Scalar,
    Tensor,
    Unknown,
    substitute,
)
from derive.model.traverse import free_variables, names_in

_LETTERS = "ijklmnopqrstuvwxyz"


def named(scalar: Scalar) -> Scalar:
    """The same scalar; a bound index is called by the first letter that nothing else in it has."""
    free = {variable.name for variable in free_variables(Tensor((), scalar))}
    return _named(scalar, free | set(names_in(scalar)) | _dims(scalar))


def _named(scalar: Scalar, taken: set[str]) -> Scalar:
    match scalar:
        case Apply(operation, arguments):
            return Apply(operation, tuple(_named(a, taken) for a in arguments))
        case Reduce(operation, variable, body, condition):
            new, moved = _moved(variable, taken)
            inner = taken | {new.name}
            holds = None if condition is None else _named(substitute(condition, moved), inner)
            return Reduce(operation, new, _named(substitute(body, moved), inner), holds)
        case ArgMax(variable, body):
            new, moved = _moved(variable, taken)
            return ArgMax(new, _named(substitute(body, moved), taken | {new.name}))
        case MatrixFunction(_, matrix, _, _):
            return replace(scalar, matrix=_tensor(matrix, taken))
        case Unknown(_, _, arguments, _):
            return replace(scalar, arguments=tuple(_tensor(t, taken) for t in arguments))
        case _:
            return scalar


def _tensor(tensor: Tensor, taken: set[str]) -> Tensor:
    """A tensor as a part: its own indices are bound too."""
    indices: list[IndexVariable] = []
    moves: dict[IndexVariable, Index] = {}
    for variable in tensor.indices:
        new, moved = _moved(variable, taken)
        taken = taken | {new.name}
        indices.append(new)
        moves |= moved
    return Tensor(tuple(indices), _named(substitute(tensor.body, moves), taken))


def _moved(
    variable: IndexVariable, taken: set[str]
) -> tuple[IndexVariable, dict[IndexVariable, Index]]:
    name = next(name for name in _candidates() if name not in taken)
    new = IndexVariable(name, variable.axis)
    return new, {variable: Index.of(new)}


def _candidates() -> Iterator[str]:
    yield from _LETTERS
    number = 0
    while True:
        number += 1
        yield from (f"{letter}{number}" for letter in _LETTERS)


def _dims(scalar: Scalar) -> set[str]:
    """The dimensions that a range in it names, as they are printed beside the indices."""
    match scalar:
        case Apply(_, arguments):
            return set[str]().union(*map(_dims, arguments))
        case Reduce(_, variable, body):
            axis = variable.axis
            return _dims(body) | set(axis.low.names) | set(axis.high.names)
        case ArgMax(_, body):
            return _dims(body)
        case MatrixFunction(_, matrix):
            return _dims(matrix.body)
        case Unknown(_, _, arguments):
            return set[str]().union(*(_dims(argument.body) for argument in arguments))
        case Blocks(_, parts):
            return set[str]().union(*(_dims(part.body) for part in parts))
        case _:
            return set()
