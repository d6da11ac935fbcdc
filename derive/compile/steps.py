"""The statements of a loop."""

from dataclasses import replace
from typing import TYPE_CHECKING

from derive.compile.carried import Carried, Finder, entry_labels
from derive.compile.carrying import Carrying
from derive.compile.loop import Loop, Write, below
from derive.compile.node import Node, NotCompiled, Spot, Use, arguments, relabelled
from derive.compile.tables import Tables
from derive.compile.text import Text, index_text, placed, tight
from derive.model.dim import ONE as DIM_ONE
from derive.model.dim import ZERO, Dim
from derive.model.scalar import Axis, IndexVariable

if TYPE_CHECKING:
    from derive.compile.emit import Emitter


class Steps:
    """Writes one loop for an emitter: its tables, what is there before it, and its steps."""

    def __init__(self, emitter: "Emitter", loop: Loop) -> None:
        self.emitter = emitter
        self.loop = loop
        self.graph = emitter.graph
        self.inner = emitter.steps[loop.number]
        self.kept = list(emitter.kept[loop.number])
        own = {*self.inner, *loop.states}
        self.stepwise = [write for write in loop.writes if write.value.node in own]
        self.before = [write for write in loop.writes if write.value.node not in own]
        self.carried: dict[int, Carried] = {}
        if self.stepwise:
            readers, axis = emitter.readers, self._axis(self.stepwise)
            finder = Finder(self.graph, loop, self.inner, self.kept, readers, axis)
            self.carried = finder.find()
        self.names: dict[int, str] = {}
        self.made: dict[int, tuple[list[IndexVariable], Use]] = {}

    def write(self) -> None:
        """All of it."""
        emitter = self.emitter
        before = [w for w in self.before if w.table not in self.carried]
        inside = {n for node in self.inner for n, _ in node.args}
        inside |= {w.value.node for w in self.before if w.table in self.carried}
        needed = [n for n in inside if n not in self.inner and n not in self.loop.states]
        counted = {*needed, *(w.value.node for w in before)}
        for node in (*needed, *(w.value.node for w in before)):
            emitter.left[node] = emitter.left.get(node, 0) + 1
        for node in counted:  # the schedule counts the loop as one use
            emitter.left[node] -= 1
        self._tables(before)
        if self.stepwise:
            self._steps()
        for node in sorted(needed, key=lambda n: n.serial):
            if node in emitter.done:
                emitter.operand(node, ())
        emitter.buffers.settle()

    def _tables(self, before: list[Write]) -> None:
        """The tables, with what is there before the first step."""
        emitter = self.emitter
        whole = {write.table: write for write in before if self._is_whole(write)}
        for k, node in enumerate(self.loop.states):
            if (k in self.carried and not self.carried[k].is_stored) or not self._is_used(node, k):
                continue
            name = emitter.title(node)
            self.names[k] = name
            body = self.empty(node.shape, "zeros")
            if k in whole:
                text = emitter.operand(whole[k].value.node, tuple(range(node.rank)))
                copy = f"{text.text}.copy()" if emitter.dialect.in_place else text.text
                emitter.buffers.claim(text.text)
                body = text.text if text.free else copy
            emitter.lines.append(f"{name} = {body}")
            emitter.arrays[name] = node.rank
            emitter.done[node] = Text(name, ())
        for write in before:
            if write not in whole.values():
                text = emitter.operand(write.value.node, tuple(range(len(write.value.labels))))
                parts = [self._slice(write, k) for k in range(len(write.places))]
                self._assign(emitter, write, write.value.labels, text, parts)

    def _is_used(self, node: Node, table: int) -> bool:
        """Whether anything is written into a table, or read from it."""
        return (
            any(write.table == table for write in self.loop.writes)
            or bool(self.emitter.readers[node])
            or any(n is node for inner in self.inner for n, _ in inner.args)
        )

    def _is_whole(self, write: Write) -> bool:
        """Whether an array, just as it is, is what a table holds at first."""
        labels = tuple(place.label for place in write.places)
        return (
            not write.adds
            and write.value.node not in self.inner
            and write.value.node.kind not in ("name", "one", "lin", "constant")
            and write.value.labels == labels
            and all(not place.offset.terms for place in write.places)
            and write.value.node.shape == self.loop.states[write.table].shape
        )

    # --- tables ----------------------------------------------------------------------------------

    def empty(self, axes: tuple[Axis, ...], name: str) -> str:
        """A new array."""
        self.emitter.needs_dtype = True
        return f"{self.emitter.dialect.module}.{name}({self.emitter.shape(axes)}, dtype=dtype)"

    def _slice(self, write: Write, axis: int) -> str:
        """All the entries along one axis that a write is about."""
        place, own = write.places[axis], self.loop.states[write.table].axes[axis]
        start = place.offset - own.low
        if place.label is None:
            return self._number(start)
        start = start + place.label.axis.low
        if place.label.axis.size == DIM_ONE and place.label not in write.value.labels:
            return self._number(start)
        if not start.terms and place.label.axis.size == own.size:
            return ":"
        stop = start + place.label.axis.size
        return f"{self._number(start) if start.terms else ''}:{self._number(stop)}"

    def _assign(
        self,
        emitter: "Emitter",
        write: Write,
        own: tuple[IndexVariable, ...],
        text: Text,
        parts: list[str],
    ) -> None:
        """The statement that writes a value, with labels `own`, into its table."""
        labels = [p.label for p, part in zip(write.places, parts, strict=True) if ":" in part]
        order = [labels.index(label) for label in own]
        body = tight(placed(text.text, order, len(labels)))
        while len(parts) > 1 and parts[-1] == ":":
            parts = parts[:-1]
        name = self.names[write.table]
        if emitter.dialect.in_place:
            entry = f"{name}[{', '.join(parts)}]"
            last = emitter.lines[-1] if emitter.lines else ""
            made = f", out={body})"  # by the last statement, and for this alone
            if not write.adds and own and text.free and last.endswith(made):
                emitter.lines[-1] = f"{last.removesuffix(made)}, out={entry})"
            else:
                emitter.lines.append(f"{entry} {'+=' if write.adds else '='} {body}")
            return
        function = "add_at" if write.adds else "set_at"
        emitter.helpers[function] = None
        emitter.lines.append(f"{name} = _{function}({name}, {index_text(parts)}, {body})")

    # --- steps -----------------------------------------------------------------------------------

    def _steps(self) -> None:
        outer, writes = self.emitter, self.stepwise
        axis = self._axis(writes)
        index = self._index_name()
        if self.loop.step > 0:
            ends = f"{self._number(axis.low)}, {self._number(axis.high + DIM_ONE)}"
        else:
            ends = f"{self._number(axis.high)}, {self._number(axis.low - DIM_ONE)}, -1"
        kept = [node for node in self.kept if not self._is_entry(node, writes)]
        shelves = [(node, self._kept_axis(node, writes), outer.title(node)) for node in kept]
        for node, _, name in shelves:
            outer.lines.append(f"{name} = {self.empty(node.shape, 'empty')}")
            outer.arrays[name] = node.rank
        carrying = {k: Carrying(self, c) for k, c in self.carried.items()}
        held = {c.held: carrying[k] for k, c in self.carried.items() if c.held is not None}
        names = {use: one.first(use) for use, one in held.items()}
        values = self._values(axis, carrying)
        leaving = {use: one.leaving(use) for use, one in held.items()}
        shelved = [self._project_kept(node, position) for node, position, _ in shelves]
        roots = [*(use for _, use in values), *leaving.values(), *shelved]
        inner = self._inner_emitter([use.node for use in roots])
        inner.done |= {use.node: Text(name, ()) for use, name in names.items()}
        inner.index = index
        for write, use in values:
            text = self._emitted(inner, use.node)
            self._assign(inner, write, use.labels, text, self._parts(inner, write))
        for use, (node, position, name) in zip(shelved, shelves, strict=True):
            text = self._emitted(inner, use.node)
            step = Tables(inner).step(-node.axes[position].low, DIM_ONE)
            parts = [*[":"] * position, step]
            if outer.dialect.in_place:
                inner.lines.append(f"{name}[{', '.join(parts)}] = {text.text}")
            else:
                inner.helpers["set_at"] = None
                inner.lines.append(f"{name} = _set_at({name}, {index_text(parts)}, {text.text})")
            outer.done[node] = Text(name, (), True)
        ended = [self._emitted(inner, use.node, kept=True).text for use in leaving.values()]
        if ended:
            inner.lines.append(f"{', '.join(names.values())} = {', '.join(ended)}")
        outer.lines.append(f"for {index} in range({ends}):")
        outer.lines += [f"    {line}" for line in inner.lines]
        outer.needs_dtype |= inner.needs_dtype
        for use, one in held.items():
            one.ends(names[use])
        self._entries(writes)

    def _values(self, axis: Axis, carrying: dict[int, Carrying]) -> list[tuple[Write, Use]]:
        """What is written in a step, in order; later ones read entries that are known from it."""
        values: list[tuple[Write, Use]] = []
        ordered = self._ordered(self.stepwise)
        for k in reversed(range(len(self.loop.states))):
            if k in carrying:
                self.made[k] = carrying[k].entry(axis)
                values += carrying[k].stored(*self.made[k])
            elif any(write.adds for write in ordered):
                now = [w for w in ordered if w.table == k and self._is_here(w)]
                values += [(w, self._project_write(w)) for w in now]
        done = [write for write, _ in values]
        left = [w for w in ordered if w.table not in self.carried and w not in done]
        return values + [(w, self._project_write(w)) for w in left]

    def project_added(self, write: Write) -> Use:
        """What one step adds."""
        label = write.places[self.loop.times[write.table]].label
        assert label is not None
        return self.project(write.value, label)

    # --- what is needed after the loop -----------------------------------------------------------

    def _is_entry(self, node: Node, writes: list[Write]) -> bool:
        """Whether all values of a node can be read from a table when the loop is over."""
        taken = node.kind == "take" and node.args[0][0] in self.loop.states
        return taken or any(w.value.node is node and not w.adds for w in writes)

    def _entries(self, writes: list[Write]) -> None:
        """Views of the tables, for what is needed of them afterwards."""
        outer = self.emitter
        for node in self.kept:
            if node in outer.done:
                continue
            write = next((w for w in writes if w.value.node is node and not w.adds), None)
            if write is None:
                Tables(outer).take(node)
                continue
            labels = [place.label for place in write.places if place.label is not None]
            slices = [self._slice(write, k) for k in range(len(write.places))]
            while len(slices) > 1 and slices[-1] == ":":
                slices.pop()
            parts = ", ".join(slices)
            order = [write.value.labels.index(label) for label in labels]
            name = outer.title(node)
            body = placed(f"{self.names[write.table]}[{parts}]", order, node.rank)
            outer.lines.append(f"{name} = {body}")
            outer.done[node] = Text(name, ())

    def _inner_emitter(self, roots: list[Node]) -> "Emitter":
        """An emitter for a step, which knows what is there already."""
        outer = self.emitter
        inner = type(outer)(self.graph, outer.dialect, outer.titles, outer.sizes, outer.taken)
        inner.helpers = outer.helpers
        for node in [m for n in below(roots, outer.done) for m, _ in n.args] + roots:
            if node in outer.done:
                inner.done[node] = replace(outer.done[node], free=False)
        inner.begin(roots, below(roots, inner.done))
        return inner

    def _emitted(self, inner: "Emitter", node: Node, kept: bool = False) -> Text:
        """The text of a node in a step; what is `kept` until its end is not written over."""
        for needed in below([node], inner.done):
            inner.visit(needed)
        if kept and node in inner.done:
            inner.done[node].free = False
        return inner.operand(node, tuple(range(node.rank)))

    def _parts(self, inner: "Emitter", write: Write) -> list[str]:
        """The positions that a write of one step is about."""
        time = self.loop.times[write.table]
        axes = self.loop.states[write.table].axes
        return [
            Tables(inner).step(place.offset - axes[k].low, DIM_ONE)
            if k == time
            else self._slice(write, k)
            for k, place in enumerate(write.places)
        ]

    def _ordered(self, writes: list[Write]) -> list[Write]:
        """First what is added to this step's own entries, the last table first."""
        if not any(write.adds for write in writes):
            return writes

        return sorted(writes, key=lambda write: (not self._is_here(write), -write.table))

    def _is_here(self, write: Write) -> bool:
        """Whether it is about the entry of this step."""
        return not write.places[self.loop.times[write.table]].offset.terms

    def _axis(self, writes: list[Write]) -> Axis:
        """The range of the loop's index."""
        labels = [write.places[self.loop.times[write.table]].label for write in writes]
        axes = {label.axis for label in labels if label is not None}
        if len(axes) != 1 or None in labels:
            raise NotCompiled("a recurrence of several ranges")
        return axes.pop()

    def _kept_axis(self, node: Node, writes: list[Write]) -> int:
        """Which axis of a node of the steps is that of the loop."""
        for write in writes:
            time = write.places[self.loop.times[write.table]].label
            found = _position(write.value, node, time)
            if found is not None:
                return found
        raise NotCompiled("a recurrence that does not depend on its index")

    def _index_name(self) -> str:
        name, k = "t", 1
        while name in self.emitter.taken:
            name, k = f"t_{k}", k + 1
        return name

    def _number(self, dim: Dim) -> str:
        return Tables(self.emitter).step(dim, ZERO)

    # --- projection ------------------------------------------------------------------------------

    def _project_write(self, write: Write) -> Use:
        """The value for one step; later ones of the step that read the entry take it from here."""
        place = write.places[self.loop.times[write.table]]
        assert place.label is not None
        value = self.project(write.value, place.label)
        labels = [p.label for p in write.places if p.label is not None]
        if not write.adds and not place.offset.terms and len(labels) == len(write.places):
            self.made[write.table] = labels, value
        return value

    def _project_kept(self, node: Node, position: int) -> Use:
        labels = tuple(IndexVariable("a", axis) for axis in node.shape)
        return self.project(Use(node, labels), labels[position])

    def project(self, use: Use, time: IndexVariable) -> Use:
        """The same for one value of the loop's index."""
        node = use.node
        known = self._known(use, time)
        if known is not None:
            return known
        left = [label for label in use.labels if label is not time]
        if node not in self.inner:
            if time not in use.labels:
                return use
            return self.graph.make("at", (time.axis.low,), [use], left, [time])
        inside, inner = arguments(use)
        head = node.head
        if node.kind == "take":
            head = _stepped(use, time, left)
            fresh = [inside[0], *(self.project(part, time) for part in inside[1:])]
        else:
            fresh = [self.project(part, time) for part in inside]
        return self.graph.make(node.kind, head, fresh, left, inner)

    def _known(self, use: Use, time: IndexVariable) -> Use | None:
        """The entry of this step, where it has been made: read from the table or as itself."""
        node = use.node
        state = node.args[0][0] if node.kind == "take" else node
        if state not in self.loop.states:
            return None
        table = self.loop.states.index(state)
        if table not in self.made:
            return None
        places: tuple[int, ...] | None = tuple(range(node.rank))
        if node.kind == "take":
            places = entry_labels(node, time.axis, self.loop.times[table])
        if places is None or use.labels[places[self.loop.times[table]]] is not time:
            return None
        labels, made = self.made[table]
        return relabelled(made, {old: use.labels[k] for old, k in zip(labels, places, strict=True)})


def _stepped(use: Use, time: IndexVariable, left: list[IndexVariable]) -> tuple[Spot | bool, ...]:
    """The positions of a `take` in one step: that along the time goes with it."""
    numbers = {use.labels.index(label): k for k, label in enumerate(left)}
    now = use.labels.index(time) if time in use.labels else -1
    found: list[Spot | bool] = []
    for spot in use.node.head:
        if isinstance(spot, Spot):
            terms = tuple((numbers[k], factor) for k, factor in spot.terms if k != now)
            step = next((factor for k, factor in spot.terms if k == now), ZERO)
            found.append(Spot(terms, spot.offset, spot.computed, spot.low, step))
        else:
            found.append(bool(spot))
    return tuple(found)


def _position(use: Use, node: Node, time: IndexVariable | None) -> int | None:
    """Along which axis a node, somewhere inside of a use, has a label."""
    waiting, seen = [use], set[Node]()
    while waiting:
        current = waiting.pop()
        if current.node is node and time is not None and time in current.labels:
            return current.labels.index(time)
        if current.node not in seen:
            seen.add(current.node)
            waiting += arguments(current)[0]
    return None
