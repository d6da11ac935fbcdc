"""The gradients of one loss as parts of a document."""

from collections.abc import Iterator
from dataclasses import replace

from derive.calculus import trees
from derive.report.blocks import Block, Display, Equation, Fold, Heading, Inline, Math, Para, Text
from derive.report.formula import Formula, Op, row, width
from derive.report.solution.chain import Chain, Node
from derive.report.solution.guards import unguarded
from derive.report.solution.lemmas import Lemmas
from derive.report.solution.lines import Line, Lines
from derive.report.solution.locals import Local
from derive.report.solution.notation import Notation
from derive.report.solution.reasons import has_delta, inserted, why
from derive.report.solution.shown import names_of
from derive.syntax.tree import Expression

DETAIL = {"brief": 1, "normal": 2, "full": 3}
EQUALS = Op("=")
WIDEST = 30.0
"""A derivative that is wider is not repeated beside a line."""


class Gradients:
    """Writes the nodes of a chain."""

    def __init__(self, chain: Chain, notation: Notation, lemmas: Lemmas, detail: str) -> None:
        self.chain = chain
        self.notation = notation
        self.lemmas = lemmas
        self.weight = DETAIL[detail]

    def blocks(self, wanted: tuple[str, ...]) -> Iterator[Block]:
        """The backward pass, node by node, and the gradients that are asked for."""
        loss = self.notation.name(self.chain.loss)
        between = [n for n in self.chain.between(wanted) if n != self.chain.loss]
        nodes = [(name, self.chain.node(name)) for name in (*between, *wanted)]
        yield Heading(1, ("Gradients of ", loss))
        if self.weight > 1:
            for name, node in nodes:
                yield from self.node(name, node)
        else:
            yield from self.between([n for n in nodes if n[0] in between])
        yield from self.results(wanted)

    def between(self, nodes: list[tuple[str, Node | None]]) -> Iterator[Block]:
        """The gradients on the way, a line for each."""
        lines: list[Equation] = []
        for _, node in nodes:
            if node is not None and not self.is_upstream(node):
                lines += self.pieces(node, True) if node.pieces else [self.result(node)]
        if lines:
            yield Display(tuple(lines))

    def node(self, name: str, node: Node | None) -> Iterator[Block]:
        """One node: the chain rule, line by line."""
        title: Text = ("The gradient with respect to ", self.notation.name(name))
        if node is None:
            yield Para((*title, ": no closed form was proved."))
            return
        if self.is_upstream(node):
            upstream = self.notation.math(self.gradient(node))
            yield Para(("The upstream gradient ", upstream, " is given: the loss is unspecified."))
            return
        lines = list(self.equations(node))
        if node.pieces:
            lines = [*self.timed(node, lines), *self.pieces(node)]
        elif node.answer.whole:
            lines.append(self.closing(node))
        yield Fold(2, title, (Display(tuple(lines)),))

    def timed(self, node: Node, lines: list[Equation]) -> Iterator[Equation]:
        """The lines inside of a loop; the first one says for which times."""
        for number, line in enumerate(lines):
            when = self.when(node.lines) if not number else ()
            yield replace(line, note=(*line.note, *(("; ", *when) if when and line.note else when)))

    def when(self, lines: Lines) -> Text:
        """`for t from 1 to T - 1`."""
        binders = lines.domain.binders if lines.domain is not None else ()
        loops = set(self.chain.source.times.values())
        for binder in binders[:1]:
            if binder.range is not None and binder.name in names_of(lines.head) & loops:
                return self.notation.running(binder)
        return ()

    def pieces(self, node: Node, every: bool = False) -> Iterator[Equation]:
        """The gradient inside of a loop and at its ends, in matrix notation.

        What the last line by entry says already is left out, unless `every` one is wanted.
        """
        for number, piece in enumerate(node.pieces):
            if not number and not every and self.is_shown(piece, node):
                continue
            left = self.notation.formula(piece.head)
            value, guards = unguarded(piece.lines[-1].value)
            note: list[Inline] = [*(self.when(piece) or ("boundary",))]
            for guard in guards:
                note += [", where ", Math(self.notation.typesetter.relation(guard))]
            yield Equation(left, "=", self.notation.derived(value), tuple(note))

    def is_shown(self, piece: Lines, node: Node) -> bool:
        """The gradient inside of a loop is the last line already."""
        last = node.lines.lines[-1] if node.lines.lines else None
        return last is not None and last.value == piece.lines[-1].value

    def is_upstream(self, node: Node) -> bool:
        """The loss is unspecified, and this is its gradient."""
        return not node.pieces and node.answer.value == self.gradient(node)

    def gradient(self, node: Node) -> Expression:
        """`dL/dz`."""
        return trees.quotient(trees.name(node.of), trees.name(node.by))

    def equations(self, node: Node) -> Iterator[Equation]:
        """The lines by entry."""
        left: Formula | None = self.notation.formula(node.lines.head)
        before = node.lines.head
        for line in self.kept(node):
            note = self.note(line, node, before)
            yield Equation(left, "=", self.notation.derived(line.value), note)
            left, before = None, line.value

    def kept(self, node: Node) -> list[Line]:
        """The lines by entry that this detail shows."""
        return [x for x in node.lines.lines if x.weight <= self.weight and not x.whole]

    def note(self, line: Line, node: Node, before: Expression) -> Text:
        """Why a line follows from the one before."""
        match line.reason:
            case "chain rule":
                users = list(dict.fromkeys(p.of for p in node.locals if p.of != node.of))
                if any(p.of == node.of and p.value != trees.ZERO for p in node.locals):
                    return ("chain rule, directly and through ", *self.notation.names(users))
                through: Text = (
                    (", through ", *self.notation.names(users)) if len(users) > 1 else ()
                )
                return ("chain rule", *through)
            case "local derivatives":
                return self.inserted(node)
        if line.facts:
            return self.notation.facts(line.facts)
        return self.read_off(before, line.value) or (why(before, line.value),)

    def read_off(self, before: Expression, after: Expression) -> Text:
        """The derivatives of which a line says what they are."""
        found = [d for d in inserted(before, after) if d != before]
        made: list[Inline] = []
        for number, part in enumerate(found):
            made += [" and " if number == len(found) - 1 else ", "] if made else []
            made.append(self.notation.math(part))
        return (*made, " inserted") if made else ()

    def inserted(self, node: Node) -> Text:
        """The local derivatives that a line inserts."""
        made: list[Inline] = []
        numbers: list[int] = []
        for part in node.locals:
            if part.of == node.of:
                numbers += self.lemmas.facts(part.of, node.by)
                continue
            lemma = self.lemmas.number(part, node.by)
            if lemma is not None:
                made += ["; "] if made else []
                made.append(f"Lemma {lemma}")
                continue
            known = self.local(part, node)
            if width(known.formula) <= WIDEST:
                made += ["; "] if made else []
                made.append(known)
        if made and any(part.partial for part in node.locals) and not node.pieces:
            made.append(", the other paths held fixed")
        if not made and len(node.locals) == 1:
            made.append("derivative of the loss")
        made += [f"{'; ' if made else ''}Lemma {number}" for number in numbers]
        return tuple(made)

    def local(self, part: Local, node: Node) -> Math:
        """`dh[i]/dz[i] = 1 - h[i]^2`."""
        left = self.chain.quotient(part.of, part.upper, node.by, node.lines.indices, part.partial)
        return Math(row(self.notation.formula(left), EQUALS, self.notation.derived(part.value)))

    def closing(self, node: Node) -> Equation:
        """The last line: the gradient without indices."""
        result = self.result(node)
        before = self.kept(node)
        words = self.read_off(before[-1].value, node.answer.value) if before else ()
        if before and has_delta(before[-1].value) and not words:
            words = (why(before[-1].value, node.answer.value),)
        if node.lines.indices:
            return replace(result, note=(*words, *(("; ",) if words else ()), "in matrix notation"))
        if not before:
            return replace(result, note=self.note(node.answer, node, node.lines.head))
        note = words or (why(before[-1].value, node.answer.value),)
        return replace(result, left=None, note=note)

    def result(self, node: Node) -> Equation:
        """The gradient as a whole."""
        left = self.gradient(node) if node.answer.whole else node.lines.head
        return Equation(self.notation.formula(left), "=", self.notation.derived(node.answer.value))

    def results(self, wanted: tuple[str, ...]) -> Iterator[Block]:
        """The gradients that are asked for, boxed."""
        nodes = [node for node in map(self.chain.node, wanted) if node is not None]
        nodes = [node for node in nodes if not self.is_upstream(node)]
        if not nodes:
            return
        yield Heading(2, ("Result",))
        yield Display(tuple(map(self.result, nodes)), boxed=True)
        facts = sorted({fact for node in nodes for fact in node.facts})
        if facts:
            yield Para(("Here it was used that ", *self.notation.facts(facts), "."))
        conditions = sorted({condition for node in nodes for condition in node.conditions})
        if conditions:
            where = self.notation.where(conditions)
            yield Para(("This holds away from kinks: where ", *where, "."))
