"""Errors of differences against their steps, as a picture. Needs matplotlib, an extra."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

LIBRARY = "matplotlib"
_FLOOR = 1e-17


def is_possible() -> bool:
    """Whether matplotlib is there."""
    return find_spec(LIBRARY) is not None


def draw(curves: Sequence[tuple[str, Sequence[float], Sequence[float]]], path: Path) -> None:
    """Draw a line for each title with its steps and errors, both on logarithmic axes.

    A right derivative falls with the square of the step until rounding takes over; a wrong one
    stays where it is.
    """
    import matplotlib  # optional, and slow to load

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 5), layout="constrained")
    for title, steps, errors in curves:
        axes.loglog(steps, [max(error, _FLOOR) for error in errors], marker=".", label=title)
    axes.set_xlabel("step of a central difference, relative to the point")
    axes.set_ylabel("distance from what is claimed")
    axes.grid(visible=True, alpha=0.3)
    axes.legend(fontsize="small", loc="best")
    figure.savefig(path, dpi=150)
    pyplot.close(figure)
