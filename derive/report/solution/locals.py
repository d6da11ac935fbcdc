"""How definitions move with a name that stands in them, entry by entry."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from derive.calculus.canonical import rename_poly
from derive.calculus.place import Place, Var
from derive.calculus.ranges import spot
from derive.calculus.term import Poly
from derive.calculus.unfolding import Unfolding
from derive.model.scalar import Axis, IndexVariable
from derive.report.solution.terms import (
    named_variable,
    place_of,
    place_tree,
    shifts,
    tie,
    unnamed,
    wide,
    with_shift,
)
from derive.report.solution.times import allowed, common, ends
from derive.report.solution.writing import Variables, Writing, costs
from derive.syntax import tree
from derive.syntax.tree import Expression


@dataclass(frozen=True, slots=True)
class Local:
    """How one definition, `of`, moves with a name that stands in it, entry by entry.

    `upper` are the places of the definition: indices of its own, which are `summed`, the indices of
    the name where the derivative is zero at all others, or 1. Of a name in a loop, `during` are the
    times at which it stands in the definition. `term` is the derivative as the calculus has it.
    """

    of: str
    upper: tuple[Expression, ...]
    summed: tuple[tree.Binder, ...]
    value: Expression
    partial: bool
    during: Axis | None = None
    term: Poly | None = None


class Locals(Writing):
    """The local derivatives on which the gradients of one loss rest."""

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

    def locals(self, by: str, lower: Variables) -> tuple[Local, ...]:
        """The local derivatives of all that uses a name; none if one of them has no form."""
        found = [part for user in self.uses.get(by, ()) for part in self.local(user, by, lower)]
        kept = tuple(part for part in found if part is not None)
        return kept if len(kept) == len(found) else ()

    def local(self, of: str, by: str, lower: Variables) -> Iterator[Local | None]:
        """The local derivatives of one definition by a name that stands in it.

        There is one, or in a loop one for each time that the definition looks back to.
        """
        poly, upper = self.moved(of, by, lower)
        if by not in self.source.times or not upper:
            yield self.part(of, by, lower, *self.in_loop(of, poly, upper), {})
            return
        first, time = upper[0], named_variable(lower[0])
        lags = shifts(poly, first, time)
        if lags is None:
            yield self.part(of, by, lower, poly, upper, {})
            return
        for lag in lags:
            if of == by and not lag.terms:
                continue  # a name is itself
            place = Place(spot(time).terms, lag)
            inside = self.loop_axis(of, first.axis)
            during = allowed(inside, place)
            kept = common(lower[0].axis, [during]) if during is not None else None
            here = spot(named_variable(IndexVariable(lower[0].name, kept or lower[0].axis)))
            algebra = self.engine.calculus.algebra
            one = with_shift(poly, first, time, lag)
            one = algebra.substitute(one, {first: Place(here.terms, lag), time: here})
            if lag.terms:  # the loop is known at `t + 1` only while `t` runs over less than all
                one = self.by_steps(one, algebra)
            # What holds at these times is written with an index over all: calls are known there.
            one = algebra.substitute(one, {here.terms[0][0]: spot(time)})
            yield self.part(of, by, lower, one, upper, {first: place}, during)

    def restricted(self, part: Local, by: str, lower: Variables, inner: Variables) -> Local:
        """A derivative that a loop does not shift, at fewer times."""
        if part.during is not None or part.term is None:
            return part
        places = {named_variable(lower[0]): spot(named_variable(inner[0]))}
        term = self.engine.calculus.algebra.substitute(part.term, places)
        names = (*(named_variable(v) for v in inner),)
        own = tuple(v for v in term.free if v not in names)
        knowing = self.engine.closing.knowing()
        value = self.shortest(f"d{part.of}/d{by}", term, (*own, *names), knowing)
        return part if value is None else replace(part, value=value, term=term)

    def in_loop(self, of: str, poly: Poly, upper: tuple[Var, ...]) -> tuple[Poly, tuple[Var, ...]]:
        """Only the times of the loop, where entries outside of it do not move."""
        loop = self.loop_axis(of, upper[0].axis) if upper else None
        if loop is None or loop == upper[0].axis:
            return poly, upper
        algebra = self.engine.calculus.algebra
        outside = ends(upper[0].axis, loop)
        if any(algebra.substitute(poly, {upper[0]: Place((), e)}).terms for e in outside):
            return poly, upper
        first = unnamed(0, loop)
        return algebra.substitute(poly, {upper[0]: spot(first)}), (first, *upper[1:])

    def loop_axis(self, of: str, axis: Axis) -> Axis:
        """The times at which a loop defines a name; all of them if none does."""
        loop = self.model.definitions[of].recurrence
        return axis if loop is None else loop.axis

    def part(
        self,
        of: str,
        by: str,
        lower: Variables,
        poly: Poly,
        upper: tuple[Var, ...],
        tied: dict[Var, Place],
        during: Axis | None = None,
    ) -> Local | None:
        """The local derivative, its other indices tied to those of the name where they can be."""
        below = tuple(map(named_variable, lower))
        poly, tied = self.all_tied(by, poly, upper, below, tied)
        open_axes = tuple(v.axis for v in wide(v for v in upper if v not in tied))
        is_timed = of in self.source.times and bool(upper) and upper[0] not in tied
        free = self.variables(open_axes, lower, self.source.times[of] if is_timed else None)
        letters = dict(zip((v for v in wide(upper) if v not in tied), free, strict=True))
        names = {v: named_variable(letter) for v, letter in letters.items()}
        poly = rename_poly(poly, names)
        value = self.at_all_times(of, by, poly, (*names.values(), *below))
        if value is None:
            return None
        at = tuple(place_tree(tied[v]) if v in tied else place_of(names.get(v, v)) for v in upper)
        binders = tuple(map(self.binder, free))
        value = self.source.recognised(value)
        in_loop = of in self.source.times and by in self.source.times
        partial = in_loop or bool(self.routes(of, by))
        return Local(of, at, binders, value, partial, during, poly)

    def at_all_times(
        self, of: str, by: str, poly: Poly, variables: tuple[Var, ...]
    ) -> Expression | None:
        """The shortest form; calls in a loop are known at all times of what they are applied to."""
        knowing, title = self.engine.closing.knowing(), f"d{of}/d{by}"
        found = [self.shortest(title, poly, variables, knowing)]
        loop = self.model.definitions[of].recurrence
        time = self.source.times.get(by)
        narrow = next((v for v in variables if v.name == time), None)
        if loop is not None and narrow is not None:
            axes = {self.axes(name)[0] for name in loop.names if self.axes(name)}
            for axis in sorted(axes - {narrow.axis}, key=str):
                wider = named_variable(IndexVariable(narrow.name, axis))
                wide_poly = self.engine.calculus.algebra.substitute(poly, {narrow: spot(wider)})
                own = tuple(wider if v is narrow else v for v in variables)
                found.append(self.shortest(title, wide_poly, own, knowing))
        kept = [made for made in found if made is not None]
        return min(kept, key=costs) if kept else None

    def moved(self, of: str, by: str, lower: Variables) -> tuple[Poly, tuple[Var, ...]]:
        """The local derivative, and the definition's indices."""
        calculus = self.engine.calculus
        gradient = calculus.gradient(of, by, True)
        upper = tuple(unnamed(k, v.axis) for k, v in enumerate(gradient.of_variables))
        below = tuple(map(named_variable, lower))
        own = (*gradient.of_variables, *gradient.wrt_variables)
        poly = rename_poly(gradient.poly, dict(zip(own, (*upper, *below), strict=True)))
        poly = Unfolding(calculus.algebra, {}).poly(poly)  # in the order of these variables
        single = {v: Place((), v.axis.low) for v in (*upper, *below) if v.axis.size.constant == 1}
        return calculus.algebra.substitute(poly, single), upper

    def all_tied(
        self,
        by: str,
        poly: Poly,
        upper: tuple[Var, ...],
        below: tuple[Var, ...],
        tied: dict[Var, Place],
    ) -> tuple[Poly, dict[Var, Place]]:
        """The indices of a definition that have to be one of the name."""
        tied = dict(tied)
        for u in wide(upper):
            for v in wide(below):
                shift = tie(poly, u, v) if u not in tied else None
                in_time = by in self.source.times and v == below[0]
                if shift is not None and (in_time or (u.axis == v.axis and not shift.terms)):
                    tied[u] = Place(spot(v).terms, shift)
                    poly = self.engine.calculus.algebra.substitute(poly, {u: tied[u]})
        return poly, tied

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
