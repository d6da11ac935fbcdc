"""Judges statements about derivatives by SymPy, entry by entry, at small sizes.

It shares nothing with `calculus`, `proof` or the evaluator: every definition becomes explicit SymPy
expressions in symbols for single entries, `sympy.diff` differentiates them, and both sides are
compared to thirty digits at random rational points. What a name is differentiated by is held apart
from what defines it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Any

from derive.evaluate.point import Point
from derive.evaluate.sample import NoSample, sample
from derive.model.model import Model, Relation
from derive.model.scalar import Tensor
from derive.oracle.build import Build
from derive.oracle.numeric import FLOATS, alike, total
from derive.oracle.operations import NotExpressible, Undefined

# Equal: to thirty digits, or, where both are zero but for rounding, to fifty decimals.
_RELATIVE = FLOATS.mpf("1e-30")
_ABSOLUTE = FLOATS.mpf("1e-50")
_LARGEST = 3
_TRIES = 3
_PROFILES = 2

Substitutions = tuple[tuple[str, Tensor], ...]


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


class Oracle:
    """SymPy's opinions of the relations of one model, at points of different sizes."""

    def __init__(self, model: Model, seed: int = 0) -> None:
        self.model = model
        self._source = sample(model, seed, _TRIES * _PROFILES, largest=_LARGEST)
        self._points: list[Point] = []
        self._silent = "a side is undefined at every point"
        self._builds: dict[tuple[int, Substitutions], Build] = {}

    def judge(
        self,
        relation: Relation,
        at: Substitutions = (),
        point: Point | None = None,
        tolerances: Sequence[Fraction] = (),
    ) -> OracleVerdict | CannotSay:
        """SymPy's opinion of a relation, at one point if it is given.

        `tolerances` are those of the right side's entries, row by row, or one for all, for `~`.
        """
        rooms = tolerances or (Fraction(0),)
        if point is not None:
            return self._at([(id(point), point)], relation, at, rooms, 1)
        if relation.op == "~":
            return CannotSay("printed digits are for cases")
        return self._at(enumerate(self._some()), relation, at, rooms, _PROFILES)

    def _at(
        self,
        points: Iterable[tuple[int, Point]],
        relation: Relation,
        at: Substitutions,
        rooms: Sequence[Fraction],
        enough: int,
    ) -> OracleVerdict | CannotSay:
        seen: list[Mapping[str, int]] = []
        for number, point in points:
            try:
                wrong = _disagreement(self._build(number, point, at), relation, rooms)
            except NotExpressible as reason:
                self._silent = str(reason)
                continue
            if wrong is not None:
                return OracleVerdict(False, (point.sizes,), wrong)
            seen.append(point.sizes)
            if len(seen) == enough:
                break
        return OracleVerdict(True, tuple(seen)) if seen else CannotSay(self._silent)

    def _some(self) -> Iterator[Point]:
        """The points, the same ones for every statement."""
        yield from self._points
        for point in self._source:
            if isinstance(point, NoSample):
                self._silent = point.reason
                return
            self._points.append(point)
            yield point

    def _build(self, number: int, point: Point, at: Substitutions) -> Build:
        key = (number, at)
        if key not in self._builds:
            try:
                self._builds[key] = Build(self.model, point, at)
            except Undefined as reason:
                raise NotExpressible(str(reason)) from None
        return self._builds[key]


def _disagreement(build: Build, relation: Relation, rooms: Sequence[Fraction]) -> str | None:
    """The first entry at which the relation is false, with both values; None if there is none."""
    variables = relation.indices
    spoken, silent = False, False
    places = list(product(*(build.range(variable.axis) for variable in variables)))
    for number, place in enumerate(places):
        env = {variable.uid: p for variable, p in zip(variables, place, strict=True)}
        try:
            if any(build.scalar(c, env) == 0 for c in relation.conditions):
                continue
            left = build.scalar(relation.left, env)
            right = build.scalar(relation.right, env)
        except Undefined:
            silent = True
            continue
        spoken = True
        if not _holds(relation.op, left, right, rooms[number % len(rooms)]):
            where = ", ".join(f"{v.name} = {p}" for v, p in zip(variables, place, strict=True))
            return f"at {where or 'the point'}: {_text(left)} against {_text(right)}"
    if silent and not spoken:
        raise NotExpressible("a side is undefined at the point")
    return None


def _text(number: Any) -> str:
    return str(number) if isinstance(number, Fraction) else str(FLOATS.nstr(number, 20))


def _holds(op: str, left: Any, right: Any, tolerance: Fraction) -> bool:
    """The relation, equality being to many digits, or to a tolerance."""
    left, right = alike(left, right)
    gap, room = left - right, Fraction(0)
    if not isinstance(left, Fraction):
        room = max(_ABSOLUTE, _RELATIVE * max(abs(left), abs(right)))
    match op:
        case "~":
            return bool(abs(gap) <= total((room, tolerance)))
        case "=":
            return bool(abs(gap) <= room)
        case "!=":
            return bool(abs(gap) > room)
        case "<" | "<=":
            return bool(gap <= room) if op == "<=" or room else bool(gap < 0)
        case _:
            return bool(gap >= -room) if op == ">=" or room else bool(gap > 0)
