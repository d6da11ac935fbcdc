"""Sums and means of whole tensors by their entries: `sum(y*log(p))` as a sum over `y_i log p_i`."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from derive.calculus import trees
from derive.model.dim import Dim
from derive.model.elaborate import elaborate_expression
from derive.model.failure import Depends, Failure
from derive.model.functions import is_prelude, prelude_function
from derive.model.model import Model
from derive.model.operations import UNARY
from derive.model.scalar import IndexVariable
from derive.report.solution.shown import names_of
from derive.report.solution.terms import wide
from derive.syntax import tree
from derive.syntax.show import is_quotient
from derive.syntax.tree import Expression

LETTERS = "ijkmpqr"
SUMS = frozenset(("sum",))
TOTALS = SUMS | {"mean"}
Variables = tuple[IndexVariable, ...]


@dataclass(frozen=True, slots=True)
class Totals:
    """Writes totals of one model by index."""

    model: Model
    ranks: Mapping[str, int]

    def of(self, expr: Expression, which: frozenset[str] = TOTALS) -> Expression:
        """An expression with its totals by index, where that can be done."""

        def inside(part: Expression) -> Expression:
            return self.of(part, which)

        match expr:
            case tree.Call(function=tree.Name(id=name), arguments=(inner,), keywords=()) if (
                name in which and name not in self.ranks
            ):
                return self.total(name, inner) or expr
            case tree.Call(arguments=arguments):
                return replace(expr, arguments=tuple(map(inside, arguments)))
            case tree.Negative(operand=operand):
                return trees.negative(inside(operand))
            case tree.Binary(left=left, right=right):
                return replace(expr, left=inside(left), right=inside(right))
            case tree.Big(body=body):
                return outwards(replace(expr, body=inside(body)))
        return expr

    def total(self, name: str, inner: Expression) -> Expression | None:
        """`sum(a)`, `mean(a)` by index."""
        axes = self.axes(inner)
        if axes is None:
            return None
        taken = {*self.ranks, *self.model.dims, *names_of(inner)}
        letters = [letter for letter in LETTERS if letter not in taken]
        variables = wide(axes)
        if not variables or len(variables) != len(axes) or len(letters) < len(variables):
            return None
        names = letters[: len(variables)]
        body = self.entry(inner, tuple(map(trees.name, names)))
        if body is None:
            return None
        binders = tuple(
            tree.Binder(trees.NOWHERE, letter, range_of(v.axis.low, v.axis.high))
            for letter, v in zip(names, variables, strict=True)
        )
        made = outwards(tree.Big(trees.NOWHERE, "sum", binders, (), body))
        if name == "sum":
            return made
        return trees.over(made, trees.product(trees.of_dim(v.axis.size) for v in variables))

    def axes(self, expr: Expression) -> Variables | None:
        """The indices of a tensor, those left out that stand in it and are fixed around it."""
        try:
            tensor = elaborate_expression(self.model, expr)
        except (Failure, Depends):
            return None
        fixed = names_of(expr) - self.ranks.keys()
        return tuple(v for v in tensor.indices if v.name not in fixed)

    def entry(self, expr: Expression, places: tuple[Expression, ...]) -> Expression | None:
        """The entry of a tensor; None where that cannot be said."""

        def part(inner: Expression) -> Expression | None:
            return self.entry(inner, places)

        match expr:
            case tree.Number():
                return expr
            case tree.Negative(operand=operand):
                inner = part(operand)
                return None if inner is None else trees.negative(inner)
            case tree.Binary(op=op, left=left, right=right) if op != "@" and not is_quotient(expr):
                one, other = part(left), part(right)
                return None if one is None or other is None else trees.binary(op, one, other)
            case tree.Call(function=tree.Name(id=name), arguments=(argument,), keywords=()) if (
                entrywise(name)
            ):
                inner = part(argument)
                return None if inner is None else replace(expr, arguments=(inner,))
            case tree.Indicator(conditions=(condition,)):
                one, other = part(condition.left), part(condition.right)
                if one is None or other is None:
                    return None
                return replace(expr, conditions=(replace(condition, left=one, right=other),))
        axes = self.axes(expr)
        if axes is None or len(axes) > len(places):
            return None
        last = places[len(places) - len(axes) :]
        if is_quotient(expr):
            return trees.at(expr, last)
        if isinstance(expr, tree.Subscript):
            return trees.subscript(expr.base, *expr.indices, *last)
        return trees.subscript(expr, *last)


def outwards(expr: tree.Big) -> Expression:
    """A minus sign inside of a sum before it."""
    if expr.op == "sum" and isinstance(expr.body, tree.Negative):
        return trees.negative(replace(expr, body=expr.body.operand))
    return expr


def entrywise(name: str) -> bool:
    """A function of a number."""
    return name in UNARY or (is_prelude(name) and not prelude_function(name).parameters[0].axes)


def range_of(low: Dim, high: Dim) -> tree.Range:
    """`1..n`."""
    return tree.Range(trees.NOWHERE, trees.of_dim(low), trees.of_dim(high))
