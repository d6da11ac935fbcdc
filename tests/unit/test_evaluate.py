"""One evaluator, three arithmetics: they agree with each other and with NumPy."""

import subprocess
import sys
from fractions import Fraction

import flint
import numpy as np
import pytest
from modelling import expression, model_of

from derive.evaluate.arithmetic import BALL, EXACT, FLOAT
from derive.evaluate.number import EvaluationError, Inexact, TooWide
from derive.evaluate.point import Point, fractions
from derive.evaluate.run import Evaluator
from derive.model.operations import SCALAR_OPERATIONS
from derive.model.scalar import Apply, Num

MODEL = """
dims n, m, N
input x[n], y[n], A[n, n], B[n, m], C[m, n], X[N, m], h[0..n, m]
input s, t
input c[N] : integer
function g
function F(u[n]) -> [m]
loss L(x)
"""
POINT = {
    "x": [1, -2, "3/2"],
    "y": ["1/2", 3, -1],
    "A": [[2, 1, 0], [1, 3, "1/2"], [0, -1, 1]],
    "B": [[1, 2], [3, 4], [5, "-1/2"]],
    "C": [[1, 0, 2], ["-1/3", 1, 1]],
    "X": [[1, 2], [3, 4], [5, 6], [0, "1/5"]],
    "h": [[0, 1], [2, 3], [4, 5], [6, 7]],
    "s": "3/4",
    "t": 2,
    "c": [1, 2, 2, 1],
}


def setup(text=""):
    model = model_of(MODEL + text)
    values = {name: fractions(value) for name, value in POINT.items()}
    return model, Point({"n": 3, "m": 2, "N": 4}, values, seed=5)


def value(text, arithmetic, extra=""):
    model, point = setup(extra)
    tensor = expression(model, text)
    return Evaluator(model, arithmetic).tensor(tensor.indices, tensor.body, point)


def numpy_point():
    return {name: np.array(fractions(value), dtype=float) for name, value in POINT.items()}


EXPECTED = {
    "A @ x": lambda p: p["A"] @ p["x"],
    "x.T @ A @ y": lambda p: p["x"] @ p["A"] @ p["y"],
    "C @ A @ B": lambda p: p["C"] @ p["A"] @ p["B"],
    "X @ C + 1": lambda p: p["X"] @ p["C"] + 1,
    "sum(X, over=N)": lambda p: p["X"].sum(0),
    "mean(X, over=m)": lambda p: p["X"].mean(1),
    "var(x)": lambda p: p["x"].var(),
    "prod(y)": lambda p: p["y"].prod(),
    "max(X, over=m)": lambda p: p["X"].max(1),
    "min(x)": lambda p: p["x"].min(),
    "max(x, y)": lambda p: np.maximum(p["x"], p["y"]),
    "argmax(y)": lambda p: 2,
    "inv(A)": lambda p: np.linalg.inv(p["A"]),
    "det(A)": lambda p: np.linalg.det(p["A"]),
    "trace(A)": lambda p: np.trace(p["A"]),
    "matpow(A, 3)": lambda p: np.linalg.matrix_power(p["A"], 3),
    "kron(A, B)": lambda p: np.kron(p["A"], p["B"]),
    "reshape(X, m, N)": lambda p: p["X"].reshape(2, 4),
    "concat(x, y)": lambda p: np.concatenate([p["x"], p["y"]]),
    "stack(x, y)": lambda p: np.stack([p["x"], p["y"]]),
    "sum([1, 2, 3]) + [4, 5]": lambda p: np.array([10, 11]),
    "diag(x) @ A": lambda p: np.diag(p["x"]) @ p["A"],
    "x @ y.T": lambda p: np.outer(p["x"], p["y"]),
    "[x[c[r]] for r in 1..N]": lambda p: p["x"][[0, 1, 1, 0]],
    "sum[i in 1..n, i != 2](x[i])": lambda p: p["x"][0] + p["x"][2],
    "sum[i in 2..n](x[i]*x[i-1])": lambda p: (p["x"][1:] * p["x"][:-1]).sum(),
    "max[i in 1..n, i < 3](x[i])": lambda p: p["x"][:2].max(),
    "[A[i, i] for i in 1..n]": lambda p: np.diag(p["A"]),
    "[pad0(x)[i + 1] for i in 1..n]": lambda p: np.append(p["x"][1:], 0),
    "h[0]": lambda p: p["h"][0],
    "sum[t in 0..n](h[t])": lambda p: p["h"].sum(0),
    "[[x[i] > y[j]] for i in 1..n, j in 1..n]": lambda p: (p["x"][:, None] > p["y"]) * 1.0,
    "eye[n] - A": lambda p: np.eye(3) - p["A"],
    "n*x + N": lambda p: 3 * p["x"] + 4,
    "t^3 - s": lambda p: 8 - 0.75,
    "sum[i, j](A[i, j]*(i - j))": lambda p: sum(
        p["A"][i, j] * (i - j) for i in range(3) for j in range(3)
    ),
}


@pytest.mark.parametrize("text", EXPECTED)
def test_each_arithmetic_gives_what_numpy_gives(text):
    wanted = np.asarray(EXPECTED[text](numpy_point()), dtype=float)
    for arithmetic in (FLOAT, BALL(80), EXACT):
        found = value(text, arithmetic)
        assert found.shape == wanted.shape
        assert np.allclose(np.array(found, dtype=float), wanted, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("operation", [*sorted(SCALAR_OPERATIONS), "trigamma"])
def test_each_operation_agrees_in_floats_and_balls_and_where_it_is_exact(operation):
    arity = SCALAR_OPERATIONS.get(operation, 1)
    model, point = setup()
    values = [Fraction(k, 4) for k in (-5, -4, -2, 0, 1, 3, 4, 6, 8)]
    compared = 0
    for a in values:
        for b in values if arity == 2 else (None,):
            arguments = (Num(a),) if b is None else (Num(a), Num(b))
            node = Apply(operation, arguments)
            plain = Evaluator(model, FLOAT).tensor((), node, point)
            ball = Evaluator(model, BALL(120)).tensor((), node, point)[()]
            assert bool(np.isfinite(plain)) == ball.is_finite(), (operation, a, b)
            if ball.is_finite():
                compared += 1
                assert float(plain) == pytest.approx(float(ball), rel=1e-13, abs=1e-15)
            try:
                exact = Evaluator(model, EXACT).tensor((), node, point)[()]
            except Inexact:
                continue
            if isinstance(exact, Fraction):
                with BALL(300).scope():
                    gap = ball - flint.arb(flint.fmpq(exact.numerator, exact.denominator))
                    assert gap.contains(0)
                    assert gap.rad() < 1e-30
            else:
                assert not ball.is_finite()
    assert compared >= 3


@pytest.mark.parametrize(
    "text", ["log(0*s)", "1/(t - 2)", "sqrt(-t)", "(t - 2)^(-1)", "(-t)^(1/2)"]
)
@pytest.mark.parametrize("arithmetic", [FLOAT, BALL(64), EXACT], ids=lambda a: a.name)
def test_what_is_undefined_is_an_undefined_entry(text, arithmetic):
    with arithmetic.scope():
        assert not arithmetic.defined(value(text, arithmetic)).any()


@pytest.mark.parametrize("arithmetic", [FLOAT, BALL(64), EXACT], ids=lambda a: a.name)
def test_a_condition_keeps_the_undefined_out_of_a_sum(arithmetic):
    found = value("sum[i in 1..n, j in 1..n, i != j](1/(i - j)^2)", arithmetic)
    assert float(found[()]) == pytest.approx(4.5)


@pytest.mark.parametrize("arithmetic", [FLOAT, BALL(64), EXACT], ids=lambda a: a.name)
def test_a_zero_indicator_of_indices_makes_a_product_zero(arithmetic):
    found = value("[[i != j]/(i - j) for i in 1..n, j in 1..n]", arithmetic)
    assert np.allclose(found.astype(float), [[0, -1, -0.5], [1, 0, -1], [0.5, 1, 0]])
    total = value("sum[i in 1..n, j in 1..n]([i < j]*x[i]/(i - j))", arithmetic)
    assert float(total[()]) == pytest.approx(-1 - 0.5 + 2)
    with arithmetic.scope():
        assert not arithmetic.defined(value("[s < t]/(t - 2)", arithmetic)).any()


def test_exact_arithmetic_refuses_what_is_not_rational():
    with pytest.raises(Inexact):
        value("exp(s)", EXACT)
    assert value("exp(s - 3/4) + sqrt(s/3)", EXACT) == Fraction(3, 2)


def test_a_ball_that_does_not_decide_a_comparison_says_so():
    with pytest.raises(TooWide):
        value("[sqrt(t)^2 > t]", BALL(64))


def test_the_maximum_of_balls_equals_the_entry_that_it_is():
    found = value("[[w[i] = max(w)] for i in 1..n]", BALL(64), "w = exp(x)\n")
    assert [float(entry) for entry in found] == [0, 0, 1]


def test_a_ball_encloses_what_more_precision_finds():
    narrow = value("exp(A @ x)/sum(exp(A @ x)) + erf(x) + tanh(y)", BALL(300))
    wide = value("exp(A @ x)/sum(exp(A @ x)) + erf(x) + tanh(y)", BALL(40))
    assert all(a.overlaps(b) for a, b in zip(narrow, wide, strict=True))
    assert all(a.rad() < 1e-80 for a in narrow)


def test_a_missing_value_is_named():
    model, point = setup()
    bare = Point(point.sizes, {})
    tensor = expression(model, "x + y")
    with pytest.raises(EvaluationError, match="`x` has no value"):
        Evaluator(model, FLOAT).tensor(tensor.indices, tensor.body, bare)


def test_an_override_replaces_a_name_and_what_follows_from_it():
    model, point = setup("z = A @ x\nw = z*2\n")
    tensor = expression(model, "w")
    ones = np.ones(3)
    found = Evaluator(model, FLOAT).tensor(tensor.indices, tensor.body, point, {"z": ones})
    assert np.array_equal(found, 2 * ones)


def test_a_derivative_of_an_unspecified_function_is_that_of_its_instance():
    model, point = setup()
    step = Fraction(1, 2**30)
    for text, slope in (("g(s)", "g'(s)"), ("g'(s)", "g''(s)")):
        there = point.with_values({"s": fractions(Fraction(3, 4) + step)})
        tensor, derived = expression(model, text), expression(model, slope)
        evaluator = Evaluator(model, BALL(200))
        with BALL(200).scope():
            rise = (
                evaluator.tensor((), tensor.body, there)[()]
                - evaluator.tensor((), tensor.body, point)[()]
            )
            found = evaluator.tensor((), derived.body, point)[()]
            assert abs(rise / (flint.arb(1) / 2**30) - found) < 1e-6
            assert abs(found) > 1e-3


def test_the_seed_chooses_the_instance():
    model, point = setup()
    tensor = expression(model, "F(x)")
    evaluator = Evaluator(model, FLOAT)
    same = evaluator.tensor(tensor.indices, tensor.body, Point(point.sizes, point.values, 5))
    other = evaluator.tensor(tensor.indices, tensor.body, Point(point.sizes, point.values, 6))
    assert np.array_equal(same, evaluator.tensor(tensor.indices, tensor.body, point))
    assert not np.allclose(same, other)


def test_a_tensor_that_no_memory_holds_is_refused():
    model = model_of("dims n\ninput x[n]\nA[i, j] = sum[k](x[i]*x[j]*x[k])\n")
    tensor = expression(model, "A")
    sizes = {"n": 10_000}
    point = Point(sizes, {"x": fractions([1] * 10_000)})
    with pytest.raises(EvaluationError, match="too large"):
        Evaluator(model, FLOAT).tensor(tensor.indices, tensor.body, point)


def test_evaluation_does_not_import_sympy():
    code = (
        "import derive.evaluate.differences, derive.evaluate.shrink, sys;"
        "assert 'sympy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    "text", ["sum[i in 1..1000000000](i)", "sum[i in 1..100000, j in 1..100000](i*j)"]
)
def test_a_sum_that_no_time_suffices_for_is_refused(text):
    model = model_of("input x\n")
    tensor = expression(model, text)
    for arithmetic in (FLOAT, BALL(64), EXACT):
        with pytest.raises(EvaluationError, match="too large"):
            Evaluator(model, arithmetic).tensor((), tensor.body, Point({}, {}))
