"""One simple change that makes a refuted relation right, named only after it was checked.

The candidates are the slips that people make, as transformations of the right side; none knows any
layer or loss. The first that agrees with the left side at several points is the hint.
"""

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from derive.check.budget import remaining
from derive.check.numbers import Sides
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
    MatrixFunction,
    Num,
    Reduce,
    Scalar,
    Tensor,
    substitute,
)
from derive.model.traverse import skeleton

if TYPE_CHECKING:
    from derive.check.judge import Judge

_POINTS = 4
_ENTRIES = "entries are compared: say `x.T @ A @ x > 0` of a matrix, `convex(L, w)` of a loss"
_FAR, _ZERO = 1e-6, 1e-8
_FACTORS = (Fraction(1, 2), Fraction(2), Fraction(-1, 2), Fraction(-2))


@dataclass(frozen=True, slots=True)
class Candidate:
    """A relation that may be right, and what to say if it is."""

    relation: Relation
    text: str


def hint(judge: "Judge", judgement: Judgement, relation: Relation, deadline: float) -> str | None:
    """What to change, or None if no simple change was found in time."""
    if relation.op != "=":
        return _ENTRIES if is_definite(relation) else None
    if judgement.kind == "step" and is_head(judge, judgement, relation):
        return "this line equals the head of the derivation: the mistake is in a line above it"
    if is_zero(judge, judgement, relation):
        return None
    for candidate in candidates(judge, relation):
        if remaining(deadline) <= 0:
            return None
        if agrees(judge, judgement, candidate.relation):
            return candidate.text
    return None


def is_definite(relation: Relation) -> bool:
    """Whether a square matrix is compared with zero, as on paper for positive definite."""
    axes = [variable.axis for variable in relation.indices]
    return (
        len(axes) == 2
        and axes[0] == axes[1]
        and Num(Fraction(0)) in (relation.left, relation.right)
    )


def is_head(judge: "Judge", judgement: Judgement, relation: Relation) -> bool:
    """Whether a wrong step is equal to the head of its derivation, as a right last line is."""
    first = relation
    for earlier in reversed(judge.model.judgements[: judge.model.judgements.index(judgement)]):
        before = earlier.relation
        if earlier.kind != "step" or before is None:
            break
        if _shape(before.indices, before.right) != _shape(first.indices, first.left):
            break
        first = before
    if first is relation:
        return False
    moved = zip(first.indices, map(Index.of, relation.indices), strict=True)
    head = substitute(first.left, dict(moved))
    return agrees(judge, judgement, replace(relation, left=head))


def _shape(indices: tuple[IndexVariable, ...], scalar: Scalar) -> Hashable:
    return skeleton(Tensor(indices, scalar))


def agrees(judge: "Judge", judgement: Judgement, relation: Relation) -> bool:
    """Whether both sides agree at several points, at one of them with something other than zero."""
    compared, nonzero = 0, False
    for point in judge.points.some(0, _POINTS):
        try:
            found = judge.numbers.floats(relation, point, judgement.at)
            if _is_far(found):
                return False
            if judge.numbers.violation(relation, point, judgement.at) is not None:
                return False
        except EvaluationError:
            continue
        compared += bool(found.where.any())
        nonzero |= bool(np.any(np.abs(found.left[found.where]) > _ZERO))
    return compared > 1 and nonzero


def _is_far(found: Sides) -> bool:
    """Whether floats differ by more than rounding could explain, seen over the whole tensor."""
    left, right = found.left[found.where], found.right[found.where]
    if not left.size:
        return False
    size = max(np.max(np.abs(left)), np.max(np.abs(right)))
    return bool(np.max(np.abs(left - right)) > _FAR * max(size, _ZERO))


def is_zero(judge: "Judge", judgement: Judgement, relation: Relation) -> bool:
    """Whether the right side is zero wherever it is tried: then every change of it says nothing."""
    for point in judge.points.some(0, _POINTS):
        try:
            found = judge.numbers.floats(relation, point, judgement.at)
        except EvaluationError:
            continue
        if np.any(np.abs(found.right[found.where]) > _ZERO):
            return False
    return True


def candidates(judge: "Judge", relation: Relation) -> Iterator[Candidate]:
    """Changes of the right side, the simplest first."""
    right = relation.right

    def changed(scalar: Scalar, text: str) -> Candidate:
        return Candidate(replace(relation, right=scalar), text)

    yield changed(_times(-1, right), "this is -1 times the right answer: check the sign")
    for factor in _FACTORS:
        yield changed(_times(factor, right), _factor_text(str(factor)))
    yield from _by_matrices(judge, relation)
    yield from _by_dimensions(judge, right, changed)
    yield from _by_indices(judge, relation, changed)
    if isinstance(relation.left, Derivative):
        yield from _by_paths(judge, relation, relation.left, changed)


def _by_matrices(judge: "Judge", relation: Relation) -> Iterator[Candidate]:
    """The power of a matrix, where `^` was taken for it; it works entry by entry."""
    for name in _matrices(judge):
        for power, text in ((-1, f"inv({name})"), (2, f"{name} @ {name}")):
            sides = [_powered(judge, s, name, power) for s in (relation.left, relation.right)]
            if sides != [relation.left, relation.right]:
                changed = replace(relation, left=sides[0], right=sides[1])
                yield Candidate(changed, f"`^` works entry by entry: write `{text}`")


def _powered(judge: "Judge", scalar: Scalar, name: str, power: int) -> Scalar:
    """`scalar` with the powers of a matrix's entries replaced by entries of its power."""
    match scalar:
        case Apply("pow", (Entry(symbol, places), exponent)) if symbol == name and exponent in (
            Num(Fraction(power)),
            _negated(-power),
        ):
            axes = judge.axes(name)
            row, column = (IndexVariable(f"i{k}", axis) for k, axis in enumerate(axes))
            matrix = Tensor((row, column), Entry(name, (Index.of(row), Index.of(column))))
            if power < 0:
                return MatrixFunction("inv", matrix, places)
            return MatrixFunction("matpow", matrix, places, exponent)
        case Apply(operation, arguments):
            parts = (_powered(judge, part, name, power) for part in arguments)
            return Apply(operation, tuple(parts))
        case Reduce(operation, variable, body, condition):
            return Reduce(operation, variable, _powered(judge, body, name, power), condition)
        case _:
            return scalar


Change = Callable[[Scalar, str], Candidate]


def _by_dimensions(judge: "Judge", right: Scalar, changed: Change) -> Iterator[Candidate]:
    """A mean taken for a sum, or a sum for a mean; a scale forgotten."""
    for name in judge.model.dims:
        size = DimValue(Dim.symbol(name))
        root = Apply("sqrt", (size,))
        smaller, larger = Apply("div", (right, size)), Apply("mul", (right, size))
        mean, total = ": is a mean taken for a sum?", ": is a sum taken for a mean?"
        yield changed(smaller, _factor_text(f"1/{name}") + mean)
        yield changed(larger, _factor_text(name) + total)
        yield changed(Apply("div", (right, root)), _factor_text(f"1/sqrt({name})"))
        yield changed(Apply("mul", (right, root)), _factor_text(f"sqrt({name})"))
        yield changed(_times(Fraction(1, 2), smaller), _factor_text(f"1/(2*{name})"))
        yield changed(_times(2, smaller), _factor_text(f"2/{name}"))
        yield changed(_times(-1, smaller), _factor_text(f"-1/{name}"))
        yield changed(_times(-1, larger), _factor_text(f"-{name}"))


def _by_indices(judge: "Judge", relation: Relation, changed: Change) -> Iterator[Candidate]:
    """The transpose, of the whole right side or of one of its matrices."""
    for first, i in enumerate(relation.indices):
        for j in relation.indices[first + 1 :]:
            if i.axis == j.axis:
                swapped = substitute(relation.right, {i: Index.of(j), j: Index.of(i)})
                yield changed(swapped, "the right answer is the transpose of this")
    for name in _matrices(judge):
        turned = _turned(relation.right, name)
        if turned != relation.right:
            yield changed(turned, f"it is right with `{name}.T` in place of `{name}`")
    for name in _matrices(judge):
        turned = _turned_derivatives(relation.right, name)
        if turned != relation.right:
            yield changed(turned, f"it is right with the derivative by `{name}` transposed")


def _by_paths(
    judge: "Judge", relation: Relation, left: Derivative, changed: Change
) -> Iterator[Candidate]:
    """A path that was dropped, or another derivative taken for this one."""
    between = list(_between(judge, left))
    for name in between:
        if judge.axes(name) == judge.axes(left.wrt):
            # What was claimed is the derivative by a later name of the same shape.
            node = Derivative(left.of, left.of_indices, name, left.wrt_indices)
            text = f"this is d{left.of}/d{name}: multiply by d{name}/d{left.wrt}"
            yield Candidate(replace(relation, left=node), text)
    for name, later in combinations(between, 2):
        if judge.axes(name) == judge.axes(later) and judge.depends(later, name):
            skipped = _path(judge, left, later, skipping=name)
            text = f"the factor d{later}/d{name} is missing"
            yield Candidate(replace(relation, left=skipped), text)
    for name in between:
        yield changed(
            Apply("add", (relation.right, _path(judge, left, name))),
            f"the path through `{name}` is missing: add {_product(left, name)}",
        )
    for name, other in combinations(between, 2):
        both: Scalar = Apply("add", (_path(judge, left, name), _path(judge, left, other)))
        if judge.depends(other, name):  # what goes through both was counted twice
            both = Apply("add", (both, _times(-1, _path(judge, left, other, name))))
        yield changed(
            Apply("add", (relation.right, both)),
            f"the paths through `{name}` and `{other}` are missing: "
            f"add {_product(left, name)} and {_product(left, other)}",
        )


def _between(judge: "Judge", left: Derivative) -> Iterator[str]:
    """The names through which the derivative goes."""
    if left.partial:
        return
    for name, definition in list(judge.model.definitions.items()):
        if definition.hidden or name in (left.of, left.wrt):
            continue
        if judge.depends(left.of, name) and judge.depends(name, left.wrt):
            yield name


def _product(left: Derivative, name: str) -> str:
    return f"d{left.of}/d{name} * d{name}/d{left.wrt}"


def _path(judge: "Judge", left: Derivative, *names: str, skipping: str | None = None) -> Scalar:
    """What reaches the derivative through names, the last first: a chain rule's product, summed.

    With `skipping`, the step from that name, of the same shape, to the last of `names` is left out.
    """
    result: Scalar = Num(Fraction(1))
    of, of_indices = left.of, left.of_indices
    summed: list[IndexVariable] = []
    for name in names:
        variables = tuple(IndexVariable(f"p{k}", axis) for k, axis in enumerate(judge.axes(name)))
        through = tuple(map(Index.of, variables))
        result = Apply("mul", (result, Derivative(of, of_indices, name, through)))
        of, of_indices = name, through
        summed += variables
    last = Derivative(skipping or of, of_indices, left.wrt, left.wrt_indices)
    result = Apply("mul", (result, last))
    for variable in reversed(summed):
        result = Reduce("sum", variable, result)
    return result


def _matrices(judge: "Judge") -> Iterator[str]:
    """The names of square matrices; another's transpose does not fit."""
    for name in (*judge.model.symbols, *judge.model.definitions):
        axes = judge.axes(name)
        if len(axes) == 2 and axes[0] == axes[1]:
            yield name


def _turned(scalar: Scalar, name: str) -> Scalar:
    """The entries of a matrix with rows and columns exchanged."""

    def change(leaf: Scalar) -> Scalar:
        if isinstance(leaf, Entry) and leaf.symbol == name:
            return replace(leaf, indices=leaf.indices[::-1])
        return leaf

    return _map_leaves(scalar, change)


def _turned_derivatives(scalar: Scalar, name: str) -> Scalar:
    """The derivatives by a matrix with its rows and columns exchanged."""

    def change(leaf: Scalar) -> Scalar:
        if isinstance(leaf, Derivative) and leaf.wrt == name:
            return replace(leaf, wrt_indices=leaf.wrt_indices[::-1])
        return leaf

    return _map_leaves(scalar, change)


def _map_leaves(scalar: Scalar, change: Callable[[Scalar], Scalar]) -> Scalar:
    """`scalar` with what stands in its sums and operations changed."""
    match scalar:
        case Apply(operation, arguments):
            return Apply(operation, tuple(_map_leaves(a, change) for a in arguments))
        case Reduce(operation, variable, body, condition):
            return Reduce(operation, variable, _map_leaves(body, change), condition)
        case _:
            return change(scalar)


def _negated(number: int) -> Scalar:
    return Apply("neg", (Num(Fraction(number)),))


def _times(factor: Fraction | int, scalar: Scalar) -> Scalar:
    return Apply("mul", (Num(Fraction(factor)), scalar))


def _factor_text(factor: str) -> str:
    return f"the right answer is {factor} times this"
