"""Entries of recurrences replaced step by step by what defines them, until two sides can meet.

`at_step` is for a step of induction: what stands at `now` is unrolled in the way in which the
recurrences run, with the entries of the same time that this brings in, down to those of which the
hypothesis speaks. `outwards` is for statements about one step as such: what depends on the rest
goes first. Both then unroll what is familiar: entries made only of what is there already, so that
`sigma'(z[t])` and `h[t]*(1 - h[t])` meet.
"""

from collections.abc import Callable, Iterator

from derive.calculus.algebra import Algebra
from derive.calculus.place import Place
from derive.calculus.term import Atom, Poly
from derive.proof.unrolling import ForwardUnrolling, Sequences, Unrolling, near, shifted

MOST_ROUNDS = 12
MOST_STEPS = 4

Where = tuple[str, Place]


class Steps:
    """Unrolls terms in an algebra."""

    def __init__(self, algebra: Algebra, sequences: Sequences) -> None:
        self.algebra = algebra
        self.sequences = sequences
        self._made_of: dict[Where, tuple[frozenset[str], frozenset[Where]]] = {}

    def at_step(self, poly: Poly, now: Place, step: int, keep: frozenset[str]) -> Iterator[Poly]:
        """A term unrolled as by `from_now`, then ever further."""
        for known in self.from_now(poly, now, step, keep):
            poly = known
            yield poly
        places = (now, shifted(now, -step))

        def level(atom: Atom) -> bool:
            at = any(near(self.of(atom)[1], place) == 0 for place in places)
            return at and self.is_level(atom)

        poly = self.unrolled(poly, level)
        yield poly
        yield self.unrolled(poly, lambda atom: near(self.of(atom)[1], now) == 0)

    def from_now(self, poly: Poly, now: Place, step: int, keep: frozenset[str]) -> Iterator[Poly]:
        """A term with the entries at `now` unrolled; `keep` are those that stay one step before."""
        before = shifted(now, -step)

        def wanted(atom: Atom) -> bool:
            name, where = self.of(atom)
            if self.sequences.step(name) != step or not self.sequences.in_one_piece(atom):
                return False
            if near(where, now) == 0:
                return True
            return near(where, before) == 0 and name not in keep and self.is_level(atom)

        for _ in range(MOST_ROUNDS):
            unrolled = self.unrolled(poly, wanted)
            if step > 0:
                unrolled = self.forwards(unrolled, now)
            if unrolled == poly:
                break
            poly = unrolled
        yield poly
        yield from self.familiar(poly)

    def outwards(self, poly: Poly) -> Iterator[Poly]:
        """A term with entries unrolled: the familiar ones, then those that depend on others."""
        for _ in range(MOST_STEPS):
            for known in self.familiar(poly):
                poly = known
                yield poly
            outermost = self.outermost(poly)
            if not outermost:
                return
            poly = self.unrolled(poly, lambda atom: self.of(atom) in outermost)  # noqa: B023
            yield poly

    def familiar(self, poly: Poly) -> Iterator[Poly]:
        """A term with the entries unrolled that are made of what is there already."""
        for _ in range(MOST_ROUNDS):
            present = {self.of(atom) for atom in self.entries(poly)}
            symbols = poly.symbols

            def wanted(atom: Atom) -> bool:
                return self.sequences.in_one_piece(atom) and self.is_made_of(
                    atom,
                    present,  # noqa: B023
                    symbols,  # noqa: B023
                )

            unrolled = self.unrolled(poly, wanted)
            if unrolled == poly:
                return
            poly = unrolled
            yield poly

    def outermost(self, poly: Poly) -> frozenset[Where]:
        """The entries on which no other one depends."""
        entries = [a for a in self.entries(poly) if self.sequences.in_one_piece(a)]
        present = {self.of(atom) for atom in entries}
        return frozenset(
            one for one in present if not any(self.depends(two, one) for two in present)
        )

    def depends(self, one: Where, two: Where) -> bool:
        """An entry depends on another of the same recurrence: an earlier one, or of its time."""
        name, place = one
        other, there = two
        group = self.sequences.calculus.recurrence(name)
        gap = near(there, place)
        if group is None or other not in group.names or gap is None:
            return False
        if gap:
            return (gap < 0) == (group.step > 0)
        return other in self.sequences.below(name)

    # --- one replacement -----------------------------------------------------------------------

    def entries(self, poly: Poly) -> list[Atom]:
        """The recurrent entries of a term at times that are free in it."""
        entries = self.sequences.entries(poly)
        return [e for e in entries if self.sequences.time(e).free <= poly.free]

    def of(self, atom: Atom) -> Where:
        """The name and the time of an entry."""
        return str(atom.head[0]), self.sequences.time(atom)

    def is_level(self, atom: Atom) -> bool:
        """An entry that is made of entries of its own time only."""
        return self.sequences.is_level(str(atom.head[0])) and self.sequences.in_one_piece(atom)

    def is_made_of(self, atom: Atom, present: set[Where], symbols: frozenset[str]) -> bool:
        """What defines an entry holds only entries that are `present`, and names among these."""
        here = self.of(atom)
        if here not in self._made_of:
            name, where = here
            body = self.sequences.calculus.body(name)
            assert body is not None
            time = body.variables[self.sequences.calculus.time(name)]
            made = self.algebra.substitute(body.poly, {time: where})
            inner = frozenset(map(self.of, self.sequences.entries(made)))
            self._made_of[here] = made.symbols, inner
        used, inner = self._made_of[here]
        return used <= symbols and inner <= present and here not in inner

    def unrolled(self, poly: Poly, wanted: Callable[[Atom], bool]) -> Poly:
        """The term with the wanted entries replaced by one step."""
        if not any(map(wanted, self.entries(poly))):
            return poly
        return Unrolling(self.algebra, self.sequences, wanted).poly(poly)

    def forwards(self, poly: Poly, now: Place) -> Poly:
        """Derivatives of entries at `now`, by the chain rule forwards."""

        def wanted(atom: Atom) -> bool:
            origin = self.sequences.origin(atom)
            return origin is not None and near(origin, now) == 0

        return ForwardUnrolling(self.algebra, self.sequences, wanted).poly(poly)
