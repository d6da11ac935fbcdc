"""Signs by factors, by cases, by squaring and by taking exponentials."""

from fractions import Fraction
from math import lcm

from derive.calculus.algebra import Algebra
from derive.calculus.powers import factors as factors_of
from derive.calculus.term import (
    ONE,
    Atom,
    Coefficient,
    Monomial,
    Poly,
    add,
    number,
    tidy,
)
from derive.calculus.unfolding import Unfolding, all_atoms
from derive.proof.order_signs import BRANCHES, Order, Premise

MOST_BRANCHES = 4
MOST_PARTS = 6
MOST_SPARE = 3
DEEPEST_PARTS = 1


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


def by_parts(order: Order, poly: Poly, strictly: bool) -> bool:
    """The polynomial less a term that is not negative."""
    if order.depth > DEEPEST_PARTS or not 3 <= len(poly.terms) <= MOST_PARTS:
        return False
    spare = [m for m, c in poly.terms.items() if order.term_sign(m, c) > 0]
    for monomial in sorted(spare, key=lambda m: m.key)[:MOST_SPARE]:
        rest = Poly({m: c for m, c in poly.terms.items() if m is not monomial})
        if order.shows(rest, strictly):
            return order.term_sign(monomial, poly.terms[monomial]) > 0
    return False


def by_cases(order: Order, poly: Poly, strictly: bool) -> bool:
    """Where an indicator or a sign of `u` stands in it: u > 0, u < 0 and u = 0 apart."""
    found = {a for a in all_atoms(poly) if a.kind == "func" and a.head[0] in BRANCHES}
    subjects = {a.args[0] for a in found if a.args[0].free <= poly.free}
    if not 0 < len(subjects) <= MOST_BRANCHES:
        return False
    first = min(subjects, key=lambda u: (at_maximum(u), size_of(u), u.key))
    return by_sign_of(order, poly, strictly, first)


def at_maximum(subject: Poly) -> bool:
    """What stands at the place of a largest is better left together with its sign."""
    return any(p.computed is not None for a in subject.atoms() for p in a.places)


def by_sign_of(order: Order, poly: Poly, strictly: bool, subject: Poly) -> bool:
    """The cases in which `subject` is positive, negative and zero, as far as they can occur."""
    known = order.sign(subject) if order.premises else 0
    for sign in (1, -1, 0):
        if (known and sign * known < 0) or (abs(known) == 2 and not sign):
            continue
        if not sign and (subject in order.kinks or -subject in order.kinks):
            continue
        values = {"step": int(sign > 0), "sign": sign, "zero": int(sign == 0)}
        branching = Branching(order.algebra, subject, values)
        case = branching.poly(poly)
        if not sign:
            case = without_subject(order, case, subject)
        premises = tuple(
            Premise(subject.scaled(s), sign != 0) for s in ((sign,) if sign else (1, -1))
        )
        there = order.assuming(premises)
        there.kinks = tuple(map(branching.poly, order.kinks))
        if not there.shows(case, strictly):
            return False
    return True


def size_of(poly: Poly) -> int:
    """The number of atoms, those inside others included: what is inside comes first."""
    return sum(1 for _ in all_atoms(poly))


class Branching(Unfolding):
    """Rebuilds a term with the indicators and the sign of `subject` replaced by their values."""

    def __init__(self, algebra: Algebra, subject: Poly, values: dict[str, int]) -> None:
        super().__init__(algebra, {})
        self.subject = subject
        self.values = values

    def atom(self, atom: Atom) -> Poly:
        """The rebuilt atom."""
        if atom.kind == "func" and atom.head[0] in BRANCHES and atom.args[0] == self.subject:
            return number(self.values[str(atom.head[0])])
        return super().atom(atom)

    def touches(self, atom: Atom) -> bool:
        """The atom has such an indicator in it."""
        if atom.kind == "func" and atom.head[0] in BRANCHES and atom.args[0] == self.subject:
            return True
        return any(self.touches(inner) for arg in atom.args for inner in arg.atoms())


def without_subject(order: Order, poly: Poly, subject: Poly) -> Poly:
    """The polynomial where `subject` is zero: an atom that stands in it once is replaced."""
    for monomial, coefficient in subject.terms.items():
        if len(monomial.factors) != 1:
            continue
        ((atom, exponent),) = monomial.factors.items()
        value = Poly({m: c for m, c in subject.terms.items() if m is not monomial})
        if exponent == 1 and atom.kind == "entry" and atom not in all_atoms(value):
            value = value.scaled(-1 / Fraction(coefficient))
            return Replacing(order.algebra, atom, value).poly(poly)
    return poly


class Replacing(Unfolding):
    """Rebuilds a term with an entry replaced by a value."""

    def __init__(self, algebra: Algebra, entry: Atom, value: Poly) -> None:
        super().__init__(algebra, {})
        self.entry = entry
        self.value = value

    def atom(self, atom: Atom) -> Poly:
        """The rebuilt atom."""
        return self.value if atom == self.entry else super().atom(atom)

    def touches(self, atom: Atom) -> bool:
        """The entry is in the atom."""
        return atom == self.entry or not self.entry.symbols.isdisjoint(atom.symbols)


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
    if not all(order.shows_quickly(argument, True) for argument, _ in logs):
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
