"""Recurrences: tables that are filled step by step.

A table of a loop is a leaf of the graph, a node of kind `state`; what fills it stands in the `Loop`
with its number. Writing goes by entries: a value with labels, among which may be the index of the
loop, and for each axis of the table the position as a multiple of these. A forward loop writes what
the definitions say. Its adjoint starts from what the rest of the graph adds to the adjoints, goes
the other way, and adds to earlier entries.

What depends on a table of the loop, and is needed to fill one, is computed in the step; all the
rest for all steps at once, before the loop or after it.
"""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field

from derive.compile.node import Graph, Node, Spot, Use, arguments
from derive.model.dim import ONE, Dim
from derive.model.scalar import IndexVariable


@dataclass(frozen=True, slots=True)
class Place:
    """A position on an axis of a table: a label or none, plus an offset."""

    label: IndexVariable | None
    offset: Dim


@dataclass(frozen=True, slots=True)
class Write:
    """Entries of the table number `table`, one for each value of the labels of `value`."""

    table: int
    value: Use
    places: tuple[Place, ...]
    adds: bool = False


@dataclass(slots=True)
class Loop:
    """Tables filled as `index` runs up, or down where `step` is -1."""

    number: int
    step: int
    times: tuple[int, ...]  # which axis of each table is that of the loop
    states: tuple[Node, ...] = ()
    writes: list[Write] = field(default_factory=list)
    last: int = 0  # the serial number of the last node that was made for it


def inside(loop: Loop) -> set[Node]:
    """The nodes that a step computes: needed to fill a table, and dependent on one."""
    depends: dict[Node, bool] = {}
    for write in loop.writes:
        for node in below([write.value.node]):
            if node not in depends:
                depends[node] = node in loop.states or any(depends[n] for n, _ in node.args)
    return {node for node, does in depends.items() if does and node not in loop.states}


def put_at(part: Use) -> tuple[Use, tuple[Place, ...]] | None:
    """What a node puts, and where, if that is at places that are labels plus numbers."""
    (values, *_), inner = arguments(part)
    spots = [s for s in part.node.head if isinstance(s, Spot)]
    if bool(part.node.head[-1]) or any(
        s.computed or len(s.terms) > 1 or any(f != ONE for _, f in s.terms) for s in spots
    ):
        return None
    names = [inner[s.terms[0][0]] if s.terms else None for s in spots]
    if len({n for n in names if n is not None}) < sum(n is not None for n in names):
        return None  # a diagonal
    return values, tuple(Place(n, s.offset) for n, s in zip(names, spots, strict=True))


def below(nodes: Iterable[Node], there: Container[Node] = ()) -> list[Node]:
    """The nodes on which these depend, and themselves, each after those that it uses.

    What is `there` already is left out, with all that only it needs.
    """
    found: dict[Node, None] = {}
    waiting: list[tuple[Node, bool]] = [(node, False) for node in nodes]
    while waiting:
        current, done = waiting.pop()
        if done:
            found[current] = None
        elif current not in found and current not in there:
            waiting.append((current, True))
            waiting.extend((n, False) for n, _ in current.args)
    return list(found)


def reached(graph: Graph, outputs: Sequence[Node]) -> tuple[list[Node], list[Loop]]:
    """All nodes that the outputs need, through loops, too; and these loops."""
    loops: dict[int, Loop] = {}
    roots = list(outputs)
    while True:
        nodes = below(roots)
        new = {n.head[0] for n in nodes if n.kind == "state"} - set(loops)
        if not new:
            return nodes, [loops[k] for k in sorted(loops)]
        for number in new:
            assert isinstance(number, int)
            loops[number] = graph.loops[number]
            roots += [write.value.node for write in graph.loops[number].writes]
