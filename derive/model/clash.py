"""Messages for shapes that do not fit inside an expression, and what would fit instead."""

from derive.diagnostics.diagnostic import Label
from derive.model.context import Expressions
from derive.model.failure import Failure, failure
from derive.model.scalar import Tensor
from derive.model.shape import broadcast, has_shape, matmul, shape_text, transpose
from derive.syntax import tree

Operation = tree.Binary | tree.Comparison | tree.Call


def places(e: Expressions, *operands: tree.Expression) -> tuple[Label, ...]:
    """Where the operands that are plain names were declared, with their shapes."""
    labels: list[Label] = []
    for operand in operands:
        while isinstance(operand, tree.Transpose | tree.Negative):
            operand = operand.operand
        if isinstance(operand, tree.Name):
            labels.extend(x for x in e.scope.declared_at(operand.id) if x not in labels)
    return tuple(labels)


def cannot_contract(e: Expressions, expr: tree.Binary, left: Tensor, right: Tensor) -> Failure:
    """The error for `left @ right`."""
    ends = str(left.axes[-1].size) if left.indices else "1"
    offers = str(right.axes[-2 if len(right.axes) > 1 else -1].size) if right.indices else "1"
    first, second = expr.left.span.text, expr.right.span.text
    notes = _shapes(e, expr.left, left) + _shapes(e, expr.right, right)
    if ends != offers and e.scope.is_dim(ends) and e.scope.is_dim(offers):
        notes += (f"`{ends}` and `{offers}` are separate `dims`; they are never taken to be equal",)
    message = f"`@` cannot contract `{ends}` with `{offers}`"
    if ends == offers:
        message = "`@` cannot align the leading axes"
    return failure(
        "shape-mismatch",
        message,
        expr.span,
        f"`{first}` ends in axis `{ends}`; `{second}` offers axis `{offers}`",
        also=places(e, expr.left, expr.right),
        notes=notes,
        helps=_products_that_fit(e, expr, left, right),
    )


def _shapes(e: Expressions, operand: tree.Expression, tensor: Tensor) -> tuple[str, ...]:
    """The shape of an operand, unless its declaration shows it."""
    if places(e, operand) and not isinstance(operand, tree.Transpose):
        return ()
    return (f"`{operand.span.text}` {has_shape(tensor.axes)}",)


def _products_that_fit(
    e: Expressions, expr: tree.Binary, left: Tensor, right: Tensor
) -> tuple[str, ...]:
    """The first exchange or transposition of the operands whose shapes fit."""
    if len(left.indices) == len(right.indices) == 1:
        return ()  # only an outer product would, which is hardly meant
    a, b = _bracketed(expr.left), _bracketed(expr.right)
    swap: tuple[str, Tensor | None, Tensor | None] = (f"{b} @ {a}", right, left)
    turn = (f"{_turned(a)} @ {b}", transpose(left), right)
    other = (f"{a} @ {_turned(b)}", left, transpose(right))
    both = (f"{b} @ {_turned(a)}", right, transpose(left))
    last = (f"{_turned(b)} @ {a}", transpose(right), left)
    # A matrix before a vector stays there.
    stays = len(left.indices) > 1 and len(right.indices) == 1
    tries = [turn, swap, other, both, last] if stays else [swap, other, turn, both, last]
    for text, first, second in tries:
        if first is None or second is None:
            continue
        product = matmul(first, second, e.scope.sizes)
        if product is not None:
            return (f"`{text}` fits, and {has_shape(product.axes)}",)
    return ()


def cannot_align(e: Expressions, at: Operation, left: Tensor, right: Tensor) -> Failure:
    """The error for an operation entry by entry."""
    helps: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    if isinstance(at, tree.Call):
        operation, operands = at.function.id, at.arguments
    else:
        operation, operands = at.op, (at.left, at.right)
        notes = _shapes(e, at.left, left) + _shapes(e, at.right, right)
        turned = transpose(right)
        rows = _by_rows(e, at, left, right) if isinstance(at, tree.Binary) else ""
        if rows:
            helps = (f"for a number in each row: `{rows}`",)
        elif turned is not None and broadcast(left, turned, e.scope.sizes) is not None:
            text = f"{_bracketed(at.left)} {at.op} {_turned(_bracketed(at.right))}"
            helps = (f"`{text}` fits; check that the transpose is meant",)
    return failure(
        "shape-mismatch",
        f"`{operation}` cannot align shapes {shape_text(left.axes)} and {shape_text(right.axes)}",
        at.span,
        "shapes must be equal, one a scalar, or align from the last axis",
        also=places(e, *operands),
        notes=notes,
        helps=helps,
    )


def _by_rows(e: Expressions, at: tree.Binary, left: Tensor, right: Tensor) -> str:
    """A matrix and a number for each of its rows, by transposes; empty if it is not that."""
    a, b = _bracketed(at.left), _bracketed(at.right)
    ranks = len(left.indices), len(right.indices)
    if ranks == (2, 1) and (rows := transpose(left)) and broadcast(rows, right, e.scope.sizes):
        return f"({_turned(a)} {at.op} {b}).T"
    if ranks == (1, 2) and (rows := transpose(right)) and broadcast(left, rows, e.scope.sizes):
        return f"({a} {at.op} {_turned(b)}).T"
    return ""


def _bracketed(expr: tree.Expression) -> str:
    text = expr.span.text
    if isinstance(expr, tree.Binary | tree.Negative) and not text.startswith("("):
        return f"({text})"
    return text


def _turned(text: str) -> str:
    return text[:-2] if text.endswith(".T") else f"{text}.T"
