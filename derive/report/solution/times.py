"""Ranges of times: where a definition stands, what several have in common, and the ends."""

from collections.abc import Sequence

from derive.calculus.place import Place
from derive.calculus.ranges import surely_at_least
from derive.model.dim import ONE, Dim
from derive.model.scalar import Axis

MOST_ENDS = 4


def allowed(axis: Axis, place: Place | None) -> Axis | None:
    """The times `t` for which `t + s` is on an axis."""
    if place is None or len(place.terms) != 1:
        return None
    return Axis(axis.low - place.offset, axis.high - place.offset)


def common(axis: Axis, times: Sequence[Axis]) -> Axis | None:
    """The times that all have; None where they have no sure order."""
    low, high = axis.low, axis.high
    for during in times:
        later, earlier = larger(low, during.low), larger(during.high, high)
        if later is None or earlier is None:
            return None
        low = later
        high = high if earlier == during.high else during.high
    return Axis(low, high)


def larger(first: Dim, second: Dim) -> Dim | None:
    """The larger of two sizes, if it is sure which that is."""
    if surely_at_least(first, second):
        return first
    return second if surely_at_least(second, first) else None


def ends(axis: Axis, inside: Axis) -> list[Dim]:
    """The times outside, the last first, where there are a few at each end."""
    found: list[Dim] = []
    for start, count in (
        (axis.high, axis.high - inside.high),
        (inside.low - ONE, inside.low - axis.low),
    ):
        number = count.constant
        if number is not None and 0 < number <= MOST_ENDS:
            found += [start - Dim.of(k) for k in range(int(number))]
    return found


def holds(during: Axis, end: Dim) -> bool:
    """A time is on an axis."""
    return surely_at_least(end, during.low) and surely_at_least(during.high, end)
