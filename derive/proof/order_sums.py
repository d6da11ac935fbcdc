"""Signs under sums: where every term is a sum over the same axis, the sum of what stands inside.

`n f` counts as the sum of `f` over an axis of size n. What sums to nothing may be added inside:
the differences of entries that have the same total, of two distributions for one.
"""

from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations
from itertools import product as cartesian

from derive.calculus.place import Var, fresh, place
from derive.calculus.products import merged, opened, without
from derive.calculus.ranges import surely_at_least
from derive.calculus.term import ONE, Monomial, Poly, add, dim_poly, of_atom, of_monomial
from derive.calculus.unfolding import Unfolding
from derive.model.scalar import Axis
from derive.proof.order_lemmas import combination, lemmas
from derive.proof.order_signs import Order

DEEPEST = 3
MOST_WAYS = 12
MOST_TERMS = 12
MOST_WEIGHTS = 4


def by_sum(order: Order, poly: Poly, strictly: bool) -> bool:
    """The polynomial is a sum over an axis of what is not negative at every place."""
    if order.depth > DEEPEST or len(poly.terms) > 12:
        return False
    axes: dict[Axis, None] = {}
    for monomial in poly.terms:
        for atom, exponent in monomial.factors.items():
            if atom.kind == "sum" and exponent == 1:
                axes.update((v.axis, None) for v in atom.bound)
    for axis in axes:
        filled = surely_at_least(axis.high, axis.low)
        if strictly and not filled:
            continue
        for variable, inside in insides(order, poly, axis):
            if order.search.left <= 0:
                return False
            if shown_inside(order, inside, variable, strictly, filled):
                return True
    return False


def insides(order: Order, poly: Poly, axis: Axis) -> Iterator[tuple[Var, Poly]]:
    """The ways in which a polynomial is a sum over the axis."""
    variable = fresh(axis)
    weights = weights_in(order, poly, variable)
    choices: list[list[Poly]] = []
    for monomial, coefficient in poly.terms.items():
        ways = list(ways_inside(order, monomial, variable, weights))
        if not ways:
            return
        choices.append([w.scaled(coefficient) for w in ways])
    for count, chosen in enumerate(cartesian(*choices)):
        if count >= MOST_WAYS:
            return
        yield variable, add(chosen)


def weights_in(order: Order, poly: Poly, variable: Var) -> list[Poly]:
    """What stands in a polynomial and has the total one over the axis.

    The entries of a distribution, the squares of those of a unit vector, and the mean of two such
    squares.
    """
    found: dict[Poly, None] = {}
    for atom in set(poly.atoms()):
        if atom.kind != "sum":
            continue
        variables, inside = opened(atom)
        for part in inside:
            for own in variables:
                if part.kind == "entry" and own in part.free and own.axis == variable.axis:
                    entry = order.algebra.substitute(of_atom(part), {own: place(variable)})
                    if entry.free <= poly.free | {variable}:
                        found.setdefault(entry)
    ordered = sorted(found, key=lambda p: p.key)[:MOST_WEIGHTS]
    weights = [w for w in ordered if total_of(order, w, variable) == ONE]
    squares = [order.algebra.power(w, 2) for w in ordered if w not in weights]
    squares = [w for w in squares if total_of(order, w, variable) == ONE]
    means = [(one + two).scaled(Fraction(1, 2)) for one, two in combinations(squares, 2)]
    return [*weights, *means, *squares]


def ways_inside(
    order: Order, monomial: Monomial, variable: Var, weights: list[Poly]
) -> Iterator[Poly]:
    """What a monomial could be the sum of over the variable."""
    algebra = order.algebra
    alone = True
    for atom, exponent in monomial.factors.items():
        if atom.kind != "sum" or exponent != 1:
            continue
        rest = without(monomial.factors, atom)
        for k, label in enumerate(atom.bound):
            if label.axis != variable.axis:
                continue
            alone = False
            variables, inside = opened(atom)
            body = algebra.total(
                [v for j, v in enumerate(variables) if j != k], of_monomial(inside)
            )
            body = algebra.substitute(body, {variables[k]: place(variable)})
            yield algebra.multiply(body, of_monomial(rest))
    size = dim_poly(variable.axis.size).atom
    if size is not None and (alone or monomial.factors.get(size, 0) >= 1):
        yield of_monomial(merged(monomial.factors, {size: -1}))
    for weight in weights if alone else ():
        yield algebra.multiply(Poly({monomial: 1}), weight)


def shown_inside(order: Order, inside: Poly, variable: Var, strictly: bool, filled: bool) -> bool:
    """The inside is not negative, perhaps with what sums to nothing added."""
    if order.shows(inside, strictly):
        return True
    if not filled:
        return False
    nothing = list(null_sums(order, inside, variable))
    if not nothing:
        return False
    return combination(order, inside, strictly, nothing)


def null_sums(order: Order, inside: Poly, variable: Var) -> Iterator[Poly]:
    """Differences of terms with the same total over the variable."""
    totals: dict[Poly, Poly] = {}
    for term in candidates(order, inside, variable):
        total = total_of(order, term, variable)
        if total in totals:
            yield term - totals[total]
        else:
            totals[total] = term


def candidates(order: Order, inside: Poly, variable: Var) -> list[Poly]:
    """Terms that may have a total: those of the lemmas about the inside, without functions."""
    found: dict[Poly, None] = {ONE: None}
    for lemma, _ in lemmas(order, inside):
        for monomial in lemma.terms:
            if not any(a.kind in ("func", "argmax") for a in monomial.factors):
                found.setdefault(Poly({monomial: 1}))
        if len(found) >= MOST_TERMS:
            break
    return list(found)


def total_of(order: Order, term: Poly, variable: Var) -> Poly:
    """The sum of a term over the variable, with definitions opened while a sum is left."""
    total = order.algebra.total((variable,), term)
    for _ in range(3):
        bodies = {name: body for name in total.symbols if (body := order.body(name)) is not None}
        if not bodies or not any(a.kind == "sum" for a in total.atoms()):
            break
        total = Unfolding(order.algebra, bodies).poly(total)
    return total
