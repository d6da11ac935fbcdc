"""The points at which a model is tried: random ones, those of cases, and smaller ones."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from derive.check.budget import remaining
from derive.diagnostics.diagnostic import Diagnostic, Label, Severity
from derive.evaluate.arithmetic import EXACT
from derive.evaluate.draws import failing
from derive.evaluate.number import Array, EvaluationError, Inexact
from derive.evaluate.point import Point, fractions
from derive.evaluate.run import Evaluator
from derive.evaluate.sample import NoSample, Sampler, sample
from derive.evaluate.shrink import shrink
from derive.model.model import Case, Judgement, Model
from derive.model.scalar import Scalar

MOST = 64
_SHRINKING = 1.0
_SPECIAL_SIZES = 2
_SIMPLE = (0, 1, -1)
_PLAIN = 4
NOWHERE = Point({}, {})

Resolve = Callable[[Scalar], Scalar]


class Points:
    """The points of one model, drawn when first needed and shared by its statements."""

    def __init__(self, model: Model, resolve: Resolve, seed: int) -> None:
        self.model = model
        self.problem: NoSample | None = None
        self.sampler = Sampler(model, resolve)
        self._drawn: list[Point] = []
        self._special: tuple[Point, ...] | None = None
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

    def special(self) -> tuple[Point, ...]:
        """Points of simple numbers, where what is merely likely tends to break: zeros, ones."""
        if self._special is None:
            self._special = tuple(self._find_special())
        return self._special

    def _find_special(self) -> Iterator[Point]:
        for start in self.some(0, _SPECIAL_SIZES):
            for number in _SIMPLE:
                values = {
                    name: self._simple(name, drawn, number) for name, drawn in start.values.items()
                }
                point = start.with_values(values)
                if self.sampler.violated(point) is None:
                    yield point
            for seed in range(_PLAIN):
                drawn = self.sampler.draw(seed, start.sizes, plain=True)
                if isinstance(drawn, Point):
                    yield drawn

    def _simple(self, name: str, drawn: Array, number: int) -> Array:
        """A tensor of equal numbers, where its properties allow that; else as it was drawn."""
        values = fractions(np.full(np.shape(drawn), number))
        return drawn if failing(values, self.sampler.properties(name)) else values

    def shrunk(
        self,
        point: Point,
        fails: Callable[[Point], bool],
        names: Sequence[str],
        deadline: float,
    ) -> Point:
        """A smaller point at which the same thing fails; only `names` matter."""
        seconds = min(_SHRINKING, remaining(deadline) / 2)
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
                return self._wrong(case, f"the value of `{name}` is not rational")
            except EvaluationError as error:
                return self._wrong(case, f"`{name}` has no value: {error}")
        point = Point(sizes, values)
        broken = self.sampler.violated(point)
        if isinstance(broken, str):
            return self._wrong(case, f"{broken} in this case", _name_in(broken))
        return point

    def _wrong(self, case: Case, message: str, name: str | None = None) -> Diagnostic:
        also: tuple[Label, ...] = ()
        if name is not None and name in self.model.symbols:
            symbol = self.model.symbols[name]
            listed = ", ".join(sorted(symbol.properties))
            if symbol.span.source is case.span.source:
                also = (Label(symbol.span, f"`{name}` is declared {listed}"),)
        return Diagnostic(
            Severity.ERROR, "given-breaks-property", message, case.span, "given here", also
        )


def _name_in(message: str) -> str | None:
    """The name between backticks."""
    parts = message.split("`")
    return parts[1] if len(parts) > 2 else None
