"""Atoms that bind indices, in normal form: products, maxima, matrix functions, unknown functions."""

from fractions import Fraction

from derive.calculus.algebra import Algebra, constructs
from derive.calculus.canonical import bind, component
from derive.calculus.functions import exponential, logarithm, symbolic_power
from derive.calculus.powers import absolute, content
from derive.calculus.products import Factors
from derive.calculus.term import (
    ONE,
    ZERO,
    Atom,
    Coefficient,
    Exponent,
    Monomial,
    Place,
    Poly,
    Var,
    add,
    dim_poly,
    number,
    of_atom,
    of_monomial,
    place,
)
from derive.model.dim import ONE as DIM_ONE


@constructs("index")
def index_number(algebra: Algebra, atom: Atom, exponent: Exponent) -> Poly:
    """An index as a number: a linear polynomial in index variables."""
    return algebra.raised(number_of(algebra, atom.places[0]), exponent)


def number_of(algebra: Algebra, spot: Place) -> Poly:
    """A place as a number."""
    parts = [dim_poly(spot.offset)]
    if spot.computed is not None:
        parts.append(spot.computed)
    for variable, factor in spot.terms:
        index = of_atom(Atom("index", (), (place(variable),)))
        parts.append(algebra.multiply(dim_poly(factor), index))
    return add(parts)


@constructs("index sum")
def index_sum(algebra: Algebra, atom: Atom, exponent: Exponent) -> Poly:
    """sum_{i=a..b} i^k by Faulhaber's formula, for whole k >= 0."""
    variable = atom.places[0].variable
    assert variable is not None
    if exponent.denominator != 1 or not 0 <= exponent <= 12:
        return of_atom(component({Atom("index", (), atom.places): exponent}, (variable,)))
    axis = variable.axis
    high = dim_poly(axis.high)
    low = dim_poly(axis.low - DIM_ONE)
    return add((_faulhaber(algebra, high, int(exponent)), -_faulhaber(algebra, low, int(exponent))))


def _faulhaber(algebra: Algebra, n: Poly, k: int) -> Poly:
    """sum_{i=1..n} i^k as a polynomial in n: S_k = ((n+1)^(k+1) - 1 - sum_{j<k} C(k+1,j) S_j)/(k+1).

    Source: the telescoping sum of (i+1)^(k+1) - i^(k+1).
    """
    sums: list[Poly] = []
    for degree in range(k + 1):
        total = add((algebra.power(add((n, ONE)), degree + 1), -ONE))
        binomial = 1
        for j, before in enumerate(sums):
            total = add((total, before.scaled(-binomial)))
            binomial = binomial * (degree + 1 - j) // (j + 1)
        sums.append(total.scaled(Fraction(1, degree + 1)))
    return sums[k]


@constructs("prod")
def product_over(algebra: Algebra, atom: Atom, exponent: Exponent) -> Poly:
    """A product over an index: of powers, exponentials and what does not depend on it."""
    (variable,) = atom.bound
    body = atom.args[0]
    if not body.terms:
        return ZERO
    common, rest = content(algebra, body)
    single = common.single
    assert single is not None
    monomial, coefficient = single
    size = dim_poly(variable.axis.size)
    result = symbolic_power(algebra, number(coefficient), size)
    inside: Factors = {}
    for part, e in monomial.factors.items():
        if variable not in part.free:
            scaled = size.scaled(e)
            result = algebra.multiply(result, symbolic_power(algebra, of_atom(part), scaled))
        elif part.kind == "exp":
            total = algebra.total((variable,), part.args[0].scaled(e))
            result = algebra.multiply(result, exponential(algebra, total))
        elif e.denominator == 1:
            result = algebra.multiply(result, _closed_product(of_atom(part), variable, e))
        else:
            inside[part] = e
    if inside:
        result = algebra.multiply(result, _closed_product(of_monomial(inside), variable, 1))
    if rest.constant is not None and rest.constant != 1:
        result = algebra.multiply(result, symbolic_sign(rest.constant, variable))
    elif rest.constant is None:
        if variable in rest.free:
            result = algebra.multiply(result, _closed_product(rest, variable, 1))
        else:
            result = algebra.multiply(result, symbolic_power(algebra, rest, size))
    return algebra.raised(result, exponent)


def symbolic_sign(sign: Coefficient, variable: Var) -> Poly:
    """(-1)^n as a product of its own."""
    return _closed_product(number(sign), variable, 1)


def _closed_product(body: Poly, variable: Var, exponent: Exponent) -> Poly:
    bound, (inside,) = bind(body, (variable,))
    return of_atom(Atom("prod", (), (), (inside,), bound), exponent)


@constructs("max")
def maximum_over(algebra: Algebra, atom: Atom, exponent: Exponent) -> Poly:
    """max_i (a + c b_i) = a + c max_i b_i for a positive monomial c; a condition stays as it is."""
    (variable,) = atom.bound
    body, condition = atom.args
    fixed = Poly({m: c for m, c in body.terms.items() if variable not in m.free})
    moving = body - fixed
    if not moving.terms:
        return algebra.raised(fixed, exponent)
    common, rest = content(algebra, moving)
    single = common.single
    assert single is not None
    outside: Factors = {}
    for part, e in single[0].factors.items():
        if variable not in part.free and algebra.knowledge.is_positive(part):
            outside[part] = e
        else:
            rest = algebra.multiply(rest, of_atom(part, e))
    bound, (inside, where) = bind(rest, (variable,), (condition,))
    largest = of_atom(Atom("max", (), (), (inside, where), bound))
    scaled = algebra.multiply(of_monomial(outside, single[1]), largest)
    return algebra.raised(add((fixed, scaled)), exponent)


@constructs("argmax")
def place_of_maximum(algebra: Algebra, atom: Atom, exponent: Exponent) -> Poly:
    """argmax_i (a + c b_i) = argmax_i b_i for a positive monomial c."""
    (variable,) = atom.bound
    body = atom.args[0]
    moving = Poly({m: c for m, c in body.terms.items() if variable in m.free})
    if not moving.terms:
        return algebra.raised(dim_poly(variable.axis.low), exponent)
    common, rest = content(algebra, moving)
    single = common.single
    assert single is not None
    for part, e in single[0].factors.items():
        if variable in part.free or not algebra.knowledge.is_positive(part):
            rest = algebra.multiply(rest, of_atom(part, e))
    bound, (inside,) = bind(rest, (variable,))
    return of_atom(Atom("argmax", (), (), (inside,), bound), exponent)


@constructs("matrix")
def matrix_function(algebra: Algebra, atom: Atom, exponent: Exponent) -> Poly:
    """inv, det and logdet of a matrix given by rows and columns."""
    operation = str(atom.head[0])
    row, column = atom.bound
    body = atom.args[0]
    flipped = algebra.substitute(body, {row: place(column), column: place(row)})
    places = atom.places
    diagonal = _diagonal(algebra, body, row, column)
    if diagonal is not None:
        return algebra.raised(_of_diagonal(algebra, operation, diagonal, row, places), exponent)
    inner = body.atom
    if inner is not None and inner.kind == "matrix" and inner.head[0] == "inv":
        if inner.places in ((place(row), place(column)), (place(column), place(row))):
            return algebra.raised(_of_inverse(algebra, operation, atom, inner), exponent)
    symmetric = flipped == body
    if not symmetric and flipped.key < body.key:
        body, places = flipped, places[::-1]
    if symmetric:
        places = tuple(sorted(places, key=lambda p: p.key))
    common, rest = content(algebra, body)
    single = common.single
    assert single is not None
    outside = {a: e for a, e in single[0].factors.items() if a.free.isdisjoint((row, column))}
    inside = {a: e for a, e in single[0].factors.items() if a not in outside}
    rest = algebra.multiply(rest, of_monomial(inside))
    bound, (closed,) = bind(rest, (row, column))
    head = (operation, "symmetric") if symmetric else (operation,)
    made = of_atom(Atom("matrix", head, places, (closed,), bound))
    scale = of_monomial(outside, single[1])
    size = dim_poly(row.axis.size)
    if operation == "inv":
        made = algebra.multiply(algebra.raised(scale, -1), made)
    elif scale != ONE and operation == "det":
        made = algebra.multiply(symbolic_power(algebra, scale, size), made)
    elif scale != ONE:
        log = logarithm(algebra, absolute(algebra, scale))
        made = add((algebra.multiply(size, log), made))
    return algebra.raised(made, exponent)


def _diagonal(algebra: Algebra, body: Poly, row: Var, column: Var) -> Poly | None:
    """The diagonal, where every term of the matrix has the delta of its row and column."""
    spots = tuple(sorted((place(row), place(column)), key=lambda p: p.key))
    delta = Atom("delta", (), spots)
    if not body.terms or any(m.factors.get(delta) != 1 for m in body.terms):
        return None
    stripped = Poly(
        {
            Monomial({a: e for a, e in m.factors.items() if a != delta}): c
            for m, c in body.terms.items()
        }
    )
    return algebra.substitute(stripped, {column: place(row)})


def _of_diagonal(
    algebra: Algebra, operation: str, diagonal: Poly, row: Var, places: tuple[Place, ...]
) -> Poly:
    """A function of a diagonal matrix."""
    if operation == "inv":
        entry = algebra.substitute(algebra.raised(diagonal, -1), {row: places[0]})
        return algebra.multiply(algebra.delta(*places), entry)
    if operation == "det":
        return algebra.construct(Atom("prod", (), (), (diagonal,), (row,)))
    return algebra.total((row,), logarithm(algebra, absolute(algebra, diagonal)))


def _of_inverse(algebra: Algebra, operation: str, atom: Atom, inner: Atom) -> Poly:
    """inv(inv(A)) = A, det(inv(A)) = 1/det(A), logdet(inv(A)) = -logdet(A)."""
    row, column = atom.bound
    if operation == "inv":
        first, second = (
            inner.bound if inner.places == (place(row), place(column)) else inner.bound[::-1]
        )
        return algebra.substitute(inner.args[0], {first: atom.places[0], second: atom.places[1]})
    same = Atom("matrix", (operation,), (), inner.args, inner.bound)
    made = algebra.rebuilt(same, lambda p: p, lambda a: a)
    return algebra.raised(made, -1) if operation == "det" else -made


@constructs("unknown")
def unknown_function(algebra: Algebra, atom: Atom, exponent: Exponent) -> Poly:
    """An unspecified function: its arguments closed, its derivatives in canonical order.

    The head is (name, number of output places, argument numbers of the derivatives ...) after
    "symmetric" where all places may be exchanged (second derivatives commute).
    """
    if atom.args:
        bound, args = bind(atom.args[0], atom.bound, atom.args[1:])
    else:
        bound, args = (), ()
    places = atom.places
    if "symmetric" in atom.head:
        places = tuple(sorted(places, key=lambda p: p.key))
    return of_atom(Atom("unknown", atom.head, places, args, bound), exponent)
