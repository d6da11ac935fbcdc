"""The library: a model from a file or a text, its verdicts, its gradients."""

import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from derive.check import library
from derive.check.files import model_of
from derive.check.outcome import FileOutcome, Outcome, Settings
from derive.check.verdict import Verdict
from derive.diagnostics.diagnostic import DeriveError, Severity
from derive.diagnostics.span import Source
from derive.model.model import Model as Elaborated
from derive.report.describe import describe
from derive.report.document import Report
from derive.syntax.read import read_source

__all__ = ["DeriveError", "Gradient", "Model", "Report", "Verdict", "load", "parse"]


def load(path: str | Path, *, strict: bool = True) -> "Model":
    """The model of a file.

    Raises: DeriveError where it cannot be read, and, if `strict`, where it has errors.
    """
    source = read_source(path)
    if not isinstance(source, Source):
        raise DeriveError((source,))
    return _model(source, Path(path), strict)


def parse(text: str, *, name: str = "<text>", strict: bool = True) -> "Model":
    """The model of a text.

    >>> parse("dims n; input x[n]".replace(";", chr(10))).names
    ('x',)

    Raises: DeriveError, if `strict`, where the text has errors.
    """
    return _model(Source(name, text), None, strict)


def _model(source: Source, path: Path | None, strict: bool) -> "Model":
    found = model_of(source, path)
    faults = tuple(d for d in found.errors if d.severity is Severity.ERROR)
    if strict and faults:
        raise DeriveError(faults)
    return Model(found, source)


class Model:
    """What a file says: its names, its statements, and what follows from them."""

    def __init__(self, elaborated: Elaborated, source: Source) -> None:
        self.elaborated = elaborated
        self.source = source

    def __repr__(self) -> str:
        return f"<derive.Model {self.source.name}: {', '.join(self.names)}>"

    @property
    def names(self) -> tuple[str, ...]:
        """The declared and defined names."""
        shown = (n for n, d in self.elaborated.definitions.items() if not d.hidden)
        return (*self.elaborated.symbols, *shown)

    def check(
        self,
        *,
        timeout: float = 10.0,
        seed: int = 0,
        oracle: bool = False,
        strict: bool = False,
    ) -> Report:
        """Judge every statement."""
        from derive.check.statements import check_model  # NumPy and SymPy, which are slow to load

        start = time.perf_counter()
        settings = Settings(timeout=timeout, seed=seed, oracle=oracle, strict=strict)
        outcomes: tuple[Outcome, ...] = tuple(check_model(self.elaborated, settings))
        file = FileOutcome(self.source.name, outcomes, tuple(self.elaborated.errors))
        return Report((file,), time.perf_counter() - start, strict)

    def claim(self, text: str, *, timeout: float = 10.0, seed: int = 0) -> Verdict:
        """The verdict on a claim about this model, such as `dL/dz = p - y`.

        Raises: DeriveError where the claim cannot be read.
        """
        return library.claim(self.elaborated, text, Settings(timeout=timeout, seed=seed))

    def gradient(self, of: str, by: str) -> "Gradient":
        """The derivative of one name with respect to another, in closed form.

        Raises: DeriveError for an unknown name, or where there is no derivative.
        """
        return Gradient(self.elaborated, of, by)

    def describe(self) -> str:
        """The names with their shapes, and what is assumed."""
        return describe(self.elaborated)


@dataclass(frozen=True)
class Gradient:
    """A derivative in closed form; call it with arrays for its value."""

    elaborated: Elaborated
    of: str
    by: str

    @cached_property
    def _answer(self) -> library.Answer:
        return library.answer(self.elaborated, self.of, self.by)

    def __post_init__(self) -> None:
        library.differentiable(self.elaborated, self.of, self.by)

    def __str__(self) -> str:
        return self.text

    @property
    def text(self) -> str:
        """In the language."""
        return self._answer.text

    @property
    def latex(self) -> str:
        """In LaTeX."""
        return self._answer.latex

    @property
    def numpy(self) -> str:
        """As Python source that uses NumPy."""
        return self._answer.numpy

    @property
    def sympy(self) -> Any:
        """As a SymPy expression."""
        return self._answer.sympy

    def __call__(self, **arrays: Any) -> Any:
        """The value, as a NumPy array, with these values for the declared tensors."""
        return self._answer.value(arrays)
