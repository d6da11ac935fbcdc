"""What is sure about places and ranges when every dimension is at least one."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from derive.calculus.place import Place, Var, place
from derive.calculus.term import Poly
from derive.model.dim import ONE, Dim
from derive.model.scalar import Axis


@lru_cache(maxsize=65536)
def surely_at_least(larger: Dim, smaller: Dim) -> bool:
    """`larger >= smaller` for all dimensions from one up."""
    difference = larger - smaller
    shifted = difference.substitute({name: Dim.symbol(name) + ONE for name in difference.names})
    return all(coefficient >= 0 for _, coefficient in shifted.terms)


def spot(variable: Var) -> Place:
    """Where a variable stands: at the one place of its axis, if there is just one."""
    axis = variable.axis
    return Place((), axis.low) if axis.low == axis.high else place(variable)


def extremes(where: Place) -> tuple[Dim, Dim] | None:
    """The least and the greatest value of a place; None where the sign of a factor is open."""
    low = high = where.offset
    if where.computed is not None:
        return None
    for variable, factor in where.terms:
        if surely_at_least(factor, Dim(())):
            low = low + factor * variable.axis.low
            high = high + factor * variable.axis.high
        elif surely_at_least(Dim(()), factor):
            low = low + factor * variable.axis.high
            high = high + factor * variable.axis.low
        else:
            return None
    return low, high


def surely_within(where: Place, axis: Axis) -> bool:
    """The place never leaves the axis. Of a computed place that is not known here."""
    variable = where.variable
    if variable is not None and variable.axis == axis:
        return True
    ends = extremes(where)
    if ends is None:
        return False
    return surely_at_least(ends[0], axis.low) and surely_at_least(axis.high, ends[1])


def never_equal(first: Place, second: Place) -> bool:
    """The two places differ whatever the variables are."""
    if first.computed is not None or second.computed is not None:
        return False
    total: dict[Var, Dim] = dict(first.terms)
    for variable, factor in second.terms:
        total[variable] = total.get(variable, Dim(())) - factor
    ends = extremes(normal_place(total, first.offset - second.offset, None))
    if ends is None:
        return False
    return surely_at_least(ends[0], ONE) or surely_at_least(-ONE, ends[1])


def never_below(first: Place, second: Place) -> bool:
    """`first >= second` whatever the variables are."""
    if first.computed is not None or second.computed is not None:
        return False
    total: dict[Var, Dim] = dict(first.terms)
    for variable, factor in second.terms:
        total[variable] = total.get(variable, Dim(())) - factor
    ends = extremes(normal_place(total, first.offset - second.offset, None))
    return ends is not None and surely_at_least(ends[0], Dim(()))


def balanced(first: Place, second: Place) -> tuple[Place, Place]:
    """Two places to be compared, with what is negative in one brought to the other."""
    terms: dict[Var, Dim] = dict(first.terms)
    for variable, factor in second.terms:
        terms[variable] = terms.get(variable, Dim(())) - factor
    zero = Dim(())
    left = {v: f for v, f in terms.items() if surely_at_least(f, zero)}
    right = {v: -f for v, f in terms.items() if v not in left}
    offset = first.offset - second.offset
    above = surely_at_least(offset, zero)
    return (
        normal_place(left, offset if above else zero, first.computed),
        normal_place(right, zero if above else -offset, second.computed),
    )


def normal_place(terms: Mapping[Var, Dim], offset: Dim, computed: Poly | None) -> Place:
    """A place without zero parts."""
    kept = tuple((variable, factor) for variable, factor in terms.items() if factor.terms)
    if computed is not None and not computed.terms:
        computed = None
    return Place(kept, offset, computed)


def combined(operation: str, spots: Sequence[Place]) -> Place | None:
    """A sum, difference, negative or multiple of places as a place; None where it is none."""
    first, second = spots[0], spots[-1]
    if operation == "mul":
        fixed, other = (first, second) if not first.free and first.computed is None else spots[::-1]
        if fixed.terms or fixed.computed is not None or other.computed is not None:
            return None
        terms = {v: fixed.offset * factor for v, factor in other.terms}
        return normal_place(terms, fixed.offset * other.offset, None)
    if operation == "neg":
        first = Place(())
    if second.computed is not None and (operation != "add" or first.computed is not None):
        return None
    sign = ONE if operation == "add" else -ONE
    total: dict[Var, Dim] = dict(first.terms)
    for variable, factor in second.terms:
        total[variable] = total.get(variable, Dim(())) + sign * factor
    computed = first.computed if second.computed is None else second.computed
    return normal_place(total, first.offset + sign * second.offset, computed)


def moved(where: Place, offset: Dim) -> Place:
    """The place `offset` further on."""
    return Place(where.terms, where.offset + offset, where.computed)
