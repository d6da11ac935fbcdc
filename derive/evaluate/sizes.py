"""Sizes for the dimensions: small, unequal where that is possible."""

from collections.abc import Iterator, Mapping
from math import prod
from random import Random

from derive.evaluate.arithmetic import EXACT
from derive.evaluate.names import names_in, walk
from derive.evaluate.number import EvaluationError
from derive.evaluate.point import Point, dims_of, size_of
from derive.evaluate.relation import sides, surely
from derive.evaluate.run import Evaluator
from derive.model.model import Model, Recurrence, Relation
from derive.model.scalar import Axis, DimValue

# Size one hides means and transposes, so no dimension has it at first.
_FIRST = (2, 3, 4, 5)
_LATER = (1, 2, 3, 4, 5)
# The length of a loop: a step of every kind, and then as few as there can be.
_LENGTHS = (1, 2, 3)
_MOST_ENTRIES = 400
_MOST_TOGETHER = 1500


def axes_of(model: Model) -> Iterator[tuple[Axis, ...]]:
    """The axes of every declared and every defined tensor."""
    for symbol in model.symbols.values():
        yield symbol.axes
    for definition in model.definitions.values():
        if not definition.of_case:
            yield tuple(variable.axis for variable in definition.indices)


def loops_of(model: Model) -> tuple[Recurrence, ...]:
    """The recurrences of a model."""
    found = (definition.recurrence for definition in model.definitions.values())
    return tuple({loop.names: loop for loop in found if loop is not None}.values())


def _is_backwards(axis: Axis, sizes: Mapping[str, int]) -> bool:
    """Whether an axis ends more than one place before it starts: then entries beside it overlap."""
    return axis.high.value(sizes) < axis.low.value(sizes) - 1


def possible(model: Model, sizes: Mapping[str, int]) -> bool:
    """Whether tensors have entries, not too many, and assumptions about dimensions hold."""
    if any(_is_backwards(loop.axis, sizes) for loop in loops_of(model)):
        return False
    together = 0
    for axes in axes_of(model):
        shape = [size_of(axis, sizes) for axis in axes]
        together += prod(shape)
        if 0 in shape or prod(shape) > _MOST_ENTRIES:
            return False
    if together > _MOST_TOGETHER:
        return False
    world = Evaluator(model, EXACT).at(Point(sizes, {}))
    for assumption in model.assumptions:
        if is_about_dims(assumption.relation):
            try:
                found = sides(world, assumption.relation)
            except EvaluationError:
                return False
            held = surely(assumption.relation.op, found.left, found.right)
            if not held[found.applies].all():
                return False
    return True


def is_about_dims(relation: Relation) -> bool:
    """Whether a relation speaks of dimensions alone."""
    scalars = (relation.left, relation.right)
    return not any(names_in(scalar) for scalar in scalars) and any(
        isinstance(found, DimValue) for scalar in scalars for found in walk(scalar)
    )


def draw_sizes(
    model: Model,
    random: Random,
    first: Mapping[str, int] | None = None,
    largest: int = 5,
    reverse: bool = False,
) -> dict[str, int] | None:
    """Sizes for all dimensions; none is its size in `first`. None where there are no such sizes.

    With `reverse`, what is large in `first` is small, if possible: some statements need n >= d.
    """
    for attempt in range(120):
        pool: tuple[int, ...] = _LATER if first is not None or attempt >= 60 else _FIRST
        if attempt >= 30 and len(dims_of(model)) > 6:
            pool = (2, 3) if first is None else (1, 2, 3)
        pool = tuple(size for size in pool if size <= largest)
        if attempt >= 90:
            pool = (*pool, 6, 7, 8)
        sizes = _unequal(model, random, pool, first if attempt < 80 else None)
        if first is not None and reverse and attempt < 40:
            order = sorted(sizes, key=lambda name: -first[name])
            sizes = dict(zip(order, sorted(sizes.values()), strict=True))
            if any(sizes[name] == first[name] for name in sizes):
                continue
        if possible(model, sizes):
            return sizes
    return None


def _unequal(
    model: Model, random: Random, pool: tuple[int, ...], first: Mapping[str, int] | None
) -> dict[str, int]:
    """One draw: a size that none has yet, else one that no dimension of the same tensor has."""
    groups = [
        frozenset(name for axis in axes for name in axis.low.names | axis.high.names)
        for axes in axes_of(model)
    ]
    lengths = {
        name
        for loop in loops_of(model)
        for end in (loop.axis.low, loop.axis.high)
        for name in end.names
    }
    names = list(dims_of(model))
    random.shuffle(names)
    sizes: dict[str, int] = {}
    for name in names:
        own = [size for size in pool if name not in lengths or size in _LENGTHS] or pool
        free = [size for size in own if first is None or first.get(name) != size] or own
        near = frozenset().union(*(group for group in groups if name in group))
        fresh = [size for size in free if size not in sizes.values()]
        apart = [size for size in free if size not in {sizes.get(other) for other in near}]
        best = fresh or apart or free
        # The smaller half comes twice as often.
        sizes[name] = random.choice([*best, *sorted(best)[: (len(best) + 1) // 2]])
    return sizes
