"""Sums over one time, taken away: what is summed over a time is zero where every summand is."""

from collections.abc import Iterator
from itertools import product

from derive.calculus.algebra import Algebra
from derive.calculus.place import Var, place
from derive.calculus.products import merged, opened, without
from derive.calculus.term import Atom, Coefficient, Monomial, Poly, add, dim_poly, of_monomial
from derive.model.scalar import Axis
from derive.proof.unrolling import Sequences


def is_time(sequences: Sequences, atom: Atom, variable: Var) -> bool:
    """The summed index is the time of a recurrent entry in the sum."""
    return any(variable in sequences.time(entry).free for entry in sequences.entries(atom.args[0]))


def summands(algebra: Algebra, goal: Poly, time: Var) -> Iterator[Poly]:
    """The goal with one sum of each term, over the axis of `time`, taken away."""
    choices: list[list[Poly]] = []
    for monomial, coefficient in goal.terms.items():
        found = []
        for atom, exponent in monomial.factors.items():
            if atom.kind != "sum" or exponent != 1:
                continue
            rest = of_monomial(without(monomial.factors, atom), coefficient)
            for number, label in enumerate(atom.bound):
                if label.axis != time.axis:
                    continue
                variables, inside = opened(atom)
                chosen = variables[number]
                others = [v for v in variables if v is not chosen]
                body = algebra.substitute(of_monomial(inside), {chosen: place(time)})
                found.append(algebra.multiply(rest, algebra.total(others, body)))
        counted = without_number(monomial, coefficient, time.axis)
        if counted is not None:
            found.append(counted)
        if not found:
            return
        choices.append(found)
    for chosen_terms in product(*choices):
        yield add(chosen_terms)


def without_number(monomial: Monomial, coefficient: Coefficient, axis: Axis) -> Poly | None:
    """A term that is its n-th part summed over an axis of n places."""
    size = dim_poly(axis.size).atom
    if size is None or monomial.factors.get(size, 0) < 1:
        return None
    return of_monomial(merged(monomial.factors, {size: -1}), coefficient)
