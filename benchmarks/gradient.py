"""Values with gradients: NumPy by hand, PyTorch, JAX, HIPS autograd, and what derive compiled.

A note has the most memory that derive takes at a time, beside that of NumPy by hand.
"""

from collections.abc import Callable, Iterator

import numpy as np

import derive
from benchmarks import losses
from benchmarks.byhand import BY_HAND
from benchmarks.measure import Row, medians, peak, rows
from benchmarks.tasks import TASKS, Task
from derive.diagnostics.diagnostic import DeriveError

HAND, OURS = "numpy by hand", "derive"


def measured(word: str | None) -> Iterator[Row]:
    """The rows of the tasks with this word."""
    for name, task in TASKS.items():
        if word is None or word in name:
            yield from _task(name, task)


def _task(name: str, task: Task) -> Iterator[Row]:
    arrays = task.inputs(np.random.default_rng(0))
    hand = BY_HAND[task.loss]
    value, gradients = hand(**arrays)
    functions: dict[str, Callable[[], object]] = {HAND: lambda: hand(**arrays)}
    notes: dict[str, str] = {}
    model = derive.parse(task.model)
    try:
        checked = model.compile("L", wrt=task.wrt)
        trusting = model.compile("L", wrt=task.wrt, check=False)
    except DeriveError as error:
        print(f"{name}: derive is skipped: {error}")
    else:
        functions[OURS] = lambda: checked(**arrays)
        functions["derive, check off"] = lambda: trusting(**arrays)
        _same(name, OURS, checked(**arrays), value, gradients)
        notes[OURS] = f"(memory {peak(functions[OURS]) / peak(functions[HAND]):.2f}x)"
    for system, build in losses.SYSTEMS.items():
        try:
            function = build(task, arrays)
        except ImportError:
            print(f"{name}: {system} is not installed")
            continue
        _same(name, system, function(), value, gradients)
        functions[system] = function
    yield from rows("gradient", name, medians(functions), HAND, notes)


def _same(name: str, system: str, found: object, value: object, gradients: dict) -> None:  # type: ignore[type-arg]
    """Stops where a system gives another answer than the one by hand."""
    own, slopes = found  # type: ignore[misc]
    np.testing.assert_allclose(float(own), value, rtol=1e-9, err_msg=f"{name}: {system}")
    for by, expected in gradients.items():
        got = np.asarray(slopes[by])
        np.testing.assert_allclose(got, expected, rtol=1e-7, atol=1e-12, err_msg=f"{name}: {by}")
