"""Assumptions as functions: by how much given numbers break them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from derive.compile.closed_form import array_program
from derive.compile.lowering import Lowering
from derive.compile.node import NotCompiled
from derive.compile.program import Program, executed
from derive.compile.terms import ONE
from derive.evaluate.given import broken, is_broken
from derive.model.model import Assumption, Model
from derive.model.scalar import Scalar


@dataclass(frozen=True, slots=True)
class Assumed:
    """One assumption: `gap` gives the left side less the right one, where it is assumed."""

    assumption: Assumption
    arguments: tuple[str, ...]
    gap: Callable[..., tuple[Any, Any]]

    def check(self, given: Mapping[str, Any]) -> None:
        """Raises DeriveError where the numbers break it. A NaN is passed on."""
        values = [given[name] for name in self.arguments]
        with np.errstate(all="ignore"):
            gap, where = self.gap(*values)
            wrong = (where != 0) & is_broken(self.assumption.relation.op, gap)
        if np.any(wrong):
            raise broken(self.assumption, self.arguments)


def assumed(
    model: Model, resolve: Callable[[Scalar], Scalar], arguments: Sequence[str]
) -> list[Assumed]:
    """The assumptions that speak of nothing but these arguments."""
    found: list[Assumed] = []
    for assumption in model.assumptions:
        try:
            gap, where = (_made(model, resolve, assumption, part) for part in ("gap", "where"))
        except NotCompiled:
            continue
        needed = _needed(gap, where)
        if set(needed) <= set(arguments):
            found.append(Assumed(assumption, needed, _both(gap, where, needed)))
    return found


def _made(
    model: Model, resolve: Callable[[Scalar], Scalar], assumption: Assumption, part: str
) -> Program:
    lowering = Lowering(model, resolve, frozenset(model.symbols))  # nothing is known beforehand
    relation = assumption.relation
    use = lowering.algebra.one
    if part == "gap":
        use = lowering.algebra.minus(
            lowering.scalar(relation.left), lowering.scalar(relation.right)
        )
    else:
        conditions = [(lowering.scalar(c), ONE) for c in relation.conditions]
        use = lowering.algebra.product(conditions)
    return array_program(lowering, use, relation.indices, part, "An assumption.")


def _needed(*programs: Program) -> tuple[str, ...]:
    return tuple(dict.fromkeys(n for made in programs for n in (*made.arguments, *made.dims)))


def _both(gap: Program, where: Program, needed: tuple[str, ...]) -> Callable[..., tuple[Any, Any]]:
    functions = [executed(gap), executed(where)]
    places = [[needed.index(name) for name in _needed(made)] for made in (gap, where)]

    def both(*values: Any) -> tuple[Any, Any]:
        first, second = (
            function(*(values[k] for k in own))
            for function, own in zip(functions, places, strict=True)
        )
        return first, second

    return both
