"""The exact side of a judge: calculus and proof of one model, stopped when their time is over."""

import time
from math import inf

from derive.calculus.engine import Calculus
from derive.check import answers
from derive.check.budget import remaining
from derive.model.model import Model, Relation
from derive.model.scalar import Derivative, Scalar, Tensor
from derive.proof import equal, outcome
from derive.proof.closed_form import Closing

TIMED_OUT = outcome.NotShown("timed out")


class DeadlineOver(Exception):
    """The time for a proof or a derivative is over."""


class Engine:
    """Derivatives and proofs of one model."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.deadline = inf
        self.calculus = Calculus(model, self._tick)
        self.prover = equal.Prover(self.calculus)
        self.closing = Closing(self.prover)
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
    ) -> outcome.Proof:
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

    def answer(self, node: Derivative, tensor: Tensor, deadline: float) -> answers.Answer:
        """A whole derivative in closed form. Raises DeadlineOver."""
        before, self.deadline = self.deadline, deadline
        try:
            return answers.whole(self.closing, node, tensor)
        finally:
            self.deadline = before
