"""The exact side of a judge: calculus and proof of one model, stopped when their time is over."""

import time
from collections.abc import Callable, Hashable
from math import inf

from derive.calculus.engine import Calculus
from derive.check import answers
from derive.check.budget import remaining
from derive.model.model import Convexity, Model, Relation
from derive.model.scalar import Derivative, Scalar, Tensor
from derive.model.traverse import skeleton
from derive.proof import convexity as convexities
from derive.proof import equal, outcome
from derive.proof.closed_form import Closing

_SELDOM = 32
TIMED_OUT = outcome.NotShown("timed out")


class DeadlineOver(Exception):
    """The time for a proof or a derivative is over."""


class Engine:
    """Derivatives and proofs of one model."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.deadline = inf
        self._ticks = 0
        self.calculus = Calculus(model, self._tick)
        self.prover = equal.Prover(self.calculus)
        self.closing = Closing(self.prover)
        self._resolved: dict[Scalar, Scalar] = {}
        self._answers: dict[Hashable, answers.Answer | None] = {}

    def _tick(self) -> None:
        self._ticks += 1  # asking for the processor's time takes longer than many a step
        if self._ticks % _SELDOM == 0 and time.process_time() > self.deadline:
            raise DeadlineOver

    def resolve(self, scalar: Scalar) -> Scalar:
        """An equal scalar without derivatives."""
        found = self._resolved.get(scalar)
        if found is None:
            found = self._resolved[scalar] = self.calculus.resolve(scalar)
        return found

    def prove(
        self,
        relation: Relation,
        at: tuple[tuple[str, Tensor], ...],
        deadline: float,
        plausible: frozenset[equal.Fact] | None = None,
    ) -> outcome.Proof:
        """What an exact argument gives within the time; only with these facts, if given."""
        return self._within(deadline, lambda: self.prover.prove(relation, at, plausible))

    def prove_convex(self, convexity: Convexity, deadline: float) -> outcome.Proof:
        """What an exact argument gives for a function to be convex."""
        return self._within(deadline, lambda: convexities.prove(self.prover, convexity))

    def _within(self, deadline: float, way: Callable[[], outcome.Proof]) -> outcome.Proof:
        """What one way of proving gives, if it is done in time."""
        if remaining(deadline) <= 0:
            return TIMED_OUT
        before, self.deadline = self.deadline, deadline
        try:
            return way()
        except DeadlineOver:
            return TIMED_OUT
        finally:
            self.deadline = before

    def answer(self, node: Derivative, tensor: Tensor, deadline: float) -> answers.Answer:
        """A whole derivative in closed form. Raises DeadlineOver."""
        key = skeleton(tensor), tuple(variable.name for variable in tensor.indices)
        if key not in self._answers:
            self._answers[key] = None  # what took too long once is not tried again
            self._answers[key] = self._answer(node, tensor, deadline)
        found = self._answers[key]
        if found is None:
            raise DeadlineOver
        return found

    def _answer(self, node: Derivative, tensor: Tensor, deadline: float) -> answers.Answer:
        before, self.deadline = self.deadline, deadline
        try:
            return answers.whole(self.closing, node, tensor)
        finally:
            self.deadline = before
