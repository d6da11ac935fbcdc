"""Gradients by names of a loop: one formula for the times inside, others at its ends."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from derive.calculus import trees
from derive.calculus.contracting import NoMatrixForm
from derive.calculus.matrix_form import Reader
from derive.calculus.place import Place
from derive.calculus.ranges import surely_at_least
from derive.model.dim import ONE, Dim
from derive.model.scalar import Axis, IndexVariable, Reduce, Scalar
from derive.report.solution.lines import Lines
from derive.report.solution.terms import place_of, replaced, wide
from derive.syntax import tree
from derive.syntax.show import show
from derive.syntax.tree import Expression

if TYPE_CHECKING:
    from derive.report.solution.chain import Chain, Local, Node

Variables = tuple[IndexVariable, ...]


def allowed(axis: Axis, place: Place | None) -> Axis | None:
    """The times `t` for which `t + s` is on an axis."""
    if place is None or len(place.terms) != 1:
        return None
    return Axis(axis.low - place.offset, axis.high - place.offset)


def timed_node(chain: "Chain", by: str) -> "Node | None":
    """The gradient by a name of a loop."""
    from derive.report.solution.chain import Node  # a chain has timed nodes

    lower = chain.lower(by)
    parts = chain.locals(by, lower)
    if not parts:
        return None
    inside = common(lower[0].axis, [p.during for p in parts if p.during is not None])
    if inside is None:
        return None
    names = tuple(map(place_of, lower))
    known = chain.known_facts(parts)
    lines = lines_at(chain, by, names, (IndexVariable(lower[0].name, inside), *lower[1:]))
    if chain.uses[by] != (chain.loss,):
        lines.add(chain.joined(chain.path(p, by, names) for p in parts), "chain rule")
    lines.add(chain.joined(map(chain.filled, parts)), "local derivatives")
    chain.carry_out(lines, (IndexVariable(lower[0].name, inside), *lower[1:]), known)
    pieces = [piece(chain, by, parts, names[0], lower, inside)]
    for end in ends(lower[0].axis, inside):
        there = [p for p in parts if p.during is None or holds(p.during, end)]
        if there:
            pieces.append(piece(chain, by, tuple(there), trees.of_dim(end), lower, None))
    kept = tuple(found for found in pieces if found is not None)
    return Node(chain.loss, by, lines, parts, kept) if lines.lines or kept else None


def common(axis: Axis, times: Sequence[Axis]) -> Axis | None:
    """The times that all have; None where they have no sure order."""
    low, high = axis.low, axis.high
    for during in times:
        later, earlier = larger(low, during.low), larger(during.high, high)
        if later is None or earlier is None:
            return None
        low = later
        high = high if earlier == during.high else during.high
    return Axis(low, high)


def larger(first: Dim, second: Dim) -> Dim | None:
    """The larger of two sizes, if it is sure which that is."""
    if surely_at_least(first, second):
        return first
    return second if surely_at_least(second, first) else None


def ends(axis: Axis, inside: Axis) -> list[Dim]:
    """The last time and the first one, where each is the only one outside."""
    found = []
    if axis.high - inside.high == ONE:
        found.append(axis.high)
    if inside.low - axis.low == ONE:
        found.append(axis.low)
    return found


def holds(during: Axis, end: Dim) -> bool:
    """A time is on an axis."""
    return surely_at_least(end, during.low) and surely_at_least(during.high, end)


def lines_at(chain: "Chain", by: str, names: tuple[Expression, ...], over: Variables) -> Lines:
    """Lines about an entry of a gradient, for these ranges of its indices."""
    domain = tree.Domain(trees.NOWHERE, tuple(map(chain.binder, wide(over))), ())
    head = chain.quotient(chain.loss, (), by, names)
    return Lines(chain.engine, head, names, domain)


def piece(
    chain: "Chain",
    by: str,
    parts: "tuple[Local, ...]",
    time: Expression,
    lower: Variables,
    inside: Axis | None,
) -> Lines | None:
    """The gradient at some times, without indices but for the time."""
    names = (time, *map(place_of, lower[1:]))
    over = lower[1:] if inside is None else (IndexVariable(lower[0].name, inside), *lower[1:])
    lines = lines_at(chain, by, names, over)
    value = replaced(chain.joined(map(chain.filled, parts)), {lower[0].name: time})
    if not lines.add(value, "local derivatives"):
        return None
    chain.carry_out(lines, over, chain.known_facts(parts))
    if len(lower) < 2:
        return lines
    wholes = [whole for line in lines.lines if (whole := at_time(chain, lines, line.value, lower))]
    head = chain.quotient(chain.loss, (), by, (time,))
    domain = tree.Domain(trees.NOWHERE, tuple(map(chain.binder, over[: -len(lower[1:])])), ())
    made = Lines(chain.engine, head, (), domain)
    for whole in sorted(wholes, key=lambda expr: len(show(expr))):
        if made.add(whole, "", weight=1):
            return made
    return lines


def at_time(chain: "Chain", lines: Lines, value: Expression, lower: Variables) -> Expression | None:
    """A line without indices, but for that of time."""
    relation = lines.relation(lines.head, value)
    if relation is None:
        return None
    by_name = {v.name: v for v in relation.indices}
    fixed = {v: trees.name(n) for n, v in by_name.items() if n == lower[0].name}
    out = tuple(by_name[v.name] for v in lower[1:] if v.name in by_name)
    try:
        return Reader(chain.model).part(relation.right, fixed, out)
    except NoMatrixForm:
        return None


def summed_over_time(chain: "Chain", by: str, lines: Lines, lower: Variables) -> Expression | None:
    """The sum over paths and times, with products of matrices at each time."""
    (user, *others) = chain.uses[by]
    part = chain.local(user, by, lower)
    relation = None
    if part is not None and not others:
        relation = lines.relation(lines.head, chain.filled(part))
    if relation is None:
        return None
    by_name = {v.name: v for v in relation.indices}
    out = tuple(by_name[v.name] for v in wide(lower) if v.name in by_name)
    try:
        return at_each_time(chain, relation.right, out)
    except NoMatrixForm:
        return None


def at_each_time(chain: "Chain", scalar: Scalar, out: Variables) -> Expression:
    """`sum[t in 1..T](A[t] @ b[t].T)`. Raises NoMatrixForm."""
    if not isinstance(scalar, Reduce) or scalar.operation != "sum" or scalar.condition is not None:
        raise NoMatrixForm
    time = scalar.variable
    fixed: dict[IndexVariable, Expression] = {time: trees.name(time.name)}
    inner = Reader(chain.model).part(scalar.body, fixed, out)
    return tree.Big(trees.NOWHERE, "sum", (chain.binder(time),), (), inner)
