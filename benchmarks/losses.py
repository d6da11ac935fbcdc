"""The forward passes of the tasks, for the systems that differentiate programs."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from benchmarks.tasks import Arrays, Task

Function = Callable[[], tuple[Any, dict[str, Any]]]


def cross_entropy_1(xp: Any, z: Any, y: Any) -> Any:
    return xp.logsumexp(z, -1) - (y * z).sum()


def cross_entropy(xp: Any, Z: Any, Y: Any) -> Any:
    return (xp.logsumexp(Z, -1) - (Y * Z).sum(-1)).mean()


def logistic(xp: Any, X: Any, w: Any, y: Any) -> Any:
    z = X @ w
    return (xp.softplus(z) - y * z).mean()


def network(xp: Any, X: Any, W1: Any, b1: Any, W2: Any, b2: Any, Y: Any) -> Any:
    return cross_entropy(xp, xp.relu(X @ W1.T + b1) @ W2.T + b2, Y)


def layer_norm(xp: Any, X: Any, gamma: Any, beta: Any, G: Any, eps: float) -> Any:
    centred = X - X.mean(-1)[:, None]
    sigma = xp.sqrt((centred**2).mean(-1) + eps)
    return (G * (gamma * centred / sigma[:, None] + beta)).sum()


def recurrent(xp: Any, x: Any, h0: Any, G: Any, Wx: Any, Wh: Any, b: Any) -> Any:
    return (G * xp.scan(x @ Wx.T + b, h0, Wh)).sum()


def attention(xp: Any, Q: Any, K: Any, V: Any, G: Any) -> Any:
    return (G * (xp.softmax(Q @ K.T / Q.shape[1] ** 0.5) @ V)).sum()


def bradley_terry(xp: Any, s: Any, t: Any) -> Any:
    return xp.softplus(t - s).mean()


LOSSES = {
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


class _Torch:
    def __init__(self, torch: Any) -> None:
        functional = torch.nn.functional
        self.sqrt, self.relu, self.softplus = torch.sqrt, torch.relu, functional.softplus
        self.logsumexp = torch.logsumexp
        self.softmax = lambda s: torch.softmax(s, -1)
        self.tanh = torch.tanh

    def scan(self, inputs: Any, state: Any, weights: Any) -> Any:
        for step in inputs:
            state = self.tanh(step + state @ weights.T)
        return state


def torch_function(task: Task, arrays: Arrays) -> Function:
    """PyTorch's autograd on the CPU."""
    torch = import_module("torch")
    torch.set_num_threads(1)
    xp, loss = _Torch(torch), LOSSES[task.loss]
    tensors = {
        name: torch.tensor(a, requires_grad=name in task.wrt) if hasattr(a, "shape") else a
        for name, a in arrays.items()
    }
    wanted = [tensors[name] for name in task.wrt]

    def function() -> tuple[Any, dict[str, Any]]:
        value = loss(xp, **tensors)
        found = torch.autograd.grad(value, wanted)
        return value.detach(), dict(zip(task.wrt, found, strict=True))

    return function


class _Jax:
    def __init__(self, jax: Any) -> None:
        self.sqrt, self.relu, self.softplus = jax.numpy.sqrt, jax.nn.relu, jax.nn.softplus
        self.logsumexp, self.softmax = jax.nn.logsumexp, jax.nn.softmax
        self._jax = jax

    def scan(self, inputs: Any, state: Any, weights: Any) -> Any:
        def step(held: Any, more: Any) -> tuple[Any, None]:
            return self._jax.numpy.tanh(more + held @ weights.T), None

        return self._jax.lax.scan(step, state, inputs)[0]


def jax_function(task: Task, arrays: Arrays) -> Function:
    """`jax.jit` of `jax.value_and_grad`, in double precision."""
    jax = import_module("jax")
    jax.config.update("jax_enable_x64", True)
    xp, loss = _Jax(jax), LOSSES[task.loss]
    given = {name: jax.numpy.asarray(a) for name, a in arrays.items()}

    def of(wanted: dict[str, Any], fixed: dict[str, Any]) -> Any:
        return loss(xp, **wanted, **fixed)

    both = jax.jit(jax.value_and_grad(of))
    wanted = {name: given.pop(name) for name in task.wrt}

    def function() -> tuple[Any, dict[str, Any]]:
        found = both(wanted, given)
        jax.block_until_ready(found)
        return found[0], found[1]

    return function


class _Autograd:
    def __init__(self, np: Any) -> None:
        self.sqrt, self._np = np.sqrt, np

    def relu(self, x: Any) -> Any:
        return self._np.maximum(x, 0)

    def softplus(self, x: Any) -> Any:
        return self._np.logaddexp(0, x)

    def logsumexp(self, z: Any, axis: int) -> Any:
        peak = self._np.max(z, axis=axis, keepdims=True)
        total = self._np.sum(self._np.exp(z - peak), axis=axis)
        return self._np.log(total) + self._np.sum(peak, axis=axis)

    def softmax(self, s: Any) -> Any:
        e = self._np.exp(s - self._np.max(s, axis=-1, keepdims=True))
        return e / self._np.sum(e, axis=-1, keepdims=True)

    def scan(self, inputs: Any, state: Any, weights: Any) -> Any:
        for k in range(len(inputs)):
            state = self._np.tanh(inputs[k] + state @ weights.T)
        return state


def autograd_function(task: Task, arrays: Arrays) -> Function:
    """HIPS autograd."""
    autograd, np = import_module("autograd"), import_module("autograd.numpy")
    xp, loss = _Autograd(np), LOSSES[task.loss]
    fixed = {name: a for name, a in arrays.items() if name not in task.wrt}
    wanted = {name: arrays[name] for name in task.wrt}
    both = autograd.value_and_grad(lambda moved: loss(xp, **moved, **fixed))
    return lambda: both(wanted)


SYSTEMS = {"torch": torch_function, "jax jit": jax_function, "autograd": autograd_function}
