"""Products in the order in which people write them: constants first, indicators last."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import reduce

from derive.calculus import trees
from derive.report.looks import is_scalar
from derive.syntax import tree
from derive.syntax.show import is_quotient
from derive.syntax.tree import Expression


def arranged(expr: Expression, ranks: Mapping[str, int]) -> Expression:
    """An expression that derive wrote; `ranks` has the axes of names."""

    def inside(part: Expression) -> Expression:
        return arranged(part, ranks)

    match expr:
        case tree.Binary() if is_quotient(expr):
            return expr
        case tree.Binary(op="*"):
            parts = [inside(factor) for factor in factors(expr)]
            scalar = all(is_scalar(part, ranks) for part in parts)
            return reduce(trees.times, sorted(parts, key=_first if scalar else _last))
        case tree.Binary(left=left, right=right):
            return replace(expr, left=inside(left), right=inside(right))
        case tree.Negative(operand=operand) | tree.Transpose(operand=operand):
            return replace(expr, operand=inside(operand))
        case tree.Call(arguments=arguments):
            return replace(expr, arguments=tuple(map(inside, arguments)))
        case tree.Big(body=body):
            return replace(expr, body=inside(body))
    return expr


def factors(expr: Expression) -> Iterator[Expression]:
    """The factors of a product."""
    match expr:
        case tree.Binary(op="*", left=left, right=right):
            yield from factors(left)
            yield from factors(right)
        case _:
            yield expr


def _first(part: Expression) -> int:
    """Numbers, then names without indices."""
    return 0 if isinstance(part, tree.Number) else 1 if isinstance(part, tree.Name) else 2


def _last(part: Expression) -> bool:
    return isinstance(part, tree.Indicator)
