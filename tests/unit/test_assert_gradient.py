"""Gradients that people write: every planted mistake is caught, every right one accepted."""

import numpy as np
import pytest

from derive.testing import BadInput, Inconclusive, WrongGradient, assert_gradient

RANDOM = np.random.default_rng(3)


def softmax(z):
    e = np.exp(z - np.max(z, axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def logsumexp(z):
    top = np.max(z, axis=-1, keepdims=True)
    return np.log(np.exp(z - top).sum(axis=-1)) + top[..., 0]


def relu(x):
    return np.maximum(x, 0)


def mean_square(x):
    return (x**2).mean()


def message(kind, *args, **options):
    with pytest.raises(kind) as caught:
        assert_gradient(*args, **options)
    return str(caught.value)


# Mistakes that the usual checkers accept.


def test_a_mean_divided_by_one_less():
    x = RANDOM.standard_normal(2000)
    said = message(WrongGradient, mean_square, lambda x: 2 * x / (len(x) - 1), x)
    assert "N/(N - 1) times the right gradient, with N = 2000 (axis 0 of `x`)" in said
    assert_gradient(mean_square, lambda x: 2 * x / len(x), x)


def test_a_flipped_sign_of_a_mean_over_many():
    x = RANDOM.standard_normal(100_000)
    said = message(WrongGradient, mean_square, lambda x: -2 * x / len(x), x)
    assert "this is -1 times the right gradient" in said
    assert_gradient(mean_square, lambda x: 2 * x / len(x), x)


LOGITS = np.array([0.0, 30.0, -5.0])


@pytest.mark.parametrize("label", [0, 1, 2])
def test_a_zero_gradient_at_saturated_logits(label):
    def loss(z):
        return logsumexp(z) - z[label]

    one = np.eye(3)[label]
    assert_gradient(loss, lambda z: softmax(z) - one, LOGITS)
    said = message(WrongGradient, loss, np.zeros_like, LOGITS)
    assert "zero everywhere" in said


def test_a_zero_gradient_through_a_saturated_softmax():
    weights = np.array([1.0, 2.0, -1.0])

    def loss(z):
        return softmax(z) @ weights

    def gradient(z):
        p = softmax(z)
        return p * (weights - p @ weights)

    assert_gradient(loss, gradient, LOGITS)
    message(WrongGradient, loss, np.zeros_like, LOGITS)


def test_a_gradient_too_small_to_move_the_function_at_all():
    z = np.array([21.6, -19.3])

    def loss(z):
        return float(logsumexp(z) - z[0])

    assert loss(z) == 0
    assert_gradient(loss, lambda z: np.array([-1.0, 1.0]) * softmax(z)[1], z)
    message(WrongGradient, loss, lambda z: softmax(z) * [1e-6, 1], z)


@pytest.mark.parametrize("wrong", [0, 1, 2])
def test_one_sigmoid_of_several_loses_its_gradient(wrong):
    y = np.array([1.0, 1.0, 0.0])

    def loss(z):
        return np.mean(np.log1p(np.exp(-np.abs(z))) + relu(z) - y * z)

    def gradient(z):
        sign = np.where(y == 1, -1.0, 1.0)
        return sign / (1 + np.exp(-sign * z)) / 3

    def without(z):
        g = gradient(z)
        g[wrong] = 0
        return g

    assert_gradient(loss, gradient, LOGITS)
    assert f"`z[{wrong}]`" in message(WrongGradient, loss, without, LOGITS)


def bumped(x):
    return np.where(x > 5, 3 * x**2 + 0.01, 3 * x**2)


def test_a_mistake_in_a_part_of_the_domain():
    def cube(x):
        return (x**3).sum()

    assert_gradient(cube, bumped, np.array([1.0]))
    for x in (np.array(1.0), np.linspace(-1, 1, 5), np.linspace(-1, 1, 100)):
        message(WrongGradient, cube, bumped, x, domain=(-10, 10))
        message(WrongGradient, cube, bumped, x, domain=(-np.inf, np.inf))
        assert_gradient(cube, lambda x: 3 * x**2, x, domain=(-10, 10))


def test_no_difference_leaves_the_domain():
    def root(x):
        assert (x >= 0).all()
        return (x**1.5).sum()

    assert_gradient(root, lambda x: 1.5 * np.sqrt(x), np.array([0.0, 1.0]), domain=(0, np.inf))


@pytest.mark.parametrize("at", [3, 700])
def test_one_entry_off_by_a_ten_millionth(at):
    z = RANDOM.standard_normal(1000)

    def loss(z):
        return logsumexp(z) - z[5]

    def gradient(z):
        g = softmax(z)
        g[5] -= 1
        g[at] *= 1 + 1e-7
        return g

    said = message(WrongGradient, loss, gradient, z)
    assert f"`z[{at}]`" in said
    message(WrongGradient, loss, gradient, z, every_entry=True)
    (result,) = assert_gradient(loss, lambda z: softmax(z) - np.eye(1000)[5], z)
    assert result.missed <= 1e-9
    assert result.limit < 1e-7


# What is right and looks suspicious.


@pytest.mark.parametrize("slope", [0.0, 0.5, 1.0])
def test_relu_at_zero(slope):
    x = np.array([0.0, 1.5, -2.0])
    assert_gradient(lambda x: relu(x).sum(), lambda x: np.where(x == 0, slope, x > 0), x)


@pytest.mark.parametrize("slope", [-0.1, 1.1])
def test_a_slope_outside_of_those_of_relu(slope):
    x = np.array([0.0, 1.5])
    said = message(
        WrongGradient, lambda x: relu(x).sum(), lambda x: np.where(x == 0, slope, x > 0), x
    )
    assert "between 0 and 1" in said


def test_abs_at_zero():
    x = np.array([0.0, 1.5, -2.0])
    assert_gradient(lambda x: np.abs(x).sum(), np.sign, x)


@pytest.mark.parametrize("near", [1e-3, 1e-5, -1e-8])
def test_relu_near_its_kink(near):
    x = np.array([near, 1.0])
    assert_gradient(lambda x: relu(x).sum(), lambda x: (x > 0) * 1.0, x)
    message(WrongGradient, lambda x: relu(x).sum(), lambda x: (x < 0) * 1.0, x)


def test_kinks_among_many_entries():
    x = RANDOM.standard_normal(3000)
    x[[5, 17, 2000]] = 0
    (result,) = assert_gradient(lambda x: relu(x).mean(), lambda x: (x > 0) / len(x), x)
    assert result.kinks == 3
    wrong = message(
        WrongGradient,
        lambda x: relu(x).mean(),
        lambda x: np.where(x == 1.0 * x[9], 0, x > 0) / len(x),
        np.abs(x),
    )
    assert "`x[9]`" in wrong


@pytest.mark.parametrize("dtype", ["float32", "float16"])
@pytest.mark.parametrize("n", [3, 50, 300])
def test_short_floats(dtype, n):
    W = RANDOM.standard_normal((n, 4)).astype(dtype)
    x = RANDOM.standard_normal(4).astype(dtype)

    def loss(W, x):
        return np.mean(np.tanh(W @ x) ** 2)

    def gradient(W, x):
        t = np.tanh(W @ x)
        g = (2 * t * (1 - t**2) / np.array(n, dtype)).astype(dtype)
        return np.outer(g, x), W.T @ g

    assert loss(W, x).dtype == dtype
    assert_gradient(loss, gradient, (W, x))
    wrong = (WrongGradient, Inconclusive) if (dtype, n) == ("float16", 300) else WrongGradient
    message(wrong, loss, lambda W, x: (gradient(W, x)[0], -gradient(W, x)[1]), (W, x))


def test_a_factor_is_seen_in_short_floats():
    random = np.random.default_rng(0)
    W, X = (random.standard_normal(shape).astype("float32") for shape in ((12, 8), (5, 8)))

    def loss(W):
        return logsumexp(relu(X @ W.T)).mean(dtype=np.float32)

    def gradient(W):
        h = X @ W.T
        return 5 * (softmax(relu(h)) * (h > 0)).T @ X / np.float32(5)

    said = message(WrongGradient, lambda W, X: loss(W), lambda W, X: gradient(W), (W, X), wrt="W")
    assert "this is N times the right gradient, with N = 5 (axis 0 of `X`)" in said


def test_noise_within_a_stated_bound():
    random = np.random.default_rng(0)

    def loss(x):
        return (x**2).sum() + random.uniform(-1e-4, 1e-4)

    x = np.array([1.0, -2.0, 0.5])
    assert_gradient(loss, lambda x: 2 * x, x, noise=1e-4)
    message(WrongGradient, loss, lambda x: 2.1 * x, x, noise=1e-4)
    assert "state `noise=`" in message(BadInput, loss, lambda x: 2 * x, x)


def test_noise_that_hides_everything():
    x = np.array([1e-3])
    said = message(Inconclusive, lambda x: float(1e9 + (x**2).sum()), lambda x: 2 * x, x)
    assert said.startswith("inconclusive")


def test_a_gradient_that_is_coarser_than_its_type():
    x = RANDOM.standard_normal(6)
    short = lambda x: np.cos(x.astype("float16")).astype(float)  # noqa: E731
    message(WrongGradient, lambda x: np.sin(x).sum(), short, x)
    assert_gradient(lambda x: np.sin(x).sum(), short, x, rtol=1e-2)


# What a wrong gradient looks like.


def test_looks():
    W = RANDOM.standard_normal((3, 3))
    A = RANDOM.standard_normal((3, 3))

    def loss(W):
        return (A * W**2).sum() / 3

    def right(W):
        return 2 * A * W / 3

    looks = {
        "-1 times": lambda W: -right(W),
        "the transpose of the right": lambda W: right(W).T,
        "only the diagonal": lambda W: np.diag(np.diag(right(W))),
        "N times the right gradient, with N = 3": lambda W: 3 * right(W),
        "every entry is 1.7 times": lambda W: 1.7 * right(W),
        "the signs are not": lambda W: np.abs(right(W)),
        "0.1 times the input itself is missing": lambda W: right(W) - 0.1 * W,
        "zero everywhere": lambda W: 0 * W,
    }
    for words, gradient in looks.items():
        assert words in message(WrongGradient, loss, gradient, W)
    plain = message(WrongGradient, loss, lambda W: right(W) + np.eye(3)[1], W)
    assert "help" not in plain


def test_layer_norm_with_eps_in_the_wrong_place():
    x = RANDOM.standard_normal(512)
    w = RANDOM.standard_normal(512)

    def gradient(x, wrong):
        mu, eps = x.mean(), 1e-5
        sigma = np.sqrt(x.var()) + eps if wrong else np.sqrt(x.var() + eps)
        h = (x - mu) / sigma
        return (w - w.mean() - h * (w * h).mean()) / sigma

    def loss(x):
        return w @ ((x - x.mean()) / np.sqrt(((x - x.mean()) ** 2).mean() + 1e-5))

    assert_gradient(loss, lambda x: gradient(x, False), x)
    message(WrongGradient, loss, lambda x: gradient(x, True), x)


# Many points at once.


def test_a_batched_function_gives_the_same_verdicts():
    W, y = RANDOM.standard_normal((20, 10)), RANDOM.standard_normal(20)

    def loss(W, x):
        return ((np.einsum("...ij,...j->...i", W, x) - y) ** 2).sum(axis=-1)

    def gradient(W, x):
        r = W @ x - y
        return 2 * np.outer(r, x), 2 * W.T @ r

    inputs = {"W": W, "x": RANDOM.standard_normal(10)}
    (alone,) = assert_gradient(
        loss, lambda W, x: dict(zip("Wx", gradient(W, x), strict=True)), inputs
    )
    (many,) = assert_gradient(
        loss, lambda W, x: dict(zip("Wx", gradient(W, x), strict=True)), inputs, batched=True
    )
    assert alone.outcome == many.outcome == "agrees"

    def bad(W, x):
        return {"W": gradient(W, x)[0], "x": W.T @ (W @ x - y)}

    assert "`x`: this is 1/2 times" in message(WrongGradient, loss, bad, inputs, batched=True)


def test_a_batch_of_short_floats_may_round_otherwise():
    x = RANDOM.standard_normal(200).astype("float32")
    assert_gradient(lambda x: (x**2).sum(-1), lambda x: 2 * x, x, batched=True)
    z = np.array([0.0, 30.0, -5.0])
    assert_gradient(
        lambda z: logsumexp(z) - z[..., 1], lambda z: softmax(z) - np.eye(3)[1], z, batched=True
    )
    said = message(
        BadInput,
        lambda x: (x.reshape(-1, 200) ** 2).sum(-1) * len(x),
        lambda x: 2 * x,
        x,
        batched=True,
    )
    assert "within a batch" in said


# What cannot be checked.


def test_bad_input():
    x = np.array([1.0, 2.0])

    def total(x):
        return x.sum()

    cases = {
        "`x[1]` is nan, of shape (2,)": (total, np.ones_like, np.array([1.0, np.nan])),
        "`x[0]` is inf": (total, np.ones_like, np.array([np.inf, 1.0])),
        "(`x`: int64): there is no gradient: give floats": (total, np.ones_like, np.array([1, 2])),
        "has the type complex128": (total, np.ones_like, x + 1j),
        "no input has an entry": (total, np.ones_like, np.empty((0, 3))),
        "returned shape (2,), not one number": (lambda x: x, np.ones_like, x),
        "the function raised KeyError at the given inputs": (lambda x: {}[1], np.ones_like, x),
        "the gradient raised KeyError": (total, lambda x: {}[1], x),
        "the function is nan at the given inputs": (lambda x: x.sum() * np.nan, np.ones_like, x),
        "gives 1 of 2 arrays, none for `y`": (lambda x, y: x @ y, lambda x, y: y, (x, x)),
        "there are no inputs": (total, np.ones_like, ()),
        "`x` is a dict: let the function take": (total, np.ones_like, ({"a": x},)),
    }
    for words, (function, gradient, inputs) in cases.items():
        assert words in message(BadInput, function, gradient, inputs)
    options = {
        "names 'q', which is no input: x": {"wrt": ["q"]},
        "`x[1]` is 2.0, outside of its domain [0.0, 1.0]": {"domain": (0, 1)},
        "nothing between 3.0 and 3.0": {"domain": (3, 3)},
        "should give shape (3,)": {"batched": True},
    }
    for words, option in options.items():
        assert words in message(BadInput, total, np.ones_like, x, **option)
    shapes = "has shape (3, 2), `W` has (2, 3)\n  = help: its transpose has the right shape"
    assert shapes in message(WrongGradient, lambda W: W.sum(), lambda W: W.T, np.ones((2, 3)))
    said = message(WrongGradient, total, lambda x: np.array([1.0, np.inf]), x)
    assert "is no number at 1 of 2 entries: `x[1]` is inf" in said


def test_nothing_given_is_modified():
    x = np.arange(12.0).reshape(3, 4)[:, ::2]
    x.flags.writeable = False
    before = x.copy()

    def destructive(x):
        x *= 2
        return x.sum()

    assert_gradient(destructive, lambda x: 2 * np.ones_like(x), x)
    assert_gradient(lambda x: x.sum(), lambda x: np.add(x, 1 - x, out=x), x)
    assert (x == before).all()


def test_arguments_that_are_held_fixed():
    X, y = RANDOM.standard_normal((6, 3)), np.array([0, 2, 1, 1, 0, 2])

    def loss(W, X, y):
        z = X @ W
        return np.mean(logsumexp(z) - z[np.arange(6), y])

    def gradient(W, X, y):
        p = softmax(X @ W)
        p[np.arange(6), y] -= 1
        return X.T @ p / 6

    inputs = {"W": RANDOM.standard_normal((3, 3)), "X": X, "y": y}
    assert_gradient(loss, gradient, inputs, wrt="W")
    said = message(WrongGradient, loss, lambda W, X, y: 6 * gradient(W, X, y), inputs, wrt=["W"])
    assert "with N = 6 (axis 0 of `X`)" in said


class Tensor:
    """What PyTorch's tensors can do, so far as it matters here."""

    def __init__(self, array):
        self.array = array

    def detach(self):
        return self

    def cpu(self):
        return self

    def numpy(self):
        return self.array

    def new_tensor(self, array):
        return Tensor(np.array(array, dtype=self.array.dtype))


def test_tensors_of_other_libraries():
    x = Tensor(np.array([1.0, 2.0], dtype="float32"))

    def loss(x):
        assert isinstance(x, Tensor)
        return Tensor((x.array**2).sum())

    assert_gradient(loss, lambda x: Tensor(2 * x.array), x)
    message(WrongGradient, loss, lambda x: Tensor(x.array), x)
