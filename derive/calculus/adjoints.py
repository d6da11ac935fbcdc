"""Reverse accumulation: d of / d wrt by adjoints over definitions and recurrences.

The adjoint of a name is the sum, over the definitions that use it, of their adjoint times their
local derivative. The definitions of a recurrence use one another, so their adjoints do too, at
later times: they are a recurrence that runs the other way, `dL/dh[t]` in terms of `dL/da[t+1]`.
Its entries get names before they are known, and what defines them is accumulated as for any name.
Where `of` belongs to the recurrence, entries after its own time contribute nothing: a step uses
only earlier ones.
Source: Griewank and Walther, Evaluating Derivatives, chapter 3; for recurrences Goodfellow, Bengio
and Courville, Deep Learning, section 10.2.2.
"""

from dataclasses import dataclass, field
from typing import Protocol

from derive.calculus.algebra import Algebra
from derive.calculus.canonical import rename_poly
from derive.calculus.partials import Differentiation
from derive.calculus.place import Place, Var, fresh
from derive.calculus.ranges import spot
from derive.calculus.term import ZERO, Atom, Poly, add, of_atom
from derive.model.model import Recurrence
from derive.model.scalar import Axis

LARGEST_INLINE = 8


@dataclass(frozen=True, slots=True)
class Body:
    """A definition lowered: the entry at `variables` is `poly`."""

    variables: tuple[Var, ...]
    poly: Poly


@dataclass(frozen=True, slots=True)
class Gradient:
    """d of[of_variables] / d wrt[wrt_variables], with what must not be zero and must not tie."""

    of_variables: tuple[Var, ...]
    wrt_variables: tuple[Var, ...]
    poly: Poly
    kinks: frozenset[Poly] = field(default_factory=frozenset)
    ties: frozenset[Atom] = field(default_factory=frozenset)


class Names(Protocol):
    """What an accumulation needs of the calculus of a model."""

    algebra: Algebra

    def axes(self, name: str) -> tuple[Axis, ...]:
        """The axes of a tensor."""

    def body(self, name: str) -> Body | None:
        """A definition in normal form."""

    def recurrence(self, name: str) -> Recurrence | None:
        """The names that use one another, over time, to which a definition belongs."""

    def block(self, name: str) -> Recurrence | None:
        """The loop in which a definition stands."""

    def time(self, name: str) -> int:
        """Which index of a definition is that of its recurrence."""

    def backwards(self, name: str) -> list[tuple[str, ...]]:
        """The groups of definitions on which `name` depends, each before those that it uses."""

    def name_adjoints(self, of: str, adjoints: dict[str, Body], group: Recurrence | None) -> None:
        """Makes hidden definitions `dL/dz` of adjoints."""


def size_of(poly: Poly) -> int:
    """The number of factors, those inside sums included."""
    total = 0
    for atom in poly.atoms():
        total += size_of(atom.args[0]) if atom.kind == "sum" else 1
    return total


def title_of(of: str, name: str) -> str:
    """How an adjoint is called."""
    return f"d{of}/d{name}"


class Accumulation:
    """One derivative: the adjoints on the way from `of` back to `wrt`."""

    def __init__(self, names: Names, of: str, wrt: str) -> None:
        self.names = names
        self.algebra = names.algebra
        self.of = of
        self.wrt = wrt
        self.of_variables = tuple(fresh(a) for a in names.axes(of))
        self.wrt_variables = tuple(fresh(a) for a in names.axes(wrt))
        self.target = tuple(map(spot, self.wrt_variables))
        self.adjoints: dict[str, Body] = {of: self.seed()}
        self.result = ZERO
        self.loops = True  # through recurrences, of which `wrt` may be one
        self.kinks: set[Poly] = set()
        self.ties: set[Atom] = set()

    def seed(self) -> Body:
        """D of / d of: the identity."""
        seeds = tuple(fresh(a) for a in self.names.axes(self.of))
        pairs = zip(seeds, self.of_variables, strict=True)
        return Body(
            seeds, self.algebra.product(self.algebra.delta(spot(v), spot(u)) for v, u in pairs)
        )

    def gradient(self) -> Gradient:
        """The derivative through all that moves with `wrt`."""
        groups = self.names.backwards(self.of)
        moving = self.dependents(groups)
        for group in groups:
            names = [n for n in group if n in moving]
            recurrence = self.names.recurrence(group[0])
            if recurrence is not None and any(n in self.adjoints for n in names):
                self.through_loop(recurrence, names, moving)
            elif recurrence is None and names and names[0] in self.adjoints:
                self.through(names[0], moving)
        if self.of == self.wrt and self.names.recurrence(self.of) is None:
            self.result = self.at_target(self.adjoints[self.of])
        return self.answer()

    def partial(self) -> Gradient:
        """The derivative of what defines `of`, every other name held fixed."""
        self.loops = False
        seed = self.adjoints[self.of]
        if self.of == self.wrt:
            self.result = self.at_target(seed)
        body = self.names.body(self.of)
        if body is not None:
            self.push(seed, body, self.wrt)
        return self.answer()

    def answer(self) -> Gradient:
        """What was accumulated."""
        kinks, ties = frozenset(self.kinks), frozenset(self.ties)
        return Gradient(self.of_variables, self.wrt_variables, self.result, kinks, ties)

    def at_target(self, adjoint: Body) -> Poly:
        """An adjoint at the entry of `wrt`."""
        pairs = zip(adjoint.variables, self.target, strict=True)
        return self.algebra.substitute(adjoint.poly, dict(pairs))

    def dependents(self, groups: list[tuple[str, ...]]) -> set[str]:
        """The definitions among these, given last first, that depend on `wrt`, and itself."""
        found = {self.wrt}
        for group in reversed(groups):
            size = 0
            while size != len(found):  # those of a recurrence use one another
                size = len(found)
                for name in group:
                    body = self.names.body(name)
                    if body is not None and not found.isdisjoint(body.poly.symbols):
                        found.add(name)
        return found

    def through(self, name: str, moving: set[str]) -> None:
        """From the adjoint of a definition to those of the names that it uses."""
        body = self.names.body(name)
        if body is None or name == self.wrt:
            return
        adjoint = self.adjoints[name]
        if name != self.of:
            adjoint = self.named(name, adjoint)
        for symbol in sorted(body.poly.symbols & (moving | {self.wrt})):
            self.push(adjoint, body, symbol)

    def through_loop(self, recurrence: Recurrence, names: list[str], moving: set[str]) -> None:
        """The same for the definitions of a recurrence, of which each may use all others."""
        inside = {name: self.entry(name) for name in names}
        inner = dict.fromkeys(names, ZERO)
        for name in names:
            body = self.names.body(name)
            assert body is not None
            adjoint = self.causal(recurrence, name, inside[name])
            for symbol in sorted(body.poly.symbols & (moving | {self.wrt})):
                if symbol in inside:
                    places = tuple(map(spot, inside[symbol].variables))
                    change = self.change(adjoint, body, symbol, places)
                    inner[symbol] = add((inner[symbol], change))
                else:
                    self.push(adjoint, body, symbol)
        found: dict[str, Body] = {}
        for name in names:
            variables = inside[name].variables
            before = self.adjoints.get(name)
            outer = ZERO
            if before is not None:
                renaming = dict(zip(before.variables, variables, strict=True))
                outer = rename_poly(before.poly, renaming)
            found[name] = Body((*self.of_variables, *variables), add((outer, inner[name])))
        self.names.name_adjoints(self.of, found, recurrence)
        if self.wrt in inside:
            self.result = self.at_target(inside[self.wrt])

    def causal(self, recurrence: Recurrence, name: str, adjoint: Body) -> Body:
        """An adjoint that is zero after the time of `of`, where that is of the same loop."""
        block = self.names.block(self.of)
        if block is None or name not in block.names:
            return adjoint
        own = spot(self.of_variables[self.names.time(self.of)])
        other = spot(adjoint.variables[self.names.time(name)])
        earlier, later = (other, own) if recurrence.step > 0 else (own, other)
        mask = self.algebra.at_most(earlier, later)
        return Body(adjoint.variables, self.algebra.multiply(mask, adjoint.poly))

    def push(self, adjoint: Body, body: Body, symbol: str) -> None:
        """Adds what a definition contributes to the adjoint of a name, or to the result."""
        if symbol == self.wrt and not (self.loops and self.names.recurrence(symbol)):
            self.result = add((self.result, self.change(adjoint, body, symbol, self.target)))
            return
        before = self.adjoints.get(symbol)
        variables = (
            tuple(fresh(a) for a in self.names.axes(symbol)) if before is None else before.variables
        )
        change = self.change(adjoint, body, symbol, tuple(map(spot, variables)))
        total = change if before is None else add((before.poly, change))
        self.adjoints[symbol] = Body(variables, total)

    def change(self, adjoint: Body, body: Body, symbol: str, at: tuple[Place, ...]) -> Poly:
        """The adjoint of a definition times its local derivative, summed over its entries."""
        renaming = dict(zip(adjoint.variables, body.variables, strict=True))
        arriving = rename_poly(adjoint.poly, renaming)
        local = Differentiation(self.algebra, symbol, at)
        change = self.algebra.multiply(arriving, local.poly(body.poly))
        self.kinks |= local.kinks
        self.ties |= local.ties
        return self.algebra.total(body.variables, change)

    def entry(self, name: str) -> Body:
        """An entry of the adjoint of `name`, as a name of its own."""
        variables = tuple(fresh(a) for a in self.names.axes(name))
        places = tuple(map(spot, (*self.of_variables, *variables)))
        return Body(variables, of_atom(Atom("entry", (title_of(self.of, name),), places)))

    def named(self, name: str, adjoint: Body) -> Body:
        """An adjoint of several terms as a hidden definition `dL/dz`, and an entry of that.

        So what is upstream stays closed, and a gradient does not grow with the depth of a network.
        """
        if len(adjoint.poly.terms) < 2 and size_of(adjoint.poly) <= LARGEST_INLINE:
            return adjoint
        variables = (*self.of_variables, *adjoint.variables)
        self.names.name_adjoints(self.of, {name: Body(variables, adjoint.poly)}, None)
        return self.entry(name)
