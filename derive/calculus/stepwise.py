"""A derivative composed of small steps: each adjoint in the names of the file before it is used.

The adjoint of a name is a sum, over the definitions that use it, of theirs times a local
derivative. In a local derivative the definitions are recognised right away, and the adjoints before
it are short by then (`p - y`). So no long term arises that would have to become short again.
Whatever is recognised is opened again, and shown to be what it was.
"""

from derive.calculus.adjoints import Body
from derive.calculus.algebra import Algebra
from derive.calculus.engine import Calculus
from derive.calculus.folding import (
    KINDS,
    Kind,
    Rule,
    every_atom,
    kind_of,
    rules_of,
    simplest,
    weight,
)
from derive.calculus.powers import cleared
from derive.calculus.ranges import spot
from derive.calculus.term import Atom, Poly, of_atom
from derive.calculus.unfolding import Unfolding, renewed
from derive.model.model import Definition
from derive.model.scalar import Block, Blocks
from derive.model.traverse import has_derivative

MOST = 200
"""What is heavier than this is no short answer."""
FUNCTIONS = frozenset({"exp", "func", "pow", "unknown"})

ORDER = {"exp": 0, "func": 0, "sum": 2, "entry": 3}
"""What a definition alone brings in is looked for before what others have, too."""


class NotComposed(Exception):
    """A step was not shown to be right, or a term grew long."""


class Stepwise:
    """Composes the derivatives of a value `of` that rests on what is `near`, by an algebra."""

    def __init__(self, calculus: Calculus, algebra: Algebra, of: str, near: frozenset[str]) -> None:
        self.of = of
        self.calculus = calculus
        self.model = calculus.model
        self.algebra = algebra
        self.near = near
        self._rules: dict[str, tuple[Rule, ...]] = {}
        self._inside: dict[str, frozenset[Kind]] = {}
        self._adjoints: dict[str, Body | None] = {}
        self.used: frozenset[str] = frozenset()

    def closed(self, poly: Poly, title: str) -> Poly:
        """An equal term in the names of the file. Raises NotComposed.

        No derivatives by names in between are left in it, but for those of recurrences.
        """
        return self.settled(self.composed(self.folded(renewed(self.algebra, poly)), title))

    def settled(self, poly: Poly) -> Poly:
        """A term with sums of one name put in that have a short value: `sum(p) = 1`."""
        values: dict[Atom, Poly] = {}
        for atom in set(poly.atoms()):
            definitions = self.model.definitions.keys() & atom.symbols
            if atom.kind == "sum" and atom.symbols == definitions and len(definitions) == 1:
                (name,) = definitions
                if self.model.definitions[name].recurrence is None:
                    opened = Unfolding(self.algebra, {name: self.body(name)})
                    value = self.folded(opened.poly(of_atom(atom)))
                    if weight(value) < weight(of_atom(atom)):
                        values[atom] = value
        if not values:
            return poly
        return self.algebra.mapped(poly, values.__getitem__, values.__contains__)

    def composed(self, poly: Poly, title: str) -> Poly:
        """A term with the derivatives by names in between put in."""
        between = {name for name in poly.symbols if self.is_between(name) and name != title}
        if not between:
            return poly
        self.used |= between
        bodies = {name: self.adjoint(name) for name in sorted(between)}
        return self.folded(Unfolding(self.algebra, bodies).poly(poly))

    def is_between(self, name: str) -> bool:
        """The name of a derivative that is opened: in loops only one by what has no name."""
        found = self.model.definitions.get(name)
        if found is None or not found.hidden or "/d" not in name:
            return False
        by = self.model.definitions.get(name.partition("/d")[2])
        return found.recurrence is None or (by is not None and by.hidden)

    def adjoint(self, name: str) -> Body:
        """A derivative by a name in between, in the names of the file."""
        if name not in self._adjoints:
            self._adjoints[name] = None
            body = self.body(name)
            made = self.folded(renewed(self.algebra, body.poly))
            self._adjoints[name] = Body(body.variables, self.composed(made, name))
        found = self._adjoints[name]
        if found is None:  # in a loop, by way of itself
            raise NotComposed
        return found

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
        made = self.by_rules(poly, rules, {n: self.body(n) for n in names})
        return self.by_steps(made)

    def by_steps(self, poly: Poly) -> Poly:
        """A term with what the steps of loops compute in place of the functions they compute."""
        if not any(atom.kind in FUNCTIONS for atom in every_atom(poly)):
            return poly
        loops = [n for n in reversed(list(self.model.definitions)) if self.is_of_loop(n)]
        steps = [rule for name in loops for rule in self.rules_of_step(name)]
        return simplest(self.algebra, poly, steps)[0]

    def is_of_loop(self, name: str) -> bool:
        """The file defines the name by a recurrence."""
        definition = self.model.definitions[name]
        return definition.recurrence is not None and not definition.hidden and name in self.near

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
            body = None if is_answer or definition.recurrence else self.calculus.exact_body(name)
            atoms = () if body is None else body.poly.atoms()
            self._inside[name] = frozenset(kind_of(a) for a in atoms if a.kind in KINDS)
        return self._inside[name]

    def rules(self, name: str) -> tuple[Rule, ...]:
        """The definition of a name, solved for its atoms."""
        if name not in self._rules:
            self._rules[name] = tuple(rules_of(self.algebra, name, self.body(name)))
        return self._rules[name]

    def rules_of_step(self, name: str) -> tuple[Rule, ...]:
        """What one step of a loop says of a name, solved for the functions that stand in it."""
        if name not in self._rules:
            definition = self.model.definitions[name]
            step = step_of(definition)
            found: list[Rule] = []
            if step is not None:
                indices = list(definition.indices)
                indices[definition.time] = step.variable
                poly = self.calculus.lower(step.body, tuple(indices))
                body = Body(tuple(map(self.calculus.variable, indices)), poly)
                rules = rules_of(self.algebra, name, body, body.variables[definition.time])
                found = [rule for rule in rules if self.holds(rule, body)]
            self._rules[name] = tuple(found)
        return self._rules[name]

    def holds(self, rule: Rule, body: Body) -> bool:
        """A rule for a function is what the definition says: put in, it makes both sides equal."""
        if rule.atom.kind not in FUNCTIONS or abs(rule.exponent) != 1:
            return False
        left = Atom("entry", (rule.name,), tuple(map(spot, body.variables)))
        value = self.algebra.mapped(rule.value, lambda _: body.poly, lambda atom: atom == left)
        rest = renewed(self.algebra, value - of_atom(rule.atom, rule.exponent))
        return not rest.terms or not cleared(self.algebra, rest).terms


def step_of(definition: Definition) -> Block | None:
    """What a loop computes at each of its times."""
    loop, time = definition.recurrence, definition.indices[definition.time]
    assert loop is not None, "the definition is one of a loop"
    parts = [Block(time, definition.body)]
    if isinstance(definition.body, Blocks) and definition.body.index.terms[0][0] == time:
        parts = list(definition.body.parts)
    return next((part for part in parts if part.variable.axis == loop.axis), None)
