"""Jacobians that are used: each stated and proved once, then referred to."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from derive.calculus import trees
from derive.calculus.raising import Raising
from derive.model.scalar import IndexVariable
from derive.report.blocks import Block, Display, Equation, Fold, Heading, Text
from derive.report.formula import Formula, Num, Table, Words, row
from derive.report.solution.chain import Chain, Node
from derive.report.solution.facts import TABLE, called, stated
from derive.report.solution.lines import Lines
from derive.report.solution.locals import Local
from derive.report.solution.notation import Notation
from derive.report.solution.shown import names_of
from derive.syntax import tree
from derive.syntax.tree import Expression

OTHER = {"<": ">", ">": "<", "<=": ">", ">=": "<"}


@dataclass(frozen=True, slots=True)
class Lemma:
    """The derivative of one definition by a name in it, proved by itself."""

    of: str
    by: str
    lines: Lines


class Lemmas:
    """The lemmas of one document, numbered as they come."""

    def __init__(self, notation: Notation, values: Mapping[str, Expression]) -> None:
        self.notation = notation
        self.values = values
        self.found: dict[tuple[str, str], Lemma] = {}

    def collect(self, chain: Chain, node: Node) -> None:
        """Note the Jacobians of a node that are not plain: those that depend on the point."""
        for part in node.locals:
            for function in self.functions(part.of, node.by):
                fact = stated(chain, function, node.by)
                if fact is not None:
                    self.found.setdefault((function, node.by), Lemma(function, node.by, fact))
            key = (part.of, node.by)
            if part.of == chain.loss or key in self.found or not self.is_telling(part, node):
                continue
            lines = self.proved(chain, part, node)
            if lines.lines:
                self.found[key] = Lemma(part.of, node.by, lines)

    def functions(self, of: str, by: str) -> Iterator[str]:
        """The functions of the table that a definition applies to a name."""
        if of in self.values:
            yield from (function for function, name in called(self.values[of]) if name == by)

    def is_telling(self, part: Local, node: Node) -> bool:
        """Not linear, and not entry by entry; or with a kink."""
        if kink(part.value) is not None:
            return True
        names = names_of(part.value)
        moves = part.of in names or node.by in names
        entrywise = not part.summed and len(part.upper) == len(node.lines.indices)
        return moves and (not entrywise or not part.upper) and node.lines.indices != ()

    def number(self, part: Local, by: str) -> int | None:
        """The number of a lemma."""
        return self.place((part.of, by))

    def facts(self, of: str, by: str) -> tuple[int, ...]:
        """The numbers of the lemmas on functions in a definition."""
        found = (self.place((function, by)) for function in self.functions(of, by))
        return tuple(dict.fromkeys(number for number in found if number is not None))

    def place(self, key: tuple[str, str]) -> int | None:
        """Where a lemma stands, from 1."""
        keys = list(self.found)
        return keys.index(key) + 1 if key in keys else None

    def proved(self, chain: Chain, part: Local, node: Node) -> Lines:
        """The Jacobian from the definition."""
        lower = node.lines.indices
        head = chain.quotient(part.of, part.upper, node.by, lower, part.partial)
        binders = (*(node.lines.domain.binders if node.lines.domain else ()), *part.summed)
        domain = tree.Domain(trees.NOWHERE, binders, ())
        lines = Lines(chain.engine, head, (*part.upper, *lower), domain)
        if part.term is not None:
            raising = Raising()
            for variable in part.term.free:
                raising.names[variable] = IndexVariable(variable.name, variable.axis)
            known = tuple(raising.names.values())
            lines.add(chain.written(raising.scalar(part.term), known), "differentiate")
        lines.add(part.value, "definition")
        return lines

    def blocks(self) -> Iterator[Block]:
        """All lemmas."""
        if self.found:
            yield Heading(1, ("Lemmas",))
        for number, lemma in enumerate(self.found.values(), start=1):
            of, by = self.notation.name(lemma.of), self.notation.name(lemma.by)
            if lemma.of in TABLE:
                of = self.notation.math(trees.call(lemma.of, trees.name(lemma.by)))
            title: Text = (f"Lemma {number}: the derivative of ", of, " by ", by)
            yield Fold(2, title, (Display(tuple(self.equations(lemma))),))

    def equations(self, lemma: Lemma) -> Iterator[Equation]:
        """The lines of a lemma."""
        left: Formula | None = self.notation.formula(lemma.lines.head)
        for line in lemma.lines.lines:
            notes: dict[str, Text] = {
                "differentiate": self.differentiated(lemma),
                "definition": ("by the definition of ", self.notation.name(lemma.of)),
            }
            note = notes.get(line.reason, (line.reason,))
            yield Equation(left, "=", self.notation.derived(line.value), note)
            left = None
            sides = kink(line.value)
            if sides is not None:
                yield Equation(None, "=", self.cases(sides), ("written as cases",))

    def differentiated(self, lemma: Lemma) -> Text:
        """How the proof begins."""
        if kink(lemma.lines.lines[0].value) is not None:
            return ("differentiate on each side of the kink",)
        used = self.facts(lemma.of, lemma.by)
        return ("differentiate the definition", *(f"; Lemma {number}" for number in used))

    def cases(self, sides: tree.Comparison) -> Formula:
        """One on this side, zero on the other; nothing where they meet."""
        rows = []
        for value, op in (("1", sides.op), ("0", OTHER[sides.op])):
            relation = self.notation.typesetter.relation(replace(sides, op=op))
            rows.append((Num(value), row(Words("if "), relation)))
        return Table(tuple(rows), "{", "")


def kink(value: Expression) -> tree.Comparison | None:
    """The condition of what is one on one side of a kink, and zero on the other."""
    match value:
        case tree.Indicator(conditions=(condition,)) if condition.op in OTHER:
            return condition
    return None
