"""Lemmas about single atoms: entries of distributions, indicators, bounded functions, sums.

Source of the inequality of sums: Cauchy and Schwarz.
"""

from collections.abc import Iterator
from fractions import Fraction
from itertools import product as cartesian

from derive.calculus.place import Place
from derive.calculus.products import Factors, merged, opened
from derive.calculus.term import ONE, Atom, Poly, add, dim_poly, of_atom, of_monomial
from derive.proof.order_constants import about_constant
from derive.proof.order_signs import Order

BOUNDED = frozenset({"simplex", "onehot", "binary"})
TWO_SIDED = frozenset({"unit", "sign", "orthogonal"})
MOST_ENTRIES = 6
MOST_FACTORS = 4

Lemma = tuple[Poly, bool]


def bounds(order: Order, atom: Atom, poly: Poly, spots: list[Place]) -> Iterator[Lemma]:
    """What is known of one atom."""
    value = of_atom(atom)
    if not atom.free and not atom.symbols:
        yield from about_constant(atom)
    match atom.kind:
        case "delta" | "less":
            yield ONE - value, False
        case "const" if atom.head[0] == "dim":
            yield value - ONE, False
        case "index":
            variable = atom.places[0].variable
            if variable is not None:
                yield value - dim_poly(variable.axis.low), False
                yield dim_poly(variable.axis.high) - value, False
        case "entry":
            yield from about_entry(order, atom)
        case "func":
            yield from about_function(order, atom)
        case "sum":
            yield from about_terms(order, atom, spots)
            if any(m.factors.get(atom, 0) == 2 for m in poly.terms):
                yield from about_square_of(order, atom)


def about_entry(order: Order, atom: Atom) -> Iterator[Lemma]:
    """Entries of a distribution are at most one."""
    symbol = order.facts.model.symbols.get(str(atom.head[0]))
    if symbol is None:
        return
    found = symbol.properties & (BOUNDED | TWO_SIDED)
    if found:
        order.keep((f"{symbol.name} is {min(found)}",))
        yield ONE - of_atom(atom), False
    if found & TWO_SIDED:
        order.keep((f"{symbol.name} is {min(found)}",))
        yield ONE + of_atom(atom), False


def about_function(order: Order, atom: Atom) -> Iterator[Lemma]:
    """Bounds of functions; that of a logarithm where its argument is surely positive."""
    value = of_atom(atom)
    argument = atom.args[0]
    match atom.head[0]:
        case "step" | "zero":
            yield ONE - value, False
        case "sin" | "cos" | "sign":
            yield ONE - value, False
            yield ONE + value, False
        case "erf":
            yield ONE - value, True
            yield ONE + value, True
        case "atan" | "asin":
            quarter = of_atom(Atom("const", ("pi",))).scaled(Fraction(1, 2))
            yield quarter - value, atom.head[0] == "atan"
            yield quarter + value, atom.head[0] == "atan"
        case "log":
            if order.shows_quickly(argument, True):
                yield argument - ONE - value, False
            if order.shows_quickly(argument, True):  # asked again: each lemma has facts of its own
                inverse = order.algebra.raised(argument, -1)
                yield add((value, inverse, -ONE)), False


def about_terms(order: Order, atom: Atom, spots: list[Place]) -> Iterator[Lemma]:
    """A sum of what is not negative is at least each of its terms."""
    inside = atom.args[0]
    within = order.algebra.within
    choices = [
        [p for p in spots if p.free.isdisjoint(atom.bound) and within(p, v.axis)]
        for v in atom.bound
    ]
    for count, chosen in enumerate(cartesian(*choices)):
        if count >= MOST_ENTRIES:
            return
        sign = order.sign(inside)
        if not sign:
            return
        entry = order.algebra.substitute(inside, dict(zip(atom.bound, chosen, strict=True)))
        yield (of_atom(atom) - entry).scaled(1 if sign > 0 else -1), False


def about_square_of(order: Order, atom: Atom) -> Iterator[Lemma]:
    """(sum f g)^2 <= sum f^2 sum g^2; and (sum f)^2 >= sum f^2 where f is not negative."""
    algebra = order.algebra
    variables, factors = opened(atom)
    if len(factors) > MOST_FACTORS:
        return
    square = algebra.multiply(of_atom(atom), of_atom(atom))
    if order.product_sign(factors.items()):
        squares = {a: 2 * e for a, e in factors.items()}
        yield square - algebra.total(variables, of_monomial(squares)), False
    splits: list[tuple[Factors, Factors]] = [({}, {})]
    for part, exponent in factors.items():
        double: Factors = {part: 2 * exponent}
        ways: list[tuple[Factors, Factors]] = [(double, {}), ({}, double)]
        if order.power_sign(part, exponent) > 0:
            ways.append(({part: exponent}, {part: exponent}))
        splits = [(merged(f, a), merged(g, b)) for f, g in splits for a, b in ways]
    for f, g in splits:
        sums = [algebra.total(variables, of_monomial(part)) for part in (f, g)]
        yield algebra.multiply(*sums) - square, False
