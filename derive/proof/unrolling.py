"""Entries of recurrences replaced by what one step says of them."""

from collections.abc import Callable

from derive.calculus.algebra import Algebra
from derive.calculus.engine import Calculus
from derive.calculus.partials import Differentiation
from derive.calculus.place import Place, Var, fresh, place
from derive.calculus.ranges import moved, spot, surely_within
from derive.calculus.recurrence import pieces
from derive.calculus.term import Atom, Poly, add
from derive.calculus.unfolding import Unfolding, all_atoms, renewed
from derive.model.dim import Dim

MOST_UNROLLED = 5


class Sequences:
    """The recurrent names of a calculus: where their entries stand, and how a step reads."""

    def __init__(self, calculus: Calculus) -> None:
        self.calculus = calculus
        self._pieces: dict[str, list[tuple[Var, Poly]]] = {}
        self._below: dict[str, frozenset[str]] = {}
        self._uses: dict[str, frozenset[tuple[str, int | None]]] = {}

    def is_one(self, name: str) -> bool:
        """The name is defined by a recurrence."""
        return self.calculus.recurrence(name) is not None

    def step(self, name: str) -> int:
        """1 for a recurrence that runs up, -1 for one that runs down."""
        recurrence = self.calculus.recurrence(name)
        assert recurrence is not None
        return recurrence.step

    def time(self, atom: Atom) -> Place:
        """Where an entry stands on the axis of its recurrence."""
        return atom.places[self.calculus.time(str(atom.head[0]))]

    def start(self, name: str) -> Place:
        """The end of the axis from which the recurrence runs."""
        axis = self.calculus.axes(name)[self.calculus.time(name)]
        return Place((), axis.low if self.step(name) > 0 else axis.high)

    def entries(self, poly: Poly) -> list[Atom]:
        """The recurrent entries of a term, those inside others included, each once."""
        found: dict[Atom, None] = {}
        for atom in all_atoms(poly):
            if atom.kind == "entry" and self.is_one(str(atom.head[0])):
                found[atom] = None
        return list(found)

    def present(self, poly: Poly) -> bool:
        """The term depends on recurrent names."""
        return any(self.is_one(name) for name in self.calculus.reachable(poly))

    def names(self, poly: Poly) -> list[str]:
        """The recurrent names of a term."""
        return sorted(name for name in poly.symbols if self.is_one(name))

    def source(self, name: str) -> tuple[str, str] | None:
        """What an adjoint is the derivative of, and by what."""
        return self.calculus.adjoint_of.get(name)

    def origin(self, atom: Atom) -> Place | None:
        """The time of the entry that was differentiated, where that is of the same recurrence."""
        found = self.source(str(atom.head[0]))
        if found is None:
            return None
        of, wrt = found
        block = self.calculus.block(of)
        if block is None or wrt not in block.names:
            return None
        return atom.places[self.calculus.time(of)]

    def pieces(self, name: str) -> list[tuple[Var, Poly]]:
        """What defines a name on each part of its axis on which it has one form."""
        if name not in self._pieces:
            body = self.calculus.body(name)
            assert body is not None
            time = body.variables[self.calculus.time(name)]
            self._pieces[name] = pieces(self.calculus.algebra, body.poly, time)
        return self._pieces[name]

    def in_one_piece(self, atom: Atom) -> bool:
        """The place of an entry is surely on one part of the axis."""
        parts = self.pieces(str(atom.head[0]))
        return len(parts) == 1 or any(surely_within(self.time(atom), v.axis) for v, _ in parts)

    def below(self, name: str) -> frozenset[str]:
        """The names of the same recurrence on which one depends at the same time."""
        if name not in self._below:
            self._below[name] = frozenset()
            found: set[str] = set()
            for other, gap in self.uses(name):
                if gap == 0:
                    found |= {other} | self.below(other)
            self._below[name] = frozenset(found)
        return self._below[name]

    def is_level(self, name: str) -> bool:
        """Its entries are made of entries of the same time only."""
        return all(gap == 0 for _, gap in self.uses(name))

    def uses(self, name: str) -> frozenset[tuple[str, int | None]]:
        """The names of the same recurrence of which one is made, and how far off they stand."""
        recurrence = self.calculus.recurrence(name)
        assert recurrence is not None
        if name not in self._uses:
            self._uses[name] = frozenset(
                (str(atom.head[0]), near(self.time(atom), place(part)))
                for part, poly in self.pieces(name)
                for atom in self.entries(poly)
                if str(atom.head[0]) in recurrence.names and part in self.time(atom).free
            )
        return self._uses[name]


def near(where: Place, end: Place) -> int | None:
    """The whole number by which a place is above another, where it is one."""
    return (where.offset - end.offset).constant if where.terms == end.terms else None


class Unrolling(Unfolding):
    """Replaces the recurrent entries that `wanted` names by one step of their recurrence."""

    def __init__(self, algebra: Algebra, sequences: Sequences, wanted: Callable[[Atom], bool]):
        super().__init__(algebra, {})
        self.sequences = sequences
        self.wanted = wanted
        self.changed = False

    def touches(self, atom: Atom) -> bool:
        """The atom has a recurrent entry in it."""
        return any(self.sequences.is_one(name) for name in atom.symbols)

    def atom(self, atom: Atom) -> Poly:
        """The rebuilt atom."""
        name = str(atom.head[0]) if atom.kind == "entry" else ""
        if name and self.sequences.is_one(name) and self.wanted(atom):
            self.changed = True
            return renewed(self.algebra, self.step_of(atom))
        return super().atom(atom)

    def step_of(self, atom: Atom) -> Poly:
        """What defines an entry."""
        body = self.sequences.calculus.body(str(atom.head[0]))
        assert body is not None
        at = dict(zip(body.variables, atom.places, strict=True))
        return self.algebra.substitute(body.poly, at)


class ForwardUnrolling(Unrolling):
    """Unrolls derivatives `dh[s]/dh[k]` at the time `s` of what is differentiated.

    The chain rule forwards: dh[s]/dy = sum_u dF/du du/dy for h[s] = F(u), u of earlier times.
    F is differentiated as it was written: what is known of the values of u says nothing of du.
    """

    def step_of(self, atom: Atom) -> Poly:
        """The derivative of what defines the entry that is differentiated."""
        algebra, calculus = self.algebra, self.sequences.calculus
        found = self.sequences.source(str(atom.head[0]))
        assert found is not None
        of, wrt = found
        count = len(calculus.axes(of))
        of_places, wrt_places = atom.places[:count], atom.places[count:]
        body, block = calculus.body(of), calculus.block(of)
        assert body is not None
        assert block is not None
        plain = calculus.algebra
        own = plain.substitute(body.poly, dict(zip(body.variables, of_places, strict=True)))
        parts = []
        if of == wrt:
            pairs = zip(of_places, wrt_places, strict=True)
            parts.append(algebra.product(algebra.delta(p, q) for p, q in pairs))
        for symbol in sorted(own.symbols & set(block.names)):
            variables = tuple(fresh(a) for a in calculus.axes(symbol))
            local = Differentiation(plain, symbol, tuple(map(spot, variables))).poly(own)
            if not local.terms:
                continue
            gradient = calculus.gradient(symbol, wrt)
            places = (*map(spot, variables), *wrt_places)
            names = (*gradient.of_variables, *gradient.wrt_variables)
            inner = algebra.substitute(gradient.poly, dict(zip(names, places, strict=True)))
            parts.append(algebra.total(variables, algebra.multiply(local, inner)))
        return add(parts)


def reached_ends(algebra: Algebra, sequences: Sequences, poly: Poly) -> Poly:
    """The term with entries at a fixed distance from where their recurrence starts unrolled."""

    def wanted(atom: Atom) -> bool:
        name = str(atom.head[0])
        ends = [sequences.start(name)]
        origin = sequences.origin(atom)
        ends += [origin] if origin is not None else []
        steps = (near(sequences.time(atom), end) for end in ends)
        return any(s is not None and 0 <= s * sequences.step(name) < MOST_UNROLLED for s in steps)

    for _ in range(3 * MOST_UNROLLED):
        if not any(map(wanted, sequences.entries(poly))):
            break
        unrolling = Unrolling(algebra, sequences, wanted)
        poly = unrolling.poly(poly)
        if not unrolling.changed:
            break
    return poly


def shifted(where: Place, steps: int) -> Place:
    """The place some steps further on."""
    return moved(where, Dim.of(steps))
