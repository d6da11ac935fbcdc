"""The worked solution of one file, from its model to a document."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from derive.check.comparing import Comparison, compare
from derive.check.engine import Engine
from derive.check.judge import Judge
from derive.check.outcome import FileOutcome, Outcome, Settings
from derive.check.statements import check_model
from derive.diagnostics.diagnostic import DeriveError, Diagnostic, Severity
from derive.diagnostics.span import Source, Span
from derive.diagnostics.suggest import nearest
from derive.model.model import Model
from derive.report.blocks import Block, Code, Document, Grid, Heading, Math, Para, Text
from derive.report.formula import Num, Script, bracketed, listed
from derive.report.solution.chain import Chain
from derive.report.solution.continuation import Continuation
from derive.report.solution.forward import Forward
from derive.report.solution.given import given
from derive.report.solution.gradients import Gradients
from derive.report.solution.graph import graph
from derive.report.solution.judged import Statements
from derive.report.solution.lemmas import Lemmas
from derive.report.solution.notation import Notation
from derive.report.solution.shown import shown, used_by
from derive.report.solution.written import Written, definitions
from derive.syntax import tree
from derive.syntax.parse import parse

LONGEST_TITLE = 110


@dataclass
class Builder:
    """Builds the document of one file."""

    model: Model
    source: Source
    settings: Settings
    wrt: tuple[str, ...] = ()
    losses: tuple[str, ...] = ()
    detail: str = "normal"
    judges: bool = True
    gradients: bool = True

    @cached_property
    def file(self) -> tree.File:
        """The statements as they are written."""
        return parse(self.source)[0]

    @cached_property
    def engine(self) -> Engine:
        """The calculus of the model with the local names of functions shown."""
        return Engine(shown(self.model, frozenset(used_by(self.model, self.targets))))

    @cached_property
    def notation(self) -> Notation:
        """How it is written."""
        return Notation(self.engine.model)

    @cached_property
    def targets(self) -> tuple[str, ...]:
        """The losses: those that are asked for, else all."""
        names = [n for n, d in self.model.definitions.items() if d.is_loss and not d.hidden]
        return self.losses or tuple(names)

    @cached_property
    def outcomes(self) -> tuple[Outcome, ...]:
        """The verdicts on what the file states."""
        return tuple(check_model(self.model, self.settings)) if self.judges else ()

    def wanted(self, chain: Chain) -> tuple[str, ...]:
        """What to differentiate by: what is asked for, else every param on which the loss rests."""
        for name in self.wrt:
            self.known(name)
        names = self.wrt or tuple(s.name for s in self.model.symbols.values() if s.role == "param")
        return tuple(name for name in names if name in chain.uses)

    @property
    def names(self) -> list[str]:
        """The names of the file."""
        shown = (n for n, d in self.model.definitions.items() if not d.hidden)
        declared = (n for n, s in self.model.symbols.items() if not s.hidden)
        return [*declared, *shown]

    def known(self, name: str) -> None:
        """Stop where a name is unknown."""
        names = self.names
        if name in names:
            return
        near = nearest(name, names)
        helps = (f"did you mean `{near}`?",) if near else ()
        span = Span(Source("<call>", name), 0, len(name))
        message = f"nothing is named `{name}`"
        notes = (f"names: {', '.join(names)}",)
        raise DeriveError(
            (Diagnostic(Severity.ERROR, "unknown-name", message, span, notes=notes, helps=helps),)
        )

    @cached_property
    def chains(self) -> tuple[tuple[Chain, tuple[str, ...]], ...]:
        """The gradients of each loss, and by what."""
        found = []
        for name in self.targets if self.gradients else ():
            self.known(name)
            chain = Chain(self.engine, name, Written.of(self.file))
            found.append((chain, self.wanted(chain)))
        return tuple(found)

    # --- the document ----------------------------------------------------------------------------

    def document(self) -> Document:
        """The whole solution."""
        return Document(self.title, tuple(self.blocks()))

    @property
    def prose(self) -> list[str]:
        """The prose of the file."""
        return [s.text for s in self.file.statements if isinstance(s, tree.Prose)]

    @property
    def title(self) -> str:
        """The first line of prose, or the name of the file."""
        if self.prose and len(self.prose[0]) <= LONGEST_TITLE:
            return self.prose[0].rstrip(".")
        stem = self.source.name.replace("\\", "/").rpartition("/")[2].removesuffix(".derive")
        if stem.startswith("<"):
            return "Solution"
        return stem.replace("_", " ").capitalize() or "Solution"

    def blocks(self) -> Iterator[Block]:
        """The parts in order."""
        for text in self.prose:
            if text.rstrip(".") != self.title:
                yield Para((text,))
        yield from given(self.notation, self.file)
        names = used_by(self.engine.model, tuple(self.engine.model.definitions))
        own = [n for n in names if n in self.needed]
        yield from Forward(self.notation, self.file).blocks(tuple(own))
        for chain, wanted in self.chains:
            figure = graph(chain, self.notation, wanted) if wanted else None
            if figure is not None:
                yield figure
        values = {
            d.name.id: d.value for s in self.file.statements for d in definitions(s) if d.value
        }
        lemmas = Lemmas(self.notation, values)
        for chain, wanted in self.chains:
            for name in (*chain.between(wanted), *wanted):
                node = chain.node(name)
                if node is not None:
                    lemmas.collect(chain, node)
        if self.detail != "brief":
            yield from lemmas.blocks()
        for chain, wanted in self.chains:
            if wanted:
                yield from Gradients(chain, self.notation, lemmas, self.detail).blocks(wanted)
                yield from self.numbers(chain, wanted)
        yield from self.statements.blocks(self.file)

    @property
    def statements(self) -> Statements:
        """What is claimed, with the verdicts."""
        about = [*self.targets, *(n for n, d in self.model.definitions.items() if not d.hidden)]
        chain = Chain(self.engine, about[0], Written.of(self.file)) if about else None
        carried = None if chain is None else Continuation(chain)
        return Statements(self.notation, self.outcomes, self.settings.strict, carried)

    @cached_property
    def needed(self) -> frozenset[str]:
        """The definitions that are shown: those of the file, and what the losses rest on."""
        own = {n for n, d in self.model.definitions.items() if not d.hidden}
        return frozenset(own | set(used_by(self.model, self.targets)))

    @cached_property
    def judge(self) -> Judge:
        """Numbers of the model."""
        return Judge(self.model, self.settings)

    def numbers(self, chain: Chain, wanted: tuple[str, ...]) -> Iterator[Block]:
        """The gradients beside finite differences."""
        found = compare(self.judge, chain.loss, wanted)
        if found is None or not found.rows:
            return
        yield Heading(2, ("Check by numbers",))
        values = [pair for pair in found.values if pair[0] in chain.uses]
        point = [f"{name} = {size}" for name, size in found.sizes]
        point += [f"{name} = {text}" for name, text in values]
        yield Para(("At ", Code(", ".join(point)), ":"))
        header: tuple[Text, ...] = (("entry",), ("closed form",), ("finite difference",))
        yield Grid(header, tuple(self.rows(chain, found)))
        if found.left_out:
            yield Para((f"{found.left_out} more entries agree as well.",))

    def rows(self, chain: Chain, found: Comparison) -> Iterator[tuple[Text, ...]]:
        """The entries that were compared."""
        for one in found.rows:
            left = chain.quotient(chain.loss, (), one.by, ())
            formula = self.notation.formula(left)
            if one.place:
                places = listed([Num(str(k)) for k in one.place])
                formula = Script(bracketed(formula), places)
            yield (Math(formula),), (one.formula,), (one.finite,)

    def errata(self) -> FileOutcome:
        """The outcomes of the file."""
        return FileOutcome(self.source.name, self.outcomes, tuple(self.model.errors))
