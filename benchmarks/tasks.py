"""The tasks: each a model in derive's language, its sizes, and random inputs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Arrays = dict[str, Any]


@dataclass(frozen=True)
class Task:
    """`loss` names the functions of `byhand` and `losses` that say the same as `model`."""

    loss: str
    model: str
    wrt: tuple[str, ...]
    inputs: Callable[[np.random.Generator], Arrays]


def _onehot(random: np.random.Generator, n: int, k: int) -> Any:
    return np.eye(k)[random.integers(0, k, n)]


CROSS_ENTROPY_1 = """
dims k
param z[k]
target y[k] : onehot
loss L = -sum(y * log(softmax(z)))
"""

CROSS_ENTROPY = """
dims N, k
param Z[N, k]
target Y[N, k] : onehot
loss L = -mean(sum(Y * log(softmax(Z)), over=k))
"""

LOGISTIC = """
dims N, d
input X[N, d]
param w[d]
target y[N] : binary
p = sigmoid(X @ w)
loss L = -mean(y*log(p) + (1 - y)*log(1 - p))
"""

NETWORK = """
dims N, d, h, k
input X[N, d]
param W1[h, d], b1[h], W2[k, h], b2[k]
target Y[N, k] : onehot
A = relu(X @ W1.T + b1)
Z = A @ W2.T + b2
loss L = -mean(sum(Y * log(softmax(Z)), over=k))
"""

LAYER_NORM = """
dims N, d
param X[N, d], gamma[d], beta[d]
input G[N, d]
const eps : positive
loss L = sum(G * layernorm(X, gamma, beta, eps))
"""

RECURRENT = """
dims T, N, d, h
input x[1..T, N, d], h0[N, h], G[N, h]
param Wx[h, d], Wh[h, h], b[h]
s[0] = h0
for t in 1..T:
    s[t] = tanh(x[t] @ Wx.T + s[t-1] @ Wh.T + b)
loss L = sum(G * s[T])
"""

ATTENTION = """
dims N, d
param Q[N, d], K[N, d], V[N, d]
input G[N, d]
loss L = sum(G * attention(Q, K, V))
"""

BRADLEY_TERRY = """
dims N
param s[N], t[N]
loss L = -mean(log(bradley_terry(s, t)))
"""


def _rows(n: int, k: int) -> Callable[[np.random.Generator], Arrays]:
    return lambda r: {"Z": 3 * r.normal(size=(n, k)), "Y": _onehot(r, n, k)}


def _logistic(n: int, d: int) -> Callable[[np.random.Generator], Arrays]:
    return lambda r: {
        "X": r.normal(size=(n, d)),
        "w": r.normal(size=d) / d**0.5,
        "y": r.integers(0, 2, n).astype(float),
    }


def _network(r: np.random.Generator) -> Arrays:
    n, d, h, k = 256, 512, 256, 100
    return {
        "X": r.normal(size=(n, d)),
        "W1": r.normal(size=(h, d)) / d**0.5,
        "b1": r.normal(size=h),
        "W2": r.normal(size=(k, h)) / h**0.5,
        "b2": r.normal(size=k),
        "Y": _onehot(r, n, k),
    }


def _layer_norm(r: np.random.Generator) -> Arrays:
    n, d = 256, 512
    return {
        "X": r.normal(size=(n, d)),
        "gamma": r.normal(size=d),
        "beta": r.normal(size=d),
        "G": r.normal(size=(n, d)),
        "eps": 1e-5,
    }


def _recurrent(steps: int, n: int, d: int, h: int) -> Callable[[np.random.Generator], Arrays]:
    return lambda r: {
        "x": r.normal(size=(steps, n, d)),
        "h0": np.zeros((n, h)),
        "G": r.normal(size=(n, h)),
        "Wx": r.normal(size=(h, d)) / d**0.5,
        "Wh": r.normal(size=(h, h)) / h**0.5,
        "b": r.normal(size=h),
    }


def _attention(n: int, d: int) -> Callable[[np.random.Generator], Arrays]:
    return lambda r: {name: r.normal(size=(n, d)) for name in ("Q", "K", "V", "G")}


def _pairs(n: int) -> Callable[[np.random.Generator], Arrays]:
    return lambda r: {"s": r.normal(size=n), "t": r.normal(size=n)}


WEIGHTS = ("W1", "b1", "W2", "b2")
TASKS = {
    "softmax-CE 1 x 1000": Task(
        "cross_entropy_1",
        CROSS_ENTROPY_1,
        ("z",),
        lambda r: {"z": 3 * r.normal(size=1000), "y": _onehot(r, 1, 1000)[0]},
    ),
    "softmax-CE 256 x 100": Task("cross_entropy", CROSS_ENTROPY, ("Z",), _rows(256, 100)),
    "logistic 256 x 512": Task("logistic", LOGISTIC, ("w",), _logistic(256, 512)),
    "logistic 10000 x 512": Task("logistic", LOGISTIC, ("w",), _logistic(10000, 512)),
    "MLP 256 x 512-256-100": Task("network", NETWORK, WEIGHTS, _network),
    "layer norm 256 x 512": Task("layer_norm", LAYER_NORM, ("X", "gamma", "beta"), _layer_norm),
    "RNN T = 50, batch 32, 64-128": Task(
        "recurrent", RECURRENT, ("Wx", "Wh", "b"), _recurrent(50, 32, 64, 128)
    ),
    "RNN T = 50, batch 1, 16-32": Task(
        "recurrent", RECURRENT, ("Wx", "Wh", "b"), _recurrent(50, 1, 16, 32)
    ),
    "attention 128 x 64": Task("attention", ATTENTION, ("Q", "K", "V"), _attention(128, 64)),
    "Bradley-Terry 4096 pairs": Task("bradley_terry", BRADLEY_TERRY, ("s", "t"), _pairs(4096)),
}
