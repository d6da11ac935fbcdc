"""A report as JUnit XML: a test suite for each file, a test case for each statement."""

from xml.etree import ElementTree as ET

from derive.check.outcome import FileOutcome, Outcome
from derive.check.verdict import Erroneous, headline
from derive.diagnostics.diagnostic import Diagnostic
from derive.diagnostics.render import render as render_diagnostic
from derive.report.document import Report
from derive.report.frames import frame


def render(report: Report) -> str:
    """The report as text."""
    root = ET.Element("testsuites", name="derive", time=f"{report.seconds:.3f}")
    for file in report.files:
        root.append(_suite(file, report.strict))
    for count in ("tests", "failures", "errors"):
        root.set(count, str(sum(int(suite.get(count, "0")) for suite in root)))
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suite(file: FileOutcome, strict: bool) -> ET.Element:
    cases = [_statement(outcome, strict) for outcome in file.outcomes]
    cases += [_error(diagnostic) for diagnostic in file.faults]
    seconds = sum(outcome.seconds for outcome in file.outcomes)
    suite = ET.Element("testsuite", name=_clean(file.name), time=f"{seconds:.3f}")
    suite.set("tests", str(len(cases)))
    suite.set("failures", str(sum(case.find("failure") is not None for case in cases)))
    suite.set("errors", str(sum(case.find("error") is not None for case in cases)))
    suite.extend(cases)
    return suite


def _statement(outcome: Outcome, strict: bool) -> ET.Element:
    statement = outcome.statement
    title = f"line {statement.line}: {statement.name or statement.text}"
    case = _case(statement.file, title, outcome.seconds)
    if not outcome.succeeds(strict):
        is_error = isinstance(outcome.verdict, Erroneous) or outcome.is_internal
        tag = "error" if is_error else "failure"
        problem = ET.SubElement(case, tag, message=_clean(headline(outcome.verdict)))
        problem.text = _clean(render_diagnostic(frame(outcome)))
    return case


def _error(diagnostic: Diagnostic) -> ET.Element:
    span = diagnostic.span
    case = _case(span.source.name, f"line {span.line}: {diagnostic.code}", 0.0)
    problem = ET.SubElement(case, "error", message=_clean(diagnostic.message))
    problem.text = _clean(render_diagnostic(diagnostic))
    return case


def _case(file: str, title: str, seconds: float) -> ET.Element:
    return ET.Element("testcase", classname=_clean(file), name=_clean(title), time=f"{seconds:.3f}")


def _clean(text: str) -> str:
    """Without the characters that XML has no way to write."""
    return "".join(c if c in "\t\n" or " " <= c <= "\ud7ff" or c > "\ue000" else "?" for c in text)
