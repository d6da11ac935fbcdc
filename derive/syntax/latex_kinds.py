"""What a formula's parts are by their axes: what decides which product stands side by side."""

from collections.abc import Mapping
from functools import reduce

from derive.syntax import tree
from derive.syntax.parts import is_differential
from derive.syntax.tree import Expression

SCALAR, VECTOR, ROW, MATRIX, TENSOR, UNKNOWN = "number", "vector", "row", "matrix", "tensor", "?"
REDUCING = frozenset(
    ("sum", "mean", "var", "prod", "norm", "dot", "trace", "det", "logdet", "argmax", "logsumexp")
)
BY_RANK = {0: SCALAR, 1: VECTOR, 2: MATRIX}


def kind_of(expr: Expression, ranks: Mapping[str, int]) -> str:
    """The kind of an expression; names without a rank are numbers: sizes and indices."""
    match expr:
        case tree.Number() | tree.Attribute() | tree.Arrow():
            return SCALAR
        case tree.Indicator(conditions=conditions):
            sides = [side for c in conditions for side in (c.left, c.right)]
            return reduce(wider, (kind_of(side, ranks) for side in sides), SCALAR)
        case tree.Name(id=name):
            return BY_RANK.get(ranks.get(name, 0), TENSOR)
        case tree.Negative(operand=inner):
            return kind_of(inner, ranks)
        case tree.Transpose(operand=inner):
            kind = kind_of(inner, ranks)
            return {VECTOR: ROW, ROW: VECTOR}.get(kind, kind)
        case tree.Subscript(base=base, indices=indices):
            return subscripted(base, len(indices), ranks)
        case tree.Binary(op="/", left=left, right=right) if is_differential(left):
            return derivative_kind(left, right, ranks)
        case tree.Binary(op="@", left=left, right=right):
            return product_kind(kind_of(left, ranks), kind_of(right, ranks))
        case tree.Binary(op="^", left=left):
            return kind_of(left, ranks)
        case tree.Binary(left=left, right=right):
            return wider(kind_of(left, ranks), kind_of(right, ranks))
        case tree.Call(function=tree.Name(id=name), arguments=arguments):
            return called(name, arguments, ranks)
        case tree.Big(body=body):
            return kind_of(body, ranks)
        case tree.List(items=items):
            return MATRIX if items and isinstance(items[0], tree.List) else VECTOR
        case tree.Comprehension(binders=binders):
            return BY_RANK.get(len(binders), TENSOR)
    return UNKNOWN


def rank_of(kind: str) -> int | None:
    """The number of axes of a kind."""
    return {SCALAR: 0, VECTOR: 1, ROW: 1, MATRIX: 2}.get(kind)


def subscripted(base: Expression, count: int, ranks: Mapping[str, int]) -> str:
    """An entry, or what is left when some axes are fixed."""
    match base:
        case tree.Name(id=name) if name not in ranks:
            return {"eye": MATRIX, "delta": SCALAR}.get(name, BY_RANK.get(count, TENSOR))
        case tree.Name(id=name):
            return BY_RANK.get(ranks[name] - count, TENSOR)
    kind = kind_of(base, ranks)
    rank = 2 if kind == ROW and count == 2 else rank_of(kind)
    return UNKNOWN if rank is None else BY_RANK.get(rank - count, UNKNOWN)


def derivative_kind(left: Expression, right: Expression, ranks: Mapping[str, int]) -> str:
    """`dp/dz` has the axes of both."""
    turned = isinstance(right, tree.Transpose)
    below = right.operand if isinstance(right, tree.Transpose) else right
    kinds = [kind_of(_plain(side), ranks) for side in (left, below)]
    counts = [rank_of(kind) for kind in kinds]
    if None in counts:
        return UNKNOWN
    kind = BY_RANK.get(sum(c for c in counts if c is not None), TENSOR)
    return {VECTOR: ROW}.get(kind, kind) if turned else kind


def _plain(expr: Expression) -> Expression:
    """`z[i]` for `dz[i]`."""
    match expr:
        case tree.Name(span=span, id=text):
            return tree.Name(span, text[1:])
        case tree.Subscript(span=span, base=base, indices=indices):
            return tree.Subscript(span, _plain(base), indices)
        case tree.Call(span=span, function=function, arguments=arguments):
            return tree.Call(span, tree.Name(span, function.id[1:]), arguments)
    return expr


def called(name: str, arguments: tuple[Expression, ...], ranks: Mapping[str, int]) -> str:
    """The kind of what a function gives."""
    if name in REDUCING or not arguments:
        return SCALAR
    if name in ("grad", "jac", "hess") and len(arguments) == 2:
        counts = [rank_of(kind_of(a, ranks)) for a in arguments]
        total = sum(c or 0 for c in counts) + (counts[1] or 0) * (name == "hess")
        return BY_RANK.get(total, TENSOR)
    first = kind_of(arguments[0], ranks)
    if name == "diag":
        return {VECTOR: MATRIX, MATRIX: VECTOR}.get(first, UNKNOWN)
    if name == "outer":
        return MATRIX
    for argument in arguments[1:]:
        first = wider(first, kind_of(argument, ranks)) if name in ("max", "min") else first
    return first


def product_kind(left: str, right: str) -> str:
    """The kind of `left @ right`."""
    match left, right:
        case ("row", "vector"):
            return SCALAR
        case ("vector", "row"):
            return MATRIX
        case ("row", "matrix"):
            return ROW
        case ("matrix", "vector"):
            return VECTOR
        case ("matrix", "matrix"):
            return MATRIX
    return UNKNOWN


def wider(left: str, right: str) -> str:
    """The kind of `left + right`."""
    for kind in (UNKNOWN, TENSOR, MATRIX, VECTOR, ROW):
        if kind in (left, right):
            return kind
    return SCALAR
