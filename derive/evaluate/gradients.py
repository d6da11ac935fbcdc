"""Is a claimed gradient right? Differences of the function alone decide.

Few entries are measured one by one. Many are measured together, along random directions: those with
gradients of one order of magnitude at a time, so that small entries do not drown in large ones. For
a normal direction v, an error d of the gradient shows as v.d, and |v.d| < |d|/20 has probability
0.04: after k directions an error of 20 error bars is missed with probability 0.04^k, whatever its
form.
What directions do not settle (kinks) is halved until they do, or down to single entries.
"""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from derive.evaluate.lines import Floats, Forward, Lines, Places
from derive.evaluate.slopes import SURE, Claim, Slopes

ONE_BY_ONE = 64
_ALL_SHOWN = 600
_SAMPLED = 128
_MOST_EVALUATIONS = 400_000
_SAFETY = 20.0
_INSIDE = math.erf(1 / (_SAFETY * math.sqrt(2)))  # |N(0, 1)| < 1/20
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
    state = _Check(Slopes(f, claim, noise, seed), directions, np.random.default_rng(seed))
    everything = np.arange(len(f.origin))
    if every_entry or len(everything) <= ONE_BY_ONE:
        return _conclude(state, _entries(state, everything), None)
    state.together = True
    for group in _groups(claim):
        failing = _settle(state, group)
        if failing is not None:
            shown = _located(state, group, failing)
            return _conclude(state, _entries(state, shown), failing)
    return _conclude(state, None, None)


def _groups(claim: Claim) -> list[Places]:
    """The entries of each tensor, by orders of magnitude of what is claimed."""
    groups = []
    for block in claim.blocks:
        _, powers = np.frexp(claim.gradient[block])
        keys = np.where(claim.gradient[block] == 0, -9999, powers // _BIN)
        groups += [block.start + np.flatnonzero(keys == key) for key in np.unique(keys)]
    return groups


def _settle(state: _Check, group: Places) -> Slope | None:
    """A direction along which the claim is wrong; None where the group agrees or stays open."""
    waiting = [group]
    while waiting:
        places = waiting.pop()
        if len(places) <= ONE_BY_ONE // 4:
            finding = _entries(state, places)
            state.findings.append(finding)
            if finding.differs.any():
                k = int(np.argmax(finding.differs))
                axis = np.zeros(len(state.slopes.units))
                axis[places[k]] = 1.0
                numbers = finding.claimed[k], finding.measured[k], finding.error[k]
                return Slope(axis, *map(float, numbers))
            continue
        failing, unsettled = _along(state, places)
        if failing is not None:
            return failing
        if unsettled:
            if state.slopes.evaluations > _MOST_EVALUATIONS:
                state.findings.append(_unmeasured(state, places))
                continue
            middle = len(places) // 2
            mixed = state.random.permutation(places)
            waiting += [np.sort(mixed[:middle]), np.sort(mixed[middle:])]
    return None


def _along(state: _Check, places: Places) -> tuple[Slope | None, bool]:
    """Random directions within some entries: one that fails; whether any is not settled."""
    count, n = state.directions, len(state.slopes.units)
    directions = np.zeros((count, n))
    directions[:, places] = (
        state.random.standard_normal((count, len(places))) * state.slopes.units[places]
    )
    lines = Lines(state.slopes.claim.gradient, directions)
    within = directions[:, places] ** 2
    sizes = np.sqrt(within @ state.slopes.claim.gradient[places] ** 2)
    found = state.slopes.judge(lines, sizes, math.sqrt(len(places)))
    room = state.slopes.room(lines)
    if found.differs.any():
        gap = np.where(found.differs, np.abs(found.residual) / (found.error + room), 0.0)
        k = int(np.argmax(gap))
        claimed = float(lines.slopes()[k])
        measured = claimed + float(found.residual[k])
        return Slope(directions[k], claimed, measured, float(found.error[k])), False
    if (found.kinked | found.unclear).any():
        return None, True
    seen = _SAFETY * float(np.max((SURE + 1) * found.error + room))
    smallest = np.abs(state.slopes.claim.gradient[places]) * state.slopes.units[places]
    smallest = smallest[smallest > 0]
    if len(smallest):
        state.limit = max(state.limit, seen / float(np.median(smallest)))
    return None, False


def _entries(state: _Check, places: Places) -> Finding:
    """The entries at some places, one by one."""
    claim = state.slopes.claim
    lines = Lines(claim.gradient, None, places, state.slopes.units)
    units, claimed = state.slopes.units[places], claim.gradient[places]
    sizes = np.abs(claimed) * units
    found = state.slopes.judge(lines, sizes)
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


def _located(state: _Check, group: Places, failing: Slope) -> Places:
    """Entries to show: all, if they are few; else where a failing direction leads, and others."""
    n = len(state.slopes.units)
    if n <= _ALL_SHOWN:
        return np.arange(n)
    places = np.intersect1d(group, np.flatnonzero(failing.direction))
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
