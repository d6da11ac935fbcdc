"""Recurrences: a loop over their index, vectorised over everything else.

Design. A piece of a definition that reads no name of its loop is one array. The rest is evaluated
step by step in a `Step`, the same world in which the loop's index has one value. What does not
depend on the loop's names is evaluated outside of it, for all steps at once.
"""

from collections.abc import Sequence
from math import prod
from typing import NamedTuple

import numpy as np

from derive.evaluate.labelled import Labelled, Places, Table, align, spread
from derive.evaluate.names import names_in
from derive.evaluate.number import Arithmetic, Array, EvaluationError
from derive.evaluate.positions import find_places
from derive.evaluate.world import World
from derive.model.model import Definition, Recurrence
from derive.model.scalar import Blocks, Index, IndexVariable, Scalar, Tensor
from derive.model.traverse import free_variables

# What is evaluated for all steps at once has no more entries for a step than the result, or these.
_SMALL = 256


class Piece(NamedTuple):
    """The part of a definition on one part of the loop's axis."""

    name: str
    variable: IndexVariable
    body: Scalar


def run_loop(world: World, loop: Recurrence, names: Sequence[str]) -> dict[str, Table]:
    """The tables of those `names` of a recurrence that are to be computed in this world."""
    rows = {name: Rows(world, name) for name in names}
    shared = Frame(world, frozenset(names), rows)
    waiting: dict[int, list[Piece]] = {}
    for name in names:
        for piece in _pieces(world.model.definitions[name]):
            if shared.reads(piece.body):
                low = world.low(piece.variable)
                for place in range(low, low + world.size(piece.variable)):
                    waiting.setdefault(place, []).append(piece)
            else:
                rows[name].put(piece.variable, world.scalar(piece.body))
    steps: dict[int, Step] = {}
    for place in sorted(waiting, reverse=loop.step < 0):
        for piece in waiting[place]:
            uid = piece.variable.uid
            if uid not in steps:
                steps[uid] = Step(world, shared, piece.variable)
            step = steps[uid]
            step.go_to(place)
            rows[piece.name].put(piece.variable, step.scalar(piece.body), place)
    return {name: row.table() for name, row in rows.items()}


def _pieces(definition: Definition) -> list[Piece]:
    """The pieces of a definition along the index of its loop."""
    variable, body = definition.indices[definition.time], definition.body
    if isinstance(body, Blocks) and body.index.terms[0][0] == variable:
        return [Piece(definition.name, part.variable, part.body) for part in body.parts]
    return [Piece(definition.name, variable, body)]


class Rows:
    """The table of a name of a loop as it is being filled."""

    def __init__(self, world: World, name: str) -> None:
        definition = world.model.definitions[name]
        self.world = world
        self.time = definition.time
        self.indices = definition.indices
        self.start = world.low(definition.indices[self.time])
        self.extra: tuple[int, ...] = ()
        sizes = [world.size(variable) for variable in self.indices]
        undefined = world.arithmetic.undefined()
        self.array: Array = np.full(sizes, undefined[()], dtype=undefined.dtype)
        added = world.added(name)
        self.added = None if added is None else self._labelled(added)

    def _labelled(self, table: Table) -> Labelled:
        return Labelled((*table.extra, *(v.uid for v in self.indices)), table.array)

    def put(self, variable: IndexVariable, value: Labelled, place: int | None = None) -> None:
        """Enter a piece: for all values of its variable, or for the one at `place`."""
        start = self.world.low(variable) if place is None else place
        count = self.world.size(variable) if place is None else 1
        rows = slice(start - self.start, start - self.start + count)
        own = [v.uid for v in self.indices]
        time = own[self.time]
        value = Labelled(tuple(time if x == variable.uid else x for x in value.labels), value.array)
        if self.added is not None:
            labels, array = self.added
            at = tuple(rows if label == time else slice(None) for label in labels)
            labels, arrays = align([value, Labelled(labels, array[at])])
            value = Labelled(labels, self.world.arithmetic.apply("add", arrays))
        sizes = {v.uid: self.world.size(v) for v in self.indices} | {time: count}
        new = {x: n for x, n in value.sizes.items() if x not in own and x not in self.extra}
        if new:
            shape = (*new.values(), *self.array.shape)
            self.extra = (*new, *self.extra)
            self.array = np.array(np.broadcast_to(self.array, shape))
        sizes |= dict(zip(self.extra, self.array.shape, strict=False))
        before = (slice(None),) * (len(self.extra) + self.time)
        self.array[(*before, rows)] = spread(value, (*self.extra, *own), sizes)

    def table(self) -> Table:
        """The entries so far; those that are not there yet are undefined."""
        return Table(self.extra, self.array)


class Frame:
    """What the steps of a loop share: the tables in progress, and what does not change in it."""

    def __init__(self, outer: World, names: frozenset[str], rows: dict[str, Rows]) -> None:
        self.outer = outer
        self.rows = rows
        self._names = names
        self._constant: dict[tuple[int, int], tuple[Scalar, bool]] = {}

    def reads(self, scalar: Scalar) -> bool:
        """Whether `scalar` depends on a name that the loop computes."""
        uses = self.outer.evaluator.uses
        return any(
            name in self._names or not self._names.isdisjoint(uses.get(name, ()))
            for name in names_in(scalar)
        )

    def outside(self, scalar: Scalar, variable: IndexVariable, most: int) -> Labelled | None:
        """The value for all steps, where the loop does not change it and it is not too large."""
        key = (id(scalar), variable.uid)
        if key not in self._constant:
            self._constant[key] = (scalar, self._is_constant(scalar, variable, most))
        return self.outer.scalar(scalar) if self._constant[key][1] else None

    def _is_constant(self, scalar: Scalar, variable: IndexVariable, most: int) -> bool:
        if self.reads(scalar):
            return False
        free = free_variables(Tensor((), scalar))
        others = [self.outer.size(other) for other in free if other != variable]
        return variable not in free or prod(others) <= max(most, _SMALL)


class Step(World):
    """A world in which the index of a loop has one value."""

    def __init__(self, outer: World, frame: Frame, variable: IndexVariable) -> None:
        super().__init__(outer.evaluator, outer.point, outer._overrides, outer.parent)
        self.complaints = outer.complaints
        self._outer, self._frame, self._variable = outer, frame, variable
        self._place = self._start = outer.low(variable)
        self._most = max((prod(row.array.shape[1:]) for row in frame.rows.values()), default=1)
        self._among: dict[str, Step] = {}

    def go_to(self, place: int) -> None:
        """Give the index another value."""
        self._place = place
        self._memo.clear()
        self._places.clear()

    def low(self, variable: IndexVariable) -> int:
        """The first value of a variable: here, of the loop's index, the only one."""
        return self._place if variable == self._variable else self._outer.low(variable)

    def size(self, variable: IndexVariable) -> int:
        """How many values a variable has."""
        return 1 if variable == self._variable else self._outer.size(variable)

    def table(self, name: str) -> Table:
        """The entries of a name, as far as they are there."""
        row = self._frame.rows.get(name)
        return self._outer.table(name) if row is None else row.table()

    def scalar(self, scalar: Scalar) -> Labelled:
        """The value; what the loop does not change is taken from outside of it."""
        whole = self._frame.outside(scalar, self._variable, self._most)
        if whole is None:
            return super().scalar(scalar)
        if self._variable.uid not in whole.labels:
            return whole
        at = whole.labels.index(self._variable.uid)
        place = self._place - self._start
        return Labelled(whole.labels, whole.array[(slice(None),) * at + (slice(place, place + 1),)])

    def places(self, index: Index, low: int) -> Places:
        """The positions that an index takes."""
        if index.computed or any(variable == self._variable for variable, _ in index.terms):
            return find_places(self, index, low)
        return self._outer.places(index, low)

    def moved(self, name: str, shift: Table, affected: frozenset[str]) -> World:
        """No differences are taken from inside of a loop."""
        raise EvaluationError(f"a derivative by `{name}` inside of a loop")

    def beside(self, arithmetic: Arithmetic) -> World:
        """The same step in another arithmetic, where the loop is complete."""
        if arithmetic.name not in self._among:
            outer = self._outer.beside(arithmetic)
            self._among[arithmetic.name] = Step(
                outer, Frame(outer, frozenset(), {}), self._variable
            )
        found = self._among[arithmetic.name]
        found.go_to(self._place)
        return found
