"""A document in parts, free of any format: what the writers of LaTeX, Markdown and HTML print."""

from dataclasses import dataclass, replace

from derive.report.formula import Formula


@dataclass(frozen=True, slots=True)
class Math:
    """A formula in a line of text."""

    formula: Formula


@dataclass(frozen=True, slots=True)
class Code:
    """Text as it stands in a file."""

    text: str


@dataclass(frozen=True, slots=True)
class Strong:
    """Words that stand out."""

    text: str


@dataclass(frozen=True, slots=True)
class Badge:
    """A verdict: its name among those of machines, and in words."""

    verdict: str
    text: str


Inline = str | Math | Code | Strong | Badge
Text = tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; level 1 is that of a section."""

    level: int
    text: Text


@dataclass(frozen=True, slots=True)
class Para:
    """A paragraph."""

    text: Text


@dataclass(frozen=True, slots=True)
class Equation:
    """A line of a display: `left = right`, with a note beside it; an empty left continues."""

    left: Formula | None
    sign: str
    right: Formula
    note: Text = ()


@dataclass(frozen=True, slots=True)
class Display:
    """Formulas below each other, aligned at their relations; `boxed` where they are a result."""

    lines: tuple[Equation, ...]
    boxed: bool = False


@dataclass(frozen=True, slots=True)
class Grid:
    """A table."""

    header: tuple[Text, ...]
    rows: tuple[tuple[Text, ...], ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """A statement with its verdict and what is to be said about it."""

    badge: Badge
    text: Text
    blocks: tuple["Block", ...] = ()
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Fold:
    """Blocks under a heading of this level; on a page they can be folded."""

    level: int
    title: Text
    blocks: tuple["Block", ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawing, as SVG, with what it shows in words."""

    svg: str
    caption: str


@dataclass(frozen=True, slots=True)
class Contents:
    """The chapters of a book, by their titles."""

    titles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Chapter:
    """The beginning of a chapter, numbered from 1."""

    number: int
    title: str


Block = Heading | Para | Display | Grid | Judged | Fold | Figure | Contents | Chapter


@dataclass(frozen=True, slots=True)
class Document:
    """A document."""

    title: str
    blocks: tuple[Block, ...]


def deeper(blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    """Blocks as part of a chapter: their headings one level down."""

    def moved(block: Block) -> Block:
        match block:
            case Heading(level):
                return replace(block, level=level + 1)
            case Fold(level, _, inner):
                return replace(block, level=level + 1, blocks=deeper(inner))
        return block

    return tuple(map(moved, blocks))
