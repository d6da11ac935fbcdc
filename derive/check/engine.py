"""The exact side of a judge: calculus and proof of one model, stopped when their time is over."""

import time
from math import inf

from derive.calculus.engine import Calculus
from derive.calculus.notation import text_of
from derive.check.answers import Answers
from derive.check.budget import remaining
from derive.model.model import Model, Relation
from derive.model.scalar import Scalar, Tensor
from derive.proof import equal

TIMED_OUT = equal.NotShown("timed out")


class DeadlineOver(Exception):
    """The time for a proof or a derivative is over."""


class Engine:
    """Derivatives and proofs of one model."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.deadline = inf
        self.calculus = Calculus(model, self._tick)
        self.prover = equal.Prover(self.calculus)
        self._resolved: dict[Scalar, Scalar] = {}

    def _tick(self) -> None:
        if time.monotonic() > self.deadline:
            raise DeadlineOver

    def resolve(self, scalar: Scalar) -> Scalar:
        """An equal scalar without derivatives."""
        found = self._resolved.get(scalar)
        if found is None:
            found = self._resolved[scalar] = self.calculus.resolve(scalar)
        return found

    def prove(
        self, relation: Relation, at: tuple[tuple[str, Tensor], ...], deadline: float
    ) -> equal.Proof:
        """What an exact argument gives within the time."""
        if remaining(deadline) <= 0:
            return TIMED_OUT
        before, self.deadline = self.deadline, deadline
        try:
            return self.prover.prove(relation, at)
        except DeadlineOver:
            return TIMED_OUT
        finally:
            self.deadline = before

    def text(self, scalar: Scalar) -> str:
        """A scalar in the language, by index, without derivatives."""
        return text_of(self.closed_form(scalar))

    def closed_form(self, scalar: Scalar) -> Scalar:
        """An equal scalar without derivatives, as people write it."""
        return Answers(self).closed_form(scalar)
