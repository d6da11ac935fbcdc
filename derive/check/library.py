"""What the library asks of a model beside its file: one claim, one derivative, its value."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from derive.calculus.partials import NotDifferentiable
from derive.calculus.products import NotExact
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
from derive.evaluate.given import Given, broken, is_broken
from derive.evaluate.names import names_in
from derive.evaluate.number import Array, EvaluationError
from derive.evaluate.point import Point
from derive.evaluate.relation import sides
from derive.evaluate.run import Evaluator
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
        body = self.engine.resolve(self.found.tensor.body)
        return recurrences(self.engine.closing, self.node.of, body)

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
        names = [name for name in arrays if name not in self.model.dims]
        for name in names:
            axes_of(self.model, name)
        given = Given(self.model, names, [name for name in arrays if name in self.model.dims])
        read = [array.astype(np.float64, copy=False) for array in given.read(arrays)]
        given.obey(read)
        tensors = dict(zip(names, read, strict=True))
        values = {n: a for n, a in tensors.items() if n in self.model.symbols}
        others = {n: a for n, a in tensors.items() if n not in self.model.symbols}
        evaluator = Evaluator(self.model, FLOAT, self.engine.resolve)
        point = Point(given.sizes, values)
        self._assumed(evaluator, point, others)
        try:
            tensor = self.found.tensor
            found = evaluator.tensor(tensor.indices, tensor.body, point, others)
        except EvaluationError as error:
            given.numbers(read)  # which explains why
            raise _error("no-value", str(error), self.title) from None
        if not np.isfinite(found).all():
            given.numbers(read)
        return found

    def _assumed(self, evaluator: Evaluator, point: Point, others: Mapping[str, Array]) -> None:
        """Raises DeriveError where the numbers break an assumption that they are enough for."""
        for assumption in self.model.assumptions:
            relation = assumption.relation
            names = names_in(relation.left) | names_in(relation.right)
            names = names.union(*map(names_in, relation.conditions))
            try:
                with np.errstate(all="ignore"):
                    both = sides(evaluator.at(point, others), relation)
                    gaps = both.gaps().astype(np.float64)
                    wrong = is_broken(relation.op, gaps)
            except EvaluationError:
                continue
            if wrong.any():
                raise broken(assumption, sorted(names & {*point.values, *others}))


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
    except NotExact as problem:
        raise _error("not-expressible", str(problem), f"d{of}/d{by}") from None
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


def _error(
    code: str,
    message: str,
    text: str,
    notes: tuple[str, ...] = (),
    helps: tuple[str, ...] = (),
) -> DeriveError:
    span = Span(Source("<call>", text), 0, len(text))
    return DeriveError((Diagnostic(Severity.ERROR, code, message, span, notes=notes, helps=helps),))
