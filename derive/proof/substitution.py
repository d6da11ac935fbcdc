"""`claim ... at x = v`: the model in which nothing is known of `x`, which is `v` in the end.

What a name is declared, assumed or defined to be says nothing of the value that replaces it. The
value itself speaks of the old names: where it depends on a replaced one, that is `x before`.
"""

from dataclasses import replace

from derive.calculus.adjoints import Body
from derive.calculus.algebra import Algebra
from derive.calculus.engine import Calculus
from derive.calculus.term import Atom, Poly, of_atom
from derive.calculus.unfolding import Unfolding
from derive.model.model import Model, Symbol
from derive.model.scalar import Tensor
from derive.model.traverse import names_in

BEFORE = " before"


def substituted(
    calculus: Calculus, at: tuple[tuple[str, Tensor], ...]
) -> tuple[Calculus, dict[str, Body]]:
    """The calculus of the model with the names of `at` free, and what they are in the end."""
    names = frozenset(name for name, _ in at)
    given = {name: _value(calculus, tensor, names) for name, tensor in at}
    return Calculus(_freed(calculus, names), lambda: calculus.tick()), given


def _freed(calculus: Calculus, names: frozenset[str]) -> Model:
    """The model in which nothing is known of these names."""
    model = calculus.model
    symbols = dict(model.symbols)
    for name in names:
        old = model.symbols.get(name)
        if old is None:
            span = model.definitions[name].span
            old = Symbol(name, "const", calculus.axes(name), frozenset(), span)
        symbols[name + BEFORE] = replace(old, name=name + BEFORE)
        symbols[name] = replace(old, properties=frozenset())
    definitions = {
        name: definition
        for name, definition in model.definitions.items()
        if name not in names and name not in calculus.adjoints
    }
    kept = [
        assumption
        for assumption in model.assumptions
        if names.isdisjoint(names_in(assumption.relation.left))
        and names.isdisjoint(names_in(assumption.relation.right))
    ]
    return replace(model, symbols=symbols, definitions=definitions, assumptions=kept)


def _value(calculus: Calculus, tensor: Tensor, names: frozenset[str]) -> Body:
    """A value, with all that depends on replaced names opened, and these as they were before."""
    variables = tuple(map(calculus.variable, tensor.indices))
    poly = calculus.lower(tensor.body, tensor.indices)
    while True:
        moving = {
            name
            for name in poly.symbols - names
            if (body := calculus.body(name)) is not None
            and not names.isdisjoint(_below(calculus, body.poly))
        }
        if not moving:
            break
        bodies = {name: body for name in moving if (body := calculus.body(name)) is not None}
        poly = Unfolding(calculus.algebra, bodies).poly(poly)
    return Body(variables, _Earlier(calculus.algebra, names).poly(poly))


def _below(calculus: Calculus, poly: Poly) -> set[str]:
    """The names on which a term depends."""
    found = set(poly.symbols)
    for name in calculus.reachable(poly):
        body = calculus.body(name)
        assert body is not None
        found |= body.poly.symbols
    return found


class _Earlier(Unfolding):
    """Rebuilds a term with some names as they were before."""

    def __init__(self, algebra: Algebra, names: frozenset[str]) -> None:
        super().__init__(algebra, {})
        self.earlier = names

    def atom(self, atom: Atom) -> Poly:
        """The rebuilt atom."""
        if atom.kind == "entry" and atom.head[0] in self.earlier:
            head = (f"{atom.head[0]}{BEFORE}", *atom.head[1:])
            return of_atom(Atom("entry", head, tuple(map(self.place, atom.places))))
        return super().atom(atom)
