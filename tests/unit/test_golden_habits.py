"""What is said to those who write as in NumPy or on paper: `tests/habits/*.derive`, texts beside.

`pytest --update` writes the texts anew; read what it changed before keeping it.
"""

from pathlib import Path

import pytest

import derive
from derive.diagnostics.render import render
from derive.report.frames import frame

HABITS = sorted((Path(__file__).parents[1] / "habits").glob("*.derive"))


@pytest.mark.parametrize("path", HABITS, ids=lambda path: path.stem)
def test_the_help_is_what_to_write(
    path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.chdir(path.parent)
    report = derive.load(path.name).check()
    found = [*report.errors, *(frame(outcome) for outcome in report.failed)]
    text = "\n\n".join(map(render, dict.fromkeys(found))) + "\n"
    golden = path.with_suffix(".txt")
    if request.config.getoption("--update"):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")
