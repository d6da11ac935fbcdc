"""A file to a `Source`, or the one thing that is wrong with it."""

from pathlib import Path

from derive.diagnostics.diagnostic import Diagnostic, Severity
from derive.diagnostics.span import Source, Span

MAX_BYTES = 4_000_000


def read_source(path: Path | str) -> Source | Diagnostic:
    """The text of the file at `path`; its line ends become plain ones.

    A file that is missing, too large, or not UTF-8 is reported, never raised.
    """
    name = str(path)
    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        return unreadable(name, error)
    if len(data) > MAX_BYTES:
        text = data[:1000].decode("utf-8", "replace")
        return trouble(
            Source(name, text),
            "too-large",
            f"the file is larger than {MAX_BYTES // 1_000_000} MB",
            "split it, and join the parts with `use`",
        )
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        after = data[error.start : error.start + 200].decode("utf-8", "replace")
        shown = plain(before + after.split("\n", 1)[0])
        place = len(plain(before))
        return trouble(
            Source(name, shown),
            "not-utf8",
            f"byte {data[error.start]:#04x} is no UTF-8",
            "save the file as UTF-8",
            (place, place + 1),
        )
    return Source(name, plain(text))


def plain(text: str) -> str:
    """`text` with one line feed at the end of each line."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def unreadable(name: str, error: OSError | ValueError) -> Diagnostic:
    """Why a file cannot be opened."""
    match error:
        case FileNotFoundError():
            why, help_text = "there is no such file", "check the path"
        case IsADirectoryError():
            why, help_text = "this is a folder", "name a file in it"
        case PermissionError():
            why, help_text = "the file may not be read", "change its permissions"
        case _:
            why, help_text = "the file cannot be opened", "check the path"
    return trouble(Source(name, ""), "no-file", f"{why}: {name}", help_text)


def trouble(
    source: Source, code: str, message: str, help_text: str, place: tuple[int, int] = (0, 0)
) -> Diagnostic:
    """An error that concerns the whole file."""
    span = Span(source, *place)
    return Diagnostic(Severity.ERROR, code, message, span, helps=(help_text,))
