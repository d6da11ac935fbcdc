"""The pivot of a base of several terms: the atom in which it is divided.

B = c a^d + R with a monomial `c` of atoms that are never zero, so that dividing by `c` needs no
condition. Where B has a lowest term t free of `a`, also B = t + U with U divisible by `a`: this
brings negative powers of `a` to none.
"""

from collections.abc import Callable
from dataclasses import dataclass

from derive.calculus.canonical import signature
from derive.calculus.term import Atom, Coefficient, Exponent, Monomial, Poly

Part = tuple[Monomial, Coefficient]


@dataclass(frozen=True, slots=True)
class Pivot:
    """B = leading * atom^degree + rest, and B = trailing + above where there is one such term."""

    atom: Atom
    degree: Exponent
    leading: Part
    rest: Poly
    trailing: Part | None
    above: Poly


def pivot_of(base: Poly, is_unit: Callable[[Atom], bool]) -> Pivot | None:
    """The pivot of a base, the same for equal bases; None where each needs a condition."""
    best: tuple[tuple[int, int, int], Pivot] | None = None
    for atom in {a for a in base.atoms() if a.kind != "const"}:
        found = _pivot_in(base, atom, is_unit)
        if found is None:
            continue
        colours = dict.fromkeys(atom.free, 43)
        score = (_rank(atom), signature(atom, colours), atom.key)
        if best is None or score > best[0]:
            best = (score, found)
    return best[1] if best else None


def _rank(atom: Atom) -> int:
    """Sums before exponentials before entries: what cancels most is divided by first."""
    return {"sum": 3, "exp": 2, "entry": 1}.get(atom.kind, 0)


def _pivot_in(base: Poly, atom: Atom, is_unit: Callable[[Atom], bool]) -> Pivot | None:
    """The base as a polynomial in `atom`, if its leading coefficient is a unit."""
    degrees = {m: m.factors.get(atom, 0) for m in base.terms}
    degree = max(degrees.values())
    if degree <= 0 or min(degrees.values()) < 0:  # of s + 1/s, what is left is no simpler
        return None
    top = [m for m, d in degrees.items() if d == degree]
    if len(top) != 1:
        return None
    leading = _without(top[0], atom)
    if not all(is_unit(a) for a in leading.factors):
        return None
    bottom = [m for m, d in degrees.items() if d == 0]
    trailing: Part | None = None
    above = Poly({})
    if len(bottom) == 1 and all(is_unit(a) for a in bottom[0].factors):
        trailing = (bottom[0], base.terms[bottom[0]])
        above = Poly({m: c for m, c in base.terms.items() if m is not bottom[0]})
    rest = Poly({m: c for m, c in base.terms.items() if m is not top[0]})
    return Pivot(atom, degree, (leading, base.terms[top[0]]), rest, trailing, above)


def _without(monomial: Monomial, atom: Atom) -> Monomial:
    return Monomial({a: e for a, e in monomial.factors.items() if a != atom})
