"""Every code has a page, and every example of a text that cannot be read triggers its code."""

import ast
import re
from pathlib import Path

import pytest

import derive
from derive.diagnostics.code import Code
from derive.diagnostics.codes import CODES, explain
from derive.diagnostics.codes_syntax import SYNTAX
from derive.diagnostics.render import render
from derive.diagnostics.span import Source
from derive.report.frames import frame
from derive.syntax.parse import parse

LAYERS = ["diagnostics", "syntax", "model", "calculus", "proof", "evaluate", "check", "report"]
PACKAGE = Path(derive.__file__).parent


def codes_in_the_source(package: str) -> set[str]:
    """What is handed to `Diagnostic(severity, code, ...)` or `code=` in a package."""
    found = set()
    for path in (PACKAGE / package).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            called = node.func.id if isinstance(node.func, ast.Name) else ""
            given = [k.value for k in node.keywords if k.arg == "code"]
            if called == "Diagnostic":
                given += node.args[1:2]
            elif called in ("failure", "trouble"):
                given += node.args[:2]
            found |= {
                item.value
                for item in given
                if isinstance(item, ast.Constant) and isinstance(item.value, str)
            }
    return {code for code in found if re.fullmatch("[a-z0-9-]+", code)}


@pytest.mark.parametrize("package", LAYERS)
def test_every_code_in_use_has_a_page(package: str) -> None:
    assert codes_in_the_source(package) <= CODES.keys()


@pytest.mark.parametrize("code", SYNTAX, ids=[code.name for code in SYNTAX])
def test_an_example_of_unreadable_text_triggers_its_code(code: Code) -> None:
    if code.example:
        _, problems = parse(Source("example", code.example))
        assert [problem.code for problem in problems] == [code.name]
    if code.instead:
        assert parse(Source("instead", code.instead))[1] == ()


@pytest.mark.parametrize("code", CODES.values(), ids=list(CODES))
def test_an_example_triggers_its_code(code: Code, tmp_path: Path) -> None:
    if code.example:
        path = tmp_path / "cyclic.derive"  # the example of a cyclic `use` names itself
        path.write_text(code.example, encoding="utf-8")
        report = derive.load(path).check()
        found = [*report.errors, *(frame(outcome) for outcome in report.failed)]
        assert code.name in [problem.code for problem in found]
        assert all(render(problem) for problem in found)
    if code.instead:
        assert derive.parse(code.instead).check().ok


@pytest.mark.parametrize("code", CODES.values(), ids=list(CODES))
def test_a_page_can_be_read(code: Code) -> None:
    assert code.title == code.title[0].lower() + code.title[1:]
    assert code.explanation.strip().endswith(".")
    assert explain(code.name).startswith(f"{code.name}: {code.title}")
    if code not in SYNTAX:
        assert parse(Source("example", code.example or "dims n"))[1] == ()
        assert parse(Source("instead", code.instead or "dims n"))[1] == ()
