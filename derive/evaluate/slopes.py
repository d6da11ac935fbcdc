"""Whether slopes are the claimed ones: everything doubted before a claim is called wrong."""

import math
from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from derive.evaluate.lines import Floats, Forward, Lines, Measured, complex_slopes, measure, sides
from derive.evaluate.noise import complex_error, noise_of, scatter

SURE = 5.0  # an error bar is an estimate: so many of them are beyond doubt
_ENOUGH = 2
_COARSEST = 1e-6  # of the largest entry: rounding errors of a gradient are smaller
_VISIBLE = 0.05  # relative to a slope; kinks are larger


@dataclass(frozen=True, slots=True)
class Claim:
    """A gradient as one vector; `blocks` are its tensors, one after the other.

    `tolerance` is relative to each entry; `again` gives the gradient elsewhere (points by row), so
    that its own rounding errors show.
    """

    gradient: Floats
    blocks: tuple[slice, ...]
    tolerance: float
    epsilon: float
    again: Callable[[Floats], Floats] | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """Lines: residual slopes with error bars, at a kink those of both sides; what follows."""

    residual: Floats
    error: Floats
    low: Floats
    high: Floats
    kinked: NDArray[np.bool_]
    differs: NDArray[np.bool_]
    unclear: NDArray[np.bool_]

    def some(self, chosen: slice) -> "Judged":
        """Some of the lines."""
        return Judged(*(getattr(self, field.name)[chosen] for field in fields(self)))


class Slopes:
    """The slopes of a function along lines, judged by a claimed gradient."""

    def __init__(
        self, f: Forward, claim: Claim, noise: float | None, random: np.random.Generator
    ) -> None:
        self.f, self.claim, self.random = f, claim, random
        self.units = units_of(f.origin, claim.blocks)
        floor = f.epsilon * abs(f.value)
        self.noise = noise_of(f, self.units, random) if noise is None else max(noise, floor)
        self.scale = float(np.max(np.abs(claim.gradient * self.units), initial=0.0))
        self.evaluations = 0
        stated = 0.0 if noise is None else self.noise / abs(f.value or 1)
        self._coarse = max(f.epsilon, min(1e-3, stated))
        self._allowed = _allowed(claim)
        self._analytic = True
        self._refined = False

    def room(self, lines: Lines) -> Floats:
        """By how much the claimed slopes of lines may be off."""
        if lines.entries is not None:
            return np.asarray((self._allowed * self.units)[lines.entries])
        assert lines.directions is not None
        return np.asarray(4 * np.sqrt(lines.directions**2 @ self._allowed**2))

    def judge(
        self, lines: Lines, sizes: Floats, widths: Floats | float = 1.0, many: int = 0
    ) -> Judged:
        """Whether lines have the claimed slopes.

        Where one does not seem to, everything is doubted first: the rounding errors of the claim,
        imaginary steps, and whether there is a kink at the point. What is claimed has then to lie
        between the slopes of both sides. `widths` scales how wide an error bar may be.
        The first `many` lines are alternatives: of those that seem wrong, the worst will do.
        """
        found, trusted = self.measured(lines, sizes)
        residual, error = found.residual, found.error
        room = self.room(lines)
        if (np.abs(residual) > 2 * error + room).any():
            self._refine()
            room = self.room(lines)
        low, high, kinked = residual.copy(), residual.copy(), np.zeros(len(lines), bool)
        vague = np.zeros(len(lines), bool)
        doubtful = np.flatnonzero(
            ~trusted & (found.suspect | (np.abs(residual) > 2 * error + room))
        )
        among = doubtful[doubtful < many]
        if len(among) > _ENOUGH:
            order = among[np.argsort(-np.abs(residual[among]) / (error + room)[among])]
            others = order[_ENOUGH:]
            doubtful = np.setdiff1d(doubtful, others)
            vague[others] = True
            residual[others], low[others], high[others] = 0.0, 0.0, 0.0
        if len(doubtful):
            both = sides(self.f, lines, doubtful, self.noise)
            low[doubtful], high[doubtful], kinked[doubtful] = both.low, both.high, both.kinked
            middle, width = (both.low + both.high) / 2, (both.high - both.low) / 2
            # The symmetric slope is the better one, unless a kink may hide within the bars.
            inside = np.abs(residual[doubtful] - middle) <= width + both.error
            keep = inside & ~both.kinked & ~found.suspect[doubtful]
            keep &= both.error <= _VISIBLE * np.maximum(sizes[doubtful], 1e-3 * self.scale)
            vague[doubtful] = inside & ~keep & ~both.kinked & ~found.suspect[doubtful]
            apart = np.abs(residual[doubtful] - middle)
            residual[doubtful] = np.where(keep, residual[doubtful], middle)
            bar = np.where(both.kinked, both.error, both.error + np.abs(width))
            error[doubtful] = np.where(keep, np.maximum(error[doubtful], apart), bar)
            low[doubtful] = np.where(both.kinked, low[doubtful], residual[doubtful])
            high[doubtful] = np.where(both.kinked, high[doubtful], residual[doubtful])
        # What no real step could show is no mistake.
        allowed = SURE * error + room + np.where(trusted, 4 * self.noise, 0.0)
        differs = (low > allowed) | (high < -allowed)
        unclear = ~differs & ~kinked & (vague | ~(error <= self._needed(sizes, widths)))
        return Judged(residual, error, low, high, kinked, differs, unclear)

    def _needed(self, sizes: Floats, widths: Floats | float) -> Floats:
        """The widest error bar that still says something about slopes of these sizes."""
        coarse = self._coarse ** (1 / 5) * self.scale * widths
        if self.scale == 0:
            coarse = math.sqrt(self._coarse) * abs(self.f.value) * widths
        if self.f.value == 0:  # it may be a difference of numbers as large as the inputs
            size = float(np.max(np.abs(self.f.origin)))
            coarse = np.maximum(coarse, 64 * self.f.epsilon * size * widths)
        return np.asarray(np.maximum(0.2 * sizes, coarse))

    def measured(self, lines: Lines, sizes: Floats) -> tuple[Measured, NDArray[np.bool_]]:
        """By real steps; by imaginary ones too, and those trusted, where both agree everywhere."""
        f = self.f
        analytic = complex_slopes(f, lines) if self._analytic else None
        fine = 1e-10 if analytic is None else 1e-7
        small = sizes < 1e-6 * self.scale
        wanted = np.where(small, 0.0, fine * sizes)
        found = measure(f, lines, self.noise, wanted)
        self.evaluations += 7 * len(lines)
        trusted = np.zeros(len(lines), bool)
        if analytic is None:
            return found, trusted
        residual = analytic - lines.slopes()
        error = 64 * f.epsilon * (sizes + np.abs(analytic))
        wrong = np.flatnonzero(np.abs(residual) > 2 * error + 4 * self.noise + self.room(lines))
        if len(wrong):
            error[wrong] += complex_error(
                f, lines.some(wrong), analytic[wrong], self.units, self.random
            )
        apart = np.abs(residual - found.residual) > 2 * found.error + error
        if (apart & ~found.suspect).any():
            self._analytic = False
            return self.measured(lines, sizes)
        trusted = ~apart & ~found.suspect & (error < found.error)
        found.residual = np.where(trusted, residual, found.residual)
        found.error = np.where(trusted, error, found.error)
        return found, trusted

    def _refine(self) -> None:
        """Look once at the rounding errors of the claimed gradient."""
        again = self.claim.again
        if again is None or self._refined:
            return
        self._refined = True
        errors = scatter(again, self.f, self.units, self.random)
        for block in self.claim.blocks:  # where it jumps, that is no rounding but a kink
            largest = np.max(np.abs(self.claim.gradient[block]), initial=0.0)
            jumps = errors[block] > 0.1 * largest
            most = max(_COARSEST, 64 * self.claim.epsilon) * largest
            most = np.maximum(most, 4 * self.noise / self.units[block])
            self._allowed[block] += np.where(jumps, 0.0, np.minimum(errors[block], most))


def units_of(origin: Floats, blocks: tuple[slice, ...]) -> Floats:
    """By how much each entry is shifted at most: its size, or what is usual in its tensor."""
    units = np.empty(len(origin))
    for block in blocks:
        own = origin[block]
        usual = math.sqrt(float(np.mean(own**2))) if len(own) else 1.0
        units[block] = np.maximum(np.abs(own), usual if usual > 0 else 1.0)
    return units


def _allowed(claim: Claim) -> Floats:
    """What a right gradient may be off by at each entry: its own rounding, as far as it is seen."""
    allowed = claim.tolerance * np.abs(claim.gradient)
    roundings = 8.0 if claim.again is None else 4.0
    for block in claim.blocks:
        largest = np.max(np.abs(claim.gradient[block]), initial=0.0)
        allowed[block] += roundings * claim.epsilon * largest
    return allowed
