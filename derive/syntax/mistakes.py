"""What people write by mistake, and what to write instead: tables that are run, and tested.

A row applies when its pattern matches the line across the place where reading stopped. The rows are
tried in order, and the last resort says what was found and what could have stood there.
"""

import re
from collections.abc import Iterable

from derive.diagnostics.suggest import nearest
from derive.syntax import (
    mistaken_calls,
    mistaken_declarations,
    mistaken_signs,
    mistaken_statements,
)
from derive.syntax.mistake import COMPARE, NAME, WORDS, Explanation, Mistake, Stop
from derive.syntax.words import STATEMENTS

MISTAKES: tuple[Mistake, ...] = (
    *mistaken_declarations.DECLARATIONS,
    *mistaken_calls.CALLS,
    *mistaken_signs.SIGNS,
    *mistaken_statements.STATEMENTS,
)

# Words that people begin a statement with, and the word that says it.
SYNONYMS = {
    **dict.fromkeys(("parameter", "parameters", "weight", "weights"), "param"),
    **dict.fromkeys(("dimension", "dimensions", "size", "sizes"), "dims"),
    **dict.fromkeys(("variable", "var", "tensor", "vector", "matrix", "scalar"), "input"),
    **dict.fromkeys(("constant", "constants"), "const"),
    **dict.fromkeys(("assert", "prove", "show", "theorem", "lemma", "check", "verify"), "claim"),
    **dict.fromkeys(("disprove", "deny"), "refute"),
    **dict.fromkeys(("suppose", "require"), "assume"),
    **dict.fromkeys(("include", "load"), "use"),
    **dict.fromkeys(("fn", "func", "define"), "def"),
    **dict.fromkeys(("example", "test"), "case"),
    **dict.fromkeys(("proof", "derive", "steps"), "derivation"),
    "let": "name = ...",
}

KINDS: tuple[tuple[str, frozenset[str]], ...] = (
    ("a value", frozenset(("NAME", "NUMBER", "LPAR", "LSQB", "MINUS"))),
    ("an operator", frozenset(("PLUS", "MINUS", "STAR", "SLASH", "AT_SIGN", "CARET"))),
    ("a relation", COMPARE),
    ("`=`", frozenset(("EQUAL",))),
    ("a name", frozenset(("NAME",))),
    ("`(`", frozenset(("LPAR",))),
    ("`)`", frozenset(("RPAR",))),
    ("`]`", frozenset(("RSQB",))),
    ("`:`", frozenset(("COLON",))),
    ("`in`", frozenset(("IN",))),
    ("`..`", frozenset(("DOTS",))),
    ("`<-`", frozenset(("GETS",))),
    ("`by`", frozenset(("BY",))),
    ("a string in double quotes", frozenset(("STRING",))),
    ("the end of the line", frozenset(("_NL",))),
)


def explain(stop: Stop) -> Explanation:
    """What is wrong where reading stopped: a row of the tables, or what was found and expected."""
    for row in MISTAKES:
        if (not row.found or stop.found in row.found) and (
            not row.expected or row.expected in stop.expected
        ):
            match = _covering(row.pattern, stop)
            if match is not None:
                return _filled(row, match)
    return _unknown_statement(stop) or _bare_expression(stop) or _last_resort(stop)


def _covering(pattern: str, stop: Stop) -> re.Match[str] | None:
    for match in re.finditer(pattern, stop.line):
        if match.start() <= stop.place <= match.end():
            return match
    return None


def _filled(row: Mistake, match: re.Match[str]) -> Explanation:
    groups = {key: (text or "").strip() for key, text in match.groupdict().items()}
    start, end = match.span("here")
    helps = (row.help.format(**groups),) if row.help else ()
    return Explanation(row.message.format(**groups), row.label, helps, start, end)


def _unknown_statement(stop: Stop) -> Explanation | None:
    match = re.match(rf"({NAME}) +(?=[^\W\d]|\"|\$)", stop.line)
    if match is None or match.end() != stop.place or match[1] in STATEMENTS:
        return None
    near = SYNONYMS.get(match[1].lower()) or nearest(match[1], STATEMENTS)
    helps = (
        (f"write `{near}`",)
        if near
        else ("write `name = ...`, or begin with a word such as `claim`",)
    )
    message = f"no statement begins with `{match[1]}`"
    return Explanation(message, "no word of the language", helps, *match.span(1))


def _bare_expression(stop: Stop) -> Explanation | None:
    if re.match(WORDS, stop.line) or "=" in stop.line or stop.block or "EQUAL" not in stop.expected:
        return None
    helps = ("give it a name, `y = ...`, or judge it, `claim ... = ...`",)
    return Explanation("nothing is said about this expression", "", helps, 0, len(stop.line))


def _last_resort(stop: Stop) -> Explanation:
    wanted = _one_of(stop.expected)
    if not stop.found:
        message = f"`{stop.word}` is no sign of the language"
        return Explanation(message, "", (), stop.place, stop.end)
    if stop.at_end:
        return Explanation(
            f"the line ends where {wanted} is needed", "", (), stop.place, stop.place
        )
    if stop.word in STATEMENTS:
        message = f"`{stop.word}` begins a statement, and this line is not over: {wanted} is needed"
    else:
        message = f"found `{stop.word}` where {wanted} is needed"
    return Explanation(message, "", (), stop.place, stop.end)


def _one_of(expected: Iterable[str]) -> str:
    """The kinds of signs that could have followed, in the order of KINDS."""
    left = set(expected)
    found = []
    for text, kind in KINDS:
        if kind <= left:
            found.append(text)
            left -= kind
    return " or ".join(found[:4]) or "something else"
