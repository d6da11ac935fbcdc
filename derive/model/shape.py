"""The rules of shapes: what aligns entry by entry, what `@` contracts, what a transpose is.

Design. A vector `[n]` is a column. Its transpose is the row `[1, n]`; a column written as a matrix
`[n, 1]` is the same as the vector `[n]`, entry by entry and between the sides of a statement, so
that NumPy's accidental `[n, n]` does not arise. A row and a vector do align from the last axis
(`x @ W.T + b` with `x[1, d]`), the result being a row; but the two *sides* of a statement must both
be rows or both be columns. Every rule returns None where shapes do not fit.
"""

from collections.abc import Mapping, Sequence

from derive.model.dim import ONE, Dim
from derive.model.scalar import (
    Apply,
    Axis,
    Index,
    IndexVariable,
    Reduce,
    Scalar,
    Tensor,
    axis,
    substitute,
)

Sizes = Mapping[str, Dim]
LETTERS = "ijklmnpqrs"


def fresh(axes: Sequence[Axis]) -> tuple[IndexVariable, ...]:
    """New index variables for `axes`."""
    return tuple(
        IndexVariable(LETTERS[place % len(LETTERS)], range_) for place, range_ in enumerate(axes)
    )


def axis_text(range_: Axis) -> str:
    """`n`, or `0..T`."""
    return str(range_.high) if range_.low == ONE else f"{range_.low}..{range_.high}"


def shape_text(axes: Sequence[Axis]) -> str:
    """`[k, d]`, as a person writes it."""
    return f"[{', '.join(axis_text(range_) for range_ in axes)}]" if axes else "a scalar"


def has_shape(axes: Sequence[Axis]) -> str:
    """`has shape [k, d]` or `is a scalar`, to follow a name."""
    return f"has shape {shape_text(axes)}" if axes else "is a scalar"


def same_size(left: Dim, right: Dim, sizes: Sizes) -> bool:
    """Whether two dimensions are equal (in a case: at its sizes)."""
    return left == right or (bool(sizes) and left.substitute(sizes) == right.substitute(sizes))


def same_range(left: Axis, right: Axis, sizes: Sizes) -> bool:
    """Whether two axes run over the same numbers."""
    return same_size(left.low, right.low, sizes) and same_size(left.high, right.high, sizes)


def same_shape(left: Sequence[Axis], right: Sequence[Axis], sizes: Sizes) -> bool:
    """Whether two shapes are equal, size by size."""
    return len(left) == len(right) and all(
        same_size(a.size, b.size, sizes) for a, b in zip(left, right, strict=True)
    )


def is_column(axes: Sequence[Axis]) -> bool:
    """Whether the shape is `[n, 1]`."""
    return len(axes) == 2 and axes[1].size == ONE


def is_row(axes: Sequence[Axis]) -> bool:
    """Whether the shape is `[1, n]`."""
    return len(axes) == 2 and axes[0].size == ONE


def shifted(variable: IndexVariable, low: Dim) -> Index:
    """The index that runs from `low` as `variable` runs over its axis."""
    if low == variable.axis.low:
        return Index.of(variable)
    return Index(((variable, ONE),), low - variable.axis.low)


def without(tensor: Tensor, place: int) -> Tensor:
    """`tensor` without the axis at `place`, which has size one."""
    variable = tensor.indices[place]
    rest = tensor.indices[:place] + tensor.indices[place + 1 :]
    return Tensor(rest, substitute(tensor.body, {variable: Index((), variable.axis.low)}))


def squeezed(tensor: Tensor) -> Tensor:
    """A tensor all of whose axes have size one, as a scalar; any other as it is."""
    if not all(range_.size == ONE for range_ in tensor.axes):
        return tensor
    while tensor.indices:
        tensor = without(tensor, 0)
    return tensor


def from_one(tensor: Tensor) -> Tensor:
    """`tensor` with every axis counted from 1."""
    if all(range_.low == ONE for range_ in tensor.axes):
        return tensor
    indices = tuple(IndexVariable(v.name, axis(v.axis.size)) for v in tensor.indices)
    places = {
        old: shifted(new, old.axis.low) for old, new in zip(tensor.indices, indices, strict=True)
    }
    return Tensor(indices, substitute(tensor.body, places))


def renamed(tensor: Tensor, indices: Sequence[IndexVariable]) -> Scalar:
    """The body of `tensor`, entry by entry along `indices` (of the same sizes)."""
    pairs = zip(tensor.indices, indices, strict=True)
    return substitute(tensor.body, {old: shifted(new, old.axis.low) for old, new in pairs})


def broadcast(
    left: Tensor, right: Tensor, sizes: Sizes
) -> tuple[tuple[IndexVariable, ...], Scalar, Scalar] | None:
    """Both sides over common indices, aligned from the last axis."""
    if not left.indices or not right.indices:
        return left.indices or right.indices, left.body, right.body
    left, right = _columns_as_vectors(left, right, sizes)
    indices: list[IndexVariable] = []
    into_left: dict[IndexVariable, Index] = {}
    into_right: dict[IndexVariable, Index] = {}
    for place in range(1, max(len(left.indices), len(right.indices)) + 1):
        a = left.indices[-place] if place <= len(left.indices) else None
        b = right.indices[-place] if place <= len(right.indices) else None
        if a is None or b is None:
            indices.extend(v for v in (a, b) if v is not None)
        elif same_size(a.axis.size, b.axis.size, sizes):
            indices.append(a)
            into_right[b] = shifted(a, b.axis.low)
        elif a.axis.size == ONE:
            indices.append(b)
            into_left[a] = Index((), a.axis.low)
        elif b.axis.size == ONE:
            indices.append(a)
            into_right[b] = Index((), b.axis.low)
        else:
            return None
    body_left = substitute(left.body, into_left) if into_left else left.body
    return tuple(reversed(indices)), body_left, substitute(right.body, into_right)


def align_sides(
    left: Tensor, right: Tensor, sizes: Sizes
) -> tuple[tuple[IndexVariable, ...], Scalar, Scalar] | None:
    """The two sides of a judged statement over common indices: equal shapes, or a scalar side."""
    if left.indices and right.indices:
        left, right = _columns_as_vectors(left, right, sizes)
        if len(left.indices) != len(right.indices):
            left, right = squeezed(left), squeezed(right)
        if left.indices and right.indices and not same_shape(left.axes, right.axes, sizes):
            return None
    return broadcast(left, right, sizes)


def _columns_as_vectors(left: Tensor, right: Tensor, sizes: Sizes) -> tuple[Tensor, Tensor]:
    """`[n, 1]` beside `[n]` becomes `[n]`."""
    if len(right.axes) == 1 and is_column_of(left.axes, right.axes[0], sizes):
        return without(left, 1), right
    if len(left.axes) == 1 and is_column_of(right.axes, left.axes[0], sizes):
        return left, without(right, 1)
    return left, right


def is_column_of(axes: Sequence[Axis], entries: Axis, sizes: Sizes) -> bool:
    """Whether the shape is `[n, 1]` for the n of `entries`."""
    return is_column(axes) and same_size(axes[0].size, entries.size, sizes)


def times(left: Scalar, right: Scalar) -> Scalar:
    """The product."""
    return Apply("mul", (left, right))


def _unit() -> IndexVariable:
    return IndexVariable("u", axis(ONE))


def matmul(left: Tensor, right: Tensor, sizes: Sizes) -> Tensor | None:
    """`left @ right`. A vector is a column, on the left of a matrix a row where only that fits."""
    if not left.indices:
        left = Tensor((_unit(), _unit()), left.body)
    if not right.indices:
        right = Tensor((_unit(),), right.body)
    a, b = left.indices, right.indices
    if len(a) == 1 and len(b) == 1:
        if not same_size(a[0].axis.size, b[0].axis.size, sizes) and b[0].axis.size == ONE:
            return Tensor(a, times(left.body, without(right, 0).body))
        return _contract(left, right, sizes, 0, 0)
    if len(a) == 1:
        if b[-2].axis.size == ONE and len(b) == 2:
            row = without(right, 0)
            return squeezed(Tensor((a[0], *row.indices), times(left.body, row.body)))
        return _contract(left, right, sizes, 0, len(b) - 2)
    return _contract(left, right, sizes, len(a) - 1, max(len(b) - 2, 0))


def _contract(left: Tensor, right: Tensor, sizes: Sizes, a: int, b: int) -> Tensor | None:
    """The sum over axis `a` of left and `b` of right; the axes before these two align (batches)."""
    inner, other = left.indices[a], right.indices[b]
    if not same_size(inner.axis.size, other.axis.size, sizes):
        return None
    rows, columns = left.indices[max(a - 1, 0) : a], right.indices[b + 1 :]
    right_body = substitute(right.body, {other: shifted(inner, other.axis.low)})
    body: Scalar
    batches = broadcast(
        Tensor(left.indices[: max(a - 1, 0)], left.body),
        Tensor(right.indices[:b], right_body),
        sizes,
    )
    if batches is None:
        return None
    product = times(batches[1], batches[2])
    if inner.axis.size == ONE:
        body = substitute(product, {inner: Index((), inner.axis.low)})
    else:
        body = Reduce("sum", inner, product)
    return squeezed(Tensor((*batches[0], *rows, *columns), body))


def transpose(tensor: Tensor) -> Tensor | None:
    """`tensor.T`: a vector becomes a row; None where there are more than two axes."""
    match tensor.indices:
        case ():
            return tensor
        case (only,):
            return Tensor((_unit(), only), tensor.body)
        case (rows, columns):
            return Tensor((columns, rows), tensor.body)
        case _:
            return None
