"""Signs by adding up what is known: every lemma is a polynomial that is not negative.

A lemma about an atom is multiplied by what stands beside that atom, and the simplex method looks
for factors with which all lemmas and all terms of known sign add up to the polynomial.
Sources: exp(t) >= 1 + t and log(t) <= t - 1 by convexity; Cauchy and Schwarz's inequality.
"""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import product as cartesian

from derive.calculus.products import Factors, merged, opened
from derive.calculus.term import (
    ONE,
    Atom,
    Monomial,
    Place,
    Poly,
    add,
    dim_poly,
    of_atom,
    of_monomial,
    place,
)
from derive.model.dim import Dim
from derive.proof.order_linear import combines
from derive.proof.order_signs import Order, Premise, rule

MOST_LEMMAS = 120
MOST_BESIDES = 6
MOST_EXPONENTIALS = 6
BOUNDED = frozenset({"simplex", "onehot", "binary"})
TWO_SIDED = frozenset({"unit", "sign", "orthogonal"})

Lemma = tuple[Poly, bool]


@rule
def by_combination(order: Order, poly: Poly, strictly: bool) -> bool:
    """The polynomial is a sum of lemmas and of terms of known sign."""
    return combination(order, poly, strictly, ())


def combination(order: Order, poly: Poly, strictly: bool, free: Iterable[Poly]) -> bool:
    """A sum of lemmas, terms of known sign and multiples, of either sign, of what is `free`."""
    if len(poly.terms) > 24:
        return False
    found: dict[Lemma, str] = {}
    for either in free:
        found[either, False] = found[-either, False] = ""
    for lemma, text in lemmas(order, poly):
        found.setdefault(lemma, text)
        if len(found) >= MOST_LEMMAS:
            break
    monomials = set(poly.terms)
    for known, _ in found:
        monomials |= known.terms.keys()
    for monomial in sorted(monomials, key=lambda m: m.key):
        sign = order.monomial_sign(monomial)
        if sign:
            found.setdefault((Poly({monomial: 1 if sign > 0 else -1}), abs(sign) == 2), "")
    used = combines(poly, list(found), strictly, order.algebra.tick)
    if used is None:
        return False
    order.budget.used |= {found[lemma] for lemma in used} - {""}
    return True


def lemmas(order: Order, poly: Poly) -> Iterator[tuple[Lemma, str]]:
    """All lemmas that could matter."""
    atoms = sorted(set(poly.atoms()), key=lambda a: a.key)
    for premise in order.premises:
        for instance in instances(order, premise, poly):
            yield from beside(order, poly, instance, premise)
    yield from joint(order, poly)
    for maker in (about_exponentials, about_logs, about_maxima, about_pairs):
        for lemma in maker(order, poly):
            yield lemma, ""
    for atom in atoms:
        for known, strict in bounds(order, atom, poly):
            for lemma in multiplied(order, poly, atom, known, strict):
                yield lemma, ""


# --- premises ------------------------------------------------------------------------------------


def instances(order: Order, premise: Premise, poly: Poly) -> Iterator[Poly]:
    """The premise at the places that occur in the polynomial."""
    if not premise.parameters:
        yield premise.poly
        return
    if len(premise.parameters) > 2:
        return
    spots = places_in(poly)
    choices = [
        [p for p in spots if order.algebra.within(p, v.axis)][:4] for v in premise.parameters
    ]
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


def beside(order: Order, poly: Poly, known: Poly, premise: Premise) -> Iterator[tuple[Lemma, str]]:
    """A premise as it is, and times what its terms are multiplied by in the polynomial."""
    yield (known, premise.strict), premise.text
    for cofactor in cofactors(poly, list(known.terms)):
        sign = order.monomial_sign(cofactor)
        if sign:
            scaled = order.algebra.multiply(known, Poly({cofactor: 1 if sign > 0 else -1}))
            yield (scaled, premise.strict and abs(sign) == 2), premise.text


def joint(order: Order, poly: Poly) -> Iterator[tuple[Lemma, str]]:
    """Products of two premises."""
    plain = [p for p in order.premises if not p.parameters][:5]
    for k, one in enumerate(plain):
        for other in plain[k:]:
            if len(one.poly.terms) * len(other.poly.terms) <= 9:
                lemma = order.algebra.multiply(one.poly, other.poly), one.strict and other.strict
                yield lemma, one.text
                if other.text != one.text:
                    order.budget.used |= {other.text} - {""}


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


def multiplied(order: Order, poly: Poly, atom: Atom, known: Poly, strict: bool) -> Iterator[Lemma]:
    """A lemma about an atom, and the lemma times what stands beside the atom."""
    yield known, strict
    for cofactor in cofactors(poly, [Monomial({atom: 1})]):
        sign = order.monomial_sign(cofactor)
        if sign:
            scaled = order.algebra.multiply(known, Poly({cofactor: 1 if sign > 0 else -1}))
            yield scaled, strict and abs(sign) == 2


# --- atoms ---------------------------------------------------------------------------------------


def bounds(order: Order, atom: Atom, poly: Poly) -> Iterator[Lemma]:
    """What is known of one atom."""
    value = of_atom(atom)
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
            yield from about_sum(order, atom, poly)


def about_entry(order: Order, atom: Atom) -> Iterator[Lemma]:
    """Entries of a distribution are at most one."""
    symbol = order.facts.model.symbols.get(str(atom.head[0]))
    if symbol is None:
        return
    found = symbol.properties & (BOUNDED | TWO_SIDED)
    if found:
        order.budget.used.add(f"{symbol.name} is {min(found)}")
        yield ONE - of_atom(atom), False
    if found & TWO_SIDED:
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
            if order.shows(argument, True):
                yield argument - ONE - value, False
                inverse = order.algebra.raised(argument, -1)
                yield add((value, inverse, -ONE)), False


def about_sum(order: Order, atom: Atom, poly: Poly) -> Iterator[Lemma]:
    """A sum of what is not negative is at least each of its terms; Cauchy and Schwarz."""
    inside = atom.args[0]
    sign = order.sign(inside)
    if sign and len(atom.bound) == 1:
        (bound,) = atom.bound
        for spot in places_in(poly):
            if bound not in spot.free and order.algebra.within(spot, bound.axis):
                entry = order.algebra.substitute(inside, {bound: spot})
                yield (of_atom(atom) - entry).scaled(1 if sign > 0 else -1), False
    if any(m.factors.get(atom, 0) == 2 for m in poly.terms):
        yield from cauchy_schwarz(order, atom, atom)


def cauchy_schwarz(order: Order, one: Atom, other: Atom) -> Iterator[Lemma]:
    """(sum f g)^2 <= sum f^2 sum g^2, however the terms of the sum are parted into f and g."""
    algebra = order.algebra
    variables, factors = opened(one)
    if len(factors) > 4:
        return
    splits: list[tuple[Factors, Factors]] = [({}, {})]
    for atom, exponent in factors.items():
        ways: list[tuple[Factors, Factors]] = [
            ({atom: 2 * exponent}, {}),
            ({}, {atom: 2 * exponent}),
        ]
        if order.power_sign(atom, exponent) > 0:
            ways.append(({atom: exponent}, {atom: exponent}))
        splits = [(merged(f, a), merged(g, b)) for f, g in splits for a, b in ways]
    square = algebra.multiply(of_atom(one), of_atom(other))
    for f, g in splits:
        sums = [algebra.total(variables, of_monomial(part)) for part in (f, g)]
        yield algebra.multiply(*sums) - square, False


# --- logarithms and exponentials -----------------------------------------------------------------


def about_logs(order: Order, poly: Poly) -> Iterator[Lemma]:
    """log(a) <= a - 1 for the product a of all logarithms that stand beside the same factors."""
    groups: dict[Monomial, list[tuple[Poly, Fraction]]] = {}
    for monomial, coefficient in poly.terms.items():
        logs = [a for a in monomial.factors if a.head == ("log",)]
        if len(logs) == 1 and monomial.factors[logs[0]] == 1:
            rest = Monomial({a: e for a, e in monomial.factors.items() if a != logs[0]})
            groups.setdefault(rest, []).append((logs[0].args[0], Fraction(coefficient)))
    algebra = order.algebra
    for beside_them, logs_here in groups.items():
        sign = order.monomial_sign(beside_them)
        if not sign or not 2 <= len(logs_here) <= 4:
            continue
        if not all(order.shows(argument, True) for argument, _ in logs_here):
            continue
        least = min(abs(c) for _, c in logs_here)
        for direction in (1, -1):
            powers = [(a, c / least * direction) for a, c in logs_here]
            if any(abs(c) > 4 for _, c in powers):
                continue
            inside = algebra.product(algebra.raised(a, reduced(c)) for a, c in powers)
            total = add(of_atom(Atom("func", ("log",), (), (a,))).scaled(c) for a, c in powers)
            factor = Poly({beside_them: 1 if sign > 0 else -1})
            yield algebra.multiply(factor, inside - ONE - total), False


def reduced(value: Fraction) -> int | Fraction:
    """A whole number as an integer."""
    return int(value) if value.denominator == 1 else value


def about_exponentials(order: Order, poly: Poly) -> Iterator[Lemma]:
    """exp(t) >= 1 + t; exp(a) > exp(b) where a > b, times what stands beside them."""
    found: dict[tuple[Monomial, Monomial], Poly] = {}
    for monomial in poly.terms:
        powers = {a: e for a, e in monomial.factors.items() if a.kind == "exp"}
        rest = Monomial({a: e for a, e in monomial.factors.items() if a.kind != "exp"})
        found[rest, Monomial(powers)] = add(a.args[0].scaled(e) for a, e in powers.items())
    if sum(bool(e.factors) for _, e in found) not in range(1, MOST_EXPONENTIALS + 1):
        return
    algebra = order.algebra
    for (rest, power), exponent in found.items():
        sign = order.monomial_sign(rest)
        if not sign:
            continue
        factor = Poly({rest: 1 if sign > 0 else -1})
        if power.factors:
            tangent = Poly({power: 1}) - ONE - exponent
            yield algebra.multiply(factor, tangent), False
        others = {e for r, e in found if r == rest} | {Monomial({})}
        for other in sorted(others, key=lambda m: m.key):
            if other == power:
                continue
            below = found.get((rest, other), Poly({}))
            for strictly in (True, False):
                if order.shows(exponent - below, strictly):
                    gap = Poly({power: 1}) - Poly({other: 1})
                    yield algebra.multiply(factor, gap), strictly and abs(sign) == 2
                    break


# --- maxima and increasing functions -------------------------------------------------------------


def about_maxima(order: Order, poly: Poly) -> Iterator[Lemma]:
    """The entry at the place of the largest is not below the others."""
    for where in places_of_maxima(poly):
        (bound,) = where.bound
        (body,) = where.args
        algebra = order.algebra
        largest = algebra.substitute(body, {bound: Place((), Dim(()), of_atom(where))})
        for spot in places_in(poly):
            if spot.computed is None and order.algebra.within(spot, bound.axis):
                difference = largest - algebra.substitute(body, {bound: spot})
                yield difference, False
                for cofactor in cofactors(poly, list(largest.terms)):
                    sign = order.monomial_sign(cofactor)
                    if sign:
                        factor = Poly({cofactor: 1 if sign > 0 else -1})
                        yield algebra.multiply(factor, difference), False


def places_of_maxima(poly: Poly) -> list[Atom]:
    """The `argmax` atoms at which entries stand."""
    found: set[Atom] = set()
    for atom in poly.atoms():
        for spot in atom.places:
            if spot.computed is not None:
                inner = spot.computed.atom
                if inner is not None and inner.kind == "argmax":
                    found.add(inner)
    return sorted(found, key=lambda a: a.key)


INCREASING = frozenset({"log", "erf", "atan", "asin"})


def about_pairs(order: Order, poly: Poly) -> Iterator[Lemma]:
    """f(a) > f(b) where a > b, for increasing f, times what stands beside both."""
    atoms = [a for a in set(poly.atoms()) if a.kind == "func" and a.head[0] in INCREASING]
    atoms.sort(key=lambda a: a.key)
    for one in atoms[:4]:
        for other in atoms[:4]:
            if one is other or one.head != other.head:
                continue
            if one.head == ("log",) and not order.shows(other.args[0], True):
                continue
            for strictly in (True, False):
                if order.shows(one.args[0] - other.args[0], strictly):
                    gap = of_atom(one) - of_atom(other)
                    yield from multiplied(order, poly, one, gap, strictly)
                    break
