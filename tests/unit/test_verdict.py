"""Verdicts are records: no truth value, one headline each, and success by kind of statement."""

import pytest

import derive
from derive.check.verdict import (
    Erroneous,
    HoldsNumerically,
    Proved,
    ProvedFor,
    ProvedIf,
    Refuted,
    Undecided,
    Verdict,
    headline,
    outcome,
    succeeds,
    verdict_name,
)
from derive.diagnostics.diagnostic import Diagnostic, Severity
from derive.diagnostics.span import Source, Span

PROBLEM = Diagnostic(Severity.ERROR, "no-value", "it has none", Span(Source("a", "x"), 0, 1))
ALL: dict[str, Verdict] = {
    "proved": Proved(),
    "proved-for": ProvedFor(("T = 1..4",)),
    "proved-if": ProvedIf(("sum(y) = 1",)),
    "holds-numerically": HoldsNumerically(16, 30),
    "refuted": Refuted("they differ"),
    "undecided": Undecided("timed out", "timed-out"),
    "error": Erroneous(PROBLEM),
}


@pytest.mark.parametrize("verdict", ALL.values(), ids=ALL)
def test_a_verdict_has_no_truth_value(verdict: Verdict) -> None:
    with pytest.raises(TypeError):
        bool(verdict)


def test_each_verdict_has_its_name() -> None:
    assert [verdict_name(verdict) for verdict in ALL.values()] == list(ALL)


def test_headlines_and_outcomes() -> None:
    assert headline(ALL["proved-for"]) == "proved for T = 1..4"
    assert headline(ALL["proved-if"]) == "proved if sum(y) = 1"
    assert headline(ALL["holds-numerically"]) == "holds numerically (16 points, 30 digits)"
    assert outcome(ALL["holds-numerically"]) == "holds numerically"
    assert outcome(ALL["undecided"]) == "undecided[timed-out]"
    assert outcome(ALL["error"]) == "error[no-value]"


@pytest.mark.parametrize("kind", ["claim", "step", "expect"])
def test_what_is_said_true_succeeds_when_it_is(kind: str) -> None:
    good = {name for name, verdict in ALL.items() if succeeds(kind, verdict)}
    assert good == {"proved", "proved-for", "holds-numerically"}
    strict = {name for name, verdict in ALL.items() if succeeds(kind, verdict, strict=True)}
    assert strict == {"proved", "proved-for"}


@pytest.mark.parametrize("strict", [False, True])
def test_what_is_said_false_succeeds_when_it_is(strict: bool) -> None:
    assert {n for n, verdict in ALL.items() if succeeds("refute", verdict, strict)} == {"refuted"}


def test_what_a_notebook_shows_has_the_numbers() -> None:
    model = derive.parse("dims n\nparam w[n]\ninput x[n]\nloss L = sum((w - x)^2)")
    assert str(model.gradient("L", wrt="w")) == "2*(w - x)"
    text = str(model.claim("dL/dw = w - x"))
    assert text.startswith("refuted\nat n = ")
    assert text.endswith("derive finds dL/dw = 2*(w - x)\nthe right answer is 2 times this")
    assert str(model.claim("dL/dw = 2*(w - x)")) == "proved"
    assert str(model.claim("dL/dw = x @ w.T")).endswith("right side has shape [n, n]")


def test_a_report_prints_as_on_the_command_line() -> None:
    report = derive.parse("input x\nclaim x = x\nclaim x = 1").check()
    assert repr(report).startswith("<derive.Report 2 statements in 1 file: 1 proved, 1 refuted;")
    assert str(report).startswith("<text>:2  proved   x = x\n<text>:3  refuted  x = 1\n")
    assert "1 error>" in repr(derive.parse("loss L = (1"))


def test_the_names_of_the_library_complete() -> None:
    assert {"parse", "load", "Proved"} <= set(dir(derive))
