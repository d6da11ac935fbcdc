"""Documents as LaTeX: amsmath and booktabs, for pdflatex, xelatex and tectonic."""

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
from derive.report.formula import Formula, broken, width
from derive.report.formula_latex import SIGNS, escaped, latex

WIDEST = 40.0
NOTE = 36.0
TOO_WIDE = 58.0
BESIDE = 58.0
"""So wide may a line of a display be with its note."""
COLOURS = {
    "proved": "ProvedColour",
    "proved-for": "ProvedColour",
    "refuted": "RefutedColour",
    "error": "RefutedColour",
}
PREAMBLE = r"""\documentclass[11pt,a4paper]{article}
\usepackage[T1]{fontenc}
\usepackage[margin=25mm]{geometry}
\usepackage{amsmath,amssymb}
\usepackage{booktabs}
\usepackage{array}
\usepackage{longtable}
\usepackage{graphicx}
\usepackage{xcolor}
\definecolor{ProvedColour}{RGB}{0,110,60}
\definecolor{RefutedColour}{RGB}{170,20,20}
\definecolor{OpenColour}{RGB}{150,95,0}
\allowdisplaybreaks
\setlength{\parindent}{0pt}
\setlength{\parskip}{0.6ex plus 0.3ex}
\emergencystretch=3em
"""
LEVELS = {1: "section*", 2: "subsection*", 3: "subsubsection*", 4: "paragraph*"}


def render(document: Document) -> str:
    """A complete document."""
    title = rf"{{\Large\bfseries\raggedright {escaped(document.title)}\par}}\bigskip"
    return f"{PREAMBLE}\\begin{{document}}\n{title}\n\n{fragment(document)}\\end{{document}}\n"


def fragment(document: Document) -> str:
    """The same without a preamble."""
    return blocks(document.blocks)


def blocks(parts: tuple[Block, ...]) -> str:
    """Blocks one after the other."""
    return "\n\n".join(filter(None, map(block, parts))) + "\n"


def block(part: Block) -> str:
    """One block."""
    match part:
        case Heading(level, text):
            return rf"\{LEVELS[level]}{{{words(text)}}}"
        case Para(text):
            return words(text)
        case Display():
            return display(part)
        case Grid():
            return grid(part)
        case Judged(badge, text, inner):
            rest = blocks(inner) if inner else ""
            head = words((badge, "  ", *text))
            return (
                rf"\begin{{list}}{{}}{{\leftmargin=1.5em\topsep=0.2ex}}\item[] {head}"
                + (f"\n\n{rest}" if rest else "\n")
                + r"\end{list}"
            )
        case Fold(level, title, inner):
            return rf"\{LEVELS[level]}{{{words(title)}}}" + "\n\n" + blocks(inner).rstrip("\n")
        case Figure():
            return ""
        case Contents():
            return r"\tableofcontents"
        case Chapter(_, title):
            return rf"\clearpage\section{{{escaped(title)}}}"
        case _:
            assert_never(part)


def words(text: Text) -> str:
    """A line of text."""
    return "".join(map(inline, text))


def inline(part: Inline) -> str:
    """A part of a line."""
    match part:
        case str():
            return escaped(part)
        case Math(formula):
            return f"${latex(formula)}$"
        case Code(text):
            return code(text)
        case Strong(text):
            return rf"\textbf{{{escaped(text)}}}"
        case Badge(verdict, text):
            colour = COLOURS.get(verdict, "OpenColour")
            return rf"\textcolor{{{colour}}}{{\textbf{{{escaped(text)}}}}}"
        case _:
            assert_never(part)


def code(text: str) -> str:
    """Text as in a file; it may be broken after commas and operators."""
    made = "".join(
        escaped(char) + (r"\allowbreak{}" if char in ",;+*/=)]" else "") for char in text
    )
    return rf"{{\small\ttfamily {made}}}"


def grid(part: Grid) -> str:
    """A table; its last column takes what room there is."""
    columns = len(part.header)
    share = round(0.92 / columns, 3)
    column = rf">{{\raggedright\arraybackslash}}p{{{share}\linewidth}}"
    lines = [" & ".join(map(words, part.header)) + r" \\", r"\midrule"]
    lines += [" & ".join(map(words, cells)) + r" \\[0.3ex]" for cells in part.rows]
    inside = "\n".join(lines)
    return (
        rf"\begin{{longtable}}{{@{{}}{column * columns}@{{}}}}"
        f"\n\\toprule\n{inside}\n\\bottomrule\n"
        r"\end{longtable}"
    )


def display(part: Display) -> str:
    """Lines aligned at their relations; the notes beside or below them."""
    lines: list[str] = []
    left_side = max(width(line.left) for line in part.lines)
    broad = left_side + max(width(p) for line in part.lines for p in broken(line.right, WIDEST))
    for line in part.lines:
        pieces = broken(line.right, WIDEST)
        left = "" if line.left is None else latex(line.left)
        sign = SIGNS[line.sign] if line.sign else ""
        lines.append(f"{left} &{sign} {fitting(pieces[0])}")
        lines += [rf"&\quad {fitting(more)}" for more in pieces[1:]]
        if line.note:
            reach = broad + text_width(line.note)
            if reach < BESIDE:
                lines[-1] += rf" && \text{{\small({words(line.note)})}}"
            else:
                lines += [rf"&\qquad \text{{\small {words(part)}}}" for part in split(line.note)]
    body = " \\\\\n".join(lines)
    if part.boxed:
        inside = f"\\begin{{aligned}}\n{body}\n\\end{{aligned}}"
        return f"\\[\n\\boxed{{{inside}}}\n\\]"
    return f"\\begin{{align*}}\n{body}\n\\end{{align*}}"


def fitting(piece: Formula) -> str:
    """A formula that cannot be broken, made smaller where it is too wide."""
    made = latex(piece)
    if width(piece) <= TOO_WIDE:
        return made
    return rf"\resizebox{{0.8\linewidth}}{{!}}{{$\displaystyle {made}$}}"


def split(text: Text) -> list[Text]:
    """A long note in lines, in brackets; a line ends at a semicolon or comma."""
    lines: list[list[Inline]] = [["("]]
    for part in text:
        lines[-1].append(part)
        ends = isinstance(part, str) and part.endswith(("; ", ", "))
        if ends and text_width(tuple(lines[-1])) > NOTE:
            lines.append([])
    lines[-1].append(")")
    return [tuple(line) for line in lines]


def text_width(text: Text) -> float:
    """About how wide a line of text is."""
    return sum(
        width(part.formula) if isinstance(part, Math) else 0.56 * len(_raw(part)) for part in text
    )


def _raw(part: Inline) -> str:
    return part if isinstance(part, str) else "" if isinstance(part, Math) else part.text


__all__ = ["Formula", "fragment", "render"]
