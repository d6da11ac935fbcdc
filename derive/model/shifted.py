"""`for t in 0..T-1:` over `w[t+1] = ...`: the same loop, counted by what it defines."""

from dataclasses import fields, replace
from fractions import Fraction
from typing import TypeVar

from derive.syntax import tree
from derive.syntax.walk import nodes

Node = TypeVar("Node")


def counted_by_entries(loop: tree.Recurrence) -> tree.Recurrence:
    """The loop over the entries, where all definitions in it are at `t + c`; else as it is."""
    variable = loop.variable.id
    shifts = {_shift(definition, variable) for definition in loop.body}
    shift = next(iter(shifts))
    rebound = any(isinstance(n, tree.Binder) and n.name == variable for n in nodes(loop.body))
    if len(shifts) > 1 or not shift or rebound:
        return loop
    body = []
    for definition in loop.body:
        moved = _moved(definition, variable, shift)
        first = tree.Name(definition.indices[0].span, variable)
        body.append(replace(moved, indices=(first, *moved.indices[1:])))
    extent = loop.range
    ends = (_plus(extent.start, shift), _plus(extent.stop, shift))
    return replace(loop, range=replace(extent, start=ends[0], stop=ends[1]), body=tuple(body))


def _shift(definition: tree.Definition, variable: str) -> Fraction | None:
    """The `c` of a definition at `t + c`."""
    match definition.indices[:1]:
        case (tree.Name(id=name),) if name == variable:
            return Fraction(0)
        case (tree.Binary(op="+" | "-" as op, left=tree.Name(id=name), right=tree.Number() as c),):
            if name == variable:
                return c.value if op == "+" else -c.value
    return None


def _plus(expr: tree.Expression, shift: Fraction) -> tree.Expression:
    number = tree.Number(expr.span, abs(shift), str(abs(shift)))
    return tree.Binary(expr.span, "+" if shift > 0 else "-", expr, number)


def _moved(node: Node, variable: str, shift: Fraction) -> Node:
    """A tree with `t - c` for `t`, at the same places of the text."""
    if isinstance(node, tuple):
        return type(node)(_moved(part, variable, shift) for part in node)
    if isinstance(node, tree.Name) and node.id == variable:
        return _plus(node, -shift)  # type: ignore[return-value]
    if isinstance(node, tree.Tree):
        parts = {f.name: getattr(node, f.name) for f in fields(node) if f.name != "span"}
        return replace(node, **{k: _moved(part, variable, shift) for k, part in parts.items()})
    return node
