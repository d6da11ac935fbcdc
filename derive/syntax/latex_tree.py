"""Formulas between dollar signs as they nest: one frozen dataclass per construct.

Places are offsets in the formula. What the signs mean is settled by `latex_reading`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Part:
    """Any construct. Two are equal when they say the same, wherever they stand."""

    start: int = field(compare=False)
    end: int = field(compare=False)


@dataclass(frozen=True, slots=True)
class Letter(Part):
    """A letter."""

    text: str


@dataclass(frozen=True, slots=True)
class Number(Part):
    """`3`, `0.5`."""

    text: str


@dataclass(frozen=True, slots=True)
class Command(Part):
    r"""`\sigma`, `\sum`, `\nabla`: without the backslash."""

    name: str


@dataclass(frozen=True, slots=True)
class Mark(Part):
    """An operator, a relation, a comma, a bar, `&`."""

    sign: str


@dataclass(frozen=True, slots=True)
class Group(Part):
    """`{...}`."""

    items: tuple["Item", ...]


@dataclass(frozen=True, slots=True)
class Frac(Part):
    r"""`\frac{a}{b}`."""

    above: "Item"
    below: "Item"


@dataclass(frozen=True, slots=True)
class Root(Part):
    r"""`\sqrt{a}`, `\sqrt[3]{a}`."""

    inside: "Item"
    degree: tuple["Item", ...] | None = None


@dataclass(frozen=True, slots=True)
class Braced(Part):
    r"""`\underbrace{...}`; what stands at its `side`, `sub` or `sup`, is a remark and not kept."""

    side: str
    items: tuple["Item", ...]


@dataclass(frozen=True, slots=True)
class Accent(Part):
    r"""`\hat{y}`."""

    mark: str
    inside: "Item"


@dataclass(frozen=True, slots=True)
class Styled(Part):
    r"""`\mathbf{x}`, `\mathbb{E}`; `style` is `bf`, `bb` or `cal`."""

    style: str
    inside: "Item"


@dataclass(frozen=True, slots=True)
class Word(Part):
    r"""`\operatorname{diag}`, `\text{softmax}`."""

    text: str


@dataclass(frozen=True, slots=True)
class Fence(Part):
    """Brackets; `kind` is `(`, `[`, `|`, `‖`, `{`, `<` or `.`, which is none."""

    kind: str
    items: tuple["Item", ...]


@dataclass(frozen=True, slots=True)
class Environment(Part):
    r"""`\begin{bmatrix} a & b \\ c & d \end{bmatrix}`."""

    name: str
    lines: tuple[tuple["Item", ...], ...]


@dataclass(frozen=True, slots=True)
class Scripted(Part):
    """A base with what stands below and above."""

    base: "Item"
    sub: "Item | None" = None
    sup: "Item | None" = None
    primes: int = 0


Item = (
    Letter
    | Number
    | Command
    | Mark
    | Group
    | Frac
    | Root
    | Braced
    | Accent
    | Styled
    | Word
    | Fence
    | Environment
    | Scripted
)

Line = tuple[Item, ...]


def inside(item: Item) -> Line:
    """What stands between braces; anything else by itself."""
    return item.items if isinstance(item, Group | Braced) else (item,)


def parts_of(item: Item) -> tuple[Item, Item | None, Item | None]:
    """A sign with what stands below and above it."""
    if isinstance(item, Scripted):
        return item.base, item.sub, item.sup
    return item, None, None


def is_digit(item: Item) -> bool:
    """A number of one digit."""
    return isinstance(item, Number) and len(item.text) == 1


def signs_in(items: Sequence[Item]) -> list[str]:
    """The marks in a line."""
    return [item.sign for item in items if isinstance(item, Mark)]


def letters_at(part: Any) -> Iterator[tuple[str, int]]:
    """All letters that are written in a part, with their places."""
    if isinstance(part, Letter):
        yield part.text, part.start
    elif isinstance(part, tuple):
        for item in part:
            yield from letters_at(item)
    elif is_dataclass(part):
        for one in fields(part):
            yield from letters_at(getattr(part, one.name))


def letters_in(part: Any) -> frozenset[str]:
    """All letters that are written in a part."""
    return frozenset(text for text, _ in letters_at(part))
