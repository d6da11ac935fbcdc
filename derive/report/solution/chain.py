"""The gradient of a loss by each name, backwards over the definitions.

The structure is that of the calculus: the derivative by a name is the sum, over the definitions
that use it, of theirs times the local derivative.
"""

from dataclasses import dataclass, replace

from derive.calculus import trees
from derive.calculus.algebra import Algebra, TooLarge
from derive.calculus.canonical import rename_poly
from derive.calculus.contracting import NoMatrixForm
from derive.calculus.matrix_form import Reader
from derive.calculus.powers import Undefined
from derive.calculus.unfolding import renewed
from derive.check.answers import Answer
from derive.check.budget import deadline_in
from derive.check.engine import DeadlineOver, Engine
from derive.model.scalar import Derivative, Tensor, entry_of
from derive.report.solution.lines import Line, Lines
from derive.report.solution.locals import Local, Locals
from derive.report.solution.reasons import derivatives, has_delta
from derive.report.solution.spreading import spread
from derive.report.solution.terms import (
    multiplied,
    named_variable,
    place_of,
    places,
    replaced,
    wide,
)
from derive.report.solution.timed import summed_over_time, timed_node
from derive.report.solution.writing import Variables, costs
from derive.report.solution.written import Written
from derive.syntax import tree
from derive.syntax.show import show
from derive.syntax.tree import Expression

Places = tuple[Expression, ...]
SECONDS = 20.0
SHORT = 26
"""So long may an adjoint be to stand in a sum as what it is."""


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


class Chain(Locals):
    """The gradients of one loss."""

    def __init__(self, engine: Engine, loss: str, written: Written | None = None) -> None:
        super().__init__(engine, loss, written)
        self.known: dict[str, Node] = {}

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

    def known_facts(self, parts: tuple[Local, ...]) -> frozenset[str]:
        """What was used for the gradients that arrive here."""
        nodes = (self.known[part.of] for part in parts if part.of in self.known)
        return frozenset(fact for node in nodes for fact in node.facts)

    def carry_out(self, lines: Lines, lower: Variables, known: frozenset[str]) -> None:
        """Add the sums carried out, first without any fact, then with what is declared."""
        before = lines.last
        plain = self.contracted(lines, lower, self.engine.prover.algebra({}, ()))
        ways = [way for way in (spread(before), plain) if way is not None]
        ways.sort(key=lambda way: self.cost(way, before))
        if ways and self.improves(ways[0], before):
            if has_delta(before) and ways[0] is plain and len(ways) > 1:
                lines.add(ways[1], "", weight=3)
            lines.add(ways[0], "", weight=2 if has_delta(before) else 3)
        final = self.contracted(lines, lower, self.engine.closing.knowing())
        better = final is not None and final != plain and self.improves(final, lines.last)
        if better and final is not None and lines.add(final, "", weight=3) and len(lines.lines) > 1:
            *first, one, two = lines.lines
            if two.facts and not known.issuperset(two.facts):
                lines.lines = [*first, replace(one, weight=2), replace(two, weight=2)]

    def cost(self, expr: Expression, before: Expression) -> int:
        """How much there is to read; a derivative that was not there before is worse."""
        return costs(expr, frozenset(derivatives(before)))

    def improves(self, expr: Expression, before: Expression) -> bool:
        """It is shorter, or has no delta any more."""
        less = self.cost(expr, before) <= self.cost(before, before)
        return less or (has_delta(before) and not has_delta(expr))

    def close(self, lines: Lines, by: str, lower: Variables) -> None:
        """Add the closed form: by entry where it has no matrix form."""
        answer = self.answer(self.loss, by, lower)
        if answer is None:
            return
        found = answer.expression
        if any(user in self.source.times for user in self.uses.get(by, ())):
            over_time = summed_over_time(self, by, lines, lower)
            found = found if over_time is None else over_time
        if found is None or "for " in show(found) or "over=" in show(found):
            found = self.matrix(lines, lower)
        if found is not None:
            lines.add(found if lower else self.totals.of(found), "", whole=True, weight=1)
        else:
            entry = self.written(entry_of(answer.tensor, places(lower)), lower)
            last = lines.lines[-1] if lines.lines else None
            is_open = last is None or last.reason == "chain rule"
            if is_open or 4 * len(show(entry)) < 3 * len(show(lines.last)):
                lines.add(entry, "", weight=1)
        if lines.lines:
            lines.lines[-1] = replace(lines.lines[-1], weight=1)

    def matrix(self, lines: Lines, lower: Variables) -> Expression | None:
        """The last line in matrix notation, where it has one."""
        if not lines.lines or not lower or lines.lines[-1].reason == "chain rule":
            return None
        own = tuple(map(place_of, lower))
        match lines.last:
            case tree.Subscript(base=tree.Name() as base, indices=indices) if (
                indices[-len(own) :] == own
            ):
                return trees.subscript(base, *indices[: -len(own)])
        relation = lines.relation(lines.head, lines.last)
        if relation is None:
            return None
        by_name = {v.name: v for v in relation.indices}
        out = tuple(by_name[v.name] for v in wide(lower) if v.name in by_name)
        try:
            made = Reader(self.model).part(relation.right, {}, out)
        except NoMatrixForm:
            return None
        return None if "for " in show(made) or "over=" in show(made) else made

    def answer(self, of: str, by: str, lower: Variables) -> Answer | None:
        """A gradient in closed form."""
        node = Derivative(of, (), by, places(lower))
        try:
            return self.engine.answer(node, Tensor(lower, node), deadline_in(SECONDS))
        except DeadlineOver:
            return None

    # --- parts of the chain rule -----------------------------------------------------------------

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
        if answer.expression is not None and part.upper:
            made = self.totals.entry(answer.expression, part.upper)
            text = "" if made is None else show(made)
            if made is not None and len(text) <= SHORT and "sum" not in text and "@" not in text:
                return made
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
        known = frozenset(derivatives(lines.last))
        return self.shortest(f"d{self.loss}/", poly, tuple(named.values()), algebra, known)


def summed(part: Local, body: Expression) -> Expression:
    """A product summed over the indices that the definition has to itself."""
    if not part.summed or body == trees.ZERO:
        return body
    if isinstance(body, tree.Negative):
        return trees.negative(summed(part, body.operand))
    return tree.Big(trees.NOWHERE, "sum", part.summed, (), body)
