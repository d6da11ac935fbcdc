"""The forward definitions of a file, and its functions, in the order in which they stand."""

from collections.abc import Iterator
from dataclasses import replace

from derive.calculus import trees
from derive.calculus.contracting import NoMatrixForm
from derive.calculus.matrix_form import Reader
from derive.model.model import Definition
from derive.model.scalar import Tensor
from derive.report.blocks import Block, Display, Equation, Heading, Text
from derive.report.formula import Formula, bracketed, listed, row
from derive.report.solution.notation import Notation
from derive.report.solution.reasons import parts
from derive.report.solution.shown import names_of
from derive.report.solution.writing import Ranged
from derive.report.typeset import Typesetter
from derive.syntax import tree
from derive.syntax.tree import Expression


class Forward:
    """The definitions of a model, as they are written."""

    def __init__(self, notation: Notation, file: tree.File) -> None:
        self.notation = notation
        self.model = notation.model
        self.entries = [s for s in file.statements if isinstance(s, tree.Definition)]
        self.written = {statement.name.id: statement for statement in self.entries}
        self.functions = [s for s in file.statements if isinstance(s, tree.Function)]
        self.locals = {
            (d.span.start, d.span.end): name
            for name, d in self.model.definitions.items()
            if "." in name and not d.hidden and d.span.source.text == file.span.source.text
        }
        self.loops = {
            step.name.id: statement
            for statement in file.statements
            if isinstance(statement, tree.Recurrence)
            for step in statement.body
        }

    def blocks(self, names: tuple[str, ...]) -> Iterator[Block]:
        """The functions, and the definitions of these names, in the order of the file."""
        lines = [line for function in self.functions for line in self.function(function)]
        done: list[tree.Recurrence] = []
        for name in names:
            loop = self.loops.get(name)
            hidden = self.model.definitions[name].hidden or name in self.locals.values()
            if hidden or loop in done:
                continue
            if loop is None:
                lines += self.line(name)
            else:
                done.append(loop)
                lines += self.loop(loop)
        if lines:
            yield Heading(1, ("Forward definitions",))
            yield Display(tuple(line for line in lines if line.left != line.right))

    def loop(self, loop: tree.Recurrence) -> Iterator[Equation]:
        """The steps of a loop, among the entries that are given outside of it."""
        inside = {step.name.id for step in loop.body}
        given = [entry for entry in self.entries if entry.name.id in inside]
        note = self.notation.running(tree.Binder(loop.span, loop.variable.id, loop.range))
        before = [e for e in given if e.span.start < loop.span.start]
        steps = [*((e, ()) for e in before), *((step, note) for step in loop.body)]
        after = [e for e in given if e.span.start > loop.span.start]
        for step, words in (*steps, *((e, ()) for e in after)):
            yield from self.entry(step, words)

    def entry(self, written: tree.Definition, note: Text) -> Iterator[Equation]:
        """`h[t] = ...` as it is written; before it what a function in it is applied to."""
        assert written.value is not None
        entry = trees.subscript(trees.name(written.name.id), *written.indices)
        value = self.opened(written.value)
        for part, name in self.named(written.value):
            yield self.equation(name, self.notation.totals.of(part), note)
        yield self.equation(entry, self.notation.totals.of(value), note)

    def local(self, expr: Expression) -> Expression | None:
        """The name of the argument of a function, with the indices that are free in it."""
        name = self.locals.get((expr.span.start, expr.span.end))
        if name is None:
            return None
        free = names_of(expr) - self.notation.typesetter.ranks.keys()
        indices = [v.name for v in self.model.definitions[name].indices if v.name in free]
        return trees.subscript(trees.name(name), *map(trees.name, indices))

    def named(self, expr: Expression) -> Iterator[tuple[Expression, Expression]]:
        """The arguments in an expression that have names, and these."""
        for part in parts(expr):
            name = self.local(part)
            if name is not None:
                yield part, name

    def opened(self, expr: Expression) -> Expression:
        """An expression with names for such arguments."""
        name = self.local(expr)
        if name is not None:
            return name
        match expr:
            case tree.Binary(left=left, right=right):
                return replace(expr, left=self.opened(left), right=self.opened(right))
            case tree.Negative(operand=operand):
                return replace(expr, operand=self.opened(operand))
            case tree.Call(arguments=arguments):
                return replace(expr, arguments=tuple(map(self.opened, arguments)))
            case tree.Big(body=body):
                return replace(expr, body=self.opened(body))
        return expr

    def line(self, name: str) -> Iterator[Equation]:
        """One definition."""
        written = self.written.get(name)
        if written is None:
            note: Text = ("in ", name.partition(".")[0]) if "." in name else ()
            value = self.notation.totals.of(self.body(self.model.definitions[name]))
            yield self.equation(trees.name(name), value, note)
        elif written.value is None:
            arguments = listed([self.notation.typesetter.name(a.id) for a in written.arguments])
            left = self.notation.typesetter.name(name)
            yield Equation(left, "=", row(left, bracketed(arguments)), ("unspecified",))
        elif isinstance(written.value, tree.Comprehension) and not written.indices:
            places = tuple(trees.name(binder.name) for binder in written.value.binders)
            inner = replace(written, indices=places, value=written.value.body)
            yield from self.entry(inner, self.notation.over(written.value.binders))
        else:
            yield from self.entry(written, ())

    def equation(self, left: Expression, right: Expression, note: Text) -> Equation:
        """`left = right`."""
        return Equation(self.notation.formula(left), "=", self.notation.formula(right), note)

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

    def function(self, function: tree.Function) -> Iterator[Equation]:
        """`f(x) = ...`, its local definitions first."""
        ranks = {p.name.id: len(p.axes) for p in function.parameters}
        ranks |= {d.name.id: len(d.indices) for d in function.body}
        setter = self.notation.typesetter
        own = Typesetter(
            {name: made for name, made in setter.printed.items() if name not in ranks},
            {**setter.ranks, **ranks},
        )
        head: Formula = own.formula(
            trees.call(function.name.id, *(trees.name(p.name.id) for p in function.parameters))
        )
        for local in function.body:
            if local.value is not None:
                left = own.formula(trees.subscript(trees.name(local.name.id), *local.indices))
                yield Equation(left, "=", own.formula(local.value), ("in ", function.name.id))
        yield Equation(head, "=", own.formula(function.result))
