"""Products. A zero indicator of indices, as in `[i != j]/(x[i] - x[j])`, makes a product zero.

It does so also where another factor is undefined: a sum of such products is the sum over the
indices for which the indicator is one.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from derive.evaluate.labelled import Labelled, align
from derive.evaluate.names import is_mask
from derive.model.scalar import Apply, Num, Scalar

if TYPE_CHECKING:
    from derive.evaluate.world import World

_MINUS_ONE = Num(Fraction(-1))


def factors(world: "World", scalar: Scalar) -> list[Labelled]:
    """The factors of a product or quotient, zero where an indicator of indices is zero."""
    masks: list[Labelled] = []
    found: list[Labelled] = []
    for factor, inverted in _leaves(scalar, False):
        value = world.scalar(factor)
        if inverted:
            one = world.arithmetic.exact(np.asarray(1))
            value = Labelled(value.labels, world.arithmetic.apply("div", [one, value.array]))
        elif is_mask(factor):
            masks.append(world.truth(factor)[0])
        found.append(value)
    if not masks:
        return found
    labels, arrays = align(masks)
    allowed = Labelled(labels, np.logical_and.reduce(np.broadcast_arrays(*arrays)))
    found = [_cleaned(world, value, allowed) for value in found]
    if all(world.arithmetic.defined(value.array).all() for value in found):
        return found
    zero = Labelled((), world.arithmetic.exact(np.asarray(0)))
    return [world.where(allowed, product(world, found), zero)]


def product(world: "World", values: Sequence[Labelled]) -> Labelled:
    """The product, from the first value to the last."""
    total = values[0]
    for value in values[1:]:
        labels, arrays = align([total, value])
        total = Labelled(labels, world.arithmetic.apply("mul", arrays))
    return total


def masked_product(world: "World", node: Apply) -> Labelled | None:
    """The value of a product or quotient with such an indicator; None where it has none."""
    if not any(is_mask(factor) for factor, _ in _leaves(node, False)):
        return None
    return product(world, factors(world, node))


def _leaves(scalar: Scalar, inverted: bool) -> list[tuple[Scalar, bool]]:
    """The factors, and whether each is one of a denominator."""
    match scalar:
        case Apply("mul", (left, right)) if not inverted:
            return [*_leaves(left, False), *_leaves(right, False)]
        case Apply("neg", (inner,)) if not inverted:
            return [(_MINUS_ONE, False), *_leaves(inner, False)]
        case Apply("div", (top, bottom)) if not inverted:
            return [*_leaves(top, False), (bottom, True)]
    return [(scalar, inverted)]


def _cleaned(world: "World", value: Labelled, allowed: Labelled) -> Labelled:
    """`value`, zero where it is undefined and no place is `allowed`."""
    undefined = ~world.arithmetic.defined(value.array)
    if not undefined.any():
        return value
    others = tuple(k for k, label in enumerate(allowed.labels) if label not in value.labels)
    kept = tuple(label for label in allowed.labels if label in value.labels)
    somewhere = Labelled(kept, np.asarray(allowed.array.any(axis=others)))
    labels, arrays = align([Labelled(value.labels, undefined), somewhere])
    zero = Labelled((), world.arithmetic.exact(np.asarray(0)))
    return world.where(Labelled(labels, arrays[0] & ~arrays[1]), zero, value)
