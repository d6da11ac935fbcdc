"""Documents as Markdown with formulas between dollar signs, as GitHub and Jupyter draw them."""

import re
from typing import assert_never

from derive.report.blocks import (
    Badge,
    Block,
    Chapter,
    Code,
    Contents,
    Display,
    Document,
    Figure,
    Fold,
    Grid,
    Heading,
    Inline,
    Judged,
    Math,
    Para,
    Strong,
    Text,
)
from derive.report.formula import broken
from derive.report.formula_latex import SIGNS, escaped, latex

WIDEST = 46.0
SPACE = re.compile(r"\s+")
SPECIAL = re.compile(r"([\\`*_{}\[\]#|$~])")


def render(document: Document) -> str:
    """The whole document."""
    return f"# {plain(document.title)}\n\n{blocks(document.blocks)}"


def blocks(parts: tuple[Block, ...]) -> str:
    """Blocks, an empty line between them."""
    return "\n\n".join(filter(None, map(block, parts))) + "\n"


def block(part: Block) -> str:
    """One block."""
    match part:
        case Heading(level, text):
            return f"{'#' * (level + 1)} {words(text)}"
        case Para(text):
            return words(text)
        case Display():
            return f"$$\n{display(part)}\n$$"
        case Grid(header, rows):
            lines = [header, tuple(("---",) for _ in header), *rows]
            return "\n".join(f"| {' | '.join(map(words, cells))} |" for cells in lines)
        case Judged(badge, text, inner):
            line = f"- {words((badge, ' ', *text))}"
            rest = blocks(inner).rstrip("\n") if inner else ""
            return line + ("\n\n" + _indented(rest) if rest else "")
        case Fold(level, title, inner):
            return f"{'#' * (level + 1)} {words(title)}\n\n{blocks(inner)}".rstrip("\n")
        case Figure():
            return ""
        case Contents(titles):
            return "\n".join(f"{k}. [{plain(t)}](#chapter-{k})" for k, t in enumerate(titles, 1))
        case Chapter(number, title):
            return f'<a id="chapter-{number}"></a>\n\n## {plain(title)}'
        case _:
            assert_never(part)


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" if line else "" for line in text.split("\n"))


def words(text: Text) -> str:
    """A line of text."""
    return "".join(map(inline, text))


def inline(part: Inline) -> str:
    """A part of a line."""
    match part:
        case str():
            return part if part == "---" else plain(part)
        case Math(formula):
            return f"${latex(formula)}$"
        case Code(text):
            fence = "``" if "`" in text else "`"
            return f"{fence}{text}{fence}"
        case Strong(text):
            return f"**{plain(text)}**"
        case Badge(_, text):
            return f"**{plain(text)}**"
        case _:
            assert_never(part)


def plain(text: str) -> str:
    """Text in which nothing is a sign of Markdown."""
    text = SPECIAL.sub(r"\\\1", SPACE.sub(" ", text))
    return text.replace("<", "&lt;").replace(">", "&gt;")


def display(part: Display) -> str:
    """Lines aligned at their relations."""
    lines: list[str] = []
    for line in part.lines:
        left = "" if line.left is None else latex(line.left)
        first, *rest = broken(line.right, WIDEST)
        note = f" && {note_text(line.note)}" if line.note else ""
        sign = SIGNS[line.sign] if line.sign else ""
        lines.append(f"{left} &{sign} {latex(first)}")
        lines += [rf"&\quad {latex(more)}" for more in rest]
        lines[-1] += note
    body = " \\\\\n".join(lines)
    made = "\\begin{aligned}\n" + body + "\n\\end{aligned}"
    return f"\\boxed{{{made}}}" if part.boxed else made


def note_text(text: Text) -> str:
    """A note inside of a formula."""
    return "".join(
        latex(part.formula) if isinstance(part, Math) else rf"\text{{{escaped(raw(part))}}}"
        for part in text
    )


def raw(part: Inline) -> str:
    """The words of a part."""
    return part if isinstance(part, str) else "" if isinstance(part, Math) else part.text
