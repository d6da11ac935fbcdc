"""Judges a statement about derivatives by SymPy, entry by entry, at small sizes.

It shares nothing with `calculus`, `proof` or the evaluator: every forward definition becomes
explicit SymPy expressions in symbols for single entries, `sympy.diff` differentiates them, and both
sides are compared to fifty digits at random rational points. A name that is differentiated by is
replaced by fresh symbols, so that what defines it is held fixed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from time import monotonic
from typing import Any

import sympy

from derive.evaluate.point import Point
from derive.evaluate.sample import NoSample, sample
from derive.model.model import Model, Relation
from derive.model.scalar import Tensor
from derive.oracle.build import Build, number
from derive.oracle.operations import NotExpressible, Undefined

# Equal: to thirty digits, or, where both are zero but for rounding, to fifty decimals.
_RELATIVE = sympy.Float("1e-30", 20)
_ABSOLUTE = sympy.Float("1e-50", 20)
_LARGEST = 3
_TRIES = 3


@dataclass(frozen=True, slots=True)
class OracleVerdict:
    """Whether SymPy finds the relation true at each of `sizes`; `detail` shows where it is not."""

    agrees: bool
    sizes: tuple[Mapping[str, int], ...]
    detail: str = ""


@dataclass(frozen=True, slots=True)
class CannotSay:
    """Why SymPy gave no answer."""

    reason: str


def judge(
    model: Model,
    relation: Relation,
    at: tuple[tuple[str, Tensor], ...] = (),
    seed: int = 0,
    profiles: int = 2,
    seconds: float = 20.0,
) -> OracleVerdict | CannotSay:
    """SymPy's opinion of a relation, at points of so many different sizes."""
    if relation.op == "~":
        return CannotSay("printed digits are not for SymPy to judge")
    deadline = monotonic() + seconds
    seen: list[Mapping[str, int]] = []
    silent = "a side is undefined at every point"
    for point in sample(model, seed, _TRIES * profiles, largest=_LARGEST):
        if isinstance(point, NoSample):
            silent = point.reason
            break
        try:
            wrong = _disagreement(model, relation, at, point, deadline)
        except NotExpressible as reason:
            silent = str(reason)
            if monotonic() > deadline:
                break
            continue
        if wrong is not None:
            return OracleVerdict(False, (point.sizes,), wrong)
        seen.append(point.sizes)
        if len(seen) == profiles:
            break
    return OracleVerdict(True, tuple(seen)) if seen else CannotSay(silent)


def _disagreement(
    model: Model,
    relation: Relation,
    at: tuple[tuple[str, Tensor], ...],
    point: Point,
    deadline: float,
) -> str | None:
    """The first entry at which the relation is false, with both values; None if there is none."""
    try:
        build = Build(model, point, at, deadline)
    except Undefined as reason:
        raise NotExpressible(str(reason)) from None
    uids = [variable.uid for variable in relation.indices]
    spoken, silent = False, False
    for place in product(*(build.range(variable.axis) for variable in relation.indices)):
        env = dict(zip(uids, place, strict=True))
        try:
            if any(number(build, build.root.scalar(c, env)) == 0 for c in relation.conditions):
                continue
            left = number(build, build.root.scalar(relation.left, env))
            right = number(build, build.root.scalar(relation.right, env))
        except Undefined:
            silent = True
            continue
        spoken = True
        if not _holds(relation.op, left, right):
            names = [variable.name for variable in relation.indices]
            where = ", ".join(f"{n} = {p}" for n, p in zip(names, place, strict=True))
            return f"at {where or 'the point'}: {left.evalf(20)} against {right.evalf(20)}"
    if silent and not spoken:
        raise NotExpressible("a side is undefined at the point")
    return None


def _holds(op: str, left: Any, right: Any) -> bool:
    """The relation, equality being to many digits."""
    if left.is_Rational and right.is_Rational:
        gap, room = left - right, 0
    else:
        gap, room = left - right, max(_ABSOLUTE, _RELATIVE * max(abs(left), abs(right)))
    match op:
        case "=" | "~":
            return bool(abs(gap) <= room)
        case "!=":
            return bool(abs(gap) > room)
        case "<" | "<=":
            return bool(gap <= room) if op == "<=" or room else bool(gap < 0)
        case _:
            return bool(gap >= -room) if op == ">=" or room else bool(gap > 0)
