"""A gradient that is wrong, or that differences cannot judge, as a person reads it."""

import math
from collections.abc import Sequence

import numpy as np

from derive.evaluate.gradients import Finding, Result
from derive.evaluate.number import Array
from derive.testing.arrays import entry
from derive.testing.looks import Seen, looks_like

_MOST_SHOWN = 12


def digits(value: float, error: float) -> str:
    """A number to the digits that its error bar leaves."""
    if not math.isfinite(value):
        return str(value)
    if value == 0 or not math.isfinite(error):
        return f"{value:.3g}"
    known = 16 if error <= 0 else math.floor(math.log10(abs(value) / error)) + 1
    return f"{value:.{max(2, min(16, known))}g}"


def bar(error: float) -> str:
    """`(error below 2e-13)`."""
    if not math.isfinite(error):
        return "(no error bar)"
    return f"(error below {max(error, 1e-300):.0e})"


def columns(rows: Sequence[tuple[str, str]]) -> list[str]:
    """Names and numbers, the equality signs below each other."""
    width = max(len(name) for name, _ in rows)
    return [f"      {name.ljust(width)} = {text}" for name, text in rows]


def worst(finding: Finding) -> int:
    """The number of the entry that is wrong by most error bars, relative to its size."""
    gap = np.abs(finding.claimed - finding.measured)
    with np.errstate(all="ignore"):
        size = np.maximum(np.abs(finding.claimed), np.abs(finding.measured))
        relative = np.where(size > 0, gap / size, 0.0)
    if finding.differs.any():
        return int(np.argmax(np.where(finding.differs, relative + 1e-6 * _part(gap), -1.0)))
    return int(np.argmax(np.where(finding.unclear, finding.error, -1.0)))


def _part(gap: Array) -> Array:
    largest = float(np.max(gap, initial=0.0))
    return gap / largest if largest > 0 and math.isfinite(largest) else np.zeros_like(gap)


def entry_lines(finding: Finding, k: int, source: str = "finite difference") -> list[str]:
    """The numbers at one entry, and where the measured one is from."""
    claimed, measured = float(finding.claimed[k]), float(finding.measured[k])
    error = float(finding.error[k])
    rows = [("claimed", repr(claimed))]
    if finding.kinked[k]:
        low, high = float(finding.low[k]), float(finding.high[k])
        text = f"between {digits(low, error)} and {digits(high, error)}, at a kink {bar(error)}"
        rows.append(("one-sided slopes", text))
    else:
        rows.append((source, f"{digits(measured, error)}   {bar(error)}"))
        if measured and claimed and error < abs(measured) / 10:
            rows.append(("ratio", digits(claimed / measured, error / abs(measured))))
    return columns(rows)


def wrong(result: Result, names: Sequence[str], tensors: Sequence[Seen]) -> str:
    """The text for a gradient that differs: `tensors` are those at which something was measured."""
    finding = result.finding
    assert finding is not None
    k = worst(finding)
    name, place, seen = located(int(finding.places[k]), names, tensors)
    of_all = f"{int(seen.differs.sum())} of {len(seen.places)} entries"
    measured = " that were measured" if len(seen.places) < seen.claimed.size else ""
    lines = [f"the gradient for `{name}` is wrong at {of_all}{measured}"]
    if not finding.differs.any():
        lines = ["the gradient is wrong along a random direction, at no entry by itself"]
    shape = f", counted from 0, of shape {seen.claimed.shape}" if place else ""
    lines.append(f"  at `{entry(name, place)}`{shape}:" if place else f"  at `{name}`:")
    lines += entry_lines(finding, k)
    slope = result.slope
    if slope is not None and np.count_nonzero(slope.direction) > 1:
        lines.append("  along a random direction through many entries:")
        text = f"{digits(slope.measured, slope.error)}   {bar(slope.error)}"
        lines += columns([("claimed slope", repr(slope.claimed)), ("finite difference", text)])
    for other, tensor in zip(names, tensors, strict=True):
        if tensor.differs.any() and other != name:
            count = int(tensor.differs.sum())
            lines.append(f"  = note: `{other}` is wrong too, at {count} entries")
    for other, tensor in zip(names, tensors, strict=True):
        seems = looks_like(tensor) if tensor.differs.any() else None
        if seems:
            lines.append(f"  = help: `{other}`: {seems}")
    return "\n".join(lines)


def unclear(result: Result, names: Sequence[str], tensors: Sequence[Seen], advice: str) -> str:
    """The text for a difference that is all noise."""
    finding = result.finding
    assert finding is not None
    k = worst(finding)
    name, place, _ = located(int(finding.places[k]), names, tensors)
    lines = [f"inconclusive: at `{entry(name, place)}` the difference itself is noise"]
    lines += entry_lines(finding, k)
    lines.append(f"  = note: values of the function are off by up to {result.noise:.0e}")
    lines.append(f"  = help: {advice}")
    return "\n".join(lines)


def located(
    number: int, names: Sequence[str], tensors: Sequence[Seen]
) -> tuple[str, tuple[int, ...], Seen]:
    """Which entry of which tensor has this number."""
    for name, seen in zip(names, tensors, strict=True):
        if number < seen.claimed.size:
            place = tuple(int(k) for k in np.unravel_index(number, seen.claimed.shape))
            return name, place, seen
        number -= seen.claimed.size
    raise IndexError(number)


def shown(array: Array) -> str:
    """A small array in full, a large one by its shape."""
    if array.size > _MOST_SHOWN:
        return f"an array of shape {array.shape}"
    return str(array.tolist())
