"""Every tests/cases/**/*.derive file is one test: its `#~` comments are the outcomes we expect."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import derive

EXPECTATION = re.compile(r"#~\s*(?P<outcome>.+?)\s*$")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="rewrite golden text (never #~ marks)")


def pytest_collect_file(parent: pytest.Collector, file_path: Path) -> "CaseFile | None":
    if file_path.suffix == ".derive" and "cases" in file_path.parts:
        return CaseFile.from_parent(parent, path=file_path)
    return None


class Mismatch(Exception):
    """The outcomes of a case file differ from its `#~` comments."""


def expected_outcomes(text: str) -> dict[int, str]:
    """What the marks of a case file say, by line."""
    return {
        number: match["outcome"]
        for number, line in enumerate(text.splitlines(), start=1)
        if (match := EXPECTATION.search(line))
    }


def differences(name: str, expected: dict[int, str], actual: dict[int, str]) -> list[str]:
    """A line for each outcome that is not the expected one; a file without marks is wrong."""
    nothing = "nothing"
    wrong = [
        f"{name}:{line}: expected {expected.get(line, nothing)}, got {actual.get(line, nothing)}"
        for line in sorted(expected.keys() | actual.keys())
        if expected.get(line) != actual.get(line)
    ]
    return wrong if wrong or expected else [f"{name}: nothing is expected here"]


class CaseFile(pytest.File):
    def collect(self) -> "Iterator[Case]":
        yield Case.from_parent(self, name=self.path.stem)


class Case(pytest.Item):
    def runtest(self) -> None:
        text = self.path.read_text(encoding="utf-8")
        actual = derive.load(self.path).check(oracle=True).outcomes()
        wrong = differences(self.path.name, expected_outcomes(text), actual)
        if wrong:
            raise Mismatch("\n".join(wrong))

    def repr_failure(
        self, excinfo: pytest.ExceptionInfo[BaseException], style: object = None
    ) -> str:
        if excinfo.errisinstance(Mismatch):
            return str(excinfo.value)
        return str(super().repr_failure(excinfo))

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, f"case: {self.name}"


@pytest.fixture
def update(request: pytest.FixtureRequest) -> bool:
    """Whether golden text is to be rewritten."""
    return bool(request.config.getoption("--update"))
