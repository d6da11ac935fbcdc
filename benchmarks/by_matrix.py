"""The losses of the group `derive` in SymPy's matrix notation, `MatrixSymbol`.

A task is missing where it has no way to be written: a softmax by rows needs a sum for each row, and
recurrences have to be written out, for two steps. A loss is a number where SymPy lets it be one,
else a matrix of one entry.
"""

from collections.abc import Callable, Mapping
from typing import Any

import sympy
from sympy import HadamardProduct as Times
from sympy import MatrixSymbol, OneMatrix, Trace, exp, log, sqrt, tanh

from benchmarks.by_index import number

U = sympy.Symbol("u", real=True)


def size(name: str) -> Any:
    """A dimension."""
    return sympy.Symbol(name, integer=True, positive=True)


def matrix(name: str, rows: str, columns: str) -> Any:
    """A matrix."""
    return MatrixSymbol(name, size(rows), size(columns))


def vector(name: str, rows: str) -> Any:
    """A column."""
    return MatrixSymbol(name, size(rows), 1)


def each(tensor: Any, function: Any) -> Any:
    """A function, entry by entry."""
    return tensor.applyfunc(sympy.Lambda(U, function(U)))


def ones(rows: str) -> Any:
    """A column of ones."""
    return OneMatrix(size(rows), 1)


def sigmoid(z: Any) -> Any:
    """As it is defined."""
    return 1 / (1 + exp(-z))


def _cross_entropy(z: Any, y: Any, rows: str) -> Any:
    weights = each(z, exp)
    p = weights / Trace(ones(rows).T * weights)
    return -Trace(y.T * each(p, log))


def _softmax_ce() -> tuple[Any, Any]:
    w = matrix("W", "k", "d")
    return _cross_entropy(w * vector("x", "d") + vector("b", "k"), vector("y", "k"), "k"), w


def _logistic() -> tuple[Any, Any]:
    w, y = vector("w", "d"), vector("y", "N")
    p = each(matrix("X", "N", "d") * w, sigmoid)
    terms = Trace(y.T * each(p, log)) + Trace((ones("N") - y).T * each(ones("N") - p, log))
    return -terms / size("N"), w


def _squares() -> tuple[Any, Any]:
    w = vector("w", "d")
    rest = matrix("X", "N", "d") * w - vector("y", "N")
    return rest.T * rest, w


def _linear() -> tuple[Any, Any]:
    squares, w = _squares()
    return squares / size("N"), w


def _ridge() -> tuple[Any, Any]:
    squares, w = _squares()
    return squares + number("c") * w.T * w, w


def _perceptron() -> tuple[Any, Any]:
    w = matrix("W1", "h", "d")
    hidden = each(w * vector("x", "d") + vector("b1", "h"), lambda u: sympy.Max(0, u))
    z = matrix("W2", "k", "h") * hidden + vector("b2", "k")
    return _cross_entropy(z, vector("y", "k"), "k"), w


def _layer_norm() -> tuple[Any, Any]:
    x, g, n = vector("x", "n"), vector("g", "n"), size("n")
    centred = x - ones("n") * ones("n").T * x / n
    sigma = sqrt(Trace(centred.T * centred) / n + number("eps"))
    out = Times(vector("gamma", "n"), centred / sigma) + vector("beta", "n")
    return Trace(g.T * out), x


def _batch_norm() -> tuple[Any, Any]:
    x, rows = matrix("X", "N", "n"), size("N")
    centred = x - ones("N") * ones("N").T * x / rows
    variance = ones("N").T * Times(centred, centred) / rows
    inverse = each(variance, lambda u: 1 / sqrt(u + number("eps")))
    return Trace(matrix("G", "N", "n").T * Times(centred, ones("N") * inverse)), x


def _rnn() -> tuple[Any, Any]:
    u, w = matrix("U", "m", "n"), matrix("W", "m", "m")
    h = each(u * vector("x_1", "n"), tanh)
    h = each(u * vector("x_2", "n") + w * h, tanh)
    return h.T * h, w


def _lstm() -> tuple[Any, Any]:
    wf, wi, wo, wc = (matrix(name, "m", "m") for name in ("Wf", "Wi", "Wo", "Wc"))
    v = matrix("V", "m", "n")
    h = c = sympy.ZeroMatrix(size("m"), 1)
    for t in (1, 2):
        new = each(wc * h + v * vector(f"x_{t}", "n"), tanh)
        c = Times(each(wf * h, sigmoid), c) + Times(each(wi * h, sigmoid), new)
        h = Times(each(wo * h, sigmoid), each(c, tanh))
    return h.T * h, wf


def _attention() -> tuple[Any, Any]:
    q, k, v = matrix("Q", "N", "d"), matrix("K", "M", "d"), matrix("V", "M", "e")
    weights = each(q * k.T / sqrt(size("d")), exp)
    inverse = each(weights * ones("M"), lambda u: 1 / u)
    p = Times(weights, inverse * ones("M").T)
    return Trace(matrix("G", "N", "e").T * p * v), v


def _bradley_terry() -> tuple[Any, Any]:
    s = vector("s", "N")
    return -Trace(ones("N").T * each(each(s - vector("t", "N"), sigmoid), log)) / size("N"), s


def _dpo() -> tuple[Any, Any]:
    w = vector("w", "N")
    gap = (w - vector("rw", "N")) - (vector("l", "N") - vector("rl", "N"))
    return -Trace(ones("N").T * each(each(number("beta") * gap, sigmoid), log)) / size("N"), w


def _clip() -> tuple[Any, Any]:
    a, rows = matrix("A", "N", "d"), size("N")
    likeness = a * matrix("B", "N", "d").T / number("tau")
    total = -2 * Trace(likeness)
    for one in (likeness, likeness.T):
        total += Trace(ones("N").T * each(each(one, exp) * ones("N"), log))
    return total / (2 * rows), a


def _cosine() -> tuple[Any, Any]:
    a, b = vector("a", "n"), vector("b", "n")
    return Trace(a.T * b) / (sqrt(Trace(a.T * a)) * sqrt(Trace(b.T * b))), a


def _logsumexp() -> tuple[Any, Any]:
    z = vector("z", "n")
    return log(Trace(ones("n").T * each(z, exp))), z


def _gaussian() -> tuple[Any, Any]:
    mu, deviation = number("mu"), number("s")
    rest = vector("x", "N") - mu * ones("N")
    return size("N") * log(deviation) + Trace(rest.T * rest) / (2 * deviation**2), mu


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


def derivative(task: str) -> Any:
    """The gradient as a matrix; the Hessian where that is asked."""
    loss, by = LOSSES[task]()
    found = loss.diff(by)
    return found.diff(by) if task == "log-sum-exp Hessian" else found


def value(
    task: str,
    found: Any,
    sizes: Mapping[str, int],
    values: Mapping[str, Any],
    places: tuple[int, ...],
) -> complex:
    """What a result comes to at one point, at one entry."""
    numbers: dict[Any, Any] = {}
    for symbol in found.atoms(MatrixSymbol):
        name, _, step = str(symbol).partition("_")
        array = values[name][int(step) - 1] if step else values[name]
        rows = array.reshape(len(array), -1).tolist()
        numbers[symbol] = sympy.ImmutableMatrix([[sympy.Float(a, 30) for a in r] for r in rows])
    for symbol in found.free_symbols:
        if str(symbol) in values and not isinstance(symbol, MatrixSymbol):
            numbers[symbol] = sympy.Float(float(values[str(symbol)]), 30)
    dims = {size(name): number for name, number in sizes.items()}
    made = found.subs(dims).subs({m.subs(dims): v for m, v in numbers.items()}).doit()
    if getattr(made, "is_Matrix", False) or isinstance(made, sympy.MatrixExpr):
        row, column = (*places, 1)[:2]
        made = made.as_explicit()[row - 1, column - 1].doit()
    return complex(sympy.N(made))
