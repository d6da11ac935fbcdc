"""Random exact points that obey every property and every assumption."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from random import Random

from derive.evaluate.draws import PROPERTIES, Pool, draw, failing
from derive.evaluate.number import Array, EvaluationError
from derive.evaluate.point import Point, dims_of
from derive.evaluate.relation import Judges
from derive.evaluate.repair import repair
from derive.evaluate.sizes import draw_sizes, is_about_dims
from derive.evaluate.usage import index_ranges, index_uses
from derive.model.model import Assumption, Model
from derive.model.scalar import Scalar

_ATTEMPTS = 12
_ROUNDS = 4


@dataclass(frozen=True, slots=True)
class NoSample:
    """No point was found; `assumption` is the one that was in the way, where it was one."""

    reason: str
    assumption: Assumption | None = None


class Sampler:
    """Draws points of one model. The same seed draws the same points."""

    def __init__(self, model: Model, resolve: Callable[[Scalar], Scalar] | None = None) -> None:
        self.model = model
        self.judges = Judges(model, resolve)
        self._uses = tuple(dict.fromkeys(index_uses(model)))
        self._drawn: dict[tuple[object, ...], Point | NoSample] = {}
        self.assumptions = [a for a in model.assumptions if not is_about_dims(a.relation)]

    def properties(self, name: str) -> frozenset[str]:
        """The properties of a declared tensor that restrict its values."""
        return self.model.symbols[name].properties & PROPERTIES

    def violated(self, point: Point) -> str | Assumption | None:
        """A property, in words, or an assumption that the point does not obey."""
        ranges = index_ranges(self._uses, point.sizes)
        for name, values in point.values.items():
            if name not in self.model.symbols:
                continue
            lacking = failing(values, self.properties(name))
            if lacking is not None:
                return f"`{name}` is not {lacking}"
            places = ranges.get(name)
            if places is not None:
                low, high = places
                if not all(x.denominator == 1 and low <= x <= high for x in values.flat):
                    return f"`{name}` is used as an index and leaves {low}..{high}"
        for assumption in self.assumptions:
            try:
                if not self.judges.holds(assumption.relation, point):
                    return assumption
            except EvaluationError:
                return assumption
        return None

    def draw(
        self, seed: int, sizes: Mapping[str, int], plain: bool = False, mixed: bool = False
    ) -> Point | NoSample:
        """A point of given sizes: of the simplest numbers if `plain`, with zeros if `mixed`."""
        key = (seed, plain, mixed, *sizes.items())
        if key not in self._drawn:
            self._drawn[key] = self._draw(seed, sizes, plain, mixed)
        return self._drawn[key]

    def _draw(
        self, seed: int, sizes: Mapping[str, int], plain: bool, mixed: bool
    ) -> Point | NoSample:
        blame: NoSample = NoSample("no point was tried")
        for attempt in range(_ATTEMPTS):
            random = Random(f"{seed}/{attempt}")
            drawn = self._values(Pool(random, plain, mixed), sizes)
            if isinstance(drawn, NoSample):
                return drawn
            found = self.mended(Point(dict(sizes), drawn, seed), random)
            if isinstance(found, Point):
                return found
            blame = found
        return blame

    def mended(
        self, point: Point, random: Random, keep: frozenset[str] = frozenset()
    ) -> Point | NoSample:
        """A point like this one that obeys the assumptions; what is to `keep` is moved last."""
        blame = NoSample("no point was tried")
        for _ in range(_ROUNDS):
            wrong = self.violated(point)
            if wrong is None:
                return point
            if isinstance(wrong, str):
                return NoSample(wrong)
            blame = NoSample(f"no point found that satisfies `{wrong.text}`", wrong)
            moved = repair(self, wrong, point, random, keep)
            if moved is None:
                break
            point = moved
        return blame

    def _values(self, pool: Pool, sizes: Mapping[str, int]) -> dict[str, Array] | NoSample:
        ranges = index_ranges(self._uses, sizes)
        values: dict[str, Array] = {}
        for name, symbol in self.model.symbols.items():
            shape = Point(sizes, {}).shape(symbol.axes)
            drawn = draw(pool, shape, self.properties(name), ranges.get(name))
            if drawn is None:
                listed = ", ".join(sorted(symbol.properties))
                return NoSample(f"no tensor of shape {list(shape)} found for `{name}` : {listed}")
            values[name] = drawn
        return values


def sample(
    model: Model,
    seed: int,
    count: int = 4,
    resolve: Callable[[Scalar], Scalar] | None = None,
    sizes: Mapping[str, int] | None = None,
    largest: int = 5,
) -> Iterator[Point | NoSample]:
    """Up to `count` points, of sizes drawn unequal, or of the given ones; a `NoSample` ends them.

    From the second point on, no dimension has the size that it has in the first.
    """
    sampler = Sampler(model, resolve)
    first: dict[str, int] | None = None
    blame: NoSample | None = None
    for number in range(count):
        found: Point | None = None
        for attempt in range(6):
            random = Random(f"{seed}/{number}/{attempt}")
            if sizes is not None:
                chosen: dict[str, int] | None = dict(sizes)
            else:
                chosen = draw_sizes(model, random, first, largest, reverse=number == 1)
            if chosen is None:
                listed = ", ".join(dims_of(model))
                blame = NoSample(f"no small sizes for {listed} satisfy the assumptions")
                break
            drawn = sampler.draw(random.getrandbits(32), chosen)
            if isinstance(drawn, Point):
                found = drawn
                break
            blame = drawn
        if found is None:
            assert blame is not None
            yield blame
            return
        first = first or dict(found.sizes)
        yield found
