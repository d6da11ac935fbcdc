"""A report: what was judged, with which verdict, free of any format."""

from collections import Counter
from dataclasses import dataclass

from derive.check.outcome import INTERNAL, FileOutcome, Outcome
from derive.check.verdict import Erroneous, outcome, verdict_name
from derive.diagnostics.diagnostic import Diagnostic

# In the order in which they are counted.
VERDICTS = (
    "proved",
    "proved-for",
    "proved-if",
    "holds-numerically",
    "refuted",
    "undecided",
    "error",
)


@dataclass(frozen=True, slots=True)
class Report:
    """The outcomes of files, in the order given; `strict` takes no agreement for a proof."""

    files: tuple[FileOutcome, ...]
    seconds: float = 0.0
    strict: bool = False

    @property
    def statements(self) -> tuple[Outcome, ...]:
        """All judged statements."""
        return tuple(o for file in self.files for o in file.outcomes)

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """All errors: those of files, then those of single statements."""
        of_files = [d for file in self.files for d in file.faults]
        of_statements = [
            o.verdict.problem for o in self.statements if isinstance(o.verdict, Erroneous)
        ]
        return (*of_files, *of_statements)

    @property
    def failed(self) -> tuple[Outcome, ...]:
        """The statements that did not get what they say."""
        return tuple(o for o in self.statements if not o.succeeds(self.strict))

    @property
    def counts(self) -> dict[str, int]:
        """How many have each verdict, of those that occur; errors of files are `error` too."""
        found = Counter(verdict_name(o.verdict) for o in self.statements)
        found["error"] += sum(len(file.faults) for file in self.files)
        return {name: found[name] for name in VERDICTS if found[name]}

    @property
    def ok(self) -> bool:
        """Whether every statement got what it says, in files without an error."""
        return not self.failed and not self.errors

    @property
    def exit_code(self) -> int:
        """0 all succeed, 1 some fail or are undecided, 2 a file has errors, 3 a bug in derive."""
        if any(o.is_internal for o in self.statements) or any(
            d.code == INTERNAL for d in self.errors
        ):
            return 3
        if self.errors:
            return 2
        return 1 if self.failed else 0

    def outcomes(self) -> dict[int, str]:
        """The outcomes on each line of a single file: `proved`, `error[unknown-name]`.

        Where a line has several that differ, as `a = b = c` may, a semicolon stands between them.
        """
        found: dict[int, list[str]] = {}
        for file in self.files:
            for diagnostic in file.faults:
                found.setdefault(diagnostic.span.line, []).append(f"error[{diagnostic.code}]")
            for statement in file.outcomes:
                said = outcome(statement.verdict)
                before = found.setdefault(statement.statement.line, [])
                if said not in before:
                    before.append(said)
        return {line: "; ".join(several) for line, several in sorted(found.items())}
