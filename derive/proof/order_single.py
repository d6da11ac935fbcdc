"""Signs of functions of one number: polynomials by counting roots, others by their slope.

Sources: Sturm's theorem (Basu, Pollack and Roy, Algorithms in Real Algebraic Geometry, 2.2); a
function that starts at zero or above and does not fall is not negative.
"""

from collections.abc import Iterable
from fractions import Fraction
from itertools import pairwise

import flint

from derive.calculus.partials import Differentiation, NotDifferentiable
from derive.calculus.term import Atom, Poly, of_atom
from derive.calculus.unfolding import all_atoms
from derive.proof.order_linear import rational
from derive.proof.order_rules import Replacing, by_sign_of
from derive.proof.order_signs import Order, Premise

HIGHEST = 12
MOST_TERMS = 8
MOST_SPLIT = 2
SMOOTH = frozenset({"sin", "cos", "atan", "erf"})

Bound = Fraction | None


def by_roots(order: Order, poly: Poly, strictly: bool) -> bool:
    """A polynomial in one atom without a root where the atom can be, positive at such a place."""
    atoms = set(poly.atoms())
    if len(atoms) != 1 or len(poly.terms) < 2:
        return False
    (atom,) = atoms
    powers = {m.factors.get(atom, 0): c for m, c in poly.terms.items()}
    if any(e.denominator != 1 or not 0 <= e <= HIGHEST for e in powers):
        return False
    found = flint.fmpq_poly(
        [rational(powers.get(e, 0)) for e in range(1 + max(int(e) for e in powers))]
    )
    low, high = interval(order, atom)
    if any(end is not None and found(rational(end)) == 0 for end in (low, high)):
        return False  # irreducible polynomials, which are those asked about, have no such root
    chain = sturm(found)
    if variations(chain, low, -1) != variations(chain, high, 1):
        return False
    inside = middle(low, high)
    return inside is not None and found(rational(inside)) > 0


def interval(order: Order, atom: Atom) -> tuple[Bound, Bound]:
    """Closed bounds of an atom: zero where its sign is known, and those of premises about it."""
    low: Bound = None
    high: Bound = None
    sign = order.atom_sign(atom)
    if sign > 0:
        low = Fraction(0)
    if sign < 0:
        high = Fraction(0)
    for premise in order.premises:
        poly = premise.poly
        if premise.parameters or set(poly.atoms()) != {atom}:
            continue
        powers = {m.factors.get(atom, 0): Fraction(c) for m, c in poly.terms.items()}
        if not powers.keys() <= {0, 1}:
            continue
        end = -powers.get(0, Fraction(0)) / powers[1]
        order.keep((premise.text,))
        if powers[1] > 0:
            low = end if low is None else max(low, end)
        else:
            high = end if high is None else min(high, end)
    return low, high


def middle(low: Bound, high: Bound) -> Bound:
    """A number between two bounds; None where there is none."""
    if low is None or high is None:
        return (low + 1) if low is not None else (high - 1) if high is not None else Fraction(0)
    return (low + high) / 2 if low <= high else None


def sturm(poly: "flint.fmpq_poly") -> list["flint.fmpq_poly"]:
    """The polynomial, its derivative, and the negative remainders that follow."""
    chain = [poly, poly.derivative()]
    while chain[-1].degree() > 0:
        rest = -(chain[-2] % chain[-1])
        if rest.degree() < 0:
            break
        chain.append(rest)
    return chain


def variations(chain: Iterable["flint.fmpq_poly"], at: Bound, side: int) -> int:
    """How often the sign changes along the chain, at a number or (None) infinitely far out."""
    signs: list[bool] = []
    for poly in chain:
        if at is not None:
            value = poly(rational(at))
        else:
            value = poly[poly.degree()] * (side if poly.degree() % 2 else 1)
        if value != 0:
            signs.append(value > 0)
    return sum(a != b for a, b in pairwise(signs))


# --- slopes ---------------------------------------------------------------------------------------


def by_slope(order: Order, poly: Poly, strictly: bool) -> bool:
    """f(x) >= f(0) >= 0 where f does not fall from 0 to x, for an entry x of known sign."""
    if len(poly.terms) > MOST_TERMS or order.depth > 4 or order.facts.nonzero:
        return False
    for atom in entries_of(order, poly):
        sign = order.atom_sign(atom)
        if not sign:
            continue
        between = order.without(str(atom.head[0])).assuming(sign_of(atom, sign))
        if not is_smooth(between, poly, atom):
            continue
        start = Replacing(order.algebra, atom, Poly({})).poly(poly)
        try:
            slope = Differentiation(order.algebra, str(atom.head[0]), atom.places).poly(poly)
        except NotDifferentiable:
            continue
        if sign < 0:
            slope = -slope
        if strictly and abs(sign) == 2 and order.shows(start, False):
            if between.shows(slope, True):
                return True
        elif order.shows(start, strictly) and between.shows(slope, False):
            return True
    return False


def entries_of(order: Order, poly: Poly) -> list[Atom]:
    """The scalars of which nothing but a sign is known, where all definitions are open."""
    model = order.facts.model
    if any(name not in model.symbols for name in poly.symbols):
        return []
    found = set()
    for atom in all_atoms(poly):
        if atom.kind != "entry" or atom.places:
            continue
        name = str(atom.head[0])
        stated = any(p.text and name in p.poly.symbols for p in order.premises)
        plain = model.symbols[name].properties <= {"positive", "nonnegative"}
        solved = any(
            name in e.atom.symbols or name in e.value.symbols for e in order.facts.equations
        )
        if plain and not stated and not solved:
            found.add(atom)
    return sorted(found, key=lambda a: a.key)


def sign_of(atom: Atom, sign: int) -> list[Premise]:
    """The sign of an atom as a premise."""
    return [Premise(of_atom(atom).scaled(1 if sign > 0 else -1), abs(sign) == 2)]


def is_smooth(order: Order, poly: Poly, entry: Atom) -> bool:
    """The polynomial has a value and a slope wherever the entry can be, and at zero a value."""
    for monomial in poly.terms:
        for atom, exponent in monomial.factors.items():
            if entry.symbols.isdisjoint(atom.symbols):
                continue
            whole = exponent.denominator == 1 and exponent > 0
            match atom.kind:
                case "entry":
                    smooth = whole
                case "exp":
                    smooth = is_smooth(order, atom.args[0], entry)
                case "pow":
                    positive = order.shows(atom.args[0], True) and above_at_zero(order, atom, entry)
                    smooth = is_smooth(order, atom.args[0], entry) and (whole or positive)
                case "func" if atom.head[0] in SMOOTH:
                    smooth = whole and is_smooth(order, atom.args[0], entry)
                case "func" if atom.head[0] == "log":
                    positive = order.shows(atom.args[0], True) and above_at_zero(order, atom, entry)
                    smooth = whole and positive and is_smooth(order, atom.args[0], entry)
                case _:
                    smooth = False
            if not smooth:
                return False
    return True


def above_at_zero(order: Order, atom: Atom, entry: Atom) -> bool:
    """The argument of an atom is positive where the entry is zero."""
    return order.shows(Replacing(order.algebra, entry, Poly({})).poly(atom.args[0]), True)


def by_signs(order: Order, poly: Poly, strictly: bool) -> bool:
    """A scalar of open sign: the cases in which it is positive, negative and zero."""
    if len(poly.terms) > MOST_TERMS or order.depth > 1:
        return False
    atoms = [a for a in entries_of(order, poly) if not order.atom_sign(a)]
    return any(by_sign_of(order, poly, strictly, of_atom(a)) for a in atoms[:MOST_SPLIT])
