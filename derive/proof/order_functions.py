"""Lemmas about exponentials, logarithms, maxima and increasing functions.

Sources: exp(t) >= 1 + t and log(t) <= t - 1, by convexity.
"""

from collections.abc import Iterator
from fractions import Fraction

from derive.calculus.place import Place
from derive.calculus.products import Factors, merged
from derive.calculus.ranges import surely_at_least
from derive.calculus.term import ONE, UNIT, Atom, Monomial, Poly, add, of_atom, tidy
from derive.model.dim import Dim
from derive.model.scalar import Axis
from derive.proof.order_signs import Order

MOST_EXPONENTIALS = 6
MOST_GROUPS = 4
HIGHEST = 4
INCREASING = frozenset({"log", "erf", "atan", "asin"})

Lemma = tuple[Poly, bool]


def about_exponentials(order: Order, poly: Poly) -> Iterator[Lemma]:
    """exp(a) >= (1 + a - b) exp(b), exp(a) > exp(b) where a > b, times what stands beside them."""
    found: dict[tuple[Monomial, Monomial], Poly] = {}
    for monomial in poly.terms:
        powers = {a: e for a, e in monomial.factors.items() if a.kind == "exp"}
        rest = Monomial({a: e for a, e in monomial.factors.items() if a.kind != "exp"})
        found[rest, Monomial(powers)] = add(a.args[0].scaled(e) for a, e in powers.items())
    if sum(bool(e.factors) for _, e in found) not in range(1, MOST_EXPONENTIALS + 1):
        return
    exponents = {power: exponent for (_, power), exponent in found.items()}
    exponents.setdefault(UNIT, Poly({}))
    algebra = order.algebra
    for (rest, power), exponent in found.items():
        for other in sorted(exponents, key=lambda m: m.key):
            if other == power:
                continue
            sign = order.monomial_sign(rest)
            if not sign:
                break
            factor = Poly({rest: 1 if sign > 0 else -1})
            gap = exponent - exponents[other]
            tangent = algebra.multiply(Poly({other: 1}), add((ONE, gap)))
            yield algebra.multiply(factor, Poly({power: 1}) - tangent), False
            if (rest, other) not in found and other != UNIT:
                continue
            for strictly in (True, False):
                if order.shows_quickly(gap, strictly) and (sign := order.monomial_sign(rest)):
                    above = Poly({power: 1}) - Poly({other: 1})
                    yield algebra.multiply(factor, above), strictly and abs(sign) == 2
                    break


def about_logs(order: Order, poly: Poly) -> Iterator[Lemma]:
    """exp(q) >= 1 + q, where `c q` is all that stands beside a factor c of a logarithm."""
    beside: dict[Monomial, None] = {}
    for monomial in poly.terms:
        for atom, exponent in monomial.factors.items():
            if atom.head == ("log",) and exponent == 1:
                rest = {a: e for a, e in monomial.factors.items() if a != atom}
                beside.setdefault(Monomial(rest))
    algebra = order.algebra
    for factor in sorted(beside, key=lambda m: m.key)[:MOST_GROUPS]:
        together = simple_quotient(poly, factor)
        least = min(abs(Fraction(c)) for m, c in together.items() if log_in(m) is not None)
        for scale in dict.fromkeys((least, -least, Fraction(1), Fraction(-1))):
            sign = order.monomial_sign(factor)
            quotient = Poly({m: tidy(c / scale) for m, c in together.items()})
            power = exponential_of(order, quotient) if sign else None
            if power is not None:
                lemma = add((power, -ONE, -quotient))
                yield algebra.multiply(Poly({factor: 1 if sign > 0 else -1}), lemma), False


def simple_quotient(poly: Poly, factor: Monomial) -> dict[Monomial, Fraction]:
    """The terms divisible by a factor, divided by it, where an entry or a logarithm is left."""
    inverse: Factors = {a: -e for a, e in factor.factors.items()}
    found: dict[Monomial, Fraction] = {}
    for monomial, coefficient in poly.terms.items():
        rest = Monomial(merged(monomial.factors, inverse))
        single = Poly({rest: 1}).atom
        if single is None or single in factor.factors:
            continue
        if single.kind == "entry" or single.head == ("log",):
            found[rest] = Fraction(coefficient)
    return found


def log_in(monomial: Monomial) -> Atom | None:
    """The logarithm, where a monomial is one."""
    atom = Poly({monomial: 1}).atom
    return atom if atom is not None and atom.head == ("log",) else None


def exponential_of(order: Order, poly: Poly) -> Poly | None:
    """The exponential, logarithms in it undone; None where they are not of positive numbers."""
    algebra = order.algebra
    result = ONE
    for monomial, coefficient in poly.terms.items():
        log = log_in(monomial)
        if log is None:
            exponent = Poly({monomial: coefficient})
            made = algebra.construct(Atom("exp", (), (), (exponent,)))
        else:
            if abs(Fraction(coefficient)) > HIGHEST or not order.shows_quickly(log.args[0], True):
                return None
            made = algebra.raised(log.args[0], coefficient)
        result = algebra.multiply(result, made)
    return result


def about_maxima(order: Order, poly: Poly, spots: list[Place]) -> Iterator[Lemma]:
    """The entry at the place of the largest is not below the others."""
    for where in places_of_maxima(poly):
        (bound,) = where.bound
        (body,) = where.args
        algebra = order.algebra
        largest = algebra.substitute(body, {bound: Place((), Dim(()), of_atom(where))})
        largest = with_known_signs(order, largest)
        for spot in spots:
            if bound not in spot.free and lies_on(order, spot, bound.axis):
                yield largest - algebra.substitute(body, {bound: spot}), False
                inside = without_sign(body)
                if inside is not None:
                    inside = algebra.substitute(inside, {bound: spot})
                    yield largest - inside, False
                    yield largest + inside, False


def lies_on(order: Order, spot: Place, axis: Axis) -> bool:
    """The place never leaves the axis; that of a largest lies where it is looked for."""
    inner = spot.computed.atom if spot.computed is not None else None
    if inner is None or inner.kind != "argmax" or spot.terms or spot.offset.terms:
        return order.algebra.within(spot, axis)
    found = inner.bound[0].axis
    return surely_at_least(found.low, axis.low) and surely_at_least(axis.high, found.high)


def with_known_signs(order: Order, poly: Poly) -> Poly:
    """The polynomial with the sign of what has a known one replaced by it."""
    for atom in set(poly.atoms()):
        if atom.head == ("sign",) and abs(sign := order.atom_sign(atom)) == 2:
            poly = add(
                Poly({Monomial({a: e for a, e in m.factors.items() if a != atom}): c}).scaled(
                    1 if sign > 0 or m.factors.get(atom, 0) % 2 == 0 else -1
                )
                for m, c in poly.terms.items()
            )
    return poly


def without_sign(body: Poly) -> Poly | None:
    """The u of |u| = u sign(u)."""
    single = body.single
    if single is None or single[1] < 0:
        return None
    for atom, exponent in single[0].factors.items():
        if atom.head == ("sign",) and exponent == 1:
            rest = Monomial({a: e for a, e in single[0].factors.items() if a != atom})
            inside = Poly({rest: single[1]})
            return inside if inside.scaled(1 / Fraction(single[1])) == atom.args[0] else None
    return None


def places_of_maxima(poly: Poly) -> list[Atom]:
    """The `argmax` atoms at which entries stand."""
    found: set[Atom] = set()
    for atom in poly.atoms():
        parts = [atom, *(inner for arg in atom.args for inner in arg.atoms())]
        for spot in (p for part in parts for p in part.places):
            inner = spot.computed.atom if spot.computed is not None else None
            if inner is not None and inner.kind == "argmax":
                found.add(inner)
    return sorted(found, key=lambda a: a.key)


def about_pairs(order: Order, poly: Poly) -> Iterator[Lemma]:
    """f(a) > f(b) where a > b, for increasing f."""
    atoms = [a for a in set(poly.atoms()) if a.kind == "func" and a.head[0] in INCREASING]
    atoms.sort(key=lambda a: a.key)
    for one in atoms[:4]:
        for other in atoms[:4]:
            if one is other or one.head != other.head:
                continue
            if one.head == ("log",) and not order.shows_quickly(other.args[0], True):
                continue
            for strictly in (True, False):
                if order.shows_quickly(one.args[0] - other.args[0], strictly):
                    yield of_atom(one) - of_atom(other), strictly
                    break
