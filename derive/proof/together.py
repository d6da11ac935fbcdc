"""Induction over several statements at once, and from more than one step before.

What is left of a step, when what is supposed of the step before has been put in, is often another
statement: `mu (x - theta)` for Nesterov's momentum in its two forms. It is then supposed as well,
and shown with the first. Where a recurrence reads two steps back, two of them are supposed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, product
from typing import Protocol

from derive.calculus.algebra import Algebra, Rule, TooLarge
from derive.calculus.engine import Calculus
from derive.calculus.place import Place, Var, fresh, place
from derive.calculus.products import without
from derive.calculus.term import ONE, Atom, Coefficient, Exponent, Monomial, Poly
from derive.calculus.unfolding import renewed
from derive.proof.facts import Equation
from derive.proof.multiples import primitive, rates
from derive.proof.namesakes import after_start, rules_for
from derive.proof.splitting import Splitting, all_ends, longer
from derive.proof.steps import Steps
from derive.proof.unrolling import Sequences, shifted

MOST_STATEMENTS = 4
MOST_TERMS = 16
MOST_WAYS = 6
MOST_LAGS = 3
MOST_GUESSES = 8

Known = tuple[Equation, ...]


class Prover(Protocol):
    """What is needed of an induction."""

    sequences: Sequences
    calculus: Calculus

    def algebra_of(self, known: Known, rules: tuple[Rule, ...]) -> Algebra:
        """The algebra that knows some equations."""

    def at_start(self, goal: Poly, mask: Poly, where: Place, step: int, depth: int) -> bool:
        """The goal is zero at the first place."""

    def hypotheses(
        self, goal: Poly, mask: Poly, before: Place, now: Var, step: int
    ) -> Iterator[tuple[Known, str]]:
        """The goal one step before, solved for an entry there."""


@dataclass(frozen=True, slots=True)
class Setting:
    """An induction over `time`; `now` is a place that has `lags` places before it."""

    time: Var
    step: int
    lags: int
    now: Var

    def at(self, algebra: Algebra, goal: Poly, steps: int) -> Poly:
        """The goal some steps before `now`."""
        return algebra.substitute(goal, {self.time: self.before(steps)})

    def before(self, steps: int) -> Place:
        """The place some steps before `now`."""
        return shifted(place(self.now), -self.step * steps)


class Together:
    """One induction, with what it comes to suppose."""

    def __init__(self, prover: Prover, algebra: Algebra, time: Var, step: int) -> None:
        self.prover = prover
        self.algebra = algebra
        self.time = time
        self.step = step
        self.left: list[Poly] = []

    def shows(self, goal: Poly) -> bool:
        """The goal is zero at all times."""
        if len(goal.terms) > MOST_TERMS:
            return False
        axis, lags = self.time.axis, self.lags(goal)
        for _ in range(lags):
            axis = after_start(axis, self.step)
        setting = Setting(self.time, self.step, lags, fresh(axis, self.time.name))
        goals, tried = [goal], {goal}
        try:
            if not self.starts(goal, lags):
                return False
            while len(goals) <= MOST_STATEMENTS:
                if all(self.follows(one, goals, setting) for one in goals):
                    return True
                new = self.another(setting, lags, tried)
                if new is None:
                    return False
                goals.append(new)
        except TooLarge:
            pass
        return False

    def another(self, setting: Setting, lags: int, tried: set[Poly]) -> Poly | None:
        """What was left of a step, if it is zero at the first places."""
        for guess in self.supposed(setting):
            if guess in tried:
                continue
            if len(tried) > MOST_GUESSES:
                return None
            tried.add(guess)
            if self.starts(guess, lags):
                return guess
        return None

    def lags(self, goal: Poly) -> int:
        """How many steps back the recurrences of a goal read."""
        sequences = self.prover.sequences
        uses = {gap or 0 for name in sequences.names(goal) for _, gap in sequences.uses(name)}
        return min(max(map(abs, uses), default=1) or 1, MOST_LAGS)

    def starts(self, goal: Poly, lags: int) -> bool:
        """The goal is zero at the first places, and at one more: what is false is soon seen."""
        axis = self.time.axis
        start = Place((), axis.low if self.step > 0 else axis.high)
        own = fresh(axis)
        for k in range(lags + 1):
            where = shifted(start, self.step * k)
            is_there = self.algebra.total((own,), self.algebra.delta(where, place(own)))
            there = self.algebra.substitute(goal, {self.time: where})
            if not self.prover.at_start(there, is_there, where, self.step, 1):
                return False
        return True

    def follows(self, goal: Poly, goals: list[Poly], setting: Setting) -> bool:
        """The goal is zero at `now`, if all are at the steps before it; else, what is left."""
        self.left = []
        there = setting.at(self.algebra, goal, 0)
        for known in islice(self.ways(goals, setting), MOST_WAYS):
            equations = tuple(e for found, _ in known for e in found)
            keep = frozenset(name for _, name in known)
            if self.vanishes(there, equations, keep, setting):
                return True
        equations = tuple(e for found, _ in next(self.ways(goals, setting)) for e in found)
        rules = rates(
            self.prover.calculus,
            self.algebra,
            goal,
            self.time,
            setting.before(0),
            setting.before(1),
        )
        for rate in rules:
            gap = there - self.algebra.multiply(rate, setting.at(self.algebra, goal, 1))
            if self.vanishes(gap, equations, frozenset(), setting):
                return True
        return False

    def ways(self, goals: list[Poly], setting: Setting) -> Iterator[tuple[tuple[Known, str], ...]]:
        """What is supposed, each goal solved for one of its entries."""
        choices = []
        for goal in goals:
            for steps in range(1, setting.lags + 1):
                before = setting.before(steps)
                old = setting.at(self.algebra, goal, steps)
                found = [*self.prover.hypotheses(old, ONE, before, setting.now, self.step)]
                choices.append(found)
        return filter(self.is_ordered, product(*choices))

    def is_ordered(self, chosen: tuple[tuple[Known, str], ...]) -> bool:
        """No entry is said by another that is said by it."""
        sequences = self.prover.sequences
        known = [found[0] for found, _ in chosen if found]
        waiting = {
            where(sequences, one.atom): {where(sequences, a) for a in sequences.entries(one.value)}
            for one in known
        }
        if len(waiting) < len(known):
            return False
        while waiting:
            done = [one for one, others in waiting.items() if others.isdisjoint(waiting)]
            if not done:
                return False
            for one in done:
                del waiting[one]
        return True

    def vanishes(self, goal: Poly, known: Known, keep: frozenset[str], setting: Setting) -> bool:
        """A term at `now` is zero; if not, what is left of it is noted."""
        now, ends = place(setting.now), longer(all_ends(goal))
        for first in (True, False) if ends else (True,):
            rules = (*rules_for(self.step), Splitting(ends, first).rule)
            algebra = self.prover.algebra_of(known, rules)
            steps = Steps(algebra, self.prover.sequences)
            stages = [*steps.at_step(renewed(algebra, goal), now, self.step, keep)]
            if any(not stage.terms for stage in stages):
                return True
            self.left += stages
        return False

    def supposed(self, setting: Setting) -> Iterator[Poly]:
        """What was left of the last goal, one step on: parts of it that may be zero."""
        for left in self.left:
            on = self.algebra.substitute(left, {setting.now: shifted(place(self.time), self.step)})
            for part in (*parts(self.prover.calculus, on), on):
                if len(part.terms) > 1 and len(part.terms) <= MOST_TERMS and self.is_behind(part):
                    yield primitive(self.algebra, part)

    def is_behind(self, goal: Poly) -> bool:
        """It speaks of entries at `time`, and of none further on."""
        sequences, now = self.prover.sequences, place(self.time)
        entries = [sequences.time(atom) for atom in sequences.entries(goal)]
        ahead = {shifted(now, self.step * k) for k in range(1, MOST_LAGS)}
        return now in entries and ahead.isdisjoint(entries)


def where(sequences: Sequences, atom: Atom) -> tuple[str, Place]:
    """The name and the time of an entry."""
    return str(atom.head[0]), sequences.time(atom)


def parts(calculus: Calculus, poly: Poly) -> Iterator[Poly]:
    """The coefficients of a term as a polynomial in one of the declared numbers."""
    numbers = {
        atom
        for atom in poly.atoms()
        if atom.kind == "entry" and not atom.places and calculus.body(str(atom.head[0])) is None
    }
    for number in sorted(numbers, key=lambda a: a.key):
        found: dict[Exponent, dict[Monomial, Coefficient]] = {}
        for monomial, coefficient in poly.terms.items():
            rest = Monomial(without(monomial.factors, number))
            found.setdefault(monomial.factors.get(number, 0), {})[rest] = coefficient
        for exponent in sorted(found):
            yield Poly(found[exponent])
