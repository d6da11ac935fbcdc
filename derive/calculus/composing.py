"""Derivatives put together of short steps, with the functions of the file recognised in them."""

from collections.abc import Iterator
from dataclasses import replace

from derive.calculus.adjoints import Body
from derive.calculus.algebra import Algebra, TooLarge
from derive.calculus.called import kinds_in
from derive.calculus.candidates import FUNCTIONS, Candidate, Candidates
from derive.calculus.folding import every_atom, weight
from derive.calculus.partials import FLAT
from derive.calculus.powers import Undefined
from derive.calculus.products import NotExact
from derive.calculus.stepwise import NotComposed, Stepwise
from derive.calculus.term import Atom, Poly

NEARLY = 1.25
"""What is so much heavier than the lightest is not written."""


class Composing:
    """Composes the derivatives of one model."""

    def __init__(self, candidates: Candidates) -> None:
        self.candidates = candidates

    def of(self, of: str, by: str, algebra: Algebra) -> Iterator[Candidate]:
        """The derivative put together of short steps, each of which was shown to be right."""
        variables, whole = self.candidates.entry(of, by)
        steps = Stepwise(self.candidates.calculus, algebra, of, self.candidates.near(of))
        try:
            poly = steps.closed(whole, f"d{of}/d{by}")
            if any(map(self.candidates.is_foreign, poly.symbols)):
                return
            ways = list(self.ways(poly, steps))
            least = min(map(weight, ways))
            for made in (way for way in ways if weight(way) <= NEARLY * least):
                for candidate in self.candidates.raised(variables, made, steps.used, algebra):
                    yield replace(candidate, explicit=True, shown=poly, variables=variables)
        except (NotComposed, TooLarge, Undefined, NotExact):
            return

    def ways(self, poly: Poly, steps: Stepwise) -> Iterator[Poly]:
        """A term as it is, and with the file's functions recognised in it."""
        parts = self.candidates.parts
        yield steps.by_bodies(poly, {name: part.body for name, part in parts.items()})
        if not any(map(has_value_of_function, every_atom(poly))):
            return
        opened = self.opened(poly, steps)
        yield from self.with_names(opened, steps)
        called = [made for made in self.with_calls(poly, steps) if made != poly]
        yield from called
        definitions = self.candidates.model.definitions
        hidden = [] if called else sorted(filter(self.candidates.is_argument, definitions))
        for negated in (True, False) if hidden else ():
            found = self.candidates.calls.bodies(hidden, negated, kinds_in(opened))
            bodies = {
                name: Body(body.variables, self.opened(body.poly, steps)) for name, body in found
            }
            yield steps.by_bodies(opened, bodies)

    def opened(self, poly: Poly, steps: Stepwise) -> Poly:
        """A term without names that are not the file's."""
        return self.candidates.unhidden(poly, steps.algebra, self.candidates.between())

    def with_names(self, poly: Poly, steps: Stepwise) -> Iterator[Poly]:
        """A term without hidden names, with definitions recognised that share functions with it."""
        kinds = {kind for kind in kinds_in(poly) if kind[0] in FUNCTIONS}
        near, kept = steps.near - {steps.of}, self.candidates.between()
        found = self.candidates.bodies(steps.algebra, kept, near)
        bodies = {
            name: body
            for name, body in found.items()
            if body.variables and not kinds.isdisjoint(kinds_in(body.poly))
        }
        if bodies:
            yield steps.by_bodies(poly, bodies)

    def with_calls(self, poly: Poly, steps: Stepwise) -> Iterator[Poly]:
        """A term with the file's functions recognised, at what they are taken of in it."""
        names, kinds = sorted(set(arguments(poly))), kinds_in(poly)
        for negated in (True, False) if names else ():
            yield steps.by_bodies(poly, dict(self.candidates.calls.bodies(names, negated, kinds)))


def arguments(poly: Poly) -> Iterator[str]:
    """The names at which a function stands in a term."""
    for atom in every_atom(poly):
        for arg in atom.args if atom.kind in FUNCTIONS else ():
            single = arg.single
            entries = [] if single is None else [a for a in single[0].factors if a.kind == "entry"]
            if len(entries) == 1:
                yield str(entries[0].head[0])


def has_value_of_function(atom: Atom) -> bool:
    """The value of a function that may have another name."""
    return atom.kind == "exp" or (atom.kind == "func" and atom.head[0] not in FLAT)
