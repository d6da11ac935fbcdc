"""Recurrences as terms: adjoints as definitions that run the other way, entries unrolled.

An adjoint is accumulated in one expression for all times, `dL/dh[t] = dL/dy[t] + sum_v [v = t + 1]
...`. As a definition it is cut where its range meets an end: `dL/dh[T] = ...` and
`dL/dh[t] = ... for t in T-1..1`, as people write it, and as a loop evaluates it.
"""

from itertools import pairwise

from derive.calculus.adjoints import Body
from derive.calculus.algebra import Algebra
from derive.calculus.place import Var, fresh
from derive.calculus.products import opened
from derive.calculus.raising import Raising
from derive.calculus.ranges import spot, surely_at_least
from derive.calculus.term import Poly
from derive.model.dim import ONE, Dim
from derive.model.scalar import Axis, Block, Blocks, Index, IndexVariable, Scalar


def pieces(algebra: Algebra, poly: Poly, time: Var) -> list[tuple[Var, Poly]]:
    """The polynomial on each part of the range of `time` on which it has one form."""
    axis = time.axis
    ends = [axis.low, axis.high + ONE]
    for cut in cuts(poly, time):
        place_between(ends, cut)
    found = []
    for low, high in pairwise(ends):
        part = fresh(Axis(low, high - ONE), time.name)
        found.append((part, algebra.substitute(poly, {time: spot(part)})))
    return found


def place_between(ends: list[Dim], cut: Dim) -> None:
    """Puts `cut` where it belongs among ordered `ends`, if it is sure where that is."""
    if cut in ends:
        return
    for k in range(1, len(ends)):
        if surely_at_least(cut, ends[k - 1]) and surely_at_least(ends[k], cut):
            ends.insert(k, cut)
            return


def cuts(poly: Poly, time: Var) -> list[Dim]:
    """Where the ranges begin and end in which a sum over a delta with `time` has a term."""
    found: dict[Dim, None] = {}
    singles: dict[Dim, None] = {}
    for atom in poly.atoms():
        inside = opened(atom)[1] if atom.kind == "sum" else {atom: 1}
        for part in inside:
            if part.kind not in ("delta", "less") or time not in part.free:
                continue
            one, other = part.places
            if time not in one.free:
                one, other = other, one
            if dict(one.terms).keys() != {time} or one.computed or other.computed:
                continue
            shift = one.offset
            variable = other.terms[0][0] if len(other.terms) == 1 else None
            if variable is not None and atom.kind == "sum" and variable not in atom.free:
                low, high = variable.axis.low, variable.axis.high
                found[low + other.offset - shift] = None
                found[high + other.offset - shift + ONE] = None
            elif not other.terms:
                singles[other.offset - shift] = None
                singles[other.offset - shift + ONE] = None
    return [*found, *singles]


def as_definition(
    algebra: Algebra, body: Body, time: int | None
) -> tuple[tuple[IndexVariable, ...], Scalar]:
    """The indices and the body of a definition in index notation; a recurrent one in pieces."""
    raising = Raising()
    indices = tuple(raising.variable(v) for v in body.variables)
    parts = [] if time is None else pieces(algebra, body.poly, body.variables[time])
    if time is None or len(parts) == 1:
        return indices, raising.scalar(body.poly)
    own = indices[time]
    blocks = tuple(Block(raising.variable(v), raising.scalar(part)) for v, part in parts)
    return indices, Blocks(Index(((own, ONE),), ONE - own.axis.low), blocks)


def widest(axes: list[Axis]) -> Axis:
    """The range from the least to the greatest end, as far as their order is sure."""
    low, high = axes[0].low, axes[0].high
    for axis in axes[1:]:
        low = axis.low if surely_at_least(low, axis.low) else low
        high = axis.high if surely_at_least(axis.high, high) else high
    return Axis(low, high)
