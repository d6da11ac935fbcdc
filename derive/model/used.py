"""`use "path.derive"`: which file is meant, and whether it may be read.

A file lies beside or below the one that uses it; nothing else on the machine is reachable.
"""

from pathlib import Path

from derive.diagnostics.diagnostic import Diagnostic
from derive.diagnostics.span import Source
from derive.model.failure import failure
from derive.syntax import tree
from derive.syntax.parse import parse
from derive.syntax.read import read_source

SUFFIX = ".derive"


class Used:
    """The file that is being read, how it was reached, and which files have been read."""

    def __init__(
        self, path: Path | None, chain: tuple[Path, ...] = (), done: set[Path] | None = None
    ) -> None:
        self.path = path
        self.chain = chain if path is None else (*chain, path.resolve())
        self.done = set() if done is None else done

    def open(self, written: tree.Use) -> tuple[tree.File | None, tuple[Diagnostic, ...], "Used"]:
        """The file that `written` names; None where it has been read already."""
        path = self._path(written)
        place = path.resolve()
        if place in self.chain:
            names = [p.name for p in (*self.chain[self.chain.index(place) :], place)]
            raise failure(
                "cyclic-use",
                f"`use` goes round in a circle: {' -> '.join(names)}",
                written.span,
                f"`{path.name}` is being read already",
            )
        inside = Used(path, self.chain, self.done)
        if place in self.done:
            return None, (), inside
        self.done.add(place)
        file, problems = parse(_source(path, written))
        return file, problems, inside

    def _path(self, written: tree.Use) -> Path:
        """Where the file is, which must be beside or below this one."""
        if self.path is None:
            raise failure(
                "path-outside",
                "`use` needs a file that lies in a folder, and this text does not",
                written.span,
                "no folder to look in",
            )
        folder, relative = self.path.parent, Path(written.path)
        path = folder / relative
        try:
            inside = path.resolve().is_relative_to(folder.resolve())
        except (OSError, ValueError, RuntimeError):  # a circle of links, a name with a byte 0
            inside = False
        if relative.is_absolute() or not inside:
            raise failure(
                "path-outside",
                f"`{written.path}` is not beside or below this file",
                written.span,
                "leaves the folder",
            )
        if path.suffix != SUFFIX:
            message = f"`{written.path}` does not end in `{SUFFIX}`"
            raise failure("no-file", message, written.span, "not a file of the language")
        return path


def _source(path: Path, written: tree.Use) -> Source:
    """The text of the file; what is wrong with it is shown at the `use`."""
    found = read_source(path)
    if isinstance(found, Diagnostic):
        raise failure(
            found.code,
            f"`{written.path}` cannot be used: {found.message}",
            written.span,
            "names this file",
            helps=found.helps,
        )
    return found
