"""What an expression is by its looks: a number, something tall, a derivative."""

from collections.abc import Mapping, Sequence

from derive.calculus import trees
from derive.report.formula import Big, Fence, Formula, Frac, Num, Op, Root, Row, Script, Sym, row
from derive.syntax import tree
from derive.syntax.parts import is_differential
from derive.syntax.tree import Expression

TO_NUMBERS = frozenset(
    ("sum", "mean", "var", "norm", "trace", "det", "logdet", "dot", "max", "min", "prod")
)
SUM, PRODUCT, POWER, ATOM = 1, 2, 3, 4
"""How tightly a formula binds."""

Set = tuple[Formula, int]


def is_scalar(expr: Expression, ranks: Mapping[str, int]) -> bool:
    """Surely a number, by its looks."""
    match expr:
        case tree.Number():
            return True
        case tree.Name(id=name):
            return ranks.get(name, 0) == 0
        case tree.Indicator(conditions=conditions):
            return all(is_scalar(c.left, ranks) and is_scalar(c.right, ranks) for c in conditions)
        case tree.Binary(op="/", left=tree.Name(), right=below) if is_differential(below):
            return is_scalar(trees.undifferential(below), ranks)
        case tree.Binary(op="/", left=tree.Subscript(), right=below) if is_differential(below):
            return is_scalar(trees.undifferential(below), ranks)
        case tree.Subscript(base=tree.Name(id=name), indices=indices):
            return ranks.get(name, len(indices)) == len(indices)
        case tree.Subscript(base=base):
            return not isinstance(base, tree.Name)
        case tree.Negative(operand=inner):
            return is_scalar(inner, ranks)
        case tree.Binary(op="@"):
            first, *_, last = trees.letters_of(expr)
            return isinstance(first, tree.Transpose) and all(
                isinstance(end, tree.Name) and ranks.get(end.id) == 1
                for end in (first.operand, last)
            )
        case tree.Binary(left=left, right=right):
            return is_scalar(left, ranks) and is_scalar(right, ranks)
        case tree.Call(function=tree.Name(id=name), arguments=arguments, keywords=()):
            return name in TO_NUMBERS or all(is_scalar(a, ranks) for a in arguments)
        case tree.Big(body=body):
            return is_scalar(body, ranks)
    return False


def number(text: str) -> Set:
    """`3`, `2e-3` with a power of ten."""
    mantissa, _, exponent = text.lower().partition("e")
    if not exponent:
        return Num(text), ATOM
    sign = [Op("−", True)] if exponent.startswith("-") else []
    power = Script(Num("10"), None, row(*sign, Num(exponent.lstrip("+-").lstrip("0") or "0")))
    if mantissa == "1":
        return power, POWER
    return row(Num(mantissa), Op("·"), power), PRODUCT


def is_applied(expr: Expression, made: Row) -> bool:
    """A function applied to something in brackets: what is raised or has an index as it stands."""
    return isinstance(expr, tree.Call) and isinstance(made.parts[-1], Fence)


def is_dot(expr: Expression) -> bool:
    """`sum(a*b)`, which is set as a row times a column."""
    match expr:
        case tree.Call(function=tree.Name(id="sum"), arguments=(tree.Binary(op="*"),)):
            return True
    return False


def begins_with_number(expr: Expression) -> bool:
    """Its first factor is a number in digits."""
    match expr:
        case tree.Number():
            return True
        case tree.Binary(op="*" | "^", left=left):
            return begins_with_number(left)
    return False


def needs_room(left: Formula, right: Formula) -> bool:
    """A thin space between factors, but not beside brackets or between single letters."""
    last = left.parts[-1] if isinstance(left, Row) else left
    first = right.parts[0] if isinstance(right, Row) else right
    if isinstance(last, Num):
        return isinstance(first, Frac | Root | Big) or is_word(first)
    return not isinstance(first, Fence) or isinstance(last, Script | Sym)


def is_word(formula: Formula) -> bool:
    """A name of several letters, with or without scripts."""
    if isinstance(formula, Script):
        return is_word(formula.base)
    return isinstance(formula, Sym) and len(formula.text) > 1


def is_tall(expr: Expression) -> bool:
    """Not to be written as an exponent."""
    match expr:
        case tree.Name() | tree.Number():
            return False
        case tree.Subscript(indices=indices):
            return any(map(is_tall, indices))
        case tree.Negative(operand=inner):
            return is_tall(inner)
    return True


def speaks_of(conditions: Sequence[tree.Comparison], name: str) -> bool:
    """One side of a condition is just that name."""
    return any(c.left == trees.name(name) or c.right == trees.name(name) for c in conditions)


def head_of(expr: Expression) -> str:
    """The name at the front; empty where there is none."""
    match expr:
        case tree.Name(id=text):
            return text
        case tree.Subscript(base=base):
            return head_of(base)
        case tree.Transpose(operand=inner):
            return head_of(inner)
        case tree.Call(function=function):
            return function.id
    return ""
