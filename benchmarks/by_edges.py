"""The losses of the group `derive` for tensorgrad, whose tensors have named edges.

Recurrences are written out for two steps.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np
import sympy
import tensorgrad.functions as fn
from tensorgrad import Variable


def dim(name: str) -> Any:
    """A dimension."""
    return sympy.Symbol(name)


def tensor(name: str, *dims: str, **edges: str) -> Any:
    """A tensor with an edge for each dimension; named, where two have the same one."""
    return Variable(name, *map(dim, dims), **{edge: dim(d) for edge, d in edges.items()})


def dot(one: Any, other: Any, edge: str) -> Any:
    """The sum over an edge of a product."""
    return fn.sum(one * other, dim=(edge,))


def _mean(of: Any, size: str) -> Any:
    return fn.sum(of) / _number(size)


def _number(size: str) -> Any:
    """A dimension as a number: the sum of ones along it."""
    ones = tensor(f"ones_{size}", size)
    return fn.sum(ones * 0 + 1)


def _softmax_ce() -> tuple[Any, Any]:
    w, y = tensor("W", "k", "d"), tensor("y", "k")
    z = w @ tensor("x", "d") + tensor("b", "k")
    return -fn.sum(y * fn.log(fn.softmax(z, dim="k"))), w


def _logistic() -> tuple[Any, Any]:
    w, y = tensor("w", "d"), tensor("y", "N")
    p = fn.sigmoid(tensor("X", "N", "d") @ w)
    return -fn.mean(y * fn.log(p) + (1 - y) * fn.log(1 - p), dim="N"), w


def _squares(x: Any, w: Any) -> Any:
    return (x @ w - tensor("y", "N")) ** 2


def _linear() -> tuple[Any, Any]:
    w = tensor("w", "d")
    return fn.mean(_squares(tensor("X", "N", "d"), w), dim="N"), w


def _ridge() -> tuple[Any, Any]:
    w = tensor("w", "d")
    return fn.sum(_squares(tensor("X", "N", "d"), w)) + tensor("c") * fn.sum(w * w), w


def _perceptron() -> tuple[Any, Any]:
    w, y = tensor("W1", "h", "d"), tensor("y", "k")
    hidden = fn.relu(w @ tensor("x", "d") + tensor("b1", "h"))
    p = fn.softmax(tensor("W2", "k", "h") @ hidden + tensor("b2", "k"), dim="k")
    return -fn.sum(y * fn.log(p)), w


def _layer_norm() -> tuple[Any, Any]:
    x, g = tensor("x", "n"), tensor("g", "n")
    centred = x - fn.mean(x, dim="n", keepdims=True)
    variance = fn.mean(centred**2, dim="n", keepdims=True)
    u = centred / fn.sqrt(variance + tensor("eps"))
    return fn.sum(g * (tensor("gamma", "n") * u + tensor("beta", "n"))), x


def _batch_norm() -> tuple[Any, Any]:
    x, g = tensor("X", "N", "n"), tensor("G", "N", "n")
    centred = x - fn.mean(x, dim="N", keepdims=True)
    variance = fn.mean(centred**2, dim="N", keepdims=True)
    return fn.sum(g * (centred / fn.sqrt(variance + tensor("eps")))), x


def _square(name: str) -> Any:
    return tensor(name, i="m", j="m")


def _times(matrix: Any, h: Any) -> Any:
    """A matrix with edges `i`, `j` times a vector with edge `i`."""
    return matrix @ h.rename(i="j")


def _rnn() -> tuple[Any, Any]:
    u, w = tensor("U", i="m", n="n"), _square("W")
    h = fn.tanh(u @ tensor("x_1", "n"))
    h = fn.tanh(u @ tensor("x_2", "n") + _times(w, h))
    return fn.sum(h * h), w


def _lstm() -> tuple[Any, Any]:
    wf, wi, wo, wc = map(_square, ("Wf", "Wi", "Wo", "Wc"))
    v = tensor("V", i="m", n="n")
    h = c = tensor("zero", i="m")
    for t in (1, 2):
        new = fn.tanh(_times(wc, h) + v @ tensor(f"x_{t}", "n"))
        c = fn.sigmoid(_times(wf, h)) * c + fn.sigmoid(_times(wi, h)) * new
        h = fn.sigmoid(_times(wo, h)) * fn.tanh(c)
    return fn.sum(h * h), wf


def _attention() -> tuple[Any, Any]:
    q, k, v = tensor("Q", "N", "d"), tensor("K", "M", "d"), tensor("V", "M", "e")
    p = fn.softmax((q @ k) / fn.sqrt(_number("d")), dim="M")
    return fn.sum(tensor("G", "N", "e") * (p @ v)), v


def _bradley_terry() -> tuple[Any, Any]:
    s = tensor("s", "N")
    return -fn.mean(fn.log(fn.sigmoid(s - tensor("t", "N"))), dim="N"), s


def _dpo() -> tuple[Any, Any]:
    w = tensor("w", "N")
    gap = (w - tensor("rw", "N")) - (tensor("l", "N") - tensor("rl", "N"))
    return -fn.mean(fn.log(fn.sigmoid(tensor("beta") * gap)), dim="N"), w


def _clip() -> tuple[Any, Any]:
    a, b = tensor("A", i="N", d="d"), tensor("B", j="N", d="d")
    likeness = (a @ b) / tensor("tau")
    both = fn.log(fn.softmax(likeness, dim="i")) + fn.log(fn.softmax(likeness, dim="j"))
    return -fn.trace(both) / (2 * _number("N")), a


def _cosine() -> tuple[Any, Any]:
    a, b = tensor("a", "n"), tensor("b", "n")
    return (a @ b) / (fn.sqrt(a @ a) * fn.sqrt(b @ b)), a


def _logsumexp() -> tuple[Any, Any]:
    z = tensor("z", "n")
    return fn.log(fn.sum(fn.exp(z))), z


def _gaussian() -> tuple[Any, Any]:
    mu, deviation = tensor("mu"), tensor("s")
    squares = fn.sum((tensor("x", "N") - mu) ** 2)
    return _number("N") * fn.log(deviation) + squares / (2 * deviation**2), mu


LOSSES: dict[str, Callable[[], tuple[Any, Any]]] = {
    "softmax-CE": _softmax_ce,
    "logistic regression": _logistic,
    "linear regression": _linear,
    "ridge": _ridge,
    "two-layer MLP": _perceptron,
    "layer norm": _layer_norm,
    "batch norm": _batch_norm,
    "RNN": _rnn,
    "LSTM": _lstm,
    "attention": _attention,
    "Bradley-Terry": _bradley_terry,
    "DPO": _dpo,
    "CLIP": _clip,
    "cosine similarity": _cosine,
    "log-sum-exp Hessian": _logsumexp,
    "Gaussian likelihood": _gaussian,
}


def _of(task: str, passes: int) -> Any:
    """The gradient, or the Hessian, after so many passes of simplification."""
    loss, by = LOSSES[task]()
    found = loss.grad(by)
    if task == "log-sum-exp Hessian":
        found = found.grad(by)
    for _ in range(passes):
        found = found.simplify()
    return found


@cache
def _passes(task: str) -> int:
    """How many passes it takes until nothing is left to be differentiated."""
    return next(n for n in range(1, 20) if "Derivative(" not in str(_of(task, n)))


def derivative(task: str) -> Any:
    """The gradient, or the Hessian, simplified until nothing is left to be differentiated."""
    return _of(task, _passes(task))


def value(
    task: str,
    found: Any,
    sizes: Mapping[str, int],
    values: Mapping[str, Any],
    places: tuple[int, ...],
) -> complex:
    """What a result comes to at one point, at one entry."""
    given = {f"ones_{name}": np.ones(size) for name, size in sizes.items()}
    given["zero"] = np.zeros(sizes.get("m", 1))
    for name, array in values.items():
        given[name] = array
        steps = array if array.ndim else ()
        given |= {f"{name}_{step}": row for step, row in enumerate(steps, 1)}
    array, edges = Reading(given, sizes).of(found)
    wanted = [*LOSSES[task]()[1].edges]
    if task == "log-sum-exp Hessian":
        wanted = edges
    return complex(
        np.einsum(array, [*map(edges.index, edges)], [*map(edges.index, wanted)])[
            tuple(place - 1 for place in places)
        ]
    )


FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "exp": np.exp,
    "log": np.log,
    "tanh": np.tanh,
    "relu": lambda a: np.maximum(a, 0),
    "gt0": lambda a: (a > 0) * 1.0,
}


class Reading:
    """The value of a result as an array, and the names of its axes.

    tensorgrad's own evaluation needs named tensors, which PyTorch no longer has.
    """

    def __init__(self, values: Mapping[str, Any], sizes: Mapping[str, int]) -> None:
        self.values = values
        self.sizes = sizes

    def of(self, tensor: Any) -> tuple[Any, list[str]]:
        """A tensor, by its kind."""
        edges = list(tensor.edges)
        match type(tensor).__name__:
            case "Variable":
                return self.values[tensor.name], edges
            case "Rename":
                array, inner = self.of(tensor.tensor)
                return array, [tensor.mapping.get(edge, edge) for edge in inner]
            case "Zero":
                return np.zeros([self.size(tensor.shape[edge]) for edge in edges]), edges
            case "Delta":
                size = self.size(tensor.size)
                found = np.zeros([size] * len(edges))
                found[(np.arange(size),) * len(edges)] = 1
                return (found if edges else np.asarray(float(size))), edges
            case "Sum":
                parts = [self.lined_up(term, edges) for term in tensor.terms]
                weighted = zip(tensor.weights, parts, strict=True)
                return sum(float(weight) * part for weight, part in weighted), edges
            case "Product":
                return self.product(tensor.factors, edges), edges
            case "Function":
                (inside,) = tensor.inputs
                array, inner = self.of(inside)
                return self.function(tensor.signature.name)(array), inner
        raise NotImplementedError(type(tensor).__name__)

    def size(self, size: Any) -> int:
        """A dimension as a number."""
        return int(size.subs(self.sizes))

    def lined_up(self, tensor: Any, edges: list[str]) -> Any:
        """The array with its axes in this order."""
        array, own = self.of(tensor)
        return array.transpose([own.index(edge) for edge in edges])

    def product(self, factors: list[Any], edges: list[str]) -> Any:
        """Factors contracted along the edges that two of them share."""
        letters: dict[str, int] = {}
        operands: list[Any] = []
        for factor in factors:
            array, own = self.of(factor)
            operands += [array, [letters.setdefault(edge, len(letters)) for edge in own]]
        return np.einsum(*operands, [letters[edge] for edge in edges])

    def function(self, name: str) -> Callable[[Any], Any]:
        """A function of a number."""
        power = re.fullmatch(r"pow\(k=(?:Fraction\()?(-?\d+)(?:, (\d+)\))?\)", name)
        if power is not None:
            exponent = int(power[1]) / int(power[2] or 1)
            return lambda a: a**exponent
        return FUNCTIONS[name]
