"""What the library and the command line ask for: a solution, in any format."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from derive.check.outcome import Settings
from derive.diagnostics.span import Source
from derive.model.model import Model
from derive.report import html, latex, markdown
from derive.report.blocks import Document
from derive.report.formula_latex import latex as latex_of
from derive.report.solution.build import Builder
from derive.syntax.show import show


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a derivation: `left = right`, in the language and in LaTeX."""

    left: str
    right: str
    latex: str
    reason: str
    facts: tuple[str, ...]


@dataclass(frozen=True, eq=False, repr=False)
class Solution:
    """A worked solution."""

    builder: Builder

    @cached_property
    def document(self) -> Document:
        """The solution, free of any format."""
        return self.builder.document()

    @property
    def latex(self) -> str:
        """A complete LaTeX document."""
        return latex.render(self.document)

    @property
    def fragment(self) -> str:
        """LaTeX to be put into a document."""
        return latex.fragment(self.document)

    @property
    def markdown(self) -> str:
        """Markdown, with formulas between dollar signs."""
        return markdown.render(self.document)

    @property
    def html(self) -> str:
        """A page that needs nothing else."""
        return html.render(self.document)

    @property
    def steps(self) -> tuple[Step, ...]:
        """The lines that were proved, each equal to the one before it."""
        return tuple(self._steps())

    def _steps(self) -> Iterator[Step]:
        notation = self.builder.notation
        for chain, wanted in self.builder.chains:
            for name in (*chain.between(wanted), *wanted):
                node = chain.node(name)
                if node is None:
                    continue
                left = node.lines.head
                for line in node.lines.lines:
                    made = latex_of(notation.derived(line.value))
                    yield Step(show(left), show(line.value), made, line.reason, line.facts)
                    left = line.value

    def by_those_there_are(self) -> "Solution":
        """The same without the names that there are not; of none of them, no gradients."""
        builder = self.builder
        kept = tuple(name for name in builder.wrt if name in builder.names)
        gradients = bool(kept) or not builder.wrt
        return Solution(replace(builder, wrt=kept, gradients=gradients))

    def __repr__(self) -> str:
        return f"<derive.Solution of {', '.join(self.builder.losses) or 'all losses'}>"

    def __str__(self) -> str:
        return self.markdown

    def _repr_html_(self) -> str:
        return html.blocks(self.document.blocks)

    def _repr_markdown_(self) -> str:
        return self.markdown


def solution(
    model: Model,
    source: Source,
    settings: Settings,
    losses: tuple[str, ...] = (),
    wrt: tuple[str, ...] = (),
    detail: str = "normal",
    judges: bool = True,
) -> Solution:
    """The solution of a model; without `losses` of all, without `wrt` by every param."""
    return Solution(Builder(model, source, settings, wrt, losses, detail, judges))
