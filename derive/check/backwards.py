"""The recurrences that an answer speaks of: adjoints, which run against their definitions' time.

Each piece is written as a person would, `dL/dh[t] = v + Wh.T @ dL/da[t+1]`, and shown to equal
what the calculus uses; where that does not succeed, it is written as the calculus leaves it.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

from derive.calculus import trees
from derive.calculus.adjoints import Body
from derive.calculus.algebra import Algebra, TooLarge
from derive.calculus.contracting import NoMatrixForm
from derive.calculus.engine import Calculus
from derive.calculus.folding import Rule, rules_of, simplest
from derive.calculus.index_form import Writer, taken_names
from derive.calculus.matrix_form import Reader
from derive.calculus.powers import Undefined
from derive.calculus.products import NotExact
from derive.calculus.raising import Raising
from derive.calculus.stepwise import FUNCTIONS
from derive.calculus.term import Poly
from derive.model.elaborate import elaborate_claim
from derive.model.failure import Depends, Failure
from derive.model.model import Definition
from derive.model.scalar import Block, Blocks, Index, IndexVariable, Scalar, substitute
from derive.model.traverse import names_in
from derive.proof.closed_form import EFFORT, Closing, limited
from derive.proof.outcome import Proved
from derive.syntax import tree
from derive.syntax.show import show

Sides = tuple[tree.Expression, tree.Expression]
PROOF = 5 * EFFORT
"""Steps for the proof of a line: a step of a gated unit has many paths."""


def recurrences(closing: Closing, of: str, answer: Scalar) -> tuple[str, ...]:
    """The lines of all recurrences on which an answer about `of` rests, as they run."""
    model = closing.calculus.model
    found: list[str] = []
    for title in _titles(closing.calculus, of, names_in(answer)):
        definition = model.definitions[title]
        for piece in reversed(_pieces(definition)):
            found.append(_Line(closing, definition, piece).text())
    return tuple(found)


def _titles(calculus: Calculus, of: str, names: frozenset[str]) -> Iterator[str]:
    """The adjoints of the file's names among these, and among what they rest on, in their order."""
    definitions = calculus.model.definitions
    reached: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name.startswith(f"d{of}/d") and name in definitions and name not in reached:
            reached.add(name)
            waiting.extend(names_in(definitions[name].body))
    for title, definition in definitions.items():
        by = definitions.get(Names.in_title(title).by)
        if title in reached and definition.recurrence is not None and by and not by.hidden:
            yield title


def _pieces(definition: Definition) -> list[Block]:
    """The pieces along the time."""
    time = definition.indices[definition.time]
    if isinstance(definition.body, Blocks) and definition.body.index.terms[0][0] == time:
        return list(definition.body.parts)
    return [Block(time, definition.body)]


class Names(NamedTuple):
    """What is differentiated, and by what."""

    of: str
    by: str

    @staticmethod
    def in_title(title: str) -> "Names":
        """The names in `dL/dh`."""
        of, _, by = title.partition("/d")
        return Names(of[1:], by)


@dataclass
class _Line:
    """One piece of an adjoint, to be written."""

    closing: Closing
    definition: Definition
    piece: Block

    def __post_init__(self) -> None:
        self.calculus = self.closing.calculus
        axis = self.piece.variable.axis
        self.is_single = axis.low == axis.high
        self.names = Names.in_title(self.definition.name)
        by = self.calculus.model.definitions[self.names.by]
        self.letter = by.indices[by.time].name
        self.time = trees.of_dim(axis.low) if self.is_single else trees.name(self.letter)
        places = enumerate(self.definition.indices)
        self.own = tuple(v for place, v in places if place != self.definition.time)

    def text(self) -> str:
        """`dL/dh[t] = ... for t in T-1..1 step -1`."""
        made = self.by_index(self.at_time(), self.piece.variable, self.own)
        with limited(self.calculus, EFFORT), suppress(Undefined, NotExact):
            made = self.unhidden()
        shorter: list[Sides] = []
        with limited(self.calculus, EFFORT), suppress(Undefined, NotExact):
            shorter.extend(self.folded())
        for sides in shorter:
            shown = False
            with limited(self.calculus, PROOF), suppress(Undefined, NotExact):
                shown = self.holds(sides)
            if shown:
                made = sides
                break
        loop = self.definition.recurrence
        assert loop is not None, "the line is one of a recurrence"
        line = f"{show(made[0])} = {show(made[1])}"
        axis = self.piece.variable.axis
        if self.is_single:
            return line
        if loop.step > 0:
            return f"{line}  for {self.letter} in {axis.low}..{axis.high}"
        return f"{line}  for {self.letter} in {axis.high}..{axis.low} step -1"

    def by_index(self, body: Scalar, time: IndexVariable, own: Sequence[IndexVariable]) -> Sides:
        """Both sides of an entry."""
        writer = Writer(taken_names(self.closing.model), self.closing.candidates.called)
        writer.names[time] = self.letter
        indices = [trees.name(writer.variable(v)) for v in own]
        return self.left(indices), writer.tree(body)

    def left(self, indices: Sequence[tree.Expression]) -> tree.Expression:
        """`dL/dh[t]`, or an entry of it."""
        whole = trees.quotient(trees.name(self.names.of), trees.name(self.names.by))
        return trees.at(whole, [self.time, *indices])

    def at_time(self) -> Scalar:
        """The body of the piece, at its time."""
        if not self.is_single:
            return self.piece.body
        return substitute(
            self.piece.body, {self.piece.variable: Index((), self.piece.variable.axis.low)}
        )

    def unhidden(self) -> Sides:
        """Both sides by index, as the calculus leaves them, without hidden names."""
        raising = Raising()
        indices = (self.piece.variable, *self.own)
        time, *own = (raising.variable(self.calculus.variable(v)) for v in indices)
        return self.by_index(raising.scalar(self.poly()), time, own)

    def poly(self) -> Poly:
        """The piece in normal form, without hidden names."""
        candidates = self.closing.candidates
        poly = self.calculus.lower(self.at_time(), (self.piece.variable, *self.own))
        return candidates.unhidden(poly, self.closing.knowing(), candidates.between())

    def folded(self) -> Iterator[Sides]:
        """Both sides in the names of the file, without indices if possible; not yet shown."""
        if self.definition.time != 0:
            return
        candidates = self.closing.candidates
        algebra = self.closing.knowing()
        indices = (self.piece.variable, *self.own)
        bodies = self.bodies()
        poly, _ = simplest(algebra, self.poly(), [*self.rules_of_steps(algebra, bodies)])
        bodies |= candidates.called_in(poly, algebra, False)
        poly, _ = simplest(algebra, poly, candidates.rules(algebra, bodies))
        raising = Raising()
        time, *own = (raising.variable(self.calculus.variable(v)) for v in indices)
        body = raising.scalar(poly)
        with suppress(NoMatrixForm):
            reader = Reader(self.closing.model, candidates.called)
            yield self.left([]), reader.part(body, {time: self.time}, tuple(own))
        yield self.by_index(body, time, own)

    def rules_of_steps(self, algebra: Algebra, bodies: Mapping[str, Body]) -> Iterator[Rule]:
        """The functions that a step of a loop computes, to be recognised at `t + 1` as well."""
        candidates = self.closing.candidates
        for name, body in bodies.items():
            definition = self.closing.model.definitions.get(name)
            if definition is not None and definition.recurrence is not None:
                poly = candidates.unhidden(body.poly, algebra, candidates.between())
                found = rules_of(algebra, name, Body(body.variables, poly), body.variables[0])
                yield from (rule for rule in found if rule.atom.kind in FUNCTIONS)

    def bodies(self) -> dict[str, Body]:
        """The file's definitions; of those of a loop, what one step computes."""
        found: dict[str, Body] = {}
        for name, definition in reversed(list(self.closing.model.definitions.items())):
            loop = definition.recurrence
            if definition.hidden or "/" in name:
                continue
            indices: tuple[IndexVariable, ...] = definition.indices
            body: Scalar | None = definition.body
            if loop is not None:
                steps = [p for p in _pieces(definition) if p.variable.axis == loop.axis]
                indices = (*(p.variable for p in steps[:1]), *definition.indices[1:])
                body = steps[0].body if steps else None
            if body is not None:
                poly: Poly = self.calculus.lower(body, indices)
                found[name] = Body(tuple(map(self.calculus.variable, indices)), poly)
        return found

    def holds(self, made: Sides) -> bool:
        """Whether the line is proved, as a claim would be."""
        axis = self.piece.variable.axis
        extent = tree.Range(trees.NOWHERE, trees.of_dim(axis.low), trees.of_dim(axis.high))
        binder = tree.Binder(trees.NOWHERE, self.letter, extent)
        domain = None if self.is_single else tree.Domain(trees.NOWHERE, (binder,), ())
        relation = tree.Comparison(trees.NOWHERE, "=", *made)
        claim = tree.Claim(trees.NOWHERE, "claim", None, relation, (), domain)
        with suppress(Failure, Depends, TooLarge):
            found = elaborate_claim(self.closing.model, claim).relation
            if found is not None:
                return isinstance(self.closing.prover.prove(found, (), None), Proved)
        return False
