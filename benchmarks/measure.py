"""Times of several systems on one task, side by side."""

import gc
import time
import tracemalloc
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

SAMPLE = 0.003  # seconds: calls are repeated until a sample is at least so long


@dataclass(frozen=True)
class Row:
    """One time. `ratio` is to the system that the group compares with."""

    group: str
    task: str
    system: str
    ms: float
    ratio: float | None
    note: str = ""


def medians(
    functions: Mapping[str, Callable[[], object]], seconds: float = 1.0
) -> dict[str, float]:
    """Milliseconds of processor time for each, by turns, so that what disturbs one disturbs all.

    Everything runs on one thread, where this is the time that passes on a machine that does nothing
    else; it is not disturbed by what else the machine does.
    """
    counts = {}
    for name, function in functions.items():
        for _ in range(3):
            function()
        counts[name] = _count(function)
    samples: dict[str, list[float]] = {name: [] for name in functions}
    end = time.perf_counter() + seconds * len(functions)
    gc.collect()
    gc.disable()
    try:
        while time.perf_counter() < end or len(next(iter(samples.values()))) < 7:
            for name, function in functions.items():
                count = counts[name]
                start = time.process_time()
                for _ in range(count):
                    function()
                samples[name].append((time.process_time() - start) / count)
    finally:
        gc.enable()
    return {name: 1000 * median(times) for name, times in samples.items()}


def peak(function: Callable[[], object]) -> int:
    """The most bytes of NumPy and Python that a call takes, what it gives back included."""
    function()
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        function()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def _count(function: Callable[[], object]) -> int:
    count = 1
    while True:
        start = time.process_time()
        for _ in range(count):
            function()
        if time.process_time() - start > SAMPLE or count > 100_000:
            return count
        count *= 2


def rows(
    group: str,
    task: str,
    times: Mapping[str, float],
    reference: str,
    notes: Mapping[str, str] = {},
) -> list[Row]:
    """The times as rows, with ratios to the reference."""
    base = times.get(reference)
    return [
        Row(group, task, system, ms, ms / base if base else None, notes.get(system, ""))
        for system, ms in times.items()
    ]
