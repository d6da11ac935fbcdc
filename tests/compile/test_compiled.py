"""Compiled gradients: equal to the derived ones, stable, and careful with what is given."""

import math
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import derive
from derive.compile.adjoint import FLAT, SLOPES
from derive.diagnostics.diagnostic import DeriveError
from tests.compile.comparing import disagreements

WORKED = Path(__file__).parents[2] / "worked"
CASES = Path(__file__).parents[1] / "cases"
CHOSEN = ["language", "norms", "attention", "preferences"]
MODELS = Path(__file__).parent / "models"
FILES = [
    *sorted(MODELS.glob("*.derive")),
    *sorted(WORKED.rglob("*.derive")),
    *(path for name in CHOSEN for path in sorted((CASES / name).glob("*.derive"))),
]


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_compiled_gradient_is_the_derived_one(path: Path) -> None:
    assert disagreements(path) == []


def compiled(text: str, of: str, *wrt: str) -> Any:
    return derive.parse(text).compile(of, wrt=wrt)


# --- stable forms ----------------------------------------------------------------------------

CROSS_ENTROPIES = {
    "by name": "loss L = -sum(y * log(softmax(z)))",
    "by hand": "loss L = -sum[i](y[i] * log(exp(z[i]) / sum[j](exp(z[j]))))",
    "as a difference": "loss L = log(sum(exp(z))) - sum(y * z)",
    "with a divisor of its own": "Z = sum(exp(z))\nq = exp(z) / Z\nloss L = -sum(y * log(q))",
    "with a product": "Z = 1 / sum(exp(z))\nloss L = -sum(y * log(exp(z) * Z))",
    "shifted": "loss L = -sum(y * log(exp(z - 3) / sum(exp(z - 3))))",
    "halved twice": "loss L = -sum(y * log(exp(z/2)^2 / sum(exp(z))))",
}


@pytest.mark.parametrize("loss", CROSS_ENTROPIES.values(), ids=CROSS_ENTROPIES)
@pytest.mark.parametrize("size", [1.0, 1000.0, 1e6])
def test_a_quotient_of_exponentials_does_not_overflow(loss: str, size: float) -> None:
    function = compiled(f"dims k\nparam z[k]\ntarget y[k] : onehot\n{loss}", "L", "z")
    z, y = size * np.array([1.0, 0.0, -1.0]), np.array([0.0, 1.0, 0.0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        value, gradients = function(z=z, y=y)
    p = np.exp(z - z.max()) / np.exp(z - z.max()).sum()
    np.testing.assert_allclose(value, size + math.log(np.exp(z - z.max()).sum()))
    np.testing.assert_allclose(gradients["z"], p - y, atol=1e-15)


LOGISTIC = {
    "by name": "p = sigmoid(z)\nloss L = -(y*log(p) + (1 - y)*log(1 - p))",
    "by hand": "p = 1/(1 + exp(-z))\nloss L = -(y*log(p) + (1 - y)*log(1 - p))",
    "the other way round": "p = exp(z)/(exp(z) + 1)\nloss L = -(y*log(p) + (1 - y)*log(1 - p))",
    "of two exponentials": "p = exp(z/2)/(exp(z/2) + exp(-z/2))\n"
    "loss L = -(y*log(p) + (1 - y)*log(1 - p))",
    "as a softplus": "loss L = softplus(z) - y*z",
}


@pytest.mark.parametrize("loss", LOGISTIC.values(), ids=LOGISTIC)
@pytest.mark.parametrize("z", [0.5, 40.0, -40.0, 1000.0, -1000.0])
@pytest.mark.parametrize("y", [0.0, 1.0])
def test_the_logarithm_of_a_sigmoid_does_not_overflow(loss: str, z: float, y: float) -> None:
    function = compiled(f"param z\ntarget y : binary\n{loss}", "L", "z")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        value, gradients = function(z=z, y=y)
    away = z if y == 0 else -z  # how far the score is on the wrong side
    expected = max(away, 0) + math.log1p(math.exp(-abs(away)))
    slope = 1 / (1 + math.exp(-away)) if away > -700 else 0
    np.testing.assert_allclose(value, expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(gradients["z"], slope if y == 0 else -slope, atol=1e-15)


def test_masked_weights_are_stable_too() -> None:
    text = """
    dims n
    param s[n, n]
    input v[n]
    kept[i, j] = exp(s[i, j]) * [j <= i]
    w[i, j] = kept[i, j] / sum[k](kept[i, k])
    loss L = sum(w @ v)
    """
    function = compiled("\n".join(line.strip() for line in text.splitlines()), "L", "s")
    s = np.array([[0.0, 2000.0, 0.0], [1000.0, -1000.0, 3000.0], [5.0, 6.0, 7.0]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        value, gradients = function(s=s, v=np.array([1.0, 2.0, 3.0]))
    p = np.exp(s[2] - s[2].max()) / np.exp(s[2] - s[2].max()).sum()
    np.testing.assert_allclose(value, 2 + p @ [1, 2, 3])
    assert np.isfinite(gradients["s"]).all()
    assert not gradients["s"][0].any()


def test_weights_that_are_not_yet_divided() -> None:
    text = "dims n\nparam s[n]\ninput v[n]\nloss L = sum(exp(s) * v) / sum(exp(s))"
    function = compiled(text, "L", "s")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        value, gradients = function(s=np.array([1000.0, 999.0]), v=np.array([1.0, 2.0]))
    p = 1 / (1 + math.exp(1))
    np.testing.assert_allclose(value, 1 + p)
    np.testing.assert_allclose(gradients["s"], [-p * (1 - p), p * (1 - p)])


def test_a_mixture_far_from_its_centres() -> None:
    text = """dims k
    param m[k]
    input x
    target w[k] : simplex
    loss L = -log(sum(w * exp(-(x - m)^2 / 2)))"""
    function = compiled("\n".join(line.strip() for line in text.splitlines()), "L", "m")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        value, gradients = function(x=100.0, m=np.array([0.0, 1.0]), w=np.array([0.5, 0.5]))
    np.testing.assert_allclose(value, 99**2 / 2 - math.log(0.5), rtol=1e-12)
    np.testing.assert_allclose(gradients["m"], [0, -99], atol=1e-12)


# --- slopes ----------------------------------------------------------------------------------

WRITTEN = {
    "exp": "exp(x)",
    "log": "1/x",
    "softplus": "sigmoid(x)",
    "abs": "sign(x)",
    "sin": "cos(x)",
    "cos": "-sin(x)",
    "tan": "1 + tan(x)^2",
    "asin": "(1 - x^2)^(-1/2)",
    "acos": "-(1 - x^2)^(-1/2)",
    "atan": "1/(1 + x^2)",
    "sinh": "cosh(x)",
    "cosh": "sinh(x)",
    "tanh": "1 - tanh(x)^2",
    "erf": "2*exp(-x^2)/sqrt(pi)",
    "lgamma": "digamma(x)",
}


def test_every_slope_is_written_down() -> None:
    assert set(SLOPES) == set(WRITTEN)
    assert not FLAT & set(SLOPES)


@pytest.mark.parametrize("name", WRITTEN)
def test_every_slope_is_proved_and_computed(name: str) -> None:
    model = derive.parse(
        f"param x : positive\nassume x < 1\nloss L = {name}(x)\nslope = {WRITTEN[name]}"
    )
    assert isinstance(model.claim("dL/dx = slope"), derive.Proved)
    for x in (0.25, 0.5):
        _, gradients = model.compile("L", wrt=["x"])(x=x)
        slope, _ = model.compile("slope")(x=x)
        np.testing.assert_allclose(gradients["x"], slope, rtol=1e-12)


# --- what is given ---------------------------------------------------------------------------

REGRESSION = """
dims N, d
input X[N, d]
param w[d], b
target y[N] : binary
loss L = -mean(y*log(sigmoid(X @ w + b)) + (1 - y)*log(1 - sigmoid(X @ w + b)))
"""


def given(**changes: Any) -> dict[str, Any]:
    random = np.random.default_rng(1)
    values = {"X": random.normal(size=(5, 3)), "w": random.normal(size=3), "b": 0.5}
    return {**values, "y": np.array([0.0, 1, 1, 0, 1]), **changes}


def test_nothing_given_is_modified_or_handed_back() -> None:
    values = given(b=np.array(0.5))
    kept = {name: array.copy() for name, array in values.items()}
    for array in values.values():
        array.flags.writeable = False
    _, gradients = compiled(REGRESSION, "L", "X", "w", "b", "y")(**values)
    for name, array in values.items():
        np.testing.assert_array_equal(array, kept[name])
        assert not np.shares_memory(gradients[name], array)


def test_a_gradient_that_is_an_input_is_a_copy() -> None:
    function = compiled("dims n\nparam w[n]\ninput x[n]\nloss L = sum(w * x)", "L", "w", "x")
    values = {"w": np.ones(3), "x": np.arange(3.0)}
    _, gradients = function(**values)
    gradients["w"] += 1
    np.testing.assert_array_equal(values["x"], [0, 1, 2])


def test_arrays_that_are_not_contiguous_and_lists_give_the_same() -> None:
    function = compiled(REGRESSION, "L", "w", "b")
    values = given()
    value, gradients = function(**values)
    turned = {**values, "X": np.asfortranarray(values["X"]), "w": np.repeat(values["w"], 2)[::2]}
    listed = {name: np.asarray(array).tolist() for name, array in values.items()}
    for other in (turned, listed):
        same, others = function(**other)
        np.testing.assert_allclose(same, value)
        np.testing.assert_allclose(others["w"], gradients["w"])


def test_single_precision_stays_single() -> None:
    function = compiled(REGRESSION, "L", "w", "b")
    values = given()
    value, gradients = function(**values)
    single = {name: np.asarray(array, np.float32) for name, array in values.items()}
    value32, gradients32 = function(**single)
    assert value32.dtype == gradients32["w"].dtype == np.float32
    np.testing.assert_allclose(value32, value, rtol=1e-5)
    np.testing.assert_allclose(gradients32["w"], gradients["w"], rtol=1e-4, atol=1e-6)


WRONG = {
    "a shape": (given(w=np.ones(4)), "shape-mismatch", "`w` has shape [4]; expected [d]"),
    "an axis": (given(X=np.ones(5)), "shape-mismatch", "`X` has shape [5]; expected [N, d]"),
    "no entries": (
        given(X=np.ones((0, 3)), y=np.ones(0)),
        "shape-mismatch",
        "the dimension `N` is 0 by the shape of `X`",
    ),
    "an unknown name": (given(v=1.0), "unknown-name", "nothing here takes `v`"),
    "texts": (
        given(y=["a"] * 5),
        "shape-mismatch",
        "`y` is an array of real numbers of shape [N]: ",
    ),
    "complex numbers": (given(b=1j), "shape-mismatch", "`b` is a real number: complex128"),
    "ragged lists": (given(w=[[1], [2, 3]]), "shape-mismatch", "`w` is an array of real numbers"),
    "a broken property": (
        given(y=np.array([0, 1, 2, 0, 1.0])),
        "given-breaks-property",
        "`y` is declared `binary`, which the array is not",
    ),
}


@pytest.mark.parametrize(("values", "code", "message"), WRONG.values(), ids=WRONG)
def test_what_does_not_fit_is_named(values: dict[str, Any], code: str, message: str) -> None:
    with pytest.raises(DeriveError) as caught:
        compiled(REGRESSION, "L", "w")(**values)
    (found,) = caught.value.diagnostics
    assert found.code == code
    assert found.message.startswith(message)


def test_a_clash_says_where_a_size_comes_from() -> None:
    with pytest.raises(DeriveError) as caught:
        compiled(REGRESSION, "L", "w")(**given(w=np.ones(4)))
    assert caught.value.diagnostics[0].notes == ("d = 3, by the shape of `X`",)


def test_what_is_missing_is_named() -> None:
    values = given()
    del values["y"]
    with pytest.raises(DeriveError, match="`y` has no value here"):
        compiled(REGRESSION, "L", "w")(**values)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_what_makes_the_value_no_number_is_named(bad: float) -> None:
    values = given()
    values["X"][1, 2] = bad
    with pytest.raises(DeriveError) as caught:
        compiled(REGRESSION, "L", "w")(**values)
    (found,) = caught.value.diagnostics
    assert found.message == f"`X[1, 2]` is {bad}, of shape [N, d]"
    with np.errstate(invalid="ignore"):
        value, _ = derive.parse(REGRESSION).compile("L", wrt=["w"], check=False)(**values)
    assert not math.isfinite(value)


def test_places_outside_of_a_table_are_named() -> None:
    text = "dims V, d, T\nparam E[V, d]\ninput c[T] : integer\nloss L = sum[t](sum(E[c[t]]))"
    values = {"E": np.ones((3, 2)), "c": np.array([1.0, 3.0])}
    for door in (compiled(text, "L", "E"), derive.parse(text).gradient("L", "E")):
        door(**values)
        with pytest.raises(DeriveError, match="`c` is used as an index from 1 to 3, and goes"):
            door(**{**values, "c": np.array([0.0, 3.0])})


@pytest.mark.parametrize("size", [2.5, "x", 0])
def test_a_dimension_is_a_whole_number(size: Any) -> None:
    function = compiled("dims n\nparam a\nloss L = a*n", "L", "a")
    assert function(a=1.0, n=3)[1]["a"] == 3
    with pytest.raises(DeriveError, match="the dimension `n` is a positive whole number"):
        function(a=1.0, n=size)


def test_an_entry_that_is_not_there_is_an_error() -> None:
    function = compiled("dims n\nparam x[n]\nloss L = x[3]^2", "L", "x")
    assert function(x=[1.0, 2, 3])[0] == 9
    with pytest.raises(DeriveError, match="an entry that is not there at these sizes: n = 2"):
        function(x=[1.0, 2])


def test_an_infinity_in_a_mask_is_a_number() -> None:
    function = compiled("dims n\nparam z[n]\ninput m[n]\nloss L = log(sum(exp(z + m)))", "L", "z")
    value, gradients = function(z=[1.0, 2.0], m=[0.0, -math.inf])
    assert float(value) == 1
    assert gradients["z"].tolist() == [1, 0]


PROPERTIES = {
    "onehot": ([0.0, 1, 0], [0.0, 1, 1]),
    "simplex": ([0.25, 0.75], [0.25, 0.25]),
    "unit": ([0.6, 0.8], [1.0, 1.0]),
    "positive": ([1.0, 2], [1.0, 0]),
    "nonnegative": ([1.0, 0], [-1.0, 0]),
    "integer": ([1.0, -2], [0.5, 0]),
    "sign": ([1.0, -1], [1.0, 0]),
    "symmetric": ([[1.0, 2], [2, 1]], [[1.0, 2], [3, 1]]),
    "posdef": ([[2.0, 1], [1, 2]], [[1.0, 2], [2, 1]]),
    "invertible": ([[2.0, 1], [1, 2]], [[1.0, 1], [1, 1]]),
    "orthogonal": ([[0.0, 1], [1, 0]], [[1.0, 1], [1, 0]]),
    "diagonal": ([[1.0, 0], [0, 2]], [[1.0, 1], [0, 2]]),
}


@pytest.mark.parametrize("name", PROPERTIES)
def test_every_property_is_looked_at(name: str) -> None:
    good, bad = map(np.array, PROPERTIES[name])
    shape = "n, n" if good.ndim == 2 else "n"
    model = derive.parse(f"dims n\ninput A[{shape}] : {name}\nloss L = sum(A)")
    assert float(model.compile("L")(A=good)[0]) == good.sum()
    with pytest.raises(DeriveError, match=f"declared `{name}`"):
        model.compile("L")(A=bad)
    assert float(model.compile("L", check=False)(A=bad)[0]) in (bad.sum(), 1.0)


ASSUMPTIONS = {
    "assume sum(x) = 1": ([0.25, 0.75], [0.5, 0.75]),
    "assume a > 0": ([1.0, 2.0], [0.0, 2.0]),
    "assume x[i] <= x[j] for i in 1..n, j in 1..n, i < j": ([1.0, 2.0], [2.0, 1.0]),
    "assume x != 0": ([1.0, 2.0], [0.0, 1.0]),
}


@pytest.mark.parametrize("line", ASSUMPTIONS)
def test_every_assumption_is_looked_at(line: str) -> None:
    good, bad = ASSUMPTIONS[line]
    model = derive.parse(f"dims n\ninput x[n], a\n{line}\nloss L = sum(x)*a")
    function = model.compile("L")
    assert float(function(x=good, a=good[0])[0]) == sum(good) * good[0]
    with pytest.raises(DeriveError, match="is nan"):
        function(x=[math.nan, 1.0], a=1.0)
    with pytest.raises(DeriveError, match="break what is assumed"):
        function(x=bad, a=bad[0])


def test_names_are_made_safe() -> None:
    text = (
        "dims np\nparam math[np], lambda[np], μ[np], dtype\nloss range = sum(math*lambda*μ)*dtype"
    )
    function = derive.parse(text).compile("range", wrt=["math", "lambda", "μ", "dtype"])
    values = {"math": [1.0, 2], "lambda": [3.0, 4], "μ": [5.0, 6], "dtype": 2.0}
    value, gradients = function(**values)
    assert value == 126
    assert gradients["dtype"] == 63


def test_what_has_no_array_code_is_an_error_with_its_reason() -> None:
    model = derive.parse("dims n\nparam w[n]\nloss L(w)")
    with pytest.raises(DeriveError, match="unspecified function `L`"):
        model.compile("L", wrt=["w"])
    model = derive.parse("dims n\nparam w[n]\nz = w^2")
    with pytest.raises(DeriveError, match="gradients are of a number"):
        model.compile("z", wrt=["w"])
    with pytest.raises(DeriveError, match="nothing is named `v`"):
        model.compile("z", wrt=["v"])


WITHOUT_CODE = {
    "a mean over random tensors whose value is not known": (
        "param a\nrandom q : mean 0, var 1\nloss L = E(exp(a*q))"
    ),
    "a product of matrices over a range that hangs on an index": (
        "dims n, T\nparam a[n]\ninput W[1..T, n, n]\n"
        "loss L = sum[t in 1..T](sum(prod[s in t..T](W[s]) @ a))"
    ),
    "the derivative of `matpow`": (
        "dims n\nconst k : integer\nparam a[n, n]\nloss L = trace(matpow(a, k))"
    ),
}


@pytest.mark.parametrize("reason", WITHOUT_CODE)
def test_what_has_no_array_code_is_named(reason: str) -> None:
    model = derive.parse(WITHOUT_CODE[reason])
    assert model.errors == ()
    with pytest.raises(DeriveError, match=f"there is no array code for {reason}"):
        model.compile("L", wrt=["a"])
    for door in (lambda: model.export("sympy"), lambda: model.gradient("L", "a").numpy):
        with pytest.raises(DeriveError):
            door()
