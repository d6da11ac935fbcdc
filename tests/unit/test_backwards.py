"""Adjoints of recurrences as a person writes them, one line for each piece."""

import pytest

import derive
from derive.check.verdict import verdict_name

RNN = """
dims T, n, m
input x[T, n], h0[m]
param Wx[m, n], Wh[m, m], b[m], v[m]
h[0] = h0
for t in 1..T:
    a[t] = Wx @ x[t] + Wh @ h[t-1] + b
    h[t] = tanh(a[t])
loss L = sum[t in 1..T](sum(v*h[t]))
"""
GATED = """
dims T
input x[T], h0
param u
h[0] = h0
for s in 1..T:
    z[s] = sigmoid(u*h[s-1] + x[s])
    h[s] = (1 - z[s])*h[s-1] + z[s]*x[s]
loss L = h[T]^2
"""


def test_the_adjoint_of_a_network_runs_back() -> None:
    assert derive.parse(RNN).gradient("L", "Wh").recurrences == (
        "dL/da[t] = (1 - h[t]^2)*dL/dh[t]  for t in T..1 step -1",
        "dL/dh[T] = v",
        "dL/dh[t] = v + Wh.T @ dL/da[t + 1]  for t in T-1..1 step -1",
        "dL/dh[0] = Wh.T @ dL/da[1]",
    )


def test_the_index_is_called_as_in_the_loop() -> None:
    lines = derive.parse(GATED).gradient("L", "u").recurrences
    assert lines[0] == "dL/dz[s] = dL/dh[s]*(x[s] - h[s - 1])  for s in T..1 step -1"
    assert not any("sigmoid.x" in line for line in lines)


@pytest.mark.parametrize("name", ["Wh", "b"])
def test_each_line_is_true(name: str) -> None:
    model = derive.parse(RNN)
    for line in model.gradient("L", name).recurrences:
        claim, _, domain = line.partition("  for t in ")
        first, _, last = domain.removesuffix(" step -1").partition("..")
        text = f"{claim} for t in {last}..{first}" if domain else claim
        assert verdict_name(model.claim(text)) == "proved"


def test_without_a_loop_there_are_none() -> None:
    assert (
        derive.parse("dims n\nparam w[n]\nloss L = sum(w^2)\n").gradient("L", "w").recurrences == ()
    )
