"""What the layout pass and the parser object to, as diagnostics."""

import re
from dataclasses import replace

from derive.diagnostics.diagnostic import Diagnostic, Label, Severity
from derive.diagnostics.span import Source, Span
from derive.syntax import tree
from derive.syntax.ascii import Ascii
from derive.syntax.depth import MAX_TREE
from derive.syntax.layout import MAX_DEPTH, MAX_STATEMENT, OPENERS, Chunk, Fault
from derive.syntax.mistake import Stop
from derive.syntax.mistakes import explain
from derive.syntax.words import BLOCKS

_BRACKETS = re.compile(r'"""[\s\S]*?"""|"[^"\n]*"|\$[^$]*\$|[()\[\]]')


MAX_PROBLEMS = 20  # nobody reads more
GARBAGE = 4  # so many statements, and none that can be read


def few(problems: list[Diagnostic], any_read: bool) -> tuple[Diagnostic, ...]:
    """`problems`, without those that say the same again, and no more than a person reads."""
    for problem in problems:
        if problem.code == "not-text":
            return (problem,)
    if not any_read and len(problems) >= GARBAGE and all(p.code != "tab" for p in problems):
        first = problems[0]
        message = "no statement in this file can be read"
        label = "the first thing that cannot be read"
        help_text = "begin with a few lines, such as `dims n`, `input x[n]`, `claim sum(x) = 1`"
        return (
            Diagnostic(
                Severity.ERROR,
                "not-derive",
                message,
                first.span,
                label,
                notes=(f"here: {first.message}",),
                helps=(help_text,),
            ),
        )
    kept: list[Diagnostic] = []
    for problem in problems:
        if problem.code != "tab" or all(other.code != "tab" for other in kept):
            kept.append(problem)
    if len(kept) > MAX_PROBLEMS:
        rest = len(kept) - MAX_PROBLEMS
        note = f"{rest} more {'statement' if rest == 1 else 'statements'} cannot be read"
        last = kept[MAX_PROBLEMS - 1]
        kept[MAX_PROBLEMS - 1 :] = [replace(last, notes=(*last.notes, note))]
    return tuple(kept)


def of_nothing(source: Source) -> Diagnostic:
    """A diagnostic for a file without a statement."""
    return Diagnostic(
        Severity.ERROR,
        "empty",
        "the file holds no statement",
        Span(source, 0, 0),
        "comments and blank lines only" if source.text.strip() else "nothing stands here",
        helps=("begin with a few lines, such as `dims n`, `input x[n]`, `claim sum(x) = 1`",),
    )


def of_depth(part: tree.Tree) -> Diagnostic:
    """A diagnostic for an expression that is built up in too many levels."""
    return Diagnostic(
        Severity.ERROR,
        "too-deep",
        f"this expression is built up in more than {MAX_TREE} levels",
        part.span,
        "the innermost part",
        helps=("give its parts names of their own",),
    )


def of_fault(source: Source, text: Ascii, chunk: Chunk, fault: Fault) -> Diagnostic:
    """A diagnostic for what is wrong with the layout."""
    span = Span(source, text.start(fault.start), text.end(fault.end))
    subject = fault.subject
    also: tuple[Label, ...] = ()
    match fault.kind:
        case "tab":
            code, message = "tab", "a tab stands here, and its width is not known"
            label, help_text = "indent with blanks", "replace the tabs of this file by blanks"
        case "control":
            code, message = "not-text", f"a control character, number {ord(subject)}"
            label, help_text = "this is no text", "save the file as plain text in UTF-8"
        case "unclosed":
            code, message = "unclosed", f"`{subject}` is never closed"
            label, help_text = "opened here", f"write the `{OPENERS[subject]}` that belongs to it"
        case "unopened":
            code, message = "unclosed", f"`{subject}` closes nothing"
            label, help_text = "no bracket is open here", "remove it, or open a bracket before it"
        case "mismatched":
            sign = span.text
            code, message = "unclosed", f"`{sign}` cannot close `{subject}`"
            label, help_text = f"`{OPENERS[subject]}` is needed here", f"write `{OPENERS[subject]}`"
            opened = Span(source, text.start(fault.other), text.end(fault.other + 1))
            also = (Label(opened, "opened here"),)
        case "unterminated":
            code, message = "unclosed", f"`{subject}` is never closed"
            what = "formula" if subject == "$" else "string"
            label, help_text = f"the {what} begins here", f"write `{subject}` where the {what} ends"
        case "too-deep":
            code, message = "too-deep", f"brackets are nested deeper than {MAX_DEPTH} levels"
            label, help_text = f"level {MAX_DEPTH + 1}", "give the inner parts names of their own"
        case "too-long":
            code = "too-large"
            message = f"a statement of more than {MAX_STATEMENT:,} characters"
            label, help_text = "it begins here", "split it, or use fewer numbers"
        case "no-colon" if (match := re.match(BLOCKS, chunk.text)) is not None:
            at = Span(source, text.end(fault.other), text.end(fault.other))
            word = match.group()
            return Diagnostic(
                Severity.ERROR,
                "syntax",
                f"`{word}` opens a block, so its line ends in `:`",
                at,
                "`:` is missing",
                helps=(f"write `{head_line(chunk, fault.other)}:`",),
            )
        case "dedent":
            code, message = "indent", "this line is not indented like the lines of its block"
            label, help_text = "", "indent the lines of a block by the same number of blanks"
        case _:
            code, message = "indent", "this line is indented, but no block is open"
            label, help_text = "", "begin it where the line before begins"
    return Diagnostic(Severity.ERROR, code, message, span, label, also, helps=(help_text,))


def head_line(chunk: Chunk, end: int) -> str:
    """The first line of `chunk`, which ends at `end`."""
    return chunk.text[: end - chunk.start]


def of_stop(
    source: Source, text: Ascii, chunk: Chunk, found: str, place: int, expected: frozenset[str]
) -> Diagnostic:
    """A diagnostic for a place in `chunk` at which the grammar has no way on."""
    start = chunk.text.rfind("\n", 0, place) + 1
    end = chunk.text.find("\n", place)
    line = chunk.text[start : len(chunk.text) if end < 0 else end]
    indent = len(line) - len(line.lstrip(" "))
    line = line.strip(" ")
    word = re.match(r"\w+", chunk.text)
    block = word.group() if start and word else ""
    inside = min(place - start - indent, len(line))
    why = explain(Stop(line, inside, found, expected, block))
    shift = chunk.start + start + indent
    first = text.start(shift + why.start)
    last = max(text.end(shift + why.end), first) if why.end > why.start else first
    if why.end <= why.start and why.start:
        first = last = text.end(shift + why.start)
    return Diagnostic(
        Severity.ERROR,
        "syntax",
        why.message,
        Span(source, first, last),
        why.label,
        still_open(source, text, chunk, place),
        helps=why.helps,
    )


def still_open(source: Source, text: Ascii, chunk: Chunk, place: int) -> tuple[Label, ...]:
    """The bracket around `place`, if it was opened on an earlier line of the file."""
    opened: list[int] = []
    for match in _BRACKETS.finditer(chunk.text, 0, place):
        if match.group() in ("(", "["):
            opened.append(match.start())
        elif match.group() in (")", "]") and opened:
            opened.pop()
    if not opened:
        return ()
    here, there = text.start(chunk.start + place), text.start(chunk.start + opened[-1])
    if source.position(here)[0] == source.position(there)[0]:
        return ()
    sign = chunk.text[opened[-1]]
    return (Label(Span(source, there, there + 1), f"this `{sign}` is still open"),)
