"""Formulas between dollar signs to `latex_tree`, by `grammar/latex.lark`."""

import re
from dataclasses import replace
from functools import cache
from threading import Lock
from typing import Any

from lark import Lark, Token, Transformer
from lark.exceptions import UnexpectedInput, VisitError

from derive.syntax.latex_tree import (
    Accent,
    Braced,
    Command,
    Environment,
    Fence,
    Frac,
    Group,
    Item,
    Letter,
    Line,
    Mark,
    Number,
    Root,
    Scripted,
    Styled,
    Word,
    inside,
)
from derive.syntax.parse import grammar_text

MOST = 20_000
"""So many signs may a formula have."""
DEEPEST = 60
SIGNS = {
    r"\cdot": "·", r"\times": "×", r"\odot": "⊙", r"\circ": "⊙", "∘": "⊙", r"\le": "<=",
    r"\leq": "<=", r"\leqslant": "<=", "≤": "<=", r"\ge": ">=", r"\geq": ">=", "≥": ">=",
    r"\geqslant": ">=", r"\ne": "!=", r"\neq": "!=", "≠": "!=", r"\approx": "~", "≈": "~",
    "−": "-", r"\mid": "|", r"\to": "->", r"\rightarrow": "->", r"\in": "in", r"\lt": "<",
    r"\gt": ">", r"\sim": "∼",
}  # fmt: skip
ACCENTS = {"widehat": "hat", "overline": "bar", "widetilde": "tilde"}
STYLES = {
    "mathbf": "bf", "boldsymbol": "bf", "bm": "bf", "mathbb": "bb", "mathcal": "cal",
    "mathscr": "cal",
}  # fmt: skip
NAME = re.compile(r"[A-Za-z]+")


class LatexError(Exception):
    """What cannot be read, and where in the formula."""

    def __init__(self, message: str, start: int, end: int, label: str = "", *helps: str) -> None:
        super().__init__(message)
        self.message, self.start, self.end = message, start, end
        self.label, self.helps = label, helps


def read_latex(text: str) -> tuple[Line, ...]:
    """The lines of a formula. Raises LatexError."""
    if len(text) > MOST:
        raise LatexError(f"a formula of more than {MOST:,} signs", 0, len(text))
    check_depth(text)
    try:
        with _LOCK:
            parsed = _parser().parse(text)
    except UnexpectedInput as error:
        place = error.pos_in_stream
        start = len(text) if place is None or place < 0 else min(place, len(text))
        found = f"`{text[start]}`" if start < len(text) else "the end"
        raise LatexError(
            f"LaTeX cannot be read on from {found} here",
            start if start < len(text) else max(0, start - 1),
            min(start + 1, len(text)),
            "does not follow",
        ) from None
    try:
        lines: tuple[Line, ...] = _Nodes().transform(parsed)
    except VisitError as error:
        raise error.orig_exc from None
    return lines


def check_depth(text: str) -> None:
    """Stop at what is nested too deeply. Raises LatexError."""
    depth = 0
    for place, char in enumerate(text):
        depth += (char in "{([") - (char in "})]")
        if depth > DEEPEST:
            raise LatexError("this is nested too deeply", place, place + 1, "too deep")


_LOCK = Lock()


@cache
def _parser() -> Lark:
    return Lark(grammar_text("latex.lark"), parser="lalr", lexer="contextual")


Args = list[Any]


class _Nodes(Transformer):  # type: ignore[misc]  # lark's class has no types
    """Lark's tree to ours."""

    def start(self, args: Args) -> tuple[Line, ...]:
        return tuple(args)

    def line(self, args: Args) -> Line:
        return tuple(map(leaf, args))

    def scripted(self, args: Args) -> Item:
        base, *scripts = args
        if not scripts:
            bare: Item = leaf(base)
            return bare
        made = Scripted(_start(base), _end(base), leaf(base))
        for kind, part, end in scripts:
            strokes = 1 if kind == "prime" else _strokes(part) if kind == "sup" else 0
            if strokes:
                made = replace(made, primes=made.primes + strokes, end=end)
                continue
            if getattr(made, kind) is not None:
                raise LatexError("two scripts on one sign", part.start, part.end, "a second one")
            made = replace(made, **{kind: part, "end": end})
        if isinstance(made.base, Braced):
            brace = made.base
            under, over = brace.side == "sub", brace.side == "sup"
            made = replace(made, sub=None if under else made.sub, sup=None if over else made.sup)
            if made.sub is None and made.sup is None and not made.primes:
                return replace(brace, end=made.end)
        return made

    def sub(self, args: Args) -> tuple[str, Item, int]:
        return "sub", args[0], args[0].end

    def sup(self, args: Args) -> tuple[str, Item, int]:
        return "sup", args[0], args[0].end

    def prime(self, args: Args) -> tuple[str, None, int]:
        return "prime", None, _end(args[0])

    def argument(self, args: Args) -> Item:
        made: Item = leaf(args[0])
        if isinstance(made, Number) and len(made.text) > 1:
            raise LatexError(
                f"TeX takes one sign here, and `{made.text}` has more",
                made.start,
                made.end,
                "put it into braces",
            )
        return made

    def group(self, args: Args) -> Item:
        left, line, right = args
        return Group(_start(left), _end(right), line)

    def fraction(self, args: Args) -> Item:
        word, above, below = args
        return Frac(_start(word), below.end, above, below)

    def digits(self, args: Args) -> Item:
        end, both = _end(args[0]), str(args[0]).replace(" ", "")[-2:]
        numbers = Number(end - 2, end - 1, both[0]), Number(end - 1, end, both[1])
        return Frac(_start(args[0]), end, *numbers)

    def root(self, args: Args) -> Item:
        degree = args[2] if len(args) > 2 else None
        return Root(_start(args[0]), args[-1].end, args[-1], degree)

    def braced(self, args: Args) -> Item:
        side = "sub" if str(args[0]).startswith(r"\u") else "sup"
        return Braced(_start(args[0]), args[1].end, side, inside(args[1]))

    def accent(self, args: Args) -> Item:
        mark = str(args[0])[1:]
        return Accent(_start(args[0]), args[1].end, ACCENTS.get(mark, mark), args[1])

    def styled(self, args: Args) -> Item:
        style = STYLES.get(str(args[0])[1:])
        if style is None:
            plain: Item = args[1]
            return plain
        return Styled(_start(args[0]), args[1].end, style, args[1])

    def word(self, args: Args) -> Item:
        if len(args) == 2:
            return Word(_start(args[0]), _end(args[1]), str(args[1]))
        said = str(args[0])
        text = " ".join(said[said.index("{") + 1 : -1].split())
        return Word(_start(args[0]), _end(args[0]), text)

    def round(self, args: Args) -> Item:
        left, line, right = args
        return Fence(_start(left), _end(right), "(", line)

    def square(self, args: Args) -> Item:
        left, line, right = args
        return Fence(_start(left), _end(right), "[", line)

    def curly(self, args: Args) -> Item:
        left, line, right = args
        return Fence(_start(left), _end(right), "{", line)

    def angle(self, args: Args) -> Item:
        left, line, right = args
        return Fence(_start(left), _end(right), "<", line)

    def grown(self, args: Args) -> Item:
        left, line, right = args
        kind = _fence(str(left))
        if kind != _fence(str(right)):
            raise LatexError(
                f"`{left}` and `{right}` are no pair", _start(left), _end(right), "no pair"
            )
        match kind, line:
            case "|", (Fence(kind="|", items=items),):
                return Fence(_start(left), _end(right), "‖", items)
        return Fence(_start(left), _end(right), kind, line)

    def environment(self, args: Args) -> Item:
        begin, *lines, end = args
        name = _environment(str(begin))
        if name != _environment(str(end)):
            raise LatexError(
                f"`{begin}` ends as `{end}`", _start(begin), _end(end), "begins and ends unlike"
            )
        return Environment(_start(begin), _end(end), name, tuple(lines))


def leaf(part: Any) -> Any:
    """A token as an item."""
    if not isinstance(part, Token):
        return part
    start, end, text = _start(part), _end(part), str(part)
    match part.type:
        case "LETTER":
            return Letter(start, end, text)
        case "NUMBER":
            return Number(start, end, text.replace("{,}", ""))
        case "COMMAND":
            return Command(start, end, text[1:])
        case "PIPE":
            return Mark(start, end, "|")
        case "DOUBLE_PIPE":
            return Mark(start, end, "‖")
        case _:
            return Mark(start, end, SIGNS.get(text, text))


def _strokes(part: Item) -> int:
    r"""How many `\prime` a superscript is made of, if of nothing else."""
    items = inside(part)
    return len(items) * all(isinstance(i, Command) and i.name == "prime" for i in items)


def _start(part: Any) -> int:
    return int(part.start_pos if isinstance(part, Token) else part.start)


def _end(part: Any) -> int:
    return int(part.end_pos if isinstance(part, Token) else part.end)


def _fence(token: str) -> str:
    sign = re.sub(r"^\\(left|right)\s*", "", token)
    if sign in ("(", ")"):
        return "("
    if sign in ("[", "]"):
        return "["
    if sign in ("|", r"\vert", r"\lvert", r"\rvert"):
        return "|"
    if sign in (r"\{", r"\}", r"\lbrace", r"\rbrace"):
        return "{"
    if sign in (r"\langle", r"\rangle"):
        return "<"
    return "." if sign == "." else "‖"


def _environment(token: str) -> str:
    return token[token.index("{") + 1 : -1].rstrip("*")
