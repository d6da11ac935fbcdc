"""A checker for the mathematics of machine learning: proves or refutes hand derivations."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from derive.api import DeriveError, Gradient, Model, Report, load, parse
    from derive.check.verdict import (
        HoldsNumerically,
        Proved,
        ProvedFor,
        ProvedIf,
        Refuted,
        Undecided,
        Verdict,
    )

__version__ = "0.1.0"
__all__ = [
    "DeriveError",
    "Gradient",
    "HoldsNumerically",
    "Model",
    "Proved",
    "ProvedFor",
    "ProvedIf",
    "Refuted",
    "Report",
    "Undecided",
    "Verdict",
    "__version__",
    "load",
    "parse",
]


def __getattr__(name: str) -> Any:
    """The names above: imported when first used, as NumPy and SymPy are slow to load."""
    if name in __all__:
        home = "derive.api" if name in _OF_API else "derive.check.verdict"
        return getattr(import_module(home), name)
    raise AttributeError(f"module 'derive' has no attribute {name!r}")


def __dir__() -> list[str]:
    """What can be used: these names complete in a notebook before they are imported."""
    return sorted(__all__)


_OF_API = frozenset(("DeriveError", "Gradient", "Model", "Report", "load", "parse"))
