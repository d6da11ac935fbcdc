"""Random scalars: the evaluator in each arithmetic, and SymPy entry by entry, find one value."""

from fractions import Fraction
from random import Random

import numpy as np
import pytest
from modelling import model_of

from derive.evaluate import pieces, world
from derive.evaluate.arithmetic import BALL, EXACT, FLOAT
from derive.evaluate.number import EvaluationError, Inexact, TooWide
from derive.evaluate.point import Point
from derive.evaluate.run import Evaluator
from derive.evaluate.sample import sample
from derive.model.dim import Dim
from derive.model.scalar import (
    Apply,
    ArgMax,
    Axis,
    Block,
    Blocks,
    DimValue,
    Entry,
    Index,
    IndexValue,
    IndexVariable,
    MatrixFunction,
    Num,
    Reduce,
    Scalar,
    Split,
    Tensor,
    axis,
)
from derive.oracle.build import Build
from derive.oracle.numeric import FLOATS, inexact
from derive.oracle.operations import NotExpressible, Undefined

TEXT = "dims n, m\ninput x[n], A[n, n], B[n, m], h[0..n], s\ninput c[m] : integer\nw = A @ x\n"
N, M, ONE = Dim.symbol("n"), Dim.symbol("m"), Dim.of(1)
UNARY = ["neg", "exp", "log", "sqrt", "abs", "sign", "sin", "tanh", "erf", "atan", "digamma"]
BINARY = ["add", "add", "mul", "mul", "mul", "div", "max", "min", "lt", "le", "eq", "ne"]


class Draws:
    """Random scalars in given free index variables."""

    def __init__(self, seed: int, rational: bool) -> None:
        self.random = Random(seed)
        self.rational = rational

    def variable(self) -> IndexVariable:
        low, high = self.random.choice([(ONE, N), (ONE, N), (ONE, M), (Dim.of(2), N)])
        return IndexVariable("v", Axis(low, high))

    def index(self, free: list[IndexVariable], size: Dim) -> Index:
        """A place on an axis of that size; now and then outside of it."""
        fitting = [v for v in free if v.axis.high == size]
        if fitting and self.random.random() < 0.85:
            found = Index.of(self.random.choice(fitting))
            if self.random.random() < 0.1:
                return Index(found.terms, Dim.of(-1))
            return found
        if size == N and self.random.random() < 0.3:
            computed = (
                Entry("c", (Index.at(1),)) if self.random.random() < 0.5 else self.argmax(free)
            )
            return Index((), Dim(()), (computed,))
        return Index.at(1)

    def argmax(self, free: list[IndexVariable]) -> Scalar:
        variable = IndexVariable("a", axis(N))
        return ArgMax(variable, self.scalar([*free, variable], 1))

    def scalar(self, free: list[IndexVariable], depth: int) -> Scalar:
        pick = self.random.random()
        if depth == 0 or pick < 0.15:
            return self.leaf(free)
        if pick < 0.3 and not self.rational:
            return Apply(self.random.choice(UNARY), (self.scalar(free, depth - 1),))
        if pick < 0.37 and free:
            return self.masked(free, depth)
        if pick < 0.62:
            pair = (self.scalar(free, depth - 1), self.scalar(free, depth - 1))
            return Apply(self.random.choice(BINARY), pair)
        if pick < 0.66:
            power = Num(Fraction(self.random.randint(-2, 3)))
            return Apply("pow", (self.scalar(free, depth - 1), power))
        if pick < 0.88:
            return self.reduction(free, depth)
        return self.piece(free, depth)

    def masked(self, free: list[IndexVariable], depth: int) -> Scalar:
        """A product with an indicator of indices."""
        left, right = (IndexValue(Index.of(self.random.choice(free))) for _ in range(2))
        mask = Apply(self.random.choice(["eq", "ne", "lt"]), (left, right))
        other = self.scalar(free, depth - 1)
        if self.random.random() < 0.4:
            return Apply("div", (mask, other))
        return Apply("mul", (mask, other) if self.random.random() < 0.5 else (other, mask))

    def leaf(self, free: list[IndexVariable]) -> Scalar:
        kind = self.random.randrange(9)
        index = self.index
        match kind:
            case 0:
                return Num(Fraction(self.random.randint(-4, 4), self.random.choice((1, 2, 3))))
            case 1 if free:
                return IndexValue(Index.of(self.random.choice(free)))
            case 2:
                return DimValue(N + M)
            case 3 | 4:
                return Entry("A", (index(free, N), index(free, N)))
            case 5:
                return Entry("B", (index(free, N), index(free, M)), self.random.random() < 0.3)
            case 6:
                return Entry("w", (index(free, N),))
            case 7:
                return Entry("h", (index(free, N),))
            case _:
                return Entry("x", (index(free, N),))

    def reduction(self, free: list[IndexVariable], depth: int) -> Scalar:
        variable = self.variable()
        inside = [*free, variable]
        condition: Scalar | None = None
        if self.random.random() < 0.3:
            other = IndexValue(Index.of(self.random.choice(inside)))
            operation = self.random.choice(["lt", "le", "ne"])
            condition = Apply(operation, (IndexValue(Index.of(variable)), other))
        kind = self.random.choice(["sum", "sum", "sum", "prod", "max", "min"])
        return Reduce(kind, variable, self.scalar(inside, depth - 1), condition)

    def piece(self, free: list[IndexVariable], depth: int) -> Scalar:
        one, two = IndexVariable("p", axis(N)), IndexVariable("q", axis(M))
        match self.random.randrange(4):
            case 0:
                parts = tuple(Block(v, self.scalar([*free, v], depth - 1)) for v in (one, two))
                return Blocks(self.index(free, N), parts)
            case 1:
                body = self.scalar([*free, one, two], depth - 1)
                return Split(self.index(free, N), (one, two), body)
            case 2:
                other = IndexVariable("r", axis(N))
                matrix = Tensor((one, other), self.scalar([*free, one, other], 1))
                return MatrixFunction("inv", matrix, (self.index(free, N), self.index(free, N)))
            case _:
                other = IndexVariable("r", axis(N))
                return MatrixFunction(
                    "det", Tensor((one, other), self.leaf([one, other, *free])), ()
                )


def values(model, arithmetic, indices, scalar, point):
    """The entries, or the name of the error."""
    try:
        return Evaluator(model, arithmetic).tensor(indices, scalar, point)
    except (TooWide, Inexact, EvaluationError) as error:
        return type(error).__name__


@pytest.mark.parametrize("rational", [True, False], ids=["rational", "smooth"])
@pytest.mark.parametrize("seed", range(120))
def test_all_arithmetics_and_sympy_agree_on_a_random_scalar(seed, rational, monkeypatch):
    ties = []  # comparisons of equal numbers, which floats may get wrong

    def by_rationals(world, node):
        ties.append(node)
        return pieces.by_rationals(world, node)

    monkeypatch.setattr(world, "by_rationals", by_rationals)
    model = model_of(TEXT)
    indices = [IndexVariable("i", axis(N)), IndexVariable("k", axis(M))][: seed % 3]
    scalar = Draws(seed, rational).scalar(list(indices), 3)
    (point,) = sample(model, seed, 1, largest=3)
    assert isinstance(point, Point)
    ball = values(model, BALL(200), indices, scalar, point)
    if isinstance(ball, str):
        return
    plain = values(model, FLOAT, indices, scalar, point)
    exact = values(model, EXACT, indices, scalar, point)
    assert not isinstance(plain, str)
    build = Build(model, point, ())
    lows = [build.range(variable.axis)[0] for variable in indices]
    for place in np.ndindex(ball.shape):
        found = ball[place]
        env = {v.uid: low + p for v, low, p in zip(indices, lows, place, strict=True)}
        try:
            sympy_value = build.scalar(scalar, env)
        except Undefined:
            assert not found.is_finite()
            continue
        except NotExpressible:
            continue
        if not isinstance(exact, str):
            assert isinstance(exact[place], Fraction)
            assert exact[place] == sympy_value
        if not found.is_finite():  # a ball around the edge of a domain
            assert rational is False
            continue
        with BALL(200).scope():
            wanted = BALL(200).exact(np.array(Fraction(FLOATS.nstr(inexact(sympy_value), 60))))[()]
            assert abs(found - wanted) < 1e-40 * (1 + abs(found))
        if abs(found) < 1e12 and not ties:
            assert float(plain[place]) == pytest.approx(float(found), rel=1e-6, abs=1e-6)
