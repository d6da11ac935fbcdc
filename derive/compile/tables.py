"""Statements for entries of tables, pieces, and functions of matrices."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from derive.compile.node import Node, NotCompiled, Spot
from derive.compile.text import Text, placed, tight
from derive.model.dim import ONE as DIM_ONE
from derive.model.dim import Dim
from derive.model.scalar import Axis

if TYPE_CHECKING:
    from derive.compile.emit import Emitter


class Tables:
    """Writes the rarer kinds of nodes for an emitter."""

    def __init__(self, emitter: "Emitter") -> None:
        self.emitter = emitter
        self.module = emitter.dialect.module

    def visit(self, node: Node) -> None:
        """Emits the statements of one node."""
        rule = getattr(self, node.kind, None)
        if rule is None:
            raise NotCompiled(f"`{node.kind}`")
        rule(node)

    def _held(self, node: Node) -> list[Text]:
        """The arguments; results may be views, so these are not written over later."""
        for inner, _ in node.args:
            if inner in self.emitter.done:
                self.emitter.done[inner].free = False
        operand = self.emitter.operand if node.kind == "spread" else self.emitter.array
        return [operand(inner, places) for inner, places in node.args]

    def spread(self, node: Node) -> None:
        """Repeated along axes that an array lacks, or with its axes in another order."""
        (text,) = self._held(node)
        shape = self.emitter.shape(node.shape)
        if text.plain or text.boolean:
            self.emitter.needs_dtype = True
            body = f"{self.module}.full({shape}, {tight(text.text)}, dtype=dtype)"
            if text.boolean:
                aligned = placed(text.text, text.places, node.rank)
                body = f"{self.module}.broadcast_to({aligned}, {shape})"
            self.emitter.keep(node, body, boolean=text.boolean, view=text.boolean)
            return
        aligned = placed(text.text, text.places, node.rank)
        if len(text.places) < node.rank:
            aligned = f"{self.module}.broadcast_to({aligned}, {shape})"
        self.emitter.keep(node, aligned, view=True)

    def argmax(self, node: Node) -> None:
        """The place of the first maximum."""
        (text,) = self._held(node)
        axis = next(k for k, p in enumerate(text.places) if p >= node.rank)
        kept = [p for p in text.places if p < node.rank]
        whole = f"{text.text}.argmax(axis={axis})" if kept else f"{text.text}.argmax()"
        self.emitter.keep(node, self.emitter.floating(placed(whole, kept, node.rank), node.rank))

    def others(self, node: Node) -> None:
        """Products of the other entries along an axis."""
        (text,) = self._held(node)
        self.emitter.helpers["others"] = None
        self.emitter.keep(node, f"_others({text.text}, {node.head[0]})")

    def take(self, node: Node) -> None:
        """Entries of a table."""
        table, *computed = self._held(node)
        spots = [s for s in node.head if isinstance(s, Spot)]
        padded = bool(node.head[-1])
        slices = None if padded else self._slices(node, spots, node.args[0][0].axes)
        if slices is not None:
            order, parts = slices
            whole = f"{table.text}[{', '.join(parts)}]"
            self.emitter.keep(node, placed(whole, order, node.rank), view=True)
            return
        index = self._index(node, node.rank, spots, computed)
        self.emitter.helpers["entries"] = None
        self.emitter.keep(node, f"_entries({table.text}, ({', '.join(index)},), padded={padded})")

    def put(self, node: Node) -> None:
        """Entries added where they were taken."""
        values, *computed = self._held(node)
        spots = [s for s in node.head if isinstance(s, Spot)]
        padded = bool(node.head[-1])
        emitter = self.emitter
        emitter.needs_dtype = True
        name = emitter.title(node)
        shape = emitter.shape(node.shape)
        emitter.lines.append(f"{name} = {self.module}.zeros({shape}, dtype=dtype)")
        offset = node.rank
        moved = [
            Spot(tuple((k + offset, f) for k, f in s.terms), s.offset, s.computed, s.low)
            for s in spots
        ]
        slices = None if padded else self._slices(node, moved, node.axes, values.places)
        if slices is not None and emitter.dialect.in_place:
            order, parts = slices
            ordered = [values.places.index(p) for p in order]
            turned = placed(
                values.text, [ordered.index(k) for k in range(len(ordered))], len(ordered)
            )
            emitter.lines.append(f"{name}[{', '.join(parts)}] = {turned}")
        else:
            emitter.helpers["put"] = None
            labels = list(values.places)
            axes = {p: k for k, p in enumerate(labels)}
            inner = [
                Spot(tuple((axes[k], f) for k, f in s.terms), s.offset, s.computed, s.low)
                for s in moved
            ]
            places = [[axes[p] for p in c.places] for c in computed]
            for c, at in zip(computed, places, strict=True):
                c.places = tuple(at)
            axes_of = [node.axes[p] for p in labels]
            index = self._index_at(axes_of, inner, computed)
            emitter.lines.append(
                f"{name} = _put({name}, ({', '.join(index)},), {values.text}, padded={padded})"
            )
        emitter.done[node] = Text(name, (), True)

    def _slices(
        self,
        node: Node,
        spots: list[Spot],
        table: Sequence[Axis],
        places: tuple[int, ...] | None = None,
    ) -> tuple[list[int], list[str]] | None:
        order: list[int] = []
        parts: list[str] = []
        for spot in spots:
            if spot.computed or len(spot.terms) > 1:
                return None
            start = spot.offset - spot.low
            if not spot.terms:
                parts.append(self.step(start, spot.step))
                continue
            ((label, factor),) = spot.terms
            if factor != DIM_ONE or label in order or spot.step.terms:
                return None
            axis = node.axes[label]
            start = start + axis.low
            order.append(label)
            if not start.terms and axis.size == table[len(parts)].size:
                parts.append(":")
                continue
            stop = start + axis.size
            parts.append(f"{'' if start.constant == 0 else self._dim(start)}:{self._dim(stop)}")
        wanted = range(node.rank) if places is None else places
        while len(parts) > 1 and parts[-1] == ":":
            parts.pop()
        return (order, parts) if sorted(order) == sorted(wanted) else None

    def step(self, start: Dim, step: Dim) -> str:
        """A position from 0 on an axis, in a step of a loop."""
        if not step.terms:
            return self._dim(start)
        name = self.emitter.index
        index = name if step == DIM_ONE else f"{self._dim(step)} * {name}"
        if not start.terms:
            return index
        if start.constant is not None and start.constant < 0:
            return f"{index} - {-start.constant}"
        return f"{index} + {self._dim(start)}"

    def at(self, node: Node) -> None:
        """What an array holds for this step."""
        ((whole, places),) = node.args
        text = self.emitter.operand(whole, places)
        (low,) = node.head
        assert isinstance(low, Dim)
        axis = places.index(node.rank)
        index = ", ".join([":"] * axis + [self.step(-low, DIM_ONE)])
        kept = [p for p in places if p < node.rank]
        if text.plain:
            self.emitter.done[node] = Text(text.text, (), plain=True)
            return
        body = placed(f"{text.text}[{index}]", kept, node.rank)
        self.emitter.done[node] = Text(body, (), boolean=text.boolean)

    def _dim(self, dim: Dim) -> str:
        if dim.constant is not None:
            return str(dim.constant)
        return tight(self.emitter.size(dim))

    def _index(self, node: Node, rank: int, spots: list[Spot], computed: list[Text]) -> list[str]:
        return self._index_at(list(node.axes[:rank]), spots, computed)

    def _index_at(self, axes: list[Axis], spots: list[Spot], computed: list[Text]) -> list[str]:
        """Positions from 0 along each axis of the table, aligned with the axes of the result."""
        rank = len(axes)
        found: list[str] = []
        for spot in spots:
            parts: list[str] = []
            start = spot.offset - spot.low
            for label, factor in spot.terms:
                axis = axes[label]
                low, end = axis.low, axis.high + DIM_ONE
                numbers = f"{self.module}.arange({self._dim(low)}, {self._dim(end)})"
                text = placed(numbers, (label,), rank)
                parts.append(text if factor == DIM_ONE else f"{self.emitter.size(factor)} * {text}")
            if spot.computed:
                held = computed[spot.computed - 1]
                whole = placed(held.text, held.places, rank)
                cast = ".long()" if self.module == "torch" else ".astype(int)"
                parts.append(f"int({whole})" if held.plain else f"{whole}{cast}")
            if spot.step.terms:
                parts.append(self.step(start, spot.step))
            elif start.terms:
                parts.append(
                    self._dim(start) if start.constant is not None else self.emitter.size(start)
                )
            found.append(" + ".join(parts) or "0")
        return found

    def join(self, node: Node) -> None:
        """Pieces one after the other."""
        texts = self._held(node)
        if any(text.plain or text.boolean for text in texts):
            self.emitter.needs_dtype = True
        shared = list(range(node.rank - 1))
        parts = []
        for text in texts:
            if list(text.places[:-1]) != shared:
                raise NotCompiled("pieces with their axes in another order")
            parts.append(text.text)
        axis = f", axis={node.rank - 1}" if node.rank > 1 else ""
        name = "concat" if self.module == "torch" else "concatenate"
        self.emitter.keep(node, f"{self.module}.{name}([{', '.join(parts)}]{axis})")

    def piece(self, node: Node) -> None:
        """One of the pieces."""
        (text,) = self._held(node)
        number, sizes = node.head
        assert isinstance(number, int)
        assert isinstance(sizes, tuple)
        start = Dim(())
        for size in sizes[:number]:
            start = start + size
        stop = start + sizes[number]
        self.emitter.keep(
            node, f"{text.text}[..., {self._dim(start)}:{self._dim(stop)}]", view=True
        )

    def merge(self, node: Node) -> None:
        """The last axes as one."""
        (text,) = self._held(node)
        self.emitter.keep(node, f"{text.text}.reshape({self.emitter.shape(node.shape)})", view=True)

    part = merge

    def matrix(self, node: Node) -> None:
        """Inverse, determinant, power."""
        text, *power = self._held(node)
        kind = str(node.head[0])
        linalg = f"{self.module}.linalg"
        match kind:
            case "inv" | "det":
                self.emitter.keep(node, f"{linalg}.{kind}({text.text})")
            case "logdet":
                self.emitter.keep(node, f"{linalg}.slogdet({text.text})[1]")
            case _:
                body = f"{linalg}.matrix_power({text.text}, int({power[0].text}))"
                self.emitter.keep(node, body, view=True)  # the first power is the matrix itself
