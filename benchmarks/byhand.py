"""The tasks in NumPy as a careful person writes them: stable, derived on paper, few temporaries."""

from collections.abc import Callable
from typing import Any

import numpy as np

Array = Any
Result = tuple[Any, dict[str, Array]]


def cross_entropy_1(z: Array, y: Array) -> Result:
    """The softmax of one vector of scores."""
    peak = z.max()
    p = np.exp(z - peak)
    total = p.sum()
    loss = np.log(total) + peak - y @ z
    p /= total
    p -= y
    return loss, {"z": p}


def cross_entropy(Z: Array, Y: Array) -> Result:
    """Rows of scores."""
    n = len(Z)
    S = Z - Z.max(axis=1, keepdims=True)
    P = np.exp(S)
    total = P.sum(axis=1, keepdims=True)
    loss = (np.log(total).sum() - np.vdot(Y, S)) / n
    P /= total
    P -= Y
    P /= n
    return loss, {"Z": P}


def logistic(X: Array, w: Array, y: Array) -> Result:
    """Labels 0 and 1."""
    z = X @ w
    loss = (np.logaddexp(0, z) - y * z).mean()
    error = 1 / (1 + np.exp(-z)) - y
    error /= len(y)
    return loss, {"w": X.T @ error}


def network(X: Array, W1: Array, b1: Array, W2: Array, b2: Array, Y: Array) -> Result:
    """Two layers with a relu, softmax and cross-entropy."""
    A = X @ W1.T
    A += b1
    np.maximum(A, 0, out=A)
    Z = A @ W2.T
    Z += b2
    loss, found = cross_entropy(Z, Y)
    dZ = found["Z"]
    dA = dZ @ W2
    dA *= A > 0
    gradients = {"W1": dA.T @ X, "b1": dA.sum(axis=0), "W2": dZ.T @ A, "b2": dZ.sum(axis=0)}
    return loss, gradients


def layer_norm(X: Array, gamma: Array, beta: Array, G: Array, eps: float) -> Result:
    """The textbook's three terms."""
    d = X.shape[1]
    centred = X - X.mean(axis=1, keepdims=True)
    sigma = np.sqrt((centred**2).mean(axis=1, keepdims=True) + eps)
    normal = centred / sigma
    loss = (G * (gamma * normal + beta)).sum()
    dn = G * gamma
    dx = dn - dn.mean(axis=1, keepdims=True) - normal * (dn * normal).mean(axis=1, keepdims=True)
    dx /= sigma
    del d
    return loss, {"X": dx, "gamma": (G * normal).sum(axis=0), "beta": G.sum(axis=0)}


def recurrent(
    x: Array,
    h0: Array,
    G: Array,
    Wx: Array,
    Wh: Array,
    b: Array,
) -> Result:
    """The inputs of all steps at once, the weights' gradients after the loop."""
    steps, n, d = x.shape
    h = len(b)
    inputs = x @ Wx.T + b
    s = np.empty((steps + 1, n, h))
    s[0] = h0
    for t in range(steps):
        s[t + 1] = np.tanh(inputs[t] + s[t] @ Wh.T)
    loss = np.vdot(G, s[steps])
    da = np.empty((steps, n, h))
    ds = G
    for t in reversed(range(steps)):
        da[t] = ds * (1 - s[t + 1] ** 2)
        ds = da[t] @ Wh
    flat = da.reshape(-1, h)
    gradients = {
        "Wx": flat.T @ x.reshape(-1, d),
        "Wh": flat.T @ s[:-1].reshape(-1, h),
        "b": flat.sum(axis=0),
    }
    return loss, gradients


def attention(Q: Array, K: Array, V: Array, G: Array) -> Result:
    """Scaled dot products, softmax by rows."""
    scale = 1 / np.sqrt(Q.shape[1])
    P = Q @ K.T
    P *= scale
    P -= P.max(axis=1, keepdims=True)
    np.exp(P, out=P)
    P /= P.sum(axis=1, keepdims=True)
    loss = np.vdot(G, P @ V)
    dV = P.T @ G
    dS = G @ V.T
    dS -= (dS * P).sum(axis=1, keepdims=True)
    dS *= P
    dS *= scale
    return loss, {"Q": dS @ K, "K": dS.T @ Q, "V": dV}


def bradley_terry(s: Array, t: Array) -> Result:
    """The logarithm of the sigmoid of a difference of scores."""
    difference = s - t
    loss = np.logaddexp(0, -difference).mean()
    slope = -1 / (1 + np.exp(difference))
    slope /= len(s)
    return loss, {"s": slope, "t": -slope}


BY_HAND: dict[str, Callable[..., Result]] = {
    function.__name__: function
    for function in (
        cross_entropy_1,
        cross_entropy,
        logistic,
        network,
        layer_norm,
        recurrent,
        attention,
        bradley_terry,
    )
}
