"""A report as JSON: one object, for machines."""

import json
from typing import Any

from derive.check.outcome import Outcome
from derive.check.verdict import (
    Counterexample,
    HoldsNumerically,
    Proved,
    ProvedFor,
    ProvedIf,
    Refuted,
    Undecided,
    Value,
    headline,
    verdict_name,
)
from derive.diagnostics.diagnostic import Diagnostic
from derive.report.document import Report

VERSION = 1


def render(report: Report) -> str:
    """The report as text."""
    return json.dumps(document(report), ensure_ascii=False, indent=2)


def document(report: Report) -> dict[str, Any]:
    """The report as plain data."""
    return {
        "version": VERSION,
        "statements": [_statement(o, report.strict) for o in report.statements],
        "errors": [_diagnostic(d) for d in report.errors],
        "counts": report.counts,
        "seconds": round(report.seconds, 6),
    }


def _statement(outcome: Outcome, strict: bool) -> dict[str, Any]:
    statement, verdict = outcome.statement, outcome.verdict
    proof = verdict if isinstance(verdict, Proved | ProvedFor | ProvedIf) else None
    refuted = verdict if isinstance(verdict, Refuted) else None
    found = verdict.counterexample if isinstance(verdict, Refuted | ProvedIf) else None
    fields: dict[str, Any] = {
        "file": statement.file,
        "line": statement.line,
        "kind": statement.kind,
        "name": statement.name,
        "text": statement.text,
        "read_as": statement.read_as,
        "verdict": verdict_name(verdict),
        "ok": outcome.succeeds(strict),
        "headline": headline(verdict),
        "sizes": list(verdict.sizes) if isinstance(verdict, ProvedFor) else [],
        "missing": list(verdict.missing) if isinstance(verdict, ProvedIf) else [],
        "facts": list(proof.facts) if proof is not None else [],
        "conditions": list(proof.conditions) if proof is not None else [],
        "counterexample": _counterexample(found) if found else None,
        "derived": refuted.derived if refuted is not None else None,
        "hint": refuted.hint if refuted is not None else None,
        "oracle": outcome.by_oracle,
        "seconds": round(outcome.seconds, 6),
    }
    if isinstance(verdict, Undecided):
        fields |= {"reason": verdict.reason, "code": verdict.code}
    if isinstance(verdict, HoldsNumerically):
        fields |= {"points": verdict.points, "digits": verdict.digits}
    return fields


def _counterexample(found: Counterexample) -> dict[str, Any]:
    return {
        "sizes": dict(found.sizes),
        "values": dict(found.values),
        "entry": dict(found.entry),
        "left": _value(found.left),
        "right": _value(found.right),
        "finite_difference": _value(found.finite) if found.finite else None,
    }


def _value(value: Value) -> dict[str, str]:
    return {"text": value.text, "value": value.decimal, "error": value.error}


def _diagnostic(diagnostic: Diagnostic) -> dict[str, Any]:
    source = diagnostic.span.source
    line, column = source.position(diagnostic.span.start)
    return {
        "file": source.name,
        "line": line,
        "column": column,
        "severity": diagnostic.severity.value,
        "code": diagnostic.code,
        "message": diagnostic.message,
        "label": diagnostic.label,
        "notes": list(diagnostic.notes),
        "helps": list(diagnostic.helps),
    }
