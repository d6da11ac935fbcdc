"""The lines that count: a text split into top-level statements, each with its layout made plain.

Design: one pass over brackets, strings, comments and line ends, before any grammar. Each statement
is then parsed by itself, so that a broken one does not stop the others, and nesting is bounded
before anything recurses. What does not count (comments, blank lines, line ends inside brackets and
before continued lines) becomes blanks, so that every character keeps its place.

A line is continued inside brackets; and by a line that is indented deeper, if the first ends or the
second begins with an operator, a comma or a word such as `by` that cannot stand at a line's edge.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

MAX_DEPTH = 100
MAX_STATEMENT = 300_000

OPENERS = {"(": ")", "[": "]", "{": "}"}

_MARK = re.compile(
    r'(?P<string>"""[\s\S]*?"""|"(?!"")[^"\n]*")'
    r"|(?P<latex>\$(?:[^$\n]|\n(?! *\n))*\$)"
    r"|(?P<comment>\#[^\n]*)"
    r"|(?P<bracket>[()\[\]{}])"
    r"|(?P<newline>\n)"
    r'|(?P<unclosed>"""|["$])'
    r"|(?P<tab>\t)"
    r"|(?P<control>[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]+)"
)
_NEXT = re.compile(r"[ \t]*")
_ENDS_OPEN = re.compile(r"(?:[-+*/@^=<>~,]|\b(?:in|by|at|within))$")
_BEGINS_OPEN = re.compile(r"[-+*/@^=<>~]|!=|(?:in|by|at|within|for)\b")
_STATEMENT_WORD = re.compile(
    r"(?:dims|input|param|target|const|assume|loss|claim|refute|derivation|case|given|expect|def|return"
    r"|use|function|network|random|iterate)\b(?! *[=.,)\]])"
)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with the layout at `start..end`; `subject` is the bracket or quote concerned.

    `kind` is one of `tab`, `control`, `unclosed`, `unopened`, `mismatched`, `unterminated`,
    `too-deep`, `too-long`, `indent`, `dedent`, `no-colon`.
    """

    kind: str
    start: int
    end: int
    subject: str = ""
    other: int = -1


@dataclass(slots=True)
class Chunk:
    """One top-level statement: `start..end` in the text, its plain text, and its first fault."""

    start: int
    end: int = 0
    text: str = ""
    fault: Fault | None = None

    def blame(self, fault: Fault) -> None:
        """Record `fault` unless an earlier one is known."""
        if self.fault is None or fault.start < self.fault.start:
            self.fault = fault


@dataclass(slots=True)
class _Line:
    """The logical line that is being read."""

    start: int
    indent: int
    brackets: list[tuple[str, int]] = field(default_factory=list)
    restart: int = -1  # the first line end inside brackets after which a new statement may begin


def split(text: str) -> Iterator[Chunk]:
    """The top-level statements of `text`, in order, each looked for when it is asked for."""
    return _Splitter(text).run()


class _Splitter:
    """The state of the pass: the logical line, its statement, and what has been blanked."""

    def __init__(self, text: str) -> None:
        self.text = text
        indents = [m.end() - m.start() for m in re.finditer(r"^ *(?=[^ \n])", text, re.MULTILINE)]
        self.base = min(indents, default=0)
        self.chunks: list[Chunk] = []
        self.blanks: list[tuple[int, int]] = []  # of the current chunk
        self.indents: list[int] = []
        self.line: _Line | None = None
        self.seen = 0  # how far the text has been read
        self.content_end = 0  # where the last sign of the logical line ends, comments aside

    def run(self) -> Iterator[Chunk]:
        position = self.first_line(0)
        done = 0
        while position >= 0:
            while done < len(self.chunks) - 1:  # the last one is still open
                yield self.chunks[done]
                done += 1
            match = _MARK.search(self.text, position)
            if match is None:
                position = self.finish(len(self.text))
                continue
            kind = str(match.lastgroup)
            if kind not in ("newline", "comment", "tab"):
                self.content_end = self.seen = match.end()
            position = getattr(self, f"on_{kind}")(match)
        yield from self.chunks[done:]

    # --- marks; each answers where to go on ------------------------------------------------------

    def on_string(self, match: re.Match[str]) -> int:
        return match.end()

    on_latex = on_string

    def on_comment(self, match: re.Match[str]) -> int:
        self.see(match.start())
        self.blanks.append(match.span())
        self.seen = match.end()
        return match.end()

    def on_unclosed(self, match: re.Match[str]) -> int:
        end = self.end_of_line(match.start())
        self.chunk.blame(Fault("unterminated", match.start(), end, match.group()))
        self.current.brackets.clear()
        return len(self.text) if match.group() == '"""' else end

    def on_tab(self, match: re.Match[str]) -> int:
        self.chunk.blame(Fault("tab", match.start(), match.end()))
        return match.end()

    def on_control(self, match: re.Match[str]) -> int:
        self.chunk.blame(Fault("control", match.start(), match.end(), match.group()[0]))
        return match.end()

    def on_bracket(self, match: re.Match[str]) -> int:
        sign, place, brackets = match.group(), match.start(), self.current.brackets
        if sign in OPENERS:
            if len(brackets) < MAX_DEPTH:
                brackets.append((sign, place))
                return match.end()
            if self.current.restart >= 0:  # brackets left open over many lines
                return self.unclosed(place)
            self.chunk.blame(Fault("too-deep", place, place + 1, sign))
            brackets.clear()
            return self.end_of_line(place)
        if brackets and OPENERS[brackets[-1][0]] == sign:
            brackets.pop()
            if not brackets:
                self.current.restart = -1
        elif brackets:
            opener, opened = brackets.pop()
            self.chunk.blame(Fault("mismatched", place, place + 1, opener, opened))
        else:
            self.chunk.blame(Fault("unopened", place, place + 1, sign))
        return match.end()

    def on_newline(self, match: re.Match[str]) -> int:
        self.see(match.start())
        following = _NEXT.match(self.text, match.end())
        assert following is not None
        begin = following.end()
        line, indent = self.current, begin - match.end() - self.base
        if begin == len(self.text) or self.text[begin] in "\n#":
            self.blanks.append(match.span())  # the line that follows says nothing
            return begin
        if line.brackets:
            if _STATEMENT_WORD.match(self.text, begin):
                return self.unclosed(match.start())
            if indent <= line.indent and line.restart < 0 and self.text[begin] not in ")]}":
                line.restart = match.start()
            self.blanks.append(match.span())
            return begin
        if indent > line.indent and self.is_continued(begin):
            self.blanks.append(match.span())
        else:
            self.next_line(match.start(), begin, indent)
        tab = self.text.find("\t", match.end(), begin)
        if tab >= 0:
            self.chunk.blame(Fault("tab", tab, tab + 1))
        return begin

    # --- lines -----------------------------------------------------------------------------------

    @property
    def current(self) -> _Line:
        assert self.line is not None
        return self.line

    @property
    def chunk(self) -> Chunk:
        return self.chunks[-1]

    def see(self, end: int) -> None:
        """Read on to `end`, through text without marks."""
        content = self.text[self.seen : end].rstrip(" \t\n")
        if content:
            self.content_end = self.seen + len(content)
        self.seen = end

    def end_of_line(self, place: int) -> int:
        end = self.text.find("\n", place)
        return len(self.text) if end < 0 else end

    def is_continued(self, begin: int) -> bool:
        """Does the line at `begin`, which is indented deeper, go on with the current one?"""
        said = self.text[max(self.current.start, self.content_end - 12) : self.content_end]
        if said.endswith(":") or _STATEMENT_WORD.match(self.text, begin):
            return False
        return bool(_ENDS_OPEN.search(said) or _BEGINS_OPEN.match(self.text, begin))

    def first_line(self, position: int) -> int:
        """Open the first statement at or after `position`; -1 if there is none."""
        while True:
            following = re.compile(r"[ \n]*").match(self.text, position)
            assert following is not None
            begin = following.end()
            if begin == len(self.text):
                return -1
            if self.text[begin] != "#":
                indent = begin - (self.text.rfind("\n", 0, begin) + 1) - self.base
                self.open(begin, indent)
                return begin
            position = self.end_of_line(begin)

    def open(self, begin: int, indent: int) -> None:
        self.chunks.append(Chunk(begin))
        self.blanks = []
        self.indents = [0]
        self.line = _Line(begin, 0)
        self.content_end = self.seen = begin
        if indent > 0:
            self.chunk.blame(Fault("indent", begin, begin + 1))

    def close(self, end: int) -> None:
        chunk, pieces, done = self.chunk, [], self.chunk.start
        chunk.end = end
        if end - chunk.start > MAX_STATEMENT:
            chunk.blame(Fault("too-long", chunk.start, chunk.start + 1))
        for start, stop in self.blanks:
            if start < end:
                pieces.append(self.text[done:start])
                pieces.append(" " * (stop - start))
                done = stop
        pieces.append(self.text[done:end])
        chunk.text = "".join(pieces).rstrip(" ")

    def next_line(self, end: int, begin: int, indent: int) -> int:
        """The logical line ends at `end`; the next begins at `begin`."""
        if indent <= 0:
            self.close(end)
            self.open(begin, indent)
            return begin
        opens_block = self.text[self.content_end - 1] == ":"
        if indent > self.indents[-1]:
            if not opens_block:
                kind = "no-colon" if len(self.indents) == 1 else "indent"
                self.chunk.blame(Fault(kind, begin, begin + 1, other=self.content_end))
            self.indents.append(indent)
        else:
            while self.indents[-1] > indent:
                self.indents.pop()
            if self.indents[-1] != indent:
                self.chunk.blame(Fault("dedent", begin, begin + 1))
                self.indents.append(indent)
        self.line = _Line(begin, indent)
        self.content_end = self.seen = begin
        return begin

    def unclosed(self, here: int) -> int:
        """A bracket is surely never closed: end the statement where that shows first."""
        line = self.current
        end = line.restart if line.restart >= 0 else here
        sign, place = next(bracket for bracket in reversed(line.brackets) if bracket[1] < end)
        self.chunk.blame(Fault("unclosed", place, place + 1, sign))
        line.brackets.clear()
        line.restart = -1
        while self.blanks and self.blanks[-1][0] >= end:
            self.blanks.pop()
        following = _NEXT.match(self.text, min(end + 1, len(self.text)))
        assert following is not None
        begin = following.end()
        if begin >= len(self.text):
            self.close(len(self.text))
            return -1
        return self.next_line(end, begin, begin - end - 1 - self.base)

    def finish(self, end: int) -> int:
        """The text is over. Answers -1, or where to go on if brackets were left open."""
        if self.current.brackets:
            return self.unclosed(end)
        self.close(end)
        return -1
