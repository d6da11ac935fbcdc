"""A compiled gradient holds no more arrays at a time than one written by hand."""

import gc
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import derive

ROOM = 4000  # bytes, for all that is no array

LOGISTIC = """
dims N, d
input X[N, d]
param w[d]
target y[N] : binary
p = sigmoid(X @ w)
loss L = -mean(y*log(p) + (1 - y)*log(1 - p))
"""
NETWORK = """
dims N, d, h
input X[N, d]
param W[h, d], b[h], V[d, h]
loss L = sum((relu(X @ W.T + b) @ V.T - X)^2)
"""
STATES = """
dims T, n
input x[1..T, n], g[n]
param W[n, n], s0[n]
s[0] = s0
for t in 1..T:
    s[t] = tanh(x[t] + W @ s[t-1])
loss L = sum(g*s[T])
"""
GAUSSIAN = """
dims N
input x[N]
param m[N], s[N]
loss L = sum(log(s) + (x - m)^2/(2*s^2))
"""


def peak(function: Callable[[], Any]) -> int:
    """The most memory that a call takes, what it returns included."""
    function()
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        kept = function()
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    del kept
    return most - before


CASES = {
    # scores, errors, one array more for the stable logarithm
    "logistic": (LOGISTIC, ["w"], {"X": (900, 2), "w": (2,), "y": None}, 3 * 900),
    # the hidden layer, its adjoint, its mask, a piece of it as numbers; errors, weights
    "network": (
        NETWORK,
        ["W", "b", "V"],
        {"X": (300, 3), "W": (40, 3), "b": (40,), "V": (3, 40)},
        2 * 300 * 40 + 300 * 40 // 8 + 8192 + 300 * 3 + 2 * 40 * 3,
    ),
    # inputs or slopes, states, adjoints
    "states": (STATES, ["W", "s0"], {"x": (90, 20), "g": (20,), "W": (20, 20)}, 3 * 91 * 20 + 400),
    # the two gradients and two arrays more
    "gaussian": (GAUSSIAN, ["m", "s"], {"x": (900,), "m": (900,), "s": (900,)}, 4 * 900),
}


@pytest.mark.parametrize("name", CASES)
def test_dead_arrays_are_written_over_or_let_go(name: str) -> None:
    text, wrt, shapes, entries = CASES[name]
    function = derive.parse(text).compile("L", wrt=wrt)
    random = np.random.default_rng(0)
    arrays = {n: random.random(s) + 0.5 if s else np.ones(900) for n, s in shapes.items()}
    if name == "states":
        arrays["s0"] = np.zeros(20)
    assert peak(lambda: function(**arrays)) <= 8 * entries + ROOM, function.source


def test_an_adjoint_of_states_is_no_table() -> None:
    source = derive.parse(STATES).compile("L", wrt=["s0"]).source
    assert "dL_ds = dL_ds" not in source
    assert source.count("np.zeros") == 1  # the states themselves
