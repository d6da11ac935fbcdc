"""What documents print wrong: a table for each folder, of the statements that say `printed`.

A name such as `"Q4(c), printed with two heads; there are four"` gives the item, what is printed,
and after a semicolon what is right in words. Without such words a `refute` shows what was found in
its place, and a `claim` what it claims.
"""

import re
from itertools import groupby
from pathlib import PurePath

from derive.check.outcome import Outcome
from derive.check.verdict import Counterexample, Refuted, headline
from derive.report.document import Report

_MARK = re.compile(r"\bprinted\b")
_FOUND = re.compile(r"^(it is|derive finds) ")
_HEAD = "| item | printed | right | evidence |\n|---|---|---|---|"


def mentioned(text: str) -> bool:
    """Whether a file, or the name of a statement, speaks of what is printed."""
    return _MARK.search(text) is not None


def render(report: Report, title: str) -> str:
    """All that is printed wrong, as Markdown: folder by folder, in the order of the report."""
    found = [
        o
        for o in report.statements
        if o.statement.name and mentioned(o.statement.name) and o.succeeds(report.strict)
    ]
    parts = [f"# {title}"]
    for folder, group in groupby(found, key=lambda o: PurePath(o.statement.file).parent.name):
        rows = [_row(outcome) for outcome in group]
        parts.append(f"## {folder.replace('_', ' ')} ({len(rows)})\n\n{_HEAD}\n" + "\n".join(rows))
    return "\n\n".join(parts) + "\n"


def _row(outcome: Outcome) -> str:
    statement = outcome.statement
    item, _, note = (statement.name or "").partition(",")
    note, _, words = note.partition(";")
    code = f"`{statement.text}`"
    refuted = outcome.verdict if isinstance(outcome.verdict, Refuted) else None
    printed = note.strip()
    if refuted is not None:
        printed = f"{printed}: {code}" if printed else code
    right = words.strip() or (code if refuted is None else _right(refuted))
    place = f"{PurePath(statement.file).name}:{statement.line}"
    cells = (item, printed, right, f"{_evidence(outcome)} ({place})")
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _right(refuted: Refuted) -> str:
    """What holds instead, as far as it was found."""
    if refuted.derived:
        return f"`{_FOUND.sub('', refuted.derived).split(', using: ')[0]}`"
    if refuted.counterexample is not None:
        left = refuted.counterexample.left
        at = " at the point" if _point(refuted.counterexample) else ""
        return f"`{left.text} = {left.decimal}`{at}"
    return refuted.message


def _evidence(outcome: Outcome) -> str:
    verdict = outcome.verdict
    if not isinstance(verdict, Refuted):
        return headline(verdict)
    case = outcome.statement.case
    where = f'case "{case}"' if case else _point(verdict.counterexample)
    if verdict.counterexample is None:
        return where or verdict.message
    left, right = verdict.counterexample.left, verdict.counterexample.right
    differ = f"{left.decimal} against {right.decimal}"
    return f"{where}: {differ}" if where else differ


def _point(found: Counterexample | None) -> str:
    """The point of a counterexample in words; nothing for closed numbers."""
    if found is None:
        return ""
    sizes = [f"{name} = {size}" for name, size in found.sizes]
    point = ", ".join(sizes + [f"{name} = {value}" for name, value in found.values])
    return f"at {point}" if point else ""
