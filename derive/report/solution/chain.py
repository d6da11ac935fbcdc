"""The gradient of a loss by each name, backwards over the definitions.

The structure is that of the calculus: the derivative by a name is the sum, over the definitions
that use it, of theirs times the local derivative.
"""

from dataclasses import dataclass, replace
from functools import cached_property

from derive.calculus import trees
from derive.calculus.algebra import Algebra, TooLarge
from derive.calculus.canonical import rename_poly
from derive.calculus.place import Place, Var
from derive.calculus.powers import Undefined
from derive.calculus.ranges import spot
from derive.calculus.term import Poly
from derive.calculus.unfolding import renewed
from derive.check.answers import Answer
from derive.check.budget import deadline_in
from derive.check.engine import DeadlineOver, Engine
from derive.model.scalar import Axis, Derivative, IndexVariable, Tensor, entry_of
from derive.report.solution.lines import Line, Lines
from derive.report.solution.terms import (
    multiplied,
    named_variable,
    place_of,
    place_tree,
    places,
    replaced,
    tie,
    unnamed,
    wide,
)
from derive.report.solution.timed import allowed, common, summed_over_time, timed_node
from derive.report.solution.writing import Variables, Writing
from derive.report.solution.written import Written
from derive.syntax import tree
from derive.syntax.show import show
from derive.syntax.tree import Expression

Places = tuple[Expression, ...]
SECONDS = 20.0
SHORT = 26
"""So long may an adjoint be to stand in a sum as what it is."""


@dataclass(frozen=True, slots=True)
class Local:
    """How one definition, `of`, moves with a name that stands in it, entry by entry.

    `upper` are the places of the definition: indices of its own, which are `summed`, the indices of
    the name where the derivative is zero at all others, or 1. Of a name in a loop, `during` are the
    times at which it stands in the definition.
    """

    of: str
    upper: tuple[Expression, ...]
    summed: tuple[tree.Binder, ...]
    value: Expression
    partial: bool
    during: Axis | None = None


@dataclass(frozen=True, slots=True)
class Node:
    """A gradient: how it comes about by entry, and what it is as a whole."""

    of: str
    by: str
    lines: Lines
    locals: tuple[Local, ...]
    pieces: tuple[Lines, ...] = ()

    @property
    def answer(self) -> Line:
        """The last line."""
        return self.lines.lines[-1]

    @property
    def facts(self) -> tuple[str, ...]:
        """What was used."""
        lines = [line for part in (self.lines, *self.pieces) for line in part.lines]
        return tuple(sorted({f for line in lines for f in line.facts}))

    @property
    def conditions(self) -> tuple[str, ...]:
        """What is left out."""
        return tuple(sorted({c for line in self.lines.lines for c in line.conditions}))


class Chain(Writing):
    """The gradients of one loss."""

    def __init__(self, engine: Engine, loss: str, written: Written | None = None) -> None:
        super().__init__(engine, loss, written)
        self.known: dict[str, Node] = {}

    @cached_property
    def uses(self) -> dict[str, tuple[str, ...]]:
        """For each name, the definitions below the loss in which it stands, the last first."""
        found: dict[str, list[str]] = {}
        waiting, order = [self.loss], []
        while waiting:
            name = waiting.pop()
            body = self.engine.calculus.body(name)
            if body is None or name in order:
                continue
            order.append(name)
            waiting.extend(sorted(body.poly.symbols))
        places = {name: k for k, name in enumerate(self.model.definitions)}
        for name in sorted(order, key=lambda n: -places[n]):
            body = self.engine.calculus.body(name)
            assert body is not None
            for symbol in sorted(body.poly.symbols):
                found.setdefault(symbol, []).append(name)
        return {name: tuple(users) for name, users in found.items()}

    def between(self, wanted: tuple[str, ...]) -> tuple[str, ...]:
        """The definitions through which the loss depends on these names, the last first."""
        moving = set(wanted)
        for name in list(self.model.definitions):
            body = self.engine.calculus.body(name)
            if body is not None and not moving.isdisjoint(body.poly.symbols):
                moving.add(name)
        names = [n for n in self.model.definitions if n in moving and n in self.uses]
        return tuple(n for n in reversed(names) if n not in wanted)

    # --- one gradient ----------------------------------------------------------------------------

    def node(self, by: str) -> Node | None:
        """The gradient by one name; None where nothing is proved."""
        if by not in self.known:
            made = self._node(by)
            if made is None:
                return None
            self.known[by] = made
        return self.known[by]

    def _node(self, by: str) -> Node | None:
        lower = self.lower(by)
        names = tuple(map(place_of, lower))
        domain = tree.Domain(trees.NOWHERE, tuple(map(self.binder, wide(lower))), ())
        lines = Lines(self.engine, self.quotient(self.loss, (), by, names), names, domain)
        if by in self.source.times:
            return timed_node(self, by)
        parts = self.locals(by, lower)
        if parts and self.uses[by] != (self.loss,):
            lines.add(self.joined(self.path(p, by, names) for p in parts), "chain rule")
        if parts:
            lines.add(self.joined(map(self.filled, parts)), "local derivatives")
            self.carry_out(lines, lower, self.known_facts(parts))
        self.close(lines, by, lower)
        return Node(self.loss, by, lines, parts) if lines.lines else None

    def locals(self, by: str, lower: Variables) -> tuple[Local, ...]:
        """The local derivatives of all that uses a name; none if one of them has no form."""
        found = [self.local(user, by, lower) for user in self.uses.get(by, ())]
        kept = tuple(part for part in found if part is not None)
        return kept if len(kept) == len(found) else ()

    def known_facts(self, parts: tuple[Local, ...]) -> frozenset[str]:
        """What was used for the gradients that arrive here."""
        nodes = (self.known[part.of] for part in parts if part.of in self.known)
        return frozenset(fact for node in nodes for fact in node.facts)

    def carry_out(self, lines: Lines, lower: Variables, known: frozenset[str]) -> None:
        """Add the sums carried out, first without any fact, then with what is declared."""
        plain = self.contracted(lines, lower, self.engine.prover.algebra({}, ()))
        final = self.contracted(lines, lower, self.engine.closing.knowing())
        if plain is not None:
            lines.add(plain, "", weight=3)
        if final is not None and final != plain and lines.add(final, "", weight=3):
            *before, one, two = lines.lines
            if two.facts and not known.issuperset(two.facts):
                lines.lines = [*before, replace(one, weight=2), replace(two, weight=2)]

    def close(self, lines: Lines, by: str, lower: Variables) -> None:
        """Add the closed form: by entry where it has no matrix form."""
        answer = self.answer(self.loss, by, lower)
        if answer is None:
            return
        found = answer.expression
        if any(user in self.source.times for user in self.uses.get(by, ())):
            over_time = summed_over_time(self, by, lines, lower)
            found = found if over_time is None else over_time
        if found is not None and "for " not in show(found) and "over=" not in show(found):
            lines.add(found, "", whole=True, weight=1)
        else:
            entry = self.written(entry_of(answer.tensor, places(lower)), lower)
            last = lines.lines[-1] if lines.lines else None
            if (
                last is None
                or last.reason == "chain rule"
                or len(show(entry)) < len(show(last.value))
            ):
                lines.add(entry, "", weight=1)
        if lines.lines:
            lines.lines[-1] = replace(lines.lines[-1], weight=1)

    def answer(self, of: str, by: str, lower: Variables) -> Answer | None:
        """A gradient in closed form."""
        node = Derivative(of, (), by, places(lower))
        try:
            return self.engine.answer(node, Tensor(lower, node), deadline_in(SECONDS))
        except DeadlineOver:
            return None

    # --- parts of the chain rule -----------------------------------------------------------------

    def local(self, of: str, by: str, lower: Variables) -> Local | None:
        """The local derivative of one definition by a name that stands in it."""
        poly, upper, tied = self.moved(of, by, lower)
        during = allowed(upper[0].axis, tied.get(upper[0])) if upper else None
        if by in self.source.times and during is not None:
            inside = common(lower[0].axis, [during])
            if inside is not None and inside != lower[0].axis:
                before = named_variable(lower[0])
                lower = (IndexVariable(lower[0].name, inside), *lower[1:])
                within = spot(named_variable(lower[0]))
                poly = self.engine.calculus.algebra.substitute(poly, {before: within})
        below = tuple(map(named_variable, lower))
        open_axes = tuple(v.axis for v in wide(v for v in upper if v not in tied))
        is_timed = of in self.source.times and bool(upper) and upper[0] not in tied
        free = self.variables(open_axes, lower, self.source.times[of] if is_timed else None)
        letters = dict(zip((v for v in wide(upper) if v not in tied), free, strict=True))
        names = {v: named_variable(letter) for v, letter in letters.items()}
        poly = rename_poly(poly, names)
        knowing = self.engine.closing.knowing()
        value = self.shortest(f"d{of}/d{by}", poly, (*names.values(), *below), knowing)
        if value is None:
            return None
        at = tuple(place_tree(tied[v]) if v in tied else place_of(names.get(v, v)) for v in upper)
        binders = tuple(map(self.binder, free))
        value = self.source.recognised(value)
        in_loop = of in self.source.times and by in self.source.times
        return Local(of, at, binders, value, in_loop or bool(self.routes(of, by)), during)

    def moved(
        self, of: str, by: str, lower: Variables
    ) -> tuple[Poly, tuple[Var, ...], dict[Var, Place]]:
        """The local derivative, the definition's indices, and those tied to one of the name."""
        calculus = self.engine.calculus
        gradient = calculus.gradient(of, by, True)
        upper = tuple(unnamed(k, v.axis) for k, v in enumerate(gradient.of_variables))
        below = tuple(map(named_variable, lower))
        own = (*gradient.of_variables, *gradient.wrt_variables)
        poly = rename_poly(gradient.poly, dict(zip(own, (*upper, *below), strict=True)))
        poly = renewed(calculus.algebra, poly)  # in the order of these variables
        single = {v: Place((), v.axis.low) for v in (*upper, *below) if v.axis.size.constant == 1}
        poly = calculus.algebra.substitute(poly, single)
        tied: dict[Var, Place] = {}
        for u in wide(upper):
            for v in wide(below):
                shift = tie(poly, u, v) if u not in tied else None
                in_time = by in self.source.times and v == below[0]
                if shift is not None and (in_time or (u.axis == v.axis and not shift.terms)):
                    tied[u] = Place(spot(v).terms, shift)
                    poly = calculus.algebra.substitute(poly, {u: tied[u]})
        return poly, upper, tied

    def routes(self, of: str, by: str) -> list[str]:
        """The other names through which a definition depends on a name."""
        calculus = self.engine.calculus
        body = calculus.body(of)
        assert body is not None
        found = []
        for symbol in sorted(body.poly.symbols - {by}):
            inner = calculus.body(symbol)
            if inner is None:
                continue
            names = {symbol, *calculus.reachable(inner.poly)}
            bodies = [b for b in map(calculus.body, names) if b is not None]
            if any(by in b.poly.symbols for b in bodies):
                found.append(symbol)
        return found

    def path(self, part: Local, by: str, lower: Places) -> Expression:
        """`dL/dc[i] * dc[i]/dz[j]`, summed over the indices of `c`.

        Of the loss itself what it is: another sign for its part would read as the whole.
        """
        if part.of == self.loss:
            return part.value
        last = self.quotient(part.of, part.upper, by, lower, part.partial)
        first = self.quotient(self.loss, (), part.of, part.upper)
        return summed(part, trees.times(first, last))

    def filled(self, part: Local) -> Expression:
        """The same with what the two derivatives are."""
        if part.of == self.loss:
            return part.value
        return summed(part, multiplied(self.arriving(part), part.value))

    def arriving(self, part: Local) -> Expression:
        """The derivative of the loss by what comes after: written out where it is short."""
        node = self.quotient(self.loss, (), part.of, part.upper)
        own = self.lower(part.of)
        answer = self.answer(self.loss, part.of, own)
        if answer is None:
            return node
        writer = self.writer()
        body = writer.tree(answer.tensor.body)
        names = {writer.variable(v): place for v, place in zip(own, part.upper, strict=True)}
        indices = dict(zip(map(writer.variable, answer.tensor.indices), part.upper, strict=True))
        made = replaced(body, {**names, **indices})
        return made if len(show(made)) <= SHORT and "sum[" not in show(made) else node

    def contracted(self, lines: Lines, lower: Variables, algebra: Algebra) -> Expression | None:
        """The last line with its sums carried out by what an algebra knows."""
        relation = lines.relation(lines.last, lines.last)
        calculus = self.engine.calculus
        if relation is None:
            return None
        try:
            poly = calculus.lower(relation.left, relation.indices)
            poly = renewed(algebra, poly)
        except (TooLarge, Undefined):
            return None
        named = {v.name: named_variable(v) for v in wide(lower)}
        own = {calculus.variable(v): named[v.name] for v in relation.indices}
        poly = rename_poly(poly, own)
        return self.shortest(f"d{self.loss}/", poly, tuple(named.values()), algebra)


def summed(part: Local, body: Expression) -> Expression:
    """A product summed over the indices that the definition has to itself."""
    if not part.summed or body == trees.ZERO:
        return body
    if isinstance(body, tree.Negative):
        return trees.negative(summed(part, body.operand))
    return tree.Big(trees.NOWHERE, "sum", part.summed, (), body)
