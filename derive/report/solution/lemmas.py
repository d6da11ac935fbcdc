"""Jacobians that are used: each stated and proved once, then referred to."""

from collections.abc import Iterator
from dataclasses import dataclass

from derive.calculus import trees
from derive.calculus.raising import Raising
from derive.model.scalar import IndexVariable
from derive.report.blocks import Block, Display, Equation, Fold, Heading, Text
from derive.report.formula import Formula
from derive.report.solution.chain import Chain, Node
from derive.report.solution.lines import Lines
from derive.report.solution.locals import Local
from derive.report.solution.notation import Notation
from derive.report.solution.shown import names_of
from derive.syntax import tree


@dataclass(frozen=True, slots=True)
class Lemma:
    """The derivative of one definition by a name in it, proved by itself."""

    of: str
    by: str
    lines: Lines


class Lemmas:
    """The lemmas of one document, numbered as they come."""

    def __init__(self, notation: Notation) -> None:
        self.notation = notation
        self.found: dict[tuple[str, str], Lemma] = {}

    def collect(self, chain: Chain, node: Node) -> None:
        """Note the Jacobians of a node that are not plain: those that depend on the point."""
        for part in node.locals:
            key = (part.of, node.by)
            if part.of == chain.loss or key in self.found or not self.is_telling(part, node):
                continue
            lines = self.proved(chain, part, node)
            if lines.lines:
                self.found[key] = Lemma(part.of, node.by, lines)

    def is_telling(self, part: Local, node: Node) -> bool:
        """Not linear, and not entry by entry."""
        names = names_of(part.value)
        moves = part.of in names or node.by in names
        entrywise = not part.summed and len(part.upper) == len(node.lines.indices)
        return moves and (not entrywise or not part.upper) and node.lines.indices != ()

    def number(self, part: Local, by: str) -> int | None:
        """The number of a lemma."""
        keys = list(self.found)
        key = (part.of, by)
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
            title: Text = (f"Lemma {number}: the derivative of ", of, " by ", by)
            yield Fold(2, title, (Display(tuple(self.equations(lemma))),))

    def equations(self, lemma: Lemma) -> Iterator[Equation]:
        """The lines of a lemma."""
        left: Formula | None = self.notation.formula(lemma.lines.head)
        for line in lemma.lines.lines:
            notes: dict[str, Text] = {
                "differentiate": ("differentiate the definition",),
                "definition": ("by the definition of ", self.notation.name(lemma.of)),
            }
            note = notes.get(line.reason, ()) if len(lemma.lines.lines) > 1 else ()
            yield Equation(left, "=", self.notation.derived(line.value), note)
            left = None
