"""`iterate`: what the names of a case are after each step.

Design. A moment says which tensor a changed name is then. Each step defines new ones, under hidden
names such as `w[2]`; what depends on them is copied for a moment when it is asked for. So a step is
made of ordinary definitions, and a derivative in it is one between two of their names.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from derive.diagnostics.span import Span
from derive.model.dim import ONE, Dim
from derive.model.model import Definition, Model
from derive.model.scalar import Axis, Block, Blocks, Entry, Index, IndexVariable, Tensor, rename
from derive.model.shape import fresh
from derive.model.traverse import names_in

Names = Mapping[str, str]


@dataclass(slots=True)
class Moments:
    """The steps of a case; `names[k]` says what the changed names are after `k` of them.

    At each of them all changed names are defined anew, so that none is a function of another.
    """

    model: Model
    changed: set[str] = field(default_factory=set)
    names: list[Names] = field(default_factory=lambda: [{}])
    _copies: dict[tuple[str, frozenset[tuple[str, str]]], str] = field(default_factory=dict)
    _symbols: dict[str, frozenset[str]] = field(default_factory=dict)

    def moves(self, name: str) -> bool:
        """Whether `name` is changed, or depends on what is."""
        return not self._depends_on(name).isdisjoint(self.changed)

    def step(self, stages: Sequence[Mapping[str, Tensor]], span: Span) -> None:
        """One more step. The values of a stage speak of what the names are before it."""
        number, now = len(self.names), self.names[-1]
        labels = [f"{number - 1}{'+' * place}" for place in range(len(stages))]
        for stage, old, new in zip(stages, labels, [*labels[1:], str(number)], strict=True):
            now = self._after(stage, now, old, new, span)
        self.names.append(now)

    def _after(
        self, stage: Mapping[str, Tensor], now: Names, old: str, new: str, span: Span
    ) -> Names:
        """What the changed names are after one stage."""
        found: dict[str, str] = {}
        for name in sorted(self.changed):
            value = stage.get(name) or self._itself(name)
            body = rename(value.body, lambda used: self.copy(used, now, old))
            found[name] = self._define(f"{name}[{new}]", Tensor(value.indices, body), span)
        return found

    def at(self, name: str, number: int) -> Tensor:
        """The tensor `name` after a number of steps."""
        return self._itself(name, self.copy(name, self.names[number], str(number)))

    def _itself(self, name: str, copy: str | None = None) -> Tensor:
        own = fresh(self._axes(name))
        return Tensor(own, Entry(copy or name, tuple(map(Index.of, own))))

    def sequence(self, name: str) -> Tensor:
        """The tensor `name` after each step, from the start on."""
        time = IndexVariable("k", Axis(Dim(()), Dim.of(len(self.names) - 1)))
        own = fresh(self._axes(name))
        parts = []
        for number in range(len(self.names)):
            copy = self.copy(name, self.names[number], str(number))
            place = IndexVariable("k", Axis(Dim.of(number), Dim.of(number)))
            parts.append(Block(place, Entry(copy, tuple(map(Index.of, own)))))
        return Tensor((time, *own), Blocks(Index(((time, ONE),), ONE), tuple(parts)))

    def copy(self, name: str, now: Names, label: str) -> str:
        """The name of what `name` is where the changed names are those of `now`."""
        if name in now:
            return now[name]
        changed = frozenset((n, now[n]) for n in self._depends_on(name) if n in now)
        if not changed or name not in self.model.definitions:
            return name
        found = self._copies.get((name, changed))
        return self._copied(name, changed, now, label) if found is None else found

    def _copied(
        self, name: str, changed: frozenset[tuple[str, str]], now: Names, label: str
    ) -> str:
        """Copy a definition, with those of its recurrence."""
        loop = self.model.definitions[name].recurrence
        copies = {each: self._unused(f"{each}[{label}]") for each in self._group(name)}
        self._copies.update(((each, changed), copy) for each, copy in copies.items())
        if loop is not None:
            loop = replace(loop, names=tuple(copies.values()))
        made = []
        for each, copy in copies.items():
            old = self.model.definitions[each]
            body = rename(old.body, lambda used: self.copy(used, now, label))
            made.append(
                replace(old, name=copy, body=body, hidden=True, of_case=True, recurrence=loop)
            )
        self.model.definitions.update((definition.name, definition) for definition in made)
        return copies[name]

    def _define(self, name: str, tensor: Tensor, span: Span) -> str:
        name = self._unused(name)
        self.model.definitions[name] = Definition(
            name, tensor.indices, tensor.body, span, hidden=True, of_case=True
        )
        return name

    def _unused(self, base: str) -> str:
        taken = self.model.definitions.keys() | set(self._copies.values())
        name, number = base, 1
        while name in taken:
            number += 1
            name = f"{base}#{number}"
        return name

    def _group(self, name: str) -> tuple[str, ...]:
        loop = self.model.definitions[name].recurrence
        return (name,) if loop is None else loop.names

    def _axes(self, name: str) -> tuple[Axis, ...]:
        if name in self.model.symbols:
            return self.model.symbols[name].axes
        return tuple(variable.axis for variable in self.model.definitions[name].indices)

    def _depends_on(self, name: str) -> frozenset[str]:
        """The declared tensors that a name uses."""
        if name not in self._symbols:
            found: set[str] = set()
            seen: set[str] = set()
            waiting = [name]
            while waiting:
                used = waiting.pop()
                if used in self.model.definitions and used not in seen:
                    seen.add(used)
                    for each in self._group(used):
                        waiting.extend(names_in(self.model.definitions[each].body))
                elif used in self.model.symbols:
                    found.add(used)
            self._symbols[name] = frozenset(found)
        return self._symbols[name]
