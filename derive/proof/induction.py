"""Induction over the time of recurrences: a difference that holds terms of them is zero.

A goal with a free time `t` is shown at the end from which its recurrences run, and then at `t`
from `t - 1` (or `t + 1`, where they run down): the recurrent entries at `t` are replaced by what
one step says of them, and what the hypothesis says of an entry one step before is put in. What is
summed over a time is zero where every summand is. A recurrence that the user wrote and an adjoint
that was derived are compared first: where they agree, one name stands for both.

Every attempt is exact: a guess that was wrong only fails.
"""

from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import islice, product

from derive.calculus.adjoints import Body
from derive.calculus.algebra import Algebra, Rule, TooLarge
from derive.calculus.chains import distance, split
from derive.calculus.contraction import summed_index_goes
from derive.calculus.knowledge import Rewritten
from derive.calculus.place import Place, Var, fresh, place
from derive.calculus.products import Factors, opened, without
from derive.calculus.ranges import never_below, spot
from derive.calculus.term import ONE, Atom, Poly, add, of_atom, of_monomial
from derive.calculus.unfolding import Unfolding, all_atoms
from derive.model.dim import ONE as DIM_ONE
from derive.model.dim import Dim
from derive.model.scalar import Axis
from derive.proof.facts import Equation
from derive.proof.unrolling import (
    ForwardUnrolling,
    Sequences,
    Unrolling,
    near,
    reached_ends,
    shifted,
)

DEEPEST = 3
HYPOTHESIS = "induction hypothesis"
MOST_CHOICES = 12
MOST_TERMS = 600

Known = tuple[Equation, ...]
AlgebraOf = Callable[[Known, tuple[Rule, ...]], Algebra]


class Induction:
    """Shows goals of one statement. `algebra_of` makes the algebra that knows some equations."""

    def __init__(
        self,
        sequences: Sequences,
        algebra_of: AlgebraOf,
        is_zero: Callable[[Poly, Algebra], bool],
    ) -> None:
        self.sequences = sequences
        self.calculus = sequences.calculus
        self.algebra_of = algebra_of
        self.is_zero = is_zero
        self.algebra = algebra_of((), (summed_index_goes,))
        self.trail: list[str] = []
        self._same: dict[tuple[str, str], bool] = {}
        self._count = 0

    def shows(self, goal: Poly, mask: Poly = ONE, depth: int = DEEPEST) -> bool:
        """The goal is zero wherever the mask is one."""
        if self.zero(goal, mask):
            return True
        if depth == 0 or len(goal.terms) > MOST_TERMS:
            return False
        goal = self.with_namesakes(goal, depth)
        if self.zero(goal, mask):
            return True
        ways = (self.by_time, self.by_summands, self.by_one_step)
        return any(way(goal, mask, depth) for way in ways)

    def zero(self, goal: Poly, mask: Poly, algebra: Algebra | None = None) -> bool:
        """The goal is zero where the mask is one, when the ends of recurrences are unrolled."""
        algebra = algebra or self.algebra
        try:
            reached = reached_ends(algebra, self.sequences, goal)
            whole = Unfolding(algebra, {}).poly(algebra.multiply(mask, reached))
            return not whole.terms or self.is_zero(whole, algebra)
        except TooLarge:
            return False

    # --- one name for two recurrences ----------------------------------------------------------

    def with_namesakes(self, goal: Poly, depth: int) -> Poly:
        """The goal with names that the user defined replaced by adjoints that they equal."""
        names = self.sequences.names(goal)
        reachable = [n for n in self.calculus.reachable(goal) if self.sequences.is_one(n)]
        found: dict[str, Body] = {}
        for name in names:
            if self.sequences.source(name) is not None:
                continue
            for other in reachable:
                if self.sequences.source(other) is None:
                    continue
                if self.same(name, other, depth):
                    variables = tuple(fresh(a) for a in self.calculus.axes(name))
                    places = tuple(map(spot, variables))
                    found[name] = Body(variables, of_atom(Atom("entry", (other,), places)))
                    break
        return Unfolding(self.algebra, found).poly(goal) if found else goal

    def same(self, name: str, other: str, depth: int) -> bool:
        """Two recurrences that run the same way have the same entries."""
        axes = self.calculus.axes(name)
        if self.calculus.axes(other) != axes or self.sequences.step(name) != self.sequences.step(
            other
        ):
            return False
        if (name, other) not in self._same:
            self._same[name, other] = False
            variables = tuple(fresh(a) for a in axes)
            places = tuple(map(spot, variables))
            one, two = (of_atom(Atom("entry", (n,), places)) for n in (name, other))
            time = variables[self.calculus.time(name)]
            self._same[name, other] = self.over(one - two, ONE, time, self.sequences.step(name), 1)
        return self._same[name, other]

    # --- induction -----------------------------------------------------------------------------

    def by_time(self, goal: Poly, mask: Poly, depth: int) -> bool:
        """Induction over one of the times at which entries of the goal stand."""
        return any(self.over(goal, mask, time, step, depth) for time, step in self.times(goal))

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
        return iter(found)

    def over(self, goal: Poly, mask: Poly, time: Var, step: int, depth: int) -> bool:
        """Induction over `time`, upwards (step 1) or downwards: the first place, then one step."""
        goal, mask, time = self.at_now(goal, mask, time, step)
        axis = time.axis
        if axis.low == axis.high:
            return False
        start = axis.low if step > 0 else axis.high
        there = {time: Place((), start)}
        first, holds = (self.algebra.substitute(p, there) for p in (goal, mask))
        if not self.at_start(first, holds, there[time], step, depth):
            return False
        inner = (
            Axis(axis.low + DIM_ONE, axis.high) if step > 0 else Axis(axis.low, axis.high - DIM_ONE)
        )
        now = fresh(inner, time.name)
        here = {time: place(now)}
        before = {time: shifted(place(now), -step)}
        now_goal = self.algebra.substitute(goal, here)
        now_mask = self.algebra.substitute(mask, here)
        old_goal = self.algebra.substitute(goal, before)
        old_mask = self.algebra.substitute(mask, before)
        for known, name in self.hypotheses(old_goal, old_mask, before[time], now):
            ends = ends_of(now_goal, now) - ends_of(old_goal, now)
            if any(
                self.step_holds(
                    now_goal,
                    now_mask,
                    self.algebra_of(known, (summed_index_goes, Splitting(ends, first).rule)),
                    name,
                    place(now),
                    step,
                )
                for first in ((True, False) if ends else (True,))
            ):
                end = f"{'from' if step > 0 else 'down from'} {start}"
                self.trail.append(f"by induction over {time.name or 't'}, {end}")
                return True
        return False

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
        return self.step_holds(goal, mask, self.algebra, "", where, step) or (
            depth > 1 and self.shows(goal, mask, depth - 1)
        )

    def hypotheses(
        self, goal: Poly, mask: Poly, before: Place, now: Var
    ) -> Iterator[tuple[Known, str]]:
        """The goal one step before, solved for an entry there; at last, no hypothesis."""
        guard = guards(mask)
        for poly in (goal, primitive(self.algebra, goal)) if guard is not None else ():
            for monomial in poly.terms:
                atom = Poly({monomial: 1}).atom
                if atom is not None and self.determines(atom, poly, before, now):
                    self._count += 1
                    others = Poly({m: c for m, c in poly.terms.items() if m is not monomial})
                    value = others.scaled(-1 / Fraction(poly.terms[monomial]))
                    parameters = tuple(v for v in poly.free if v is not now)
                    text = f"{HYPOTHESIS} {self._count}"
                    yield (Equation(atom, value, parameters, text, guard or ()),), str(atom.head[0])
        yield (), ""

    def determines(self, atom: Atom, poly: Poly, before: Place, now: Var) -> bool:
        """An equation can be used as one for this entry: at all places, and nowhere else in it."""
        if atom.kind != "entry" or not self.sequences.is_one(str(atom.head[0])):
            return False
        if before not in atom.places:
            return False
        if any(place(v) not in atom.places for v in poly.free if v is not now):
            return False
        entries = self.sequences.entries(poly)
        return not any(a != atom and a.head == atom.head and before in a.places for a in entries)

    def step_holds(
        self, goal: Poly, mask: Poly, algebra: Algebra, name: str, now: Place, step: int
    ) -> bool:
        """The goal at `now` is zero, by what a step says and what is known of the one before."""
        sequences = self.sequences

        def forwards(atom: Atom) -> bool:
            origin = sequences.origin(atom)
            return origin is not None and near(origin, now) == 0

        try:
            poly = algebra.multiply(mask, Unfolding(algebra, {}).poly(goal))
            found = [poly]
            for wanted in self.rounds(name, now, step):
                poly = Unrolling(algebra, sequences, wanted).poly(poly)
                if step > 0:
                    poly = ForwardUnrolling(algebra, sequences, forwards).poly(poly)
                if not poly.terms:
                    return True
                if len(poly.terms) > MOST_TERMS:
                    break
                if poly != found[-1]:
                    found.append(poly)
            return any(self.zero(poly, ONE, algebra) for poly in found)
        except TooLarge:
            return False

    def rounds(self, name: str, here: Place, step: int) -> Iterator[Callable[[Atom], bool]]:
        """What to unroll, round after round: ever more of the entries at `now` and one before."""
        sequences = self.sequences
        before = shifted(here, -step)

        def way(atom: Atom) -> int:
            return sequences.step(str(atom.head[0]))

        def at(atom: Atom, where: Place) -> bool:
            return near(sequences.time(atom), where) == 0

        def first(atom: Atom) -> bool:
            return way(atom) == step and at(atom, here)

        def second(atom: Atom) -> bool:
            own = str(atom.head[0])
            group = sequences.calculus.recurrence(own)
            mate = group is not None and name in group.names and own != name
            return first(atom) or (mate and way(atom) == step and at(atom, before))

        def third(atom: Atom) -> bool:
            level = sequences.is_level(str(atom.head[0]))
            return second(atom) or (level and (at(atom, here) or at(atom, before)))

        def fourth(atom: Atom) -> bool:
            return third(atom) or at(atom, here)

        yield first
        yield second
        yield third
        yield fourth

    # --- sums ----------------------------------------------------------------------------------

    def by_summands(self, goal: Poly, mask: Poly, depth: int) -> bool:
        """All terms are sums over one time: each summand is zero."""
        times = {
            v.axis
            for atom in goal.atoms()
            if atom.kind == "sum"
            for v in atom.bound
            if self.is_time(atom, v)
        }
        for axis in sorted(times, key=str):
            time = fresh(axis, "t")
            for summand in islice(self.summands(goal, time), MOST_CHOICES):
                if self.shows(primitive(self.algebra, summand), mask, depth - 1):
                    return True
        return False

    def is_time(self, atom: Atom, variable: Var) -> bool:
        """The summed index is the time of a recurrent entry in the sum."""
        for entry in self.sequences.entries(atom.args[0]):
            if variable in self.sequences.time(entry).free:
                return True
        return False

    def summands(self, goal: Poly, time: Var) -> Iterator[Poly]:
        """The goal with one sum of each term, over the axis of `time`, taken away."""
        choices: list[list[Poly]] = []
        for monomial, coefficient in goal.terms.items():
            found = []
            for atom, exponent in monomial.factors.items():
                if atom.kind != "sum" or exponent != 1:
                    continue
                rest = of_monomial(without(monomial.factors, atom), coefficient)
                for number, label in enumerate(atom.bound):
                    if label.axis != time.axis:
                        continue
                    variables, inside = opened(atom)
                    chosen = variables[number]
                    others = [v for v in variables if v is not chosen]
                    body = self.algebra.substitute(of_monomial(inside), {chosen: place(time)})
                    found.append(self.algebra.multiply(rest, self.algebra.total(others, body)))
            if not found:
                return
            choices.append(found)
        for chosen_terms in product(*choices):
            yield add(chosen_terms)

    # --- without a hypothesis ------------------------------------------------------------------

    def by_one_step(self, goal: Poly, mask: Poly, depth: int) -> bool:
        """Each recurrent name of the goal replaced by one step: one name, then all."""
        names = self.sequences.names(goal)
        sets = [{n} for n in names] + ([set(names)] if len(names) > 1 else [])
        for chosen in sets:
            unrolling = Unrolling(self.algebra, self.sequences, lambda a: a.head[0] in chosen)  # noqa: B023
            try:
                if self.zero(unrolling.poly(goal), mask):
                    return True
            except TooLarge:
                continue
        return False


def primitive(algebra: Algebra, poly: Poly) -> Poly:
    """The polynomial without the factors that all terms share: zero where it is."""
    if not poly.terms:
        return poly
    first = next(iter(poly.terms))
    shared = {
        atom: -min(m.factors.get(atom, 0) for m in poly.terms)
        for atom in first.factors
        if min(m.factors.get(atom, 0) for m in poly.terms) > 0
    }
    return algebra.multiply(poly, of_monomial(shared))


def guards(mask: Poly) -> tuple[Atom, ...] | None:
    """The indicators whose product the mask is, where it is one."""
    single = mask.single
    if single is None or single[1] != 1:
        return None
    return tuple(single[0].factors)


End = tuple[str, Place]


def ends_of(poly: Poly, now: Var) -> frozenset[End]:
    """The ends of products of matrices at which `now` stands."""
    found: set[End] = set()
    for atom in all_atoms(poly):
        if atom.kind == "chain":
            names = ("length",) if atom.head == ("power",) else ("low", "high")
            ends = zip(names, atom.places[2:], strict=True)
            found |= {(name, where) for name, where in ends if now in where.free}
    return frozenset(found)


class Splitting:
    """A rule that takes a factor off products of matrices at some ends, where there is one."""

    def __init__(self, ends: frozenset[End], first: bool) -> None:
        self.ends = ends
        self.first = first  # of a power the first factor is taken off, or the last

    def rule(self, algebra: Algebra, factors: Factors, bound: frozenset[Var]) -> Rewritten | None:
        """Terminates: a product that was split ends elsewhere."""
        for atom, exponent in factors.items() if self.ends else ():
            if atom.kind != "chain" or exponent != 1:
                continue
            if atom.head == ("power",):
                first, low, high = self.first, Place((), DIM_ONE), atom.places[2]
                found = ("length", high) in self.ends
            else:
                low, high = atom.places[2:]
                first = ("low", low) in self.ends
                found = first or ("high", high) in self.ends
            if found and has_factor(low, high, factors):
                return Rewritten(without(factors, atom), split(algebra, atom, first), frozenset())
        return None


def has_factor(low: Place, high: Place, factors: Factors) -> bool:
    """`low <= high`, for all places or by an order that stands among the factors."""
    if never_below(high, low):
        return True
    length = distance(low, high)
    return any(
        a.kind == "less" and never_below(length, shifted(distance(*a.places), -1)) for a in factors
    )
