"""Is a claimed gradient right? Differences of the function alone decide.

Few entries are measured one by one. Many are measured together, along random directions: those with
gradients of one order of magnitude at a time, so that small entries do not drown in large ones. For
a normal direction v, an error d of the gradient shows as v.d, and |v.d| < |d|/60 has probability
0.013: after k directions an error of 60 error bars is missed with probability 0.013^k, whatever its
form.
What directions do not settle (kinks) is halved until they do, or down to single entries.
"""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from derive.evaluate.lines import Floats, Forward, Lines, Places
from derive.evaluate.slopes import SURE, Claim, Judged, Slopes

ONE_BY_ONE = 64
_ALL_SHOWN = 600
_SAMPLED = 128
_MOST_EVALUATIONS = 400_000
_MOST_NUMBERS = 1 << 22  # in the directions that are measured at once
_SAFETY = 60.0
_INSIDE = math.erf(1 / (_SAFETY * math.sqrt(2)))  # |N(0, 1)| < 1/60
_BIN = 4  # bits: entries within a factor of 16 share a direction


@dataclass(frozen=True, slots=True)
class Finding:
    """What was measured at entries (`places` of the whole vector), beside what is claimed."""

    places: Places
    claimed: Floats
    measured: Floats
    error: Floats
    low: Floats
    high: Floats
    kinked: NDArray[np.bool_]
    differs: NDArray[np.bool_]
    unclear: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Slope:
    """The slope along one random direction: claimed, measured, and the error bar."""

    direction: Floats
    claimed: float
    measured: float
    error: float


@dataclass(frozen=True, slots=True)
class Result:
    """`outcome` is `agrees`, `differs` or `inconclusive`.

    Where entries were measured together, an error of an entry larger than `limit` times its size
    would have been missed with probability below `missed`.
    """

    outcome: str
    noise: float
    evaluations: int
    finding: Finding | None = None
    slope: Slope | None = None
    limit: float = 0.0
    missed: float = 0.0
    kinks: int = 0


@dataclass(slots=True)
class _Check:
    slopes: Slopes
    directions: int
    random: np.random.Generator
    limit: float = 0.0
    kinks: int = 0
    together: bool = False
    findings: list[Finding] = field(default_factory=list)


def check(
    f: Forward,
    claim: Claim,
    *,
    noise: float | None = None,
    every_entry: bool = False,
    missed: float = 1e-9,
    seed: int = 0,
) -> Result:
    """Compare a claimed gradient with differences of `f`.

    `noise` bounds the error of a value of `f`, where it is known; it is measured otherwise.
    """
    directions = max(1, math.ceil(math.log(missed) / math.log(_INSIDE)))
    random = np.random.default_rng(seed)
    state = _Check(Slopes(f, claim, noise, random), directions, random)
    everything = np.arange(len(f.origin))
    if every_entry or len(everything) <= ONE_BY_ONE:
        return _conclude(state, _entries(state, everything), None)
    state.together = True
    failing = _settle(state, _groups(claim))
    if failing is not None:
        return _conclude(state, _entries(state, _located(state, failing)), failing)
    return _conclude(state, None, None)


def _groups(claim: Claim) -> list[Places]:
    """The entries of each tensor, by orders of magnitude of what is claimed."""
    sizes = [block.stop - block.start for block in claim.blocks]
    _, powers = np.frexp(claim.gradient)
    keys = np.where(claim.gradient == 0, -9999, powers // _BIN)
    keys += np.repeat(np.arange(len(sizes)) * 99999, sizes)
    order = np.argsort(keys, kind="stable")
    ends = np.flatnonzero(np.diff(keys[order])) + 1
    return np.split(order, ends) if len(order) else []


def _settle(state: _Check, groups: list[Places]) -> Slope | None:
    """A direction along which the claim is wrong; None where all agree or stay open."""
    while groups:
        few = [places for places in groups if len(places) <= ONE_BY_ONE // 4]
        many = [places for places in groups if len(places) > ONE_BY_ONE // 4]
        single = np.sort(np.concatenate(few)) if few else np.arange(0)
        size = max(1, _MOST_NUMBERS // (state.directions * len(state.slopes.units)))
        open_ones: list[Places] = []
        for start in range(0, max(1, len(many)), size):
            failing, unsettled = _along(state, many[start : start + size], single)
            if failing is not None:
                return failing
            open_ones += unsettled
            single = single[:0]
        if open_ones and state.slopes.evaluations > _MOST_EVALUATIONS:
            state.findings += [_unmeasured(state, places) for places in open_ones]
            return None
        groups = []
        for places in open_ones:
            mixed = state.random.permutation(places)
            groups += [np.sort(half) for half in np.array_split(mixed, 2)]
    return None


def _along(
    state: _Check, groups: list[Places], single: Places
) -> tuple[Slope | None, list[Places]]:
    """Random directions within groups, and single entries, at once.

    Gives a direction that fails, and the groups that are not settled.
    """
    slopes, count = state.slopes, state.directions
    end = len(groups) * count
    directions = np.zeros((end + len(single), len(slopes.units)))
    if groups:  # one draw for each row, of which each group takes its own entries
        own = np.concatenate(groups)
        of = np.repeat(np.arange(len(groups)), [len(places) for places in groups])
        drawn = state.random.standard_normal((count, len(own))) * slopes.units[own]
        rows = of * count + np.arange(count)[:, None]
        directions[rows, own] = drawn
    directions[end + np.arange(len(single)), single] = slopes.units[single]
    lines = Lines(slopes.claim.gradient, directions)
    sizes = np.sqrt(directions**2 @ slopes.claim.gradient**2)
    widths = np.repeat([math.sqrt(len(places)) for places in groups], count)
    found = slopes.judge(lines, sizes, np.append(widths, np.ones(len(single))), end)
    if found.differs.any():
        return _failing(state, lines, found), []
    if len(single):
        state.findings.append(_finding(state, single, found.some(slice(end, None))))
    is_open = (found.kinked | found.unclear)[:end].reshape(len(groups), count)
    seen = (_SAFETY * ((SURE + 1) * found.error + slopes.room(lines)))[:end].reshape(-1, count)
    still_open = is_open.any(axis=1)
    if groups and not still_open.all():
        contributions = np.abs(slopes.claim.gradient * slopes.units)[own]
        ends = np.cumsum([0, *(len(places) for places in groups)])
        middles = (ends[:-1] + ends[1:]) // 2
        usual = contributions[np.lexsort((contributions, of))][middles]
        known = ~still_open & (usual > 0)
        limits = seen.max(axis=1)[known] / usual[known]
        state.limit = max(state.limit, float(limits.max(initial=0.0)))
    return None, [groups[k] for k in np.flatnonzero(still_open)]


def _failing(state: _Check, lines: Lines, found: Judged) -> Slope:
    """The line that is wrong by most error bars."""
    room = found.error + state.slopes.room(lines)
    k = int(np.argmax(np.where(found.differs, np.abs(found.residual) / room, 0.0)))
    claimed = float(lines.slopes()[k])
    assert lines.directions is not None
    measured = claimed + float(found.residual[k])
    return Slope(lines.directions[k], claimed, measured, float(found.error[k]))


def _entries(state: _Check, places: Places) -> Finding:
    """The entries at some places, one by one."""
    slopes = state.slopes
    lines = Lines(slopes.claim.gradient, None, places, slopes.units)
    sizes = np.abs(slopes.claim.gradient[places]) * slopes.units[places]
    return _finding(state, places, slopes.judge(lines, sizes))


def _finding(state: _Check, places: Places, found: Judged) -> Finding:
    units, claimed = state.slopes.units[places], state.slopes.claim.gradient[places]
    state.kinks += int(found.kinked.sum())
    return Finding(
        places,
        claimed,
        claimed + found.residual / units,
        found.error / units,
        claimed + found.low / units,
        claimed + found.high / units,
        found.kinked,
        found.differs,
        found.unclear,
    )


def _unmeasured(state: _Check, places: Places) -> Finding:
    """Entries for which there was no time."""
    claimed = state.slopes.claim.gradient[places]
    endless, no = np.full(len(places), np.inf), np.zeros(len(places), bool)
    return Finding(places, claimed, claimed, endless, claimed, claimed, no, no, ~no)


def _located(state: _Check, failing: Slope) -> Places:
    """Entries to show: all, if they are few; else where a failing direction leads, and others."""
    n = len(state.slopes.units)
    if n <= _ALL_SHOWN:
        return np.arange(n)
    places = np.flatnonzero(failing.direction)
    while len(places) > ONE_BY_ONE // 2:
        halves = np.array_split(places, 2)
        directions = np.zeros((2, n))
        for k, half in enumerate(halves):
            directions[k, half] = failing.direction[half]
        lines = Lines(state.slopes.claim.gradient, directions)
        found, _ = state.slopes.measured(lines, np.abs(lines.slopes()))
        places = halves[int(np.argmax(np.abs(found.residual)))]
    others = state.random.choice(n, _SAMPLED, replace=False)
    return np.union1d(places, others)


def _conclude(state: _Check, finding: Finding | None, slope: Slope | None) -> Result:
    found = finding
    outcome = "agrees"
    if slope is not None or (finding is not None and finding.differs.any()):
        outcome = "differs"
    elif finding is not None:
        outcome = "inconclusive" if finding.unclear.any() else "agrees"
    else:
        unclear = [part for part in state.findings if part.unclear.any()]
        if unclear:
            outcome, found = "inconclusive", unclear[0]
    missed = _INSIDE**state.directions if state.together else 0.0
    evaluations = getattr(state.slopes.f, "evaluations", 0)
    return Result(
        outcome, state.slopes.noise, evaluations, found, slope, state.limit, missed, state.kinks
    )
