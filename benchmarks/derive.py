"""Closed forms and proofs, beside SymPy and tensorgrad.

Each time is of a fresh model: `derive` reads it and finds the closed form; `derive, proof` proves
that of a textbook, and `derive, claim` tries it in numbers and by differences, too. The others
differentiate the same loss as a person would write it for them; SymPy raw, as simplifying takes
minutes or fails: one entry by index, all of them as components of small sizes. Its cache is emptied
each time, or it would look up what it found before. Results are compared with differences of the
loss at one point, at two entries. Ratios are to the fastest of the others that is right; after each
time stands the length of the result in characters, as a multiple of the textbook's. Recurrences
have any length in derive, and are written out for two steps for the others.
"""

import importlib
import signal
import time
from collections.abc import Callable, Iterator
from math import inf
from types import FrameType, ModuleType
from typing import Any

import numpy as np
from sympy.core.cache import clear_cache

import derive
from benchmarks import by_index, by_matrix
from benchmarks.derivations import DERIVATIONS, Derivation
from benchmarks.measure import Row, medians
from derive.check.engine import Engine
from derive.diagnostics.span import Source
from derive.model.elaborate import elaborate_claim
from derive.model.scalar import Axis
from derive.syntax.parse import parse_claim
from derive.syntax.tree import Claim

LIMIT = 30
"""Seconds after which a system is given up on a task."""
SLOW = 1.0
"""Seconds from which on one time has to do."""
MOVE = 1e-4
CLOSE = 1e-6
HESSIAN = "hess"

System = tuple[Callable[[], Any], Callable[[Any, tuple[int, ...]], complex]]


def measured(word: str | None) -> Iterator[Row]:
    """The rows of the tasks with this word."""
    edges = _edges()
    for name, task in DERIVATIONS.items():
        if word is None or word in name:
            yield from _task(name, task, edges)


def _edges() -> ModuleType | None:
    try:
        return importlib.import_module("benchmarks.by_edges")
    except ImportError as error:
        print(f"derive: tensorgrad is skipped: {error}")
        return None


def _task(name: str, task: Derivation, edges: ModuleType | None) -> Iterator[Row]:
    point = Point(task)
    functions: dict[str, Callable[[], object]] = {}
    notes: dict[str, str] = {}
    slow: dict[str, float] = {}
    functions["derive"] = lambda: _closed_form(task)
    notes["derive"] = _length(_closed_form(task), task)
    functions["derive, proof"] = lambda: _proof(task)
    functions["derive, claim"] = lambda: derive.parse(task.model).claim(task.statement)
    for system in ("derive, proof", "derive, claim"):
        notes[system] = type(functions[system]()).__name__.lower()
    right = []
    for system, (function, value) in _systems(name, task, point, edges).items():
        start = time.process_time()
        try:
            found = _limited(function)
        except Exception as error:
            print(f"{name}: {system}: {_reason(error)}")
            continue
        seconds = time.process_time() - start
        is_right = point.agrees(found, value)
        right += [system] if is_right else []
        notes[system] = f"{'right' if is_right else 'wrong'}, {_length(str(found), task)}"
        if seconds > SLOW:
            slow[system] = 1000 * seconds
        else:
            functions[system] = function
    times = medians(functions, 0.5) | slow
    base = min((times[system] for system in right), default=None)
    for system, ms in times.items():
        yield Row("derive", name, system, ms, ms / base if base else None, notes[system])


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"not done in {LIMIT} s"
    said = str(error).splitlines()[0] if str(error) else ""
    return f"{type(error).__name__}: {said}"[:100]


def _closed_form(task: Derivation) -> str:
    if task.by == HESSIAN:
        return derive.parse(f"{task.model}q = grad(L, z)\n").gradient("q", "z").text
    return derive.parse(task.model).gradient("L", task.by).text


def _proof(task: Derivation) -> object:
    """What an exact argument alone gives."""
    model = derive.parse(task.model).elaborated
    claim = parse_claim(Source("<claim>", task.statement))
    assert isinstance(claim, Claim)
    relation = elaborate_claim(model, claim).relation
    assert relation is not None
    return Engine(model).prove(relation, (), inf)


def _length(text: str, task: Derivation) -> str:
    return f"{len(text) / len(task.form):.2g} long"


def _limited(function: Callable[[], Any]) -> Any:
    def stop(number: int, frame: FrameType | None) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(LIMIT)
    try:
        return function()
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


class Point:
    """Numbers for all names of a task, and what its derivative is there by differences."""

    def __init__(self, task: Derivation) -> None:
        self.task = task
        model = derive.parse(task.model)
        self.sizes = {name: 2 + k for k, name in enumerate(model.elaborated.dims)}
        if "T" in self.sizes:
            self.sizes["T"] = 2
        generator = np.random.default_rng(7)
        self.values = {
            symbol.name: self._draw(generator, symbol.axes, symbol.properties)
            for symbol in model.elaborated.symbols.values()
        }
        self.by = "z" if task.by == HESSIAN else task.by
        self.function = model.compile("L", [self.by], check=False)
        self.shape = self.values[self.by].shape * (2 if task.by == HESSIAN else 1)
        count = len(self.shape)
        self.entries = ((1,) * count, tuple(2 - k % 2 for k in range(count))) if count else ((),)
        self.expected = {at: self._difference(at) for at in self.entries}

    def _draw(
        self, generator: np.random.Generator, axes: tuple[Axis, ...], properties: frozenset[str]
    ) -> Any:
        shape = tuple(axis.size.value(self.sizes) for axis in axes)
        array = generator.normal(size=shape)
        if "onehot" in properties:
            return np.eye(shape[-1])[generator.integers(shape[-1], size=shape[:-1])]
        if "binary" in properties:
            return np.asarray(generator.integers(2, size=shape), float)
        return np.asarray(np.abs(array) + 0.5 if "positive" in properties else array)

    def _moved(self, *steps: tuple[tuple[int, ...], float]) -> float:
        array = self.values[self.by].copy()
        for at, step in steps:
            array[tuple(k - 1 for k in at)] += step
        return float(self.function(**{**self.values, self.by: array})[0])

    def _difference(self, at: tuple[int, ...]) -> float:
        """By differences of the loss: the error is below 1e-6."""

        def slope(move: Callable[[float], float], size: float) -> float:
            near, far = (move(k * size) - move(-k * size) for k in (1, 2))
            return (8 * near - far) / (12 * size)

        if self.task.by != HESSIAN:
            return slope(lambda step: self._moved((at, step)), MOVE)
        first, second = ((place,) for place in at)
        return slope(
            lambda a: slope(lambda b: self._moved((first, a), (second, b)), 10 * MOVE), 10 * MOVE
        )

    def agrees(self, found: Any, value: Callable[[Any, tuple[int, ...]], complex]) -> bool:
        """Whether a result has the value of the derivative."""
        for at, expected in self.expected.items():
            try:
                got = _limited(lambda at=at: value(found, at))
            except Exception as error:
                print(f"no value: {_reason(error)}")
                return False
            if not abs(got - expected) < CLOSE * max(1, abs(expected)):
                return False
        return True


def _systems(
    name: str, task: Derivation, point: Point, edges: ModuleType | None
) -> dict[str, System]:
    """The others, each with how a result is evaluated."""
    places = by_index.PLACES[: max(map(len, point.entries))]

    def sympy(differentiate: Callable[[], Any], module: ModuleType) -> System:
        def run() -> Any:
            clear_cache()
            return differentiate()

        return run, lambda found, at: module.value(name, found, point.sizes, point.values, at)

    def components() -> dict[tuple[int, ...], Any]:
        return by_index.gradient(name, point.by, point.shape, by_index.Explicit(point.sizes))

    def symbolic() -> Any:
        return by_index.derivative(name, point.by, by_index.Symbolic(), places)

    run, value = sympy(components, by_index)
    found: dict[str, System] = {
        "sympy MatrixSymbol": sympy(lambda: by_matrix.derivative(name), by_matrix),
        "sympy Indexed": sympy(symbolic, by_index),
        "sympy components": (run, lambda made, at: value(made[at], at)),
    }
    if edges is not None:
        found["tensorgrad"] = (
            lambda: edges.derivative(name),
            lambda made, at: edges.value(name, made, point.sizes, point.values, at),
        )
    return found
