"""Products over an axis: one of larger factors is larger, where the smaller are not negative.

`c^n` counts as the product of `c` over an axis of size n, and 1 as that of ones.
"""

from derive.calculus.functions import exponential
from derive.calculus.place import Var, fresh, place
from derive.calculus.products import merged, opened, without
from derive.calculus.ranges import surely_at_least
from derive.calculus.term import ONE, Atom, Monomial, Poly, dim_poly, of_monomial
from derive.calculus.unfolding import renewed
from derive.proof.order_signs import Order

DEEPEST = 3


def by_products(order: Order, poly: Poly, strictly: bool) -> bool:
    """The polynomial is prod_i a_i - prod_i b_i with a_i >= b_i >= 0 at every place."""
    if order.depth > DEEPEST or len(poly.terms) != 2 or sum(poly.terms.values()) != 0:
        return False
    larger, smaller = sorted(poly.terms, key=lambda m: -poly.terms[m])
    axes = {a.bound[0].axis for m in poly.terms for a in m.factors if a.kind == "prod"}
    for axis in sorted(axes, key=str):
        if strictly and not surely_at_least(axis.high, axis.low):
            continue
        variable = fresh(axis)
        a, b = (at_one_place(order, m, variable) for m in (larger, smaller))
        if a is None or b is None:
            continue
        if order.shows(b, False) and order.shows(a - b, strictly):
            return True
    return False


def at_one_place(order: Order, monomial: Monomial, variable: Var) -> Poly | None:
    """What a monomial is the product of over the variable."""
    algebra = order.algebra
    result = ONE
    for atom, exponent in monomial.factors.items():
        if atom.kind == "prod" and atom.bound[0].axis == variable.axis:
            body = algebra.substitute(atom.args[0], {atom.bound[0]: place(variable)})
            body = renewed(algebra, body)
        elif atom.kind == "exp":
            summand = in_one_place(order, atom, variable)
            if summand is None:
                return None
            body = exponential(algebra, summand)
        else:
            return None
        result = algebra.multiply(result, algebra.raised(body, exponent))
    return result


def in_one_place(order: Order, atom: Atom, variable: Var) -> Poly | None:
    """What the exponent of an exponential is the sum of over the variable."""
    inner = atom.args[0].single
    size = dim_poly(variable.axis.size).atom
    if inner is None:
        return None
    monomial, coefficient = inner
    for part, exponent in monomial.factors.items():
        if exponent != 1:
            continue
        if part == size:
            return of_monomial(merged(monomial.factors, {size: -1}), coefficient)
        if part.kind == "sum" and [v.axis for v in part.bound] == [variable.axis]:
            (own,), inside = opened(part)
            body = order.algebra.substitute(of_monomial(inside), {own: place(variable)})
            rest = of_monomial(without(monomial.factors, part), coefficient)
            return order.algebra.multiply(rest, body)
    return None
