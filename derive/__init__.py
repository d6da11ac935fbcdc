"""A checker for the mathematics of machine learning: proves or refutes hand derivations."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from derive.api import DeriveError, Gradient, Model, Report, Verdict, load, parse

__version__ = "0.1.0"
__all__ = ["DeriveError", "Gradient", "Model", "Report", "Verdict", "__version__", "load", "parse"]


def __getattr__(name: str) -> Any:
    """The names above, from `derive.api`: imported when first used, as NumPy is slow to load."""
    if name in __all__:
        return getattr(import_module("derive.api"), name)
    raise AttributeError(f"module 'derive' has no attribute {name!r}")
