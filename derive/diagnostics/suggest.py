"""Did you mean …? The nearest of the names that there are, or none; the same answer every time."""

from collections.abc import Iterable
from difflib import SequenceMatcher

CUTOFF = 0.72

GREEK = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "eps", "ζ": "zeta", "η": "eta",
    "θ": "theta", "κ": "kappa", "λ": "lambda", "μ": "mu", "ν": "nu", "ξ": "xi", "π": "pi",
    "ρ": "rho", "σ": "sigma", "τ": "tau", "φ": "phi", "χ": "chi", "ψ": "psi", "ω": "omega",
}  # fmt: skip


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """The candidate that `name` most likely meant; None if none is near.

    >>> nearest("softmx", ["softmax", "softplus"])
    'softmax'
    >>> nearest("q", ["p", "x"]) is None
    True
    """
    scored = sorted((-likeness(name, other), other) for other in set(candidates) - {name})
    return scored[0][1] if scored and -scored[0][0] >= CUTOFF else None


def likeness(one: str, other: str) -> float:
    """From 0 to 1: 1 for names that differ only in case, in `_` or in the alphabet."""
    a, b = _plain(one), _plain(other)
    if a == b:
        return 1.0
    if min(len(a), len(b)) < 3:  # among short names everything is near
        return 0.0
    return SequenceMatcher(None, a, b, autojunk=False).ratio()


def _plain(name: str) -> str:
    letters = (GREEK.get(char, char) for char in name.lower() if char != "_")
    return "".join(letters)
