"""Induction over the time of recurrences: a difference that holds terms of them is zero.

A goal with a free time `t` is shown at the end from which its recurrences run, and then at `t`
from `t - 1` (or `t + 1`, where they run down): the recurrent entries at `t` are replaced by what
one step says of them, and what the hypothesis says of an entry one step before is put in. What is
summed over a time is zero where every summand is. A recurrence that the user wrote and an adjoint
that was derived are compared first: where they agree, one name stands for both.

Where no entry can be solved for, a step may keep what is said or multiply it (`multiples`), or
leave something over that is shown with it (`together`). Every attempt is exact: a guess that was
wrong only fails.
"""

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from itertools import islice

from derive.calculus.algebra import Algebra, Rule, TooLarge
from derive.calculus.place import Place, Var, fresh, place
from derive.calculus.powers import content, factors
from derive.calculus.products import INDICATORS
from derive.calculus.term import ONE, Atom, Coefficient, Monomial, Poly, of_monomial
from derive.calculus.unfolding import all_atoms, renewed
from derive.model.dim import ONE as DIM_ONE
from derive.model.dim import Dim
from derive.model.scalar import Axis
from derive.proof.facts import Equation
from derive.proof.multiples import counted, primitive, rates
from derive.proof.namesakes import HYPOTHESIS, Namesakes, after_start, rules_for
from derive.proof.splitting import Splitting, all_ends, ends_of, longer
from derive.proof.steps import Steps
from derive.proof.summands import is_time, summands
from derive.proof.together import Together
from derive.proof.unrolling import (
    Sequences,
    near,
    reached_ends,
    shifted,
)

DEEPEST = 3
MOST_CHOICES = 12
MOST_TERMS = 600
MOST_FACTORS = 6000
MOST_OPENED = 8

Known = tuple[Equation, ...]
AlgebraOf = Callable[[Known, tuple[Rule, ...]], Algebra]


class Induction:
    """Shows goals of one statement. `algebra_of` makes the algebra that knows some equations."""

    def __init__(
        self,
        sequences: Sequences,
        algebra_of: AlgebraOf,
        is_zero: Callable[[Poly, Algebra], bool],
        opened: Callable[[Poly, Algebra], Poly],
    ) -> None:
        self.sequences = sequences
        self.calculus = sequences.calculus
        self.algebra_of = algebra_of
        self.is_zero = is_zero
        self.opened = opened
        self.algebra = algebra_of((), rules_for(1))
        self.downwards = algebra_of((), rules_for(-1))
        self.trail: list[str] = []
        self.namesakes = Namesakes(self)
        self._count = 0
        self._outwards: dict[Poly, list[Poly]] = {}

    def shows(self, goal: Poly, mask: Poly = ONE, depth: int = DEEPEST) -> bool:
        """The goal is zero wherever the mask is one."""
        if self.zero(goal, mask):
            return True
        if depth == 0 or len(goal.terms) > MOST_TERMS:
            return False
        goal = self.with_namesakes(goal)
        if self.zero(goal, mask):
            return True
        ways = (
            self.by_one_step,
            self.by_cases,
            self.by_a_factor,
            self.by_ends,
            self.by_factors,
            self.by_time,
            self.by_summands,
            self.by_one_opened_step,
        )
        return any(way(goal, mask, depth) for way in ways)

    def zero(self, goal: Poly, mask: Poly, algebra: Algebra | None = None) -> bool:
        """The goal is zero where the mask is one, when the ends of recurrences are unrolled."""
        algebra = algebra or self.algebra
        try:
            reached = reached_ends(algebra, self.sequences, goal)
            whole = renewed(algebra, algebra.multiply(mask, reached))
            if not whole.terms:
                return True
            return not self.stands_alone(whole) and self.is_zero(whole, algebra)
        except TooLarge:
            return False

    def with_namesakes(self, goal: Poly) -> Poly:
        """The goal with names that the user defined replaced by adjoints that they equal."""
        pairs = self.namesakes.of(goal)
        return self.namesakes.renamed(goal, pairs) if pairs else goal

    def stands_alone(self, poly: Poly) -> bool:
        """A recurrence stands in one term of several, and no definition brings it in elsewhere.

        Then nothing cancels that term, whatever is opened.
        """
        for name in self.sequences.names(poly) if len(poly.terms) > 1 else ():
            own = [m for m in poly.terms if any(name in a.symbols for a in m.factors)]
            others = Poly({m: c for m, c in poly.terms.items() if m is not own[0]})
            if len(own) == 1 and name not in self.calculus.reachable(others):
                return True
        return False

    # --- induction -----------------------------------------------------------------------------

    def by_time(self, goal: Poly, mask: Poly, depth: int) -> bool:
        """Induction over one of the times at which entries of the goal stand."""
        goals = dict.fromkeys((goal, primitive(self.algebra, goal)))
        return any(
            self.over(one, mask, time, step, depth)
            for one in goals
            for time, step in self.times(one)
        )

    def times(self, goal: Poly) -> Iterator[tuple[Var, int]]:
        """The free indices at which recurrent entries stand, with the way in which they run."""
        found: dict[tuple[Var, int], None] = {}
        for atom in self.sequences.entries(goal):
            step = self.sequences.step(str(atom.head[0]))
            for time, way in (
                (self.sequences.time(atom), step),
                (self.sequences.origin(atom), -step),
            ):
                if time is None:
                    continue
                for variable, factor in time.terms:
                    if variable in goal.free and factor == DIM_ONE:
                        found[variable, way] = None
        if not found:
            found = {(time, step): None for time in counted(goal) for step in (1, -1)}
        return iter(found)

    def over(self, goal: Poly, mask: Poly, time: Var, step: int, depth: int) -> bool:
        """Induction over `time`, upwards (step 1) or downwards: the first place, then one step."""
        algebra = self.algebra if step > 0 else self.downwards
        goal, mask = (renewed(algebra, p) for p in (goal, mask))
        goal, mask, time = self.at_now(goal, mask, time, step)
        axis = time.axis
        if axis.low == axis.high:
            return False
        start = axis.low if step > 0 else axis.high
        there = {time: Place((), start)}
        first, holds = (algebra.substitute(p, there) for p in (goal, mask))
        if not self.at_start(first, holds, there[time], step, depth):
            return False
        now = fresh(after_start(axis, step), time.name)
        here = {time: place(now)}
        before = {time: shifted(place(now), -step)}
        now_goal = algebra.substitute(goal, here)
        now_mask = algebra.substitute(mask, here)
        old_goal = algebra.substitute(goal, before)
        old_mask = algebra.substitute(mask, before)
        for known, name in self.hypotheses(old_goal, old_mask, before[time], now, step):
            ends = ends_of(now_goal, now) - ends_of(old_goal, now)
            if any(
                self.holds(
                    now_goal,
                    now_mask,
                    self.algebra_of(known, (*rules_for(step), Splitting(ends, first).rule)),
                    place(now),
                    step,
                    frozenset({name}),
                )
                for first in ((True, False) if ends else (True,))
            ):
                self.note(time, start, step)
                return True
        now_goal = algebra.multiply(now_mask, now_goal)
        old_goal = algebra.multiply(old_mask, old_goal)
        gaps = [
            now_goal - algebra.multiply(rate, old_goal)
            for rate in rates(self.calculus, algebra, goal, time, place(now), before[time])
        ]
        if any(self.is_kept(gap, place(now), step) for gap in gaps):
            self.note(time, start, step)
            return True
        if depth < DEEPEST or mask != ONE or not self.sequences.names(goal):
            return False
        if not Together(self, algebra, time, step).shows(goal):
            return False
        self.note(time, start, step)
        return True

    def is_kept(self, gap: Poly, now: Place, step: int) -> bool:
        """What a step changes is zero, by what it says of entries on either side."""
        ends = longer(all_ends(gap))
        short = len(gap.terms) <= MOST_OPENED
        for first in (True, False) if ends else (True,):
            algebra = self.algebra_of((), (*rules_for(step), Splitting(ends, first).rule))
            if self.holds(gap, ONE, algebra, now, step, frozenset(), short):
                return True
        if not short:
            return False
        return self.vanishes(Steps(self.algebra, self.sequences).outwards(gap), self.algebra)

    def note(self, time: Var, start: Dim, step: int) -> None:
        """Says over which time an induction went, and from where."""
        end = f"{'from' if step > 0 else 'down from'} {start}"
        self.trail.append(f"by induction over {time.name or 't'}, {end}")

    def at_now(self, goal: Poly, mask: Poly, time: Var, step: int) -> tuple[Poly, Poly, Var]:
        """The goal with `time` moved so that the entry that is furthest on stands just there."""
        found = []
        for atom in self.sequences.entries(goal):
            if self.sequences.step(str(atom.head[0])) == step:
                found.append(near(self.sequences.time(atom), place(time)))
        shifts = [s for s in found if s is not None]
        shift = 0 if not shifts else max(shifts) if step > 0 else min(shifts)
        if shift == 0:
            return goal, mask, time
        by = Dim.of(shift)
        new = fresh(Axis(time.axis.low + by, time.axis.high + by), time.name)
        there = {time: shifted(place(new), -shift)}
        goal, mask = (self.algebra.substitute(p, there) for p in (goal, mask))
        return goal, mask, new

    def at_start(self, goal: Poly, mask: Poly, where: Place, step: int, depth: int) -> bool:
        """The first place of an induction: zero by a step there, or shown by another one."""
        return self.holds(goal, mask, self.algebra, where, step, frozenset()) or (
            depth > 1 and self.shows(goal, mask, depth - 1)
        )

    def hypotheses(
        self, goal: Poly, mask: Poly, before: Place, now: Var, step: int
    ) -> Iterator[tuple[Known, str]]:
        """The goal one step before, solved for an entry there; at last, no hypothesis."""
        guard = guards(mask)
        for monomial in goal.terms if guard is not None else ():
            growth = {a: -e for a, e in monomial.factors.items() if a.kind == "exp"}
            algebra = self.algebra if step > 0 else self.downwards
            alone = algebra.multiply(of_monomial(growth), of_monomial(monomial.factors))
            atom = alone.atom
            others = Poly({m: c for m, c in goal.terms.items() if m is not monomial})
            others = algebra.multiply(of_monomial(growth), others)  # exponentials are not zero
            if atom is not None and self.determines(atom, others, before, now):
                self._count += 1
                value = others.scaled(-1 / Fraction(goal.terms[monomial]))
                parameters = tuple(v for v in goal.free if v is not now)
                text = f"{HYPOTHESIS} {self._count}"
                yield (Equation(atom, value, parameters, text, guard or ()),), str(atom.head[0])
        yield (), ""

    def determines(self, atom: Atom, others: Poly, before: Place, now: Var) -> bool:
        """An equation can be used as one for this entry: at all places, and nowhere else in it."""
        if atom.kind != "entry" or not self.sequences.is_one(str(atom.head[0])):
            return False
        if before not in atom.places:
            return False
        if any(place(v) not in atom.places for v in others.free if v is not now):
            return False
        entries = self.sequences.entries(others)
        return not any(a.head == atom.head and before in a.places for a in entries)

    def holds(
        self,
        goal: Poly,
        mask: Poly,
        algebra: Algebra,
        now: Place,
        step: int,
        keep: frozenset[str],
        opened: bool = True,
    ) -> bool:
        """The goal at `now` is zero, by what a step says and what the algebra knows."""
        try:
            poly = algebra.multiply(mask, renewed(algebra, goal))
            steps = Steps(algebra, self.sequences)
            return self.vanishes((poly, *steps.at_step(poly, now, step, keep)), algebra, opened)
        except TooLarge:
            return False

    def vanishes(self, stages: Iterable[Poly], algebra: Algebra, opened: bool = True) -> bool:
        """One of the stages is zero: as it stands, or with definitions `opened`."""
        seen: list[Poly] = []
        for poly in stages:
            if not poly.terms:
                return True
            if len(poly.terms) > MOST_TERMS or sum(1 for _ in all_atoms(poly)) > MOST_FACTORS:
                break
            if poly not in seen:
                seen.append(poly)
        return opened and any(self.zero(poly, ONE, algebra) for poly in reversed(seen))

    # --- sums ----------------------------------------------------------------------------------

    def by_summands(self, goal: Poly, mask: Poly, depth: int) -> bool:
        """All terms are sums over one time: each summand is zero."""
        times = {
            v.axis
            for atom in goal.atoms()
            if atom.kind == "sum"
            for v in atom.bound
            if is_time(self.sequences, atom, v)
        }
        for axis in sorted(times, key=str):
            time = fresh(axis, "t")
            for summand in islice(summands(self.algebra, goal, time), MOST_CHOICES):
                if self.shows(primitive(self.algebra, summand), mask, depth - 1):
                    return True
        return False

    def by_factors(self, goal: Poly, mask: Poly, depth: int) -> bool:
        """One factor that is zero makes the product zero."""
        parts = factors(content(self.algebra, goal)[1])
        if len(parts) < 2:
            return False
        recurrent = (part for part, _ in parts if self.sequences.names(part))
        return any(self.shows(part, mask, depth - 1) for part in recurrent)

    # --- without a hypothesis ------------------------------------------------------------------

    def by_one_step(self, goal: Poly, mask: Poly, depth: int) -> bool:
        """What is said of one step follows from it: no hypothesis is needed.

        What is said of a product over many times hardly does; it is left for later.
        """
        return not all_ends(goal) and self._one_step(goal, mask, opened=False)

    def by_cases(self, goal: Poly, mask: Poly, depth: int) -> bool:
        """All terms stand under conditions, `k < t` or `k = t`: each case by itself."""
        cases: dict[Monomial, dict[Monomial, Coefficient]] = {}
        for monomial, coefficient in goal.terms.items():
            told = {a: e for a, e in monomial.factors.items() if a.kind in INDICATORS}
            rest = {a: e for a, e in monomial.factors.items() if a not in told}
            cases.setdefault(Monomial(told), {})[Monomial(rest)] = coefficient
        if mask != ONE or not all(case.factors for case in cases):
            return False
        parts = [(Poly({case: 1}), Poly(terms)) for case, terms in cases.items()]
        return all(self.shows(part, case, depth - 1) for case, part in parts)

    def by_a_factor(self, goal: Poly, mask: Poly, depth: int) -> bool:
        """A factor taken off the products that are longer than others."""
        ends = longer(all_ends(goal))
        for first in (True, False) if ends else ():
            algebra = self.algebra_of((), (*rules_for(1), Splitting(ends, first).rule))
            if self.zero(goal, mask, algebra):
                return True
        return False

    def by_ends(self, goal: Poly, mask: Poly, depth: int) -> bool:
        """What is said of a single place, `T` or `0`, follows from one step there.

        Not what is said of a product over all times.
        """
        if all_ends(goal):
            return False
        places: dict[tuple[Place, int], None] = {}
        for atom in self.sequences.entries(goal):
            time = self.sequences.time(atom)
            if not time.terms and not time.computed:
                places[time, self.sequences.step(str(atom.head[0]))] = None
        return any(
            self.holds(goal, mask, self.algebra, where, step, frozenset()) for where, step in places
        )

    def by_one_opened_step(self, goal: Poly, mask: Poly, depth: int) -> bool:
        """The same with other definitions opened, which costs more."""
        return self._one_step(goal, mask, opened=True)

    def _one_step(self, goal: Poly, mask: Poly, opened: bool) -> bool:
        try:
            poly = self.algebra.multiply(mask, goal)
            if poly not in self._outwards:
                self._outwards[poly] = list(Steps(self.algebra, self.sequences).outwards(poly))
            return self.vanishes(self._outwards[poly], self.algebra, opened)
        except TooLarge:
            return False


def guards(mask: Poly) -> tuple[Atom, ...] | None:
    """The indicators whose product the mask is, where it is one."""
    single = mask.single
    if single is None or single[1] != 1:
        return None
    return tuple(single[0].factors)
