"""Answers read back, mean the derivative, and are what a textbook has."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from derive import api
from derive.calculus.partials import NotDifferentiable
from derive.check.engine import Engine
from derive.check.library import axes_of
from derive.check.verdict import Proved
from derive.diagnostics.diagnostic import Diagnostic
from derive.diagnostics.span import Source
from derive.model.scalar import Axis
from derive.syntax.parse import parse_expression
from derive.syntax.show import show

WORKED = sorted((Path(__file__).parents[2] / "worked").rglob("*.derive"))

BY_INDEX = {
    "back_propagation_through_time",
    "coding_attention",
    "recurrent_step_any_length",
    "unit_ball_corners",
}
"""Worked files some of whose derivatives have no form without indices that is found in time."""

SOFTMAX = """
dims N, d, k
input X[N, d], x[d]
param W[d, k], V[k, d]
target Y[N, k] : onehot, y[k] : onehot
P = softmax(X @ W)
z = V @ x
p = softmax(z)
loss L = -sum(Y*log(P))/N
loss J = -sum(y*log(p))
"""
LAYERS = """
dims d, h, m
input x[d]
param W1[h, d], b1[h], W2[m, h], b2[m]
target y[m]
z1 = W1 @ x + b1
a1 = tanh(z1)
z2 = W2 @ a1 + b2
loss L = sum((z2 - y)^2)
loss K(z2)
"""
NORM = """
dims d
input x[d]
const eps : positive
mu = mean(x)
s = sqrt(var(x) + eps)
xh = (x - mu)/s
loss L(xh)
"""
COLUMNS = """
dims N, n
input X[N, n]
param c[n], g[n]
mu[j] = mean[i](X[i, j])
C = X - mu
S = C*g
loss L = sum((X - c)^2)
loss F = sum(C^4)
loss K = sum(exp(S))
"""
LOOP = """
dims T, n, m
input u[1..T, n]
param A[m, m], B[m, n], b[m]
s[0] = zeros[m]
for t in 1..T:
    g[t] = sigmoid(A @ s[t-1] + b)
    s[t] = g[t]*tanh(B @ u[t])
loss L = sum(s[T]^2)
"""
NAMED = """
dims n, m
input M[m, n], v[n]
param w[n], z[m]
q = softmax(M @ w)
p = softmax(z)
H = -sum(p*log(p))
J = sum(v*w) - logsumexp(M @ w)
loss L = sum(log(1 + exp(-2*v*w)))
r = sigmoid(w)
"""
UNKNOWN = """
dims N
input x[N], y[N]
param w
function score(a, b, c)
loss L = sum[i](score(y[i], x[i], w))
"""
FORMS = """
dims n, d
input X[n, d], y[n], A[d, d], s1, s2
param w[d]
const S[d, d] : symmetric
r = X @ w - y
loss R = sum(r^2)
q = w.T @ A @ w
f = w.T @ S @ w
D = det(A)
t = trace(A)
n2 = norm(w)
B = -log(sigmoid(s1 - s2))
l = logsumexp(w)
"""
ATTENTION = """
dims n, m, d, e
input Q[n, d], K[m, d], V[m, e]
S = Q @ K.T/sqrt(d)
A = softmax(S)
O = A @ V
loss L(O)
"""

TEXTBOOK = [
    (SOFTMAX, "L", "W", "X.T @ (P - Y)/N"),
    (SOFTMAX, "J", "z", "p - y"),
    (SOFTMAX, "J", "V", "(p - y) @ x.T"),
    (SOFTMAX, "J", "p", "-y/p"),
    (SOFTMAX, "p", "z", "diag(p) - p @ p.T"),
    (LAYERS, "L", "z2", "2*(z2 - y)"),
    (LAYERS, "L", "W2", "2*(z2 - y) @ a1.T"),
    (LAYERS, "L", "b1", "2*(1 - a1^2)*(W2.T @ (z2 - y))"),
    (LAYERS, "K", "W2", "dK/dz2 @ a1.T"),
    (NORM, "L", "x", "(dL/dxh - mean(dL/dxh) - mean(xh*dL/dxh)*xh)/s"),
    (FORMS, "R", "w", "2*X.T @ r"),
    (FORMS, "R", "X", "2*r @ w.T"),
    (FORMS, "q", "w", "(A + A.T) @ w"),
    (FORMS, "f", "w", "2*S @ w"),
    (FORMS, "D", "A", "D*inv(A).T"),
    (FORMS, "t", "A", "eye[d]"),
    (FORMS, "n2", "w", "w/n2"),
    (FORMS, "B", "s1", "-sigmoid(s2 - s1)"),
    (FORMS, "l", "w", "softmax(w)"),
    (ATTENTION, "L", "V", "A.T @ dL/dO"),
    (LOOP, "L", "A", "sum[t in 1..T](g[t]*(1 - g[t])*dL/dg[t] @ s[t - 1].T)"),
    (NAMED, "J", "w", "v - M.T @ q"),
    (NAMED, "H", "z", "-p*(H + log(p))"),
]

OVER = [
    (COLUMNS, "L", "X", "2*(X - c)"),
    (COLUMNS, "L", "c", "-2*sum(X - c, over=N)"),
    (COLUMNS, "F", "X", "4*(C^3 - mean(C^3, over=N))"),
    (COLUMNS, "K", "X", "g*(exp(S) - mean(exp(S), over=N))"),
    (LOOP, "L", "b", "sum(g*(1 - g)*dL/dg, over=T)"),
]


def test_a_derivative_of_an_unspecified_function_says_by_which_argument() -> None:
    model = api.parse(UNKNOWN)
    found = model.gradient("L", "w").text
    assert found == "sum[i in 1..N](dscore(y[i], x[i], w)/dw)"
    assert isinstance(model.claim(f"dL/dw = {found}"), Proved)


@pytest.mark.parametrize(("text", "of", "by", "expected"), TEXTBOOK + OVER)
def test_answers_read_like_a_textbook(text: str, of: str, by: str, expected: str) -> None:
    assert api.parse(text).gradient(of, by).text == expected


def test_an_answer_names_the_facts_that_it_needs() -> None:
    found = Engine(api.parse(SOFTMAX).elaborated).closing.closed_form("J", "z")
    assert found is not None
    assert found.facts == ("y is onehot",)


@pytest.mark.parametrize(
    ("text", "of", "by", "expected"),
    [
        (SOFTMAX, "J", "z", "p - y"),
        (SOFTMAX, "L", "W", r"\frac{X^\top \, (P - Y)}{N}"),
        (LAYERS, "L", "W2", r"2(z_{2} - y) \, a_{1}^\top"),
        (FORMS, "D", "A", r"D \, (A^{-1})^\top"),
        (SOFTMAX, "p", "z", r"\operatorname{diag}(p) - p \, p^\top"),
    ],
)
def test_answers_in_latex(text: str, of: str, by: str, expected: str) -> None:
    assert api.parse(text).gradient(of, by).latex == expected


@pytest.mark.parametrize(("text", "of", "by", "expected"), TEXTBOOK)
def test_answers_in_latex_are_read_back(text: str, of: str, by: str, expected: str) -> None:
    model = api.parse(text)
    printed = model.gradient(of, by)._repr_latex_()
    assert isinstance(model.claim(f"claim {printed}"), Proved), (printed, expected)


def test_a_printed_name_is_used() -> None:
    text = 'dims n\ninput z[n]\nq "\\\\hat{q}" = softmax(z)\nloss L = sum(q^2)\n'
    model = api.parse(text)
    assert not model.errors
    assert r"\hat{q}" in model.gradient("L", "q").latex


def test_indices_avoid_the_names_of_the_file() -> None:
    text = "dims i, j\ninput X[i, j], Y[i, j]\nZ = X*Y\nloss L = sum(Z^3)\n"
    model = api.parse(text)
    found = model.gradient("Z", "X").text
    assert "hidden" not in found
    assert isinstance(model.claim(f"dZ/dX = {found}"), Proved)


@pytest.mark.parametrize("path", WORKED, ids=lambda path: path.stem)
def test_answers_read_back_and_mean_the_derivative(path: Path) -> None:
    """Of the last scalar of each worked file, by what is declared and by what is defined."""
    model = api.load(path)
    closing = Engine(model.elaborated).closing
    definitions = {n: d for n, d in model.elaborated.definitions.items() if not d.hidden}
    scalars = [name for name, definition in definitions.items() if not definition.indices]
    by_index: list[str] = []
    for of in scalars[-1:]:
        for by in [*model.elaborated.symbols, *(n for n in definitions if n != of)][:6]:
            try:
                found = closing.closed_form(of, by)
            except NotDifferentiable:
                continue
            if found is None:  # no form without indices within the bounds of the search: by index
                entry = model.gradient(of, by).text
                assert not isinstance(parse_expression(Source("answer", entry)), Diagnostic)
                by_index.append(f"d{of}/d{by}")
                continue
            again = parse_expression(Source("answer", found.text))
            assert not isinstance(again, Diagnostic)
            assert again == found.expression, show(again)
            assert "." not in found.text.replace("..", "").replace(".T", "")
    assert not by_index or path.stem in BY_INDEX, by_index


@pytest.mark.parametrize(("text", "of", "by", "_expected"), TEXTBOOK + OVER)
def test_numpy_source_has_the_value_of_the_derivative(
    text: str, of: str, by: str, _expected: str
) -> None:
    model = api.parse(text)
    gradient = model.gradient(of, by)
    scope: dict[str, Any] = {}
    exec(gradient.numpy, scope)  # our own text
    function = scope[f"d{of}_d{by}"]
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    sizes = {name: size for size, name in enumerate(model.elaborated.dims, start=2)}
    draw = np.random.default_rng(0)
    values = {}
    for name in names:
        shape = [axis.size.value(sizes) for axis in _axes(model, name)]
        symbol = model.elaborated.symbols.get(name)
        properties = frozenset() if symbol is None else symbol.properties
        values[name] = draw.uniform(0.5, 1.5, shape)
        if "onehot" in properties:
            values[name] = np.eye(shape[-1])[draw.integers(shape[-1], size=shape[:-1])]
        if "symmetric" in properties:
            values[name] += values[name].T
    if any(name.startswith("d") for name in names):
        pytest.skip("what comes from above has no name in the model")
    assert np.allclose(function(**values), gradient(**values))


def _axes(model: api.Model, name: str) -> tuple[Axis, ...]:
    """The shape of an argument: a name of the model, or a derivative by one."""
    return axes_of(model.elaborated, name.partition("_d")[2] or name)
