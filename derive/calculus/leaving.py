"""Deltas used where an index may leave its axis: a last resort, for proofs.

Where it does, the product is zero, and so is what the other factors come to.
"""

from derive.calculus.algebra import Algebra
from derive.calculus.contraction import replaced, solutions, sure_end
from derive.calculus.knowledge import Rewritten
from derive.calculus.place import Place, Var, fresh, place
from derive.calculus.products import Factors, without
from derive.calculus.ranges import extremes
from derive.calculus.term import Poly
from derive.model.dim import Dim
from derive.model.scalar import Axis

NOTHING: frozenset[Var] = frozenset()


def summed_index_goes(
    algebra: Algebra, factors: Factors, bound: frozenset[Var]
) -> Rewritten | None:
    """sum_i delta[i + 1, t] f(i) = f(t - 1) sum_i delta[i + 1, t], though t - 1 may leave the axis.

    Terminates as `delta_contracts`.
    """
    for atom, exponent in factors.items():
        if atom.kind != "delta" or exponent != 1:
            continue
        rest = without(factors, atom)
        for variable, value in solutions(atom, bound):
            if not bound.isdisjoint(value.free):
                continue
            if any(variable in a.free for a in rest):
                changed = replaced(algebra, rest, variable, value)
                return Rewritten({atom: 1}, changed, NOTHING)
            indicator = _trimmed(algebra, variable, value)
            if indicator is not None:
                return Rewritten(rest, indicator, frozenset({variable}))
    return None


def free_index_goes(algebra: Algebra, factors: Factors, bound: frozenset[Var]) -> Rewritten | None:
    """delta[k + 1, t] f(t) = delta[k + 1, t] f(k + 1), where nothing is summed over `t`.

    Terminates: `t` stands nowhere else.
    """
    for atom, exponent in factors.items():
        if atom.kind != "delta" or exponent != 1:
            continue
        for one, other in (atom.places, atom.places[::-1]):
            variable = one.variable
            if variable is None or variable in bound or not other.terms or not other.offset.terms:
                continue
            rest = without(factors, atom)
            if variable in other.free or all(variable not in a.free for a in rest):
                continue
            return Rewritten({atom: 1}, replaced(algebra, rest, variable, other), NOTHING)
    return None


def _trimmed(algebra: Algebra, variable: Var, value: Place) -> Poly | None:
    """sum_i delta[i, p + c], whether p + c is on i's axis, as a sum over delta[i, p] and no more.

    The new axis is the part of the old one, moved by c, which p can reach.
    """
    base = Place(value.terms, Dim(()), value.computed)
    ends = extremes(base)
    if ends is None:
        return None
    low, high = variable.axis.low - value.offset, variable.axis.high - value.offset
    low = sure_end(low, ends[0], True) or low
    high = sure_end(high, ends[1], False) or high
    axis = Axis(low, high)
    if axis == variable.axis and not value.offset.terms:
        return None
    new = fresh(axis, variable.name)
    return algebra.total((new,), algebra.delta(place(new), base))
