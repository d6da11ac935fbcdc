"""What a wrong gradient looks like: one change that makes it right, named after it was tried."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from derive.evaluate.lines import Floats, Places
from derive.evaluate.number import Array
from derive.evaluate.slopes import SURE

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
        room = SURE * self.error + _SAME * np.abs(self.measured) + 1e-13 * np.max(np.abs(found))
        return bool((np.abs(found - self.measured) <= room).all())


def looks_like(seen: Seen, others: Sequence[Seen] = ()) -> str | None:
    """The first change that fits, in words; a factor has to fit at the `others` too."""
    return next(_found(seen, others), None)


def _found(seen: Seen, others: Sequence[Seen]) -> Iterator[str]:
    claimed = seen.claimed
    if not claimed.any():
        yield "it is zero everywhere, and the right gradient is not"
        return
    factor = _factor(seen, others)
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


def _factor(seen: Seen, others: Sequence[Seen]) -> str | None:
    """One number that all entries have to be divided by."""
    own = seen.claimed.reshape(-1)[seen.places].astype(float)
    best = int(np.argmax(np.abs(own)))
    if own[best] == 0 or seen.measured[best] == 0:
        return None
    everywhere = [(each, _named(each.sizes)) for each in (seen, *others)]
    for factor in _named(seen.sizes):
        known = [(each, values[factor]) for each, values in everywhere if factor in values]
        if all(each.fits(each.claimed / value) for each, value in known):
            words, name = factor
            size = f", with N = {seen.sizes[name]} ({name})" if name else ""
            return f"this is {words} times the right gradient{size}{_HINTS.get(words, '')}"
    ratio = own[best] / seen.measured[best]
    if len(own) > 1 and np.count_nonzero(own) > 1 and seen.fits(seen.claimed / ratio):
        return f"every entry is {ratio:.6g} times the right one"
    return None


def _named(sizes: Mapping[str, int]) -> dict[tuple[str, str], float]:
    """Factors that mistakes have, by their names and that of the size in them."""
    found = {
        ("-1", ""): -1.0,
        ("2", ""): 2.0,
        ("1/2", ""): 0.5,
        ("-2", ""): -2.0,
        ("-1/2", ""): -0.5,
    }
    for name, n in sizes.items():
        if n > 1:
            found["N", name] = float(n)
            found["1/N", name] = 1 / n
            found["N/(N - 1)", name] = n / (n - 1)
            found["(N - 1)/N", name] = (n - 1) / n
            found["-N", name] = -float(n)
            found["-1/N", name] = -1 / n
    return found


_HINTS = {
    "-1": ": check the sign",
    "N": ": is a mean meant, and not a sum?",
    "1/N": ": is a sum meant, and not a mean?",
    "N/(N - 1)": ": 1/(N - 1) where 1/N is right?",
    "(N - 1)/N": ": 1/N where 1/(N - 1) is right?",
}


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
