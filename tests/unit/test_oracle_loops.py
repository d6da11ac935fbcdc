"""Recurrences unrolled on SymPy components at one, two and three steps."""

import numpy as np
import pytest
from modelling import judged, model_of

from derive.evaluate.point import Point, fractions
from derive.model.model import Model
from derive.oracle.components import Oracle, OracleVerdict

RNN = """
dims T, n
input x[T, n], h0[n]
param W[n, n], b[n], v[n]
h[0] = h0
for t in 1..T:
    a[t] = W @ h[t-1] + x[t] + b
    h[t] = tanh(a[t])
loss L = sum[t in 1..T](sum(v*h[t]))
delta[T] = v*(1 - h[T]^2)
for t in T-1..1 step -1:
    delta[t] = (v + W.T @ delta[t+1])*(1 - h[t]^2)
"""
GATED = """
dims T
input x[T], c0, h0
param u, w
c[0] = c0
h[0] = h0
for t in 1..T:
    f[t] = sigmoid(u*h[t-1] + x[t])
    c[t] = f[t]*c[t-1] + w*x[t]
    h[t] = tanh(c[t])
loss L = h[T]^2
"""
STATEMENTS = [
    (RNN, "dL/dW = sum[t in 1..T](delta[t] @ h[t-1].T)", True),
    (RNN, "dL/dh[t] = v + W.T @ delta[t+1] for t in 0..T-1, t >= 1", True),
    (RNN, "dh[T]/dh[0] = prod[t in T..1 step -1](diag(1 - h[t]^2) @ W)", True),
    (RNN, "partial(h[t], h[t-1]) = 0 for t in 1..T", True),
    (RNN, "dL/db = sum[t in 1..T](delta[t])", True),
    (RNN, "hess(L, b)[1, 1] = 0", False),
    (RNN, "dL/dW = sum[t in 1..T](delta[t] @ h[t].T)", False),
    (RNN, "dL/da[T] = v", False),
    (GATED, "partial(c[t], c[t-1]) = f[t] for t in 1..T", True),
    (GATED, "dc[t]/dc[t-1] = f[t] for t in 2..T", False),
    (GATED, "dL/dc[T] = 2*h[T]*(1 - h[T]^2)", True),
]


def point(model: Model, length: int) -> Point:
    random = np.random.default_rng(length)
    sizes = {"T": length, "n": 2}
    values = {
        name: fractions(random.integers(1, 9, Point(sizes, {}).shape(symbol.axes))) / 7
        for name, symbol in model.symbols.items()
    }
    return Point(sizes, {name: np.asarray(value, object) for name, value in values.items()})


@pytest.mark.parametrize(("text", "claim", "holds"), STATEMENTS)
def test_sympy_unrolls_the_steps(text: str, claim: str, holds: bool) -> None:
    model = model_of(f"{text}claim {claim}\n")
    relation = judged(model)[0].relation
    assert relation is not None
    found = []
    for length in (1, 2, 3):
        verdict = Oracle(model).judge(relation, point=point(model, length))
        if isinstance(verdict, OracleVerdict):
            found.append(verdict.agrees)
    assert len(found) >= 2
    assert all(found) is holds


def test_a_second_derivative_goes_through_the_steps_as_well() -> None:
    text = "dims T\ninput w\ns[0] = w\nfor t in 1..T:\n    s[t] = s[t-1]^2\n"
    model = model_of(text + "claim hess(s[T], w) = 2^T*(2^T - 1)*w^(2^T - 2)\n")
    relation = judged(model)[0].relation
    assert relation is not None
    for length in (1, 2, 3):
        at = Point({"T": length}, {"w": np.asarray(fractions(3))})
        verdict = Oracle(model).judge(relation, point=at)
        assert isinstance(verdict, OracleVerdict)
        assert verdict.agrees
