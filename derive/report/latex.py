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
from derive.report.formula_latex import SIGNS, escaped
from derive.report.formula_latex import latex as in_math_mode

WIDEST = 40.0
LINE = 60.0
"""So many letters go into a line."""
BESIDE = 54.0
"""So wide may a line of a display be with its note."""
CHARACTER = 0.6
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
\sloppy
"""
LEVELS = {1: "section*", 2: "subsection*", 3: "subsubsection*", 4: "paragraph*"}


def latex(formula: Formula) -> str:
    """A formula; the blackboard font has no digits, so an indicator is a bold one."""
    return in_math_mode(formula).replace(r"\mathbb{1}", r"\mathbf{1}")


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
    """A table; its columns share the line by what stands in them."""
    rows = (part.header, *part.rows)
    needs = [min(26.0, max(9.0, *map(text_width, cells))) for cells in zip(*rows, strict=True)]
    shares = [round(0.9 * need / sum(needs), 3) for need in needs]
    columns = "".join(rf">{{\raggedright\arraybackslash}}p{{{s}\linewidth}}" for s in shares)
    lines = [" & ".join(map(words, part.header)) + r" \\", r"\midrule"]
    lines += [" & ".join(map(words, cells)) + r" \\[0.3ex]" for cells in part.rows]
    inside = "\n".join(lines)
    return (
        rf"\begin{{longtable}}{{@{{}}{columns}@{{}}}}"
        f"\n\\toprule\n{inside}\n\\bottomrule\n"
        r"\end{longtable}"
    )


def display(part: Display) -> str:
    """Lines aligned at their relations; the notes beside them in a column, or where there is room.

    A note for which there is no room stands below its line.
    """
    lines: list[str] = []
    left_side = max(width(line.left) for line in part.lines)
    room = LINE - left_side
    pieces = [broken(line.right, WIDEST) for line in part.lines]
    notes = max(text_width(line.note) for line in part.lines)
    column = left_side + max(width(p) for found in pieces for p in found) + notes < BESIDE
    for line, (first, *more) in zip(part.lines, pieces, strict=True):
        left = "" if line.left is None else latex(line.left)
        sign = SIGNS[line.sign] if line.sign else ""
        lines.append(f"{left} &{sign} {fitting(first, room)}")
        lines += [rf"&\quad {fitting(piece, room)}" for piece in more]
        if not line.note:
            continue
        note, last = words(line.note), (first, *more)[-1]
        if column or left_side + width(last) + text_width(line.note) < BESIDE:
            beside = " &&" if column else r" \qquad"
            lines[-1] += rf"{beside} \text{{\small({note})}}"
        else:
            share = round(max(0.3, 0.9 * room / LINE - 0.08), 2)
            below = rf"\parbox[t]{{{share}\linewidth}}{{\small\raggedright ({note})}}"
            lines.append(rf"&\qquad {below}")
    body = " \\\\\n".join(lines)
    if part.boxed:
        inside = f"\\begin{{aligned}}\n{body}\n\\end{{aligned}}"
        return f"\\[\n\\boxed{{{inside}}}\n\\]"
    return f"\\begin{{align*}}\n{body}\n\\end{{align*}}"


def fitting(piece: Formula, room: float) -> str:
    """A formula that cannot be broken, made smaller where there is no room for it."""
    made = latex(piece)
    if width(piece) <= room:
        return made
    share = round(0.93 * room / LINE, 2)
    return rf"\resizebox{{{share}\linewidth}}{{!}}{{$\displaystyle {made}$}}"


def text_width(text: Text) -> float:
    """About how wide a line of text is."""
    return sum(
        width(part.formula) if isinstance(part, Math) else CHARACTER * len(_raw(part))
        for part in text
    )


def _raw(part: Inline) -> str:
    return part if isinstance(part, str) else "" if isinstance(part, Math) else part.text


__all__ = ["Formula", "fragment", "render"]
