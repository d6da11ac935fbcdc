"""The parts of a loop as written: `for t in 1..T:` and the entries that are given outside of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from derive.diagnostics.diagnostic import Label
from derive.diagnostics.span import Span
from derive.model.context import Expressions
from derive.model.dim import ONE, Dim
from derive.model.failure import Failure, failure
from derive.model.model import Model
from derive.model.ranges import check_not_reversed, dim_of, never_negative, step_of
from derive.model.scalar import Axis
from derive.model.shape import axis_text
from derive.syntax import tree


@dataclass(frozen=True, slots=True)
class Parts:
    """A loop, the entries of its names outside of it, and their places among the statements."""

    loop: tree.Recurrence
    entries: tuple[tree.Definition, ...]
    places: tuple[int, ...]

    def names(self) -> dict[str, tree.Name]:
        """The names, each where it stands first."""
        found: dict[str, tree.Name] = {}
        for written in sorted((*self.loop.body, *self.entries), key=lambda d: d.span.start):
            found.setdefault(written.name.id, written.name)
        return found


@dataclass(frozen=True, slots=True)
class Piece:
    """What defines the entries of a name on a part of its axis."""

    axis: Axis
    written: tree.Definition

    @property
    def span(self) -> Span:
        """Where the entry, or the one of the loop, is written: `h[0]`, `h[t]`."""
        return left_side(self.written)


def is_fixed_entry(model: Model, written: tree.Definition) -> bool:
    """Whether `written` gives an entry at a fixed place, `h[0] = ...` or `delta[T] = ...`."""
    match written.indices[:1]:
        case (tree.Name(id=name),):
            return name in model.dims
        case (tree.Number() | tree.Negative() | tree.Binary(),):
            return True
    return False


def parts_of_loop(
    model: Model, statements: Sequence[tree.Statement], statement: tree.Statement
) -> Parts | None:
    """The loop that `statement` is a part of."""
    loop: tree.Recurrence | None = None
    match statement:
        case tree.Recurrence():
            loop = statement
        case tree.Definition(name=name) if is_fixed_entry(model, statement):
            loops = (other for other in statements if isinstance(other, tree.Recurrence))
            loop = next((x for x in loops if name.id in [d.name.id for d in x.body]), None)
    if loop is None:
        return None
    names = {written.name.id for written in loop.body}
    entries = {
        place: other
        for place, other in enumerate(statements)
        if isinstance(other, tree.Definition)
        and other.name.id in names
        and is_fixed_entry(model, other)
    }
    own = next(place for place, other in enumerate(statements) if other is loop)
    return Parts(loop, tuple(entries.values()), (own, *entries))


def without_loop(written: tree.Definition) -> Failure:
    """The error for an entry of a name that no loop defines."""
    name, place = written.name.id, written.indices[0].span.text
    return failure(
        "undefined-entry",
        f"`{name}[{place}]` is defined, and the other entries of `{name}` are not",
        left_side(written),
        "one entry alone",
        helps=(f"a loop defines the others: `for t in 1..T:` and in it `{name}[t] = ...`",),
    )


def range_of_loop(e: Expressions, written: tree.Range) -> tuple[Axis, int]:
    """The axis of a loop, and 1 or -1."""
    ends, step = (dim_of(e, written.start), dim_of(e, written.stop)), step_of(e, written)
    axis = Axis(*(ends if step > 0 else reversed(ends)))
    check_not_reversed(axis, written)
    return axis, step


def bodies_of_loop(loop: tree.Recurrence) -> dict[str, tree.Definition]:
    """The definitions inside a loop, by name."""
    found: dict[str, tree.Definition] = {}
    variable = loop.variable.id
    for written in loop.body:
        name = written.name.id
        first = written.indices[0] if written.indices else None
        if not isinstance(first, tree.Name) or first.id != variable:
            left = f"{name}[{variable}]"
            raise failure(
                "misplaced",
                f"a loop over `{variable}` defines entries at `{variable}`",
                written.name.span if first is None else written.name.span.to(first.span),
                f"not `{left}`",
                helps=(
                    f"write `{left} = ...`"
                    if first is None
                    else f"all of them at `{variable}`, or all at the same `{variable} + 1`",
                ),
            )
        if name in found:
            raise twice(f"{name}[{variable}]", left_side(written), left_side(found[name]))
        found[name] = written
    return found


def left_side(written: tree.Definition) -> Span:
    """`h[0]`, `h[t]`: the name and its first index."""
    return written.name.span.to(written.indices[0].span)


def twice(entry: str, *spans: Span) -> Failure:
    """The error for an entry that is defined twice."""
    first, span = sorted(spans, key=lambda span: span.start)
    return failure(
        "defined-twice",
        f"`{entry}` is defined twice",
        span,
        "defined again",
        also=(Label(first, "first defined here"),),
    )


def pieces_of(
    e: Expressions, name: str, loop: Piece, entries: Sequence[tree.Definition]
) -> list[Piece]:
    """The loop's piece of `name` and the entries beside it, one after the other along the axis."""
    pieces, variable = [loop], loop.written.indices[0].span.text
    waiting = [(dim_of(e, written.indices[0]), written) for written in entries]
    places: dict[Dim, tree.Definition] = {}
    for place, written in waiting:
        if place in places:
            raise twice(f"{name}[{place}]", left_side(written), left_side(places[place]))
        places[place] = written
        low, high = loop.axis.low, loop.axis.high
        if never_negative(place - low) and never_negative(high - place):
            raise twice(f"{name}[{place}]", left_side(written), loop.span)
    while waiting:
        ends = (pieces[0].axis.low - ONE, pieces[-1].axis.high + ONE)
        beside = [(place, written) for place, written in waiting if place in ends]
        if not beside:
            place, written = waiting[0]
            raise failure(
                "undefined-entry",
                f"not every entry of `{name}` between `{name}[{place}]` and the loop is defined",
                left_side(written),
                f"the entries beside it run from {pieces[0].axis.low} to {pieces[-1].axis.high}",
                also=(Label(loop.span, f"`{variable}` runs over {axis_text(loop.axis)}"),),
            )
        for place, written in beside:
            piece = Piece(Axis(place, place), written)
            pieces = [piece, *pieces] if place == pieces[0].axis.low - ONE else [*pieces, piece]
            waiting.remove((place, written))
    return pieces
