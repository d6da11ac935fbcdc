"""Compiled gradients against differences of their own value, on models of many kinds."""

import warnings
from typing import Any

import numpy as np
import pytest

import derive

MODELS = {
    "focal loss": (
        """
        dims N
        param z[N]
        target y[N] : binary
        const g : positive
        p = sigmoid(z)
        loss L = -mean(y*(1 - p)^g*log(p) + (1 - y)*p^g*log(1 - p))
        """,
        {"z": (5,), "g": 2.0, "y": [1.0, 0, 1, 0, 0]},
    ),
    "distance in the hyperbolic plane": (
        """
        dims n
        param u[n], v[n]
        loss L = log(1 + 2*sum((u - v)^2)/((1 - sum(u^2))*(1 - sum(v^2))))
        """,
        {"u": [0.1, -0.3, 0.2], "v": [0.4, 0.1, 0.1]},
    ),
    "mixture of Gaussians": (
        """
        dims N, k, d
        input X[N, d]
        param M[k, d], a[k]
        w = softmax(a)
        loss L = -sum[n](log(sum[j](w[j]*exp(-sum[i]((X[n, i] - M[j, i])^2)/2))))
        """,
        {"X": (4, 2), "M": (3, 2), "a": (3,)},
    ),
    "convolution": (
        """
        dims n
        input x[n], t[n]
        param w[3]
        y = [sum[u in 1..3](w[u]*pad0(x)[i + u - 2]) for i in 1..n]
        loss L = sum((tanh(y) - t)^2)
        """,
        {"x": (6,), "t": (6,), "w": (3,)},
    ),
    "covariance": (
        """
        dims n, d
        input X[n, d]
        param S[d, d] : posdef
        loss L = n*logdet(S)/2 + trace(X @ inv(S) @ X.T)/2
        """,
        {"X": (4, 2), "S": [[2.0, 0.5], [0.5, 1.0]]},
    ),
    "largest entries": (
        "dims n, d\nparam X[n, d]\nm[j] = max[i](X[i, j])\nloss L = sum(m^2) - min(X)",
        {"X": (4, 3)},
    ),
    "a product with a zero": ("dims n\nparam x[n]\nloss L = 2*prod(x) + x[1]", {"x": [2.0, 0, 3]}),
    "chain of labels": (
        """
        dims T, k
        param A[k, k], e[1..T, k]
        a[1] = e[1]
        for t in 2..T:
            a[t, j] = e[t, j] + log(sum[i](exp(a[t-1, i] + A[i, j])))
        loss L = logsumexp(a[T])
        """,
        {"A": (3, 3), "e": (5, 3)},
    ),
    "gated recurrence": (
        """
        dims T, m, n
        input x[1..T, n]
        param W[m, n], U[m, m], V[m, n]
        h[0] = zeros[m]
        for t in 1..T:
            z[t] = sigmoid(V @ x[t])
            h[t] = (1 - z[t])*h[t-1] + z[t]*tanh(W @ x[t] + U @ h[t-1])
        loss L = sum(h[T]^2)
        """,
        {"x": (4, 2), "W": (3, 2), "U": (3, 3), "V": (3, 2)},
    ),
    "batches of attention": (
        """
        dims B, N, d
        param Q[B, N, d], K[B, N, d], V[B, N, d]
        S[b, i, j] = sum[k](Q[b, i, k]*K[b, j, k])/sqrt(d)
        P = softmax(S)
        O[b, i, k] = sum[j](P[b, i, j]*V[b, j, k])
        loss L = sum(O^3)
        """,
        {"Q": (2, 3, 4), "K": (2, 3, 4), "V": (2, 3, 4)},
    ),
    "pieces": (
        """
        dims n, m
        param x[n], y[m]
        z = concat(x, y)
        loss L = sum(softmax(z)^2) + sum(kron(x, y)^2)
        """,
        {"x": (2,), "y": (3,)},
    ),
    "products of matrices": (
        """
        dims n, T
        param W[1..T, n, n], A[n, n]
        input x[n]
        P = prod[t in 1..T](W[t])
        Q = prod[t in T..2 step -1](W[t] @ A)
        loss L = sum(P @ x) + sum(Q^2) + trace(prod[t in 2..T](A + W[t])) * P[1, 2]
        """,
        {"W": (3, 2, 2), "A": (2, 2), "x": (2,)},
    ),
    "powers of a matrix": (
        """
        dims n
        param A[n, n]
        input x[n]
        B = matpow(A, 5)
        loss L = trace(matpow(A, 3)) + sum(matpow(A, 2) @ x) + sum(matpow(A, 1)) * B[1, 2]
        """,
        {"A": (3, 3), "x": (3,)},
    ),
    "means and limits": (
        """
        dims n
        param c, x[n]
        random q[n] : mean 0, var 2
        loss L = E(sum((q + c*x)^2)) * limit(sin(c*s)/s, s -> 0)
        """,
        {"c": 0.5, "x": (3,)},
    ),
    "means over two axes": (
        """
        dims n, m
        param X[n, m]
        loss L = mean(X)^2 + log(1 + mean(X^2)) + sum(X)/(n*m + 1)
        """,
        {"X": (3, 2)},
    ),
    "powers of softmax": (
        """
        dims n, m
        input Z[n, m], x[n]
        param v[n], u[m]
        loss L = sum((softmax(Z).T @ v)^2) + sum((softmax(min(Z, 1)) @ u)^2) + sum(v*softmax(x)^3)
        """,
        {"Z": (3, 2), "x": (3,), "v": (3,), "u": (2,)},
    ),
    "masks as numbers": (
        """
        dims n, m
        param a, x[n]
        input Z[n, m]
        loss L = sum(x^2) - min(a, 3) + (max(x[1], 0) - [a > 0]*a) * sum(relu(2*x)^2)
            + sum(abs(mean(softmax(Z), over=m)))*a + sum(relu(sum(softmax(Z), over=m)/2))*a^2
        """,
        {"a": 0.5, "x": (3,), "Z": (3, 2)},
    ),
    "the largest of the smaller": (
        """
        dims n, m
        param X[n, m], a
        input Z[n, m]
        loss L = sum(max(min(X + Z, 0.3), over=m)^2) + a*sum(min(X, 0.2)) + sum(relu(X)*[Z > 0])
        """,
        {"X": (4, 3), "a": 0.5, "Z": (4, 3)},
    ),
    "terms that cancel": (
        """
        dims n, m, k
        input Z[n, m]
        param W[m, k]
        q = Z @ W
        loss L = sum(q) + sum(softmax(q))
        """,
        {"Z": (3, 2), "W": (2, 4)},
    ),
    "states that share what a step leaves": (
        """
        dims T, n
        input x[1..T, n]
        param U[n, n], V[n, n], w[n], c0[n]
        a[0] = w
        b[0] = zeros[n]
        c[0] = c0*w
        for t in 1..T:
            a[t] = sigmoid(a[t-1] + c[t-1] + x[t])
            b[t] = tanh(b[t-1]*w + V @ a[t] + c[t-1] + x[t])
            c[t] = sigmoid(U @ c[t-1] + V @ b[t] + b[t-1])
        loss L = sum[t in 1..T](sum(a[t]*x[t])) + sum(a[T]) + sum[t in 1..T](sum(b[t]))
        """,
        {"x": (4, 2), "U": (2, 2), "V": (2, 2), "w": (2,), "c0": (2,)},
    ),
    "rows at computed places": (
        """
        dims V, d, T
        param E[V, d]
        input c[T] : integer
        loss L = sum[t](sum(E[c[t]]^3))
        """,
        {"E": (4, 2), "c": [1.0, 3, 3]},
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_compiled_gradient_agrees_with_differences(name: str) -> None:
    text, inputs = MODELS[name]
    model = derive.parse(
        "\n".join(line[8:] if line[:8].isspace() else line for line in text.split("\n"))
    )
    assert model.errors == ()
    wrt = [n for n, s in model.elaborated.symbols.items() if s.role == "param"]
    function = model.compile("L", wrt=wrt)
    random = np.random.default_rng(3)
    given: dict[str, Any] = {
        n: random.normal(size=value) if isinstance(value, tuple) else np.array(value)
        for n, value in inputs.items()
    }
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _, gradients = function(**given)
    loose = model.compile("L", wrt=wrt, check=False)  # a moved entry breaks a symmetry
    for by in wrt:
        expected = np.zeros(given[by].shape)
        for place in np.ndindex(expected.shape):
            ends = []
            for step in (1e-6, -1e-6):
                moved = np.array(given[by], float)
                moved[place] += step
                ends.append(float(loose(**{**given, by: moved})[0]))
            expected[place] = (ends[0] - ends[1]) / 2e-6
        np.testing.assert_allclose(gradients[by], expected, rtol=1e-6, atol=1e-7)
