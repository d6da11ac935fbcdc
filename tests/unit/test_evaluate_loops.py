"""Recurrences evaluated step by step, in every arithmetic, and differentiated by differences."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from modelling import expression, model_of

from derive.evaluate.arithmetic import BALL, EXACT, FLOAT
from derive.evaluate.differences import difference
from derive.evaluate.number import EvaluationError
from derive.evaluate.point import Point, fractions
from derive.evaluate.run import Evaluator
from derive.evaluate.sample import sample
from derive.model.model import Model

RNN = """
dims T, n, m
input x[T, n], h0[m]
param Wx[m, n], Wh[m, m], b[m], v[m]
h[0] = h0
for t in 1..T:
    a[t] = Wx @ x[t] + Wh @ h[t-1] + b
    h[t] = tanh(a[t])
loss L = sum[t in 1..T](sum(v*h[t]))
delta[T] = v*(1 - h[T]^2)
for t in T-1..1 step -1:
    delta[t] = (v + Wh.T @ delta[t+1])*(1 - h[t]^2)
"""


def point(model: Model, seed: int, **sizes: int) -> Point:
    random = np.random.default_rng(seed)
    values = {
        name: fractions(random.integers(-9, 9, Point(sizes, {}).shape(symbol.axes))) / 10
        for name, symbol in model.symbols.items()
    }
    return Point(sizes, values)


@pytest.mark.parametrize("length", [1, 2, 3, 300])
def test_a_network_unrolled_by_hand(length: int) -> None:
    model = model_of(RNN)
    at = point(model, 1, T=length, n=2, m=3)
    given: dict[str, Any] = {name: value.astype(float) for name, value in at.values.items()}
    h = [given["h0"]]
    for x in given["x"]:
        h.append(np.tanh(given["Wx"] @ x + given["Wh"] @ h[-1] + given["b"]))
    world = Evaluator(model, FLOAT).at(at)
    np.testing.assert_allclose(world.value("h"), h, rtol=1e-12)
    np.testing.assert_allclose(world.value("L"), sum(given["v"] @ one for one in h[1:]))
    delta = [given["v"] * (1 - h[-1] ** 2)]
    for state in reversed(h[1:-1]):
        delta.append((given["v"] + given["Wh"].T @ delta[-1]) * (1 - state**2))
    np.testing.assert_allclose(world.value("delta"), delta[::-1], rtol=1e-10)


@pytest.mark.parametrize(
    ("derivative", "answer"),
    [
        ("dL/dWh", "sum[t in 1..T](delta[t] @ h[t-1].T)"),
        ("dL/db", "sum[t in 1..T](delta[t])"),
        ("dL/dh[0]", "Wh.T @ delta[1]"),
        ("dL/da[1]", "delta[1]"),
        ("dh[T]/dh[0]", "prod[t in T..1 step -1](diag(1 - h[t]^2) @ Wh)"),
        ("partial(h[T], a[T])", "diag(1 - h[T]^2)"),
        ("partial(a[T], h[T-1])", "Wh"),
        ("dh[T]/dh[T]", "eye[m]"),
    ],
)
@pytest.mark.parametrize("length", [1, 2, 3])
def test_differences_go_through_every_later_step(derivative: str, answer: str, length: int) -> None:
    model = model_of(RNN)
    left, right = expression(model, derivative), expression(model, answer)
    at = point(model, length, T=length, n=1, m=2)
    found = difference(model, left.body, left.indices, at)
    expected = Evaluator(model, BALL(200)).tensor(right.indices, right.body, at)
    assert found.value.shape == expected.shape
    assert all(abs(a - b) < 1e-25 for a, b in zip(found.value.flat, expected.flat, strict=True))


@pytest.mark.parametrize(
    ("text", "name", "values"),
    [
        ("F[1] = 1\nF[2] = 1\nfor t in 3..T:\n    F[t] = F[t-1] + F[t-2]\n", "F", [1, 1, 2, 3, 5]),
        ("for t in 1..T:\n    C[t] = 1 + sum[j in 1..t-1](C[j]*C[t-j])\n", "C", [1, 2, 5, 15, 51]),
        ("s[0] = 0\nfor t in 1..T:\n    s[t] = s[t-1] + [t > 2]*t\n", "s", [0, 0, 0, 3, 7, 12]),
        ("m[0] = 0\nfor t in 1..T:\n    m[t] = max(m[t-1], 3 - t)\n", "m", [0, 2, 2, 2, 2, 2]),
        (
            "g[T+1] = 0\nfor t in T..1 step -1:\n    g[t] = 2*g[t+1] + 1\n",
            "g",
            [31, 15, 7, 3, 1, 0],
        ),
        (
            "a[0] = 1\nb[0] = a[0]\nfor t in 1..T:\n    a[t] = b[t-1]\n    b[t] = a[t] + b[t-1]\n",
            "b",
            [1, 2, 4, 8, 16, 32],
        ),
        ("f[0] = 0\nfor t in 1..T:\n    f[t] = argmax([f[t-1], 2, t])\n", "f", [0, 2, 1, 3, 3, 3]),
    ],
)
@pytest.mark.parametrize("arithmetic", [FLOAT, BALL(100), EXACT], ids=["float", "ball", "exact"])
def test_values(text: str, name: str, values: list[int], arithmetic: Any) -> None:
    model = model_of("dims T\n" + text)
    found = Evaluator(model, arithmetic).at(Point({"T": 5}, {})).value(name)
    assert [float(one) for one in found] == values


def test_no_step_at_all() -> None:
    model = model_of("dims T\ninput x[T]\ns[0] = 2\nfor t in 1..T:\n    s[t] = s[t-1] + x[t]\n")
    world = Evaluator(model, EXACT).at(Point({"T": 0}, {"x": np.empty(0, dtype=object)}))
    assert world.value("s").tolist() == [Fraction(2)]


@pytest.mark.parametrize(
    ("product", "value"),
    [
        ("prod[j in 1..3](M[j])", [[24, 18], [8, 6]]),
        ("prod[j in 3..1 step -1](M[j])", [[5, 7], [14, 20]]),
    ],
)
def test_the_order_of_a_product_of_matrices(product: str, value: list[list[int]]) -> None:
    model = model_of("dims T\ninput M[T, 2, 2]\n")
    matrices = [[[1, 2], [0, 1]], [[0, 1], [1, 1]], [[3, 1], [1, 0]]]
    at = Point({"T": 3}, {"M": fractions(matrices)})
    exact = [np.array(matrix) for matrix in matrices]
    order = exact if "step" not in product else exact[::-1]
    expected = order[0] @ order[1] @ order[2]
    found = expression(model, product)
    for arithmetic in (FLOAT, EXACT, BALL(80)):
        values = Evaluator(model, arithmetic).tensor(found.indices, found.body, at)
        assert values.astype(float).tolist() == expected.tolist()


def test_products_of_matrices_whose_ends_are_indices() -> None:
    model = model_of(
        "dims T\ninput M[T, 2, 2]\nP = [prod[j in k+1..t](M[j]) for t in 1..T, k in 1..T]\n"
    )
    at = point(model, 3, T=4)
    values = at.values["M"]
    found = Evaluator(model, EXACT).at(at).value("P")
    for t in range(1, 5):
        for k in range(1, 5):
            expected = np.array([[Fraction(1), Fraction(0)], [Fraction(0), Fraction(1)]])
            for j in range(k + 1, t + 1):
                expected = expected @ values[j - 1]
            assert (found[t - 1, k - 1] == expected).all(), (t, k)


def test_a_derivative_inside_of_a_loop_is_not_taken_by_differences() -> None:
    text = "w[0] = w0\nfor t in 1..T:\n    w[t] = w[t-1] - grad(sum(w[t-1]^2), w[t-1])\n"
    model = model_of("dims T\ninput w0[2]\n" + text)
    wanted = expression(model, "w[T]")
    with pytest.raises(EvaluationError):
        difference(model, wanted.body, wanted.indices, point(model, 1, T=2))


def test_points_have_few_steps() -> None:
    model = model_of(RNN)
    lengths = [found.sizes["T"] for found in sample(model, 1, 4) if isinstance(found, Point)]
    assert lengths[0] in (2, 3)
    assert set(lengths) <= {1, 2, 3}
