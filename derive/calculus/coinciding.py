"""Where a polynomial vanishes because places coincide: `x[i] - x[j]` at `i = j`, whatever x is.

A statement that leaves out the zeros of a polynomial does not leave out these.
"""

from collections.abc import Iterator
from itertools import combinations

from derive.calculus.algebra import Algebra
from derive.calculus.place import Place, Var, place
from derive.calculus.products import opened
from derive.calculus.ranges import never_equal
from derive.calculus.term import ZERO, Atom, Poly


def coinciding(algebra: Algebra, poly: Poly) -> Poly | None:
    """One where the polynomial is zero whatever the values, as far as its places tell.

    None where that is open. What stands inside functions is taken to differ.
    """
    found: dict[Poly, None] = {}
    for one, other in combinations(list(dict.fromkeys(visible(poly))), 2):
        if one.head != other.head:
            continue
        pairs = list(zip(one.places, other.places, strict=True))
        if any(never_equal(p, q) for p, q in pairs) or bound(pairs, poly.free):
            continue
        solved = next(filter(None, (solution(p, q, poly.free) for p, q in pairs)), None)
        if solved is None:
            return None
        variable, where = solved
        there = algebra.substitute(poly, {variable: where})
        if not there.terms:
            found[algebra.delta(place(variable), where)] = None
        elif coinciding(algebra, there) != ZERO:
            return None
    if len(found) > 1:
        return None
    return next(iter(found), ZERO)


def visible(poly: Poly) -> Iterator[Atom]:
    """The entries in a polynomial, those under its sums included."""
    for atom in poly.atoms():
        if atom.kind == "entry":
            yield atom
        elif atom.kind == "sum":
            yield from (a for a in opened(atom)[1] if a.kind == "entry")


def bound(pairs: list[tuple[Place, Place]], free: frozenset[Var]) -> bool:
    """Where the places differ, both are summed over."""
    return all(p == q or (_inside(p, free) and _inside(q, free)) for p, q in pairs)


def _inside(spot: Place, free: frozenset[Var]) -> bool:
    """The place is one of an index that is summed over."""
    return bool(spot.free) and spot.free.isdisjoint(free)


def solution(one: Place, other: Place, free: frozenset[Var]) -> tuple[Var, Place] | None:
    """A free index and the place at which it makes the two places one."""
    for first, second in ((one, other), (other, one)):
        variable = first.variable
        if variable in free and variable not in second.free and second.free <= free:
            return variable, second
    return None
