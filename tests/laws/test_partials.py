"""Every local derivative against SymPy's and against differences, away from where there is none."""

from fractions import Fraction

import pytest
import sympy

from derive.calculus.algebra import Algebra
from derive.calculus.contraction import RULES
from derive.calculus.knowledge import Knowledge
from derive.calculus.lower import COMPARISONS, OPERATIONS
from derive.calculus.partials import PARTIALS, Differentiation, NotDifferentiable
from derive.calculus.raising import Raising
from derive.calculus.term import Atom, Poly, number, of_atom
from derive.diagnostics.span import Source
from derive.evaluate.arithmetic import BALL
from derive.evaluate.point import Point, fractions
from derive.evaluate.run import Evaluator
from derive.model.elaborate import elaborate
from derive.model.model import Model
from derive.model.operations import SCALAR_OPERATIONS
from derive.syntax.parse import parse

PRECISION = 400
STEP = Fraction(1, 2**60)
NEARBY = Fraction(1, 2**50)
"""The error of a symmetric difference is the step's square times a third derivative."""


def model() -> Model:
    file, problems = parse(Source("partials.derive", "input x, y\n"))
    assert not problems
    return elaborate(file)


MODEL = model()
ALGEBRA = Algebra(Knowledge(), RULES)
X, Y = (Atom("entry", (name,)) for name in ("x", "y"))

PLACES: dict[str, tuple[Fraction, ...]] = {
    "log": (Fraction(1, 3), Fraction(5, 2), Fraction(7)),
    "asin": (Fraction(-2, 3), Fraction(1, 7), Fraction(4, 5)),
    "acos": (Fraction(-2, 3), Fraction(1, 7), Fraction(4, 5)),
    "sqrt": (Fraction(1, 3), Fraction(5, 2)),
    "lgamma": (Fraction(1, 3), Fraction(2), Fraction(9, 2)),
    "digamma": (Fraction(1, 3), Fraction(2), Fraction(9, 2)),
    "pow": (Fraction(1, 3), Fraction(5, 2)),
}
ANYWHERE = (Fraction(-7, 3), Fraction(-1, 5), Fraction(2, 7), Fraction(13, 6))

SYMPY = {
    "sign": sympy.sign,
    "step": sympy.Heaviside,
    "zero": lambda x: sympy.Piecewise((1, sympy.Eq(x, 0)), (0, True)),
    "lgamma": sympy.loggamma,
    "abs": sympy.Abs,
    "neg": lambda x: -x,
    "add": lambda x, y: x + y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / y,
    "pow": sympy.Pow,
    "max": sympy.Max,
    "min": sympy.Min,
    "lt": lambda x, y: sympy.Heaviside(y - x),
    "le": lambda x, y: sympy.Heaviside(y - x),
    "eq": lambda x, y: sympy.Integer(0),
    "ne": lambda x, y: sympy.Integer(1),
}


def value(poly: Poly, x: Fraction, y: Fraction) -> Fraction:
    """A term's value, to nearly `PRECISION` bits."""
    arithmetic = BALL(PRECISION)
    point = Point({}, {"x": fractions(x), "y": fractions(y)})
    found = Evaluator(MODEL, arithmetic).tensor((), Raising().scalar(poly), point)[()]
    with arithmetic.scope():
        mantissa, exponent = found.mid().man_exp()
        assert float(found.rad()) < 1e-90
    return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)


def difference(poly: Poly, x: Fraction, y: Fraction) -> Fraction:
    """The symmetric difference quotient by `x`."""
    return (value(poly, x + STEP, y) - value(poly, x - STEP, y)) / (2 * STEP)


def close(one: Fraction, other: Fraction) -> bool:
    return abs(one - other) <= NEARBY * max(1, abs(one))


def derivative(poly: Poly) -> Poly:
    return Differentiation(ALGEBRA, "x", ()).poly(poly)


def by_sympy(name: str, arity: int, x: Fraction, y: Fraction) -> Fraction:
    """SymPy's derivative by the first argument."""
    names = sympy.symbols("x y", real=True)[:arity]
    function = SYMPY.get(name) or getattr(sympy, name)
    found = sympy.diff(function(*names), names[0])
    at = {
        symbol: sympy.Rational(v.numerator, v.denominator)
        for symbol, v in zip(names, (x, y), strict=False)
    }
    return Fraction(str(sympy.N(found.subs(at).doit(), 60)))


ENDS = frozenset({"trigamma"})
"""The last of a chain of derivatives; its own has no name."""


@pytest.mark.parametrize("name", sorted(PARTIALS.keys() - ENDS))
def test_every_row(name: str) -> None:
    made = ALGEBRA.construct(Atom("func", (name,), (), (of_atom(X),)))
    found = derivative(made)
    for x in PLACES.get(name, ANYWHERE):
        local = value(found, x, Fraction(1))
        assert close(local, difference(made, x, Fraction(1))), (name, x)
        assert close(local, by_sympy(name, 1, x, Fraction(1))), (name, x)


@pytest.mark.parametrize("name", sorted(PARTIALS.keys() - ENDS))
def test_every_row_under_the_chain_rule(name: str) -> None:
    """At 2/3 - 3x/5, where the inner derivative is neither one nor positive."""
    inner = number(Fraction(2, 3)) - of_atom(X).scaled(Fraction(3, 5))
    made = ALGEBRA.construct(Atom("func", (name,), (), (inner,)))
    found = derivative(made)
    for place in PLACES.get(name, ANYWHERE):
        x = (Fraction(2, 3) - place) * Fraction(5, 3)
        assert close(value(found, x, Fraction(1)), difference(made, x, Fraction(1))), (name, x)


@pytest.mark.parametrize("name", sorted(ENDS))
def test_what_has_no_derivative_says_so(name: str) -> None:
    made = ALGEBRA.construct(Atom("func", (name,), (), (of_atom(X),)))
    with pytest.raises(NotDifferentiable):
        derivative(made)


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
@pytest.mark.parametrize("place", [0, 1])
def test_every_operation(operation: str, place: int) -> None:
    """By either argument, at points where the other differs from it."""
    arity = SCALAR_OPERATIONS.get(operation, 2)
    if place >= arity:
        pytest.skip("it takes one argument")
    arguments = [of_atom(X), of_atom(Y)][:arity]
    if operation == "pow":  # a power by its exponent needs a positive base
        arguments = [of_atom(X), number(Fraction(3, 4))]
    made = OPERATIONS[operation](ALGEBRA, *(arguments if place == 0 else arguments[::-1]))
    found = derivative(made)
    for x in PLACES.get(operation, ANYWHERE):
        y = Fraction(3, 4)
        local = value(found, x, y)
        assert close(local, difference(made, x, y)), (operation, x)
        if operation != "sub" and place == 0:
            assert close(local, by_sympy(operation, arity, x, y)), (operation, x)


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_kinks_are_recorded_where_they_are(operation: str) -> None:
    """What jumps or has a kink says so, and nothing else does."""
    arity = SCALAR_OPERATIONS.get(operation, 2)
    made = OPERATIONS[operation](ALGEBRA, *map(of_atom, (X, Y)[:arity]))
    local = Differentiation(ALGEBRA, "x", ())
    local.poly(made)
    assert bool(local.kinks) == (operation in {"abs", "sign", "max", "min"} | COMPARISONS)
    for kink in local.kinks:
        assert kink in (of_atom(X), of_atom(X) - of_atom(Y), of_atom(Y) - of_atom(X))


def test_rows_that_fail_somewhere_say_where() -> None:
    defined_everywhere = {"sin", "cos", "atan", "erf"}
    assert {name for name, row in PARTIALS.items() if not row.except_at} == defined_everywhere
    assert all(row.source for row in PARTIALS.values())
