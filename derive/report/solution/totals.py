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
from derive.report.solution.terms import wide
from derive.syntax import tree
from derive.syntax.parts import is_differential
from derive.syntax.tree import Expression

LETTERS = "ijkmpqr"
TOTALS = frozenset(("sum", "mean"))


@dataclass(frozen=True, slots=True)
class Totals:
    """Writes totals of one model by index."""

    model: Model
    ranks: Mapping[str, int]

    def of(self, expr: Expression) -> Expression:
        """An expression with its totals by index, where that can be done."""
        match expr:
            case tree.Call(function=tree.Name(id=name), arguments=(inner,), keywords=()) if (
                name in TOTALS and name not in self.ranks
            ):
                return self.total(name, inner) or expr
            case tree.Call(arguments=arguments):
                return replace(expr, arguments=tuple(map(self.of, arguments)))
            case tree.Negative(operand=operand):
                return replace(expr, operand=self.of(operand))
            case tree.Binary(left=left, right=right):
                return replace(expr, left=self.of(left), right=self.of(right))
            case tree.Big(body=body):
                return replace(expr, body=self.of(body))
        return expr

    def total(self, name: str, inner: Expression) -> Expression | None:
        """`sum(a)`, `mean(a)` by index."""
        try:
            tensor = elaborate_expression(self.model, inner)
        except (Failure, Depends):
            return None
        variables = wide(tensor.indices)
        taken = {*self.ranks, *self.model.dims}
        letters = [letter for letter in LETTERS if letter not in taken]
        if not variables or len(variables) != len(tensor.indices) or len(letters) < len(variables):
            return None
        names = letters[: len(variables)]
        body = self.entry(inner, tuple(map(trees.name, names)))
        if body is None:
            return None
        binders = tuple(
            tree.Binder(trees.NOWHERE, letter, range_of(v.axis.low, v.axis.high))
            for letter, v in zip(names, variables, strict=True)
        )
        inside = body.operand if isinstance(body, tree.Negative) else body
        made: Expression = tree.Big(trees.NOWHERE, "sum", binders, (), inside)
        made = trees.negative(made) if isinstance(body, tree.Negative) else made
        if name == "sum":
            return made
        return trees.over(made, trees.product(trees.of_dim(v.axis.size) for v in variables))

    def entry(self, expr: Expression, places: tuple[Expression, ...]) -> Expression | None:
        """The entry of a tensor; None where that is more than entries of its parts."""
        match expr:
            case tree.Number():
                return expr
            case tree.Name(id=name):
                rank = self.ranks.get(name, 0)
                return trees.subscript(expr, *places[len(places) - rank :]) if rank else expr
            case tree.Negative(operand=operand):
                inner = self.entry(operand, places)
                return None if inner is None else trees.negative(inner)
            case tree.Binary(op="/", left=left, right=right) if is_differential(left):
                return trees.at(expr, places) if isinstance(right, tree.Name) else None
            case tree.Binary(op=op, left=left, right=right) if op != "@":
                one, other = self.entry(left, places), self.entry(right, places)
                return None if one is None or other is None else trees.binary(op, one, other)
            case tree.Call(function=tree.Name(id=name), arguments=(argument,), keywords=()):
                inner = self.entry(argument, places)
                return replace(expr, arguments=(inner,)) if inner and entrywise(name) else None
            case tree.Subscript(base=tree.Name(id=name), indices=indices):
                rank = self.ranks.get(name, 0) - len(indices)
                rest = places[len(places) - rank :] if rank else ()
                return trees.subscript(expr.base, *indices, *rest) if rank >= 0 else None
        return None


def entrywise(name: str) -> bool:
    """A function of a number."""
    return name in UNARY or (is_prelude(name) and not prelude_function(name).parameters[0].axes)


def range_of(low: Dim, high: Dim) -> tree.Range:
    """`1..n`."""
    return tree.Range(trees.NOWHERE, trees.of_dim(low), trees.of_dim(high))
