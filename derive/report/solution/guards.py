"""Factors that are one at all times of a loop, and zero outside: said in words instead."""

from derive.calculus import trees
from derive.report.solution.terms import multiplied
from derive.syntax import tree
from derive.syntax.show import is_quotient
from derive.syntax.tree import Expression


def unguarded(expr: Expression) -> tuple[Expression, tuple[tree.Comparison, ...]]:
    """An expression without `sum[i in 1..T]([T - 1 = i])`, and where that is one: `1 <= T - 1`."""
    match expr:
        case tree.Big(op="sum", binders=(binder,), conditions=(), body=tree.Indicator() as body):
            place = _place(body, binder.name)
            if place is not None and binder.range is not None:
                low = tree.Comparison(trees.NOWHERE, "<=", binder.range.start, place)
                return trees.ONE, (low,)
        case tree.Negative(operand=operand):
            inner, guards = unguarded(operand)
            return trees.negative(inner), guards
        case tree.Binary(op="+" | "-" | "*" as op, left=left, right=right) if not is_quotient(expr):
            one, first = unguarded(left)
            other, second = unguarded(right)
            guards = tuple(dict.fromkeys((*first, *second)))
            if op == "*":
                return multiplied(one, other), guards
            return trees.plus(one, trees.negative(other) if op == "-" else other), guards
    return expr, ()


def _place(indicator: tree.Indicator, name: str) -> Expression | None:
    """`T - 1` of `[T - 1 = i]`."""
    match indicator.conditions:
        case (tree.Comparison(op="=", left=left, right=tree.Name(id=found)),) if found == name:
            return left
        case (tree.Comparison(op="=", left=tree.Name(id=found), right=right),) if found == name:
            return right
    return None
