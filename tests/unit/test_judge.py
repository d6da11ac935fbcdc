"""How routes come together: what each verdict rests on, and that no contradiction stays hidden."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import derive
from derive import HoldsNumerically, Proved, ProvedIf, Refuted, Undecided
from derive.calculus.engine import Calculus
from derive.check.confirm import Confirmation
from derive.check.engine import Engine
from derive.check.judge import Judge
from derive.diagnostics.diagnostic import DeriveError
from derive.model.scalar import Apply, Num, Scalar
from derive.proof import equal
from derive.proof import outcome as proven

SOFTMAX = """
dims n
input z[n]
target y[n]{property}
p = softmax(z)
loss L = -sum(y * log(p))
"""
ONEHOT = SOFTMAX.format(property=" : onehot")
FREE = SOFTMAX.format(property="")


def only(text: str) -> Any:
    """The verdict of the last statement of a text."""
    return derive.parse(text).check().statements[-1].verdict


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("input p\nassume p > 0\nclaim log(p*p) = 2*log(p)\n", "p > 0"),
        ("input a, b\nassume a >= b\nclaim max(a, b) = a\n", "a >= b"),
        ("input q : positive\nclaim sqrt(q^2) = q\n", "q is positive"),
        ("input q : positive\nr = sqrt(q^2)\nL = r^3\nclaim dL/dq = 3*q^2\n", "q is positive"),
    ],
)
def test_a_fact_by_which_a_sign_is_known_is_named(text: str, fact: str) -> None:
    verdict = only(text)
    assert isinstance(verdict, Proved)
    assert verdict.facts == (fact,)


def test_a_claim_that_needs_an_undeclared_fact_names_it_with_a_point_where_it_fails() -> None:
    verdict = only(FREE + "claim dL/dz = p - y\n")
    assert isinstance(verdict, ProvedIf)
    assert verdict.missing == ("sum(y) = 1",)
    assert verdict.counterexample is not None


def test_a_refute_of_the_same_prefers_the_counterexample() -> None:
    assert isinstance(only(FREE + "refute dL/dz = p - y\n"), Refuted)


def test_a_refute_of_a_truth_is_proved_and_fails() -> None:
    report = derive.parse(ONEHOT + "refute dL/dz = p - y\n").check()
    assert isinstance(report.statements[-1].verdict, Proved)
    assert report.exit_code == 1


def test_a_counterexample_pastes_into_numpy_and_shows_the_numbers_it_names() -> None:
    verdict = only(ONEHOT + "claim dL/dz = y - p\n")
    found = verdict.counterexample
    values = {name: np.array(eval(text), dtype=float) for name, text in found.values}
    sizes = dict(found.sizes)
    assert values["z"].shape == values["y"].shape == (sizes["n"],)
    p = np.exp(values["z"]) / np.exp(values["z"]).sum()
    (place,) = (number - 1 for _, number in found.entry)
    left, right = (p - values["y"])[place], (values["y"] - p)[place]
    assert float(Fraction(found.left.decimal)) == pytest.approx(left, rel=1e-8)
    assert float(Fraction(found.right.decimal)) == pytest.approx(right, rel=1e-8)
    assert float(Fraction(found.finite.decimal)) == pytest.approx(left, rel=1e-8)


def test_the_names_of_a_counterexample_are_those_that_matter() -> None:
    verdict = only("dims n\ninput x[n], unused[n]\nclaim sum(x) = 0\n")
    assert [name for name, _ in verdict.counterexample.values] == ["x"]


def test_a_tiny_factor_is_not_swallowed() -> None:
    text = "dims n\ninput x[n]\nloss L = mean(x)\n"
    assert isinstance(only(text + "claim dL/dx = 1/n\n"), Proved)
    assert isinstance(only(text + "claim dL/dx = 1/(n + 1/10^12)\n"), Refuted)


def test_what_agrees_in_all_its_floats_may_still_differ() -> None:
    assert isinstance(only("input x\nassume x > 0\nclaim sigmoid(60 + x) = 1\n"), Refuted)


def test_an_inequality_is_tried_where_it_is_an_equality() -> None:
    assert isinstance(only("input x\nclaim x^2 > 0\n"), Refuted)
    assert isinstance(only("input x\nclaim x^2 < 0\n"), Refuted)


def test_numbers_alone_never_prove(monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(*_: object) -> proven.Proof:
        return proven.NotShown("nothing was tried")

    monkeypatch.setattr(equal.Prover, "prove", silent)
    verdict = only(ONEHOT + "claim dL/dz = p - y\n")
    assert isinstance(verdict, HoldsNumerically)
    assert verdict.digits >= 20


def test_a_wrong_derivative_is_an_internal_error(monkeypatch: pytest.MonkeyPatch) -> None:
    right: Callable[[Calculus, Scalar], Scalar] = Calculus.resolve

    def wrong(self: Calculus, scalar: Scalar) -> Scalar:
        return Apply("mul", (Num(Fraction(1001, 1000)), right(self, scalar)))

    monkeypatch.setattr(Calculus, "resolve", wrong)
    report = derive.parse("dims n\ninput x[n]\nL = sum(x^2)\nclaim dL/dx = 3*x\n").check()
    verdict = report.statements[-1].verdict
    assert isinstance(verdict, Undecided)
    assert verdict.code == "internal"
    assert "finite differences" in verdict.reason
    assert report.exit_code == 3


def test_a_wrong_proof_is_an_internal_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def credulous(*_: object) -> proven.Proof:
        return proven.Proved()

    monkeypatch.setattr(equal.Prover, "prove", credulous)
    report = derive.parse(ONEHOT + "claim dL/dz = y - p\n").check()
    assert report.exit_code == 3


def test_the_oracle_finds_a_wrong_derivative_that_nothing_else_sees(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    right: Callable[[Calculus, Scalar], Scalar] = Calculus.resolve

    def wrong(self: Calculus, scalar: Scalar) -> Scalar:
        return Apply("mul", (Num(Fraction(3, 2)), right(self, scalar)))

    def credulous(*_: object) -> proven.Proof:
        return proven.Proved()

    def blind(*_: object) -> None:
        return None

    monkeypatch.setattr(Calculus, "resolve", wrong)
    monkeypatch.setattr(equal.Prover, "prove", credulous)
    monkeypatch.setattr(Confirmation, "of", blind)
    text = "dims n\ninput x[n]\nL = sum(x^2)\nclaim dL/dx = {}*x\nclaim dL/dx {} x\n"
    assert derive.parse(text.format("3", "!=")).check().exit_code == 0
    report = derive.parse(text.format("3", "!=")).check(oracle=True)
    assert report.exit_code == 3
    verdict, other = (outcome.verdict for outcome in report.statements)
    assert isinstance(verdict, Undecided)
    assert verdict.code == "internal"
    assert "by SymPy at i = 1" in verdict.reason
    assert isinstance(other, Proved)


def test_a_crash_of_one_statement_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    real = Judge.verdict

    def crash(self: Judge, judgement: Any, deadline: float) -> Any:
        if judgement.span.line == 2:
            raise ZeroDivisionError("on purpose")
        return real(self, judgement, deadline)

    monkeypatch.setattr(Judge, "verdict", crash)
    report = derive.parse("expect 1 = 1\nexpect 2 = 2\nexpect 3 = 3\n").check()
    names = [type(o.verdict).__name__ for o in report.statements]
    assert names == ["Proved", "Undecided", "Proved"]
    assert report.exit_code == 3


def test_a_statement_out_of_time_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def endless(*_: object) -> Any:
        while True:
            pass

    monkeypatch.setattr(Engine, "prove", endless)
    report = derive.parse("input x\nclaim x = x\nexpect 1 = 1\n").check(timeout=0.2)
    assert report.outcomes() == {2: "undecided[timed-out]", 3: "proved"}


def test_given_values_that_break_a_property_are_an_error_that_names_it() -> None:
    text = ONEHOT + 'case "c":\n    given z = [0, 0], y = [1, 1]\n    expect L = 2*log(2)\n'
    report = derive.parse(text).check()
    (error,) = report.errors
    assert "`y` is not onehot" in error.message
    assert report.exit_code == 2


def test_a_value_in_a_case_is_decided_by_the_rounding_rule() -> None:
    text = 'input x\ncase "c":\n    given x = 3/8\n    expect x ~ {}\n'
    assert isinstance(only(text.format("0.38")), Proved)
    assert isinstance(only(text.format("0.37")), Proved)
    assert isinstance(only(text.format("0.376")), Refuted)


def test_a_refuted_value_shows_the_right_one() -> None:
    text = 'input x[2]\ncase "c":\n    given x = [0, 1]\n    refute softmax(x) ~ [0.25, 0.75]\n'
    verdict = only(text)
    assert isinstance(verdict, Refuted)
    assert verdict.derived == "it is [0.268941, 0.731059]"


@pytest.mark.parametrize(
    ("claim", "hint"),
    [
        ("dL/dw = X.T @ (y - X @ w)", "-2 times"),
        ("dL/dw = -2*X.T @ (X @ w - y)", "-1 times"),
        ("dL/dw = 2/N*X.T @ (X @ w - y)", "N times"),
        ("dL/dw = X.T @ (X @ w - y)", "2 times"),
        ("hess(L, w) = X.T @ X", "2 times"),
    ],
)
def test_a_hint_names_the_factor(claim: str, hint: str) -> None:
    text = "dims N, d\ninput X[N, d], y[N]\nparam w[d]\nloss L = sum((X @ w - y)^2)\n"
    verdict = only(f"{text}claim {claim}\n")
    assert isinstance(verdict, Refuted)
    assert verdict.hint is not None
    assert hint in verdict.hint


def test_a_hint_names_a_dropped_path_and_a_dropped_factor() -> None:
    text = "dims n\ninput x[n]\ns = sqrt(mean(x^2))\nu = x/s\nloss L = sum(u^3)\n"
    assert "path through `s`" in only(text + "claim dL/dx = 3*u^2/s\n").hint
    text = (
        "dims n\nparam W[n, n], b[n]\ninput x[n]\nz = W @ x + b\nh = tanh(z)\nloss L = sum(h^2)\n"
    )
    assert "factor dh/dz is missing" in only(text + "claim dL/dW = 2*h @ x.T\n").hint
    assert "transpose" in only(text + "claim dL/dW = x @ (2*h*(1 - h^2)).T\n").hint


def test_a_claim_without_a_simple_repair_gets_no_hint() -> None:
    assert only("dims n\ninput x[n]\nL = sum(x^3)\nclaim dL/dx = x + 1\n").hint is None


def test_a_matrix_compared_with_zero_is_compared_by_entries() -> None:
    text = "dims n\nparam w[n]\nloss L = w.T @ w\n"
    assert "entries are compared" in only(text + "claim hess(L, w) > 0\n").hint
    assert only(text + "claim w > 0\n").hint is None


def test_a_claim_from_the_library_is_judged_or_raises() -> None:
    model = derive.parse(ONEHOT)
    assert isinstance(model.claim("dL/dz = p - y"), Proved)
    assert isinstance(model.claim("claim dL/dz = y - p"), Refuted)
    with pytest.raises(DeriveError) as caught:
        model.claim("dL/dz = q")
    assert caught.value.diagnostics[0].code == "unknown-name"


def test_the_same_seed_gives_the_same_verdicts() -> None:
    model = derive.parse(ONEHOT + "claim dL/dz = y - p\n")
    first, second = (model.check(seed=5).statements[-1].verdict for _ in range(2))
    assert first == second


def test_a_limit_that_is_not_infinite_is_shown_as_what_is_judged() -> None:
    """The numbers beside `limit(c, x -> inf) = inf` are those of exp(-limit), and are called so."""
    verdict = only("input x, c\nclaim limit(c*x/x, x -> inf) = inf\n")
    assert isinstance(verdict, Refuted)
    assert verdict.counterexample is not None
    assert verdict.counterexample.left.text == "exp(-limit(c*x/x, x -> inf))"
    assert verdict.counterexample.right.text == "exp(-inf)"
