"""What a person claimed, line by line, with the verdict on each."""

import re
from collections.abc import Iterator
from dataclasses import replace

from derive.check.outcome import Outcome
from derive.check.verdict import (
    Counterexample,
    Erroneous,
    HoldsNumerically,
    Proved,
    ProvedFor,
    ProvedIf,
    Refuted,
    Undecided,
    headline,
    verdict_name,
)
from derive.diagnostics.diagnostic import Diagnostic
from derive.report.blocks import (
    Badge,
    Block,
    Code,
    Display,
    Equation,
    Grid,
    Heading,
    Inline,
    Judged,
    Math,
    Para,
    Strong,
    Text,
)
from derive.report.formula import Formula, Op, Row, row, width
from derive.report.solution.continuation import Continuation
from derive.report.solution.notation import Notation, relation_of
from derive.syntax import tree
from derive.syntax.show import show
from derive.syntax.tree import Expression

DERIVED = re.compile(r"^derive finds (?P<relation>.*?)(?:, using: (?P<facts>.*))?$")
WIDEST = 120.0
INLINE = 20.0
ONE_LINE = 36.0
CELL = 24.0
SIGNS = frozenset("=≤≥<>≈≠")
LONGEST = 200
VALUE = "it is "
BEFORE = "(the line before)"
TICKED = re.compile(r"`([^`]*)`")


class Statements:
    """Writes the judged statements of a file."""

    def __init__(
        self,
        notation: Notation,
        outcomes: tuple[Outcome, ...],
        strict: bool,
        continuation: Continuation | None = None,
    ) -> None:
        self.notation = notation
        self.continuation = continuation
        self.outcomes = outcomes
        self.strict = strict

    def blocks(self, file: tree.File) -> Iterator[Block]:
        """All statements, in the order of the file."""
        kept = [block for item in file.statements for block in self.statement(item)]
        if kept:
            yield Heading(1, ("What was claimed",))
            yield from kept

    def statement(self, item: tree.Statement) -> Iterator[Block]:
        """One statement."""
        match item:
            case tree.Claim():
                for outcome in self.found(item):
                    yield self.verdict(outcome, self.claim(item, outcome), ())
            case tree.Expect() | tree.LatexExpect():
                yield from self.expectations(item)
            case tree.Derivation() | tree.LatexDerivation():
                yield from self.derivation(item)
            case tree.Case(name=name, body=body):
                given = [f"{s.name.id} = {s.value.span.text}" for s in item.given]
                yield Para((Strong(f"Case: {name}."), " Given ", Code(", ".join(given)), "."))
                for inner in body:
                    if not isinstance(inner, tree.Iterate):
                        yield from self.expectations(inner)

    def found(self, item: tree.Tree) -> list[Outcome]:
        """What is found of a statement; a chain `a = b = c` has an outcome for each relation."""
        return [o for o in self.outcomes if o.statement.span.start == item.span.start]

    def expectations(self, item: tree.Expect | tree.LatexExpect) -> Iterator[Judged]:
        """`expect` with its verdict."""
        for outcome in self.found(item):
            yield self.verdict(outcome, self.expected(item, outcome), ())

    def verdict(self, outcome: Outcome, text: Text, more: Text) -> Judged:
        """The verdict on a statement that is written so."""
        verdict = outcome.verdict
        badge = Badge(verdict_name(verdict), headline(verdict))
        failed = not outcome.succeeds(self.strict)
        head, blocks = laid_out((*text, *self.used(outcome)))
        head, below = ((*head, *more), blocks) if not blocks else (head, (*blocks, *said(more)))
        return Judged(badge, head, (*below, *self.explained(outcome)), failed)

    def claim(self, item: tree.Claim, outcome: Outcome) -> Text:
        """`claim "name": ...`."""
        made = self.labelled(item.label, item.kind)
        made += self.sides(item, item.relation, outcome)
        for k, substitution in enumerate(item.at):
            sides = tree.Comparison(item.span, "=", substitution.name, substitution.value)
            made += [" at " if not k else ", ", Math(self.notation.typesetter.relation(sides))]
        if item.domain is not None:
            made += self.notation.domain(item.domain)
        return tuple(made)

    def labelled(self, label: str | None, kind: str) -> list[Inline]:
        """The name of a statement, and that it is said to be false."""
        made: list[Inline] = [Strong(label), ": "] if label else []
        return [*made, "it is not true that "] if kind == "refute" else made

    def sides(
        self, item: tree.Tree, relation: tree.Comparison | None, outcome: Outcome
    ) -> list[Inline]:
        """A relation; of a formula between dollar signs what it was understood to say."""
        if relation is None and outcome.statement.read_as is not None:
            relation = relation_of(outcome.statement.read_as)
        if relation is None:
            return [Code(" ".join(item.span.text.split()))]
        formula = self.notation.relation(relation)
        if width(formula) < WIDEST:
            return [Math(formula)]
        text = f"{show(relation.left)} {relation.op} {show(relation.right)}"
        return [Code(text if len(text) < LONGEST else f"{text[:LONGEST]}…")]

    def expected(self, item: tree.Expect | tree.LatexExpect, outcome: Outcome) -> Text:
        """`expect ...`."""
        relation = None
        if isinstance(item, tree.Expect):
            relation = tree.Comparison(item.span, item.op, item.left, item.right)
        return tuple(self.labelled(item.label, item.kind) + self.sides(item, relation, outcome))

    def derivation(self, item: tree.Derivation | tree.LatexDerivation) -> Iterator[Block]:
        """A derivation, line by line; the first wrong step is marked."""
        name: Text = (Strong(item.label), ": ") if item.label else ()
        head: Inline = "a formula"
        if not isinstance(item.head, tree.Formula):
            head = self.notation.math(item.head)
        yield Para((*name, "Derivation of ", head, "."))
        broken = False
        for number, outcome in enumerate(self.steps(item), start=1):
            statement = outcome.statement
            right = relation_of(f"0 {statement.read_as or statement.text}")
            text: list[Inline] = [Code(statement.text)]
            if right is not None:
                equal = Op("=", tight=True)
                text = [Math(row(equal, self.notation.formula(right.right)))]
            if statement.reason:
                text.append(f" ({statement.reason})")
            wrong = not outcome.succeeds(self.strict)
            more: Text = ()
            if wrong and not broken:
                more = (" ", Strong(f"Step {number} is the first that fails."))
            elif broken and not wrong:
                more = (" It follows from the line before, which rests on the failed step.",)
            judged = self.verdict(outcome, tuple(text), more)
            verdict = outcome.verdict
            if wrong and not broken and isinstance(verdict, Refuted) and not verdict.derived:
                judged = replace(judged, blocks=(*judged.blocks, *self.right(item, number)))
            broken = broken or wrong
            yield judged

    def right(self, item: tree.Derivation | tree.LatexDerivation, number: int) -> Iterator[Block]:
        """How a derivation goes on in place of its first wrong step."""
        before = self.before(item, number)
        if before is None or self.continuation is None:
            return
        line = self.continuation.after(before, item.domain)
        if line is not None:
            formula = self.notation.typesetter.relation(
                tree.Comparison(item.span, "=", before, line.value)
            )
            facts = (", as ", *self.notation.facts(line.facts)) if line.facts else ()
            head, blocks = laid_out(("The right continuation is ", Math(formula), *facts, "."))
            yield from (Para(head), *blocks)

    def before(
        self, item: tree.Derivation | tree.LatexDerivation, number: int
    ) -> Expression | None:
        """The line before a step."""
        if number > 1:
            statement = self.steps(item)[number - 2].statement
            found = relation_of(f"0 {statement.read_as or statement.text}")
            return None if found is None else found.right
        return None if isinstance(item.head, tree.Formula) else item.head

    def steps(self, item: tree.Derivation | tree.LatexDerivation) -> list[Outcome]:
        """The outcomes of a derivation's lines."""
        ends = [step.span.end for step in item.steps]
        stop = max([item.span.end, *ends])
        found = [o for o in self.outcomes if item.span.start <= o.statement.span.start < stop]
        return [o for o in found if o.statement.kind == "step"]

    # --- what is said about a verdict ------------------------------------------------------------

    def used(self, outcome: Outcome) -> Text:
        """What a proof used and what it leaves out."""
        match outcome.verdict:
            case (
                Proved(facts=facts, conditions=conditions)
                | ProvedFor(facts=facts, conditions=conditions)
            ):
                made: list[Inline] = []
                if facts:
                    made += [", as ", *self.notation.facts(facts)]
                if conditions:
                    made += [", where ", *self.notation.where(conditions)]
                return tuple(made)
        return ()

    def explained(self, outcome: Outcome) -> Iterator[Block]:
        """Why a statement is false, or not settled."""
        match outcome.verdict:
            case Refuted(problem=problem, counterexample=found, derived=derived, hint=hint):
                if problem is not None:
                    yield from self.problem(problem)
                if found is not None:
                    yield from self.counterexample(found)
                if derived:
                    head, blocks = laid_out(self.derived(derived))
                    yield from (Para(head), *blocks)
                if hint:
                    yield Para(self.hint(hint))
            case ProvedIf(counterexample=found) if found is not None:
                yield Para(("Without that it is false:",))
                yield from self.counterexample(found)
            case Undecided(problem=problem) if problem is not None:
                yield from self.problem(problem)
            case Erroneous(problem=problem):
                yield from self.problem(problem)
            case HoldsNumerically():
                yield Para(("The numbers agree; that is no proof.",))

    def problem(self, problem: Diagnostic) -> Iterator[Block]:
        """A diagnostic in words."""
        for note in (problem.message, *problem.notes, *problem.helps):
            yield Para(sentence(ticked(note)))

    def hint(self, text: str) -> Text:
        """What may have gone wrong; a value as a formula."""
        value = relation_of(f"0 = {text.removeprefix(VALUE)}") if text.startswith(VALUE) else None
        if value is None:
            return sentence(ticked(text))
        return ("It is ", self.notation.math(value.right), ".")

    def derived(self, text: str) -> Text:
        """What holds instead."""
        match = DERIVED.match(text)
        if match is None:
            return sentence(ticked(text))
        relation = relation_of(match["relation"])
        if relation is None:
            return (Code(text),)
        formula = Math(self.notation.relation(relation))
        facts = self.notation.facts((match["facts"] or "").split(", ")) if match["facts"] else ()
        return ("Right is ", formula, *((", as ", *facts) if facts else ()), ".")

    def side(self, text: str) -> Inline:
        """One side of a relation at a place, as a formula where it is not too wide."""
        if text.startswith(BEFORE):
            return f"the line before{text.removeprefix(BEFORE)}"
        relation = relation_of(f"0 = {text}")
        if relation is None:
            return text if text.startswith("finite") else Code(text)
        formula = self.notation.formula(relation.right)
        return Math(formula) if width(formula) <= CELL else Code(text)

    def counterexample(self, found: Counterexample) -> Iterator[Block]:
        """The numbers at which both sides differ."""
        point = [f"{name} = {size}" for name, size in found.sizes]
        point += [f"{name} = {text}" for name, text in found.values]
        if point:
            yield Para(("At ", Code(", ".join(point)), ":"))
        rows = [found.left, found.right, *([found.finite] if found.finite else [])]
        cells = tuple(
            ((self.side(r.text),), (r.decimal,), (f"below {r.error}" if r.error else "exact",))
            for r in rows
        )
        yield Grid((("side",), ("value",), ("error",)), cells)


def laid_out(text: Text) -> tuple[Text, tuple[Block, ...]]:
    """A line of text, and what stands below it: formulas that are too wide for it."""
    for place, part in enumerate(text):
        if isinstance(part, Math) and width(part.formula) > INLINE:
            rest, below = laid_out(text[place + 1 :])
            *lines, last = equations(part.formula)
            if below or not any(rest) or rest == (".",):
                return text[:place], (Display((*lines, last)), *said(rest), *below)
            return text[:place], (Display((*lines, replace(last, note=beside(rest)))),)
    return text, ()


def said(text: Text) -> Iterator[Para]:
    """A paragraph, if there is anything to say."""
    words = (text[0].lstrip(" ,"), *text[1:]) if text and isinstance(text[0], str) else text
    if any(words) and words != (".",):
        yield Para(words)


def beside(text: Text) -> Text:
    """What follows a formula in a line, as a note beside it; a note has brackets of its own."""
    first, *rest = text
    if isinstance(first, str):
        inside = re.fullmatch(r" \((.*)\)", first)
        first = inside[1] if inside is not None else first.lstrip(" ,")
    if rest and rest[-1] == ".":
        rest.pop()
    return (first, *rest) if first else tuple(rest)


def equations(formula: Formula) -> tuple[Equation, ...]:
    """A relation as a display; a wide left side on a line of its own."""
    if isinstance(formula, Row):
        for place, part in enumerate(formula.parts):
            if isinstance(part, Op) and part.sign in SIGNS:
                left, right = formula.parts[:place], formula.parts[place + 1 :]
                made = row(*left) if left else None
                if made is None or width(made) <= INLINE or width(formula) <= ONE_LINE:
                    return (Equation(made, part.sign, row(*right)),)
                return Equation(None, "", made), Equation(None, part.sign, row(*right))
    return (Equation(None, "", formula),)


def sentence(text: Text) -> Text:
    """Words with a capital letter in front and a full stop."""
    first, last = text[0], text[-1]
    made = list(text)
    if isinstance(first, str):
        made[0] = first[:1].upper() + first[1:]
    if not isinstance(last, str) or not last.endswith((".", "?", "!", ":")):
        made.append(".")
    return tuple(made)


def ticked(text: str) -> Text:
    """Words with code between backticks."""
    parts = TICKED.split(" ".join(text.split()))
    return tuple(Code(p) if k % 2 else p for k, p in enumerate(parts) if p)
