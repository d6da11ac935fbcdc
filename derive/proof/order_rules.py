"""Signs by factors, by cases, by squaring and by taking exponentials."""

from fractions import Fraction
from math import lcm

from derive.calculus.powers import factors as factors_of
from derive.calculus.term import (
    ONE,
    Atom,
    Coefficient,
    Exponent,
    Monomial,
    Poly,
    add,
    of_monomial,
    tidy,
)
from derive.proof.order_signs import Order, Premise, rule

BRANCHES = frozenset({"step", "sign", "zero"})
MOST_BRANCHES = 4


@rule
def by_factors(order: Order, poly: Poly, strictly: bool) -> bool:
    """The sign of a product, of irreducible factors with their multiplicities."""
    if len(poly.terms) < 2 or not whole(poly):
        return False
    parts = factors_of(poly)
    if len(parts) == 1 and parts[0][1] == 1:
        return False
    total = 1
    for part, multiplicity in parts:
        if multiplicity % 2 == 0:
            if strictly and abs(order.sign(part)) != 2:
                return False
            continue
        sign = order.sign(part)
        if not sign or (strictly and abs(sign) == 1):
            return False
        total *= 1 if sign > 0 else -1
    return total > 0


def whole(poly: Poly) -> bool:
    """Coefficients are integers, as FLINT's factorisation wants them."""
    return all(c.denominator == 1 for c in poly.terms.values())


@rule
def by_cases(order: Order, poly: Poly, strictly: bool) -> bool:
    """Where an indicator or a sign of `u` stands in it: u > 0, u < 0 and u = 0 apart."""
    found = {a for a in poly.atoms() if a.kind == "func" and a.head[0] in BRANCHES}
    subjects = sorted({a.args[0] for a in found}, key=lambda u: u.key)
    if not 0 < len(subjects) <= MOST_BRANCHES:
        return False
    if any(m.factors.get(a, 1) != 1 for m in poly.terms for a in found):
        return False
    subject = subjects[0]
    for sign in (1, -1, 0):
        values = {"step": int(sign > 0), "sign": sign, "zero": int(sign == 0)}
        case = with_branches(order, poly, subject, values)
        premises = tuple(
            Premise(subject.scaled(s), sign != 0) for s in ((sign,) if sign else (1, -1))
        )
        if not order.assuming(premises).shows(case, strictly):
            return False
    return True


def with_branches(order: Order, poly: Poly, subject: Poly, values: dict[str, int]) -> Poly:
    """The polynomial with the indicators of `subject` replaced by their values."""
    parts: list[Poly] = []
    for monomial, coefficient in poly.terms.items():
        kept: dict[Atom, Exponent] = {}
        value: Coefficient = coefficient
        for atom, exponent in monomial.factors.items():
            if atom.kind == "func" and atom.head[0] in BRANCHES and atom.args[0] == subject:
                value = value * values[str(atom.head[0])]
            else:
                kept[atom] = exponent
        if value:
            parts.append(of_monomial(kept, value))
    result = add(parts)
    if values["zero"]:
        result = without_subject(order, result, subject)
    return result


def without_subject(order: Order, poly: Poly, subject: Poly) -> Poly:
    """The polynomial where `subject` is zero: an atom that stands in it once is replaced."""
    for monomial, coefficient in subject.terms.items():
        if len(monomial.factors) != 1:
            continue
        ((atom, exponent),) = monomial.factors.items()
        powers = {m.factors.get(atom, 0) for m in poly.terms}
        alone = sum(atom in m.factors for m in subject.terms) == 1
        if exponent != 1 or not alone or any(p < 0 or p.denominator != 1 for p in powers):
            continue
        value = Poly({m: c for m, c in subject.terms.items() if m is not monomial})
        value = value.scaled(-1 / Fraction(coefficient))
        return replaced(order, poly, atom, value)
    return poly


def replaced(order: Order, poly: Poly, atom: Atom, value: Poly) -> Poly:
    """The polynomial with an atom, not inside others, replaced by a value."""
    return order.algebra.mapped(poly, lambda _: value, lambda a: a == atom)


@rule
def by_squaring(order: Order, poly: Poly, strictly: bool) -> bool:
    """P > N where P >= 0 and P^2 > N^2, for sums with roots in them."""
    rooted = any(e.denominator == 2 for m in poly.terms for e in m.factors.values())
    if not rooted or len(poly.terms) > 6 or order.depth > 4:
        return False
    above: list[Poly] = []
    below: list[Poly] = []
    for monomial, coefficient in poly.terms.items():
        positive = order.term_sign(monomial, coefficient) > 0
        (above if positive else below).append(Poly({monomial: coefficient}))
    if not above or not below:
        return False
    algebra = order.algebra
    first, second = add(above), add(below)
    difference = algebra.multiply(first, first) - algebra.multiply(second, second)
    return order.shows(difference, strictly)


@rule
def by_exponentials(order: Order, poly: Poly, strictly: bool) -> bool:
    """sum_k c_k log(a_k) + r > 0 where the product of the a_k^c_k times exp(r) is above one."""
    logs: list[tuple[Poly, Fraction]] = []
    rest: dict[Monomial, Coefficient] = {}
    for monomial, coefficient in poly.terms.items():
        atom = Poly({monomial: 1}).atom
        if atom is not None and atom.head == ("log",):
            logs.append((atom.args[0], Fraction(coefficient)))
        else:
            rest[monomial] = coefficient
    if not logs or len(logs) > 4:
        return False
    if not all(order.shows(argument, True) for argument, _ in logs):
        return False
    algebra = order.algebra
    scale = lcm(*(c.denominator for _, c in logs))
    if any(abs(c * scale) > 8 for _, c in logs):
        return False
    sides = [ONE, ONE]
    for argument, coefficient in logs:
        power = algebra.raised(argument, int(abs(coefficient * scale)))
        sides[coefficient < 0] = algebra.multiply(sides[coefficient < 0], power)
    for monomial, coefficient in rest.items():
        exponent = Poly({monomial: tidy(abs(Fraction(coefficient)) * scale)})
        made = algebra.construct(Atom("exp", (), (), (exponent,)))
        sides[coefficient < 0] = algebra.multiply(sides[coefficient < 0], made)
    return order.shows(sides[0] - sides[1], strictly)
