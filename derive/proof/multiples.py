"""A step that multiplies a statement by a factor: what is zero stays zero.

`goal(t) = c goal(t - 1)` with c = 1 says that a quantity is kept, as in a sum of which every term
is the difference of neighbours; with c = r it is a geometric sum, or a product. No entry has to be
solved for.
"""

from collections.abc import Iterator

from derive.calculus.algebra import Algebra
from derive.calculus.chains import ends_of as chain_ends
from derive.calculus.engine import Calculus
from derive.calculus.place import Place, Var
from derive.calculus.products import INDICATORS
from derive.calculus.term import ONE, Poly, of_monomial
from derive.calculus.unfolding import all_atoms
from derive.proof.totality import is_total

MOST_RATES = 6


def rates(
    calculus: Calculus, algebra: Algebra, goal: Poly, time: Var, here: Place, before: Place
) -> Iterator[Poly]:
    """By what a step may multiply the goal: one, or what it multiplies a term of it by."""
    seen = {ONE}
    yield ONE
    terms: dict[Poly, None] = {}
    for monomial in goal.terms:
        moving = {
            a: e for a, e in monomial.factors.items() if time in a.free and a.kind not in INDICATORS
        }
        powers = {a: e for a, e in moving.items() if a.head[:1] == ("ipow",)}
        terms |= dict.fromkeys((of_monomial(moving), of_monomial(powers)))
    for term in terms:
        now = algebra.substitute(term, {time: here})
        old = algebra.substitute(term, {time: before})
        if old.single is None or old == ONE:
            continue
        rate = algebra.multiply(now, algebra.raised(old, -1))
        if rate not in seen and len(seen) < MOST_RATES and is_total(calculus, rate):
            seen.add(rate)
            yield rate


def counted(goal: Poly) -> list[Var]:
    """The free indices from which and to which sums and products of a goal run."""
    found: dict[Var, None] = {}
    for atom in all_atoms(goal):
        places = atom.places if atom.kind == "less" else ()
        if atom.kind == "chain":
            places = chain_ends(atom)
        found |= dict.fromkeys(v for where in places for v in where.free if v in goal.free)
    return list(found)


def primitive(algebra: Algebra, poly: Poly) -> Poly:
    """The polynomial without the factors that all terms share: zero where it is."""
    if not poly.terms:
        return poly
    first = next(iter(poly.terms))
    shared = {
        atom: -min(m.factors.get(atom, 0) for m in poly.terms)
        for atom in first.factors
        if min(m.factors.get(atom, 0) for m in poly.terms) > 0
    }
    return algebra.multiply(poly, of_monomial(shared))
