"""Every example in prose runs: README, reference, docstrings of codes, worked files."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import derive
from derive.check.verdict import verdict_name
from derive.diagnostics.codes import CODES
from derive.report.document import Report
from tests.conftest import expected_outcomes

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
REFERENCE = ROOT / "grammar" / "LANGUAGE.md"
WORKED = sorted((ROOT / "worked").rglob("*.derive"))
VERDICTS = Path(__file__).parent / "worked_verdicts.toml"
BLOCK = re.compile(r"^```(?P<language>\w*)[^\n]*\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
SECONDS = re.compile(r"\(\d+\.\d+ s\)")


def blocks(path: Path, language: str) -> list[str]:
    """The code blocks of a page in one language."""
    found = BLOCK.finditer(path.read_text(encoding="utf-8"))
    return [match["text"] for match in found if match["language"] == language]


def run(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    found = subprocess.run(
        [sys.executable, "-m", "derive.cli", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert found.stderr == ""
    return found


def test_the_contents_of_the_reference_are_its_chapters() -> None:
    text = REFERENCE.read_text(encoding="utf-8")
    listed = re.findall(r"^- \[(.*)\]\((#.*)\)$", text, re.MULTILINE)
    chapters = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert listed == [
        (title, "#" + title.lower().replace(",", "").replace(" ", "-")) for title in chapters
    ]


def failures(report: Report) -> list[str]:
    wrong = [f"line {o.statement.line}: {o.statement.text}: {o.verdict}" for o in report.failed]
    return wrong + [f"line {d.span.line}: {d.message}" for d in report.errors]


def compare(number: int, printed: str, update: bool) -> None:
    """The text block of that number in the README is what was printed."""
    shown = blocks(README, "text")[number]
    if update:
        text = README.read_text(encoding="utf-8")
        new = text.replace(f"```text\n{shown}```", f"```text\n{printed}```", 1)
        README.write_text(new, encoding="utf-8")
    else:
        assert printed == shown


def test_the_readme_shows_what_check_prints(tmp_path: Path, update: bool) -> None:
    (file,) = blocks(README, "derive")
    (tmp_path / "first.derive").write_text(file, encoding="utf-8")
    printed = SECONDS.sub("(0.3 s)", run("check", "first.derive", folder=tmp_path).stdout)
    compare(0, printed, update)


def test_the_readme_shows_what_grad_prints(tmp_path: Path, update: bool) -> None:
    (command,) = [text for text in blocks(README, "sh") if text.startswith("derive grad")]
    match = re.fullmatch(r"derive grad -e '(.*)' (\w+) (\w+)\n", command)
    assert match is not None
    printed = run("grad", "-e", *match.groups(), folder=tmp_path).stdout
    compare(1, printed, update)


@pytest.mark.parametrize("number", range(len(blocks(README, "python"))))
def test_the_python_of_the_readme_runs(number: int) -> None:
    exec(compile(blocks(README, "python")[number], str(README), "exec"), {})


def test_the_commands_of_the_readme_are_single_lines_that_make_their_own_environment() -> None:
    commands = [text for text in blocks(README, "sh") if "pip" in text]
    assert len(commands) == 2
    for command in commands:
        assert command.count("\n") == 1
        assert command.startswith("python3 -m venv .venv && .venv/bin/pip install")
    assert "pytest" in commands[1]


@pytest.mark.parametrize("number", range(len(blocks(REFERENCE, "derive"))))
def test_an_example_of_the_reference_succeeds_unless_it_says_otherwise(number: int) -> None:
    text = blocks(REFERENCE, "derive")[number]
    expected = expected_outcomes(text)
    report = derive.parse(text).check()
    found = report.outcomes()
    assert {line: found.get(line) for line in expected} == expected
    unmarked = [o for o in report.failed if o.statement.line not in expected]
    assert not unmarked
    assert all(diagnostic.span.line in expected for diagnostic in report.errors)


@pytest.mark.parametrize("code", [c for c in CODES.values() if c.instead], ids=lambda c: c.name)
def test_what_is_written_instead_has_no_error(code: object) -> None:
    assert isinstance(code, type(next(iter(CODES.values()))))
    assert not derive.parse(code.instead).check().errors


def outcomes_of(path: Path) -> Report:
    return derive.load(path).check(strict=True, oracle=True)


@pytest.mark.parametrize("path", WORKED, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_worked_file_succeeds_with_the_verdicts_it_had(path: Path, update: bool) -> None:
    report = outcomes_of(path)
    key = path.relative_to(ROOT / "worked").as_posix()
    found = tuple(verdict_name(outcome.verdict) for outcome in report.statements)
    counts = {name: found.count(name) for name in sorted(set(found))}
    if update:
        write_verdicts({**read_verdicts(), key: counts})
    assert read_verdicts().get(key) == counts, "a slide from `proved` must be seen"
    assert not failures(report)


def test_no_worked_file_is_missing() -> None:
    names = {path.relative_to(ROOT / "worked").as_posix() for path in WORKED}
    assert names == set(read_verdicts())


def test_every_worked_file_says_something_true_and_something_false_and_names_its_source() -> None:
    for path in WORKED:
        text = path.read_text(encoding="utf-8")
        assert '"' in text.splitlines()[0], path
        assert re.search(r"^\s*(claim|expect|derivation)\b", text, re.MULTILINE), path


def read_verdicts() -> dict[str, dict[str, int]]:
    if not VERDICTS.exists():
        return {}
    return tomllib.loads(VERDICTS.read_text(encoding="utf-8"))


def write_verdicts(verdicts: dict[str, dict[str, int]]) -> None:
    lines = ["# File -> how many statements have each verdict. Written by `pytest --update`.", ""]
    for key in sorted(verdicts):
        counts = ", ".join(f"{name} = {number}" for name, number in verdicts[key].items())
        lines.append(f'"{key}" = {{ {counts} }}')
    VERDICTS.write_text("\n".join(lines) + "\n", encoding="utf-8")
