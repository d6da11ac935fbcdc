"""How the steps of a loop are written for what they carry: see `carried`."""

from typing import TYPE_CHECKING

from derive.compile.carried import Carried, moved, total
from derive.compile.loop import Place, Write
from derive.compile.node import Spot, Use, relabelled
from derive.compile.text import Text, placed, tight
from derive.model.dim import ZERO
from derive.model.scalar import Axis, IndexVariable

if TYPE_CHECKING:
    from derive.compile.steps import Steps


class Carrying:
    """One table that is carried."""

    def __init__(self, steps: "Steps", carried: Carried) -> None:
        self.steps = steps
        self.carried = carried
        self.graph = steps.graph
        self.node = steps.loop.states[carried.table]

    def entry(self, axis: Axis) -> tuple[list[IndexVariable], Use]:
        """The entry of this step as a sum, with labels for all axes of the table."""
        carried, time = self.carried, self.carried.time
        own = [IndexVariable("a", axis if k == time else a) for k, a in enumerate(self.node.shape)]
        left = [label for k, label in enumerate(own) if k != time]
        parts: list[Use] = []
        if carried.held is not None:
            names = dict(zip(carried.held.labels, left, strict=True))
            parts.append(relabelled(carried.held, names))
        parts += [moved(self._given(w), w, left, time) for w in carried.given]
        parts += [moved(self.steps.project_added(w), w, left, time) for w in carried.here]
        value = total(self.graph, parts, left)
        assert value is not None
        return own, value

    def stored(self, own: list[IndexVariable], value: Use) -> list[tuple[Write, Use]]:
        """How the entry is written, if it has to be."""
        if not self.carried.is_stored:
            return []
        places = tuple(Place(label, ZERO) for label in own)
        return [(Write(self.carried.table, value, places), value)]

    def _given(self, write: Write) -> Use:
        """What is there before the loop for the entry of this step."""
        place, value = write.places[self.carried.time], write.value
        if place.label is None or place.label not in value.labels:
            return value
        left = [label for label in value.labels if label is not place.label]
        low = place.label.axis.low + place.offset
        return self.graph.make("at", (low,), [value], left, [place.label])

    def first(self, held: Use) -> str:
        """The variable for what a step leaves, with what is there before the first one."""
        emitter, node = self.steps.emitter, held.node
        body = self.steps.empty(node.shape, "zeros")
        if self.carried.first is not None:
            write = self.carried.first
            value = moved(write.value, write, held.labels, self.carried.time)
            text = emitter.done.get(value.node) or emitter.operand(value.node, ())
            order = [held.labels.index(label) for label in value.labels]
            module, shape = emitter.dialect.module, emitter.shape(node.shape)
            if order:
                body = placed(text.text, order, node.rank)
                if len(order) < node.rank:
                    body = f"{module}.broadcast_to({body}, {shape})"
                elif self.carried.ends and emitter.dialect.in_place:
                    body = f"{body}.copy()"  # it is handed back if there is no step
            else:
                emitter.needs_dtype = True
                body = f"{module}.full({shape}, {tight(text.text)}, dtype=dtype)"
        name = emitter.title(self.node)
        emitter.lines.append(f"{name} = {body}")
        return name

    def leaving(self, held: Use) -> Use:
        """What a step leaves for the next one."""
        parts = [
            moved(self.steps.project_added(w), w, held.labels, self.carried.time)
            for w in self.carried.after
        ]
        found = total(self.graph, parts, held.labels)
        if found is None:  # only the first step has something
            zero = self.graph.make("lin", (), (), ())
            found = self.graph.make("spread", (), [zero], held.labels)
        return found

    def ends(self, name: str) -> None:
        """The entry after the last step, for what needs it outside."""
        for node in self.carried.ends:
            spots = [spot for spot in node.head if isinstance(spot, Spot)]
            time = self.carried.time
            marks = ["None" if k == time else ":" for k, s in enumerate(spots) if s.terms]
            body = f"{name}[{', '.join(marks)}]" if "None" in marks else name
            order = [spot.terms[0][0] for spot in spots if spot.terms]
            self.steps.emitter.done[node] = Text(placed(body, order, node.rank), ())
