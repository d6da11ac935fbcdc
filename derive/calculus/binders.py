"""Atoms that bind indices, in normal form: products, maxima, functions of matrices, unknowns."""

from fractions import Fraction

from derive.calculus.algebra import Algebra, constructs, number_of_places
from derive.calculus.canonical import bind, component
from derive.calculus.functions import exponential, larger, logarithm, symbolic_power
from derive.calculus.place import Place, Var, fresh, place
from derive.calculus.powers import absolute, content, is_positive
from derive.calculus.products import Factors, opened
from derive.calculus.ranges import normal_place, surely_at_least
from derive.calculus.term import (
    ONE,
    ZERO,
    Atom,
    Coefficient,
    Exponent,
    Monomial,
    Poly,
    add,
    dim_poly,
    number,
    of_atom,
    of_monomial,
)
from derive.model.dim import ONE as DIM_ONE
from derive.model.dim import Dim


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
    crossing = not surely_at_least(variable.axis.size, Dim(()))
    if exponent.denominator != 1 or not 0 <= exponent <= 12 or crossing:
        return of_atom(component({Atom("index", (), atom.places): exponent}, (variable,)))
    axis = variable.axis
    high = dim_poly(axis.high)
    low = dim_poly(axis.low - DIM_ONE)
    return add((_faulhaber(algebra, high, int(exponent)), -_faulhaber(algebra, low, int(exponent))))


def _faulhaber(algebra: Algebra, n: Poly, k: int) -> Poly:
    """sum_{i=1..n} i^k in n: S_k = ((n+1)^(k+1) - 1 - sum_{j<k} C(k+1,j) S_j)/(k+1).

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
    apart = _one_place_apart(algebra, body, variable)
    if apart is not None:
        rest, at_place = apart
        others = algebra.construct(Atom("prod", (), (), (rest,), (variable,)))
        return algebra.raised(algebra.multiply(others, at_place), exponent)
    common, rest = content(algebra, body)
    single = common.single
    assert single is not None
    monomial, coefficient = single
    size = number_of_places(variable.axis)
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


def _one_place_apart(algebra: Algebra, body: Poly, variable: Var) -> tuple[Poly, Poly] | None:
    """prod_i (delta[i, p] a(i) + b(i)) = (a(p) + b(p))/b(p) prod_i b(i), where b(p) is positive."""
    for delta in body.atoms():
        if delta.kind != "delta" or place(variable) not in delta.places:
            continue
        where = next(p for p in delta.places if p != place(variable))
        if variable in where.free or not algebra.within(where, variable.axis):
            continue
        rest = Poly({m: c for m, c in body.terms.items() if delta not in m.factors})
        there = algebra.substitute(rest, {variable: where})
        if is_positive(algebra, there):
            value = algebra.substitute(body, {variable: where})
            return rest, algebra.multiply(value, algebra.raised(there, -1))
    return None


def symbolic_sign(sign: Coefficient, variable: Var) -> Poly:
    """(-1)^n as a product of its own."""
    return _closed_product(number(sign), variable, 1)


def _closed_product(body: Poly, variable: Var, exponent: Exponent) -> Poly:
    bound, (inside,) = bind(body, (variable,))
    return of_atom(Atom("prod", (), (), (inside,), bound), exponent)


@constructs("max")
def maximum_over(algebra: Algebra, atom: Atom, exponent: Exponent) -> Poly:
    """max_i b_i = b_c at c = argmax_i b_i; under a condition it stays an atom."""
    (variable,) = atom.bound
    body, condition = atom.args
    if condition == ONE:
        where = algebra.construct(Atom("argmax", (), (), (body,), (variable,)))
        spot = normal_place({}, Dim(()), where)
        return algebra.raised(algebra.substitute(body, {variable: spot}), exponent)
    last = _last_place(algebra, variable, condition)
    if last is not None:
        before, spot = last
        here = algebra.substitute(body, {variable: spot})
        if not before.terms:
            return algebra.raised(here, exponent)
        others = algebra.construct(Atom("max", (), (), (body, before), (variable,)))
        return algebra.raised(larger(algebra, here, others), exponent)
    bound, (inside, holds) = bind(body, (variable,), (condition,))
    return of_atom(Atom("max", (), (), (inside, holds), bound), exponent)


def _last_place(algebra: Algebra, variable: Var, condition: Poly) -> tuple[Poly, Place] | None:
    """A condition `i = p` or c(i), c holding somewhere for sure, or nowhere: c, and p."""
    for monomial, coefficient in condition.terms.items():
        if coefficient != 1 or len(monomial.factors) != 1:
            continue
        ((delta, _),) = monomial.factors.items()
        if delta.kind != "delta" or place(variable) not in delta.places:
            continue
        where = next(p for p in delta.places if p != place(variable))
        if variable in where.free or not algebra.within(where, variable.axis):
            continue
        rest = Poly({m: c for m, c in condition.terms.items() if m is not monomial})
        at_low = algebra.substitute(rest, {variable: Place((), variable.axis.low)})
        if not rest.terms or at_low == ONE:
            return rest, where
    return None


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
    bound, (inside,) = bind(_increasing(algebra, rest), (variable,))
    return of_atom(Atom("argmax", (), (), (inside,), bound), exponent)


def _increasing(algebra: Algebra, poly: Poly) -> Poly:
    """What is largest where `poly` is: a^2 is where |a| is, exp(a) and log(a) where a is."""
    single = poly.single
    if single is None or single[1] != 1:
        return poly
    factors = single[0].factors
    if all(a.kind == "exp" for a in factors):
        return add(a.args[0].scaled(e) for a, e in factors.items())
    if poly.atom is not None and poly.atom.head == ("log",):
        return poly.atom.args[0]
    if all(e.denominator == 1 and e % 2 == 0 for e in factors.values()):
        return absolute(algebra, of_monomial({a: e // 2 for a, e in factors.items()}))
    return poly


@constructs("matrix")
def matrix_function(algebra: Algebra, atom: Atom, exponent: Exponent) -> Poly:
    """inv, det and logdet of a matrix given by rows and columns."""
    operation = str(atom.head[0])
    row, column = atom.bound
    body = atom.args[0]
    flipped = algebra.substitute(body, {row: place(column), column: place(row)})
    places = atom.places
    diagonal = diagonal_of(algebra, body, row, column)
    if diagonal is not None:
        return algebra.raised(_of_diagonal(algebra, operation, diagonal, row, places), exponent)
    inner = body.atom
    ways = ((place(row), place(column)), (place(column), place(row)))
    if inner is not None and inner.head[:1] == ("inv",) and inner.places in ways:
        return algebra.raised(_of_inverse(algebra, operation, atom, inner), exponent)
    chain = _chain(body, row, column)
    if chain is not None:
        return algebra.raised(_of_chain(algebra, operation, chain, places), exponent)
    symmetric = flipped == body
    if not symmetric:
        straight, turned = (bind(b, (row, column))[1][0].key for b in (body, flipped))
        if turned < straight:
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


def diagonal_of(algebra: Algebra, body: Poly, row: Var, column: Var) -> Poly | None:
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


Chain = tuple[tuple[Poly, Var, Var], tuple[Poly, Var, Var]]


def _chain(body: Poly, row: Var, column: Var) -> Chain | None:
    """A matrix as a product of two square ones, where one summed index parts rows from columns."""
    atom = body.atom
    if atom is None or atom.kind != "sum":
        return None
    variables, inside = opened(atom)
    for middle in sorted(variables, key=lambda v: v.key):
        if middle.axis != row.axis:
            continue
        left: Factors = {}
        reached = {row}
        grown = True
        while grown:
            new = {a: e for a, e in inside.items() if a not in left and reached & a.free}
            left |= new
            reached |= {v for a in new for v in a.free} - {middle}
            grown = bool(new)
        right = {a: e for a, e in inside.items() if a not in left}
        if column in reached or not right or not any(middle in a.free for a in left):
            continue
        if any(a.free & (reached | {row}) for a in right):
            continue
        summed = set(variables) - {middle}
        parts = [
            _summed(part, summed & frozenset().union(*(a.free for a in part)))
            for part in (left, right)
        ]
        return (parts[0], row, middle), (parts[1], middle, column)
    return None


def _summed(factors: Factors, variables: frozenset[Var] | set[Var]) -> Poly:
    """A product summed over some of its indices."""
    if not variables:
        return of_monomial(factors)
    return of_atom(component(factors, tuple(sorted(variables, key=lambda v: v.key))))


def _of_chain(algebra: Algebra, operation: str, chain: Chain, places: tuple[Place, ...]) -> Poly:
    """inv(AB) = inv(B) inv(A), det(AB) = det(A) det(B), logdet(AB) = logdet(A) + logdet(B)."""
    (left, row, middle), (right, same, column) = chain
    if operation == "inv":
        new = place(fresh(row.axis))
        first = algebra.construct(
            Atom("matrix", ("inv",), (places[0], new), (right,), (same, column))
        )
        second = algebra.construct(
            Atom("matrix", ("inv",), (new, places[1]), (left,), (row, middle))
        )
        return algebra.total(new.free, algebra.multiply(first, second))
    parts = [
        algebra.construct(Atom("matrix", (operation,), (), (part,), labels))
        for part, labels in ((left, (row, middle)), (right, (same, column)))
    ]
    return add(parts) if operation == "logdet" else algebra.product(parts)


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


def unknown_atom(
    name: str,
    shape: tuple[int, ...],
    output: tuple[Place, ...],
    slots: list[tuple[int, tuple[Place, ...]]],
    args: tuple[Poly, ...],
    bound: tuple[Var, ...],
) -> Atom:
    """The atom of an unspecified function; `shape` has the number of axes of each argument.

    Derivatives commute: slots are in the order of arguments, and where that decides nothing more
    (one argument, one axis, no output) their places are marked as exchangeable.
    """
    ordered = sorted(slots, key=lambda s: (s[0], [p.key for p in s[1]]))
    numbers = tuple(n for n, _ in ordered)
    places = (*output, *(p for _, at in ordered for p in at))
    plain = not output and len(slots) > 1 and set(numbers) == {0} and shape[0] == 1
    marker = ("symmetric",) if plain else ()
    head = (*marker, name, len(output), len(shape), *shape, *numbers)
    return Atom("unknown", head, places, args, bound)


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
