"""SymPy on explicit components: right derivatives agree, wrong ones do not, nothing is silent."""

import ast
from pathlib import Path

import numpy as np
import pytest
from modelling import judged, model_of

from derive.evaluate.point import Point, fractions
from derive.oracle.components import CannotSay, Oracle, OracleVerdict

FILES = {
    "softmax": """
dims d, k
input x[d]
param W[k, d], b[k]
target y[k] : onehot
z = W @ x + b
p = softmax(z)
loss L = -sum(y*log(p))
""",
    "layer norm": """
dims n
input x[n], o[n]
param gamma[n] : positive
const eps : positive
mu = mean(x)
sigma = sqrt(mean((x - mu)^2) + eps)
h = (x - mu)/sigma
loss L = sum(o*gamma*h)
""",
    "deep": """
dims n
input x[n], y[n]
param A[n, n], B[n, n], C[n, n], D[n, n]
a = tanh(A @ x)
b = relu(B @ a)
c = sigmoid(C @ b + a)
loss L = norm(D @ c - y)^2
""",
    "unknown": """
dims n, m
input x[n], W[m, n]
function g
function F(u[m]) -> [n]
h = g(W @ x)
loss L = sum(F(h)^2)
""",
    "matrices": """
dims n
input S[n, n] : posdef, v[n], t
f = logdet(S) + v.T @ inv(S) @ v
w = t^2
""",
}
TRUE = [
    ("softmax", "dL/dz = p - y"),
    ("softmax", "dL/dW = (p - y) @ x.T"),
    ("softmax", "dp/dz = diag(p) - p @ p.T"),
    ("softmax", "hess(L, z) = diag(p) - p @ p.T"),
    ("softmax", "dp[i]/dz[j] = -p[i]*p[j] for i in 1..k, j in 1..k, i != j"),
    ("softmax", "dL/db <= 1"),
    ("layer norm", "dL/dx = (gamma*o - mean(gamma*o) - h*mean(gamma*o*h))/sigma"),
    ("layer norm", "partial(sigma, mu) = 0 at mu = mean(x)"),
    ("deep", "dL/dD = 2*(D @ c - y) @ c.T"),
    ("deep", "dL/dA = (dL/da*(1 - a^2)) @ x.T"),
    ("unknown", "dL/dx = W.T @ (g'(W @ x)*dL/dh)"),
    ("matrices", "df/dS = inv(S).T - inv(S).T @ v @ v.T @ inv(S).T"),
    ("matrices", "dw/dt = 0 at t = 0"),
]
FALSE = [
    ("softmax", "dL/dz = y - p"),
    ("softmax", "dL/dz = p"),
    ("softmax", "dL/dz = (p - y)/k"),
    ("softmax", "dp/dz = diag(p)"),
    ("softmax", "hess(L, z) = diag(p)"),
    ("softmax", "dL/db < 0"),
    ("layer norm", "dL/dx = gamma*o/sigma"),
    ("layer norm", "dL/dx = (gamma*o - mean(gamma*o))/sigma"),
    ("deep", "dL/dA = dL/da @ x.T"),
    ("unknown", "dL/dx = W.T @ (g(W @ x)*dL/dh)"),
    ("matrices", "df/dS = inv(S).T - v @ v.T"),
    ("matrices", "dw/dt = t at t = 1"),
]


def verdict_on(file, claim):
    model = model_of(f"{FILES[file]}claim {claim}\n")
    (judgement,) = judged(model)
    return Oracle(model).judge(judgement.relation, judgement.at)


@pytest.mark.parametrize(("file", "claim"), TRUE, ids=[claim for _, claim in TRUE])
def test_a_right_derivative_agrees_at_two_sizes(file, claim):
    verdict = verdict_on(file, claim)
    assert isinstance(verdict, OracleVerdict), verdict
    assert verdict.agrees, verdict.detail
    assert len(verdict.sizes) == 2


@pytest.mark.parametrize(("file", "claim"), FALSE, ids=[claim for _, claim in FALSE])
def test_a_wrong_derivative_is_shown_with_both_values(file, claim):
    verdict = verdict_on(file, claim)
    assert isinstance(verdict, OracleVerdict), verdict
    assert not verdict.agrees
    assert "against" in verdict.detail


def test_a_deep_network_is_judged_without_opening_it():
    layers = "\n".join(f"h{i} = tanh(W{i} @ h{i - 1})" for i in range(1, 13))
    names = ", ".join(f"W{i}[n, n]" for i in range(1, 13))
    text = f"dims n\ninput h0[n]\nparam {names}\n{layers}\nloss L = sum(h12)\n"
    for claim, agrees in (
        ("dL/dW1 = (dL/dh1*(1 - h1^2)) @ h0.T", True),
        ("dL/dW1 = dL/dh1 @ h0.T", False),
    ):
        model = model_of(f"{text}claim {claim}\n")
        (judgement,) = judged(model)
        verdict = Oracle(model).judge(judgement.relation)
        assert isinstance(verdict, OracleVerdict)
        assert verdict.agrees is agrees


def test_a_case_is_judged_at_its_own_point():
    text = 'input x\ny = x^3\ncase "two":\n    given x = 2\n    expect dy/dx {}\n'
    for expected, agrees in (("= 12", True), ("= 11", False), ("~ 12", True), ("~ 12.1", False)):
        model = model_of(text.format(expected))
        (judgement,) = model.judgements
        verdict = Oracle(model).judge(
            judgement.relation, point=point_of(2), tolerances=judgement.tolerances
        )
        assert isinstance(verdict, OracleVerdict)
        assert verdict.agrees is agrees


def point_of(number):
    return Point({}, {"x": fractions(np.array(number))})


def test_a_chain_of_twelve_matrices_is_not_multiplied_out():
    names = [f"A{k}" for k in range(1, 13)]
    listed = ", ".join(f"{name}[n, n]" for name in names)
    rest = " @ ".join(f"{name}.T" for name in reversed(names[1:]))
    text = f"dims n\nparam {listed}\nloss L = trace({' @ '.join(names)})\n"
    model = model_of(f"{text}claim dL/dA1 = {rest}\n".replace(rest, f"({rest})"))
    (judgement,) = judged(model)
    verdict = Oracle(model).judge(judgement.relation)
    assert isinstance(verdict, OracleVerdict)
    assert verdict.agrees, verdict.detail


def test_what_sympy_cannot_judge_is_said():
    model = model_of("input x\nassume x > 1\nassume x < 0\ny = x^2\nclaim dy/dx = 2*x\n")
    (judgement,) = judged(model)
    verdict = Oracle(model).judge(judgement.relation)
    assert isinstance(verdict, CannotSay)
    assert verdict.reason


def test_a_kink_at_the_point_is_not_judged():
    model = model_of("input x : nonnegative\nassume x <= 0\ny = abs(x)\nclaim dy/dx = 0\n")
    (judgement,) = judged(model)
    assert isinstance(Oracle(model).judge(judgement.relation), CannotSay)


def test_the_oracle_imports_neither_calculus_nor_proof():
    package = Path(__file__).parents[2] / "derive" / "oracle"
    for path in package.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            module = getattr(node, "module", None) or ""
            assert not module.startswith(("derive.calculus", "derive.proof"))
