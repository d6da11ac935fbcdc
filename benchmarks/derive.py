"""Closed forms and proofs, beside SymPy on `Indexed` sums and on explicit components.

Each time is of a fresh model. `derive` finds the closed form; `derive, proof` proves the one of a
textbook. SymPy differentiates the same loss, written out by `derive export --to sympy`: raw, as
simplifying takes minutes or fails. What it gives is compared with derive's at one point. After each
time stands the length of the result in characters, as a multiple of the textbook's.
"""

import contextlib
import io
from collections.abc import Callable, Iterator
from typing import Any

import sympy

import derive
from benchmarks.derivations import DERIVATIONS, Derivation
from benchmarks.measure import Row, medians
from derive.diagnostics.diagnostic import DeriveError

INDEXED, COMPONENTS = "sympy Indexed", "sympy components"


def measured(word: str | None) -> Iterator[Row]:
    """The rows of the tasks with this word."""
    print("derive: tensorgrad is not compared")
    for name, task in DERIVATIONS.items():
        if word is None or word in name:
            yield from _task(name, task)


def _task(name: str, task: Derivation) -> Iterator[Row]:
    functions: dict[str, Callable[[], object]] = {}
    notes: dict[str, str] = {}
    statement = f"dL/d{task.by} = {task.form}"
    if task.by == "hess":
        statement = f"hess(L, z) = {task.form}"
    else:
        functions["derive"] = lambda: derive.parse(task.model).gradient("L", task.by).text
        notes["derive"] = _length(str(functions["derive"]()), task)
    functions["derive, proof"] = lambda: derive.parse(task.model).claim(statement)
    notes["derive, proof"] = type(functions["derive, proof"]()).__name__.lower()
    for system, function in _sympy(name, task).items():
        functions[system] = function
    for system in (INDEXED, COMPONENTS):
        if system in functions:
            notes[system] = _judged(task, system, functions[system]())
    times = medians(functions, 0.5)
    base = times.get(INDEXED) if notes.get(INDEXED, "").startswith("right") else None
    for system, ms in times.items():
        yield Row("derive", name, system, ms, ms / base if base else None, notes[system])


def _length(text: str, task: Derivation) -> str:
    return f"{len(text) / len(task.form):.1f} long"


def _scope(task: Derivation) -> dict[str, Any]:
    """The names of the exported module: values and gradients as functions."""
    text = derive.parse(task.model).export("sympy", of=["L"], wrt=[task.by])
    scope: dict[str, Any] = {"__name__": "benchmark"}
    with contextlib.redirect_stdout(io.StringIO()):
        exec(text, scope)
    return scope


def _sympy(name: str, task: Derivation) -> dict[str, Callable[[], object]]:
    if task.by == "hess":
        return {}
    try:
        scope = _scope(task)
    except DeriveError as error:
        print(f"{name}: SymPy is skipped: {error.diagnostics[0].message}")
        return {}
    ((value, _, tensor, shape),) = scope["GRADIENTS"]
    entry = tensor[sympy.symbols(f"a:{len(shape)}", integer=True)] if shape else tensor
    first = tensor[(1,) * len(shape)] if shape else tensor
    return {
        INDEXED: lambda: sympy.diff(value(), entry),
        COMPONENTS: lambda: sympy.diff(value().subs(scope["SIZES"]).doit(), first),
    }


def _judged(task: Derivation, system: str, found: Any) -> str:
    """Whether a result of SymPy has the value of the derivative, and its length."""
    scope = _scope(task)
    ((_, gradient, _, shape),) = scope["GRADIENTS"]
    places = dict.fromkeys(sympy.symbols(f"a:{len(shape)}", integer=True), 1)
    expected = gradient(*(1,) * len(shape)).subs(scope["SIZES"]).doit().subs(scope["VALUES"])
    got = found.subs(places).subs(scope["SIZES"]).doit().subs(scope["VALUES"])
    try:
        right = abs(complex(sympy.N(got - expected))) < 1e-9
    except TypeError:
        right = False
    return f"{'right' if right else 'wrong'}, {_length(str(found), task)}"
