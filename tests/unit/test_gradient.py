"""A closed form says the same in every notation: as numbers, as NumPy source, as SymPy, as text."""

import inspect
import math
import re
from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest
import sympy

import derive
from derive.diagnostics.diagnostic import DeriveError

NETWORK = """
dims d, h, k
input x[d]
param W[h, d], b[h], V[k, h]
target y[k] : onehot
z = W @ x + b
a = {activation}(z)
p = softmax(V @ a)
loss L = -sum(y * log(p))
"""
ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "tanh": np.tanh,
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "relu": lambda z: np.maximum(z, 0),
    "gelu": lambda z: z * (1 + np.vectorize(math.erf)(z / math.sqrt(2))) / 2,
}
SIZES = {"d": 2, "h": 3, "k": 4}


def arrays() -> dict[str, Any]:
    random = np.random.default_rng(7)
    d, h, k = SIZES.values()
    values = {"x": random.normal(size=d), "W": random.normal(size=(h, d))}
    values |= {"b": random.normal(size=h), "V": random.normal(size=(k, h))}
    return {**values, "y": np.eye(k)[2]}


def loss(values: dict[str, Any]) -> float:
    s = values["V"] @ np.tanh(values["W"] @ values["x"] + values["b"])
    return float(np.log(np.exp(s).sum()) - values["y"] @ s)


@pytest.mark.parametrize("name", ["x", "W", "b", "V"])
def test_the_value_agrees_with_differences_of_a_loss_written_by_hand(name: str) -> None:
    values = arrays()
    found = derive.parse(NETWORK.format(activation="tanh")).gradient("L", name)(**values)
    expected = np.zeros_like(values[name])
    for place in np.ndindex(expected.shape):
        slopes = []
        for step in (1e-5, -1e-5):
            moved = {**values, name: values[name].copy()}
            moved[name][place] += step
            slopes.append(loss(moved))
        expected[place] = (slopes[0] - slopes[1]) / 2e-5
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(
    ("activation", "name"),
    [
        *product(("tanh", "sigmoid", "relu"), ("x", "W", "b", "V", "z", "a")),
        ("gelu", "V"),  # the closed forms through gelu are long to find
    ],
)
def test_the_numpy_source_agrees_with_the_value(name: str, activation: str) -> None:
    model = derive.parse(NETWORK.format(activation=activation))
    values, gradient = arrays(), model.gradient("L", name)
    names: dict[str, Any] = {}
    exec(gradient.numpy, names)
    function = names[f"dL_d{name}"]
    known = dict(values)
    for argument in inspect.signature(function).parameters:
        if argument not in known:
            known[argument] = value_of(model, argument, values)
    arguments = {n: known[n] for n in inspect.signature(function).parameters}
    np.testing.assert_allclose(function(**arguments), gradient(**values), rtol=1e-9, atol=1e-12)


def value_of(model: derive.Model, argument: str, values: dict[str, Any]) -> Any:
    """A defined name, or a derivative by one (`dL_dz`), at these values."""
    if argument.startswith("dL_d"):
        return model.gradient("L", argument.removeprefix("dL_d"))(**values)
    z = values["W"] @ values["x"] + values["b"]
    activation = next(name for name in ACTIVATIONS if f"{name}(z)" in model.source.text)
    a = ACTIVATIONS[activation](z)
    p = np.exp(values["V"] @ a)
    return {"z": z, "a": a, "p": p / p.sum()}[argument]


def test_sympy_agrees_entry_by_entry() -> None:
    model = derive.parse("dims n\ninput x[n]\nloss L = log(sum(exp(x)))\n")
    expression = model.gradient("L", "x").sympy.subs(
        sympy.Symbol("n", integer=True, positive=True), 3
    )
    values = [0.3, -1.0, 2.0]
    expected = model.gradient("L", "x")(x=values)
    x = sympy.IndexedBase("x", real=True)
    for place in range(3):
        entry = expression.subs(sympy.Symbol("i", integer=True), place + 1).doit()
        number = entry.subs({x[k + 1]: value for k, value in enumerate(values)})
        assert float(number) == pytest.approx(expected[place])


def test_latex_and_text_speak_of_the_same() -> None:
    gradient = derive.parse("dims n\ninput x[n]\nloss L = sum(x^2)\n").gradient("L", "x")
    assert (gradient.text, gradient.latex) == ("2*x", "2x")


def test_values_that_do_not_fit_are_an_error() -> None:
    model = derive.parse("dims n\ninput x[n], y[n]\nloss L = sum(x*y^2)\n")
    with pytest.raises(DeriveError, match=r"`y` has shape \[3\]; expected \[n\]"):
        model.gradient("L", "x")(x=[1, 2], y=[1, 2, 3])
    with pytest.raises(DeriveError, match="`y` has no value here"):
        model.gradient("L", "x")(x=[1, 2])
    with pytest.raises(DeriveError, match="nothing is named `q`"):
        model.gradient("L", "q")


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"w": "a", "x": [1]}, "`w` is an array of real numbers of shape [n]"),
        ({"w": [1, None], "x": [1, 1]}, "`w` is an array of real numbers of shape [n]"),
        ({"w": [1j, 1], "x": [1, 1]}, "`w` is an array of real numbers of shape [n]"),
        ({"w": [[1, 2], [3]], "x": [1, 1]}, "`w` is an array of real numbers of shape [n]"),
        ({"w": [], "x": []}, "the dimension `n` is 0 by the shape of `w`"),
        ({"w": [1, 2], "x": [1]}, "`x` has shape [1]; expected [n]"),
        ({"w": [1, math.nan], "x": [1, 1]}, "`w[1]` is nan, of shape [n]"),
        ({"w": [1, 2], "x": [-math.inf, 1]}, "`x[0]` is -inf, of shape [n]"),
    ],
)
def test_what_is_no_array_of_numbers_is_an_error_that_names_it(arrays, message):
    model = derive.parse("dims n\nparam w[n]\ninput x[n]\nloss L = sum((w - x)^2)")
    with pytest.raises(derive.DeriveError, match=re.escape(message)):
        model.gradient("L", "w")(**arrays)


ASSUMING = """
dims n, k
input x[n]
target y[k] : onehot
param q[k], W[k, n]
assume sum(q) = 1
assume q[i] > 0 for i in 1..k
loss L = -sum(y*log(softmax(W @ x))) + sum(q*y)
"""


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"y": [1, 1]}, "`y` is declared `onehot`, which the array is not"),
        ({"q": [0.5, 0.75]}, "the numbers given for `q` break what is assumed: sum(q) = 1"),
        ({"q": [1.5, -0.5]}, "the numbers given for `q` break what is assumed: q[i] > 0"),
        ({"W": [[1, math.nan, 0], [0, 0, 0]]}, "`W[0, 1]` is nan, of shape [k, n]"),
        ({"n": 4}, "`x` has shape [3]; expected [n]"),
    ],
)
def test_what_breaks_an_assumption_is_named(changes, message):
    gradient = derive.parse(ASSUMING).gradient("L", "W")
    values = {"x": np.ones(3), "y": [0, 1], "q": [0.25, 0.75], "W": np.zeros((2, 3))}
    kept = {name: np.array(value) for name, value in values.items()}
    assert gradient(**values, n=3).shape == (2, 3)
    with pytest.raises(DeriveError, match=re.escape(message)):
        gradient(**{**values, **changes})
    for name, value in values.items():
        np.testing.assert_array_equal(value, kept[name])


def test_what_is_no_text_is_an_error():
    with pytest.raises(derive.DeriveError, match="a model is text"):
        derive.parse(None)


def test_an_index_of_sympy_is_called_like_no_tensor():
    text = "dims n\ninput k[n, n], l[n], j[n]\nloss L = sum(k @ l * j)"
    found = derive.parse(text).gradient("L", "k").sympy
    names = [symbol.name for symbol in found.free_symbols if symbol.is_Symbol]
    assert len(names) == len(set(names))


def test_the_numpy_source_sums_over_derivatives_that_are_given() -> None:
    model = derive.parse("""
dims T, n, m, p
input u[T, m]
param A[n, n], B[n, m], C[p, n], D[p, m], x0[n]
target y[T, p]
x[0] = x0
for t in 1..T:
    x[t] = A @ x[t-1] + B @ u[t]
    v[t] = C @ x[t] + D @ u[t]
loss L = sum((v - y)^2)
""")
    gradient = model.gradient("L", "u")
    names: dict[str, Any] = {}
    exec(gradient.numpy, names)
    function = names["dL_du"]
    rng = np.random.default_rng(0)
    shapes = {"u": (4, 3), "A": (2, 2), "B": (2, 3), "C": (5, 2), "D": (5, 3)}
    shapes |= {"x0": (2,), "y": (4, 5)}
    values = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    given = {
        n: values[n] if n in values else model.gradient("L", n.removeprefix("dL_d"))(**values)
        for n in inspect.signature(function).parameters
    }
    np.testing.assert_allclose(function(**given), gradient(**values))
