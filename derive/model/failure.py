"""What stops the elaboration of a statement: raised in the package, recorded at its border."""

from derive.diagnostics.diagnostic import Diagnostic, Label, Severity
from derive.diagnostics.span import Span


class Failure(Exception):
    """A statement is in error; carries the one diagnostic that says so."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


class Depends(Exception):
    """A statement uses a name whose own definition failed, so there is nothing new to say."""

    def __init__(self, name: str, cause: Span) -> None:
        super().__init__(name)
        self.name = name
        self.cause = cause


def failure(
    code: str,
    message: str,
    span: Span,
    label: str = "",
    also: tuple[Label, ...] = (),
    notes: tuple[str, ...] = (),
    helps: tuple[str, ...] = (),
) -> Failure:
    """An error at `span`, ready to be raised."""
    return Failure(Diagnostic(Severity.ERROR, code, message, span, label, also, notes, helps))


def undecided_by(name: str, cause: Span, span: Span) -> Diagnostic:
    """What is said of a judged statement that depends on the failed `name`."""
    message = f"depends on {name}, which failed at line {cause.line}"
    also = (Label(cause, f"{name} failed here"),) if cause.source is span.source else ()
    return Diagnostic(Severity.UNDECIDED, "depends", message, span, "not judged", also)
