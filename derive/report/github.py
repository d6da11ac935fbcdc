"""A report as workflow commands, which GitHub shows beside the lines of a change."""

from derive.diagnostics.diagnostic import Diagnostic, Severity
from derive.report.document import Report
from derive.report.frames import frame
from derive.report.terminal import summary


def render(report: Report) -> str:
    """The report as text: a command for each problem, then the count."""
    problems = [diagnostic for file in report.files for diagnostic in file.errors]
    problems += [frame(outcome) for outcome in report.failed]
    return "\n".join([*map(_command, problems), summary(report)]) + "\n"


def _command(diagnostic: Diagnostic) -> str:
    source = diagnostic.span.source
    line, column = source.position(diagnostic.span.start)
    end, end_column = source.position(max(diagnostic.span.start, diagnostic.span.end - 1))
    level = "warning" if diagnostic.severity is Severity.WARNING else "error"
    place = f"file={_property(source.name)},line={line},endLine={end},col={column}"
    place += f",endColumn={end_column + 1}" if end == line else ""
    title = _property(f"{diagnostic.severity.value}[{diagnostic.code}]")
    text = "\n".join([diagnostic.message, *diagnostic.notes, *diagnostic.helps])
    return f"::{level} {place},title={title}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
