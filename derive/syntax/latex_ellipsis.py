r"""`x_1, \dots, x_n`: what changes from the first to the last is an index."""

from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from derive.syntax.latex_tree import Command, Group, Item, Letter, Line, Number, letters_in

DOTS = frozenset(("dots", "ldots", "cdots", "dotsc", "dotsb"))
INDICES = "ijklmpqr"


@dataclass(frozen=True, slots=True)
class Run:
    """`template` for `index` from `start` to `stop`."""

    template: Line
    index: str
    start: Number
    stop: Item


def is_dots(part: Line) -> bool:
    r"""`\dots` and nothing else."""
    return len(part) == 1 and isinstance(part[0], Command) and part[0].name in DOTS


def run_of(parts: list[Line], taken: frozenset[str]) -> Run | None:
    """The run that these parts abbreviate, if what changes in them is one number."""
    dots = [place for place, part in enumerate(parts) if is_dots(part)]
    if len(dots) != 1 or dots[0] != len(parts) - 2 or not dots[0]:
        return None
    written = taken.union(*map(letters_in, parts))
    index = next(letter for letter in (*INDICES, "") if letter not in written)
    found: list[tuple[Number, Item]] = []
    template = _common(parts[0], parts[-1], index, found)
    if template is None or not index or not found or any(pair != found[0] for pair in found):
        return None
    start, stop = found[0]
    for step, part in enumerate(parts[1 : dots[0]], start=1):
        between: list[tuple[Number, Item]] = []
        _common(parts[0], part, index, between)
        after = replace(start, text=str(int(start.text) + step))
        if not between or any(pair != (start, after) for pair in between):
            return None
    return Run(template, index, start, stop)


def _common(first: Any, last: Any, index: str, found: list[tuple[Number, Item]]) -> Any:
    """What both say, with the index where a number gives way; None where they differ otherwise."""
    if first == last:
        return first
    match first, last:
        case (Number(text=text),), (_, *_) if text.isdecimal() and len(last) > 1:
            found.append((first[0], Group(last[0].start, last[-1].end, last)))
            return (Letter(first[0].start, first[0].end, index),)
        case Number(text=text), _ if text.isdecimal() and last is not None:
            found.append((first, last))
            return Letter(first.start, first.end, index)
        case tuple(), tuple() if len(first) == len(last):
            made = [_common(a, b, index, found) for a, b in zip(first, last, strict=True)]
            return None if None in made else tuple(made)
    if type(first) is not type(last) or not is_dataclass(first) or isinstance(first, type):
        return None
    changed: dict[str, Any] = {}
    for name in (f.name for f in fields(first) if f.compare):
        one, other = getattr(first, name), getattr(last, name)
        if one != other:
            changed[name] = _common(one, other, index, found)
            if changed[name] is None:
                return None
    return replace(first, **changed)
