"""The library: a model from a file or a text, its verdicts, its gradients."""

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from derive.calculus.trees import name, quotient
from derive.check.files import model_of
from derive.check.outcome import FileOutcome, Outcome, Settings
from derive.check.verdict import Verdict
from derive.compile.node import NotCompiled
from derive.compile.one_line import identifier, matrix_source
from derive.diagnostics.diagnostic import DeriveError, Diagnostic, Severity
from derive.diagnostics.span import Source, Span
from derive.model.model import Model as Elaborated
from derive.report import document, terminal
from derive.report.describe import describe
from derive.report.formula_latex import latex
from derive.report.solution.notation import Notation
from derive.syntax.read import read_source

if TYPE_CHECKING:
    from derive.check.library import Answer
    from derive.compile.compiled import Compiled
    from derive.report.solution.solution import Solution

__all__ = ["DeriveError", "Gradient", "Model", "Report", "Verdict", "load", "parse"]


def load(path: str | Path) -> "Model":
    """The model of a file. Raises DeriveError where it cannot be read.

    What is wrong in it is in `errors`; the statements that do not depend on that are still judged.
    """
    source = read_source(path)
    if not isinstance(source, Source):
        raise DeriveError((source,))
    return Model(model_of(source, Path(path)), source)


def parse(text: str, *, name: str = "<text>") -> "Model":
    r"""The model of a text.

    >>> model = parse("dims n\ninput x[n]\nloss L = sum(x^2)")
    >>> model.names
    ('x', 'L')
    >>> model.claim("dL/dx = 2*x")
    Proved(facts=(), conditions=(), trail=())
    >>> model.gradient("L", "x")(x=[1, -2])
    array([ 2., -4.])
    """
    if not isinstance(text, str):
        problem = f"a model is text, and this is a value of type {type(text).__name__}"
        span = Span(Source(name, ""), 0, 0)
        raise DeriveError((Diagnostic(Severity.ERROR, "not-text", problem, span),))
    source = Source(name, text)
    return Model(model_of(source, None), source)


@dataclass(frozen=True, slots=True, repr=False)
class Report(document.Report):
    """What was judged: `ok`, `statements`, `failed`; printed as on the command line."""

    def __repr__(self) -> str:
        return f"<derive.Report {terminal.summary(self)}>"

    def __str__(self) -> str:
        return terminal.render(self)

    def _repr_html_(self) -> str:
        return f"<pre>{escape(str(self))}</pre>"


class Model:
    """What a file says: its names, its statements, and what follows from them."""

    def __init__(self, elaborated: Elaborated, source: Source) -> None:
        self.elaborated = elaborated
        self.source = source

    def __repr__(self) -> str:
        count = len(self.errors)
        wrong = f"; {count} error{'s'[: count != 1]}" if count else ""
        return f"<derive.Model {self.source.name}: {', '.join(self.names)}{wrong}>"

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """What is wrong in the text."""
        return tuple(d for d in self.elaborated.errors if d.severity is Severity.ERROR)

    @property
    def names(self) -> tuple[str, ...]:
        """The declared and defined names."""
        shown = (n for n, d in self.elaborated.definitions.items() if not d.hidden)
        declared = (name for name, symbol in self.elaborated.symbols.items() if not symbol.hidden)
        return (*declared, *shown)

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
        from derive.check import library  # likewise

        return library.claim(self.elaborated, text, Settings(timeout=timeout, seed=seed))

    def gradient(self, of: str, wrt: str) -> "Gradient":
        """The derivative of one name with respect to another, in closed form.

        Raises: DeriveError for an unknown name, or where there is no derivative.
        """
        from derive.check import library  # likewise

        return Gradient(library.answer(self.elaborated, of, wrt))

    def solution(
        self, of: str | None = None, wrt: str | Sequence[str] = (), *, detail: str = "normal"
    ) -> "Solution":
        """The worked solution: of one loss, or of all; by names, or by every param.

        Raises: DeriveError for an unknown name, or where the text has errors.
        """
        from derive.report.solution.solution import solution  # likewise

        if self.errors:
            raise DeriveError(self.errors)
        losses = () if of is None else (of,)
        names = (wrt,) if isinstance(wrt, str) else tuple(wrt)
        judges = of is None
        return solution(self.elaborated, self.source, Settings(), losses, names, detail, judges)

    def _repr_html_(self) -> str:
        return f"<pre>{escape(self.describe())}</pre>"

    def compile(self, of: str, wrt: Sequence[str] = (), *, check: bool = True) -> "Compiled":
        r"""A function from arrays, by name, to the value of `of` and its gradients.

        With `check` off, arrays are trusted to have the declared properties.

        >>> model = parse("dims n\ninput x[n]\nloss L = sum(x^2)")
        >>> value, gradients = model.compile("L", wrt=["x"])(x=[1.0, -2.0])
        >>> float(value), gradients["x"].tolist()
        (5.0, [2.0, -4.0])

        Raises: DeriveError for an unknown name, or where there is no array code for something.
        """
        from derive.compile.request import compile_model  # NumPy is slow to load

        return compile_model(self.elaborated, of, wrt, check)

    def export(self, to: str, *, of: Sequence[str] = (), wrt: Sequence[str] = ()) -> str:
        """The losses and their gradients as a module for `numpy`, `torch`, `jax` or `sympy`.

        Raises: DeriveError where there is no loss, or no code for something.
        """
        from derive.compile.export import exported  # likewise

        return exported(self.elaborated, to, of, wrt)

    def describe(self) -> str:
        """The names with their shapes, and what is assumed."""
        return describe(self.elaborated)


@dataclass(frozen=True, repr=False)
class Gradient:
    """A derivative in closed form; call it with arrays for its value."""

    answer: "Answer"

    def __repr__(self) -> str:
        of, by = self.answer.names
        return f"<derive.Gradient d{of}/d{by} = {self.text}>"

    def __str__(self) -> str:
        return self.text

    def _repr_latex_(self) -> str:
        of, by = self.answer.names
        title = latex(Notation(self.answer.model).formula(quotient(name(of), name(by))))
        return f"${title} = {self.latex}$"

    @property
    def text(self) -> str:
        """In the language."""
        return self.answer.text

    @property
    def recurrences(self) -> tuple[str, ...]:
        """The recurrences that stand in it, each piece a line: derivatives by names of a loop."""
        return self.answer.recurrences

    @property
    def latex(self) -> str:
        """In LaTeX."""
        answer = self.answer
        expression = answer.found.expression or answer.found.entry
        assert expression is not None, "an answer is written as a whole or by its entry"
        return latex(Notation(answer.model).formula(expression))

    @property
    def numpy(self) -> str:
        """As Python source that uses NumPy."""
        answer = self.answer
        of, by = answer.names
        from derive.compile.closed_form import closed_source  # NumPy is slow to load

        name, comment = identifier(f"d{of}_d{by}"), f"{answer.title} = {self}"
        if answer.found.expression is not None:
            with suppress(NotCompiled):
                return matrix_source(answer.model, name, answer.found.expression, comment)
        try:
            return closed_source(answer.model, name, answer.found.tensor, comment)
        except NotCompiled as found:
            message = f"there is no array code for {found.reason}"
            raise answer.error("not-expressible", message) from None

    @property
    def sympy(self) -> Any:
        """As a SymPy expression."""
        return self.answer.sympy

    def __call__(self, **arrays: Any) -> Any:
        """The value, as a NumPy array, with these values for the names that it depends on."""
        return self.answer.value(arrays)
