"""What a check gives: each judged statement with its verdict, and the errors of the file."""

from dataclasses import dataclass

from derive.check.verdict import Erroneous, Undecided, Verdict, succeeds
from derive.diagnostics.diagnostic import Diagnostic, Severity
from derive.diagnostics.span import Span
from derive.model.model import Judgement

INTERNAL = "internal"
# The variable of the environment that makes derive fail with a traceback.
DEBUG = "DERIVE_DEBUG"


@dataclass(frozen=True, slots=True)
class Settings:
    """How a check is made. `timeout` is for each statement, in seconds.

    With `explain`, what holds instead is looked for where a `refute` is right, too.
    """

    timeout: float = 10.0
    seed: int = 0
    oracle: bool = False
    strict: bool = False
    explain: bool = False


@dataclass(frozen=True, slots=True)
class Statement:
    """A judged statement as it stands in the file: plain data, to travel between processes.

    `span` is all of it, `place` the relation alone; `read_as` what a formula was understood to say.
    """

    kind: str
    name: str | None
    text: str
    span: Span
    place: Span
    case: str | None = None
    reason: str | None = None
    read_as: str | None = None

    @staticmethod
    def of(judgement: Judgement) -> "Statement":
        """The statement of a judgement."""
        span = judgement.span
        written = len(span.text.rstrip())
        start = max(span.start, span.start + written - len(judgement.text))
        place = Span(span.source, start, span.end)
        return Statement(
            judgement.kind,
            judgement.name,
            " ".join(judgement.text.split()),
            span,
            place if place.text.strip() == judgement.text else span,
            judgement.case.name if judgement.case else None,
            judgement.reason,
            judgement.read_as,
        )

    @property
    def file(self) -> str:
        """The name of the file."""
        return self.span.source.name

    @property
    def line(self) -> int:
        """The line on which it begins."""
        return self.span.line


@dataclass(frozen=True, slots=True)
class Outcome:
    """A statement, its verdict, the time that it took; `by_oracle` if the oracle agrees as well."""

    statement: Statement
    verdict: Verdict
    seconds: float
    by_oracle: bool = False

    def succeeds(self, strict: bool) -> bool:
        """Whether the statement got what it says."""
        return succeeds(self.statement.kind, self.verdict, strict)

    @property
    def is_internal(self) -> bool:
        """Whether derive itself is at fault."""
        return isinstance(self.verdict, Undecided) and self.verdict.code == INTERNAL

    @property
    def is_error(self) -> bool:
        """Whether the file is at fault."""
        return isinstance(self.verdict, Erroneous)


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """One file: its outcomes in the order of the text, and its errors."""

    name: str
    outcomes: tuple[Outcome, ...] = ()
    errors: tuple[Diagnostic, ...] = ()

    @property
    def faults(self) -> tuple[Diagnostic, ...]:
        """The errors; warnings do not count."""
        return tuple(d for d in self.errors if d.severity is Severity.ERROR)
