"""Why a statement failed, as a diagnostic: facts as notes, and what was checked to help."""

from dataclasses import replace
from typing import assert_never

from derive.check.outcome import INTERNAL, Outcome
from derive.check.verdict import (
    Counterexample,
    Erroneous,
    HoldsNumerically,
    Proved,
    ProvedFor,
    ProvedIf,
    Refuted,
    Undecided,
    Value,
)
from derive.diagnostics.diagnostic import Diagnostic, Severity

_REPORT_BUG = "this is a defect of derive, not of the file: please report it with the file"


def frame(outcome: Outcome) -> Diagnostic:
    """What there is to say about a statement that did not get what it says."""
    read_as, found = outcome.statement.read_as, _frame(outcome)
    return found if read_as is None else replace(found, notes=(f"read as {read_as}", *found.notes))


def _frame(outcome: Outcome) -> Diagnostic:
    statement, verdict = outcome.statement, outcome.verdict
    span = statement.place
    what = f'"{statement.name}"' if statement.name else f"this {_noun(statement.kind)}"
    match verdict:
        case Proved() | ProvedFor():
            return Diagnostic(
                Severity.REFUTED,
                "refute",
                f"{what} says that this is false, but it is proved",
                span,
                "holds",
                notes=_evidence(verdict.facts, verdict.conditions),
            )
        case ProvedIf(missing=missing):
            return _proved_if(outcome, verdict, f"{what} holds only if {', '.join(missing)}")
        case HoldsNumerically(points=points, digits=digits):
            agreed = f"both sides agree at {points} point{'s'[: points != 1]}, to {digits} digits"
            if statement.kind == "refute":
                message = f"{what} says that this is false, but no counterexample was found"
            else:
                message = f"{what} agrees with the numbers, but there is no proof"
            return Diagnostic(Severity.UNDECIDED, "no-proof", message, span, "", notes=(agreed,))
        case Refuted():
            return _refuted(outcome, verdict, what)
        case Undecided(problem=problem) | Erroneous(problem=problem) if problem is not None:
            return problem
        case Undecided(reason=reason, code=code):
            helps = (_REPORT_BUG,) if code == INTERNAL else ()
            message = f"neither proved nor refuted: {reason}"
            return Diagnostic(Severity.UNDECIDED, code, message, span, helps=helps)
        case Erroneous():
            raise AssertionError("an error has its diagnostic")
        case _:
            assert_never(verdict)


def _noun(kind: str) -> str:
    return {"step": "step", "expect": "value", "refute": "statement"}.get(kind, "claim")


def _proved_if(outcome: Outcome, verdict: ProvedIf, message: str) -> Diagnostic:
    notes = list(_evidence(verdict.facts, verdict.conditions))
    if verdict.counterexample:
        notes.insert(0, "without it, " + counterexample_note(verdict.counterexample))
    helps = tuple(f"if it is so, say `assume {fact}`" for fact in verdict.missing[:1])
    if len(verdict.missing) > 1:
        helps = ("if they are so, say `assume` for each",)
    return Diagnostic(
        Severity.UNDECIDED,
        "proved-if",
        message,
        outcome.statement.place,
        "needs a fact that nobody declared",
        notes=tuple(notes),
        helps=helps,
    )


def _refuted(outcome: Outcome, verdict: Refuted, what: str) -> Diagnostic:
    statement, found = outcome.statement, verdict.counterexample
    if verdict.problem is not None:
        return verdict.problem
    code = {"step": "step", "expect": "expect"}.get(statement.kind, "claim")
    label = ""
    if found is not None:
        place = ", ".join(str(number) for _, number in found.entry)
        label = f"differs at entry [{place}]" if place else "differs"
    notes = []
    if found is not None:
        notes.append(counterexample_note(found))
    if verdict.derived:
        notes.append(verdict.derived)
    return Diagnostic(
        Severity.REFUTED,
        code,
        f"{what} is false" if found is not None else verdict.message,
        statement.place,
        label,
        notes=tuple(notes),
        helps=(verdict.hint,) if verdict.hint else (),
    )


def counterexample_note(found: Counterexample) -> str:
    """The point, then the numbers under each other with their error bounds."""
    point = [f"{name} = {size}" for name, size in found.sizes]
    point += [f"{name} = {text}" for name, text in found.values]
    head = f"at {', '.join(point)}:" if point else "the two sides:"
    rows = [found.left, found.right]
    if found.finite is not None:
        rows.append(found.finite)
    return "\n".join([head, *aligned(rows)])


def aligned(rows: list[Value]) -> list[str]:
    """`text = number (error below bound)`, the equals signs and points under each other."""
    width = max(len(row.text) for row in rows)
    signed = [row.decimal if row.decimal[:1] in "+-" else f" {row.decimal}" for row in rows]
    if all(text[0] == " " for text in signed):
        signed = [text[1:] for text in signed]
    room = max(map(len, signed))
    lines = []
    for row, number in zip(rows, signed, strict=True):
        bound = f"   (error below {row.error})" if row.error else ""
        lines.append(f"  {row.text:<{width}} = {number:<{room}}{bound}".rstrip())
    return lines


def _evidence(facts: tuple[str, ...], conditions: tuple[str, ...]) -> tuple[str, ...]:
    notes = []
    if facts:
        notes.append(f"using: {', '.join(facts)}")
    if conditions:
        notes.append(f"where {', '.join(conditions)}")
    return tuple(notes)
