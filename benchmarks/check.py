"""A whole gradient checked: derive, PyTorch's gradcheck, JAX's and HIPS autograd's check_grads.

All check a right gradient of the same function with the same entries. derive is given a gradient
written by hand, the others their own. `derive, entries` measures each entry by itself, as PyTorch's
slow mode does; `derive` measures them together, which misses an error above its limit with
probability 4e-10; `alone` is without evaluating many points at once. A note counts which of four
planted errors of relative size 1e-7, each in one entry, derive catches.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

from benchmarks.measure import Row, medians, rows
from derive.testing import WrongGradient, assert_gradient

REFERENCE = "torch gradcheck"
Arrays = dict[str, Any]


@dataclass(frozen=True)
class Checked:
    """`loss` takes the functions of a library first, and any leading axes of the arrays."""

    inputs: Arrays
    loss: Callable[..., Any]
    gradient: Callable[..., Arrays]


def _random(*shape: int) -> Any:
    return np.random.default_rng(0).standard_normal(shape)


def _t(matrix: Any) -> Any:
    return matrix.swapaxes(-1, -2)


def _softmax() -> Checked:
    def loss(xp: Any, z: Any) -> Any:
        return xp.log(xp.exp(z).sum(-1)) - z[..., 7]

    def gradient(z: Any) -> Arrays:
        e = np.exp(z)
        p = e / e.sum()
        p[7] -= 1
        return {"z": p}

    return Checked({"z": _random(1000)}, loss, gradient)


def _network() -> Checked:
    data, target = _random(8, 8), np.random.default_rng(1).standard_normal((8, 4))

    def loss(xp: Any, V: Any, W: Any) -> Any:
        hidden = xp.relu(xp.of(data) @ _t(V))
        return ((hidden @ _t(W) - xp.of(target)) ** 2).sum((-1, -2)) / 8

    def gradient(V: Any, W: Any) -> Arrays:
        hidden = np.maximum(data @ V.T, 0)
        error = (hidden @ W.T - target) / 4
        return {"V": ((error @ W) * (hidden > 0)).T @ data, "W": error.T @ hidden}

    return Checked({"V": _random(16, 8), "W": _random(4, 16)}, loss, gradient)


def _layer_norm() -> Checked:
    weights = np.random.default_rng(1).standard_normal(512)

    def loss(xp: Any, x: Any) -> Any:
        centred = x - x.mean(-1)[..., None]
        sigma = xp.sqrt((centred**2).mean(-1) + 1e-5)
        return (xp.of(weights) * centred).sum(-1) / sigma

    def gradient(x: Any) -> Arrays:
        centred = x - x.mean()
        sigma = np.sqrt((centred**2).mean() + 1e-5)
        h = centred / sigma
        return {"x": (weights - weights.mean() - h * (weights * h).mean()) / sigma}

    return Checked({"x": _random(512)}, loss, gradient)


def _recurrent() -> Checked:
    x, out = _random(20, 8), np.random.default_rng(1).standard_normal(8)

    def loss(xp: Any, U: Any, V: Any) -> Any:
        state = xp.tanh(U @ xp.of(x[0]))
        for step in x[1:]:
            state = xp.tanh(U @ xp.of(step) + (V @ state[..., None])[..., 0])
        return (xp.of(out) * state).sum(-1)

    def gradient(U: Any, V: Any) -> Arrays:
        states = [np.zeros(8)]
        for step in x:
            states.append(np.tanh(U @ step + V @ states[-1]))
        dU, dV, slope = np.zeros_like(U), np.zeros_like(V), out
        for t in range(len(x), 0, -1):
            delta = slope * (1 - states[t] ** 2)
            dU += np.outer(delta, x[t - 1])
            dV += np.outer(delta, states[t - 1])
            slope = V.T @ delta
        return {"U": dU, "V": dV}

    scale = {"U": _random(8, 8) / 4, "V": np.random.default_rng(2).standard_normal((8, 8)) / 4}
    return Checked(scale, loss, gradient)


TASKS = {
    "softmax-CE (1000)": _softmax,
    "MLP (192)": _network,
    "layer norm (512)": _layer_norm,
    "RNN (128)": _recurrent,
}


class _NumPy:
    exp, log, sqrt, tanh = np.exp, np.log, np.sqrt, np.tanh

    def relu(self, x: Any) -> Any:
        return np.maximum(x, 0)

    def of(self, x: Any) -> Any:
        return x


def measured(word: str | None) -> Iterator[Row]:
    """The rows of the tasks with this word."""
    for name, build in TASKS.items():
        if word is None or word in name:
            yield from _task(name, build())


def _task(name: str, task: Checked) -> Iterator[Row]:
    xp = _NumPy()

    def loss(**arrays: Any) -> Any:
        return task.loss(xp, **arrays)

    def ours(**options: Any) -> Callable[[], object]:
        return lambda: assert_gradient(loss, task.gradient, task.inputs, **options)

    functions: dict[str, Callable[[], object]] = {
        "derive": ours(batched=True),
        "derive, entries": ours(batched=True, every_entry=True),
        "derive, alone": ours(),
    }
    notes = {
        system: f"({_caught(task, loss, options)} of 4)"
        for system, options in (
            ("derive", {"batched": True}),
            ("derive, entries", {"batched": True, "every_entry": True}),
            ("derive, alone", {}),
        )
    }
    for system, build in PEERS.items():
        try:
            function = build(task)
        except ImportError:
            print(f"{name}: {system} is not installed")
            continue
        functions[system] = function
        try:
            function()
        except Exception as error:
            notes[system] = f"(rejects: {type(error).__name__})"
            functions[system] = _ignoring(function)
    yield from rows("check", name, medians(functions), REFERENCE, notes)


def _ignoring(function: Callable[[], object]) -> Callable[[], object]:
    def run() -> None:
        try:
            function()
        except Exception:  # it is timed all the same, and the note says so
            return

    return run


def _caught(task: Checked, loss: Callable[..., Any], options: dict[str, Any]) -> int:
    """How many planted errors are seen: in a typical entry of each quarter of the gradient."""
    caught = 0
    for quarter in range(4):

        def wrong(quarter: int = quarter, **arrays: Any) -> Arrays:
            found = task.gradient(**arrays)
            largest = found[list(found)[quarter % len(found)]].reshape(-1)
            part = np.array_split(np.arange(len(largest)), 4)[quarter]
            order = part[np.argsort(np.abs(largest[part]))]
            largest[order[len(order) // 2]] *= 1 + 1e-7
            return found

        try:
            assert_gradient(loss, wrong, task.inputs, **options)
        except WrongGradient:
            caught += 1
    return caught


class _Torch:
    def __init__(self, torch: Any) -> None:
        self.exp, self.log, self.sqrt, self.tanh = torch.exp, torch.log, torch.sqrt, torch.tanh
        self.relu, self.of = torch.relu, torch.as_tensor


def _torch(fast: bool) -> Callable[[Checked], Callable[[], object]]:
    def build(task: Checked) -> Callable[[], object]:
        torch = import_module("torch")
        torch.set_num_threads(1)
        xp, names = _Torch(torch), list(task.inputs)
        given = tuple(torch.tensor(task.inputs[n], requires_grad=True) for n in names)

        def loss(*tensors: Any) -> Any:
            return task.loss(xp, **dict(zip(names, tensors, strict=True)))

        return lambda: torch.autograd.gradcheck(loss, given, fast_mode=fast)

    return build


class _Jax:
    def __init__(self, jax: Any) -> None:
        xp = jax.numpy
        self.exp, self.log, self.sqrt, self.tanh = xp.exp, xp.log, xp.sqrt, xp.tanh
        self.relu, self.of = jax.nn.relu, xp.asarray


def _jax(task: Checked) -> Callable[[], object]:
    jax = import_module("jax")
    jax.config.update("jax_enable_x64", True)
    check = import_module("jax.test_util").check_grads
    xp, names = _Jax(jax), list(task.inputs)
    loss = jax.jit(lambda *a: task.loss(xp, **dict(zip(names, a, strict=True))))
    given = tuple(jax.numpy.asarray(task.inputs[name]) for name in names)
    return lambda: check(loss, given, order=1, modes=["rev"])


class _Autograd:
    def __init__(self, xp: Any) -> None:
        self.exp, self.log, self.sqrt, self.tanh = xp.exp, xp.log, xp.sqrt, xp.tanh
        self.relu, self.of = (lambda x: xp.maximum(x, 0)), (lambda x: x)


def _autograd(task: Checked) -> Callable[[], object]:
    xp = _Autograd(import_module("autograd.numpy"))
    check = import_module("autograd.test_util").check_grads
    names = list(task.inputs)

    def loss(*arrays: Any) -> Any:
        return task.loss(xp, **dict(zip(names, arrays, strict=True)))

    every = list(range(len(names)))  # by default it checks the first argument alone
    run = check(loss, argnum=every, modes=["rev"], order=1)
    return lambda: run(*task.inputs.values())


PEERS = {
    REFERENCE: _torch(False),
    "torch, fast": _torch(True),
    "jax": _jax,
    "autograd": _autograd,
}
