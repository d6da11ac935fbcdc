"""Signs by adding up what is known: every lemma is a polynomial that is not negative.

A lemma about an atom is multiplied by what stands beside that atom, and the simplex method looks
for factors with which all lemmas and all terms of known sign add up to the polynomial.
"""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import combinations
from itertools import product as cartesian

from derive.calculus.place import Place, place
from derive.calculus.products import Factors, merged
from derive.calculus.term import Monomial, Poly, of_monomial, tidy
from derive.proof.order_bounds import bounds
from derive.proof.order_functions import about_exponentials, about_logs, about_maxima, about_pairs
from derive.proof.order_linear import combines
from derive.proof.order_signs import Order, Premise

MOST_LEMMAS = 120
MOST_TERMS = 24
MOST_BESIDES = 6
MOST_SQUARES = 6
MOST_JOINT = 5
MOST_FREE = 25  # so many lemmas cost as much as a question

Lemma = tuple[Poly, bool]
NO_FACTS: frozenset[str] = frozenset()


def by_combination(order: Order, poly: Poly, strictly: bool) -> bool:
    """The polynomial is a sum of lemmas and of terms of known sign."""
    return combination(order, poly, strictly, ())


def combination(order: Order, poly: Poly, strictly: bool, free: Iterable[Poly]) -> bool:
    """A sum of lemmas, terms of known sign and multiples, of either sign, of what is `free`."""
    if len(poly.terms) > MOST_TERMS:
        return False
    found: dict[Lemma, frozenset[str]] = {}
    for either in free:
        found[either, False] = found[-either, False] = NO_FACTS
    supply = lemmas(order, poly)
    while len(found) < MOST_LEMMAS:
        lemma, facts = order.noting(lambda: next(supply, None))
        if lemma is None:
            break
        found.setdefault(lemma, facts)
    monomials = set(poly.terms)
    for known, _ in found:
        monomials |= known.terms.keys()
    for monomial in sorted(monomials, key=lambda m: m.key):
        sign, facts = signed(order, monomial)
        if sign:
            lemma = Poly({monomial: 1 if sign > 0 else -1}), abs(sign) == 2
            found.setdefault(lemma, facts)
    order.search.left -= len(found) // MOST_FREE
    used = combines(poly, list(found), strictly, order.algebra.tick)
    if used is None:
        return False
    for lemma in used:
        order.keep(found[lemma])
    return True


def signed(order: Order, monomial: Monomial) -> tuple[int, frozenset[str]]:
    """The sign of a monomial with the facts from which it comes."""
    return order.noting(lambda: order.monomial_sign(monomial))


def lemmas(order: Order, poly: Poly) -> Iterator[Lemma]:
    """All lemmas that could matter."""
    premises = relevant(order, poly)
    for premise in premises:
        for instance in instances(order, premise, poly):
            for lemma in beside(order, poly, instance, premise.strict):
                order.keep((premise.text,))
                yield lemma
    yield from joint(order, premises)
    spots = places_in(poly)
    for known, strict in about_exponentials(order, poly):
        yield known, strict
        yield from weighted(order, premises, known)
    yield from about_logs(order, poly)
    for difference, strict in about_maxima(order, poly, spots):
        yield from beside(order, poly, difference, strict)
    for difference, strict in about_pairs(order, poly):
        yield from beside(order, poly, difference, strict)
    for atom in sorted(set(poly.atoms()), key=lambda a: a.key):
        for known, strict in bounds(order, atom, poly, spots):
            yield known, strict
            yield from multiplied(order, cofactors(poly, [Monomial({atom: 1})]), known, strict)
    yield from about_squares(order, poly)


# --- premises ------------------------------------------------------------------------------------


def relevant(order: Order, poly: Poly) -> list[Premise]:
    """The premises that speak of what stands in the polynomial, or of what these speak of."""
    names = set(poly.symbols)
    waiting = list(order.premises)
    found: list[Premise] = []
    while True:
        here = [p for p in waiting if not p.poly.symbols or not names.isdisjoint(p.poly.symbols)]
        if not here:
            return found
        found.extend(here)
        waiting = [p for p in waiting if p not in here]
        names.update(*(p.poly.symbols for p in here))


def instances(order: Order, premise: Premise, poly: Poly) -> Iterator[Poly]:
    """The premise at the places that occur in the polynomial."""
    if not premise.parameters:
        yield premise.poly
        return
    if len(premise.parameters) > 2:
        return
    spots = places_in(poly)
    within = order.algebra.within
    choices = [[p for p in spots if within(p, v.axis)][:4] for v in premise.parameters]
    for chosen in cartesian(*choices):
        mapping = dict(zip(premise.parameters, chosen, strict=True))
        yield order.algebra.substitute(premise.poly, mapping)


def places_in(poly: Poly) -> list[Place]:
    """The places at which something stands in a polynomial, its free variables among them."""
    found = {p for a in poly.atoms() for p in a.places if not p.free & set(a.bound)}
    found |= {place(v) for v in poly.free}
    for atom in set(poly.atoms()):
        for arg in atom.args:
            for inner in arg.atoms():
                found |= {p for p in inner.places if p.free <= atom.free}
    return sorted(found, key=lambda p: p.key)


def joint(order: Order, premises: list[Premise]) -> Iterator[Lemma]:
    """Products of two premises."""
    plain = [p for p in premises if not p.parameters][:MOST_JOINT]
    for k, one in enumerate(plain):
        for other in plain[k:]:
            if len(one.poly.terms) * len(other.poly.terms) <= 9:
                order.keep((one.text, other.text))
                product = order.algebra.multiply(one.poly, other.poly)
                yield product, one.strict and other.strict


def weighted(order: Order, premises: list[Premise], known: Poly) -> Iterator[Lemma]:
    """A lemma times premises."""
    for premise in premises[:MOST_JOINT]:
        if not premise.parameters and len(premise.poly.terms) <= 2:
            order.keep((premise.text,))
            yield order.algebra.multiply(premise.poly, known), False


# --- products with what stands beside ------------------------------------------------------------


def beside(order: Order, poly: Poly, known: Poly, strict: bool) -> Iterator[Lemma]:
    """What is known as it is, and times what its terms are multiplied by in the polynomial."""
    yield known, strict
    yield from multiplied(order, cofactors(poly, list(known.terms)), known, strict)


def multiplied(
    order: Order, cofactors: list[Monomial], known: Poly, strict: bool
) -> Iterator[Lemma]:
    """A lemma times factors of known sign."""
    for cofactor in cofactors:
        sign, facts = signed(order, cofactor)
        if sign:
            order.keep(facts)
            factor = Poly({cofactor: 1 if sign > 0 else -1})
            yield order.algebra.multiply(known, factor), strict and abs(sign) == 2


def cofactors(poly: Poly, parts: list[Monomial]) -> list[Monomial]:
    """What stands beside one of the `parts` in the terms of a polynomial."""
    found: dict[Monomial, None] = {}
    for part in parts:
        if not part.factors:
            continue
        inverse: Factors = {a: -e for a, e in part.factors.items()}
        for monomial in poly.terms:
            if all(monomial.factors.get(a, 0) >= e > 0 for a, e in part.factors.items()):
                rest = Monomial(merged(monomial.factors, inverse))
                if rest.factors:
                    found.setdefault(rest)
    return sorted(found, key=lambda m: m.key)[:MOST_BESIDES]


# --- squares -------------------------------------------------------------------------------------


def about_squares(order: Order, poly: Poly) -> Iterator[Lemma]:
    """U + v >= 2 root(u v) for two terms u and v that are squares."""
    squares = [m for m in poly.terms if is_square(order, m)]
    if not 1 < len(squares) <= MOST_SQUARES:
        return
    for one, other in combinations(sorted(squares, key=lambda m: m.key), 2):
        root = root_of(order, merged(one.factors, other.factors))
        if root is not None:
            ends = Poly({one: 1, other: 1})
            cross = of_monomial(root.factors, 2)
            yield ends - cross, False
            yield ends + cross, False


def is_square(order: Order, monomial: Monomial) -> bool:
    """Even powers, and powers of what is not negative: it has a root in real numbers."""
    return all(
        (e.denominator == 1 and e % 2 == 0) or order.atom_sign(a) > 0
        for a, e in monomial.factors.items()
    )


def root_of(order: Order, factors: Factors) -> Monomial | None:
    """The root of a product of two squares, as the product of their roots.

    The root of an even power of an atom of open sign is a whole power of it.
    """
    halves: Factors = {}
    for atom, exponent in factors.items():
        half = tidy(Fraction(exponent) / 2)
        if half.denominator != 1 and order.atom_sign(atom) <= 0:
            return None
        halves[atom] = half
    return Monomial(halves)
