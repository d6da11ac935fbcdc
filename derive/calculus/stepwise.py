"""A derivative composed of small steps: each adjoint in the names of the file before it is used.

The adjoint of a name is a sum, over the definitions that use it, of theirs times a local
derivative. In a local derivative the definitions are recognised right away, and the adjoints before
it are short by then (`p - y`). So no long term arises that would have to become short again.
Whatever is recognised is opened again, and shown to be what it was.
"""

from derive.calculus.adjoints import Body
from derive.calculus.algebra import Algebra
from derive.calculus.engine import Calculus
from derive.calculus.folding import KINDS, Rule, every_atom, rules_of, simplest, weight
from derive.calculus.powers import cleared
from derive.calculus.term import Atom, Poly
from derive.calculus.unfolding import Unfolding, renewed
from derive.model.traverse import has_derivative

MOST = 200
"""What is heavier than this is no short answer."""
Kind = tuple[str, tuple[str | int, ...], frozenset[str]]

ORDER = {"exp": 0, "func": 0, "sum": 2, "entry": 3}
"""What a definition alone brings in is looked for before what others have, too."""


class NotComposed(Exception):
    """A step was not shown to be right, or a term grew long."""


class Stepwise:
    """Composes the derivatives of one value, under what an algebra knows."""

    def __init__(self, calculus: Calculus, algebra: Algebra, near: frozenset[str]) -> None:
        self.calculus = calculus
        self.model = calculus.model
        self.algebra = algebra
        self.near = near
        self._rules: dict[str, tuple[Rule, ...]] = {}
        self._inside: dict[str, frozenset[Kind]] = {}
        self._adjoints: dict[str, Body] = {}
        self.used: frozenset[str] = frozenset()

    def closed(self, poly: Poly, title: str) -> Poly:
        """An equal term in the names of the file. Raises NotComposed.

        No derivatives by names in between are left in it, but for those of recurrences.
        """
        return self.composed(self.folded(renewed(self.algebra, poly)), title)

    def composed(self, poly: Poly, title: str) -> Poly:
        """A term with the derivatives by names in between put in."""
        between = {name for name in poly.symbols if self.is_between(name) and name != title}
        if not between:
            return poly
        self.used |= between
        bodies = {name: self.adjoint(name) for name in sorted(between)}
        return self.folded(Unfolding(self.algebra, bodies).poly(poly))

    def is_between(self, name: str) -> bool:
        """The name of a derivative that is opened."""
        found = self.model.definitions.get(name)
        return found is not None and found.hidden and "/d" in name and found.recurrence is None

    def adjoint(self, name: str) -> Body:
        """A derivative by a name in between, in the names of the file."""
        if name not in self._adjoints:
            body = self.calculus.body(name)
            assert body is not None
            made = self.folded(renewed(self.algebra, body.poly))
            self._adjoints[name] = Body(body.variables, self.composed(made, name))
        return self._adjoints[name]

    def folded(self, poly: Poly) -> Poly:
        """A term with the definitions recognised of which a part stands in it."""
        if weight(poly) > MOST:
            raise NotComposed
        present = set(map(kind_of, every_atom(poly)))
        names = [
            name
            for name in reversed(list(self.model.definitions))
            if name in self.near and not present.isdisjoint(self.inside(name))
        ]
        rules = [rule for name in names for rule in self.rules(name)]
        return self.by_rules(poly, rules, {n: self.body(n) for n in names})

    def by_bodies(self, poly: Poly, bodies: dict[str, Body]) -> Poly:
        """A term with definitions recognised that the file does not have. Raises NotComposed."""
        rules = [r for name, body in bodies.items() for r in rules_of(self.algebra, name, body)]
        return self.by_rules(poly, rules, bodies)

    def by_rules(self, poly: Poly, rules: list[Rule], bodies: dict[str, Body]) -> Poly:
        """A term with the definitions `bodies` recognised by rules. Raises NotComposed."""
        rules.sort(key=lambda rule: ORDER.get(rule.atom.kind, 1))
        made, used = simplest(self.algebra, poly, rules)
        rest = made - poly
        for name in bodies:
            if name in used:
                self.used |= {name}
                rest = Unfolding(self.algebra, {name: bodies[name]}).poly(rest)
        if rest.terms and cleared(self.algebra, rest).terms:
            raise NotComposed
        return made

    def body(self, name: str) -> Body:
        """A definition."""
        body = self.calculus.body(name)
        assert body is not None
        return body

    def inside(self, name: str) -> frozenset[Kind]:
        """What kinds of atoms a definition is recognised by.

        A hidden name for a derivative, as `hess` makes one, is no answer to what that is.
        """
        if name not in self._inside:
            definition = self.model.definitions[name]
            is_answer = definition.hidden and ("/d" in name or has_derivative(definition.body))
            body = None if is_answer else self.calculus.exact_body(name)
            atoms = () if body is None else body.poly.atoms()
            self._inside[name] = frozenset(kind_of(a) for a in atoms if a.kind in KINDS)
        return self._inside[name]

    def rules(self, name: str) -> tuple[Rule, ...]:
        """The definition of a name, solved for its atoms."""
        if name not in self._rules:
            self._rules[name] = tuple(rules_of(self.algebra, name, self.body(name)))
        return self._rules[name]


def kind_of(atom: Atom) -> Kind:
    """What an atom is but for its places."""
    return atom.kind, atom.head, atom.symbols
