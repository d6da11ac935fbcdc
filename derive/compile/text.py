"""Pieces of source text."""

import keyword
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction


@dataclass(slots=True)
class Text:
    """An operand: its text, along which axes of the result it lies, whether it may be reused."""

    text: str
    places: tuple[int, ...]
    free: bool = False
    boolean: bool = False
    plain: bool = False  # a Python number, not an array


def tight(text: str) -> str:
    """Without brackets around the whole."""
    if not (text.startswith("(") and text.endswith(")")):
        return text
    depth = 0
    for place, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if depth == 0:
            return text[1:-1] if place == len(text) - 1 and "," not in text else text
    return text


def number_text(value: Fraction) -> str:
    """A rational number: a decimal where that is exact, else a quotient."""
    if value.denominator == 1:
        return str(value.numerator)
    decimal = repr(value.numerator / value.denominator)
    if Fraction(decimal) == value:
        return decimal
    return f"({value.numerator} / {value.denominator})"


def placed(text: str, places: Sequence[int], rank: int) -> str:
    """An array whose axes lie at `places`, so that NumPy aligns it with `rank` axes."""
    if not places:
        return text
    order = sorted(places)
    if list(places) != order:
        turn = [places.index(p) for p in order]
        text = f"{text}.T" if turn == [1, 0] else f"{text}.transpose({', '.join(map(str, turn))})"
    marks = [":" if p in order else "None" for p in range(order[0], rank)]
    if "None" not in marks:
        return text
    return f"{text}[{', '.join(marks)}]"


def axes_text(axes: Sequence[int], rank: int) -> str:
    """The argument that names the axes to reduce: none for all."""
    if len(axes) == rank:
        return ""
    return f"axis={axes[0]}" if len(axes) == 1 else f"axis={tuple(axes)}"


def identifiers(names: Iterable[str], reserved: Iterable[str]) -> dict[str, str]:
    """A Python identifier of its own for every name of a model: `dL/dz` is `dL_dz`."""
    taken = set(reserved) | set(keyword.kwlist)
    found: dict[str, str] = {}
    for name in names:
        base = re.sub(r"\W", "_", name)
        base = base if base[:1].isidentifier() else f"_{base}"
        chosen, k = base, 1
        while chosen in taken:
            chosen, k = f"{base}_{k}", k + 1
        taken.add(chosen)
        found[name] = chosen
    return found


def index_text(parts: list[str]) -> str:
    """Positions as a tuple."""
    found = []
    for part in parts:
        first, colon, last = part.partition(":")
        found.append(f"slice({first or None}, {last or None})" if colon else part)
    return f"({', '.join(found)},)"
