"""Points obey every property and assumption, exactly; their sizes hide nothing."""

from fractions import Fraction
from itertools import combinations
from random import Random

import numpy as np
import pytest
from modelling import model_of

from derive.evaluate.draws import PROPERTIES, Pool, draw, failing
from derive.evaluate.point import Point, fractions
from derive.evaluate.relation import Judges
from derive.evaluate.sample import NoSample, Sampler, sample
from derive.evaluate.shrink import shrink
from derive.model.properties import PROPERTIES as DECLARED


def points(text, count=3, seed=0):
    return list(sample(model_of(text), seed, count))


def test_every_property_of_the_language_can_be_drawn_and_tested():
    assert set(DECLARED) == PROPERTIES


VECTOR = ["onehot", "simplex", "unit", "positive", "nonnegative", "integer", "binary", "sign"]
MATRIX = ["symmetric", "posdef", "invertible", "orthogonal", "diagonal"]


@pytest.mark.parametrize("name", VECTOR)
@pytest.mark.parametrize("shape", [(1,), (4,), (3, 2)], ids=str)
def test_a_property_of_vectors_holds_of_what_is_drawn(name, shape):
    for seed in range(8):
        values = draw(Pool(Random(seed)), shape, {name})
        assert values is not None
        rows = values.reshape(-1, shape[-1])
        match name:
            case "onehot":
                assert all(sorted(row) == [0] * (shape[-1] - 1) + [1] for row in rows)
            case "simplex":
                assert all(min(row) > 0 and sum(row) == 1 for row in rows)
            case "unit":
                assert all(sum(x * x for x in row) == 1 for row in rows)
            case "positive":
                assert min(values.flat) > 0
            case "nonnegative":
                assert min(values.flat) >= 0
            case "integer":
                assert all(x.denominator == 1 for x in values.flat)
            case "binary":
                assert set(values.flat) <= {0, 1}
            case "sign":
                assert set(values.flat) <= {-1, 1}


@pytest.mark.parametrize("name", MATRIX)
@pytest.mark.parametrize("size", [1, 2, 4])
def test_a_property_of_matrices_holds_of_what_is_drawn(name, size):
    for seed in range(6):
        drawn = draw(Pool(Random(seed)), (size, size), {name})
        assert drawn is not None
        exact, values = drawn, drawn.astype(float)
        match name:
            case "symmetric":
                assert (exact == exact.T).all()
            case "posdef":
                assert (exact == exact.T).all()
                assert min(np.linalg.eigvalsh(values)) > 0
            case "invertible":
                assert abs(np.linalg.det(values)) > 1e-12
            case "orthogonal":
                assert (exact @ exact.T == np.eye(size, dtype=int)).all()
            case "diagonal":
                assert (exact == np.diag(np.diag(exact))).all()


@pytest.mark.parametrize(
    "pair",
    [
        *combinations(MATRIX, 2),
        ("positive", "symmetric"),
        ("positive", "posdef"),
        ("positive", "invertible"),
        ("integer", "invertible"),
        ("integer", "symmetric"),
        ("nonnegative", "orthogonal"),
        ("sign", "symmetric"),
        ("binary", "symmetric"),
        ("integer", "posdef"),
    ],
    ids="-".join,
)
def test_properties_of_a_matrix_combine(pair):
    values = draw(Pool(Random(1)), (3, 3), set(pair))
    assert values is not None
    assert failing(values, pair) is None


@pytest.mark.parametrize(
    "pair",
    [
        ("unit", "positive"),
        ("simplex", "positive"),
        ("onehot", "integer"),
        ("integer", "positive"),
        ("binary", "onehot"),
        ("unit", "integer"),
        ("sign", "integer"),
    ],
    ids="-".join,
)
def test_properties_of_a_vector_combine(pair):
    values = draw(Pool(Random(1)), (3,), set(pair))
    assert values is not None
    assert failing(values, pair) is None


def test_a_property_that_does_not_hold_is_noticed():
    for name, values in {
        "onehot": [1, 1],
        "simplex": [0, 1],
        "unit": [1, 1],
        "positive": [0],
        "nonnegative": [-1],
        "integer": ["1/2"],
        "binary": [2],
        "sign": [0],
        "symmetric": [[1, 2], [3, 1]],
        "posdef": [[1, 2], [2, 1]],
        "invertible": [[1, 1], [1, 1]],
        "orthogonal": [[1, 1], [0, 1]],
        "diagonal": [[1, 1], [0, 1]],
    }.items():
        assert failing(fractions(values), {name}) == name


ASSUMED = {
    "a sum": "input q[n]\nassume sum(q) = 1",
    "a positive sum": "input q[n] : positive\nassume sum(q) = 1",
    "rows that sum": "input P[n, m] : positive\nassume sum(P, over=m) = ones[n]",
    "a mean": "input x[n]\nassume mean(x) = 0",
    "a norm": "input x[n]\nassume norm(x) = 1",
    "another norm": "input x[n]\nassume norm(x) = 3",
    "two equations": "input x[n], w[n]\nassume sum(x) = 0\nassume dot(x, w) = 1\nassume n > 2",
    "a system": "input A[n, n], x[n], b[n]\nassume A @ x = b",
    "orthonormal columns": "input X[n, m]\nassume X.T @ X = eye[m]\nassume n >= m",
    "a symmetry": "input A[n, n]\nassume A = A.T",
    "a projection": "input A[n, n]\nassume A @ A = A",
    "bounds": "input a, b, x[n]\nassume a <= x\nassume x <= b",
    "an order": "input x[n]\nassume x[i] < x[i + 1] for i in 1..n-1",
    "a product": "input a, b\nassume a*b = 1",
    "an inequality of norms": "input x[n], y[n]\nassume norm(x) < norm(y)",
    "distinct entries": "input x[n]\nassume x[1] != x[n]\nassume n > 1",
    "an inexact bound": "input x[n]\nassume exp(x[i]) < 1/2",
    "a positive definition": "input x[n], w[n]\nz = dot(w, x)\nassume z > 0",
    "dimensions": "input x[n], y[m]\nassume n > m",
    "standardised entries": "input x[n]\nassume mean(x) = 0\nassume var(x) = 1",
}


@pytest.mark.parametrize("text", ASSUMED.values(), ids=ASSUMED)
def test_points_obey_assumptions(text):
    model = model_of(f"dims n, m\n{text}\n")
    found = list(sample(model, 3, 3))
    assert len(found) == 3
    judges = Judges(model)
    for point in found:
        assert isinstance(point, Point)
        for assumption in model.assumptions:
            assert judges.holds(assumption.relation, point)
        assert Sampler(model).violated(point) is None


def test_a_contradiction_is_named_and_gives_no_point():
    (found,) = points("dims n\ninput x[n]\nassume x[i] > 1\nassume x[i] < 0\n")
    assert isinstance(found, NoSample)
    assert found.assumption is not None
    assert "x[i]" in found.reason


def test_sizes_are_unequal_and_never_repeat_the_first():
    text = "dims n, m, k\ninput A[n, m], B[m, k]\n"
    for seed in range(20):
        first, *others = points(text, 4, seed)
        assert len(set(first.sizes.values())) == 3
        assert min(first.sizes.values()) > 1
        for other in others:
            assert all(other.sizes[name] != size for name, size in first.sizes.items())


def test_the_second_sizes_reverse_the_first():
    for seed in range(10):
        first, second = points("dims n, d\ninput X[n, d]\n", 2, seed)
        assert (first.sizes["n"] > first.sizes["d"]) != (second.sizes["n"] > second.sizes["d"])


def test_the_same_seed_draws_the_same_points():
    text = "dims n\ninput x[n], A[n, n] : orthogonal\n"
    for one, two in zip(points(text, seed=4), points(text, seed=4), strict=True):
        assert one.sizes == two.sizes
        assert all((one.values[name] == two.values[name]).all() for name in one.values)


def test_targets_that_serve_as_an_index_stay_in_range():
    text = "dims n, N\ninput p[N, n]\ntarget c[N] : integer\nloss L = -sum[r](log(p[r, c[r]]))\n"
    for seed in range(10):
        for point in points(text, 2, seed):
            assert all(1 <= x <= point.sizes["n"] for x in point.values["c"])
            assert all(isinstance(x, Fraction) for x in point.values["p"].flat)


def test_shapes_with_arithmetic_in_them_have_entries():
    for point in points(
        "dims n, k\ninput x[n], w[k]\ny = [sum[u in 1..k](w[u]*x[i + u - 1]) for i in 1..n-k+1]\n",
        3,
    ):
        assert point.sizes["n"] >= point.sizes["k"]


def test_a_counterexample_is_made_small_and_still_is_one():
    model = model_of("dims n, m\ninput A[n, m], q[n] : simplex\nassume sum(A) = 1\n")
    (start,) = sample(model, 1, 1)
    tried = []

    def fails(point):
        tried.append(point)
        return point.sizes["n"] >= 2 and point.values["A"][0, 0] != 0

    small = shrink(Sampler(model), start, fails)
    assert fails(small)
    assert Sampler(model).violated(small) is None
    assert small.sizes == {"n": 2, "m": 1}
    assert len(tried) <= 62
    assert all(Sampler(model).violated(point) is None for point in tried)
    assert all(abs(x) <= 3 and x.denominator <= 4 for x in small.values["A"].flat)
