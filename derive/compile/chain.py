"""Products of many matrices: by index as a loop, powers by squaring."""

from typing import TYPE_CHECKING

from derive.compile.loop import Loop, Place, Write
from derive.compile.node import NotCompiled, Use, relabelled
from derive.model.dim import ONE, ZERO, Dim
from derive.model.scalar import Axis, Index, IndexVariable, MatrixProduct, substitute

if TYPE_CHECKING:
    from derive.compile.lowering import Lowering

_MOST = 64  # a power that is written out


def matrix_product(lowering: "Lowering", node: MatrixProduct) -> Use:
    """An entry of a product over a range: of the last of a table of partial products.

    P[low - 1] = I and P[t] = P[t-1] M[t], or M[t] P[t-1] where it goes down.
    """
    if any(end.terms or end.computed for end in (node.low, node.high)):
        raise NotCompiled("a product of matrices over a range that hangs on an index")
    if lowering.in_loop:
        raise NotCompiled("a product of matrices in a recurrence")
    low, high = node.low.offset, node.high.offset
    algebra, graph = lowering.algebra, lowering.algebra.graph
    key = (node.variable, low, high, node.matrix, node.step)
    if key not in lowering.chains:
        time = IndexVariable(node.variable.name, Axis(low, high))
        body = substitute(node.matrix.body, {node.variable: Index.of(time)})
        row, column = node.matrix.indices
        inner = IndexVariable("k", row.axis)
        factor = lowering.scalar(body)
        batch = [v for v in factor.labels if v not in (time, row, column)]
        count = len(graph.loops)
        loop = Loop(count, 1, (0,))
        graph.loops[count] = loop
        table = IndexVariable("t", Axis(low - ONE, high))
        own = (table, *batch, row, column)
        state = graph.make("state", (count, 0), (), own)
        loop.states = (state.node,)
        places = tuple(Place(v, ZERO) for v in (*batch, row, column))
        shift = row.axis.low - column.axis.low
        pair = [lowering.index(Index.of(row)), lowering.index(Index(((column, ONE),), shift))]
        identity = algebra.apply("eq", *pair)
        loop.writes.append(Write(0, identity, (Place(None, low - ONE), *places)))
        before = Index(((time, ONE),), Dim.of(-1))
        at = (before, *map(Index.of, batch))
        if node.step > 0:
            last = lowering.take(state, own, (*at, Index.of(row), Index.of(inner)))
            pair = [last, relabelled(factor, {row: inner})]
        else:
            last = lowering.take(state, own, (*at, Index.of(inner), Index.of(column)))
            pair = [relabelled(factor, {column: inner}), last]
        value = algebra.contract(pair, (time, *batch, row, column), [inner])
        loop.writes.append(Write(0, value, (Place(time, ZERO), *places)))
        loop.last = graph.count()
        lowering.chains[key] = (state, own)
    state, own = lowering.chains[key]
    end = (Index((), high), *map(Index.of, own[1:-2]), *node.indices)
    return lowering.take(state, own, end)


def matrix_power(lowering: "Lowering", body: Use, power: int) -> Use | None:
    """A whole power of a matrix, the last two labels of a use; None where it is not written out."""
    if not 1 <= power <= _MOST:
        return None
    row, column = body.labels[-2:]
    result: Use | None = None
    square = body
    while power:
        if power % 2:
            result = square if result is None else _times(lowering, result, square, row, column)
        power //= 2
        if power:
            square = _times(lowering, square, square, row, column)
    return result


def _times(
    lowering: "Lowering", left: Use, right: Use, row: IndexVariable, column: IndexVariable
) -> Use:
    inner = IndexVariable("k", row.axis)
    pair = [relabelled(left, {column: inner}), relabelled(right, {row: inner})]
    out = [*(v for v in left.labels if v not in (row, column)), row, column]
    return lowering.algebra.contract(pair, out, [inner])
