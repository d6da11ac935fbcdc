"""The command line: what it prints, for whom, and with which exit code."""

import json
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner, Result

from derive import __version__
from derive.check import files
from derive.cli import main
from derive.diagnostics.span import Source

GOOD = "dims n\ninput x[n]\nloss L = sum(x^2)\nclaim dL/dx = 2*x\n"
WRONG = "dims n\ninput x[n]\nloss L = sum(x^2)\nclaim dL/dx = 2*x\nclaim dL/dx = x\n"
BROKEN = "dims n\ninput x[n]\nz = q\nclaim x = x\nclaim z = x\n"


def derive(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sub").mkdir()
    for name, text in {"good": GOOD, "sub/wrong": WRONG, "broken": BROKEN}.items():
        (tmp_path / f"{name}.derive").write_text(text, encoding="utf-8")
    (tmp_path / "notes.txt").write_text("claim 1 = 2", encoding="utf-8")
    return tmp_path


def test_a_file_that_holds_gives_a_line_per_statement_and_a_count(folder: Path) -> None:
    result = derive("check", folder / "good.derive")
    lines = result.output.splitlines()
    assert result.exit_code == 0
    assert lines[0].split() == [f"{folder}/good.derive:4", "proved", "dL/dx", "=", "2*x"]
    assert lines[-1].startswith("1 statement in 1 file: 1 proved; all succeed (")


def test_a_folder_without_files_is_no_success(tmp_path: Path) -> None:
    result = derive("check", tmp_path)
    assert result.exit_code == 2
    assert "there is no .derive file in" in result.output


def test_the_count_says_how_many_statements_the_oracle_confirmed(folder: Path) -> None:
    result = derive("check", "--oracle", folder / "sub" / "wrong.derive")
    assert "1 proved, 1 refuted, 1 confirmed by SymPy on components; 1 fails" in result.output
    assert "SymPy" not in derive("check", folder / "sub" / "wrong.derive").output


def test_a_wrong_claim_gives_a_frame_that_pastes_into_numpy(folder: Path) -> None:
    result = derive("check", folder / "sub" / "wrong.derive")
    assert result.exit_code == 1
    assert "refuted[claim]" in result.output
    assert "finite difference" in result.output
    assert "the right answer is 2 times this" in result.output
    assert "2 statements in 1 file: 1 proved, 1 refuted; 1 fails" in result.output


def test_an_error_exits_with_two_and_the_others_are_still_judged(folder: Path) -> None:
    result = derive("check", folder / "broken.derive")
    assert result.exit_code == 2
    assert "error[unknown-name]" in result.output
    assert "proved" in result.output
    assert "undecided" in result.output


def test_a_folder_means_every_file_below_it_in_order(folder: Path) -> None:
    result = derive("check", folder, "--format", "json")
    files = [s["file"] for s in json.loads(result.output)["statements"]]
    assert list(dict.fromkeys(files)) == [
        f"{folder}/{name}.derive" for name in ("broken", "good", "sub/wrong")
    ]
    assert result.exit_code == 2


def test_json_has_the_documented_fields(folder: Path) -> None:
    report = json.loads(derive("check", folder / "sub/wrong.derive", "--format", "json").output)
    assert set(report) == {"version", "statements", "errors", "counts", "seconds"}
    assert report["version"] == 1
    assert report["counts"] == {"proved": 1, "refuted": 1}
    proved, refuted = report["statements"]
    assert proved["ok"] is True
    assert refuted["ok"] is False
    documented = (
        "file line kind name text verdict ok sizes facts conditions counterexample derived seconds"
    )
    assert set(documented.split()) <= set(proved)
    assert (refuted["kind"], refuted["line"], refuted["text"]) == ("claim", 5, "dL/dx = x")
    assert set(refuted["counterexample"]["values"]) == {"x"}
    assert refuted["counterexample"]["left"]["text"] == "dL/dx[1]"


def test_junit_counts_failures_and_errors(folder: Path) -> None:
    root = ET.fromstring(derive("check", folder, "--format", "junit").output)
    assert root.tag == "testsuites"
    assert [suite.get("name") for suite in root] == [
        f"{folder}/{name}.derive" for name in ("broken", "good", "sub/wrong")
    ]
    assert (root.get("failures"), root.get("errors")) == ("2", "1")
    assert root.get("tests") == str(len(root.findall(".//testcase")))


def test_github_commands_name_file_and_line(folder: Path) -> None:
    output = derive("check", folder / "sub/wrong.derive", "--format", "github").output
    (command,) = [line for line in output.splitlines() if line.startswith("::")]
    assert command.startswith(f"::error file={folder}/sub/wrong.derive,line=5,")
    assert "title=refuted[claim]::" in command
    assert "%0A" in command


def test_two_processes_say_the_same_as_one(folder: Path) -> None:
    def told(*options: str) -> list[dict[str, object]]:
        report = json.loads(derive("check", folder, "--format", "json", *options).output)
        return [{k: v for k, v in s.items() if k != "seconds"} for s in report["statements"]]

    assert told("--jobs", "2") == told()


def test_the_same_seed_gives_the_same_report(folder: Path) -> None:
    def told(seed: int) -> object:
        path = folder / "sub/wrong.derive"
        report = json.loads(derive("check", path, "--format", "json", "--seed", seed).output)
        return [s["counterexample"] for s in report["statements"]]

    assert told(3) == told(3)


def test_strict_takes_no_agreement_for_a_proof(tmp_path: Path) -> None:
    path = tmp_path / "unproved.derive"
    path.write_text("expect lgamma(5/2) = lgamma(5/2 + 0*pi)\nexpect erf(1) < erf(2)\n")
    assert derive("check", path).exit_code == 0
    path.write_text("input x\nclaim cos(sin(x)) > sin(cos(x))\n")
    relaxed, strict = derive("check", path), derive("check", path, "--strict")
    if "holds numerically" in relaxed.output:
        assert (relaxed.exit_code, strict.exit_code) == (0, 1)


def test_a_statement_out_of_time_stops_no_other(tmp_path: Path) -> None:
    path = tmp_path / "slow.derive"
    path.write_text(
        "expect sum[i in 1..4000](sum[j in 1..4000](sum[k in 1..4000](exp(i*j/k)))) ~ 3.0\n"
        "expect 1 + 1 = 2\n"
    )
    start = time.process_time()
    result = derive("check", path, "--timeout", "1", "--format", "json")
    verdicts = [s["verdict"] for s in json.loads(result.output)["statements"]]
    assert verdicts[1] == "proved"
    assert verdicts[0] in ("undecided", "error")
    assert time.process_time() - start < 20


def test_there_is_no_colour_where_there_is_no_terminal(folder: Path) -> None:
    assert "\x1b" not in derive("check", folder).output


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"\xff\xfe\x00", 2),
        (b"", 2),
        (b"claim (1 = 2", 2),
        (b'use "../../etc/passwd"\n', 2),
        (b"claim " + b"(" * 10_000 + b"1" + b")" * 10_000 + b" = 1", 2),
        (b"x = " + b"9" * 5_000_000, 2),
        (b"dims n\n\tinput x[n]\n", 2),
    ],
    ids=["not UTF-8", "empty", "unclosed", "outside", "brackets", "huge", "tab"],
)
def test_bad_input_gives_a_message_and_no_traceback(
    tmp_path: Path, content: bytes, code: int
) -> None:
    path = tmp_path / "bad.derive"
    path.write_bytes(content)
    start = time.process_time()
    result = derive("check", path, "--timeout", "3")
    assert result.exit_code == code
    assert "error[" in result.output
    assert "Traceback" not in result.output
    assert time.process_time() - start < 10


@pytest.mark.parametrize("text", ["expect 9^9^9^9 = 1", "expect 9^9^9 = 1", "expect 2^(2^70) = 4"])
def test_a_tower_of_powers_ends_in_bounded_time(tmp_path: Path, text: str) -> None:
    path = tmp_path / "tower.derive"
    path.write_text(f"{text}\nexpect 1 + 1 = 2\n")
    start = time.process_time()
    result = derive("check", path, "--timeout", "3")
    assert result.exit_code in (1, 2)
    assert "Traceback" not in result.output
    assert "proved" in result.output
    assert time.process_time() - start < 15


def test_a_missing_file_is_an_error_in_the_report(tmp_path: Path) -> None:
    result = derive("check", tmp_path / "none.derive")
    assert result.exit_code == 2
    assert "error[no-file]" in result.output


def test_grad_prints_the_closed_form_in_every_format(folder: Path) -> None:
    path = folder / "good.derive"
    assert derive("grad", path, "L", "x").output == "2*x\n"
    assert derive("grad", path, "L", "x", "--format", "sympy").output == "2*x[i]\n"
    source = derive("grad", path, "L", "x", "--format", "numpy").output
    names: dict[str, object] = {}
    exec(source, names)
    assert list(names["dL_dx"](__import__("numpy").array([1.0, -3.0]))) == [2, -6]  # type: ignore[operator]


def test_grad_takes_a_text_in_place_of_a_file() -> None:
    result = derive("grad", "-e", "dims n; input x[n]; loss L = sum(x^2)", "L", "x")
    assert (result.exit_code, result.output) == (0, "2*x\n")


def test_grad_of_an_unknown_name_says_which_there_are(folder: Path) -> None:
    result = derive("grad", folder / "good.derive", "L", "xx")
    assert result.exit_code == 2
    assert "nothing is named `xx`" in result.output


def test_show_lists_names_with_shapes_and_assumptions(tmp_path: Path) -> None:
    path = tmp_path / "a.derive"
    path.write_text("dims n\ninput x[n] : simplex\nassume n > 1\ns = sum(x)\n")
    lines = [line.split() for line in derive("show", path).output.splitlines()]
    assert lines == [
        ["dims", "n"],
        ["input", "x[n]", "simplex"],
        ["define", "s", "sum(x)"],
        ["assume", "n", ">", "1"],
    ]


def test_explain_explains_a_code_as_it_was_printed() -> None:
    assert "shape-mismatch" in derive("explain", "error[shape-mismatch]").output
    unknown = derive("explain", "shape-missmatch")
    assert unknown.exit_code == 2
    assert "did you mean shape-mismatch?" in unknown.output


def test_the_version_is_printed() -> None:
    assert derive("--version").output == f"derive {__version__}\n"


def test_help_loads_nothing_slow() -> None:
    code = (
        "import sys, derive.cli as cli\n"
        "cli.main(['--help'], standalone_mode=False)\n"
        "assert not {'numpy', 'sympy', 'lark', 'flint'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)


def test_a_crash_on_one_file_stops_no_other(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = files.model_of

    def crash(source: Source, path: Path | None) -> object:
        if source.name.endswith("broken.derive"):
            raise ZeroDivisionError("on purpose")
        return real(source, path)

    monkeypatch.setattr(files, "model_of", crash)
    result = derive("check", folder)
    assert result.exit_code == 3
    assert "error[internal]" in result.output
    assert "1 proved" not in result.output.splitlines()[0]
    assert "2 proved, 1 refuted, 1 error" in result.output


def test_what_a_file_says_cannot_command_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "escape.derive"
    path.write_text('claim "\x1b[31mred": 1 = 1\n', encoding="utf-8")
    assert "\x1b" not in derive("check", path).output


def test_debugging_shows_the_traceback(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: object) -> object:
        raise ZeroDivisionError("on purpose")

    monkeypatch.setattr(files, "model_of", crash)
    monkeypatch.setenv("DERIVE_DEBUG", "1")
    assert isinstance(derive("check", folder / "good.derive").exception, ZeroDivisionError)


PRINTED = """dims n
input x[n]
loss L = sum(x^2)
claim "Q1, printed without a sum; it has one": L = dot(x, x)
refute "Q2, printed without the 2": dL/dx = x
refute "Q3, printed as |x|": L = abs(x[1])
refute "the words `in print` are not enough": dL/dx = 3*x
expect "Q4": 2*2 = 4
"""


def test_errata_list_what_is_printed_wrong_with_what_is_right(tmp_path: Path) -> None:
    (tmp_path / "an_exam").mkdir()
    (tmp_path / "an_exam" / "norms.derive").write_text(PRINTED, encoding="utf-8")
    (tmp_path / "an_exam" / "other.derive").write_text(GOOD, encoding="utf-8")
    result = derive("errata", tmp_path)
    lines = result.output.splitlines()
    assert result.exit_code == 0
    assert lines[:3] == ["# Errata", "", "## an exam (3)"]
    assert lines[-3:-1] == [
        "| Q1 | printed without a sum | it has one | proved (norms.derive:4) |",
        "| Q2 | printed without the 2: `dL/dx = x` | `dL/dx = 2*x` "
        "| at n = 1, x = [1]: 2 against 1 (norms.derive:5) |",
    ]
    assert lines[-1].startswith("| Q3 | printed as \\|x\\|: `L = abs(x[1])` | `L = ")


def test_errata_fail_as_a_check_does(tmp_path: Path) -> None:
    text = PRINTED.replace("dL/dx = 3*x", "dL/dx = 2*x")
    (tmp_path / "norms.derive").write_text(text, encoding="utf-8")
    assert derive("errata", tmp_path).exit_code == 1


def test_what_depends_on_one_mistake_is_shown_once(tmp_path: Path) -> None:
    path = tmp_path / "a.derive"
    path.write_text("input x\nz = (x\nclaim z = 1\nclaim z = 2\nclaim z = 3\n", encoding="utf-8")
    text = derive("check", path).output
    assert text.count("(depends on z, which failed at line 2)") == 3
    assert text.count("undecided[depends]") == 1
