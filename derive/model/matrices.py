"""Built-in functions of matrices, and those that rearrange entries."""

from collections.abc import Sequence

from derive.model.binding import Bound
from derive.model.context import Expressions
from derive.model.dim import ONE, Dim
from derive.model.failure import failure
from derive.model.ranges import is_integer, size_of
from derive.model.scalar import (
    Apply,
    Block,
    Blocks,
    Index,
    IndexValue,
    IndexVariable,
    MatrixFunction,
    MatrixProduct,
    Reduce,
    Scalar,
    Split,
    Tensor,
    axis,
    substitute,
)
from derive.model.shape import (
    Sizes,
    fresh,
    from_one,
    has_shape,
    is_column,
    renamed,
    same_shape,
    same_size,
    shifted,
    squeezed,
    transpose,
    without,
)
from derive.model.special import kronecker
from derive.syntax import tree


def vector(e: Expressions, written: tree.Expression) -> Tensor:
    """The argument, which must be a vector (a column or row of a matrix is one, too)."""
    tensor = e.tensor(written)
    if is_column(tensor.axes):
        return without(tensor, 1)
    if len(tensor.indices) == 2 and tensor.axes[0].size == ONE:
        return without(tensor, 0)
    if len(tensor.indices) != 1:
        message = f"a vector is needed here, and `{written.span.text}` {has_shape(tensor.axes)}"
        raise failure("wrong-arguments", message, written.span, "not a vector")
    return tensor


def square(e: Expressions, written: tree.Expression, function: str) -> Tensor:
    """The argument, which must be a square matrix."""
    tensor = from_one(e.tensor(written))
    if not tensor.indices:
        tensor = Tensor(fresh([axis(ONE), axis(ONE)]), tensor.body)
    sizes = [range_.size for range_ in tensor.axes]
    if len(sizes) != 2 or not same_size(sizes[0], sizes[1], e.scope.sizes):
        raise failure(
            "not-square",
            f"`{function}` is of a square matrix; `{written.span.text}` {has_shape(tensor.axes)}",
            written.span,
            "not a square matrix",
        )
    return tensor


def trace(e: Expressions, call: tree.Call) -> Tensor:
    """The sum of the diagonal."""
    matrix = square(e, call.arguments[0], "trace")
    row, column = matrix.indices
    return Tensor((), Reduce("sum", row, substitute(matrix.body, {column: Index.of(row)})))


def function(e: Expressions, call: tree.Call) -> Tensor:
    """`det`, `logdet`, `inv`, `matpow`: nodes of their own."""
    name, written = call.function.id, call.arguments[0]
    matrix = square(e, written, name)
    if name in ("det", "logdet"):
        return Tensor((), MatrixFunction(name, matrix, ()))
    power = None
    if name == "matpow":
        power = e.scalar(call.arguments[1], "the power of a matrix")
        if not is_integer(e, power):
            message = f"`{call.arguments[1].span.text}` is not known to be an integer"
            raise failure("not-an-index", message, call.arguments[1].span, "the power of a matrix")
    own = fresh(matrix.axes)
    return Tensor(own, MatrixFunction(name, matrix, tuple(map(Index.of, own)), power))


def is_square(tensor: Tensor, sizes: Sizes) -> bool:
    """Whether `tensor` is a square matrix."""
    if len(tensor.indices) != 2:
        return False
    rows, columns = tensor.axes
    return same_size(rows.size, columns.size, sizes)


def matrix_product(written: tree.Big, matrix: Tensor, bound: Bound) -> Tensor:
    """`prod[j in k+1..t](M[j])` of square matrices: from left to right as `j` runs."""
    if len(bound.variables) != 1 or written.conditions:
        raise failure(
            "misplaced",
            "a product of matrices runs over the whole range of one index",
            written.span,
            "the order of the factors is not told",
            helps=("write the products one inside the other, or the entries of the factors",),
        )
    (variable,), (run,) = bound.variables, bound.runs
    matrix = from_one(matrix)
    own = fresh(matrix.axes)
    places = (Index.of(own[0]), Index.of(own[1]))
    return Tensor(own, MatrixProduct(variable, run.low, run.high, matrix, places, run.step))


def diag(e: Expressions, call: tree.Call) -> Tensor:
    """A vector on the diagonal of a matrix; the diagonal of a matrix."""
    written = call.arguments[0]
    tensor = e.tensor(written)
    if len(tensor.indices) == 2 and 1 not in (axis_.size.constant for axis_ in tensor.axes):
        matrix = square(e, written, "diag")
        row, column = matrix.indices
        return Tensor((row,), substitute(matrix.body, {column: Index.of(row)}))
    entries = vector(e, written)
    (row,) = entries.indices
    column = IndexVariable("j", row.axis)
    delta = kronecker(Index.of(row), Index.of(column))
    return Tensor((row, column), Apply("mul", (entries.body, delta)))


def kron(e: Expressions, call: tree.Call) -> Tensor:
    """The Kronecker product, axis by axis."""
    left, right = (from_one(e.tensor(argument)) for argument in call.arguments)
    if len(left.indices) != len(right.indices):
        raise failure(
            "wrong-arguments",
            "`kron` is of two matrices, or two vectors",
            call.span,
            f"the first {has_shape(left.axes)}, the second {has_shape(right.axes)}",
        )
    body: Scalar = Apply("mul", (left.body, right.body))
    pairs = list(zip(left.indices, right.indices, strict=True))
    places = fresh([axis(a.axis.size * b.axis.size) for a, b in pairs])
    for place, pair in zip(reversed(places), reversed(pairs), strict=True):
        body = Split(Index.of(place), pair, body)
    return Tensor(places, body)


def transposed(e: Expressions, call: tree.Call) -> Tensor:
    """`transpose(A)`, or the axes in the order that is named by their places."""
    written, *order = call.arguments
    tensor = e.tensor(written)
    if not order:
        result = transpose(tensor)
        if result is not None:
            return result
    wanted = [
        int(place.value) - 1
        for place in order
        if isinstance(place, tree.Number) and place.value.denominator == 1
    ]
    if sorted(wanted) != list(range(len(tensor.indices))):
        places = ", ".join(str(place + 1) for place in range(len(tensor.indices)))
        raise failure(
            "wrong-arguments",
            f"`transpose` needs the places {places} in their new order",
            call.span,
            f"`{written.span.text}` {has_shape(tensor.axes)}",
        )
    return Tensor(tuple(tensor.indices[place] for place in wanted), tensor.body)


def reshape(e: Expressions, call: tree.Call) -> Tensor:
    """The entries, row by row, in another shape: `reshape(X, n, m)` or `reshape(X, [n, m])`."""
    written, *sizes = call.arguments
    if len(sizes) == 1 and isinstance(sizes[0], tree.List):
        sizes = list(sizes[0].items)
    tensor = from_one(e.tensor(written))
    places = fresh([axis(size_of(e, size)) for size in sizes])
    old, new = _count(tensor.indices), _count(places)
    if not same_size(old, new, e.scope.sizes):
        raise failure(
            "shape-mismatch",
            f"`reshape` keeps the number of entries, {old}, and the new shape has {new}",
            call.span,
            f"`{written.span.text}` {has_shape(tensor.axes)}",
        )
    flat = _flat_index(places)
    match tensor.indices:
        case ():
            return Tensor(places, tensor.body)
        case (only,):
            return Tensor(places, substitute(tensor.body, {only: flat}))
        case several:
            return Tensor(places, Split(flat, several, tensor.body))


def _count(indices: Sequence[IndexVariable]) -> Dim:
    total = ONE
    for variable in indices:
        total = total * variable.axis.size
    return total


def _flat_index(places: Sequence[IndexVariable]) -> Index:
    """The place, from 1, of the entry at `places` when all are written row by row."""
    terms: list[tuple[IndexVariable, Dim]] = []
    stride, offset = ONE, ONE
    for variable in reversed(places):
        terms.append((variable, stride))
        offset = offset - stride
        stride = stride * variable.axis.size
    return Index(tuple(reversed(terms)), offset)


# --- pieces ------------------------------------------------------------------------------------


def stacked(items: Sequence[Tensor]) -> Tensor:
    """`items`, of one shape, one after the other along a new first axis."""
    place = IndexVariable("i", axis(Dim.of(len(items))))
    rest = fresh([axis(range_.size) for range_ in items[0].axes])
    parts = tuple(Block(IndexVariable("u", axis(ONE)), renamed(item, rest)) for item in items)
    return Tensor((place, *rest), Blocks(Index.of(place), parts))


def stack(e: Expressions, call: tree.Call) -> Tensor:
    """`stack(x, y)`: the arguments along a new first axis."""
    items = [e.tensor(argument) for argument in call.arguments]
    for item, written in zip(items, call.arguments, strict=True):
        if not same_shape(item.axes, items[0].axes, e.scope.sizes):
            raise _ragged("stack", written, item, call.arguments[0], items[0])
    return stacked(items)


def concat(e: Expressions, call: tree.Call) -> Tensor:
    """`concat(x, y)`: the arguments joined along their last axis; a scalar is one entry."""
    items = []
    for argument in call.arguments:
        tensor = from_one(e.tensor(argument))
        if not tensor.indices:
            tensor = Tensor(fresh([axis(ONE)]), tensor.body)
        items.append(tensor)
    first = items[0]
    rest = first.indices[:-1]
    total = Dim(())
    parts: list[Block] = []
    for item, written in zip(items, call.arguments, strict=True):
        if not same_shape(item.axes[:-1], first.axes[:-1], e.scope.sizes):
            raise _ragged("concat", written, item, call.arguments[0], first)
        last = item.indices[-1]
        pairs = zip(item.indices[:-1], rest, strict=True)
        body = substitute(item.body, {old: shifted(new, old.axis.low) for old, new in pairs})
        parts.append(Block(last, body))
        total = total + last.axis.size
    place = IndexVariable("i", axis(total))
    return Tensor((*rest, place), Blocks(Index.of(place), tuple(parts)))


def _ragged(
    function: str, written: tree.Expression, item: Tensor, other: tree.Expression, first: Tensor
) -> Exception:
    return failure(
        "shape-mismatch",
        f"`{function}` joins tensors of one shape: `{other.span.text}` {has_shape(first.axes)}, "
        f"and `{written.span.text}` {has_shape(item.axes)}",
        written.span,
        has_shape(item.axes),
    )


def onehot(e: Expressions, which: tree.Expression, size: tree.Expression) -> Tensor:
    """One at the place `which` of `size`, zero elsewhere; of a vector of places, a row for each."""
    places = squeezed(e.tensor(which))
    entry = IndexVariable("j", axis(size_of(e, size)))
    delta = Apply("eq", (IndexValue(Index.of(entry)), places.body))
    return Tensor((*places.indices, entry), delta)
