"""Gradients of PyTorch and JAX themselves; skipped where they are not installed."""

import numpy as np
import pytest

from derive.testing import WrongGradient, assert_gradient

W = np.random.default_rng(0).standard_normal((12, 8))
X = np.random.default_rng(1).standard_normal((5, 8))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_torch(dtype):
    torch = pytest.importorskip("torch")

    def loss(W, X):
        return torch.logsumexp(torch.relu(X @ W.T), -1).mean()

    def gradient(W, X):
        W = W.detach().clone().requires_grad_()
        return torch.autograd.grad(loss(W, X), [W])[0]

    inputs = {name: torch.tensor(a.astype(dtype)) for name, a in (("W", W), ("X", X))}
    assert_gradient(loss, gradient, inputs, wrt="W")
    with pytest.raises(WrongGradient, match="with N = 5"):
        assert_gradient(loss, lambda W, X: 5 * gradient(W, X), inputs, wrt="W")


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_jax(dtype):
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", dtype == "float64")

    def loss(W, X):
        return jax.nn.logsumexp(jax.nn.relu(X @ W.T), -1).mean()

    inputs = tuple(jax.numpy.asarray(a, dtype) for a in (W, X))
    assert_gradient(loss, jax.grad(loss, (0, 1)), inputs)
    with pytest.raises(WrongGradient, match="-1 times the right gradient"):
        assert_gradient(loss, lambda W, X: -jax.grad(loss)(W, X), inputs, wrt="W")
