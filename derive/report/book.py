"""A folder as a book: contents, a chapter for each file, and at the end what was printed wrong."""

from collections.abc import Iterator, Sequence

from derive.check.outcome import Outcome
from derive.check.verdict import Refuted
from derive.report.blocks import Block, Chapter, Code, Contents, Document, Grid, Para, Text, deeper
from derive.report.errata import mentioned
from derive.report.solution.solution import Solution

ERRATA = "Errata"


def book(title: str, solutions: Sequence[Solution]) -> Document:
    """The book of some solutions, in this order."""
    chapters = [solution.document for solution in solutions]
    errata = tuple(printed_wrong(solutions))
    titles = tuple(chapter.title for chapter in chapters) + ((ERRATA,) if errata else ())
    blocks: list[Block] = [Contents(titles)]
    for number, chapter in enumerate(chapters, start=1):
        blocks += [Chapter(number, chapter.title), *deeper(chapter.blocks)]
    if errata:
        blocks += [Chapter(len(titles), ERRATA), *errata]
    return Document(title, tuple(blocks))


def printed_wrong(solutions: Sequence[Solution]) -> Iterator[Block]:
    """The statements whose names say what is printed, and that were found to be as they say."""
    rows = [
        row(solution.document.title, outcome)
        for solution in solutions
        for outcome in solution.builder.outcomes
        if outcome.statement.name
        and mentioned(outcome.statement.name)
        and outcome.succeeds(solution.builder.settings.strict)
    ]
    if rows:
        yield Para(("What the sources print wrong, each with the statement that shows it.",))
        yield Grid((("where",), ("what",), ("statement",), ("verdict",)), tuple(rows))


def row(title: str, outcome: Outcome) -> tuple[Text, ...]:
    """One line of the errata."""
    statement = outcome.statement
    kind = "refuted" if isinstance(outcome.verdict, Refuted) else "proved"
    said = statement.read_as or statement.text
    text = said if len(said) < 120 else f"{said[:119]}…"
    return (f"{title}, line {statement.line}",), (statement.name or "",), (Code(text),), (kind,)
