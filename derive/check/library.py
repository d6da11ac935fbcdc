"""What the library asks of a model beside its file: one claim, one derivative, its value."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from numbers import Real
from typing import Any

import numpy as np

from derive.calculus.partials import NotDifferentiable
from derive.check import answers
from derive.check.backwards import recurrences
from derive.check.budget import deadline_in
from derive.check.engine import Engine
from derive.check.judge import Judge
from derive.check.outcome import Settings
from derive.check.statements import check_judgement
from derive.check.verdict import Erroneous, Verdict
from derive.diagnostics.diagnostic import DeriveError, Diagnostic, Severity
from derive.diagnostics.span import Source, Span
from derive.diagnostics.suggest import nearest
from derive.evaluate.arithmetic import FLOAT
from derive.evaluate.number import Array, EvaluationError
from derive.evaluate.point import Point
from derive.evaluate.run import Evaluator
from derive.model.dim import Dim
from derive.model.elaborate import elaborate_claim
from derive.model.model import Model
from derive.model.scalar import Axis, Derivative, Index, IndexVariable, Tensor
from derive.syntax.parse import parse_claim

_SECONDS = 10.0
_LETTERS = "ijklmnopq"


def claim(model: Model, text: str, settings: Settings) -> Verdict:
    """The verdict on a claim. Raises DeriveError where it is in error."""
    found = parse_claim(Source("<claim>", text))
    if isinstance(found, Diagnostic):
        raise DeriveError((found,))
    judgement = elaborate_claim(model, found)
    verdict = check_judgement(Judge(model, settings), judgement).verdict
    if isinstance(verdict, Erroneous):
        raise DeriveError((verdict.problem,))
    return verdict


@dataclass(frozen=True)
class Answer:
    """A derivative of one name by another, entry by entry."""

    model: Model
    engine: Engine
    node: Derivative
    tensor: Tensor
    names: tuple[str, str]

    @property
    def text(self) -> str:
        """In the language: without indices, or else an entry of it."""
        return self.found.text

    @cached_property
    def found(self) -> answers.Answer:
        """The closed form."""
        return self.engine.answer(self.node, self.tensor, deadline_in(_SECONDS))

    @cached_property
    def recurrences(self) -> tuple[str, ...]:
        """The recurrences on which it rests, a line for each piece."""
        return recurrences(self.engine.closing, self.node.of, self.found.tensor.body)

    @property
    def sympy(self) -> Any:
        """As a SymPy expression. Raises DeriveError where there is none."""
        from derive.oracle import operations, symbolic  # SymPy is slow to load

        try:
            return symbolic.expression(self.found.tensor.body)
        except operations.NotExpressible as reason:
            raise _error("not-expressible", str(reason), self.title) from None

    @property
    def title(self) -> str:
        """`dL/dz`."""
        of, by = self.names
        return f"d{of}/d{by}"

    def error(self, code: str, message: str) -> DeriveError:
        """An error that speaks of this derivative."""
        return _error(code, message, self.title)

    def value(self, arrays: Mapping[str, Any]) -> Array:
        """The numbers at given arrays. Raises DeriveError where one is missing or does not fit."""
        given = {name: self._numbers(name, array) for name, array in arrays.items()}
        sizes: dict[str, int] = {}
        for name, array in given.items():
            _learn(sizes, name, array, axes_of(self.model, name))
        values = {n: a for n, a in given.items() if n in self.model.symbols}
        others = {n: a for n, a in given.items() if n not in self.model.symbols}
        evaluator = Evaluator(self.model, FLOAT, self.engine.resolve)
        try:
            point = Point(sizes, values)
            return evaluator.tensor(
                self.found.tensor.indices, self.found.tensor.body, point, others
            )
        except EvaluationError as error:
            raise _error("no-value", str(error), self.title) from None

    def _numbers(self, name: str, array: Any) -> Array:
        """An array of real numbers. Raises DeriveError."""
        axes = axes_of(self.model, name)
        shape = (
            f"of shape [{', '.join(str(axis.size) for axis in axes)}]" if axes else "without axes"
        )
        try:
            found = np.asarray(array)
            if found.dtype.kind in "biuf" or (found.dtype == object and _all_real(found)):
                return found.astype(np.float64)
            problem = f"this holds values of type {found.dtype}"
        except (TypeError, ValueError) as error:
            problem = str(error)
        message = f"`{name}` is an array of real numbers {shape}: {problem}"
        raise _error("shape-mismatch", message, name)


def _all_real(values: Array) -> bool:
    return all(isinstance(value, Real) for value in values.flat)


def answer(model: Model, of: str, by: str) -> Answer:
    """The derivative d of / d by. Raises DeriveError where there is none."""
    left = _variables(model, of, _LETTERS)
    right = _variables(model, by, _LETTERS[len(left) :])
    node = Derivative(of, tuple(map(Index.of, left)), by, tuple(map(Index.of, right)))
    engine = Engine(model)
    try:
        engine.calculus.gradient(of, by)
    except NotDifferentiable as problem:
        raise _error("not-differentiable", str(problem), f"d{of}/d{by}") from None
    return Answer(model, engine, node, Tensor((*left, *right), node), (of, by))


def axes_of(model: Model, name: str) -> tuple[Axis, ...]:
    """The axes of a name. Raises DeriveError for an unknown one."""
    if name in model.symbols:
        return model.symbols[name].axes
    if name in model.definitions:
        return tuple(variable.axis for variable in model.definitions[name].indices)
    known = [*model.symbols, *(n for n, d in model.definitions.items() if not d.hidden)]
    near = nearest(name, known)
    helps = (f"did you mean `{near}`?",) if near else ()
    listed = ", ".join(known) or "none"
    raise _error("unknown-name", f"nothing is named `{name}`", name, (f"names: {listed}",), helps)


def _variables(model: Model, name: str, letters: str) -> tuple[IndexVariable, ...]:
    axes = axes_of(model, name)
    return tuple(IndexVariable(letters[k % len(letters)], axis) for k, axis in enumerate(axes))


def _learn(sizes: dict[str, int], name: str, array: Array, axes: tuple[Axis, ...]) -> None:
    """The sizes that an array's shape tells. Raises DeriveError where it does not fit."""
    shape = array.shape
    wrong = f"`{name}` has {len(axes)} axes, the array has {len(shape)}"
    if len(shape) != len(axes):
        raise _error("shape-mismatch", wrong, name)
    for size, axis in zip(shape, axes, strict=True):
        if not size:
            raise _error("shape-mismatch", f"an axis of `{name}` has no entries", name)
        known = {key: Dim.of(value) for key, value in sizes.items()}
        rest = axis.size.substitute(known)
        if rest.constant is None and len(rest.terms) <= 2 and len(rest.names) == 1:
            (dim,) = rest.names
            terms = dict(rest.terms)
            factor, constant = terms.get((dim,), 0), terms.get((), 0)
            if factor and (size - constant) % factor == 0:
                sizes[dim] = (size - constant) // factor
        elif rest.constant is not None and rest.constant != size:
            message = f"an axis of `{name}` has {size} entries where {rest.constant} are needed"
            raise _error("shape-mismatch", message, name)


def _error(
    code: str,
    message: str,
    text: str,
    notes: tuple[str, ...] = (),
    helps: tuple[str, ...] = (),
) -> DeriveError:
    span = Span(Source("<call>", text), 0, len(text))
    return DeriveError((Diagnostic(Severity.ERROR, code, message, span, notes=notes, helps=helps),))
