"""Built-in names with square brackets: `zeros[n]`, `ones[n]`, `eye[n]`, `delta[i, j]`, `pad0`."""

from dataclasses import replace
from fractions import Fraction

from derive.model.context import Expressions
from derive.model.failure import failure
from derive.model.ranges import index_of, position, size_of
from derive.model.scalar import (
    Apply,
    Entry,
    Index,
    IndexValue,
    Num,
    Scalar,
    Tensor,
    axis,
    substitute,
)
from derive.model.shape import fresh
from derive.syntax import tree

FILLED = {"zeros": 0, "ones": 1}
SPECIAL = frozenset({*FILLED, "eye", "delta"})


def special_subscript(e: Expressions, expr: tree.Subscript) -> Tensor | None:
    """What a built-in name with square brackets denotes; None where it is no such name."""
    match expr.base:
        case tree.Name(id=name) if name in SPECIAL and not e.scope.is_declared(name):
            if name == "delta":
                return _delta(e, expr)
            axes = [axis(size_of(e, size)) for size in expr.indices]
            if name == "eye":
                return _eye(expr, Tensor(fresh(axes), Num(Fraction(1))))
            return Tensor(fresh(axes), Num(Fraction(FILLED[name])))
        case tree.Call(function=tree.Name(id="pad0")) if not e.scope.is_declared("pad0"):
            return _padded(e, expr, expr.base)
    return None


def _eye(expr: tree.Subscript, ones: Tensor) -> Tensor:
    """`eye[n]`, the identity; `eye[n, m]` with ones on its diagonal."""
    indices = ones.indices
    if len(indices) == 1:
        indices = fresh([indices[0].axis] * 2)
    if len(indices) != 2:
        message = f"`eye` takes one or two dimensions, not {len(expr.indices)}"
        raise failure("wrong-arguments", message, expr.span, "an identity matrix")
    return Tensor(indices, kronecker(Index.of(indices[0]), Index.of(indices[1])))


def kronecker(left: Index, right: Index) -> Scalar:
    """One where two positions are equal, zero where not."""
    return Apply("eq", (IndexValue(left), IndexValue(right)))


def _delta(e: Expressions, expr: tree.Subscript) -> Tensor:
    if len(expr.indices) != 2:
        message = f"`delta` takes two indices, not {len(expr.indices)}"
        raise failure("wrong-arguments", message, expr.span, "the Kronecker delta")
    left, right = (index_of(e, index) for index in expr.indices)
    return Tensor((), kronecker(left, right))


def _padded(e: Expressions, expr: tree.Subscript, call: tree.Call) -> Tensor:
    """`pad0(x)[i, j]`: zero outside of the range of `x`."""
    if len(call.arguments) != 1 or call.keywords:
        message = f"`pad0` takes one argument, not {len(call.arguments)}"
        raise failure("wrong-arguments", message, call.span, "as in `pad0(x)[i + u]`")
    written = call.arguments[0]
    inner = e.tensor(written)
    if not isinstance(inner.body, Entry):
        inner = e.scope.hidden.define("pad0.x", inner, written.span)
    if not isinstance(inner.body, Entry) or len(expr.indices) > len(inner.indices):
        message = f"`{written.span.text}` has {len(inner.indices)} axes"
        raise failure("too-many-indices", message, expr.span, "too many indices")
    places = {
        variable: position(e, index, variable.axis, padded=True)
        for variable, index in zip(inner.indices, expr.indices, strict=False)
    }
    entry = substitute(replace(inner.body, padded=True), places)
    return Tensor(inner.indices[len(expr.indices) :], entry)
