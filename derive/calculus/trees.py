"""Expressions of the language built from parts: what answers are written in."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import reduce

from derive.diagnostics.span import Source, Span
from derive.model.dim import Dim
from derive.syntax import tree
from derive.syntax.show import is_quotient
from derive.syntax.tree import Expression

NOWHERE = Span(Source("<answer>", ""), 0, 0)
"""Where an expression stands that nobody wrote."""


def name(text: str) -> tree.Name:
    """A name."""
    return tree.Name(NOWHERE, text)


def number(value: Fraction | int) -> Expression:
    """An exact number: `3`, `1/2`, `-1`."""
    value = Fraction(value)
    if value < 0:
        return negative(number(-value))
    if value.denominator != 1:
        return over(number(value.numerator), number(value.denominator))
    return tree.Number(NOWHERE, value, str(value))


ONE = number(1)
ZERO = number(0)


def negative(operand: Expression) -> Expression:
    """`-a`."""
    return (
        operand.operand if isinstance(operand, tree.Negative) else tree.Negative(NOWHERE, operand)
    )


def binary(op: str, left: Expression, right: Expression) -> Expression:
    """`a op b`."""
    return tree.Binary(NOWHERE, op, left, right)


def plus(left: Expression, right: Expression) -> Expression:
    """`a + b`, or `a - b` where the second has a minus sign."""
    if isinstance(right, tree.Negative):
        return binary("-", left, right.operand)
    return binary("+", left, right)


def over(left: Expression, right: Expression) -> Expression:
    """`a/b`; `a/(b*c)` for `(a/b)/c`."""
    if right == ONE:
        return left
    match left:
        case tree.Binary(op="/", left=above, right=below) if not is_quotient(left):
            return over(above, product((below, right)))
    return binary("/", left, right)


def power(base: Expression, exponent: Fraction | int) -> Expression:
    """`a^2`, `sqrt(a)`, `a^(3/2)`."""
    if exponent == 1:
        return base
    match base:
        case tree.Call(
            function=tree.Name(id="sum"),
            arguments=(tree.Binary(op="^", left=inner, right=tree.Number(text="2")),),
            keywords=(),
        ) if Fraction(exponent).denominator == 2:
            return power(call("norm", inner), 2 * exponent)
    if exponent == Fraction(1, 2):
        return call("sqrt", base)
    if isinstance(base, tree.Binary) and base.op == "^" and isinstance(base.right, tree.Number):
        whole = base.right.value * exponent
        if whole.denominator == 1 and exponent.denominator == 1:
            return power(base.left, whole)
    return binary("^", base, number(exponent))


def call(function: str, *arguments: Expression, over: Expression | None = None) -> Expression:
    """`f(a, b)`, `f(a, over=n)`."""
    keywords = () if over is None else (tree.Keyword(NOWHERE, "over", over),)
    return tree.Call(NOWHERE, name(function), arguments, keywords)


def product(factors: Iterable[Expression]) -> Expression:
    """`a*b*c`, one where there is none."""
    parts = [f for f in factors if f != ONE]
    return reduce(times, parts) if parts else ONE


def times(left: Expression, right: Expression) -> Expression:
    """`a*b*c` for `a*(b*c)`."""
    match right:
        case tree.Binary(op="*", left=first, right=second):
            return binary("*", times(left, first), second)
    return binary("*", left, right)


def chain(letters: Iterable[Expression], first: Expression = ONE) -> Expression:
    """`A @ B @ c`, the first letter times `first`."""
    head, *rest = letters
    start = head if first == ONE else times(first, head)
    return reduce(lambda a, b: binary("@", a, b), rest, start)


def letters_of(expr: Expression) -> tuple[Expression, ...]:
    """The letters of a product of matrices."""
    match expr:
        case tree.Binary(op="@", left=left, right=right):
            return (*letters_of(left), right)
        case tree.Transpose(operand=tree.Binary(op="@") as inner):
            return tuple(transpose(letter) for letter in reversed(letters_of(inner)))
    return (expr,)


def transpose(operand: Expression) -> Expression:
    """`A.T`; of a transpose, what it is of."""
    match operand:
        case tree.Transpose(operand=inner):
            return inner
        case tree.Call(function=tree.Name(id="diag")) | tree.Subscript(base=tree.Name(id="eye")):
            return operand
        case tree.Indicator(conditions=(one,)):
            return indicator(one.op, _turned(one.left), _turned(one.right))
    return tree.Transpose(NOWHERE, operand)


def _turned(side: Expression) -> Expression:
    """A side of a comparison, transposed; a number stands for a whole matrix of it."""
    return side if isinstance(side, tree.Number) else transpose(side)


def subscript(base: Expression, *indices: Expression) -> Expression:
    """`x[i, j]`."""
    return tree.Subscript(NOWHERE, base, indices) if indices else base


def at(base: Expression, indices: Sequence[Expression]) -> Expression:
    """An entry; of a derivative, with its indices where they are written."""
    match base:
        case _ if not indices:
            return base
        case tree.Binary(op="/", left=above, right=below):
            return binary("/", above, subscript(below, *indices))
    return subscript(base, *indices)


def indicator(op: str, left: Expression, right: Expression) -> Expression:
    """`[a > b]`."""
    return tree.Indicator(NOWHERE, (tree.Comparison(NOWHERE, op, left, right),))


def quotient(of: Expression, by: Expression) -> Expression:
    """`dL/dz`, `dp[i]/dz[j]`."""
    return binary("/", _differential(of), _differential(by))


def _differential(expr: Expression) -> Expression:
    match expr:
        case tree.Subscript(base=base, indices=indices):
            return tree.Subscript(NOWHERE, _differential(base), indices)
        case tree.Call(function=function):
            return replace(expr, function=name(f"d{function.id}"))
        case tree.Name(id=text):
            return name(f"d{text}")
    raise TypeError(type(expr).__name__)


def undifferential(expr: Expression) -> Expression:
    """`z[i]` for `dz[i]`."""
    match expr:
        case tree.Subscript(base=base, indices=indices):
            return tree.Subscript(NOWHERE, undifferential(base), indices)
        case tree.Name(id=text):
            return name(text[1:])
    return expr


def of_dim(dim: Dim) -> Expression:
    """A dimension, as a number."""
    total: Expression | None = None
    for names, coefficient in sorted(dim.terms, key=lambda term: (-len(term[0]), term[0])):
        factors = [number(abs(coefficient)), *map(name, names)]
        part = product(factors)
        part = negative(part) if coefficient < 0 else part
        total = part if total is None else plus(total, part)
    return ZERO if total is None else total


def shifted(expr: Expression, offset: Dim) -> Expression:
    """`t + 1`, `t - 1`."""
    if not offset.terms:
        return expr
    if all(coefficient < 0 for _, coefficient in offset.terms):
        return plus(expr, negative(of_dim(-offset)))
    return plus(expr, of_dim(offset))


def primed(function: str, primes: int, argument: Expression) -> Expression:
    """`g'(z)`."""
    return tree.Call(NOWHERE, name(function), (argument,), (), primes)


def is_eye(expr: Expression) -> bool:
    """`eye[n]`."""
    return isinstance(expr, tree.Subscript) and expr.base == name("eye")


def mean_of(inner: Expression, over: Expression | None = None) -> Expression:
    """`mean(a)`; `var(a)` for the mean of `(a - mean(a))^2`."""
    match inner:
        case tree.Binary(
            op="^",
            left=tree.Binary(op="-", left=tensor, right=middle),
            right=tree.Number(text="2"),
        ) if middle == call("mean", tensor, over=over):
            return call("var", tensor, over=over)
    return call("mean", inner, over=over)


def of_matrix(function: str, matrix: Expression) -> Expression:
    """`inv(A).T` for `inv(A.T)`, `det(A)` for `det(A.T)`."""
    match matrix:
        case tree.Transpose(operand=inner) if function == "inv":
            return transpose(call(function, inner))
        case tree.Transpose(operand=inner):
            return call(function, inner)
    return call(function, matrix)


def opposite(expr: Expression) -> Expression | None:
    """`b - a` for `a - b`; None for anything else."""
    match expr:
        case tree.Binary(op="-", left=left, right=right) if not _is_sum(left):
            return binary("-", right, left)
    return None


def _is_sum(expr: Expression) -> bool:
    return isinstance(expr, tree.Binary) and expr.op in "+-"


def unturned(expr: Expression, symmetric: frozenset[str]) -> Expression:
    """The expression without `.T` after what is symmetric: these names, and their inverses."""

    def inside(part: Expression) -> Expression:
        return unturned(part, symmetric)

    match expr:
        case tree.Transpose(operand=operand):
            made = inside(operand)
            return made if is_symmetric(made, symmetric) else transpose(made)
        case tree.Negative(operand=operand):
            return negative(inside(operand))
        case tree.Binary(op=op, left=left, right=right):
            return binary(op, inside(left), inside(right))
        case tree.Call(arguments=arguments):
            return replace(expr, arguments=tuple(map(inside, arguments)))
    return expr


def is_symmetric(expr: Expression, names: frozenset[str]) -> bool:
    """A symmetric matrix by its looks."""
    match expr:
        case tree.Name(id=text):
            return text in names
        case tree.Call(function=tree.Name(id="inv"), arguments=(inner,)):
            return is_symmetric(inner, names)
    return False
