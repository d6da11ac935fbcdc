"""Bounds of recurrences: `|X[k]| <= E[k]` for all k, by a bound of one step.

If a step multiplies X by c and E by q, with |c| <= q, the bound is kept; and it holds where the
recurrence starts. Any other order is shown at the start, and of an entry from the order one step
before. What is said of one step as such is seen when that step is written out.
Source: Pascanu, Mikolov and Bengio, On the difficulty of training recurrent neural networks (2013),
section 2.1.
"""

from collections.abc import Callable, Iterator
from itertools import islice

from derive.calculus.algebra import Algebra, TooLarge
from derive.calculus.place import Place, Var, fresh, place
from derive.calculus.term import Atom, Monomial, Poly, of_atom
from derive.model.model import Relation
from derive.model.scalar import Apply, Scalar
from derive.proof.namesakes import after_start
from derive.proof.steps import Steps
from derive.proof.totality import has_value, is_total
from derive.proof.unrolling import Sequences, reached_ends, shifted

MOST_STAGES = 4

Shows = Callable[[Poly], bool]
ShowsFrom = Callable[[Poly, tuple[Poly, ...]], bool]


def written_out(poly: Poly, algebra: Algebra, sequences: Sequences) -> Iterator[Poly]:
    """A term with its recurrences written out by one step and another."""
    if sequences.present(poly):
        poly = reached_ends(algebra, sequences, poly)
        yield poly
        yield from islice(Steps(algebra, sequences).outwards(poly), MOST_STAGES)


def bounded(
    relation: Relation,
    lower: Callable[[Scalar], Poly],
    algebra: Algebra,
    sequences: Sequences,
    shows: Shows,
) -> bool:
    """`|X| <= E` or `X <= E`, by induction over a time of X. `shows` says what is not negative."""
    small, large = relation.left, relation.right
    if relation.op in (">", ">="):
        small, large = large, small
    if relation.op not in ("<=", ">=") or relation.conditions:
        return False
    inner = small.arguments[0] if isinstance(small, Apply) and small.operation == "abs" else small
    entry, bound = lower(inner).atom, lower(large)
    if entry is None or entry.kind != "entry" or not sequences.is_one(str(entry.head[0])):
        return False
    time = sequences.time(entry).variable
    if time is None:
        return False
    step = sequences.step(str(entry.head[0]))
    try:
        return _by_steps(entry, bound, time, step, algebra, sequences, shows)
    except TooLarge:
        return False


def inductive(gap: Poly, algebra: Algebra, sequences: Sequences, shows: ShowsFrom) -> bool:
    """The gap is above zero, by induction over a time of its recurrences.

    `shows` says whether a term is, where some others are.
    """
    times = {
        (variable, sequences.step(str(atom.head[0])))
        for atom in sequences.entries(gap)
        for variable in (sequences.time(atom).variable,)
        if variable is not None and variable in gap.free
    }
    for time, step in sorted(times, key=lambda one: (one[0].name, one[1])):
        start = {time: Place((), time.axis.low if step > 0 else time.axis.high)}
        if not shows(reached_ends(algebra, sequences, algebra.substitute(gap, start)), ()):
            continue
        now = fresh(after_start(time.axis, step), time.name)
        before = algebra.substitute(gap, {time: shifted(place(now), -step)})
        there = algebra.substitute(gap, {time: place(now)})
        known = (before,) if _has_had_value(before, sequences) else ()
        stages = Steps(algebra, sequences).from_now(there, place(now), step, frozenset())
        if any(shows(stage, known) for stage in stages):
            return True
    return False


def _by_steps(
    entry: Atom,
    bound: Poly,
    time: Var,
    step: int,
    algebra: Algebra,
    sequences: Sequences,
    shows: Shows,
) -> bool:
    """The bound holds at the start, and a step keeps it."""
    start = {time: Place((), time.axis.low if step > 0 else time.axis.high)}
    first = reached_ends(algebra, sequences, algebra.substitute(of_atom(entry), start))
    limit = algebra.substitute(bound, start)
    if not (shows(limit - first) and shows(limit + first)):
        return False
    now = fresh(after_start(time.axis, step), time.name)
    here, before = place(now), shifted(place(now), -step)
    old = algebra.substitute(of_atom(entry), {time: before}).atom
    earlier = algebra.substitute(bound, {time: before})
    if old is None or earlier.single is None or not _not_negative(earlier, shows):
        return False
    later = algebra.substitute(bound, {time: here})
    rate = algebra.multiply(later, algebra.raised(earlier, -1))
    unrolled = algebra.substitute(of_atom(entry), {time: here})
    keep = frozenset({str(old.head[0])})
    for stage in Steps(algebra, sequences).from_now(unrolled, here, step, keep):
        factor = _quotient(stage, old)
        if factor is not None and shows(rate - factor) and shows(rate + factor):
            return True
    return False


def _has_had_value(poly: Poly, sequences: Sequences) -> bool:
    """A term is defined one step before where it is at a step.

    It is at all points, or all that it is made of is a step on which the next one is built.
    """
    calculus = sequences.calculus
    if is_total(calculus, poly):
        return True
    names = sequences.names(poly)
    if not has_value(calculus.signs, poly) or any(
        calculus.body(n) for n in poly.symbols - {*names}
    ):
        return False
    return all((name, -sequences.step(name)) in sequences.uses(name) for name in names)


def _quotient(poly: Poly, atom: Atom) -> Poly | None:
    """The polynomial divided by an entry that all its terms share."""
    if any(m.factors.get(atom, 0) != 1 for m in poly.terms):
        return None
    return Poly(
        {
            Monomial({a: e for a, e in m.factors.items() if a != atom}): c
            for m, c in poly.terms.items()
        }
    )


def _not_negative(monomial: Poly, shows: Shows) -> bool:
    """A product of powers is not negative: each of its factors is not, or is an even power."""
    if shows(monomial):
        return True
    ((factors, coefficient),) = monomial.terms.items()
    for atom, exponent in factors.factors.items():
        base = atom.args[0] if atom.head[:1] == ("ipow",) else of_atom(atom)
        even = exponent.denominator == 1 and exponent % 2 == 0
        if not even and not shows(base):
            return False
    return coefficient > 0
