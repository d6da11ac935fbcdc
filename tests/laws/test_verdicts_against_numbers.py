"""No verdict contradicts the numbers: random claims, true and false; random networks.

Every failure names its seed: `claim_of(seed)` and `network(seed)` draw the same again.
"""

from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from random import Random

import numpy as np
import pytest

import derive
from derive.check.engine import Engine
from derive.check.outcome import Outcome
from derive.check.verdict import (
    Counterexample,
    Erroneous,
    HoldsNumerically,
    Proved,
    Refuted,
    Undecided,
)
from derive.evaluate.arithmetic import BALL
from derive.evaluate.differences import by_differences
from derive.evaluate.number import EvaluationError, TooWide
from derive.evaluate.point import Point, fractions
from derive.evaluate.run import Evaluator
from derive.evaluate.sample import sample
from derive.model.model import Model, Relation
from derive.model.scalar import Derivative, Index, IndexVariable, Tensor
from derive.oracle.build import Build, NotExpressible
from derive.oracle.numeric import alike
from derive.oracle.operations import Undefined
from tests.laws.drawing import (
    DECLARED,
    KINKED,
    POWERS,
    SMOOTH,
    Around,
    Drawing,
    Leaf,
    Many,
    Node,
    Over,
    reworded,
    write,
)

FORMS = (*SMOOTH, *POWERS, *KINKED)
NAMES = {1: "i", 2: "j"}
RANGES = "for i in 1..n, j in 1..n"
BATCHES = 10
SIZE = 8


# --- claims ----------------------------------------------------------------------------------


def claim_of(seed: int) -> tuple[str, bool]:
    """A claim about an expression written in two ways, and whether nothing was changed in one."""
    random = Random(f"claim {seed}")
    node = Drawing(random, FORMS, 2, rich=seed % 3 == 0).node({1: "n", 2: "n"}, 2)
    other = node if seed % 2 else mistaken(node, random)
    relation = random.choice(("=", "=", "=", "<=", "<"))
    left, right = write(node, NAMES), reworded(other, random, NAMES)
    if relation != "=":
        right = f"{right} + {random.choice(('0', '1', '(s - t)^2', 'exp(t)', 'abs(s)'))}"
    kept = other is node and relation != "<"
    return f"{left} {relation} {right}", kept


def mistaken(node: Node, random: Random) -> Node:
    """The expression with one of its parts a little different."""
    match node:
        case Leaf(text, indices):
            if len(indices) == 2 and indices[0] != indices[1] and random.random() < 0.6:
                return Leaf(text, indices[::-1]) if not text.startswith("B") else Leaf("2")
            return Leaf(text.replace("x[", "y["), indices) if "x[" in text else Leaf("(-1)")
        case Many(sign, parts):
            if random.random() < 0.3:
                return Many(" + " if sign == "*" else "*", parts)
            place = random.randrange(len(parts))
            changed = mistaken(parts[place], random)
            return Many(sign, (*parts[:place], changed, *parts[place + 1 :]))
        case Around(text, (inner,)):
            if random.random() < 0.3:
                return Around(f"-{text}" if not text.startswith("-") else "{}", (inner,))
            return Around(text, (mistaken(inner, random),))
        case Over(text, index, high, body):
            if random.random() < 0.3 and text.startswith("sum"):
                return Over(text.replace(" in 1..", " in 2.."), index, high, body)
            return Over(text, index, high, mistaken(body, random))
        case _:
            raise TypeError(node)


@dataclass
class Values:
    """Both sides of a relation at points that no verdict has seen."""

    model: Model
    relation: Relation

    def contradict(self) -> str | None:
        """Where the relation is surely false; None where it never is."""
        relation = self.relation
        points = [p for p in sample(self.model, 4242, 4) if isinstance(p, Point)]
        for point in points:
            arithmetic = BALL(200)
            evaluator = Evaluator(self.model, arithmetic)
            sides = (relation.left, relation.right)
            try:
                left, right = (evaluator.tensor(relation.indices, s, point) for s in sides)
            except (TooWide, EvaluationError):
                continue
            with arithmetic.scope():
                defined = arithmetic.defined(left) & arithmetic.defined(right)
                for place in zip(*np.nonzero(defined), strict=True):
                    if surely_false(relation.op, left[place], right[place]):
                        return f"{point} at {place}: {left[place]} {relation.op} {right[place]}"
        return None


def surely_false(op: str, left: object, right: object) -> bool:
    match op:
        case "=":
            return not left.overlaps(right)  # type: ignore[attr-defined]
        case "<=":
            return bool(left > right)  # type: ignore[operator]
        case _:
            return bool(left >= right)  # type: ignore[operator]


def point_of(found: Counterexample, model: Model) -> Point:
    """The point of a counterexample, read from what a person would paste."""
    values = {name: np.array(read(text), dtype=object) for name, text in found.values}
    sizes = dict(found.sizes)
    rest = next(p for p in sample(model, 1, 1, sizes=sizes) if isinstance(p, Point))
    return Point(sizes, {**rest.values, **{n: fractions(v) for n, v in values.items()}})


def read(text: str) -> object:
    """Nested lists of fractions."""
    text = text.strip()
    if not text.startswith("["):
        return Fraction(text)
    parts, depth, start = [], 0, 1
    for place, sign in enumerate(text):
        depth += {"[": 1, "]": -1}.get(sign, 0)
        if (sign == "," and depth == 1) or (sign == "]" and depth == 0):
            parts.append(text[start:place])
            start = place + 1
    return [read(part) for part in parts]


def is_counterexample(found: Counterexample, model: Model, relation: Relation) -> bool | None:
    """SymPy finds the relation false there; None where it cannot say."""
    build = Build(model, point_of(found, model), ())
    entry = dict(found.entry)
    env = {v.uid: entry[v.name] for v in relation.indices}
    try:
        left, right = alike(*(build.scalar(s, env) for s in sides_of(relation)))
    except (NotExpressible, Undefined):
        return None
    gap = left - right
    close = abs(gap) <= abs(left) * Fraction(1, 10**40)
    match relation.op:
        case "=":
            return not close
        case "<=":
            return bool(gap > 0) and not close
        case _:
            return bool(gap >= 0) or bool(close)


def sides_of(relation: Relation) -> tuple[object, object]:
    return relation.left, relation.right


@pytest.mark.parametrize("batch", range(BATCHES))
def test_random_claims(batch: int) -> None:
    drawn = [claim_of(seed) for seed in range(batch * SIZE, (batch + 1) * SIZE)]
    text = DECLARED + "".join(f"claim {claim} {RANGES}\n" for claim, _ in drawn)
    model = derive.parse(text)
    assert not model.errors, model.errors
    outcomes = model.check(timeout=5).statements
    proved = 0
    for (claim, true), outcome in zip(drawn, outcomes, strict=True):
        proved += isinstance(outcome.verdict, Proved)
        relation = outcome_relation(model, claim)
        agrees_with_numbers(model.elaborated, relation, outcome, (batch, claim, true))
        if true:
            assert not isinstance(outcome.verdict, Refuted), (batch, claim, outcome.verdict)
    assert proved >= 2, (batch, [o.verdict for o in outcomes])


def outcome_relation(model: derive.Model, claim: str) -> Relation:
    """The relation of a claim, as the model has it."""
    number_of_line = model.source.text[: model.source.text.index(f"claim {claim} ")].count("\n") + 1
    for judgement in model.elaborated.judgements:
        if judgement.span.line == number_of_line:
            assert judgement.relation is not None
            return judgement.relation
    raise KeyError(claim)


def agrees_with_numbers(
    model: Model, relation: Relation, outcome: Outcome, where: tuple[object, ...]
) -> None:
    match outcome.verdict:
        case Proved() | HoldsNumerically():
            wrong = Values(model, relation).contradict()
            assert wrong is None, (*where, outcome.verdict, wrong)
        case Refuted(counterexample=found):
            assert found is not None, where
            assert is_counterexample(found, model, relation) is not False, (*where, found)
        case Erroneous(problem=problem):
            raise AssertionError((*where, problem.message))
        case Undecided(code=code):
            assert code != "internal", (*where, outcome.verdict)


# --- networks --------------------------------------------------------------------------------

ACTIVATIONS = ("tanh", "sigmoid", "relu", "gelu", "silu", "softplus", "softmax", "log_softmax")
NORMS = ("layernorm({z}, gamma, beta, eps)", "rmsnorm({z}, gamma, eps)", "{z}/norm({z})")
LOSSES = (
    "cross_entropy(y, softmax({z}))",
    "sum(({z} - r)^2)/2",
    "mse(r, {z})",
    "sum(log(1 + exp(-{z}*r)))",
    "-log(softmax({z}))[1]",
    "logsumexp({z}) - dot(r, {z})",
    "1 - cosine_similarity({z}, r)",
    "kl(softmax(r), softmax({z}))",
    "sum(abs({z} - r))",
    "max({z})",
)


def network(seed: int) -> str:
    """A network of two or three layers with a loss, residual paths and normalisation."""
    random = Random(f"network {seed}")
    lines = [
        "dims d, h",
        "input x[d]",
        "param W1[h, d], b1[h], W2[h, h], W3[h, h], gamma[h], beta[h]",
        "const eps : positive",
        "target y[h] : onehot",
        "input r[h]",
        "z1 = W1 @ x + b1",
    ]
    for layer in range(1, random.choice((2, 3)) + 1):
        lines.append(f"a{layer} = {random.choice(ACTIVATIONS)}(z{layer})")
        now = f"a{layer}"
        if random.random() < 0.5:
            lines.append(f"m{layer} = " + random.choice(NORMS).format(z=now))
            now = f"m{layer}"
        rest = random.choice(("", f" + z{layer}", " + gamma", f"*a{layer}"))
        lines.append(f"z{layer + 1} = W{layer % 2 + 2} @ {now}{rest}")
    lines.append("loss L = " + random.choice(LOSSES).format(z=f"z{layer + 1}"))
    return "\n".join(lines) + "\n"


WITH_RESPECT_TO = ("x", "W1", "b1", "W2", "gamma", "z1", "z2", "a1")


def derivative_of(model: Model, wrt: str) -> Tensor:
    axes = (
        model.symbols[wrt].axes
        if wrt in model.symbols
        else tuple(v.axis for v in model.definitions[wrt].indices)
    )
    indices = tuple(IndexVariable(name, axis) for name, axis in zip("ij", axes, strict=False))
    return Tensor(indices, Derivative("L", (), wrt, tuple(map(Index.of, indices))))


@pytest.mark.parametrize("seed", range(24))
def test_gradients_of_random_networks_against_differences(seed: int) -> None:
    text = network(seed)
    model = derive.parse(text).elaborated
    (point,) = sample(model, seed, 1, sizes={"d": 2, "h": 3})
    assert isinstance(point, Point), point
    resolve = Engine(model).resolve
    arithmetic = BALL(200)
    for wrt in Random(f"by {seed}").sample(WITH_RESPECT_TO, 3):
        found = derivative_of(model, wrt)
        exact = Evaluator(model, arithmetic, resolve).tensor(found.indices, found.body, point)
        other = by_differences(model).tensor(found.indices, found.body, point)
        for place in np.ndindex(exact.shape):
            if not other[place].is_finite():
                continue
            assert exact[place].overlaps(other[place]), (seed, wrt, place, text)
            assert float(other[place].rad()) < 1e-6, (seed, wrt, place, other[place])


@pytest.mark.parametrize("seed", [1, 9])
def test_gradients_of_random_networks_against_components(seed: int) -> None:
    text = network(seed)
    model = derive.parse(text).elaborated
    (point,) = sample(model, seed, 1, sizes={"d": 1, "h": 2})
    assert isinstance(point, Point), point
    resolve = Engine(model).resolve
    compared = 0
    for wrt in ("x", "z2"):
        found = derivative_of(model, wrt)
        exact = Evaluator(model, BALL(200), resolve).tensor(found.indices, found.body, point)
        build = Build(model, point, ())
        for place in product(*map(range, exact.shape)):
            env = {v.uid: k + 1 for v, k in zip(found.indices, place, strict=True)}
            try:
                symbolic = build.scalar(found.body, env)
            except (NotExpressible, Undefined):
                continue
            compared += 1
            gap = abs(float(symbolic) - float(exact[place].mid()))
            assert gap <= 1e-12 * max(1.0, abs(float(symbolic))), (seed, wrt, place, text)
    assert compared, (seed, text)
