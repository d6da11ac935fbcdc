"""Finite differences of the forward definitions, against derivatives known by hand."""

import pytest
from modelling import expression, judged, model_of

from derive.evaluate.arithmetic import BALL
from derive.evaluate.differences import PRECISION, by_differences, difference
from derive.evaluate.point import Point, fractions
from derive.evaluate.sample import sample

NETWORK = """
dims d, k, n
input x[d], X[n, d], A[n, n], v[n]
param W[k, d], b[k]
target y[k] : onehot
input s
function g
function F(u[d]) -> [k]
z = W @ x + b
p = softmax(z)
loss L = -sum(y*log(p))
r = relu(z)
c = exp(s)
q = c*s + c^2
u = W.T @ g(z)
e = F(x)
m = v.T @ inv(A) @ v
"""
KNOWN = {
    "dL/dz": "p - y",
    "dL/dW": "(p - y) @ x.T",
    "dL/dx": "W.T @ (p - y)",
    "dL/dp": "-y/p",
    "dp/dz": "diag(p) - p @ p.T",
    "dp/dx": "(diag(p) - p @ p.T) @ W",
    "dL/dL": "1",
    "dL/ds": "0",
    "dr/dz": "diag([[z[i] > 0] for i in 1..k])",
    "dq/ds": "exp(s)*s + exp(s) + 2*exp(2*s)",
    "dq/dc": "s + 2*c",
    "partial(q, s)": "c",
    "hess(L, z)": "diag(p) - p @ p.T",
    "hess(q, s)": "exp(s)*s + 2*exp(s) + 4*exp(2*s)",
    "du/dz": "W.T @ diag(g'(z))",
    "de/dx": "dF(x)/dx",
    "dm/dA": "-inv(A).T @ v @ v.T @ inv(A).T",
    "grad(logdet(A), A)": "inv(A).T",
    "jac(grad(L, W), b)": "[p[i]*([i = l] - p[l])*x[j] for i in 1..k, j in 1..d, l in 1..k]",
    "jac(dL/dW, z)": "[p[i]*([i = l] - p[l])*x[j] for i in 1..k, j in 1..d, l in 1..k]",
}


@pytest.mark.parametrize("derivative", KNOWN)
def test_differences_agree_with_the_derivative_to_many_digits(derivative):
    model = model_of(f"{NETWORK}claim {derivative} = {KNOWN[derivative]}\n")
    (judgement,) = judged(model)
    relation = judgement.relation
    for point in sample(model, 2, 2):
        found = difference(model, relation.left, relation.indices, point)
        wanted = by_differences(model).tensor(relation.indices, relation.right, point)
        with BALL(PRECISION).scope():
            for value, error, exact in zip(
                found.value.flat, found.error.flat, wanted.flat, strict=True
            ):
                assert error < 1e-12 * (1 + abs(exact))
                assert abs(value - exact) <= error + 1e-18


@pytest.mark.parametrize(
    ("derivative", "wrong"),
    [("dL/dz", "y - p"), ("dL/dx", "W.T @ p"), ("partial(q, s)", "c + s*c"), ("dL/dp", "-y/p^2")],
)
def test_a_wrong_derivative_does_not_agree(derivative, wrong):
    model = model_of(f"{NETWORK}claim {derivative} = {wrong}\n")
    (judgement,) = judged(model)
    relation = judgement.relation
    (point,) = sample(model, 2, 1)
    left = by_differences(model).tensor(relation.indices, relation.left, point)
    right = by_differences(model).tensor(relation.indices, relation.right, point)
    assert not all(a.overlaps(b) for a, b in zip(left.flat, right.flat, strict=True))


def test_at_a_kink_the_bound_reaches_both_slopes():
    model = model_of("input x\ny = abs(x)\nz = max(x, 0)\n")
    point = Point({}, {"x": fractions(0)})
    for name, slopes in (("y", (-1, 1)), ("z", (0, 1))):
        tensor = expression(model, f"d{name}/dx")
        found = difference(model, tensor.body, (), point)
        for slope in slopes:
            assert abs(found.value[()] - slope) <= found.error[()]
        assert found.error[()] < 5


def test_tiny_and_large_entries_have_steps_of_their_size():
    model = model_of("input x\ny = log(x)\n")
    tensor = expression(model, "dy/dx")
    for power in (-30, 0, 30):
        point = Point({}, {"x": fractions(f"1e{power}")})
        found = difference(model, tensor.body, (), point)
        with BALL(PRECISION).scope():
            assert (
                abs(found.value[()] * BALL(PRECISION).exact(fractions(f"1e{power}"))[()] - 1)
                < 1e-30
            )


def test_an_undefined_derivative_is_undefined():
    model = model_of("input x\ny = log(x)\n")
    tensor = expression(model, "dy/dx")
    found = difference(model, tensor.body, (), Point({}, {"x": fractions(-1)}))
    assert not found.value[()].is_finite()


def test_an_override_sets_the_value_at_which_is_differentiated():
    model = model_of("dims n\ninput x[n], mu\nL = sum((x - mu)^2)\n")
    tensor = expression(model, "dL/dmu")
    (point,) = sample(model, 0, 1)
    mean = expression(model, "mean(x)")
    value = by_differences(model).tensor((), mean.body, point)
    found = difference(model, tensor.body, (), point, {"mu": value})
    assert abs(found.value[()]) < 1e-30
