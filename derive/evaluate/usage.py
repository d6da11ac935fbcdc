"""Which declared tensors serve as indices, and what range that gives them."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from derive.evaluate.names import walk
from derive.evaluate.number import EvaluationError
from derive.model.model import Model
from derive.model.scalar import (
    Axis,
    Derivative,
    Entry,
    Index,
    Scalar,
)


class IndexUse(NamedTuple):
    """Entries of `name`, plus `shift`, are places on `axis`."""

    name: str
    axis: Axis
    shift: int


def index_ranges(uses: Iterable[IndexUse], sizes: Mapping[str, int]) -> dict[str, tuple[int, int]]:
    """For each declared tensor that serves as an index: the bounds that keep it inside."""
    ranges: dict[str, tuple[int, int]] = {}
    for name, axis, shift in uses:
        low, high = axis.low.value(sizes) - shift, axis.high.value(sizes) - shift
        if name in ranges:
            low, high = max(low, ranges[name][0]), min(high, ranges[name][1])
        ranges[name] = (low, high)
    return {name: (low, high) for name, (low, high) in ranges.items() if low <= high}


def index_uses(model: Model) -> Iterator[IndexUse]:
    """Each use as an index: `x[c]` bounds `c` by the axis of `x`. A comparison bounds nothing."""
    for scalar in scalars_of(model):
        for found in walk(scalar):
            match found:
                case Entry(symbol, indices, False):
                    yield from _computed(model, indices, axes_of_name(model, symbol))
                case Derivative(of, of_indices, wrt, wrt_indices, _):
                    yield from _computed(model, of_indices, axes_of_name(model, of))
                    yield from _computed(model, wrt_indices, axes_of_name(model, wrt))
                case _:
                    continue


def _computed(
    model: Model, indices: tuple[Index, ...], axes: tuple[Axis, ...]
) -> Iterator[IndexUse]:
    for index, axis in zip(indices, axes, strict=False):
        if len(index.computed) == 1 and isinstance(index.computed[0], Entry):
            name = index.computed[0].symbol
            shift = index.offset.constant
            if name in model.symbols:
                yield IndexUse(name, axis, 0 if shift is None or index.terms else shift)


def axes_of_name(model: Model, name: str) -> tuple[Axis, ...]:
    """The axes of a declared or defined name."""
    if name in model.definitions:
        return tuple(variable.axis for variable in model.definitions[name].indices)
    if name in model.symbols:
        return model.symbols[name].axes
    raise EvaluationError(f"nothing is named `{name}`")


def scalars_of(model: Model) -> Iterator[Scalar]:
    """Every scalar of a model: bodies of definitions, sides of assumptions and judgements."""
    for definition in model.definitions.values():
        yield definition.body
    relations = [assumption.relation for assumption in model.assumptions]
    relations += [j.relation for j in model.judgements if j.relation is not None]
    for relation in relations:
        yield from (relation.left, relation.right, *relation.conditions)
