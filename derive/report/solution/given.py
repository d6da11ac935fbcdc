"""What a file gives: its tensors with their shapes, and the forward definitions."""

from collections.abc import Iterator

from derive.calculus import trees
from derive.calculus.contracting import NoMatrixForm
from derive.calculus.matrix_form import Reader
from derive.model.model import Definition
from derive.model.scalar import Tensor
from derive.report.blocks import Block, Display, Equation, Grid, Heading, Inline, Para, Text
from derive.report.formula import bracketed, listed, row
from derive.report.solution.notation import FACTS, ROLES, Notation
from derive.report.solution.writing import Ranged
from derive.syntax import tree
from derive.syntax.tree import Expression


def given(notation: Notation) -> Iterator[Block]:
    """The table of what is declared."""
    model = notation.model
    rows: list[tuple[Text, ...]] = []
    for symbol in model.symbols.values():
        if symbol.hidden:
            continue
        facts = ", ".join(FACTS.get(p, p) for p in sorted(symbol.properties))
        member: Text = (notation.member(symbol.name, symbol.axes),)
        rows.append((member, (ROLES.get(symbol.role, symbol.role),), (facts,)))
    if rows:
        yield Heading(1, ("Given",))
        yield Grid((("name",), ("role",), ("known",)), tuple(rows))
    for assumption in model.assumptions:
        if not assumption.hidden:
            yield Para(("It is assumed that ", *assumed(assumption.text), "."))


def assumed(text: str) -> Text:
    """An assumption as it is written."""
    return (text,)


class Forward:
    """The definitions of a model, as they are written."""

    def __init__(self, notation: Notation, file: tree.File) -> None:
        self.notation = notation
        self.model = notation.model
        self.written = {
            statement.name.id: statement
            for statement in file.statements
            if isinstance(statement, tree.Definition)
        }
        self.loops = [s for s in file.statements if isinstance(s, tree.Recurrence)]
        self.entries = [s for s in file.statements if isinstance(s, tree.Definition)]

    def blocks(self, names: tuple[str, ...]) -> Iterator[Block]:
        """The definitions of these names, in the order of the file."""
        shown = [n for n in names if not self.model.definitions[n].hidden]
        if shown:
            yield Heading(1, ("Forward definitions",))
            yield Display(tuple(line for name in shown for line in self.lines(name)))

    def lines(self, name: str) -> Iterator[Equation]:
        """A definition; one of a loop with the entries that are given outside of it."""
        steps = [(loop, step) for loop in self.loops for step in loop.body if step.name.id == name]
        if not steps:
            yield self.line(name)
        for loop, step in steps:
            for entry in (e for e in self.entries if e.name.id == name):
                yield self.entry(entry, ())
            words = (" from ", " to ") if loop.range.step is None else (" from ", " down to ")
            ends = (loop.range.start, loop.range.stop)
            note: list[Inline] = ["for ", self.notation.math(trees.name(loop.variable.id))]
            for word, end in zip(words, ends, strict=True):
                note += [word, self.notation.math(end)]
            yield self.entry(step, tuple(note))

    def entry(self, written: tree.Definition, note: Text) -> Equation:
        """`h[t] = ...` as it is written."""
        assert written.value is not None
        entry = trees.subscript(trees.name(written.name.id), *written.indices)
        return Equation(
            self.notation.formula(entry),
            "=",
            self.notation.formula(self.notation.totals.of(written.value)),
            note,
        )

    def line(self, name: str) -> Equation:
        """One definition."""
        definition = self.model.definitions[name]
        written = self.written.get(name)
        note: Text = ("in ", f"{name.partition('.')[0]}") if "." in name else ()
        if written is not None and written.value is None:
            arguments = listed([self.notation.typesetter.name(a.id) for a in written.arguments])
            left = self.notation.typesetter.name(name)
            return Equation(left, "=", row(left, bracketed(arguments)), ("unspecified",))
        if written is not None and written.value is not None:
            entry = trees.subscript(trees.name(name), *written.indices)
            value = self.notation.totals.of(written.value)
            return Equation(self.notation.formula(entry), "=", self.notation.formula(value), note)
        return Equation(
            self.notation.formula(trees.name(name)),
            "=",
            self.notation.formula(self.notation.totals.of(self.body(definition))),
            note,
        )

    def body(self, definition: Definition) -> Expression:
        """What a definition says: without indices, or by index."""
        tensor = Tensor(definition.indices, definition.body)
        if definition.indices or "." in definition.name:
            try:
                return Reader(self.model).tree(tensor)
            except NoMatrixForm:
                pass
        writer = Ranged()
        return writer.tensor(tensor)
