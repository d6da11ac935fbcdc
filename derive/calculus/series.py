"""Sums over time as people write them: `sum[t in 1..T](dL/da[t] @ h[t-1].T)`.

In normal form the index of a sum may run from any place. Here it runs over the whole axis of one of
the tensors, the others stand at `t - 1`, and what is summed is written as a product of matrices.
"""

from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from functools import reduce

from derive.calculus import trees
from derive.calculus.contracting import NoMatrixForm
from derive.calculus.forms import addends, powers_in
from derive.calculus.matrix_form import Reader
from derive.model.dim import Dim
from derive.model.model import Model
from derive.model.scalar import (
    Apply,
    Axis,
    Entry,
    Index,
    IndexVariable,
    Num,
    Reduce,
    Scalar,
    Tensor,
    substitute,
)
from derive.syntax import tree
from derive.syntax.tree import Expression

ONCE = Fraction(1)


class Series:
    """Writes sums over an index whose terms have a matrix form."""

    def __init__(self, model: Model, reader: Reader, taken: frozenset[str]) -> None:
        self.model = model
        self.reader = reader
        self.taken = taken

    def tree(self, tensor: Tensor) -> Expression:
        """The tensor as a sum of such sums, one for each range. Raises NoMatrixForm."""
        ranges: dict[tuple[str, Axis], tuple[IndexVariable, Scalar]] = {}
        for addend in addends(tensor.body):
            time, body = self.term(addend, tensor.indices)
            key = time.name, time.axis
            if key in ranges:
                first, before = ranges[key]
                body = Apply("add", (before, substitute(body, {time: Index.of(first)})))
                time = first
            ranges[key] = time, body
        sums = [self.sum(*found, tensor.indices) for found in ranges.values()]
        return reduce(trees.plus, sums)

    def sum(self, time: IndexVariable, body: Scalar, out: tuple[IndexVariable, ...]) -> Expression:
        """The sum of a body over all times. Raises NoMatrixForm."""
        axis, name = time.axis, time.name
        inside = self.reader.part(body, {time: trees.name(name)}, out)
        extent = tree.Range(trees.NOWHERE, trees.of_dim(axis.low), trees.of_dim(axis.high))
        binder = tree.Binder(trees.NOWHERE, name, extent)
        return tree.Big(trees.NOWHERE, "sum", (binder,), (), inside)

    def term(self, addend: Scalar, out: tuple[IndexVariable, ...]) -> tuple[IndexVariable, Scalar]:
        """One sum, what it is multiplied by inside, over whole times. Raises NoMatrixForm."""
        factors = list(powers_in(addend, ONCE))
        sums = [f for f, e in factors if isinstance(f, Reduce) and f.operation == "sum" and e == 1]
        if len(sums) != 1:
            raise NoMatrixForm
        bound, body = _opened(sums[0])
        for factor, exponent in factors:
            if factor is not sums[0]:
                power = Apply("pow", (factor, Num(exponent)))
                body = Apply("mul", (factor if exponent == 1 else power, body))
        for time in bound:
            for whole, offset in self.ways(body, time):
                moved = substitute(body, {time: Index(((whole, Dim.of(1)),), -offset)})
                for other in bound:
                    moved = moved if other is time else Reduce("sum", other, moved)
                with suppress(NoMatrixForm):
                    self.sum(whole, moved, out)
                    return whole, moved
        raise NoMatrixForm

    def ways(self, body: Scalar, time: IndexVariable) -> Iterator[tuple[IndexVariable, Dim]]:
        """Indices over all places or steps of a tensor, and how far they are off."""
        for entry in _entries(body):
            own = self.indices(entry.symbol)
            loop = self.loop(entry.symbol)
            for variable, index in zip(own, entry.indices, strict=False):
                if index.terms != ((time, Dim.of(1)),) or index.computed:
                    continue
                axis = Axis(time.axis.low + index.offset, time.axis.high + index.offset)
                if axis in (variable.axis, loop):
                    name = variable.name if variable.name not in self.taken else time.name
                    yield IndexVariable(name, axis), index.offset

    def loop(self, symbol: str) -> Axis | None:
        """The times for which a tensor is defined by a recurrence."""
        definition = self.model.definitions.get(symbol.partition("/d")[2] or symbol)
        loop = None if definition is None else definition.recurrence
        return None if loop is None else loop.axis

    def indices(self, symbol: str) -> tuple[IndexVariable, ...]:
        """The indices of a tensor, by the names that the file has for them."""
        by = symbol.partition("/d")[2] or symbol
        if by in self.model.definitions:
            return self.model.definitions[by].indices
        axes = self.model.symbols[by].axes if by in self.model.symbols else ()
        return tuple(IndexVariable("t", axis) for axis in axes)


def _entries(scalar: Scalar) -> Iterator[Entry]:
    match scalar:
        case Entry(padded=False):
            yield scalar
        case Apply(_, arguments):
            for argument in arguments:
                yield from _entries(argument)
        case Reduce(_, _, body):
            yield from _entries(body)


def _opened(scalar: Reduce) -> tuple[list[IndexVariable], Scalar]:
    bound, body = [scalar.variable], scalar.body
    while isinstance(body, Reduce) and body.operation == "sum" and body.condition is None:
        bound.append(body.variable)
        body = body.body
    if scalar.condition is not None:
        raise NoMatrixForm
    return bound, body
