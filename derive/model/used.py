"""`use "path.derive"`: which file is meant, and whether it may be read.

A file lies beside or below the one that uses it; nothing else on the machine is reachable.
"""

from pathlib import Path

from derive.diagnostics.diagnostic import Diagnostic
from derive.diagnostics.span import Source
from derive.model.failure import failure
from derive.syntax import tree
from derive.syntax.parse import parse

MAX_BYTES = 1_000_000


class Used:
    """The file that is being read, and how it was reached."""

    def __init__(
        self, path: Path | None, chain: tuple[Path, ...] = (), done: set[Path] | None = None
    ):
        self.path = None if path is None else path.resolve()
        self.chain = chain if self.path is None else (*chain, self.path)
        self.done = set() if done is None else done

    def open(self, written: tree.Use) -> tuple[tree.File | None, tuple[Diagnostic, ...], "Used"]:
        """The file that `written` names; None where it has been read already."""
        path = self._resolve(written)
        if path in self.chain:
            names = [p.name for p in (*self.chain[self.chain.index(path) :], path)]
            raise failure(
                "cyclic-use",
                f"`use` goes round in a circle: {' -> '.join(names)}",
                written.span,
                f"`{path.name}` is being read already",
            )
        inside = Used(path, self.chain, self.done)
        if path in self.done:
            return None, (), inside
        self.done.add(path)
        file, problems = parse(Source(written.path, self._text(path, written)))
        return file, problems, inside

    def _resolve(self, written: tree.Use) -> Path:
        if self.path is None:
            raise failure(
                "use-outside",
                "`use` needs a file that lies in a folder, and this text does not",
                written.span,
                "no folder to look in",
            )
        folder = self.path.parent
        relative = Path(written.path)
        path = (folder / relative).resolve()
        if relative.is_absolute() or not path.is_relative_to(folder):
            raise failure(
                "use-outside",
                f"`{written.path}` is not beside or below this file",
                written.span,
                "leaves the folder",
            )
        if path.suffix != ".derive":
            message = f"`{written.path}` does not end in `.derive`"
            raise failure("use-unreadable", message, written.span, "not a file of the language")
        return path

    def _text(self, path: Path, written: tree.Use) -> str:
        try:
            if not path.is_file():
                message = f"there is no file `{written.path}` here"
                raise failure("use-unreadable", message, written.span, "not found")
            if path.stat().st_size > MAX_BYTES:
                message = f"`{written.path}` is too large"
                raise failure("use-unreadable", message, written.span, f"over {MAX_BYTES} bytes")
            return path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            message = f"`{written.path}` is not UTF-8 (byte {error.start})"
            raise failure("use-unreadable", message, written.span, "not a text") from None
        except OSError as error:
            message = f"`{written.path}` cannot be read: {error.strerror}"
            raise failure("use-unreadable", message, written.span, "not readable") from None
