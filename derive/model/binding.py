"""Binding of indices: `sum[i in 1..n, j](...)`, comprehensions, `for`, free indices."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from derive.model.context import Expressions
from derive.model.ranges import Run, range_of
from derive.model.scalar import Apply, Index, IndexVariable, Scalar, Tensor
from derive.model.scope import UNKNOWN, Inferred, Scope, unknown_range
from derive.model.traverse import free_variables
from derive.syntax import tree

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Bound:
    """Indices that are bound together, with the conditions on them, and where each runs."""

    variables: tuple[IndexVariable, ...]
    conditions: tuple[Scalar, ...]
    runs: tuple[Run, ...] = ()


def bind(
    e: Expressions,
    binders: Sequence[tree.Binder],
    conditions: Sequence[tree.Comparison],
    inside: Callable[[Expressions, Bound], Result],
    may_be_empty: bool = False,
) -> Result:
    """What `inside` makes of the scope in which `binders` are bound.

    Sums and products may be over nothing, `1..0`. An index without a range takes that of the first
    axis it stands on: `inside` is interrupted there and begun again with the range known.
    """
    while True:
        variables: list[IndexVariable] = []
        runs: list[Run] = []
        extra: list[Scalar] = []
        scope = e.scope
        implicit: dict[IndexVariable, tree.Binder] = {}
        for binder in binders:
            if binder.range is None:
                variable = IndexVariable(binder.name, scope.inferred.of(binder))
                implicit[variable] = binder
                run = Run(Index((), variable.axis.low), Index((), variable.axis.high))
            else:
                variable, more, run = range_of(
                    e.inside(scope), binder.range, binder.name, may_be_empty
                )
                extra.extend(more)
            runs.append(run)
            variables.append(variable)
            scope = scope.with_indices({binder.name: variable}, frozenset(implicit))
        if conditions or extra:
            scope = replace(scope, loose=scope.loose | frozenset(scope.indices.values()))
        inner = e.inside(scope)
        try:
            facts = [condition_of(inner, condition) for condition in conditions]
            result = inside(inner, Bound(tuple(variables), (*extra, *facts), tuple(runs)))
        except Inferred as found:
            if found.variable not in implicit:
                raise
            scope.inferred.put(implicit[found.variable], found.axis)
            continue
        for variable, binder in implicit.items():
            if variable.axis == UNKNOWN:
                raise unknown_range(binder.name, binder.span)
        return result


def condition_of(e: Expressions, condition: tree.Comparison) -> Scalar:
    """One where the scalar `condition` holds, zero where not."""
    left = e.scalar(condition.left, "a condition")
    right = e.scalar(condition.right, "a condition")
    return comparison(condition.op, left, right)


def comparison(op: str, left: Scalar, right: Scalar) -> Scalar:
    """The indicator of `left op right`."""
    names = {"=": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "lt", ">=": "le"}
    return Apply(names[op], (right, left) if op.startswith(">") else (left, right))


def conjunction(conditions: Sequence[Scalar]) -> Scalar | None:
    """One where all `conditions` are; None where there are none."""
    result: Scalar | None = None
    for condition in conditions:
        result = condition if result is None else Apply("mul", (result, condition))
    return result


def levels(bound: Bound) -> list[tuple[IndexVariable, Scalar | None]]:
    """Each variable with the conditions that can be tested once it is bound."""
    waiting = list(bound.conditions)
    result: list[tuple[IndexVariable, Scalar | None]] = []
    for place, variable in enumerate(bound.variables):
        later = set(bound.variables[place + 1 :])
        ready = [c for c in waiting if not later & set(free_variables(Tensor((), c)))]
        waiting = [c for c in waiting if c not in ready]
        result.append((variable, conjunction(ready)))
    return result


# --- free indices ------------------------------------------------------------------------------


def free_indices(scope: Scope, trees: Sequence[tree.Expression]) -> tuple[tree.Binder, ...]:
    """A binder for each name between square brackets that nothing declares or binds."""
    found: dict[str, tree.Binder] = {}

    def visit(node: object, bound: frozenset[str], inside: bool) -> None:
        match node:
            case tree.Name(id=name, span=span):
                if (
                    inside
                    and name not in bound
                    and name not in found
                    and not _has_meaning(scope, name)
                ):
                    found[name] = tree.Binder(span, name)
            case tree.Subscript(base=base, indices=indices):
                shape = isinstance(base, tree.Name) and base.id in ("zeros", "ones", "eye")
                visit(base, bound, inside)
                for index in indices:
                    visit(index, bound, not shape)
            case (
                tree.Big(binders=binders, conditions=conditions, body=body)
                | tree.Comprehension(binders=binders, conditions=conditions, body=body)
            ):
                for binder in binders:
                    if binder.range is not None:
                        visit(binder.range.start, bound, True)
                        visit(binder.range.stop, bound, True)
                    bound = bound | {binder.name}
                for part in (*conditions, body):
                    visit(part, bound, inside)
            case tree.Negative(operand=inner) | tree.Transpose(operand=inner):
                visit(inner, bound, inside)
            case tree.Binary(left=left, right=right) | tree.Comparison(left=left, right=right):
                visit(left, bound, inside)
                visit(right, bound, inside)
            case tree.Call(arguments=arguments):
                for argument in arguments:
                    visit(argument, bound, False)
            case tree.Indicator(conditions=parts) | tree.List(items=parts):
                for part in parts:
                    visit(part, bound, inside)

    for expr in trees:
        visit(expr, frozenset(), False)
    return tuple(found.values())


def _has_meaning(scope: Scope, name: str) -> bool:
    return name in ("pi", "inf") or scope.is_declared(name)
