"""Text to syntax tree. The only module that imports lark.

Design: LALR(1) with a contextual lexer, because the language has one reading of every text and a
parse must cost microseconds per sign. The layout pass splits the text into statements, so one that
cannot be read gives one message and the others are still read.
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

import lark
from lark import Lark, LarkError, UnexpectedCharacters, UnexpectedInput, UnexpectedToken
from lark.grammar import Rule
from lark.lexer import TerminalDef

from derive.diagnostics.diagnostic import Diagnostic, Severity
from derive.diagnostics.span import Source, Span
from derive.syntax import tables, tree
from derive.syntax.ascii import Ascii, to_ascii
from derive.syntax.depth import may_be_deep, too_deep
from derive.syntax.layout import Chunk, split
from derive.syntax.problems import few, of_depth, of_fault, of_nothing, of_stop
from derive.syntax.statements import Builder
from derive.syntax.words import RESERVED

ENOUGH = 100  # problems, after which the rest of a file is not read

OBJECTS = ("postlex", "transformer")  # options that are no data

STARTS = ("statement", "expression", "judged")


def grammar_text(name: str) -> str:
    """The text of `grammar/<name>`: the packaged copy in a wheel, the live file in a checkout."""
    packaged = Path(__file__).parents[1] / "_grammar" / name
    if packaged.is_file():
        return packaged.read_text(encoding="utf-8")
    return (Path(__file__).parents[2] / "grammar" / name).read_text(encoding="utf-8")


class Blocks:
    """Between lexer and parser: `_INDENT` and `_DEDENT` around blocks, and a last `_NL`."""

    always_accept = ("_NL",)

    def process(self, stream: Iterator[Any]) -> Iterator[Any]:
        """The tokens of one statement; the layout pass has left only line ends that count."""
        indents = [0]
        token = None
        for token in stream:
            yield token
            if token.type != "_NL":
                continue
            indent = len(token) - 1
            if indent > indents[-1]:
                indents.append(indent)
                yield token.new_borrow_pos("_INDENT", "", token)
            while indent < indents[-1]:
                indents.pop()
                yield token.new_borrow_pos("_DEDENT", "", token)
        if token is not None:
            yield token.new_borrow_pos("_NL", "", token)
            for _ in indents[1:]:
                yield token.new_borrow_pos("_DEDENT", "", token)


def load_grammar(grammar: str, builder: Builder) -> Lark:
    """The parser of `grammar`, from tables that were kept if there are any."""
    path = tables.cache_path(grammar, lark.__version__)
    kept = tables.load(path)
    if kept is not None:
        try:
            return Lark.__new__(Lark)._load(kept, postlex=Blocks(), transformer=builder)
        except (KeyError, TypeError, ValueError, AttributeError, AssertionError, LarkError):
            pass  # not what was saved: make it anew
    made = Lark(
        grammar,
        parser="lalr",
        lexer="contextual",
        postlex=Blocks(),
        start=list(STARTS),
        transformer=builder,
    )
    data, memo = made.memo_serialize([TerminalDef, Rule])
    options = {key: data["options"][key] for key in data["options"] if key not in OBJECTS}
    tables.save(path, {"data": {**data, "options": options}, "memo": memo})
    return made


class Parser:
    """The grammar, loaded, with the builder that its reductions call."""

    def __init__(self) -> None:
        self.builder = Builder()
        self.lock = Lock()
        self.lark = load_grammar(grammar_text("derive.lark"), self.builder)

    def read(self, source: Source, text: Ascii, chunk: Chunk, start: str) -> Any:
        """What `chunk` says, or the first thing that is wrong with it."""
        with self.lock:
            self.builder.begin(source, text, chunk.start)
            try:
                result = self.lark.parse(chunk.text, start=start)
            except UnexpectedInput as error:
                mine = self.builder.problems
                at_start = mine and mine[0].span.start == text.start(chunk.start)
                return mine[0] if mine and not at_start else error
            return self.builder.problems[0] if self.builder.problems else result


@cache
def parser() -> Parser:
    """The parser; its tables are made once."""
    return Parser()


def parse(source: Source) -> tuple[tree.File, tuple[Diagnostic, ...]]:
    """The statements of `source` that can be read, and a diagnostic for each that cannot."""
    text = to_ascii(source.text)
    statements: list[tree.Statement] = []
    problems: list[Diagnostic] = []
    broken: list[tree.Name] = []
    for chunk in split(text.text):
        result = read(source, text, chunk, "statement")
        if not isinstance(result, Diagnostic):
            statements.extend(result)
            continue
        problems.append(result)
        if len(problems) == ENOUGH:
            rest = Chunk(chunk.start, len(text.text), text.text[chunk.start :])
            broken.extend(names_given(source, text, rest))
            break
        broken.extend(names_given(source, text, chunk))
    if not statements and not problems:
        problems.append(of_nothing(source))
    span = Span(source, 0, len(source.text))
    return tree.File(span, tuple(statements), tuple(broken)), few(problems, bool(statements))


def parse_expression(source: Source) -> tree.Expression | Diagnostic:
    """The one expression that `source` holds."""
    expr: tree.Expression | Diagnostic = read_one(source, "expression", "an expression")
    return expr


def parse_claim(source: Source) -> tree.Claim | Diagnostic:
    """`dL/dz = p - y at a = 3`, with or without the word `claim` before it."""
    if not re.match(r"\s*(claim|refute)\b", source.text):
        claim: tree.Claim | Diagnostic = read_one(source, "judged", "a claim")
        return claim
    statement = parse_statement(source)
    if isinstance(statement, Diagnostic):
        return statement
    if isinstance(statement[0], tree.Claim):
        return statement[0]
    return Diagnostic(
        Severity.ERROR,
        "syntax",
        "a claim is needed, and this one compares printed digits",
        statement[0].span,
        helps=("write `=`, `!=`, `<`, `<=`, `>` or `>=` for `~`",),
    )


def parse_statement(source: Source) -> tuple[tree.Statement, ...] | Diagnostic:
    """The one statement that `source` holds; a declaration of several tensors is several."""
    found: tuple[tree.Statement, ...] | Diagnostic = read_one(source, "statement", "a statement")
    return found


def read_one(source: Source, start: str, what: str) -> Any:
    """What the one statement in `source` says, or what is wrong with it."""
    text = to_ascii(source.text)
    chunks = list(split(text.text))
    if not chunks:
        span = Span(source, 0, len(source.text))
        return Diagnostic(Severity.ERROR, "syntax", f"{what} is needed, and nothing is there", span)
    result = read(source, text, chunks[0], start)
    if len(chunks) > 1 and not isinstance(result, Diagnostic):
        span = Span(source, text.start(chunks[1].start), text.end(chunks[1].end))
        return Diagnostic(Severity.ERROR, "syntax", f"{what} is complete before this line", span)
    return result


def read(source: Source, text: Ascii, chunk: Chunk, start: str) -> Any:
    """What `chunk` says, or a diagnostic."""
    if chunk.fault is not None:
        return of_fault(source, text, chunk, chunk.fault)
    result = parser().read(source, text, chunk, start)
    if isinstance(result, UnexpectedToken):
        token = result.token
        at_end = token.type == "$END" or not token  # `not token`: the layout adds empty tokens
        place = len(chunk.text) if at_end else token.start_pos
        return of_stop(source, text, chunk, token.type, place, frozenset(result.accepts))
    if isinstance(result, UnexpectedCharacters):
        place, expected = result.pos_in_stream, frozenset(result.allowed or ())
        return of_stop(source, text, chunk, "", place, expected)
    if not isinstance(result, Diagnostic) and may_be_deep(chunk.text):
        part = too_deep(result if isinstance(result, tuple) else (result,))
        return result if part is None else of_depth(part)
    return result


_GIVEN = re.compile(
    r"^ *(?:(?:dims|input|param|target|const) +(?P<listed>.*)"
    r"|(?:(?:loss|network|def|function|random) +)?(?P<name>[^\W\d]\w*) *(?:\[.*\])? *[=:\"(])",
    re.MULTILINE,
)
_NAME = re.compile(r"[^\W\d]\w*")
_BRACKETS = re.compile(r"\([^()\n]*\)|\[[^\[\]\n]*\]")


def names_given(source: Source, text: Ascii, chunk: Chunk) -> Iterator[tree.Name]:
    """The names that a statement which cannot be read seems to define."""
    outside = _BRACKETS.sub(lambda inner: " " * len(inner.group()), chunk.text)
    for match in _GIVEN.finditer(chunk.text):
        for name in _NAME.finditer(outside, *match.span(match.lastgroup or 0)):
            if name.group() not in RESERVED:
                start = text.start(chunk.start + name.start())
                end = text.end(chunk.start + name.end())
                yield tree.Name(Span(source, start, end), name.group())
