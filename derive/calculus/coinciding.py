"""Where a polynomial vanishes because places coincide: `x[i] - x[j]` at `i = j`, whatever x is.

A statement that leaves out the zeros of a polynomial does not leave out these.
"""

from collections.abc import Callable, Iterator
from itertools import combinations

from derive.calculus.algebra import Algebra
from derive.calculus.place import Place, Var, place
from derive.calculus.products import opened
from derive.calculus.ranges import never_equal
from derive.calculus.term import ZERO, Atom, Poly, of_monomial
from derive.calculus.unfolding import all_atoms


def coinciding(algebra: Algebra, poly: Poly) -> Poly | None:
    """One where the polynomial is zero whatever the values, as far as its places tell.

    None where that is open: what an indicator or an index multiplies may vanish otherwise.
    """
    if not all(map(_is_plain, all_atoms(poly))):
        return None
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


def moves(poly: Poly, is_free: Callable[[str], bool]) -> bool:
    """A term has a tensor that stands nowhere else, and nothing in it but tensors that are free.

    Then the polynomial is zero nowhere for all values near a point, wherever its places are.
    """
    terms = [Poly({m: c}) for m, c in poly.terms.items()]
    for term in terms:
        atoms = list(all_atoms(term))
        if any(a.kind not in ("entry", "sum", "const") for a in atoms):
            continue
        entries = [a for a in atoms if a.kind == "entry"]
        if not all(is_free(str(a.head[0])) for a in entries):
            continue
        others = {s for t in terms if t is not term for s in t.symbols}
        names = [str(a.head[0]) for a in entries]
        if any(names.count(n) == 1 and n not in others for n in names):
            return True
    return False


def _is_plain(atom: Atom) -> bool:
    """An entry, a sum, a number or a function of which no value is special."""
    if atom.kind == "func":
        return atom.head[0] == "log"
    return atom.kind in ("entry", "sum", "exp", "pow") or (
        atom.kind == "const" and atom.head[0] != "dim"
    )


def visible(poly: Poly) -> Iterator[Atom]:
    """The entries in a polynomial, those under sums and in functions included."""
    for atom in poly.atoms():
        if atom.kind == "entry":
            yield atom
        elif atom.kind == "sum":
            yield from visible(of_monomial(opened(atom)[1]))
        for arg in () if atom.kind == "sum" else atom.args:
            yield from visible(arg)


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
