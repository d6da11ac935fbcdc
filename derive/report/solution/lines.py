"""Lines of a derivation, each proved equal to the one before it."""

from contextlib import suppress
from dataclasses import dataclass, field

from derive.calculus import trees
from derive.check.budget import deadline_in
from derive.check.engine import Engine
from derive.model.elaborate import elaborator
from derive.model.judged import judge_derivation
from derive.model.model import Relation
from derive.proof.closed_form import limited
from derive.proof.outcome import Proved
from derive.report.solution.alike import alike
from derive.syntax import tree
from derive.syntax.show import is_quotient
from derive.syntax.tree import Expression

SECONDS = 20.0
STEPS = 40_000
"""Of algebra, for the proof of a line."""


@dataclass(frozen=True, slots=True)
class Line:
    """`= value`, with its reason in words and the facts that the proof of it used.

    `whole` says that it speaks of the tensor, not of an entry; `weight` is 1 for what every reader
    needs, 2 for what a teacher writes, 3 for what only the full detail shows.
    """

    value: Expression
    reason: str
    facts: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    whole: bool = False
    weight: int = 2


@dataclass(slots=True)
class Lines:
    """A head, and the lines that were proved so far."""

    engine: Engine
    head: Expression
    indices: tuple[Expression, ...] = ()
    domain: tree.Domain | None = None
    lines: list[Line] = field(default_factory=list)

    @property
    def last(self) -> Expression:
        """What the next line has to equal."""
        if not self.lines:
            return self.head
        line = self.lines[-1]
        return self.entry(line.value) if line.whole else line.value

    def entry(self, value: Expression) -> Expression:
        """The entry of a tensor at the indices of the head."""
        if is_quotient(value):
            return trees.at(value, self.indices)
        return trees.subscript(value, *self.indices)

    def add(self, value: Expression, reason: str, whole: bool = False, weight: int = 2) -> bool:
        """Add a line if it is proved and says something new."""
        entry = self.entry(value) if whole else value
        if alike(value, self.head) or alike(value, self.last):
            return False
        proof = self.proof(self.last, entry)
        if proof is None and self.lines:
            proof = self.proof(self.head, entry)  # the line before equals the head, too
        if proof is None:
            return False
        line = Line(value, reason, proof.facts, proof.conditions, whole, weight)
        self.lines.append(line)
        return True

    def proof(self, left: Expression, right: Expression) -> Proved | None:
        """The proof that two expressions are equal at all places; None where there is none."""
        relation = self.relation(left, right)
        if relation is None:
            return None
        with suppress(RecursionError), limited(self.engine.calculus, STEPS):
            proof = self.engine.prove(relation, (), deadline_in(SECONDS))
            return proof if isinstance(proof, Proved) else None
        return None

    def relation(self, left: Expression, right: Expression) -> Relation | None:
        """One line after another, as those of a derivation are read."""
        step = tree.Step(trees.NOWHERE, right, None)
        steps = tree.Derivation(trees.NOWHERE, left, (step,), None, self.domain)
        (judgement,) = judge_derivation(elaborator(self.engine.model), steps)
        return judgement.relation
