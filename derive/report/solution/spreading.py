"""A sum over a product with `delta[i, j] - p[j]` in it, taken term by term."""

from collections.abc import Iterator
from functools import reduce

from derive.calculus import trees
from derive.report.solution.shown import names_of
from derive.report.solution.terms import multiplied, replaced
from derive.syntax import tree
from derive.syntax.show import is_quotient
from derive.syntax.tree import Expression

Signed = tuple[int, Expression]


def spread(expr: Expression) -> Expression | None:
    """The sum without its delta; None where it has none that stands in one factor of several terms.

    What the terms have in common stands in front.
    """
    if isinstance(expr, tree.Negative):
        inner = spread(expr.operand)
        return None if inner is None else trees.negative(inner)
    if not isinstance(expr, tree.Big) or expr.op != "sum" or expr.conditions:
        return None
    if len(expr.binders) != 1:
        return None
    (binder,) = expr.binders
    parts = list(factors(expr.body))
    for place, part in enumerate(parts):
        found = list(terms(part, 1))
        if len(found) > 1 and any(kept(t, binder.name) for _, t in found):
            rest = parts[:place] + parts[place + 1 :]
            made = [(sign, list(term(expr, rest, t))) for sign, t in found]
            return joined(made)
    return None


def term(expr: tree.Big, rest: list[Expression], one: Expression) -> Iterator[Expression]:
    """The factors of the sum of one term."""
    (binder,) = expr.binders
    other = kept(one, binder.name)
    if other is not None:
        yield from (replaced(factor, {binder.name: other}) for factor in rest)
        return
    every = [*rest, *factors(one)]
    inside = [f for f in every if binder.name in names_of(f)]
    yield from (f for f in every if binder.name not in names_of(f))
    if inside:
        yield tree.Big(trees.NOWHERE, "sum", expr.binders, (), reduce(multiplied, inside))


def joined(made: list[tuple[int, list[Expression]]]) -> Expression:
    """The terms, common factors in front."""
    common: list[Expression] = []
    rests = [list(parts) for _, parts in made]
    for factor in made[0][1]:
        if all(factor in rest for rest in rests):
            common.append(factor)
            for rest in rests:
                rest.remove(factor)
    total: Expression | None = None
    for (sign, _), rest in zip(made, rests, strict=True):
        one = reduce(multiplied, rest, trees.ONE)
        one = trees.negative(one) if sign < 0 else one
        total = one if total is None else trees.plus(total, one)
    assert total is not None
    return reduce(multiplied, [*common, total], trees.ONE)


def kept(expr: Expression, name: str) -> Expression | None:
    """The other index of a delta with this one."""
    match expr:
        case tree.Indicator(conditions=(tree.Comparison(op="=", left=one, right=other),)):
            pair = (one, other)
        case tree.Subscript(base=tree.Name(id="delta"), indices=(one, other)):
            pair = (one, other)
        case _:
            return None
    if trees.name(name) not in pair:
        return None
    return pair[1] if pair[0] == trees.name(name) else pair[0]


def factors(expr: Expression) -> Iterator[Expression]:
    """The factors of a product."""
    match expr:
        case tree.Binary(op="*", left=left, right=right):
            yield from factors(left)
            yield from factors(right)
        case _:
            yield expr


def terms(expr: Expression, sign: int) -> Iterator[Signed]:
    """The terms of a sum with their signs."""
    match expr:
        case tree.Binary(op="+" | "-" as op, left=left, right=right) if not is_quotient(expr):
            yield from terms(left, sign)
            yield from terms(right, sign if op == "+" else -sign)
        case tree.Negative(operand=operand):
            yield from terms(operand, -sign)
        case _:
            yield sign, expr
