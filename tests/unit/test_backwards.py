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


UNNAMED = """
dims T, n, m
input u[T, m], h0[n]
param U[n, n], W[n, m], b[n]
target y[n]
h[0] = h0
for t in 1..T:
    k[t] = tanh(W @ u[t] + U @ h[t-1]^2 + b)
    h[t] = (1 - k[t])*h[t-1] + k[t]
loss L = sum((h[T] - y)^2)/2
"""
UNIT = """
dims T, n, m
input u[T, m], h0[n]
param Wz[n, m], Uz[n, n], bz[n], Wk[n, m], Uk[n, n]
h[0] = h0
for t in 1..T:
    z[t] = sigmoid(Wz @ u[t] + Uz @ h[t-1] + bz)
    k[t] = tanh(Wk @ u[t] + Uk @ (z[t]*h[t-1]))
    h[t] = (1 - z[t])*h[t-1] + z[t]*k[t]
loss L = sum(h[T])
"""


def test_a_function_of_what_has_no_name_is_called_by_its_own() -> None:
    gradient = derive.parse(UNNAMED).gradient("L", "U")
    assert gradient.text == "sum[t in 1..T]((1 - k[t]^2)*dL/dk[t] @ (h[t - 1]^2).T)"
    assert gradient.recurrences[-1] == (
        "dL/dh[t] = (1 - k[t + 1])*dL/dh[t + 1]"
        " + 2*h[t]*(U.T @ ((1 - k[t + 1]^2)*dL/dk[t + 1]))  for t in T-1..0 step -1"
    )


def test_gates_are_called_by_their_names_one_step_later() -> None:
    assert derive.parse(UNIT).gradient("L", "bz").recurrences[-1] == (
        "dL/dh[t] = dL/dh[t + 1] + Uz.T @ (z[t + 1]*(1 - z[t + 1])*dL/dz[t + 1])"
        " + z[t + 1]*(Uk.T @ ((1 - k[t + 1]^2)*dL/dk[t + 1]) - dL/dh[t + 1])"
        "  for t in T-1..0 step -1"
    )
