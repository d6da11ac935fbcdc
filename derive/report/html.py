"""Documents as one HTML file: MathML, no scripts, no network; for phones and in the dark too."""

from html import escape
from typing import assert_never

from derive.report.blocks import (
    Badge,
    Block,
    Chapter,
    Code,
    Contents,
    Display,
    Document,
    Equation,
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
from derive.report.formula_mathml import mathml

NARROW = 16.0
STYLE = """
:root { color-scheme: light dark; --ink: #1b1b1b; --paper: #fff; --soft: #f2f4f5; --line: #ccd2d6;
  --good: #00602f; --bad: #a01414; --open: #7a4a00; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e6e6; --paper: #15181a; --soft: #1f2427;
  --line: #3b4347; --good: #6fd39a; --bad: #ff9a8d; --open: #f0c26a; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 52rem; color: var(--ink); background: var(--paper);
  font: 1rem/1.55 Georgia, "Times New Roman", serif; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; line-height: 1.25; } h2 { font-size: 1.3rem; margin-top: 2rem;
  border-bottom: 1px solid var(--line); } h3 { font-size: 1.08rem; margin-top: 1.6rem; }
math { font-size: 1.08em; }
.display { margin: .8rem 0; padding: .4rem 0; overflow: auto hidden; max-width: 100%; }
.line { display: flex; flex-wrap: wrap; align-items: center; gap: .2rem .1rem; padding: .35rem 0; }
.line > math { flex: none; }
.next { padding-left: 1.6rem; }
.note { color: var(--open); font-size: .88rem; padding-left: 1rem; }
.boxed { border: 2px solid var(--good); border-radius: .3rem; padding: .4rem .8rem; }
.grid { overflow: auto hidden; } table { border-collapse: collapse; margin: .6rem 0; }
th, td { overflow-wrap: normal; text-align: left; padding: .25rem .7rem;
  border-bottom: 1px solid var(--line); }
code { font: .86rem/1.4 ui-monospace, Menlo, Consolas, monospace; background: var(--soft);
  padding: 0 .2em; border-radius: .2em; }
.judged { border-left: 4px solid var(--open); padding: .2rem .8rem; margin: .6rem 0;
  background: var(--soft); }
.judged p { margin: .3rem 0; }
.judged.proved, .judged.proved-for { border-color: var(--good); }
.judged.refuted, .judged.error { border-color: var(--bad); }
.badge { font: bold .8rem/1 system-ui, sans-serif; text-transform: none; color: var(--open); }
.badge.proved, .badge.proved-for { color: var(--good); }
.badge.refuted, .badge.error { color: var(--bad); }
summary { cursor: pointer; margin: 1rem 0 .3rem; } summary > * { display: inline; }
figure { margin: 1rem 0; overflow: auto hidden; } figcaption { font-size: .88rem; }
svg { max-width: 100%; height: auto; } svg text { fill: var(--ink); font-size: 15px; }
svg .box { fill: var(--soft); stroke: var(--ink); } svg .input { stroke: var(--line); }
svg .tip { fill: var(--ink); } svg .back { fill: var(--good); }
svg .forward { stroke: var(--ink); fill: none; } svg .backward { stroke: var(--good); fill: none; }
"""


def render(document: Document) -> str:
    """The whole page."""
    title = escape(document.title)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f"<h1>{title}</h1>\n{blocks(document.blocks)}</body>\n</html>\n"
    )


def blocks(parts: tuple[Block, ...]) -> str:
    """Blocks one after the other."""
    return "".join(f"{block(part)}\n" for part in parts)


def block(part: Block) -> str:
    """One block."""
    match part:
        case Heading(level, text):
            return f"<h{level + 1}>{words(text)}</h{level + 1}>"
        case Para(text):
            return f"<p>{words(text)}</p>"
        case Display(lines, boxed):
            kind = "display boxed" if boxed else "display"
            return f'<div class="{kind}">{"".join(map(line, lines))}</div>'
        case Grid(header, rows):
            head = "".join(f"<th>{words(cell)}</th>" for cell in header)
            body = "".join(
                f"<tr>{''.join(f'<td>{words(cell)}</td>' for cell in cells)}</tr>" for cells in rows
            )
            return f'<div class="grid"><table><tr>{head}</tr>{body}</table></div>'
        case Judged(badge, text, inner, failed):
            kind = f"judged {badge.verdict}{' failed' if failed else ''}"
            head = f"<p>{inline(badge)} {words(text)}</p>"
            return f'<div class="{kind}">{head}{blocks(inner)}</div>'
        case Fold(level, title, inner):
            head = f"<summary><h{level + 1}>{words(title)}</h{level + 1}></summary>"
            return f'<details open="">{head}{blocks(inner)}</details>'
        case Contents(titles):
            links = (f'<a href="#chapter-{k}">{escape(t)}</a>' for k, t in enumerate(titles, 1))
            return f"<nav><ol>{''.join(f'<li>{link}</li>' for link in links)}</ol></nav>"
        case Chapter(number, title):
            return f'<h2 id="chapter-{number}">{escape(title)}</h2>'
        case Figure(svg, caption):
            return f"<figure>{svg}<figcaption>{escape(caption)}</figcaption></figure>"
        case _:
            assert_never(part)


def line(part: Equation) -> str:
    """A line of a display, in pieces that may go to the next line on a narrow page."""
    pieces = broken(part.right, NARROW)
    left = mathml(part.left, display=True) if part.left is not None else ""
    sign = f"<math><mo>{escape(part.sign)}</mo></math>" if part.sign else ""
    inside = "".join(mathml(piece, display=True) for piece in pieces)
    note = f'<span class="note">{words(part.note)}</span>' if part.note else ""
    kind = "line" if part.left is not None else "line next"
    return f'<div class="{kind}">{left}{sign}{inside}{note}</div>'


def words(text: Text) -> str:
    """A line of text."""
    return "".join(map(inline, text))


def inline(part: Inline) -> str:
    """A part of a line."""
    match part:
        case str():
            return escape(part)
        case Math(formula):
            return mathml(formula)
        case Code(text):
            return f"<code>{escape(text)}</code>"
        case Strong(text):
            return f"<strong>{escape(text)}</strong>"
        case Badge(verdict, text):
            return f'<span class="badge {escape(verdict)}">{escape(text)}</span>'
        case _:
            assert_never(part)
