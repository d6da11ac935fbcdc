"""The losses of the group `derive` as SymPy has them by index: over `Indexed`, or components.

Each is written once, as a person would, over a `Scope` that says what an entry and a sum are. The
recurrences are written out for two steps: SymPy has none of any length.
"""

from collections.abc import Callable, Mapping
from itertools import count, product
from typing import Any, Protocol

import sympy
from sympy import exp, log, sqrt, tanh

Entry = Callable[[Any], Any]


class Scope(Protocol):
    """What entries, sizes and sums are."""

    def tensor(self, name: str) -> Any:
        """A tensor, to be indexed."""

    def size(self, name: str) -> Any:
        """A dimension."""

    def sum(self, size: str, term: Entry) -> Any:
        """The sum of a term over an index from 1."""


class Symbolic:
    """Entries are `Indexed`, sums are `Sum`, dimensions are symbols."""

    def __init__(self) -> None:
        self.numbers = count(1)

    def tensor(self, name: str) -> Any:
        """A tensor, to be indexed."""
        return sympy.IndexedBase(name)

    def size(self, name: str) -> Any:
        """A dimension."""
        return sympy.Symbol(name, integer=True, positive=True)

    def sum(self, size: str, term: Entry) -> Any:
        """The sum of a term over an index from 1."""
        index = sympy.Symbol(f"i{next(self.numbers)}", integer=True)
        return sympy.Sum(term(index), (index, 1, self.size(size)))


class Entries:
    """The entries of a tensor as symbols."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __getitem__(self, places: Any) -> Any:
        numbers = places if isinstance(places, tuple) else (places,)
        return sympy.Symbol("_".join([self.name, *map(str, numbers)]), real=True)


class Explicit:
    """Entries are symbols, sums are written out, dimensions are numbers."""

    def __init__(self, sizes: Mapping[str, int]) -> None:
        self.sizes = sizes

    def tensor(self, name: str) -> Any:
        """A tensor, to be indexed."""
        return Entries(name)

    def size(self, name: str) -> Any:
        """A dimension."""
        return sympy.Integer(self.sizes[name])

    def sum(self, size: str, term: Entry) -> Any:
        """The sum of a term over an index from 1."""
        return sympy.Add(*(term(i) for i in range(1, self.sizes[size] + 1)))


def number(name: str) -> Any:
    """A scalar that is positive wherever the task has it so."""
    return sympy.Symbol(name, positive=name in ("eps", "tau", "s"), real=True)


def sigmoid(z: Any) -> Any:
    """As it is defined."""
    return 1 / (1 + exp(-z))


def _softmax_ce(s: Scope) -> Any:
    w, x, b, y = map(s.tensor, "Wxby")

    def z(i: Any) -> Any:
        return s.sum("d", lambda j: w[i, j] * x[j]) + b[i]

    total = s.sum("k", lambda i: exp(z(i)))
    return -s.sum("k", lambda i: y[i] * log(exp(z(i)) / total))


def _logistic(s: Scope) -> Any:
    x, w, y = map(s.tensor, "Xwy")

    def term(i: Any) -> Any:
        p = sigmoid(s.sum("d", lambda j: x[i, j] * w[j]))
        return y[i] * log(p) + (1 - y[i]) * log(1 - p)

    return -s.sum("N", term) / s.size("N")


def _squares(s: Scope) -> Any:
    x, w, y = map(s.tensor, "Xwy")
    return s.sum("N", lambda i: (s.sum("d", lambda j: x[i, j] * w[j]) - y[i]) ** 2)


def _ridge(s: Scope) -> Any:
    w = s.tensor("w")
    return _squares(s) + number("c") * s.sum("d", lambda i: w[i] ** 2)


def _perceptron(s: Scope) -> Any:
    x, y, first, second = (s.tensor(name) for name in ("x", "y", "W1", "W2"))
    b1, b2 = s.tensor("b1"), s.tensor("b2")

    def hidden(i: Any) -> Any:
        return sympy.Max(0, s.sum("d", lambda j: first[i, j] * x[j]) + b1[i])

    def z(i: Any) -> Any:
        return s.sum("h", lambda j: second[i, j] * hidden(j)) + b2[i]

    total = s.sum("k", lambda i: exp(z(i)))
    return -s.sum("k", lambda i: y[i] * log(exp(z(i)) / total))


def _layer_norm(s: Scope) -> Any:
    x, gamma, beta, g = (s.tensor(name) for name in ("x", "gamma", "beta", "g"))
    mu = s.sum("n", lambda j: x[j]) / s.size("n")
    sigma = sqrt(s.sum("n", lambda j: (x[j] - mu) ** 2) / s.size("n") + number("eps"))
    return s.sum("n", lambda i: g[i] * (gamma[i] * (x[i] - mu) / sigma + beta[i]))


def _batch_norm(s: Scope) -> Any:
    x, g = s.tensor("X"), s.tensor("G")

    def column(j: Any) -> Any:
        mu = s.sum("N", lambda i: x[i, j]) / s.size("N")
        sigma = sqrt(s.sum("N", lambda i: (x[i, j] - mu) ** 2) / s.size("N") + number("eps"))
        return s.sum("N", lambda i: g[i, j] * (x[i, j] - mu) / sigma)

    return s.sum("n", column)


def _rnn(s: Scope) -> Any:
    x, u, w = map(s.tensor, "xUW")

    def h(t: int) -> Entry:
        if t == 0:
            return lambda i: sympy.Integer(0)
        before = h(t - 1)
        return lambda i: tanh(
            s.sum("n", lambda j: u[i, j] * x[t, j]) + s.sum("m", lambda j: w[i, j] * before(j))
        )

    return s.sum("m", lambda i: h(2)(i) ** 2)


def _lstm(s: Scope) -> Any:
    x, wf, wi, wo, wc, v = (s.tensor(name) for name in ("x", "Wf", "Wi", "Wo", "Wc", "V"))

    def times(matrix: Any, vector: Entry) -> Entry:
        return lambda i: s.sum("m", lambda j: matrix[i, j] * vector(j))

    def step(t: int) -> tuple[Entry, Entry]:
        if t == 0:
            return (lambda i: sympy.Integer(0)), (lambda i: sympy.Integer(0))
        h, c = step(t - 1)

        def cell(i: Any) -> Any:
            new = times(wc, h)(i) + s.sum("n", lambda j: v[i, j] * x[t, j])
            return sigmoid(times(wf, h)(i)) * c(i) + sigmoid(times(wi, h)(i)) * tanh(new)

        return (lambda i: sigmoid(times(wo, h)(i)) * tanh(cell(i))), cell

    return s.sum("m", lambda i: step(2)[0](i) ** 2)


def _attention(s: Scope) -> Any:
    q, k, v, g = map(s.tensor, "QKVG")

    def weight(i: Any, j: Any) -> Any:
        return exp(s.sum("d", lambda a: q[i, a] * k[j, a]) / sqrt(s.size("d")))

    def output(i: Any, a: Any) -> Any:
        total = s.sum("M", lambda j: weight(i, j))
        return s.sum("M", lambda j: weight(i, j) / total * v[j, a])

    return s.sum("N", lambda i: s.sum("e", lambda a: g[i, a] * output(i, a)))


def _bradley_terry(s: Scope) -> Any:
    one, other = s.tensor("s"), s.tensor("t")
    return -s.sum("N", lambda i: log(sigmoid(one[i] - other[i]))) / s.size("N")


def _dpo(s: Scope) -> Any:
    won, lost, before_won, before_lost = (s.tensor(name) for name in ("w", "l", "rw", "rl"))

    def term(i: Any) -> Any:
        gap = (won[i] - before_won[i]) - (lost[i] - before_lost[i])
        return log(sigmoid(number("beta") * gap))

    return -s.sum("N", term) / s.size("N")


def _clip(s: Scope) -> Any:
    a, b = s.tensor("A"), s.tensor("B")

    def likeness(i: Any, j: Any) -> Any:
        return s.sum("d", lambda k: a[i, k] * b[j, k]) / number("tau")

    def term(i: Any) -> Any:
        rows = s.sum("N", lambda j: exp(likeness(i, j)))
        columns = s.sum("N", lambda j: exp(likeness(j, i)))
        return log(exp(likeness(i, i)) / rows) + log(exp(likeness(i, i)) / columns)

    return -s.sum("N", term) / (2 * s.size("N"))


def _cosine(s: Scope) -> Any:
    a, b = s.tensor("a"), s.tensor("b")
    lengths = sqrt(s.sum("n", lambda i: a[i] ** 2)) * sqrt(s.sum("n", lambda i: b[i] ** 2))
    return s.sum("n", lambda i: a[i] * b[i]) / lengths


def _logsumexp(s: Scope) -> Any:
    z = s.tensor("z")
    return log(s.sum("n", lambda i: exp(z[i])))


def _gaussian(s: Scope) -> Any:
    x, mu, deviation = s.tensor("x"), number("mu"), number("s")
    squares = s.sum("N", lambda i: (x[i] - mu) ** 2)
    return s.size("N") * log(deviation) + squares / (2 * deviation**2)


LOSSES: dict[str, Callable[[Scope], Any]] = {
    "softmax-CE": _softmax_ce,
    "logistic regression": _logistic,
    "linear regression": lambda s: _squares(s) / s.size("N"),
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

PLACES = sympy.symbols("a:4", integer=True)


def derivative(task: str, by: str, scope: Scope, places: tuple[Any, ...]) -> Any:
    """The entry of a gradient at some places; of the Hessian by `z` where there are two."""
    return _entry(LOSSES[task](scope), task, by, scope, places)


def gradient(
    task: str, by: str, shape: tuple[int, ...], scope: Scope
) -> dict[tuple[int, ...], Any]:
    """All entries."""
    loss = LOSSES[task](scope)
    ranges = [range(1, size + 1) for size in shape]
    return {at: _entry(loss, task, by, scope, at) for at in product(*ranges)}


def _entry(loss: Any, task: str, by: str, scope: Scope, places: tuple[Any, ...]) -> Any:
    if not places:
        return sympy.diff(loss, number(by))
    tensor = scope.tensor(by)
    if task == "log-sum-exp Hessian":
        return sympy.diff(loss, tensor[places[0]], tensor[places[1]])
    return sympy.diff(loss, tensor[places if len(places) > 1 else places[0]])


def value(
    task: str,
    found: Any,
    sizes: Mapping[str, int],
    values: Mapping[str, Any],
    places: tuple[int, ...],
) -> complex:
    """What a result comes to at one point, at one entry."""
    found = found.subs(dict(zip(PLACES, places, strict=False)))
    found = found.subs({Symbolic().size(name): size for name, size in sizes.items()}).doit()
    numbers = {}
    for atom in found.atoms(sympy.Indexed):
        at = tuple(int(place) - 1 for place in atom.indices)
        numbers[atom] = sympy.Float(float(values[str(atom.base)][at]), 30)
    for symbol in found.free_symbols - set().union(*(n.free_symbols for n in numbers)):
        name, *at = str(symbol).split("_")
        entry = values[name][tuple(int(place) - 1 for place in at)]
        numbers[symbol] = sympy.Float(float(entry), 30)
    return complex(sympy.N(found.xreplace(numbers)))
