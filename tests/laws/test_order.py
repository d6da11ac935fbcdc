"""What is proved of an order holds at every point: random orders, and true ones that were bent.

Points are drawn here, with zeros, equal entries and sizes of one among them, so that the sampler
of the checker is not asked. Every failure names its seed.
"""

import re
from contextlib import suppress
from fractions import Fraction
from random import Random

import numpy as np
import pytest

from derive.check.engine import Engine
from derive.check.files import model_of
from derive.diagnostics.span import Source
from derive.evaluate.number import EvaluationError
from derive.evaluate.point import Point, fractions
from derive.evaluate.relation import Judges
from derive.model.model import Judgement, Model
from derive.proof.outcome import Proved

DECLARED = """dims n
input x, y, t, a[n], b[n], A[n, n]
input c : positive
input k : nonnegative
input p[n] : simplex
input q[n] : simplex
input u[n] : positive
input h[n] : onehot
input s[n] : sign
input v[n] : nonnegative
input w[n] : binary
"""
SCALARS = ("x", "y", "t", "c", "k")
VECTORS = ("a", "b", "p", "q", "u", "h", "s", "v", "w")
NUMBERS = ("1", "2", "1/2", "1/4", "3", "0", "-1")
TRUE = (
    "x^2 + y^2 >= 2*x*y",
    "c + 1/c >= 2",
    "sqrt(c*k) <= (c + k)/2",
    "exp(x) >= 1 + x",
    "log(x) <= x - 1",
    "log(c) <= c/k + log(k) - 1",
    "abs(x + y) <= abs(x) + abs(y)",
    "abs(relu(x) - relu(y)) <= abs(x - y)",
    "max(x, y) >= (x + y)/2",
    "softplus(x) > relu(x)",
    "sigmoid(x)*(1 - sigmoid(x)) <= 1/4",
    "tanh(x)^2 < 1",
    "mean(a^2) >= mean(a)^2",
    "dot(a, b)^2 <= norm(a)^2*norm(b)^2",
    "norm(a + b) <= norm(a) + norm(b)",
    "norm(a, 1) <= sqrt(n)*norm(a)",
    "sum(p*a^2) >= sum(p*a)^2",
    "sum(p*a) <= max(a)",
    "sum(p^2) >= 1/n",
    "entropy(p) <= log(n)",
    "kl(p, q) >= 0",
    "logsumexp(a) >= max(a)",
    "logsumexp(a) <= max(a) + log(n)",
    "mean(exp(a)) >= exp(mean(a))",
    "mean(log(u)) <= log(mean(u))",
    "norm(softmax(a)) <= 1",
    "-sum(h*log(softmax(a))) >= 0",
    "sum(log(1 + exp(-s*a))) > 0",
    "a.T @ A.T @ A @ a >= 0",
    "norm(A @ a) <= norm(A)*norm(a)",
    "sum(v)^2 >= sum(v^2)",
    "sum(w) <= n",
    "max(0, 1 - x) >= [x <= 0]",
    "sum[j in 2..n](u[j]) >= 0",
    "sqrt(1 + x^2) > x",
    "x^2 + x + 1 > 0",
)
FUNCTIONS = (
    *("exp({})", "log({})", "({})^2", "abs({})", "relu({})", "sigmoid({})", "sqrt({})", "({})^3"),
    *("-({})", "1/({})", "tanh({})", "sign({})", "({})^(-2)", "cosh({})", "sin({})"),
)
WHOLE = ("sum({})", "mean({})", "max({})", "norm({})", "norm({})^2", "var({})", "logsumexp({})")
PARTS = ("u[j]", "x", "1", "a[j]^2", "log(x)", "sqrt(x)", "1/x", "a[j - 1]")
SIGNS = re.compile(r"<=|>=| < | > ")


class Orders:
    """Draws orders in the declared names."""

    def __init__(self, random: Random) -> None:
        self.random = random

    def statement(self) -> str:
        """A random order, or a true one with a few places changed."""
        if self.random.random() < 0.5:
            return self.bent(self.random.choice(TRUE))
        sign = self.random.choice(("<", "<=", ">", ">=", "!="))
        left = self.scalar(self.random.choice((1, 2, 3)))
        right = self.random.choice(("0", self.scalar(2), self.random.choice(NUMBERS)))
        return f"{left} {sign} {right}"

    def scalar(self, depth: int) -> str:
        """A number."""
        pick = self.random
        kind = pick.random()
        if depth <= 0 or kind < 0.2:
            return pick.choice((*SCALARS, pick.choice(NUMBERS), "n", "a[i]", "p[i]"))
        if kind < 0.5:
            sign = pick.choice("+-*")
            return f"({self.scalar(depth - 1)} {sign} {self.scalar(depth - 1)})"
        if kind < 0.65:
            return pick.choice(WHOLE).format(self.vector(depth - 1))
        if kind < 0.7:
            return f"sum[j in 2..n]({pick.choice(PARTS)})"
        if kind < 0.75:
            pair = pick.choice(("max({}, {})", "[{} > {}]"))
            return pair.format(self.scalar(depth - 1), self.scalar(depth - 1))
        return pick.choice(FUNCTIONS).format(self.scalar(depth - 1))

    def vector(self, depth: int) -> str:
        """A vector."""
        pick = self.random
        kind = pick.random()
        if depth <= 0 or kind < 0.3:
            return pick.choice((*VECTORS, "softmax(a)"))
        if kind < 0.6:
            return f"({self.vector(depth - 1)} {pick.choice('+-*')} {self.vector(depth - 1)})"
        return pick.choice(FUNCTIONS).format(self.vector(depth - 1))

    def bent(self, text: str) -> str:
        """A statement with signs, numbers and names exchanged: most often no longer true."""
        pick = self.random
        for _ in range(pick.choice((1, 1, 2, 3))):
            kind = pick.choice(("order", "number", "plus", "name", "name"))
            if kind == "order":
                text = SIGNS.sub(pick.choice(("<=", ">=", " < ", " > ")), text, count=1)
            elif kind == "number":
                text = self.exchanged(text, r"(?<![\w.])\d(?![\w.])", tuple("01234"))
            elif kind == "plus":
                text = self.exchanged(text, r" [+-] ", (" + ", " - "))
            else:
                names = pick.choice((SCALARS, VECTORS))
                text = self.exchanged(text, rf"\b({'|'.join(names)})\b(?!\()", names)
        return text

    def exchanged(self, text: str, pattern: str, others: tuple[str, ...]) -> str:
        """One of the places that a pattern finds, changed."""
        found = list(re.finditer(pattern, text))
        if not found:
            return text
        place = self.random.choice(found)
        return text[: place.start()] + self.random.choice(others) + text[place.end() :]


def point(random: Random) -> Point:
    """Simple numbers, zeros and equal ones among them."""
    size = random.choice((1, 1, 2, 2, 3))
    simple = [Fraction(v) for v in ("-2", "-1", "-1/2", "0", "0", "1/2", "1", "2", "3", "-5")]
    positive = [Fraction(v) for v in ("1/10", "1/2", "1", "2", "7")]

    def vector(values: list[Fraction]) -> list[Fraction]:
        drawn = [random.choice(values) for _ in range(size)]
        return [drawn[0]] * size if random.random() < 0.3 else drawn

    def distribution() -> list[Fraction]:
        weights = vector(positive)
        return [w / sum(weights) for w in weights]

    place = random.randrange(size)
    values = {
        **{name: random.choice(simple) for name in ("x", "y", "t")},
        **{name: vector(simple) for name in ("a", "b")},
        **{name: distribution() for name in ("p", "q")},
        "A": [vector(simple) for _ in range(size)],
        "c": random.choice(positive),
        "k": random.choice([Fraction(0), *positive]),
        "u": vector(positive),
        "h": [Fraction(int(j == place)) for j in range(size)],
        "s": vector([Fraction(-1), Fraction(1)]),
        "v": vector([Fraction(0), Fraction(1), Fraction(2)]),
        "w": vector([Fraction(0), Fraction(1)]),
    }
    if random.random() < 0.3:
        values |= {"y": values["x"], "b": values["a"], "q": values["p"]}
    return Point({"n": size}, {name: fractions(value) for name, value in values.items()})


def proved(text: str) -> tuple[Model, Engine, Judgement] | None:
    """The statement with its model, if it is proved."""
    model = model_of(Source("orders.derive", f"{DECLARED}claim {text}\n"), None)
    if len(model.judgements) != 1 or model.judgements[0].relation is None:
        return None
    judgement = model.judgements[0]
    engine = Engine(model)
    assert judgement.relation is not None
    answer = engine.prove(judgement.relation, (), float("inf"))
    return (model, engine, judgement) if isinstance(answer, Proved) else None


def counterexample(model: Model, engine: Engine, judgement: Judgement, seed: int) -> Point | None:
    """A point at which the statement surely fails."""
    random = Random(f"points {seed}")
    judges = Judges(model, engine.resolve)
    assert judgement.relation is not None
    for _ in range(25):
        here = point(random)
        with np.errstate(all="ignore"), suppress(EvaluationError):
            if judges.holds(judgement.relation, here) is False:
                return here
    return None


@pytest.mark.parametrize("seed", range(8))
def test_what_is_proved_holds(seed: int) -> None:
    orders = Orders(Random(seed))
    shown = 0
    for count in range(30):
        text = orders.statement()
        found = proved(text)
        if found is None:
            continue
        shown += 1
        assert counterexample(*found, seed=1000 * seed + count) is None, text
    assert shown >= 3, "the drawn orders test too little"


@pytest.mark.parametrize("text", TRUE)
def test_true_orders_are_proved(text: str) -> None:
    assert proved(text) is not None
