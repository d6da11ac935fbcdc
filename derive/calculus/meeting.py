"""Divisors that are zero where indices meet, such as `x[i] - x[j]` or `i - 1`.

`[i != j]/(x[i] - x[j])` is zero where i = j, as a zero indicator of indices makes a product zero. A
normal form would forget that: `(x[i] - x[j])*[i != j]` is `x[i] - x[j]`, and then cancels. So an
indicator is multiplied last, and what still divides by such a divisor has no normal form.
"""

from collections.abc import Iterator
from math import lcm
from typing import TYPE_CHECKING

from derive.calculus.place import Place, Var
from derive.calculus.products import INDICATORS, NotExact
from derive.calculus.ranges import extremes, never_equal, normal_place, surely_at_least
from derive.calculus.term import Poly, of_atom
from derive.model.dim import ONE, Dim

if TYPE_CHECKING:
    from derive.calculus.algebra import Algebra


def refuse_divisors(algebra: "Algebra", poly: Poly) -> None:
    """Refuses a polynomial in which there is such a divisor."""
    for monomial in poly.terms:
        for atom, exponent in monomial.factors.items():
            if exponent < 0:
                refuse(algebra, atom.args[0] if atom.kind == "pow" else of_atom(atom))


def refuse(algebra: "Algebra", divisor: Poly) -> None:
    """Refuses to divide by it."""
    if divisor.free and (
        any(a.kind in INDICATORS for a in divisor.atoms())
        or _vanishes_at_an_index(divisor)
        or _vanishes_where_indices_meet(algebra, divisor)
    ):
        raise NotExact("a divisor that is zero where two indices meet")


def _vanishes_where_indices_meet(algebra: "Algebra", divisor: Poly) -> bool:
    """The divisor is the zero polynomial when two of the places in it are the same."""
    if len(divisor.terms) < 2 or _is_positive(divisor):
        return False
    places = sorted({p for p in _places(divisor) if p.free <= divisor.free}, key=lambda p: p.key)
    for one in places:
        for variable, factor in one.terms:
            if factor != ONE or one.computed is not None:
                continue
            for other in places:
                if variable in other.free or never_equal(one, other):
                    continue
                value = _solved(one, other, variable)
                if not algebra.substitute(divisor, {variable: value}).terms:
                    return True
    return False


def _is_positive(divisor: Poly) -> bool:
    """Exponentials and numbers, all added: the denominator of most activations."""
    signs = {c > 0 for c in divisor.terms.values()}
    return len(signs) == 1 and all(a.kind in ("exp", "const") for a in divisor.atoms())


def _solved(one: Place, other: Place, variable: Var) -> Place:
    """The value of `variable`, which `one` has once, at which the two places are the same."""
    terms = dict(other.terms)
    for inner, factor in one.terms:
        if inner is not variable:
            terms[inner] = terms.get(inner, Dim(())) - factor
    return normal_place(terms, other.offset - one.offset, other.computed)


def _places(poly: Poly) -> Iterator[Place]:
    """All places in a polynomial, also those inside of atoms."""
    for atom in poly.atoms():
        yield from atom.places
        for arg in atom.args:
            yield from _places(arg)


def _vanishes_at_an_index(divisor: Poly) -> bool:
    """The divisor is made of indices as numbers and of dimensions, and may be zero."""
    if len(divisor.terms) == 1:
        indices = (v for a in divisor.atoms() if a.kind == "index" for v in a.free)
        return not all(surely_at_least(v.axis.low, ONE) for v in indices)
    kinds = {"dim" if atom.head[:1] == ("dim",) else atom.kind for atom in divisor.atoms()}
    if "index" not in kinds or not kinds <= {"index", "dim"}:
        return False
    where = _as_place(divisor)
    ends = None if where is None else extremes(where)
    return ends is None or not (surely_at_least(ends[0], ONE) or surely_at_least(-ONE, ends[1]))


def _as_place(poly: Poly) -> Place | None:
    """A multiple of a polynomial in dimensions and, linearly, indices."""
    scale = lcm(*(c.denominator for c in poly.terms.values()))
    terms: dict[Var, Dim] = {}
    offset = Dim(())
    for monomial, coefficient in poly.terms.items():
        factor = Dim.of(int(coefficient * scale))
        variable: Var | None = None
        for atom, exponent in monomial.factors.items():
            if exponent.denominator != 1 or exponent < 0:
                return None
            if atom.kind == "const":
                for _ in range(int(exponent)):
                    factor = factor * Dim.symbol(str(atom.head[1]))
            elif exponent > 1 or variable is not None:
                return None
            else:
                variable = atom.places[0].variable
        if variable is None:
            offset = offset + factor
        else:
            terms[variable] = terms.get(variable, Dim(())) + factor
    return normal_place(terms, offset, None)
