"""Loops: `for t in 1..T:` and the entries given outside of it, to definitions of one recurrence.

Design. The shapes of the states come from the entries outside of the loop, so these are read first,
and again where the loop shows that a number stands for a tensor (`v[0] = 0`). Inside the loop its
names are bound in front of the file's, and what is hidden there becomes one of them. Which entries
are read is checked at the end, on what was elaborated (`derive.model.earlier`).
"""

import re
from dataclasses import replace
from fractions import Fraction

from derive.diagnostics.diagnostic import Diagnostic, Label
from derive.model.context import Expressions
from derive.model.dim import ONE, Dim
from derive.model.earlier import Order, check_entry, check_step
from derive.model.failure import Failure, failure
from derive.model.functions import define
from derive.model.loop_parts import (
    Parts,
    Piece,
    bodies_of_loop,
    left_side,
    pieces_of,
    range_of_loop,
)
from derive.model.model import Definition, Model, Recurrence
from derive.model.ranges import dim_of
from derive.model.scalar import (
    Axis,
    Block,
    Blocks,
    Entry,
    Index,
    IndexVariable,
    Num,
    Scalar,
    Tensor,
)
from derive.model.scope import Hidden, Members, Scope
from derive.model.shape import broadcast, fresh, has_shape
from derive.model.shifted import counted_by_entries
from derive.syntax import tree

Shape = tuple[Axis, ...]
_CLASHES = ("shape-mismatch", "too-many-indices")


def define_loop(model: Model, hidden: Hidden, e: Expressions, parts: Parts) -> None:
    """Put the definitions of a loop into the model."""
    before = set(model.definitions)
    try:
        _Loop(model, hidden, e, parts).define()
    except BaseException:
        _forget(model, before)
        raise
    finally:
        hidden.loop = None


def _forget(model: Model, before: set[str]) -> None:
    for name in [name for name in model.definitions if name not in before]:
        del model.definitions[name]


def _reads(text: str, name: str) -> bool:
    """Whether an entry of `name` stands in `text`."""
    return re.search(rf"(?<!\w){re.escape(name)}\[", text) is not None


class _Loop:
    def __init__(self, model: Model, hidden: Hidden, e: Expressions, parts: Parts) -> None:
        self.model, self.hidden, self.e, self.parts = model, hidden, e, parts
        loop = counted_by_entries(parts.loop)
        range_, self.step = range_of_loop(e, loop.range)
        self.variable = IndexVariable(loop.variable.id, range_)
        self.bodies = bodies_of_loop(loop)
        self.pieces = {
            name: pieces_of(
                e, name, Piece(range_, written), [x for x in parts.entries if x.name.id == name]
            )
            for name, written in self.bodies.items()
        }
        self.axes = {
            name: Axis(pieces[0].axis.low, pieces[-1].axis.high)
            for name, pieces in self.pieces.items()
        }
        self.shapes: dict[str, Shape] = {}
        self.values: dict[int, Tensor] = {}
        self.order: list[str] = []

    def define(self) -> None:
        """Read until the shapes are settled, define, and check what is read."""
        before = set(self.model.definitions)
        for _ in range(len(self.bodies) + 2):
            _forget(self.model, before)
            known = dict(self.shapes)
            self.read()
            self.shapes = {name: self.shape(name) for name in self.bodies}
            if self.shapes == known:
                break
        else:
            name = next(name for name in self.bodies if self.shapes[name] != known[name])
            message = f"each step of the loop gives `{name}` another shape"
            raise failure("shape-mismatch", message, self.bodies[name].span, "grows")
        recurrence = Recurrence(
            tuple(self.order), self.variable.axis, self.step, self.parts.loop.span
        )
        for name in self.order:
            made = self.model.definitions.pop(name, None) or self.definition(name)
            self.model.definitions[name] = replace(made, recurrence=recurrence)
        self.check()

    # --- reading -------------------------------------------------------------------------------

    def scope(self, inside: bool) -> Scope:
        """The scope of a definition: in the loop, or of an entry outside of it."""
        tensors = dict(self.e.scope.tensors)
        for name, range_ in self.axes.items():
            own = (IndexVariable(self.variable.name, range_), *fresh(self.shapes.get(name, ())))
            tensors[name] = Tensor(own, Entry(name, tuple(map(Index.of, own))))
        scope = replace(self.e.scope, tensors=tensors, steps=frozenset(self.axes))
        return scope.with_indices({self.variable.name: self.variable}) if inside else scope

    def read(self) -> None:
        """Elaborate the entries, then the loop; a shape that nothing tells yet comes from there."""
        members = Members(self.variable, dict.fromkeys(self.bodies))
        self.order, self.hidden.loop = [], None
        for written in self.parts.entries:
            before = set(self.model.definitions)
            self.read_piece(written, False)
            for name in self.model.definitions.keys() - before:
                if members.hold(self.model.definitions[name].body):
                    message = "an entry of the loop stands in a function here"
                    help_ = "write what it is defined as, or a name for that"
                    span = written.span if written.value is None else written.value.span
                    raise failure("misplaced", message, span, "uses the loop", helps=(help_,))
        self.hidden.loop = members
        for name, written in self.bodies.items():
            self.read_piece(written, True)
            hidden = [n for n in members.names if n not in self.bodies and n not in self.order]
            self.order += [*hidden, name]
        self.hidden.loop = None

    def read_piece(self, written: tree.Definition, inside: bool) -> None:
        """Elaborate one definition; without it, its name was taken for a number."""
        if written.value is None:
            raise failure("misplaced", "an entry needs a value", written.span, "no value")
        e = self.e.inside(self.scope(inside))
        try:
            value = define(e, written.indices[1:], written.value)
        except Failure as problem:
            raise Failure(self.with_hint(problem.diagnostic)) from None
        self.values[id(written)] = value
        self.shapes.setdefault(written.name.id, value.axes)

    def with_hint(self, problem: Diagnostic) -> Diagnostic:
        """A clash of shapes; where a name was taken for a number, how to say that it is none."""
        if problem.code not in _CLASHES:
            return problem
        for entry in self.parts.entries:
            name, value = entry.name.id, self.values.get(id(entry))
            used = _reads(problem.span.text, name)
            if used and value is not None and not value.indices:
                help_ = f"a start that is a vector says so: `{left_side(entry).text}] = zeros[...]`"
                return replace(problem, helps=(*problem.helps, help_))
        for name in self.bodies:
            started = any(entry.name.id == name for entry in self.parts.entries)
            used = _reads(problem.span.text, name)
            if used and not started and name not in self.shapes:
                range_ = self.variable.axis
                start = range_.low - ONE if self.step > 0 else range_.high + ONE
                help_ = f"`{name}` has no start yet, as in `{name}[{start}] = ...` before the loop"
                return replace(problem, helps=(*problem.helps, help_))
        return problem

    def shape(self, name: str) -> Shape:
        """The shape of an entry of `name`: a number stands for a tensor, as in NumPy."""
        first, *others = self.pieces[name]
        total = self.values[id(first.written)]
        for piece in others:
            value = self.values[id(piece.written)]
            both = broadcast(total, value, self.e.scope.sizes)
            if both is None:
                raise failure(
                    "shape-mismatch",
                    f"the entries of `{name}` have different shapes",
                    piece.span,
                    has_shape(value.axes),
                    also=(Label(first.span, has_shape(total.axes)),),
                )
            total = Tensor(both[0], both[1])
        return total.axes

    # --- defining ------------------------------------------------------------------------------

    def definition(self, name: str) -> Definition:
        """The definition of a name, its pieces one after the other."""
        own = fresh(self.shapes[name])
        blocks: list[Block] = []
        for piece in self.pieces[name]:
            inside = piece.written is self.bodies[name]
            variable = self.variable if inside else IndexVariable(self.variable.name, piece.axis)
            blocks.append(Block(variable, self.body(piece, own)))
        written = self.bodies[name]
        range_ = self.axes[name]
        variable, body = self.variable, blocks[0].body
        if len(blocks) > 1:
            variable = IndexVariable(self.variable.name, range_)
            body = Blocks(Index(((variable, ONE),), ONE - range_.low), tuple(blocks))
        latex = next((p.written.latex for p in self.pieces[name] if p.written.latex), None)
        return Definition(name, (variable, *own), body, written.name.span, latex=latex)

    def body(self, piece: Piece, own: tuple[IndexVariable, ...]) -> Scalar:
        """The body of a piece along the indices `own`."""
        value = self.values[id(piece.written)]
        both = broadcast(Tensor(own, Num(Fraction(0))), value, self.e.scope.sizes)
        if both is None or both[0] != own:
            raise AssertionError("the shapes of the pieces were brought together")
        return both[2]

    def check(self) -> None:
        """Stop where an entry is read that is not there yet."""
        fixed = {
            name: [p.axis.low for p in pieces if p.written is not self.bodies[name]]
            for name, pieces in self.pieces.items()
        }
        order = Order(self.variable, self.step, tuple(self.order), self.axes, fixed)
        e = self.e.inside(self.scope(True))
        waiting: list[str] = []
        for name in self.order:
            waiting.append(name)
            if name in self.bodies:
                for each in waiting:
                    check_step(e, order, each, self.step_of(each), self.bodies[name])
                waiting = []
        done: set[tuple[str, Dim]] = set()
        for written in self.parts.entries:
            check_entry(e, order, done, self.values[id(written)].body, written)
            done.add((written.name.id, dim_of(e, written.indices[0])))

    def step_of(self, name: str) -> Scalar:
        """What one step computes for `name`."""
        if name in self.bodies:
            return self.values[id(self.bodies[name])].body
        return self.model.definitions[name].body
