"""Opening definitions: a difference with more and more names replaced by what defines them.

Outermost first, so that each is opened once: a definition opened before one that uses it comes back
with that. Adjoints that equal a tensor of the user's are taken for it.
"""

from collections.abc import Iterator
from itertools import chain, islice

from derive.calculus.adjoints import Body
from derive.calculus.algebra import Algebra, TooLarge
from derive.calculus.engine import Calculus
from derive.calculus.ranges import spot
from derive.calculus.term import Atom, Poly, of_atom
from derive.calculus.unfolding import Unfolding, all_atoms, renewed

MOST_TERMS = 4000
MOST_FACTORS = 40_000
MOST_STEPS = 4
MOST_FACTORS_OF_A_STEP = 100


class Opening:
    """Opens the names of a model; `given` are names that stand for something else."""

    def __init__(self, calculus: Calculus, given: dict[str, Body]) -> None:
        self.calculus = calculus
        self.model = calculus.model
        self.given = given
        self._aliases: dict[int, dict[str, Body]] = {}
        self._tried: dict[int, set[str]] = {}
        self._uses: dict[str, frozenset[str]] = {}
        self._uses_in_sight: dict[str, frozenset[str]] = {}
        self._sights: dict[Atom, frozenset[str]] = {}

    def body(self, name: str) -> Body:
        """A definition with the names that the statement substitutes replaced."""
        body = self.calculus.body(name)
        assert body is not None
        if not self.given:
            return body
        return Body(body.variables, Unfolding(self.calculus.algebra, self.given).poly(body.poly))

    def openings(self, difference: Poly, algebra: Algebra) -> Iterator[Poly]:
        """The difference with more and more definitions opened, outermost first."""
        poly = renewed(algebra, difference)
        yield poly
        aliases = {} if self.given else self.aliases(poly, algebra)
        if not aliases.keys().isdisjoint(poly.symbols):
            poly = Unfolding(algebra, aliases).poly(poly)
            yield poly
        for opened in self.stages(poly, algebra):
            if len(opened.terms) > MOST_TERMS or weight(opened) > MOST_FACTORS:
                raise TooLarge
            yield opened

    def stages(self, poly: Poly, algebra: Algebra) -> Iterator[Poly]:
        """All is opened, outermost first; before each step, on trial, what brings in nothing new.

        `sigma'(z)` and `h*(1 - h)` are the same once `h` is open, whatever else stays closed.
        """
        while poly.terms:
            chosen = self.outermost(poly)
            if not chosen:
                break
            trial = poly
            familiar = self.familiar(poly)
            while trial.terms and familiar and familiar != chosen:
                trial = self.opened(trial, familiar, algebra)
                yield trial
                familiar = self.familiar(trial)
            poly = self.opened(poly, chosen, algebra)
            yield poly

    def opened(self, poly: Poly, chosen: frozenset[str], algebra: Algebra) -> Poly:
        """The difference with these names opened: where they are in sight, or all over."""
        sealed = not chosen.isdisjoint(self.in_sight(poly))
        return Unfolding(algebra, {n: self.body(n) for n in chosen}, sealed=sealed).poly(poly)

    def familiar(self, poly: Poly) -> frozenset[str]:
        """The names whose definitions name nothing that is not there already."""
        there = poly.symbols
        return frozenset(n for n in self.in_sight(poly) if self.body(n).poly.symbols <= there)

    def outermost(self, poly: Poly) -> frozenset[str]:
        """The definitions to open next: those that no other one that is present uses.

        So each is opened once. The arguments of unspecified functions come last: they are mostly
        the same on both sides.
        """
        present, uses = self.in_sight(poly), self._uses_in_sight
        if not present:
            present, uses = self.definitions(poly), self._uses
        used = frozenset().union(*(self.used_by(n, uses) for n in present))
        return present - used

    def definitions(self, poly: Poly) -> frozenset[str]:
        """The names in a term that can be opened: not those of a recurrence."""
        return frozenset(filter(self.can_be_opened, poly.symbols))

    def can_be_opened(self, name: str) -> bool:
        """A name is defined, and neither given another value nor by a recurrence."""
        if name not in self.model.definitions or name in self.given:
            return False
        return self.calculus.recurrence(name) is None

    def in_sight(self, poly: Poly) -> frozenset[str]:
        """The names that can be opened, outside of the arguments of unspecified functions."""
        names = self.definitions(poly)
        if not names:
            return names
        return frozenset().union(*(self._seen(a) for a in poly.atoms() if a.symbols & names))

    def _seen(self, atom: Atom) -> frozenset[str]:
        """The names in sight in an atom."""
        found = self._sights.get(atom)
        if found is None:
            inside = [*atom.args, *(p.computed for p in atom.places if p.computed is not None)]
            if atom.kind == "unknown":
                inside = []
            found = frozenset().union(*map(self.in_sight, inside))
            if atom.kind == "entry" and self.can_be_opened(str(atom.head[0])):
                found |= {str(atom.head[0])}
            self._sights[atom] = found
        return found

    def used_by(self, name: str, uses: dict[str, frozenset[str]]) -> frozenset[str]:
        """The names on which a definition depends, directly or not."""
        if name not in uses:
            uses[name] = frozenset()
            body = self.calculus.body(name)
            assert body is not None
            sealed = uses is self._uses_in_sight
            direct = self.in_sight(body.poly) if sealed else self.definitions(body.poly)
            uses[name] = direct.union(*(self.used_by(n, uses) for n in direct))
        return uses[name]

    def aliases(self, poly: Poly, algebra: Algebra) -> dict[str, Body]:
        """Adjoints that equal a tensor which the user defined, each as an entry of that.

        Found from the loss backwards, each by one step from those before: a derivation of fifty
        layers is fifty small proofs.
        """
        found = self._aliases.setdefault(id(algebra), {})
        tried = self._tried.setdefault(id(algebra), set())
        reachable = set(self.calculus.reachable(poly))
        for adjoint in self.calculus.adjoints:
            if adjoint not in reachable or adjoint in tried or not self.can_be_opened(adjoint):
                continue
            tried.add(adjoint)
            body = self.calculus.body(adjoint)
            assert body is not None
            known = renewed(algebra, Unfolding(algebra, found).poly(body.poly))
            for name in self.namesakes(body):
                entry = of_atom(Atom("entry", (name,), tuple(map(spot, body.variables))))
                if self.closes(known - entry, name, algebra):
                    found[adjoint] = Body(body.variables, entry)
                    break
        return found

    def namesakes(self, body: Body) -> Iterator[str]:
        """The user's definitions that have the shape and the tensors of an adjoint."""
        axes = tuple(v.axis for v in body.variables)
        tensors = body.poly.symbols & self.model.symbols.keys()
        for name, definition in self.model.definitions.items():
            if definition.hidden or tuple(v.axis for v in definition.indices) != axes:
                continue
            other = self.calculus.exact_body(name)
            if other is not None and other.poly.symbols & self.model.symbols.keys() == tensors:
                yield name

    def closes(self, difference: Poly, name: str, algebra: Algebra) -> bool:
        """The difference vanishes when `name` is opened, and a few names that overlap."""
        poly = self.opened(difference, frozenset({name}), algebra)
        for opened in islice(chain((poly,), self.stages(poly, algebra)), MOST_STEPS):
            if not opened.terms:
                return True
            if weight(opened) > MOST_FACTORS_OF_A_STEP:
                return False
        return False


def weight(poly: Poly) -> int:
    """The number of factors, those inside others included."""
    return sum(1 for _ in all_atoms(poly))
