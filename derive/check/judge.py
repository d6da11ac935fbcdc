"""Every route together, to one verdict: numbers first, then proof, then more numbers.

Design. A cheap numeric test comes first, so that nothing false is ever expanded; what floats
suspect, enclosures settle. Only `derive.proof` says proved, and only disjoint enclosures refute.
Two routes that contradict each other raise `InternalDisagreement`.
"""

from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property
from itertools import chain

from derive.calculus.partials import NotDifferentiable
from derive.calculus.powers import Undefined
from derive.calculus.products import NotExact
from derive.check import hints
from derive.check.budget import deadline_in, remaining
from derive.check.cases import judge_case
from derive.check.confirm import Confirmation
from derive.check.engine import TIMED_OUT, DeadlineOver, Engine
from derive.check.evidence import Evidence
from derive.check.hunting import Hunt
from derive.check.limits import Limits
from derive.check.missing import Missing
from derive.check.numbers import (
    ENOUGH,
    PRECISIONS,
    STRICT,
    InternalDisagreement,
    Numbers,
    Violation,
)
from derive.check.opinion import SecondOpinion
from derive.check.outcome import Settings
from derive.check.points import Points
from derive.check.verdict import (
    Erroneous,
    HoldsNumerically,
    Proved,
    ProvedFor,
    ProvedIf,
    Refuted,
    Undecided,
    Verdict,
)
from derive.diagnostics.diagnostic import Diagnostic, Severity
from derive.evaluate.arithmetic import FLOAT
from derive.evaluate.names import uses_of
from derive.evaluate.number import EvaluationError
from derive.evaluate.point import Point
from derive.model.model import Judgement, Model, Relation
from derive.model.scalar import Axis, Tensor
from derive.proof import outcome
from derive.proof.equal import Fact

FIRST = 3
MORE = 16
NO_VALUES = "no test point has a value on both sides"
_MOMENT = 0.2  # seconds, in which a proof of what was refuted would be a defect of derive


class Judge:
    """Judges the statements of one model."""

    def __init__(self, model: Model, settings: Settings) -> None:
        self.model = model
        self.settings = settings
        self.engine = Engine(model)
        self.points = Points(model, self.engine.resolve, settings.seed)
        limits = Limits(model, lambda: next(self.points.some(0, 1), None))
        self.numbers = Numbers(model, self.engine.resolve, limits)
        self.missing = Missing(self)
        self.confirmation = Confirmation(model, self.points, self.numbers)
        self.opinion = SecondOpinion(model, settings.seed)

    @cached_property
    def uses(self) -> dict[str, frozenset[str]]:
        """For each defined name, all that its value depends on."""
        return uses_of(self.model)

    def axes(self, name: str) -> tuple[Axis, ...]:
        """The axes of a declared or defined name."""
        if name in self.model.symbols:
            return self.model.symbols[name].axes
        return tuple(variable.axis for variable in self.model.definitions[name].indices)

    def depends(self, name: str, other: str) -> bool:
        """Whether the value of a name moves with another."""
        return other in self.uses.get(name, frozenset())

    def prove(
        self,
        relation: Relation,
        at: tuple[tuple[str, Tensor], ...],
        deadline: float,
        plausible: frozenset[Fact] | None = None,
    ) -> Proved | ProvedFor | ProvedIf | outcome.NotShown:
        """What an exact argument gives within the time; only with these facts, if given."""
        return _as_verdict(self.engine.prove(relation, at, deadline, plausible))

    def argue(
        self, judgement: Judgement, relation: Relation, deadline: float
    ) -> Proved | ProvedFor | ProvedIf | outcome.NotShown:
        """What an exact argument gives for a claim: a relation, or that something is convex."""
        if judgement.convexity is None:
            found = self.prove(relation, judgement.at, deadline)
            if isinstance(found, Proved) and not judgement.at and not found.conditions:
                self.engine.prover.recurrent.learn(relation, judgement.text)
            return found
        if judgement.at:
            return outcome.NotShown("whether it is convex is not asked at one point")
        return _as_verdict(self.engine.prove_convex(judgement.convexity, deadline))

    def verdict(self, judgement: Judgement, deadline: float) -> Verdict:
        """What is to be said of a statement. Raises InternalDisagreement, OutOfTime."""
        if judgement.problem is not None:
            return _of_problem(judgement.problem)
        assert judgement.relation is not None, "a judgement without a problem has a relation"
        try:
            if _of_values(judgement):
                return judge_case(self, judgement, deadline)
            return self.judge_claim(judgement, judgement.relation, deadline)
        except NotDifferentiable as problem:
            return Erroneous(_not_differentiable(judgement, problem))
        except Undefined as problem:
            return Undecided(f"{problem}: it has a value nowhere", "no-sample")
        except NotExact as problem:
            return Undecided(problem.reason, "not-shown")
        except DeadlineOver:
            return Undecided("timed out", "timed-out")

    def second_opinion(self, judgement: Judgement, verdict: Verdict) -> bool:
        """Whether SymPy was asked and agrees. Raises InternalDisagreement."""
        point = self.points.of_case(judgement) if _of_values(judgement) else None
        if isinstance(point, Diagnostic):
            return False
        return self.opinion.agrees(judgement, verdict, point)

    # --- claims ----------------------------------------------------------------------------------

    def judge_claim(self, judgement: Judgement, relation: Relation, deadline: float) -> Verdict:
        """Numbers, proof, more numbers."""
        found = self.search(judgement, relation, 0, FIRST)
        if found is None and judgement.kind == "refute":
            found = self.search(judgement, relation, FIRST, MORE) or self.violation(
                judgement, relation, self.points.special()
            )
        if found is not None:
            return self.refuted(judgement, relation, found, deadline)
        self.confirmation.of(relation)
        verdict = self.argue(judgement, relation, deadline)
        if isinstance(verdict, outcome.NotShown):
            if verdict is TIMED_OUT:
                return Undecided("timed out", "timed-out")
            return self.not_shown(judgement, relation, verdict.reason, deadline)
        if isinstance(verdict, ProvedIf):
            found = self.search(judgement, relation, FIRST, MORE)
            if found is not None and judgement.kind == "refute":
                return self.refuted(judgement, relation, found, deadline)
            if found is not None:
                shown = Evidence(self, judgement, relation).counterexample(found, deadline)
                return replace(verdict, counterexample=shown)
        if isinstance(verdict, ProvedFor):
            found = self.violation(judgement, relation, self.points.longer())
            if found is not None:
                return self.refuted(judgement, relation, found, deadline)
        if isinstance(verdict, Proved) and self.is_empty(judgement, relation):
            return Undecided(NO_VALUES, "no-sample")
        return verdict

    def is_empty(self, judgement: Judgement, relation: Relation) -> bool:
        """None of the points drawn gives both sides a value, though it is about some of them."""
        tried = False
        for point in chain(self.points.some(0, MORE), self.points.special()):
            try:
                sides = self.numbers.sides(relation, point, FLOAT, judgement.at, given=True)
            except EvaluationError:
                return False
            if sides.where.any():
                return False
            tried = tried or bool(sides.applies.any())
        return tried

    def search(
        self, judgement: Judgement, relation: Relation, first: int, last: int
    ) -> Violation | None:
        """A violation at one of the points from number `first` up to `last`."""
        return self.violation(judgement, relation, self.points.some(first, last))

    def violation(
        self, judgement: Judgement, relation: Relation, points: Iterable[Point]
    ) -> Violation | None:
        """A violation at one of these points."""
        for point in points:
            try:
                found = self.numbers.violation(relation, point, judgement.at)
            except EvaluationError:
                continue
            if found is not None:
                return found
        return None

    def not_shown(
        self, judgement: Judgement, relation: Relation, reason: str, deadline: float
    ) -> Verdict:
        """Agreement at many points, a late counterexample, or neither."""
        if remaining(deadline) <= 0:
            return Undecided("timed out", "timed-out")
        evidence, hunt = Evidence(self, judgement, relation), Hunt(self, judgement, relation)
        found = hunt.violation(evidence.names, deadline) or self.violation(
            judgement, relation, self.points.longer()
        )
        if found is not None:
            return self.refuted(judgement, relation, found, deadline)
        agreed: list[int] = []
        complaint: str | None = None
        for point in self.points.some(0, MORE):
            try:
                found = self.numbers.certified(relation, point, judgement.at, PRECISIONS[-1:])
                if found is not None:
                    return self.refuted(judgement, relation, found, deadline)
                digits = self.numbers.digits(relation, point, judgement.at)
            except EvaluationError as error:
                complaint = str(error)
                continue
            if digits is None:
                continue
            agreed.append(digits)
            if digits < ENOUGH:
                found = hunt.proved_equal(point, deadline) if relation.op in STRICT else None
                if found is not None:
                    return self.refuted(judgement, relation, found, deadline)
                where = evidence.at(point)
                return Undecided(f"the sides may be equal, as at {where}", "too-close")
        if agreed:
            return HoldsNumerically(len(agreed), min(agreed))
        if complaint is not None and not agreed:
            return Undecided(complaint, "no-value")
        if self.points.problem is not None:
            return Undecided(self.points.problem.reason, "no-sample")
        if not agreed:
            return Undecided(NO_VALUES, "no-sample")
        return Undecided(reason, "not-shown")

    def refuted(
        self, judgement: Judgement, relation: Relation, found: Violation, deadline: float
    ) -> Verdict:
        """A counterexample with what explains it; `proved if` where only a fact is missing."""
        evidence = Evidence(self, judgement, relation)
        shown = evidence.counterexample(found, deadline)
        if judgement.kind != "refute":
            facts = self.missing.plausible(judgement, relation, evidence.names)
            until = deadline if facts else min(deadline, deadline_in(_MOMENT))
            verdict = self.prove(relation, judgement.at, until, facts)
            if isinstance(verdict, ProvedIf):
                return replace(verdict, counterexample=shown)
            if isinstance(verdict, Proved) and not verdict.conditions:
                raise InternalDisagreement(f"proved, but refuted by {shown}")
        self.confirmation.of(relation)
        if judgement.kind == "refute" and not self.settings.explain:
            return Refuted("the two sides differ", shown)
        derived = evidence.derived(deadline)
        return Refuted(
            "the two sides differ", shown, derived, hints.hint(self, judgement, relation, deadline)
        )


def _as_verdict(proof: outcome.Proof) -> Proved | ProvedFor | ProvedIf | outcome.NotShown:
    """What a proof comes to, as a verdict."""
    match proof:
        case outcome.Proved(facts, conditions, trail):
            return Proved(facts, conditions, trail)
        case outcome.ProvedFor(sizes, facts, conditions, trail):
            return ProvedFor(sizes, facts, conditions, trail)
        case outcome.ProvedIf(missing, facts, conditions, trail):
            return ProvedIf(missing, facts, conditions, trail)
        case outcome.NotShown() as nothing:
            return nothing


def _of_values(judgement: Judgement) -> bool:
    """Whether values are compared: in a case, in an `expect`, and where digits are printed."""
    digits = judgement.relation is not None and judgement.relation.op == "~"
    return judgement.case is not None or judgement.kind == "expect" or digits


def _of_problem(problem: Diagnostic) -> Verdict:
    """The verdict of what kept a statement from being judged."""
    match problem.severity:
        case Severity.REFUTED:
            return Refuted(problem.message, problem=problem)
        case Severity.UNDECIDED:
            return Undecided(problem.message, problem.code, problem)
        case _:
            return Erroneous(problem)


def _not_differentiable(judgement: Judgement, problem: NotDifferentiable) -> Diagnostic:
    return Diagnostic(
        Severity.ERROR, "not-differentiable", str(problem), judgement.span, "no derivative here"
    )
