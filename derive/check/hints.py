"""One simple change that makes a refuted relation right, named only after it was checked.

The candidates are the slips that people make, as transformations of the right side; none knows any
layer or loss. The first that agrees with the left side at several points is the hint.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from derive.check.budget import remaining
from derive.check.verdict import ProvedIf
from derive.evaluate.number import EvaluationError
from derive.model.dim import Dim
from derive.model.model import Judgement, Relation
from derive.model.scalar import (
    Apply,
    Derivative,
    DimValue,
    Entry,
    Index,
    IndexVariable,
    Num,
    Reduce,
    Scalar,
    substitute,
)

if TYPE_CHECKING:
    from derive.check.judge import Judge

_POINTS = 4


@dataclass(frozen=True, slots=True)
class Candidate:
    """A relation that may be right, and what to say if it is."""

    relation: Relation
    text: str


def hint(
    judge: "Judge", judgement: Judgement, relation: Relation, deadline: float
) -> str | None:
    """What to change, or None if no simple change was found in time."""
    if relation.op != "=":
        return None
    for candidate in candidates(judge, relation):
        if remaining(deadline) <= 0:
            return None
        if agrees(judge, judgement, candidate.relation) and not is_contradicted(
            judge, judgement, candidate.relation, deadline
        ):
            return candidate.text
    return None


def agrees(judge: "Judge", judgement: Judgement, relation: Relation) -> bool:
    """Whether both sides agree at several points, at one of them with something other than zero."""
    compared, nonzero = 0, False
    for point in judge.points.some(0, _POINTS):
        try:
            if judge.numbers.violation(relation, point, judgement.at) is not None:
                return False
            found = judge.numbers.floats(relation, point, judgement.at)
        except EvaluationError:
            continue
        compared += bool(found.where.any())
        nonzero |= bool(np.any(found.left[found.where] != 0))
    return compared > 1 and nonzero


def is_contradicted(
    judge: "Judge", judgement: Judgement, relation: Relation, deadline: float
) -> bool:
    """Whether a quick proof says that the change needs a fact which nobody declared."""
    return isinstance(judge.prove(relation, judgement.at, deadline), ProvedIf)


def candidates(judge: "Judge", relation: Relation) -> Iterator[Candidate]:
    """Changes of the right side, the simplest first."""
    right = relation.right

    def changed(scalar: Scalar, text: str) -> Candidate:
        return Candidate(replace(relation, right=scalar), text)

    yield changed(_times(-1, right), "this is -1 times the right answer: check the sign")
    yield from (
        changed(scalar, text)
        for factor in (Fraction(1, 2), Fraction(2))
        for scalar, text in ((_times(factor, right), _factor_text(str(factor))),)
    )
    yield from _by_dimensions(judge, relation, changed)
    yield from _by_indices(judge, relation, changed)
    if isinstance(relation.left, Derivative):
        yield from _by_paths(judge, relation, relation.left, changed)
    for name in _dims(judge):
        yield changed(
            _times(-1, Apply("div", (right, DimValue(Dim.symbol(name))))),
            f"the right answer is this times -1/{name}",
        )


Change = Callable[[Scalar, str], Candidate]


def _dims(judge: "Judge") -> tuple[str, ...]:
    return judge.model.dims


def _by_dimensions(judge: "Judge", _relation: Relation, changed: Change) -> Iterator[Candidate]:
    """A mean taken for a sum, or a sum for a mean."""
    right = _relation.right
    for name in _dims(judge):
        size = DimValue(Dim.symbol(name))
        yield changed(
            Apply("div", (right, size)), f"{_factor_text(f'1/{name}')}: is a mean taken for a sum?"
        )
        yield changed(
            Apply("mul", (right, size)), f"{_factor_text(name)}: is a sum taken for a mean?"
        )
        for factor in (Fraction(1, 2), Fraction(2)):
            scaled = _times(factor, Apply("div", (right, size)))
            text = f"1/(2*{name})" if factor < 1 else f"2/{name}"
            yield changed(scaled, _factor_text(text))


def _by_indices(judge: "Judge", relation: Relation, changed: Change) -> Iterator[Candidate]:
    """The transpose, of the whole right side or of one of its matrices."""
    for first, i in enumerate(relation.indices):
        for j in relation.indices[first + 1 :]:
            if i.axis == j.axis:
                swapped = substitute(relation.right, {i: Index.of(j), j: Index.of(i)})
                yield changed(swapped, "the right answer is the transpose of this")
    for name in _matrices(judge):
        turned = _map_entries(relation.right, lambda entry, name=name: _turned(entry, name))
        if turned != relation.right:
            yield changed(turned, f"it is right with `{name}.T` in place of `{name}`")


def _by_paths(
    judge: "Judge", relation: Relation, left: Derivative, changed: Change
) -> Iterator[Candidate]:
    """A path that was dropped, or another derivative taken for this one."""
    model = judge.model
    for name, definition in model.definitions.items():
        if definition.hidden or name in (left.of, left.wrt) or left.partial:
            continue
        if not (judge.depends(left.of, name) and judge.depends(name, left.wrt)):
            continue
        axes = tuple(variable.axis for variable in definition.indices)
        fresh = tuple(IndexVariable(v.name, v.axis) for v in definition.indices)
        if axes == judge.axes(left.wrt):
            other = Derivative(left.of, left.of_indices, name, left.wrt_indices)
            # What was claimed is the derivative by a later name of the same shape.
            claim = replace(relation, left=other)
            yield Candidate(claim, f"this is d{left.of}/d{name}: multiply by d{name}/d{left.wrt}")
        through = tuple(Index.of(variable) for variable in fresh)
        path: Scalar = Apply(
            "mul",
            (
                Derivative(left.of, left.of_indices, name, through),
                Derivative(name, through, left.wrt, left.wrt_indices),
            ),
        )
        for variable in reversed(fresh):
            path = Reduce("sum", variable, path)
        yield changed(
            Apply("add", (relation.right, path)),
            f"the path through `{name}` is missing: add d{left.of}/d{name} * d{name}/d{left.wrt}",
        )


def _matrices(judge: "Judge") -> Iterator[str]:
    """The names of square matrices; another's transpose does not fit."""
    for name in (*judge.model.symbols, *judge.model.definitions):
        axes = judge.axes(name)
        if len(axes) == 2 and axes[0] == axes[1]:
            yield name


def _turned(entry: Entry, name: str) -> Entry:
    return replace(entry, indices=entry.indices[::-1]) if entry.symbol == name else entry


def _map_entries(scalar: Scalar, change: Callable[[Entry], Entry]) -> Scalar:
    """`scalar` with every plain entry changed."""
    match scalar:
        case Entry():
            return change(scalar)
        case Apply(operation, arguments):
            return Apply(operation, tuple(_map_entries(a, change) for a in arguments))
        case Reduce(operation, variable, body, condition):
            return Reduce(operation, variable, _map_entries(body, change), condition)
        case _:
            return scalar


def _times(factor: Fraction | int, scalar: Scalar) -> Scalar:
    return Apply("mul", (Num(Fraction(factor)), scalar))


def _factor_text(factor: str) -> str:
    return f"the right answer is {factor} times this"
