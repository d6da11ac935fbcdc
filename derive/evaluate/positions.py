"""Where an index stands on an axis."""

from typing import TYPE_CHECKING

import numpy as np

from derive.evaluate.labelled import Labelled, Places, align, either
from derive.model.scalar import Index

if TYPE_CHECKING:
    from derive.evaluate.world import World


def find_places(world: "World", index: Index, low: int) -> Places:
    """The positions that an index takes on an axis that starts at `low`."""
    start = world.dim(index.offset) - low
    if not index.computed and len(index.terms) == 1 and index.terms[0][1].constant == 1:
        variable = index.terms[0][0]
        start += world.low(variable)
        run = (variable.uid, start)
        return Places((variable.uid,), np.arange(start, start + world.size(variable)), run)
    parts = [Labelled((), np.asarray(start))]
    undefined: Labelled | None = None
    for variable, factor in index.terms:
        begin = world.low(variable)
        numbers = np.arange(begin, begin + world.size(variable)) * world.dim(factor)
        parts.append(Labelled((variable.uid,), numbers))
    for inner in index.computed:
        value = world.scalar(inner)
        numbers, fits = world.arithmetic.integers(value.array)
        parts.append(Labelled(value.labels, numbers))
        if not fits.all():
            world.complaints.append("a computed index is not an integer")
            wrong = Labelled(value.labels, ~fits)
            undefined = wrong if undefined is None else either(undefined, wrong)
    labels, arrays = align(parts)
    return Places(labels, np.asarray(sum(arrays[1:], arrays[0])), None, undefined)
