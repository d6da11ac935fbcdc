"""Gradients by names of a loop: one formula for the times inside, others at its ends."""

from typing import TYPE_CHECKING

from derive.calculus import trees
from derive.calculus.contracting import NoMatrixForm
from derive.calculus.matrix_form import Reader
from derive.model.scalar import Axis, IndexVariable, Reduce, Scalar
from derive.report.solution.lines import Lines
from derive.report.solution.terms import place_of, replaced, tidied, wide
from derive.report.solution.times import common, ends, holds
from derive.syntax import tree
from derive.syntax.show import show
from derive.syntax.tree import Expression

if TYPE_CHECKING:
    from derive.report.solution.chain import Chain, Node
    from derive.report.solution.locals import Local

Variables = tuple[IndexVariable, ...]


def timed_node(chain: "Chain", by: str) -> "Node | None":
    """The gradient by a name of a loop."""
    from derive.report.solution.chain import Node  # a chain has timed nodes

    lower = chain.lower(by)
    parts = chain.locals(by, lower)
    if not parts:
        return None
    loop = chain.loop_axis(by, lower[0].axis)
    inside = common(loop, [p.during for p in parts if p.during is not None])
    if inside is None:
        return None
    inner = (IndexVariable(lower[0].name, inside), *lower[1:])
    here = tuple(chain.restricted(p, by, lower, inner) for p in parts)
    names = tuple(map(place_of, lower))
    known = chain.known_facts(parts)
    lines = lines_at(chain, by, names, inner)
    if chain.uses[by] != (chain.loss,):
        lines.add(chain.joined(chain.path(p, by, names) for p in here), "chain rule")
    lines.add(chain.joined(map(chain.filled, here)), "local derivatives")
    chain.carry_out(lines, inner, known)
    pieces = [piece(chain, by, here, names[0], lower, inside)]
    for end in ends(lower[0].axis, inside):
        there = [p for p in parts if p.during is None or holds(p.during, end)]
        if there:
            pieces.append(piece(chain, by, tuple(there), trees.of_dim(end), lower, None))
    kept = tuple(found for found in pieces if found is not None)
    return Node(chain.loss, by, lines, here, kept) if lines.lines or kept else None


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
    value = value if inside is not None else tidied(value)
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
    part, *more = chain.local(user, by, lower)
    relation = None
    if part is not None and not others and not more:
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
