"""Opening definitions: a difference with more and more names replaced by what defines them.

Hidden names go first; then those of which a part already stands in the term, for there something
may cancel; then the last one. Adjoints that equal a tensor of the user's are taken for it.
"""

from collections.abc import Iterator

from derive.calculus.adjoints import Body
from derive.calculus.algebra import Algebra, TooLarge
from derive.calculus.canonical import signature
from derive.calculus.engine import Calculus
from derive.calculus.ranges import spot
from derive.calculus.term import Atom, Poly, of_atom
from derive.calculus.unfolding import Unfolding, all_atoms

AT_ONCE = 3
MOST_TERMS = 4000
MOST_FACTORS = 40_000
OVERLAPPING = frozenset({"exp", "pow", "func", "sum", "unknown", "matrix"})


def shape_of_atom(atom: Atom) -> int:
    """What an atom is but for the names of its free indices."""
    return signature(atom, dict.fromkeys(atom.free, 53))


class Opening:
    """Opens the names of a model; `given` are names that stand for something else."""

    def __init__(self, calculus: Calculus, given: dict[str, Body]) -> None:
        self.calculus = calculus
        self.model = calculus.model
        self.given = given
        self._aliases: dict[int, dict[str, Body]] = {}
        self._tried: dict[int, set[str]] = {}
        self._parts: dict[str, frozenset[int]] = {}

    def body(self, name: str) -> Body:
        """A definition with the names that the statement substitutes replaced."""
        body = self.calculus.body(name)
        assert body is not None
        if not self.given:
            return body
        return Body(body.variables, Unfolding(self.calculus.algebra, self.given).poly(body.poly))

    def openings(self, difference: Poly, algebra: Algebra) -> Iterator[Poly]:
        """The difference with more and more definitions opened, the last ones first."""
        poly = Unfolding(algebra, {}).poly(difference)
        yield poly
        aliases = {} if self.given else self.aliases(poly, algebra)
        if not aliases.keys().isdisjoint(poly.symbols):
            poly = Unfolding(algebra, aliases).poly(poly)
            yield poly
        while poly.terms:
            chosen = self.chosen(poly)
            if not chosen:
                break
            poly = Unfolding(algebra, {n: self.body(n) for n in chosen}).poly(poly)
            if len(poly.terms) > MOST_TERMS or weight(poly) > MOST_FACTORS:
                raise TooLarge
            yield poly

    def chosen(self, poly: Poly) -> set[str]:
        """The definitions to open next.

        All hidden ones; else those of which a part already stands in the term, for there something
        may cancel; else the last few.
        """
        definitions = self.model.definitions
        names = {n for n in poly.symbols if n in definitions and n not in self.given}
        adjoints = set(self.calculus.adjoints)
        hidden = {n for n in names if definitions[n].hidden} - adjoints
        if hidden or not names:
            return hidden
        parts = {shape_of_atom(a) for a in all_atoms(poly) if a.kind in OVERLAPPING}
        overlapping = {n for n in names - adjoints if not parts.isdisjoint(self.parts(n))}
        if overlapping:
            return overlapping
        position = {name: k for k, name in enumerate(definitions)}
        return set(sorted(names, key=position.__getitem__)[-AT_ONCE:])

    def parts(self, name: str) -> frozenset[int]:
        """What stands in a definition, but for the names of indices."""
        if name not in self._parts:
            body = self.calculus.body(name)
            assert body is not None
            atoms = all_atoms(body.poly)
            self._parts[name] = frozenset(shape_of_atom(a) for a in atoms if a.kind in OVERLAPPING)
        return self._parts[name]

    def aliases(self, poly: Poly, algebra: Algebra) -> dict[str, Body]:
        """Adjoints that equal a tensor which the user defined, each as an entry of that.

        Found from the loss backwards, each by one step from those before: a derivation of fifty
        layers is fifty small proofs.
        """
        found = self._aliases.setdefault(id(algebra), {})
        tried = self._tried.setdefault(id(algebra), set())
        reachable = set(self.calculus.reachable(poly))
        for adjoint in self.calculus.adjoints:
            if adjoint not in reachable or adjoint in tried:
                continue
            tried.add(adjoint)
            body = self.calculus.body(adjoint)
            assert body is not None
            known = Unfolding(algebra, {}).poly(Unfolding(algebra, found).poly(body.poly))
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
            other = self.calculus.body(name)
            if other is not None and other.poly.symbols & self.model.symbols.keys() == tensors:
                yield name

    def closes(self, difference: Poly, name: str, algebra: Algebra) -> bool:
        """The difference vanishes when `name` is opened, and a few names that overlap."""
        chosen = {name}
        poly = difference
        for _ in range(4):
            poly = Unfolding(algebra, {n: self.body(n) for n in chosen}).poly(poly)
            if not poly.terms:
                return True
            if len(poly.terms) > 100:
                return False
            chosen = self.chosen(poly)
            if not chosen or chosen & set(self.calculus.adjoints):
                return False
        return False


def weight(poly: Poly) -> int:
    """The number of factors, those inside others included."""
    return sum(1 for _ in all_atoms(poly))
