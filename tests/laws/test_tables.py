"""Every table of operations has the same keys, and every operation goes every way."""

import re
from fractions import Fraction

import numpy as np
import pytest

from derive.calculus import binders, chains, functions, powers, term
from derive.calculus.algebra import CONSTRUCTORS
from derive.calculus.functions import FUNCTIONS
from derive.calculus.index_form import Writer
from derive.calculus.lower import COMPARISONS, OPERATIONS
from derive.calculus.notation import text_of
from derive.calculus.partials import FLAT, PARTIALS
from derive.calculus.raising import Raising
from derive.diagnostics.span import Source
from derive.evaluate import balls, floating, rationals
from derive.evaluate.arithmetic import BALL, EXACT, FLOAT
from derive.evaluate.number import Inexact, TooWide
from derive.evaluate.point import Point
from derive.evaluate.run import Evaluator
from derive.model.model import Model
from derive.model.operations import SCALAR_OPERATIONS
from derive.model.scalar import Apply, Num, Scalar
from derive.oracle.build import Build, NotExpressible
from derive.oracle.operations import Undefined
from derive.oracle.symbolic import expression
from derive.report.formula_latex import latex
from derive.report.solution.notation import Notation
from derive.syntax.parse import parse_claim

INTERNAL = frozenset({"sub"})
"""What the calculus has for its own use: elaboration writes `a - b` as `a + (-b)`."""

MODEL = Model()
POINT = Point({}, {})
VALUES = (Fraction(-5, 2), Fraction(-1), Fraction(-1, 3), Fraction(0), Fraction(1, 2), Fraction(1))
VALUES = (*VALUES, Fraction(3, 2), Fraction(4))
SAMPLES = [
    Apply(name, tuple(Num(v) for v in values))
    for name, arity in SCALAR_OPERATIONS.items()
    for values in (
        [(a,) for a in VALUES] if arity == 1 else [(a, b) for a in VALUES for b in VALUES]
    )
]


def test_the_calculus_knows_every_operation() -> None:
    products = {"mul", "div", "neg"}  # by `Lowering.product`
    assert OPERATIONS.keys() - INTERNAL == SCALAR_OPERATIONS.keys() - products
    assert OPERATIONS.keys() > COMPARISONS


def test_every_function_has_a_derivative() -> None:
    assert FUNCTIONS.keys() == PARTIALS.keys()
    assert PARTIALS.keys() > FLAT
    assert all(PARTIALS[name].except_at for name in FLAT)


def test_every_arithmetic_knows_every_operation_and_what_the_calculus_adds() -> None:
    raised = FUNCTIONS.keys() - {"step", "zero"}  # these are written as comparisons
    for table in (floating.KERNELS, balls.KERNELS, rationals.KERNELS):
        assert table.keys() == SCALAR_OPERATIONS.keys() | raised


def test_every_kind_of_atom_has_a_constructor() -> None:
    registering = {module.__name__ for module in (binders, chains, functions, powers)}
    assert {f.__module__ for f in CONSTRUCTORS.values()} == registering
    documented = re.findall(r"^    ([a-z]+) ", term.__doc__ or "", re.MULTILINE)
    kinds = set(documented) - {"kind", "with"}
    direct = {"entry", "const", "delta", "less", "sum"}  # the algebra's own
    assert kinds - direct <= CONSTRUCTORS.keys()
    assert CONSTRUCTORS.keys() - kinds <= {"index sum"}


def value(scalar: Scalar, precision: int = 200) -> object:
    """The enclosure of a scalar without names, None where it is not defined."""
    arithmetic = BALL(precision)
    found = Evaluator(MODEL, arithmetic).tensor((), scalar, POINT)
    with arithmetic.scope():
        return found[()] if arithmetic.defined(found).all() else None


@pytest.mark.parametrize("operation", SCALAR_OPERATIONS)
def test_all_arithmetics_and_the_oracle_find_one_value(operation: str) -> None:
    compared = 0
    for scalar in SAMPLES:
        if scalar.operation != operation:
            continue
        try:
            ball = value(scalar)
        except TooWide:
            continue  # a third is compared with a third, as enclosures
        real = float(Evaluator(MODEL, FLOAT).tensor((), scalar, POINT))
        assert np.isfinite(real) == (ball is not None), scalar
        build = Build(MODEL, POINT, ())
        try:
            other = build.scalar(scalar, {})
        except Undefined:
            assert ball is None, scalar
            continue
        except NotExpressible:
            continue
        assert ball is not None, scalar
        compared += 1
        assert abs(float(ball.mid()) - real) <= 1e-12 * max(1.0, abs(real)), scalar
        assert abs(float(other) - real) <= 1e-12 * max(1.0, abs(real)), scalar
        try:
            exact = Evaluator(MODEL, EXACT).tensor((), scalar, POINT)[()]
        except Inexact:
            continue
        assert abs(float(exact) - real) <= 1e-12 * max(1.0, abs(real)), scalar
    assert compared > 1


@pytest.mark.parametrize("operation", SCALAR_OPERATIONS)
def test_every_operation_can_be_printed(operation: str) -> None:
    arguments = tuple(Num(Fraction(k + 2)) for k in range(SCALAR_OPERATIONS[operation]))
    scalar = Apply(operation, arguments)
    assert parse_claim(Source("printed", f"{text_of(scalar)} = 1"))
    assert latex(Notation(MODEL).formula(Writer().tree(scalar)))
    assert expression(scalar) is not None


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_every_function_of_the_calculus_can_be_printed_and_evaluated(name: str) -> None:
    argument = term.number(Fraction(1, 3))
    atom = term.Atom("func", (name,), (), (argument,))
    scalar = Raising().scalar(term.of_atom(atom))
    assert text_of(scalar)
    assert latex(Notation(MODEL).formula(Writer().tree(scalar)))
    assert expression(scalar) is not None
    assert value(scalar) is not None
