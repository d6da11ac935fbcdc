"""What pytest makes of `.derive` files in somebody's project."""

import re

import pytest

import derive.check.files
import derive.check.judge  # loaded here, once: what a run within this process loads is forgotten
import derive.report.frames  # noqa: F401

pytest_plugins = ["pytester"]

GOOD = 'dims n\ninput x[n]\nloss L = sum(x^2)\nclaim "slope": dL/dx = 2*x\nrefute dL/dx = x\n'
BAD = "dims n\ninput x[n]\nloss L = sum(x^2)\nclaim dL/dx = 2*x\nclaim dL/dx = x\nclaim dL/dx = q\n"


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makefile(".derive", good=GOOD, bad=BAD)
    pytester.makepyfile("def test_python():\n    pass\n")
    return pytester


def run(project: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    # As if installed, whether it is or not.
    plugin = ("-p", "no:derive", "-p", "derive.pytest_plugin", "-p", "no:xdist")
    return project.runpytest_inprocess(*plugin, *arguments)


def test_a_file_on_the_command_line_is_one_test_per_statement(project: pytest.Pytester) -> None:
    result = run(project, "good.derive", "-v")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(
        ["good.derive::line 4: slope PASSED*", "*line 5: dL/dx = x PASSED*"]
    )


def test_a_failure_is_a_diagnostic(project: pytest.Pytester) -> None:
    result = run(project, "bad.derive")
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(
        [
            "refuted?claim?: this claim is false",
            "*bad.derive:5:7",
            "5 | claim dL/dx = x",
            "error?unknown-name?: nothing is named `q` here",
        ]
    )
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*pytest_plugin.py*")


def test_without_being_asked_for_no_file_is_collected(project: pytest.Pytester) -> None:
    run(project).assert_outcomes(passed=1)


def test_the_ini_option_names_files_by_patterns(project: pytest.Pytester) -> None:
    project.mkdir("notes").joinpath("deep.derive").write_text(GOOD, encoding="utf-8")
    project.makeini("[pytest]\nderive_files = g*.derive notes/*.derive\n")
    run(project).assert_outcomes(passed=5)


def test_a_file_that_cannot_be_read_is_one_failure(project: pytest.Pytester) -> None:
    project.path.joinpath("latin.derive").write_bytes(b"dims n\xff\n")
    project.makefile(".derive", broken="dims n\nclaim (n = n\n")
    result = run(project, "latin.derive", "broken.derive")
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["error?not-utf8?*", "error?unclosed?*"])


def test_one_statement_can_be_chosen(project: pytest.Pytester) -> None:
    run(project, "good.derive", "-k", "slope").assert_outcomes(passed=1, deselected=1)


def test_a_wrong_gradient_is_shown_at_the_line_of_the_test(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import numpy as np
        from derive.testing import assert_gradient

        def test_it():
            assert_gradient(lambda w: np.sum(w**2), lambda w: w, np.ones(2))
        """
    )
    lines = pytester.runpytest("-p", "no:derive", "-p", "derive.pytest_plugin").outlines
    places = [line for line in lines if re.match(r"\S+\.py:\d+: ", line)]
    assert places == ["test_a_wrong_gradient_is_shown_at_the_line_of_the_test.py:5: WrongGradient"]
