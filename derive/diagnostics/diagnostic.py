"""The record that every layer returns instead of raising: one problem, at one place."""

from dataclasses import dataclass
from enum import Enum

from derive.diagnostics.span import Span


class Severity(Enum):
    """How bad it is; also the first word a person reads."""

    ERROR = "error"
    REFUTED = "refuted"
    UNDECIDED = "undecided"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Label:
    """What is at a spot: `x` has shape [d]."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One thing said to a person about a place in a file.

    `message` is lower case, without a full stop, and stands alone when the frame is cut off.
    `label` says what is at `span`; `also` shows other places; `notes` are facts; `helps` say what
    to write instead, and only what was checked to work. `code` is a key of `codes.CODES`.
    """

    severity: Severity
    code: str
    message: str
    span: Span
    label: str = ""
    also: tuple[Label, ...] = ()
    notes: tuple[str, ...] = ()
    helps: tuple[str, ...] = ()


class DeriveError(Exception):
    """The one exception for callers: a file has errors. Carries the `diagnostics`."""

    def __init__(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        super().__init__(
            "\n".join(f"{d.span.source.name}:{d.span.line}: {d.message}" for d in diagnostics)
        )
        self.diagnostics = diagnostics
