"""Backward functions that people write, against the derivatives of a model."""

import numpy as np
import pytest

import derive
from derive.testing import BadInput, WrongGradient, assert_matches

NETWORK = derive.parse("""
dims n, d, k
input X[n, d]
param W[k, d], b[k]
target Y[n, k] : onehot
Z = X @ W.T + b
P = softmax(Z)
loss L = -sum(Y * log(P))/n
""")


def forward(X, W, b):
    Z = X @ W.T + b
    E = np.exp(Z - Z.max(axis=1, keepdims=True))
    return E / E.sum(axis=1, keepdims=True)


def message(kind, *arguments, **options):
    with pytest.raises(kind) as caught:
        assert_matches(*arguments, **options)
    return str(caught.value)


def test_right_functions_are_accepted():
    assert_matches(
        NETWORK,
        "L",
        {
            "W": lambda X, W, b, Y: (forward(X, W, b) - Y).T @ X / len(X),
            "b": lambda P, Y, n: (P - Y).sum(axis=0) / n,
            "X": lambda **all: (
                (forward(all["X"], all["W"], all["b"]) - all["Y"]) @ all["W"] / len(all["X"])
            ),
            "Z": lambda P, Y: (P - Y) / len(P),
        },
    )


@pytest.mark.parametrize(
    ("name", "function", "words"),
    [
        ("b", lambda P, Y: (Y - P).mean(axis=0), "this is -1 times the right gradient"),
        ("b", lambda P, Y: (P - Y).sum(axis=0), "this is N times the right gradient, with N = "),
        ("W", lambda P, Y, X: X.T @ (P - Y) / len(X), "`W` has [k, d], here"),
        ("Z", lambda P, Y, n: (P - Y * (Y > 2)) / n, "dL/dZ is wrong at"),
        ("b", lambda P: P.sum(axis=0) * np.nan, "claimed = nan"),
    ],
)
def test_wrong_functions_are_shown(name, function, words):
    said = message(WrongGradient, NETWORK, "L", {name: function})
    assert words in said


def test_a_mistake_at_shapes_of_one_or_at_large_ones_only():
    model = derive.parse("dims n\ninput x[n]\nloss L = sum(x^2)/2")
    message(WrongGradient, model, "L", {"x": lambda x: x if len(x) > 1 else 2 * x})
    message(WrongGradient, model, "L", {"x": lambda x: x if len(x) < 10 else 2 * x})


def test_a_wrong_transpose_of_a_square_matrix():
    model = derive.parse("dims n\ninput A[n, n], B[n, n]\nloss L = sum(A * B)")
    assert "the transpose" in message(WrongGradient, model, "L", {"A": lambda B: B.T})


def test_assumptions_are_kept():
    model = derive.parse("dims n\ninput x[n] : positive\nassume sum(x) = 1\nloss L = sum(x*log(x))")

    def function(x):
        assert (x > 0).all()
        assert abs(x.sum() - 1) < 1e-9
        return np.log(x) + 1

    assert_matches(model, "L", {"x": function})
    impossible = derive.parse("dims n\ninput x[n]\nassume sum(x^2) = -1\nloss L = sum(x)")
    assert "no point satisfies" in message(BadInput, impossible, "L", {"x": np.ones_like})


def test_an_upstream_gradient_is_a_parameter():
    model = derive.parse("dims d, k\ninput x[d]\nparam W[k, d]\nz = W @ x\nloss L(z)")
    assert_matches(model, "L", {"W": lambda dL_dz, x: np.outer(dL_dz, x)})
    said = message(WrongGradient, model, "L", {"W": lambda dL_dz, x: -np.outer(dL_dz, x)})
    assert "-1 times" in said


def test_single_precision_is_judged_as_such():
    model = derive.parse("dims n\ninput x[n]\nloss L = sum(exp(x))")
    assert_matches(model, "L", {"x": lambda x: np.exp(x)}, convert=lambda a: a.astype("float32"))
    wrong = {"x": lambda x: np.exp(x) * np.float32(1.01)}
    message(WrongGradient, model, "L", wrong, convert=lambda a: a.astype("float32"))


def test_what_cannot_be_compared():
    unknown = message(BadInput, NETWORK, "L", {"W": lambda X, q: X})
    assert "takes `q`, which is no name of the model: X, W, b, Y" in unknown
    raised = message(BadInput, NETWORK, "L", {"W": lambda X: X["a"]})
    assert raised.startswith("the function for `W` raised IndexError at d = ")
    with pytest.raises(derive.DeriveError, match="nothing is named `V`"):
        assert_matches(NETWORK, "L", {"V": lambda X: X})
    with pytest.raises(derive.DeriveError):
        assert_matches(derive.parse("z = q"), "z", {})


CANCELLING = derive.parse("""
dims n, k
input x[n]
param V[n, k]
target y
s = V.T @ x
loss L = (sum(s^2) - sum((V^2).T @ x^2) - y)^2
""")


def test_terms_that_cancel_up_to_rounding_are_zero():
    def right(x, V, y, s, L):
        slope = 2 * np.sum(s**2 - (V**2).T @ x**2) - 2 * y
        return slope * 2 * (np.outer(x, s) - (x**2)[:, None] * V)

    assert_matches(CANCELLING, "L", {"V": right}, points=8)
    wrong = message(
        WrongGradient,
        CANCELLING,
        "L",
        {"V": lambda x, V, y, s: right(x, V, y, s, 0) * (1 if len(x) > 1 else 0) + (len(x) == 1)},
    )
    assert "n = 1" in wrong


def test_a_small_loss_has_small_roundings():
    model = derive.parse("dims n\ninput x[n]\nloss L = 1/10^20 * sum(x^2)")
    assert_matches(model, "L", {"x": lambda x: 2e-20 * x})
    message(WrongGradient, model, "L", {"x": lambda x: 2e-20 * x + 1e-25})
