"""What a wrong gradient looks like: one change that makes it right, named after it was tried."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from derive.evaluate.lines import Floats, Places
from derive.evaluate.number import Array

_SAME = 1e-6


@dataclass(frozen=True, slots=True)
class Seen:
    """One tensor of a gradient: all that is claimed, and what was measured at some places."""

    claimed: Array
    input: Array
    places: Places
    measured: Floats
    error: Floats
    differs: NDArray[np.bool_]
    sizes: Mapping[str, int]

    @property
    def is_vague(self) -> bool:
        """Whether the error bars hide what the gradient is."""
        gap = np.max(np.abs(self.measured - self.claimed.reshape(-1)[self.places]), initial=0.0)
        return bool(np.max(self.error, initial=0.0) > 0.1 * gap)

    def fits(self, candidate: Array) -> bool:
        """Whether a whole tensor agrees with everything that was measured."""
        if self.is_vague:
            return False
        found = np.asarray(candidate, dtype=float).reshape(-1)[self.places]
        room = 2 * self.error + _SAME * np.abs(self.measured) + 1e-13 * np.max(np.abs(found))
        return bool((np.abs(found - self.measured) <= room).all())


def looks_like(seen: Seen) -> str | None:
    """The first change that fits, in words."""
    return next(_found(seen), None)


def _found(seen: Seen) -> Iterator[str]:
    claimed = seen.claimed
    if not claimed.any():
        yield "it is zero everywhere, and the right gradient is not"
        return
    factor = _factor(seen)
    if factor is not None:
        yield factor
    is_square = claimed.ndim == 2 and claimed.shape[0] == claimed.shape[1]
    if is_square:
        for sign, words in ((1, "the transpose of"), (-1, "-1 times the transpose of")):
            if seen.fits(sign * claimed.T):
                yield f"this is {words} the right gradient"
        diagonal = np.eye(len(claimed), dtype=bool).reshape(-1)[seen.places]
        outside = claimed.reshape(-1)[seen.places][~diagonal]
        if not outside.any() and not seen.differs[diagonal].any():
            yield "only the diagonal of the right gradient is there"
    offset = _offset(seen)
    if offset is not None:
        yield offset
    if seen.fits(np.sign(_measured_everywhere(seen)) * np.abs(claimed)):
        wrong = int(seen.differs.sum())
        yield f"the sizes are right and the signs are not, at {wrong} of {len(seen.places)} entries"
    missing = seen.differs & (claimed.reshape(-1)[seen.places] == 0)
    if missing.any() and (missing == seen.differs).all():
        yield "entries are zero that are not zero in the right gradient; the others are right"


def _measured_everywhere(seen: Seen) -> Array:
    result = seen.claimed.astype(float).reshape(-1).copy()
    result[seen.places] = seen.measured
    return result.reshape(seen.claimed.shape)


def _factor(seen: Seen) -> str | None:
    """One number that all entries have to be divided by."""
    own = seen.claimed.reshape(-1)[seen.places].astype(float)
    best = int(np.argmax(np.abs(own)))
    if own[best] == 0 or seen.measured[best] == 0:
        return None
    for value, words in _named(seen.sizes):
        if seen.fits(seen.claimed / value):
            return f"this is {words} times the right gradient{_hint(words)}"
    ratio = own[best] / seen.measured[best]
    if len(own) > 1 and np.count_nonzero(own) > 1 and seen.fits(seen.claimed / ratio):
        return f"every entry is {ratio:.6g} times the right one"
    return None


def _named(sizes: Mapping[str, int]) -> Iterator[tuple[float, str]]:
    """Factors that mistakes have, with their names."""
    yield -1.0, "-1"
    yield from ((2.0, "2"), (0.5, "1/2"), (-2.0, "-2"), (-0.5, "-1/2"))
    for name, n in sizes.items():
        if n > 1:
            yield float(n), f"N = {n} ({name})"
            yield 1 / n, f"1/N for N = {n} ({name})"
            yield n / (n - 1), f"N/(N - 1) for N = {n} ({name})"
            yield (n - 1) / n, f"(N - 1)/N for N = {n} ({name})"
            yield -float(n), f"-N for N = {n} ({name})"
            yield -1 / n, f"-1/N for N = {n} ({name})"


def _hint(words: str) -> str:
    if words == "-1":
        return ": check the sign"
    if words.startswith("N ="):
        return ": is a mean meant, and not a sum?"
    if words.startswith("1/N"):
        return ": is a sum meant, and not a mean?"
    if words.startswith("N/(N - 1)"):
        return ": 1/(N - 1) where 1/N is right?"
    if words.startswith("(N - 1)/N"):
        return ": 1/N where 1/(N - 1) is right?"
    return ""


def _offset(seen: Seen) -> str | None:
    """A multiple of the input itself that is missing, or too much."""
    own = seen.claimed.reshape(-1)[seen.places].astype(float)
    at = seen.input.reshape(-1)[seen.places].astype(float)
    best = int(np.argmax(np.abs(at)))
    if at[best] == 0 or len(at) < 2:
        return None
    factor = (seen.measured[best] - own[best]) / at[best]
    if abs(factor) > 0 and seen.fits(seen.claimed + factor * seen.input):
        return f"{factor:.6g} times the input itself is missing: the derivative of a penalty?"
    return None
