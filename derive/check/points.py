"""The points at which a model is tried: random ones, those of cases, and smaller ones."""

import re
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import product

import numpy as np

from derive.check.budget import remaining
from derive.diagnostics.diagnostic import Diagnostic, Label, Severity
from derive.diagnostics.span import Span
from derive.evaluate.arithmetic import EXACT
from derive.evaluate.draws import failing
from derive.evaluate.names import names_in
from derive.evaluate.number import Array, EvaluationError, Inexact
from derive.evaluate.point import Point, dims_of, fractions
from derive.evaluate.run import Evaluator
from derive.evaluate.sample import NoSample, Sampler, sample
from derive.evaluate.shrink import shrink
from derive.evaluate.sizes import loops_of, possible
from derive.model.model import Case, Judgement, Model
from derive.model.scalar import Scalar

MOST = 64
_SPECIAL_SIZES = 2
_MOST_SPECIAL = 400
_LONGER = (5, 6, 7)
_SIMPLE = tuple(map(Fraction, ("0", "1", "-1", "2", "-2", "1/2", "3", "-3")))
_ALONE = tuple(map(Fraction, ("0", "1", "-1", "-3")))
_MOST_COMBINED = 600
_PLAIN = 24
NOWHERE = Point({}, {})

Resolve = Callable[[Scalar], Scalar]


class Points:
    """The points of one model, drawn when first needed and shared by its statements."""

    def __init__(self, model: Model, resolve: Resolve, seed: int) -> None:
        self.model = model
        self.problem: NoSample | None = None
        self.sampler = Sampler(model, resolve)
        self._drawn: list[Point] = []
        self._special: list[Point] = []
        self._special_source = self._find_special()
        self._source = sample(model, seed, MOST, resolve)
        self._cases: dict[int, Point | Diagnostic] = {}

    def some(self, first: int, last: int) -> Iterator[Point]:
        """The points from number `first` up to `last`, fewer where there are no more."""
        for number in range(first, last):
            while len(self._drawn) <= number and self.problem is None:
                found = next(self._source, None)
                if isinstance(found, Point):
                    self._drawn.append(found)
                else:
                    self.problem = found or NoSample("no more points")
            if number >= len(self._drawn):
                return
            yield self._drawn[number]

    def longer(self) -> Iterator[Point]:
        """Points at which loops are longer than those at which statements were tried or shown."""
        dims = dims_of(self.model)
        ends = [d for loop in loops_of(self.model) for d in (loop.axis.low, loop.axis.high)]
        lengths = {name for end in ends for name in end.names} or set(dims)
        for length in _LONGER if dims else ():
            for least in (2, 1):
                sizes = {name: length if name in lengths else least for name in dims}
                drawn = self.sampler.draw(length, sizes) if possible(self.model, sizes) else None
                if isinstance(drawn, Point):
                    yield drawn
                    break

    def special(self) -> Iterator[Point]:
        """Points of simple numbers, where what is only likely tends to break: zeros, ones, ties."""
        for number in range(_MOST_SPECIAL):
            if number >= len(self._special):
                found = next(self._special_source, None)
                if found is None:
                    return
                self._special.append(found)
            yield self._special[number]

    def _find_special(self) -> Iterator[Point]:
        starts = [*self._smallest(), *self.some(0, _SPECIAL_SIZES)]
        for start in starts:
            yield from self._allowed(start, self._constants(start))
        for start in starts:
            for seed in range(_PLAIN):
                is_mixed = seed % 3 > 0
                drawn = self.sampler.draw(seed, start.sizes, not is_mixed, is_mixed)
                if isinstance(drawn, Point):
                    yield drawn

    def _smallest(self) -> Iterator[Point]:
        """A point at which every dimension is one, and one at which it is two."""
        for size in (1, 2):
            sizes = dict.fromkeys(dims_of(self.model), size)
            drawn = self.sampler.draw(size, sizes) if possible(self.model, sizes) else None
            if isinstance(drawn, Point):
                yield drawn

    def _constants(self, start: Point) -> Iterator[dict[str, Array]]:
        """Tensors of equal numbers: all of them, each of them alone."""
        names = list(start.values)
        for number in _SIMPLE:
            yield {name: _filled(start, name, number) for name in names}
        for name, number in product(names, _ALONE):
            yield {name: _filled(start, name, number)}

    def combined(self, names: Sequence[str]) -> Iterator[Point]:
        """All simple numbers for a few tensors, each filled with one."""
        start = next(self._smallest(), None)
        if start is None or len(_SIMPLE) ** len(names) > _MOST_COMBINED:
            return
        for numbers in product(_SIMPLE, repeat=len(names)):
            chosen = zip(names, numbers, strict=True)
            values = {name: _filled(start, name, number) for name, number in chosen}
            yield from self._allowed(start, iter([values]))

    def _allowed(self, start: Point, changes: Iterator[dict[str, Array]]) -> Iterator[Point]:
        """The start with each of the changes, so far as what was declared allows them."""
        for values in changes:
            kept = {
                name: value
                for name, value in values.items()
                if not failing(value, self.sampler.properties(name))
            }
            point = start.with_values(kept)
            if kept and self.sampler.violated(point) is None:
                yield point

    def shrunk(
        self,
        point: Point,
        fails: Callable[[Point], bool],
        names: Sequence[str],
        deadline: float,
    ) -> Point:
        """A smaller point at which the same thing fails; only `names` matter."""
        seconds = remaining(deadline) / 2  # evaluations are counted; this is for the deadline
        present = [name for name in names if name in point.values]
        if seconds <= 0:
            return point
        return shrink(self.sampler, point, fails, present, seconds=seconds)

    def of_case(self, judgement: Judgement) -> Point | Diagnostic:
        """The point that a case gives, or how it contradicts what was declared."""
        case = judgement.case
        if case is None:
            return NOWHERE
        key = id(case)
        if key not in self._cases:
            self._cases[key] = self._case(case)
        return self._cases[key]

    def _case(self, case: Case) -> Point | Diagnostic:
        sizes = dict(case.sizes)
        evaluator = Evaluator(self.model, EXACT)
        values: dict[str, Array] = {}
        for name, tensor in case.given:
            try:
                values[name] = evaluator.tensor(tensor.indices, tensor.body, Point(sizes, {}))
            except Inexact:
                return self._wrong(case, f"the value of `{name}` is not rational", name)
            except EvaluationError as error:
                return self._wrong(case, f"`{name}` has no value: {error}", name)
        point = Point(sizes, values)
        broken = self.sampler.violated(point)
        if isinstance(broken, str):
            return self._wrong(case, f"{broken} in this case", _name_in(broken))
        return self._assumed(case, point) or point

    def _assumed(self, case: Case, point: Point) -> Diagnostic | None:
        """What is assumed that the values of a case surely break."""
        for assumption in self.model.assumptions:
            if assumption.hidden:
                continue
            try:
                holds = self.sampler.judges.holds(assumption.relation, point)
            except EvaluationError:  # it speaks of what the case does not give
                continue
            if holds is False:
                names = names_in(assumption.relation.left) | names_in(assumption.relation.right)
                given = [name for name, _ in case.given if name in names]
                listed = ", ".join(f"`{name}`" for name in given) or "the case"
                also: tuple[Label, ...] = ()
                if assumption.span.source is case.span.source:
                    also = (Label(assumption.span, "assumed here"),)
                message = f"the numbers given for {listed} break what is assumed: {assumption.text}"
                return self._wrong(case, message, given[0] if given else None, also)
        return None

    def _wrong(
        self,
        case: Case,
        message: str,
        name: str | None = None,
        also: tuple[Label, ...] = (),
    ) -> Diagnostic:
        if name is not None and name in self.model.symbols and not also:
            symbol = self.model.symbols[name]
            listed = ", ".join(sorted(symbol.properties))
            if listed and symbol.span.source is case.span.source:
                also = (Label(symbol.span, f"`{name}` is declared {listed}"),)
        place = self._given_at(case, name) if name is not None else case.span
        return Diagnostic(
            Severity.ERROR, "given-breaks-property", message, place, "given here", also
        )

    def _given_at(self, case: Case, name: str) -> Span:
        """Where a case gives the value of a name; its head if that is not found."""
        source = case.span.source
        rest = r"(?:(?!\bexpect\b|\bcase\b)[\s\S])*?"
        pattern = re.compile(rf"\bgiven\b{rest}(?P<name>\b{re.escape(name)}\b) *=")
        found = pattern.search(source.text, case.span.start)
        return case.span if found is None else Span(source, *found.span("name"))


def _filled(start: Point, name: str, number: Fraction) -> Array:
    """A tensor of equal numbers, shaped like one of the start."""
    return fractions(np.full(np.shape(start.values[name]), number))


def _name_in(message: str) -> str | None:
    """The name between backticks."""
    parts = message.split("`")
    return parts[1] if len(parts) > 2 else None
