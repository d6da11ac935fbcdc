"""One mistake that people make: how it shows, what to say about it, and examples of it."""

import re
from dataclasses import dataclass

from derive.syntax.words import RESERVED


@dataclass(frozen=True, slots=True)
class Stop:
    """Where reading stopped: `line` from its first sign, the place in it, what was found there.

    `expected` holds the names of the terminals of `grammar/derive.lark` that could have followed.
    `block` is the word that opened the block around the line, if any.
    """

    line: str
    place: int
    found: str
    expected: frozenset[str]
    block: str = ""

    @property
    def at_end(self) -> bool:
        """Is there nothing more on the line?"""
        return self.found in END

    @property
    def end(self) -> int:
        """Where what was found ends."""
        match = re.compile(r"[^\W\d]\w*|[\d.]+|[-+*/^=<>!~]=?|.").match(self.line, self.place)
        return match.end() if match and not self.at_end else self.place

    @property
    def word(self) -> str:
        """What was found, as it is written."""
        return self.line[self.place : self.end]


@dataclass(frozen=True, slots=True)
class Mistake:
    """One row. Texts may name the groups of `pattern`; the group `here`, if any, gets the caret.

    `found` and `expected` restrict the row to what was met, and to what could have followed.
    """

    message: str
    label: str
    help: str
    pattern: str
    examples: tuple[str, ...]
    found: frozenset[str] = frozenset()
    expected: str = ""


@dataclass(frozen=True, slots=True)
class Explanation:
    """A row as it applies: its texts filled in, and the stretch of the line that is meant."""

    message: str
    label: str
    helps: tuple[str, ...]
    start: int
    end: int


NAME = r"[^\W\d]\w*"
WORDS = "|".join(sorted(RESERVED))
OWN = rf"(?<!\w)(?!(?:{WORDS})\b){NAME}"  # a name, and no word of the language
END = frozenset(("_NL", "_DEDENT", "_INDENT", "$END"))
COMPARE = frozenset(("EQUAL", "UNEQUAL", "LESS", "LESS_EQUAL", "GREATER", "GREATER_EQUAL", "TILDE"))
