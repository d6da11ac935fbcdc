"""Tables of a loop of which a step needs what the step before has left, and no more.

Such are most adjoints: steps add to the entry of this step and to that of the next one, and read
that of this step, when it is whole. Then there is no table: what is added to the next entry is kept
in a variable, and the entry of this step is a sum like any other.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from derive.compile.loop import Loop, Write
from derive.compile.node import Graph, Node, Spot, Use, relabelled
from derive.compile.terms import ONE, collected, make_sum, term_of
from derive.model.dim import ONE as DIM_ONE
from derive.model.dim import ZERO, Dim
from derive.model.scalar import Axis, IndexVariable


@dataclass(frozen=True, slots=True)
class Carried:
    """One such table: its writes; `held`, what the step before has left, if steps leave anything.

    `is_stored` where it is needed when the loop is over: then its entries are written as they are
    known. `ends` are the nodes outside of the loop that need what the last step has left.
    """

    table: int
    time: int
    held: Use | None
    first: Write | None
    given: tuple[Write, ...]
    here: tuple[Write, ...]
    after: tuple[Write, ...]
    is_stored: bool
    ends: tuple[Node, ...]


class Finder:
    """Looks for such tables in one loop; `axis` is the range of its index."""

    def __init__(
        self,
        graph: Graph,
        loop: Loop,
        inner: set[Node],
        kept: Sequence[Node],
        readers: dict[Node, list[Node]],
        axis: Axis,
    ) -> None:
        self.graph, self.loop, self.inner = graph, loop, inner
        self.kept, self.readers, self.axis = set(kept), readers, axis
        own = {*inner, *loop.states}
        self.initial = [w for w in loop.writes if w.value.node not in own]
        self.stepwise = [w for w in loop.writes if w.value.node in own]

    def find(self) -> dict[int, Carried]:
        """The tables, by their numbers."""
        found = (self._carried(k) for k in range(len(self.loop.states)))
        return {one.table: one for one in found if one is not None}

    def _carried(self, table: int) -> Carried | None:
        node, time = self.loop.states[table], self.loop.times[table]
        own = [w for w in self.stepwise if w.table == table]
        before = [w for w in self.initial if w.table == table]
        plain = all(w.adds and self._is_plain(w, time) for w in own)
        here = tuple(w for w in own if not w.places[time].offset.terms)
        after = tuple(w for w in own if w.places[time].offset == Dim.of(self.loop.step))
        first = [w for w in before if self._is_first(w, time)]
        given = tuple(w for w in before if w not in first and self._covers(w, time))
        if not (
            own
            and plain
            and len(here) + len(after) == len(own)
            and len(first) < 2
            and len(first) + len(given) == len(before)
            and all(self._is_plain(w, time) for w in before)
            and all(self._reads_now(n, node, time) for n in self.inner)
        ):
            return None
        outside = self.readers[node]
        ends = tuple(n for n in outside if self._reads_end(n, time))
        is_stored = len(ends) < len(outside) or any(
            n in self.kept and any(m is node for m, _ in n.args) for n in self.inner
        )
        leaving = bool(after or first)
        if (is_stored and (leaving or given)) or (ends and (given or not leaving)):
            return None
        held = None
        if leaving:
            labels = [IndexVariable("a", a) for k, a in enumerate(node.shape) if k != time]
            held = self.graph.make("held", (self.loop.number, table), (), labels)
        start = first[0] if first else None
        return Carried(table, time, held, start, given, here, after, is_stored, ends)

    def _is_plain(self, write: Write, time: int) -> bool:
        """Whether it is about whole axes, but for that of the loop."""
        axes = self.loop.states[write.table].axes
        labels = [p.label for p in write.places if p.label is not None]
        return len(set(labels)) == len(labels) and all(
            k == time or (p.label is not None and p.label.axis == axes[k] and not p.offset.terms)
            for k, p in enumerate(write.places)
        )

    def _is_first(self, write: Write, time: int) -> bool:
        """Whether it is about the entry with which the loop starts, alone."""
        start = self.axis.low if self.loop.step > 0 else self.axis.high
        place = write.places[time]
        if place.label is None:
            return place.offset == start
        single = place.label.axis.size == DIM_ONE and place.label not in write.value.labels
        return single and place.offset + place.label.axis.low == start

    def _covers(self, write: Write, time: int) -> bool:
        """Whether it is about all entries of the loop, and perhaps others."""
        place = write.places[time]
        if place.label is None:
            return False
        below = self.axis.low - place.offset - place.label.axis.low
        above = place.label.axis.high + place.offset - self.axis.high
        sizes = (below.constant, above.constant)
        return all(size is not None and size >= 0 for size in sizes)

    def _reads_now(self, reader: Node, node: Node, time: int) -> bool:
        """Whether a node of a step reads of a table nothing but the entry of this step, if that."""
        for n, places in reader.args:
            if n is not node:
                continue
            if reader.kind != "take":
                if reader.axes[places[time]] != self.axis:
                    return False
            elif entry_labels(reader, self.axis, time) is None:
                return False
        return True

    def _reads_end(self, reader: Node, time: int) -> bool:
        """Whether a node outside of the loop reads the entry after the last of its steps."""
        step = Dim.of(self.loop.step)
        end = (self.axis.high if self.loop.step > 0 else self.axis.low) + step
        if reader.kind != "take" or bool(reader.head[-1]):
            return False
        for k, (spot, axis) in enumerate(zip(reader.head, reader.args[0][0].axes, strict=False)):
            assert isinstance(spot, Spot)
            if spot.computed or spot.step.terms or len(spot.terms) > 1:
                return False
            own = reader.axes[spot.terms[0][0]] if spot.terms else None
            if any(factor != DIM_ONE for _, factor in spot.terms):
                return False
            if k != time and (own != axis or spot.offset.terms):
                return False
            if k == time and own is not None and own.size != DIM_ONE:
                return False
            if k == time and spot.offset + (own.low if own is not None else ZERO) != end:
                return False
        return True


def entry_labels(node: Node, axis: Axis, time: int) -> tuple[int, ...] | None:
    """For each axis of a table, which axis of a `take` runs along it; None where that is not all.

    Along the axis of the time it has to be the index of the loop, with this range.
    """
    table = node.args[0][0]
    if bool(node.head[-1]):
        return None
    found: list[int] = []
    for k, spot in enumerate(node.head[:-1]):
        assert isinstance(spot, Spot)
        if spot.computed or spot.step.terms or spot.offset.terms or len(spot.terms) != 1:
            return None
        ((label, factor),) = spot.terms
        wanted = axis if k == time else table.axes[k]
        if factor != DIM_ONE or node.axes[label] != wanted:
            return None
        found.append(label)
    return tuple(found) if len(set(found)) == len(found) else None


def total(graph: Graph, parts: Sequence[Use], labels: Sequence[IndexVariable]) -> Use | None:
    """The sum, with all these labels in their order; None of nothing."""
    if not parts:
        return None
    made = make_sum(graph, collected((term_of({part: ONE}), ONE) for part in parts))
    if made.labels == tuple(labels):
        return made
    return graph.make("spread", (), [made], labels)


def moved(value: Use, write: Write, labels: Sequence[IndexVariable], time: int) -> Use:
    """A value that is written, with the labels of the entry instead of those of its places."""
    names = [place.label for k, place in enumerate(write.places) if k != time]
    pairs = zip(names, labels, strict=True)
    return relabelled(value, {old: new for old, new in pairs if old is not None})
