"""Makes a point at which something fails small and readable, while it still fails there."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import product
from time import process_time

import numpy as np

from derive.evaluate.draws import failing
from derive.evaluate.number import Array, EvaluationError
from derive.evaluate.point import Point, dims_of, fractions
from derive.evaluate.sample import Sampler
from derive.evaluate.sizes import possible

_SIMPLE = tuple(map(Fraction, ("0", "1", "-1", "2", "1/2", "-2", "3")))
_DRAWS = 2
_MOST_SIZES = 14


class _Spent(Exception):
    """The evaluations or the time are used up."""


class _Search:
    """Counts evaluations and remembers the best point so far."""

    def __init__(
        self,
        sampler: Sampler,
        point: Point,
        is_counterexample: Callable[[Point], bool],
        most: int,
        deadline: float,
    ) -> None:
        self.sampler = sampler
        self.best = point
        self.left = most
        self._is_counterexample = is_counterexample
        self._deadline = deadline

    def accepts(self, point: Point, fresh: bool = False) -> bool:
        """Whether something fails at `point` too, which is then the best so far."""
        if not self.left or process_time() > self._deadline:
            raise _Spent
        if not fresh and self.sampler.violated(point) is not None:
            return False
        self.left -= 1
        try:
            accepted = self._is_counterexample(point)
        except EvaluationError:
            return False
        if accepted:
            self.best = point
        return accepted


def shrink(
    sampler: Sampler,
    point: Point,
    is_counterexample: Callable[[Point], bool],
    names: Sequence[str] | None = None,
    most: int = 60,
    seconds: float = 2.0,
) -> Point:
    """A small point at which `is_counterexample` holds; `point` itself if none is found.

    Only `names` are simplified (all, if not given); every point tried obeys the assumptions.
    """
    search = _Search(sampler, point, is_counterexample, most, process_time() + seconds)
    try:
        _smaller(search)
        _simpler(search, tuple(point.values) if names is None else names)
    except _Spent:
        pass
    return search.best


def _smaller(search: _Search) -> None:
    """The smallest sizes at which a random point of simple numbers fails."""
    start = search.best
    for sizes in _sizes(search.sampler, start.sizes):
        for attempt in range(_DRAWS):
            drawn = search.sampler.draw(start.seed + attempt, sizes, plain=True)
            if not isinstance(drawn, Point):
                break
            if search.accepts(drawn, fresh=True):
                return


def _sizes(sampler: Sampler, most: Mapping[str, int]) -> Iterator[dict[str, int]]:
    """Possible sizes up to 3 and no larger than `most`, the smallest first."""
    names = dims_of(sampler.model)
    limit = 3 if len(names) <= 5 else 2
    if len(names) > 12:
        choices = [[1] * len(names), [2] * len(names)]
    else:
        tops = [range(1, min(limit, most[name]) + 1) for name in names]
        choices = sorted((list(choice) for choice in product(*tops)), key=lambda c: (sum(c), c))
    found = 0
    for choice in choices:
        sizes = dict(zip(names, choice, strict=True))
        if possible(sampler.model, sizes):
            yield sizes
            found += 1
            if found == _MOST_SIZES:
                return


def _simpler(search: _Search, names: Sequence[str]) -> None:
    """Whole tensors, then single entries, replaced by simpler numbers."""
    for name in names:
        for values in _constants(search.best.values[name].shape):
            same = np.array_equal(values, search.best.values[name])
            if not same and _try(search, name, values):
                break
    for name in names:
        for place in np.ndindex(*search.best.values[name].shape):
            _simplify_entry(search, name, place)


def _constants(shape: tuple[int, ...]) -> Iterator[Array]:
    """Tensors of zeros, of ones, and the identity."""
    for number in (0, 1):
        yield fractions(np.full(shape, number))
    if len(shape) == 2 and min(shape) > 1:
        yield fractions(np.eye(*shape, dtype=int))


def _simplify_entry(search: _Search, name: str, place: tuple[int, ...]) -> None:
    here = search.best.values[name][place]
    for number in _SIMPLE:
        if number == here:
            return
        values = search.best.values[name].copy()
        values[place] = number
        mirror = (*place[:-2], *reversed(place[-2:]))
        symmetric = search.sampler.properties(name) & {"symmetric", "posdef"}
        if symmetric and len(place) > 1:
            values[mirror] = number
        if _try(search, name, values):
            return


def _try(search: _Search, name: str, values: Array) -> bool:
    if failing(values, search.sampler.properties(name)) is not None:
        return False
    return search.accepts(search.best.with_values({name: values}))
