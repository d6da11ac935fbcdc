"""A diagnostic as text: the lines of the file, carets under what is meant, notes and helps.

Widths are those of the display: a wide character takes two columns and an accent none. What the
user wrote is shown without its control characters, so that a file cannot command a terminal.
"""

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from derive.diagnostics.diagnostic import Diagnostic, Severity
from derive.diagnostics.span import Source, Span

WIDTH = 100  # of a source line; a longer one is clipped around its caret
BEFORE = 30  # columns kept before the caret of a clipped line
MAX_NOTES = 5

COLOURS = {
    Severity.ERROR: "31",
    Severity.REFUTED: "31",
    Severity.UNDECIDED: "33",
    Severity.WARNING: "33",
}
FRAME, BOLD = "34", "1"

Segment = tuple[str, str]  # text, and the colour it may have ("" for none)


@dataclass(frozen=True, slots=True)
class Mark:
    """One underline: the primary one is drawn with `^`, the others with `-`."""

    span: Span
    text: str
    primary: bool


def render(diagnostic: Diagnostic, *, colour: bool = False) -> str:
    """The whole message, lines joined, without a line end at the end."""
    paint = COLOURS[diagnostic.severity]
    lines: list[list[Segment]] = [
        [
            (f"{diagnostic.severity.value}[{diagnostic.code}]", f"{BOLD};{paint}"),
            (f": {clean(diagnostic.message)}", BOLD),
        ]
    ]
    lines.extend(frame(diagnostic, paint))
    return "\n".join("".join(painted(*part, colour) for part in line).rstrip() for line in lines)


def painted(text: str, code: str, colour: bool) -> str:
    """`text`, in its colour if `colour` is wanted."""
    return f"\x1b[{code}m{text}\x1b[0m" if colour and code and text else text


def frame(diagnostic: Diagnostic, paint: str) -> Iterator[list[Segment]]:
    """Everything below the headline."""
    marks = [Mark(diagnostic.span, diagnostic.label, True)]
    marks.extend(Mark(label.span, label.text, False) for label in diagnostic.also)
    width = len(str(max(mark.span.line for mark in marks)))
    margin = " " * width
    sources = list(dict.fromkeys(mark.span.source for mark in marks))
    for source in sources:
        here = [mark for mark in marks if mark.span.source is source]
        first = here[0].span
        arrow = "-->" if first is diagnostic.span else ":::"
        yield [(f"{margin}{arrow} ", FRAME), (place(first), "")]
        yield [(f"{margin} |", FRAME)]
        yield from excerpt(source, here, width, paint)
    if diagnostic.notes or diagnostic.helps:
        yield [(f"{margin} |", FRAME)]
    for note in diagnostic.notes[:MAX_NOTES]:
        yield from remark("note", note, margin)
    for help_text in diagnostic.helps:
        yield from remark("help", help_text, margin)


def place(span: Span) -> str:
    """`worked/softmax.derive:8:5`."""
    line, column = span.source.position(span.start)
    return f"{clean(span.source.name)}:{line}:{column}"


def remark(word: str, text: str, margin: str) -> Iterator[list[Segment]]:
    """`= note: ...`, its further lines under its first."""
    first, *others = text.split("\n")
    yield [(f"{margin} = ", FRAME), (f"{word}: ", BOLD), (clean(first), "")]
    for other in others:
        yield [(f"{margin}   {' ' * len(word)}  {clean(other)}", "")]


def excerpt(
    source: Source, marks: Iterable[Mark], width: int, paint: str
) -> Iterator[list[Segment]]:
    """The lines that `marks` stand in, in order; `...` for the lines between."""
    by_line: dict[int, list[Mark]] = {}
    for mark in marks:
        by_line.setdefault(mark.span.line, []).append(mark)
    previous = None
    for number in sorted(by_line):
        if previous is not None and number > previous + 1:
            yield [("...", FRAME)]
        previous = number
        here = sorted(by_line[number], key=lambda mark: (not mark.primary, mark.span.start))
        text = source.line(number)
        start = source.line_starts[number - 1]
        low, high = window(text, here[0].span.start - start)
        before, after = ("..." if low else ""), ("..." if high < len(text) else "")
        shown = before + clean(text[low:high]) + after
        yield [(f"{number:>{width}} | ", FRAME), (shown, "")]
        for mark in here:
            first = min(max(mark.span.start - start, low), high)
            last = min(max(mark.span.end - start, first), high, len(text.rstrip()))
            indent = len(before) + display_width(text[low:first])
            sign = "^" if mark.primary else "-"
            line = sign * max(display_width(text[first:last]), 1)
            label = f" {clean(mark.text)}" if mark.text else ""
            ink = paint if mark.primary else FRAME
            yield [(f"{'':{width}} | ", FRAME), (" " * indent, ""), (line + label, ink)]


def window(text: str, caret: int) -> tuple[int, int]:
    """Which characters of a long line are shown."""
    if display_width(text[: WIDTH + 1]) <= WIDTH and len(text) <= WIDTH:
        return 0, len(text)
    low = max(0, min(caret, len(text)) - BEFORE)
    high = low
    room = WIDTH - 6
    while high < len(text) and room > 0:
        room -= display_width(text[high])
        high += 1
    return low, high


def display_width(text: str) -> int:
    r"""How many columns of a terminal `text` takes.

    >>> display_width("x\u0302"), display_width("梯度")
    (1, 4)
    """
    if text.isascii():
        return len(text)
    return sum(map(_columns, text))


def _columns(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def clean(text: str) -> str:
    """`text` with a visible stand-in for every character that would command the terminal."""
    if text.isprintable():
        return text
    return "".join(
        " " if char == "\t" else char if unicodedata.category(char)[0] != "C" else "\ufffd"
        for char in text
    )
