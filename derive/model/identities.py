r"""`X^\top X + \lambda I` in a formula: an identity without a size has that of what is beside it.

Only in a sum, a difference or a relation with a square matrix is there one size that it can have;
anywhere else `I` stays a name that nothing has.
"""

from dataclasses import replace

from derive.model.context import Expressions
from derive.model.dim import Dim
from derive.model.failure import Depends, Failure
from derive.model.scope import Inferred
from derive.syntax import tree
from derive.syntax.walk import nodes

LETTER = "I"


def with_sizes(e: Expressions, relation: tree.Comparison) -> tree.Comparison:
    """A relation whose identities have their sizes, where the matrices beside them tell."""
    if not _stands(e, relation):
        return relation
    left, right = beside(e, inside(e, relation.left), inside(e, relation.right))
    return replace(relation, left=left, right=right)


def sized(e: Expressions, expr: tree.Expression) -> tree.Expression:
    """An expression whose identities have their sizes, where the matrices beside them tell."""
    return inside(e, expr) if _stands(e, expr) else expr


def inside(e: Expressions, expr: tree.Expression) -> tree.Expression:
    """The sums in an expression, the inner ones first."""
    match expr:
        case tree.Negative(operand=inner) | tree.Transpose(operand=inner):
            return replace(expr, operand=inside(e, inner))
        case tree.Call(arguments=arguments):
            return replace(expr, arguments=tuple(inside(e, each) for each in arguments))
        case tree.Binary(op=op, left=left, right=right):
            sides = inside(e, left), inside(e, right)
            if op in ("+", "-"):
                sides = beside(e, *sides)
            return replace(expr, left=sides[0], right=sides[1])
    return expr


def beside(
    e: Expressions, left: tree.Expression, right: tree.Expression
) -> tuple[tree.Expression, tree.Expression]:
    """Both sides, where one is a multiple of the identity and the other a square matrix."""
    if is_multiple(e, left) and not is_multiple(e, right):
        return filled(left, size_of(e, right)), right
    if is_multiple(e, right) and not is_multiple(e, left):
        return left, filled(right, size_of(e, left))
    return left, right


def is_multiple(e: Expressions, expr: tree.Expression) -> bool:
    """`I`, `-I`, `a*I`, `I/a`, `I + a*I` for numbers `a`."""
    match expr:
        case tree.Name(id=name):
            return name == LETTER
        case tree.Negative(operand=inner):
            return is_multiple(e, inner)
        case tree.Binary(op="+" | "-", left=left, right=right):
            return is_multiple(e, left) and is_multiple(e, right)
        case tree.Binary(op="*", left=left, right=right):
            return (is_multiple(e, left) and rank(e, right) == 0) or (
                is_multiple(e, right) and rank(e, left) == 0
            )
        case tree.Binary(op="/", left=left, right=right):
            return is_multiple(e, left) and rank(e, right) == 0
    return False


def filled(expr: tree.Expression, size: str | None) -> tree.Expression:
    """A multiple of the identity, of this size."""
    if size is None:
        return expr
    match expr:
        case tree.Name(span=span, id=name) if name == LETTER:
            return tree.Subscript(span, tree.Name(span, "eye"), (tree.Name(span, size),))
        case tree.Negative(operand=inner):
            return replace(expr, operand=filled(inner, size))
        case tree.Binary(left=left, right=right):
            return replace(expr, left=filled(left, size), right=filled(right, size))
    return expr


def size_of(e: Expressions, expr: tree.Expression) -> str | None:
    """The dimension of a square matrix; None of what is none, or is not known to be one."""
    try:
        axes = e.tensor(expr).axes
    except (Failure, Depends, Inferred):
        return None
    if len(axes) != 2 or axes[0].size != axes[1].size:
        return None
    return next((d for d in e.scope.model.dims if Dim.symbol(d) == axes[0].size), None)


def rank(e: Expressions, expr: tree.Expression) -> int | None:
    """The number of axes; None where it is not known."""
    try:
        return len(e.tensor(expr).axes)
    except (Failure, Depends, Inferred):
        return None


def _stands(e: Expressions, written: tree.Tree) -> bool:
    """An `I` stands there that is no name of the file."""
    if not any(isinstance(n, tree.Name) and n.id == LETTER for n in nodes(written)):
        return False
    scope = e.scope
    return LETTER not in (*scope.names(), *scope.dim_names(), *scope.indices)
