"""A report for a person: one line per statement, a frame for each that fails, and a count."""

from collections.abc import Iterator

from derive.check.outcome import FileOutcome, Outcome
from derive.check.verdict import (
    HoldsNumerically,
    Proved,
    ProvedFor,
    ProvedIf,
    Refuted,
    Undecided,
    Verdict,
    headline,
)
from derive.diagnostics.diagnostic import Diagnostic
from derive.diagnostics.render import clean
from derive.diagnostics.render import render as render_diagnostic
from derive.report.document import Report
from derive.report.frames import frame

_WIDEST = 22
_LONGEST = 100
_FORMULA = 64
DEPENDS = "depends"
_GOOD, _BAD, _UNSURE = "32", "31", "33"


def render(report: Report, colour: bool = False, verbose: bool = False) -> str:
    """The whole report as text."""
    parts = [render_file(file, report.strict, colour, verbose) for file in report.files]
    text = "\n".join(part for part in parts if part)
    gap = "\n\n" if "\n\n" in text else "\n" if text else ""
    return f"{text}{gap}{summary(report, colour)}\n"


def render_file(
    file: FileOutcome, strict: bool, colour: bool = False, verbose: bool = False
) -> str:
    """The lines of one file, then the frames of what failed in it."""
    lines = list(_lines(file, strict, colour))
    diagnostics = [*file.errors]
    for outcome in file.outcomes:
        shown = isinstance(outcome.verdict, Refuted) and verbose
        if shown or not outcome.succeeds(strict):
            diagnostics.append(frame(outcome))
    frames = [render_diagnostic(d, colour=colour) for d in _once(diagnostics)]
    return "\n".join(lines + [part for text in frames for part in ("", text.rstrip("\n"))])


def _once(diagnostics: list[Diagnostic]) -> Iterator[Diagnostic]:
    """One cause, one message: of what depends on it only the first is shown."""
    seen: list[Diagnostic | str] = []
    for diagnostic in diagnostics:
        key = diagnostic.message if diagnostic.code == DEPENDS else diagnostic
        if key not in seen:
            seen.append(key)
            yield diagnostic


def _lines(file: FileOutcome, strict: bool, colour: bool) -> Iterator[str]:
    rows = [(clean(f"{o.statement.file}:{o.statement.line}"), _short(o), o) for o in file.outcomes]
    place_width = max((len(place) for place, _, _ in rows), default=0)
    width = max((len(short) for _, short, _ in rows if len(short) <= _WIDEST), default=0)
    for place, short, outcome in rows:
        code = _colour_of(outcome, strict)
        text = f"{short:<{width}}"
        padded = f"\x1b[{code}m{short}\x1b[0m{text[len(short) :]}" if colour else text
        yield f"{place:<{place_width}}  {padded}  {_title(outcome)}".rstrip()


def _short(outcome: Outcome) -> str:
    """The verdict in a line; reasons are left to the frame where they are long."""
    verdict = outcome.verdict
    if isinstance(verdict, Undecided) and len(verdict.reason) > _WIDEST - len("undecided: "):
        return "undecided"
    if isinstance(verdict, HoldsNumerically):
        return "holds numerically"
    return headline(verdict)


def _title(outcome: Outcome) -> str:
    statement, verdict = outcome.statement, outcome.verdict
    text = statement.text
    if statement.name and statement.name not in text:
        text = f"{statement.name}: {text}"
    longest = _LONGEST if statement.read_as is None else _FORMULA
    if len(text) > longest:
        text = text[: longest - 1] + "…"
    if statement.read_as is not None:
        text = f"{text}   (read as {statement.read_as})"
    if statement.kind == "refute" and statement.case is not None:
        derived = verdict.derived if isinstance(verdict, Refuted) else None
        text = f"{text}   ({derived})" if derived else text
    return clean(text) + _evidence(verdict)


def _evidence(verdict: Verdict) -> str:
    """What a proof used and what it leaves out; of what is not judged, why."""
    if isinstance(verdict, Undecided) and verdict.code == DEPENDS:
        return f"   ({verdict.reason})"
    if not isinstance(verdict, Proved | ProvedFor):
        return ""
    using = f"using {', '.join(verdict.facts)}" if verdict.facts else ""
    where = f"where {', '.join(verdict.conditions)}" if verdict.conditions else ""
    both = "; ".join(part for part in (using, where) if part)
    return f"   ({both})" if both else ""


def _colour_of(outcome: Outcome, strict: bool) -> str:
    if outcome.succeeds(strict):
        return _UNSURE if isinstance(outcome.verdict, HoldsNumerically) else _GOOD
    return _UNSURE if isinstance(outcome.verdict, Undecided | ProvedIf) else _BAD


def summary(report: Report, colour: bool = False) -> str:
    """The last line: how many statements have each verdict."""
    names = {"error": "errors" if report.counts.get("error", 0) != 1 else "error"}
    counts = [
        f"{number} {names.get(name, name.replace('-', ' '))}"
        for name, number in report.counts.items()
    ]
    confirmed = sum(outcome.by_oracle for outcome in report.statements)
    if confirmed:
        counts.append(f"{confirmed} confirmed by SymPy on components")
    total = len(report.statements)
    failed = len(report.failed)
    files = f"{len(report.files)} file{'s'[: len(report.files) != 1]}"
    head = f"{total} statement{'s'[: total != 1]} in {files}: {', '.join(counts) or 'none judged'}"
    if report.ok:
        tail = "all succeed" if total else "nothing to judge"
    elif failed:
        tail = f"{failed} fail{'s'[: failed == 1]}"
    else:
        tail = "the file has errors" if len(report.files) == 1 else "files have errors"
    line = f"{head}; {tail} ({report.seconds:.2f} s)"
    return f"\x1b[1;{_GOOD if report.ok else _BAD}m{line}\x1b[0m" if colour else line
