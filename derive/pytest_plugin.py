"""pytest collects `.derive` files: those on its command line, and those that match `derive_files`.

Each judged statement is a test, each error of a file another; a failure is shown as a diagnostic.
pytest loads this module at every start, so whatever is slow is imported where it is used.
"""

from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from derive.check.outcome import Outcome
    from derive.diagnostics.diagnostic import Diagnostic
    from derive.model.model import Judgement, Model

_SUFFIX = ".derive"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The ini option."""
    text = "patterns of .derive files to collect, such as `notes/*.derive`"
    parser.addini("derive_files", text, type="args", default=[])


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> "DeriveFile | None":
    """A file that was asked for."""
    if file_path.suffix != _SUFFIX:
        return None
    if parent.session.isinitpath(file_path) or _matches(file_path, parent.config):
        return DeriveFile.from_parent(parent, path=file_path)
    return None


def _matches(path: Path, config: pytest.Config) -> bool:
    """Whether a pattern fits the name, or the path below pytest's root."""
    below = path.relative_to(config.rootpath) if path.is_relative_to(config.rootpath) else path
    patterns = config.getini("derive_files")
    return any(fnmatch(path.name, p) or fnmatch(below.as_posix(), p) for p in patterns)


class DeriveFile(pytest.File):
    """A file of statements, judged one after the other when their tests run."""

    def collect(self) -> "Iterator[Statement | Fault]":
        """A test for each statement, and for each error."""
        from derive.check import files  # slow to load, as is all below

        model = files.load(self.path, _timeout())
        faults = model if isinstance(model, tuple) else tuple(model.errors)
        names: dict[str, int] = {}
        for fault in faults:
            if fault.severity.name == "ERROR":
                name = f"line {fault.span.line}: {fault.code}"
                yield Fault.from_parent(self, name=_unlike(name, names), fault=fault)
        if isinstance(model, tuple):
            return
        self.model = model
        for judgement in model.judgements:
            title = judgement.name or " ".join(judgement.text.split())
            name = f"line {judgement.span.line}: {title}"
            yield Statement.from_parent(self, name=_unlike(name, names), judgement=judgement)

    def outcome(self, judgement: "Judgement") -> "Outcome":
        """The outcome of one of the statements."""
        from derive.check.judge import Judge
        from derive.check.outcome import Settings
        from derive.check.statements import check_judgement

        if not hasattr(self, "_judge"):
            self._judge = Judge(self.model, Settings())
        return check_judgement(self._judge, judgement)

    model: "Model"


def _timeout() -> float:
    from derive.check.outcome import Settings

    return Settings().timeout


def _unlike(name: str, names: dict[str, int]) -> str:
    """The name, numbered where there was one like it."""
    names[name] = names.get(name, 0) + 1
    return name if names[name] == 1 else f"{name} ({names[name]})"


class Failed(Exception):
    """A statement did not get what it says; the text is its diagnostic."""


class _Test(pytest.Item):
    def repr_failure(
        self, excinfo: pytest.ExceptionInfo[BaseException], style: object = None
    ) -> str:
        """The diagnostic alone, without a traceback."""
        if isinstance(excinfo.value, Failed):
            return str(excinfo.value)
        return str(super().repr_failure(excinfo))

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where the statement stands, as lines from 0."""
        line = int(self.name.partition(":")[0].removeprefix("line "))
        return self.path, line - 1, self.name


class Statement(_Test):
    """A judged statement."""

    def __init__(self, *, judgement: "Judgement", **options: object) -> None:
        super().__init__(**options)  # type: ignore[arg-type]
        self.judgement = judgement

    def runtest(self) -> None:
        """Raises Failed where the verdict is not the one that the statement needs."""
        from derive.diagnostics.render import render
        from derive.report.frames import frame

        assert isinstance(self.parent, DeriveFile)
        outcome = self.parent.outcome(self.judgement)
        if not outcome.succeeds(strict=False):
            raise Failed(render(frame(outcome)))


class Fault(_Test):
    """An error of a file."""

    def __init__(self, *, fault: "Diagnostic", **options: object) -> None:
        super().__init__(**options)  # type: ignore[arg-type]
        self.fault = fault

    def runtest(self) -> None:
        """Always raises."""
        from derive.diagnostics.render import render

        raise Failed(render(self.fault))
