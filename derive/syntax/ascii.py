"""Unicode signs to their ASCII spelling, with a way back to the user's own characters.

Only signs are translated: `∂L/∂z` becomes `dL/dz`, `≤` becomes `<=`. Letters stay what they are
(`σ`, `μ`, `ŷ`); two spellings of one letter are made equal when a name is read.
"""

import re
from dataclasses import dataclass

SIGNS = {
    "≈": "~",
    "≃": "~",
    "≤": "<=",
    "⩽": "<=",
    "≥": ">=",
    "⩾": ">=",
    "≠": "!=",
    "·": "*",
    "⋅": "*",
    "∙": "*",
    "×": "*",
    "⊙": "*",
    "∗": "*",
    "÷": "/",
    "∕": "/",
    "−": "-",
    "–": "-",
    "→": "->",
    "←": "<-",
    "∈": " in ",
    "∞": "inf",
    "…": "..",
    "⊤": ".T",
    "ᵀ": ".T",
    "∂": "d",
    "\u00a0": " ",
    "\u2007": " ",
    "\u2009": " ",
    "\u200a": " ",
    "\u202f": " ",
    "\u3000": " ",
    "\r": " ",
    "\u200b": "",
    "\u200e": "",
    "\u2060": "",
    "\ufeff": "",
}

SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")

_SIGN = re.compile(
    "|".join([r"∂ *(?=\w)", r"√(?= *\()", "[⁰¹²³⁴⁵⁶⁷⁸⁹]+", f"[{''.join(SIGNS)}]"]),
)


@dataclass(frozen=True, slots=True)
class Ascii:
    """A text in ASCII signs; `origins` tells where each character stood, None that none moved."""

    text: str
    origins: tuple[int, ...] | None

    def start(self, offset: int) -> int:
        """Where in the user's text the character at `offset` begins."""
        return offset if self.origins is None else self.origins[offset]

    def end(self, offset: int) -> int:
        """Where in the user's text the character before `offset` ends."""
        return offset if self.origins is None or offset == 0 else self.origins[offset - 1] + 1


def to_ascii(text: str) -> Ascii:
    """`text` with every sign in its ASCII spelling.

    >>> to_ascii("∂L/∂z ≤ x²").text
    'dL/dz <= x^2'
    """
    if (text.isascii() and "\r" not in text) or not _SIGN.search(text):
        return Ascii(text, None)
    pieces: list[str] = []
    origins: list[int] = []
    done = 0
    for match in _SIGN.finditer(text):
        start, end = match.span()
        pieces.append(text[done:start])
        origins.extend(range(done, start))
        spelling = _spelling(match.group())
        pieces.append(spelling)
        if "^" in spelling:  # `²³` is `^23`: the caret stands where the first digit stands
            origins.extend((start, *range(start, end)))
        else:
            origins.extend([start] * len(spelling))
        done = end
    pieces.append(text[done:])
    origins.extend(range(done, len(text) + 1))
    return Ascii("".join(pieces), tuple(origins))


def _spelling(sign: str) -> str:
    if sign[0] in "⁰¹²³⁴⁵⁶⁷⁸⁹":
        return "^" + sign.translate(SUPERSCRIPTS)
    return "sqrt" if sign == "√" else SIGNS[sign[0]]
