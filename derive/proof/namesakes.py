"""One name for two recurrences: those that the user wrote and the adjoints that were derived.

All pairs that agree where they start are supposed to agree one step before; the pairs of which the
step does not follow are dropped, until it follows for all that are left. So `dh` and `dc` of a
cell with two states are compared at once, each step needing both.
"""

from collections.abc import Callable
from typing import Protocol

from derive.calculus.adjoints import Body
from derive.calculus.algebra import Algebra, Rule, TooLarge
from derive.calculus.contraction import RULES, orders_turn, orders_turn_back
from derive.calculus.engine import Calculus
from derive.calculus.leaving import free_index_goes, summed_index_goes
from derive.calculus.place import Place, Var, fresh, place
from derive.calculus.ranges import spot, surely_at_least
from derive.calculus.term import ONE, Atom, Poly, of_atom
from derive.calculus.unfolding import Unfolding
from derive.model.dim import ONE as DIM_ONE
from derive.model.scalar import Axis
from derive.proof.facts import Equation
from derive.proof.steps import Steps
from derive.proof.unrolling import Sequences, reached_ends, shifted

HYPOTHESIS = "induction hypothesis"


class Prover(Protocol):
    """What is needed of an induction."""

    sequences: Sequences
    algebra: Algebra
    trail: list[str]
    algebra_of: Callable[[tuple[Equation, ...], tuple[Rule, ...]], Algebra]
    opened: Callable[[Poly, Algebra], Poly]

    def holds(
        self, goal: Poly, mask: Poly, algebra: Algebra, now: Place, step: int, keep: frozenset[str]
    ) -> bool:
        """The goal at `now` is zero."""


class Namesakes:
    """Finds pairs for one statement."""

    def __init__(self, prover: Prover) -> None:
        self.prover = prover
        self.sequences = prover.sequences
        self.calculus = prover.sequences.calculus
        self._variables: dict[tuple[Axis, ...], tuple[Var, ...]] = {}
        self._forms: dict[str, frozenset[Poly]] = {}
        self._pairs: dict[tuple[str, ...], dict[str, str]] = {}

    def of(self, goal: Poly) -> dict[str, str]:
        """The user's recurrences on which a goal depends that equal adjoints, with these."""
        names = tuple(n for n in self.calculus.reachable(goal) if self.sequences.is_one(n))
        if names not in self._pairs:
            self._pairs[names] = self._found(names)
        return self._pairs[names]

    def renamed(self, poly: Poly, pairs: dict[str, str]) -> Poly:
        """A term with some recurrences for others; what is made of them is opened for that."""
        found: dict[str, Body] = {}
        for name in sorted(poly.symbols):
            if name in pairs:
                found[name] = as_entry(self.calculus, name, pairs[name])
            elif not self.sequences.is_one(name):
                body = self.calculus.body(name)
                if body is None or pairs.keys().isdisjoint(self.calculus.reachable(body.poly)):
                    continue
                found[name] = Body(body.variables, self.renamed(body.poly, pairs))
        return Unfolding(self.prover.algebra, found).poly(poly) if found else poly

    def _found(self, names: tuple[str, ...]) -> dict[str, str]:
        """The pairs among some recurrences."""
        derived = [n for n in names if self.sequences.source(n) is not None]
        pairs: dict[str, str] = {}
        for name in names:
            if name not in derived:
                others = [other for other in derived if self.comparable(name, other)]
                ways = (self.same_form, self.start_alike)
                alike = next((o for way in ways for o in others if way(name, o)), None)
                if alike is not None:
                    pairs[name] = alike
        while pairs:
            failed = [name for name in pairs if not self.steps_alike(name, pairs)]
            if not failed:
                self.prover.trail.append("by induction over t")
                break
            for name in failed:
                del pairs[name]
        return pairs

    def comparable(self, name: str, other: str) -> bool:
        """Two recurrences run the same way from the same place, over entries of one shape."""
        sequences, calculus = self.sequences, self.calculus
        if sequences.step(name) != sequences.step(other):
            return False
        if sequences.start(name) != sequences.start(other):
            return False
        axes, others = calculus.axes(name), calculus.axes(other)
        time, second = calculus.time(name), calculus.time(other)
        if time != second or len(axes) != len(others) or not within(axes[time], others[time]):
            return False
        pairs = enumerate(zip(axes, others, strict=True))
        return all(a == b for k, (a, b) in pairs if k != time)

    def same_form(self, name: str, other: str) -> bool:
        """Two recurrences start with entries of one form."""
        return not self.forms(name).isdisjoint(self.forms(other))

    def start_alike(self, name: str, other: str) -> bool:
        """Two recurrences start with entries that are equal."""
        gap, variables = self.gap(name, other)
        start, step = self.sequences.start(name), self.sequences.step(name)
        there = {variables[self.calculus.time(name)]: start}
        gap = self.prover.algebra.substitute(gap, there)
        return self.prover.holds(gap, ONE, self.prover.algebra, start, step, frozenset())

    def forms(self, name: str) -> frozenset[Poly]:
        """The entry of a recurrence where it starts, in ever more open forms."""
        if name not in self._forms:
            self._forms[name] = frozenset(self._forms_of(name))
        return self._forms[name]

    def _forms_of(self, name: str) -> list[Poly]:
        algebra, start = self.prover.algebra, self.sequences.start(name)
        axes, time = self.calculus.axes(name), self.calculus.time(name)
        rest = axes[:time] + axes[time + 1 :]
        variables = self._variables.setdefault(rest, tuple(map(fresh, rest)))
        places = tuple(map(spot, variables))
        entry = of_atom(Atom("entry", (name,), (*places[:time], start, *places[time:])))
        steps = Steps(algebra, self.sequences)
        try:
            step = self.sequences.step(name)
            stages = [*steps.from_now(entry, start, step, frozenset())]
            reached = [reached_ends(algebra, self.sequences, stage) for stage in stages]
            return [*reached, self.prover.opened(reached[-1], algebra)]
        except TooLarge:
            return []

    def gap(self, name: str, other: str) -> tuple[Poly, tuple[Var, ...]]:
        """The difference of two names, with the variables at which it is taken."""
        variables = tuple(fresh(a) for a in self.calculus.axes(name))
        places = tuple(map(spot, variables))
        one, two = (of_atom(Atom("entry", (n,), places)) for n in (name, other))
        return one - two, variables

    def steps_alike(self, name: str, pairs: dict[str, str]) -> bool:
        """One step of a recurrence is that of its namesake, if all were alike one step before."""
        step = self.sequences.step(name)
        gap, variables = self.gap(name, pairs[name])
        time = variables[self.calculus.time(name)]
        now = fresh(after_start(time.axis, step), time.name)
        before = shifted(place(now), -step)
        known = []
        for one, other in pairs.items():
            if self.sequences.step(one) == step:
                pair, own = self.gap(one, other)
                at = own[self.calculus.time(one)]
                pair = self.prover.algebra.substitute(pair, {at: before})
                known += [
                    Equation(
                        atom, of_atom(atom) - pair, tuple(v for v in own if v is not at), HYPOTHESIS
                    )
                    for atom in pair.atoms()
                    if atom.head[0] == one
                ]
        there = self.prover.algebra.substitute(gap, {time: place(now)})
        algebra = self.prover.algebra_of(tuple(known), rules_for(step))
        keep = frozenset(pairs.values())
        return self.prover.holds(there, ONE, algebra, place(now), step, keep)


def as_entry(calculus: Calculus, name: str, other: str) -> Body:
    """The entries of one recurrence as those of another."""
    variables = tuple(fresh(a) for a in calculus.axes(name))
    entry = Atom("entry", (other,), tuple(map(spot, variables)))
    return Body(variables, of_atom(entry))


def rules_for(step: int) -> tuple[Rule, ...]:
    """The rules of a step: a sum that runs on from `t` is over places above it, [t < i].

    So what it loses in a step down is its first term.
    """
    turned = (orders_turn_back if step < 0 and r is orders_turn else r for r in RULES)
    return (*turned, summed_index_goes, free_index_goes)


def after_start(axis: Axis, step: int) -> Axis:
    """The axis without the place at which a recurrence starts."""
    if step > 0:
        return Axis(axis.low + DIM_ONE, axis.high)
    return Axis(axis.low, axis.high - DIM_ONE)


def within(inner: Axis, outer: Axis) -> bool:
    """A range is surely part of another."""
    return surely_at_least(inner.low, outer.low) and surely_at_least(outer.high, inner.high)
