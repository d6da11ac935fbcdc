"""The exact look of the message for every code: `tests/diagnostics/<code>.txt` beside its example.

`pytest --update` writes the texts anew; read what it changed before keeping it.
"""

from pathlib import Path

import pytest

import derive
from derive.diagnostics.codes import CODES
from derive.diagnostics.render import render
from derive.report.frames import frame

GOLDEN = Path(__file__).parents[1] / "diagnostics"
SHOWN = [name for name, code in CODES.items() if code.example]


@pytest.mark.parametrize("name", SHOWN)
def test_the_message_looks_as_it_did(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path("cyclic.derive" if name == "cyclic-use" else f"{name}.derive")
    path.write_text(CODES[name].example, encoding="utf-8")
    report = derive.load(path).check()
    found = [*report.errors, *(frame(outcome) for outcome in report.failed)]
    text = "\n\n".join(map(render, dict.fromkeys(found))) + "\n"
    golden = GOLDEN / f"{name}.txt"
    if request.config.getoption("--update"):
        GOLDEN.mkdir(exist_ok=True)
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


def test_no_text_is_left_of_a_code_that_is_gone() -> None:
    assert {path.stem for path in GOLDEN.glob("*.txt")} == set(SHOWN)
