"""Which entries a step of a loop may read: those that are there when it is computed.

Design. The check is linear: a position is bounded by the ranges and conditions of the indices in
it, and the ends are compared as dimensions. What cannot be shown to be there is an error.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from derive.diagnostics.span import Span
from derive.model.context import Expressions
from derive.model.dim import ONE, ZERO, Dim
from derive.model.failure import Depends, Failure, failure
from derive.model.ranges import index_of, never_negative
from derive.model.scalar import (
    Apply,
    Axis,
    Derivative,
    DimValue,
    Entry,
    Index,
    IndexValue,
    IndexVariable,
    MatrixProduct,
    Num,
    Reduce,
    Scalar,
)
from derive.model.traverse import parts_of
from derive.syntax import tree
from derive.syntax.walk import nodes

_MOST_BOUNDS = 5


@dataclass(frozen=True, slots=True)
class Order:
    """A loop: its index, the way it runs, and in which order one step computes `names`.

    `axes` are those of the names that the user gave; `fixed` the entries outside of the loop.
    """

    variable: IndexVariable
    step: int
    names: tuple[str, ...]
    axes: Mapping[str, Axis]
    fixed: Mapping[str, Sequence[Dim]]


@dataclass(frozen=True, slots=True)
class Form:
    """A linear form in index variables."""

    terms: Mapping[IndexVariable, int]
    offset: Dim

    def plus(self, other: "Form", factor: int = 1) -> "Form":
        """The form plus a multiple of another one."""
        terms = dict(self.terms)
        for variable, number in other.terms.items():
            terms[variable] = terms.get(variable, 0) + factor * number
        kept = {variable: number for variable, number in terms.items() if number}
        return Form(kept, self.offset + Dim.of(factor) * other.offset)


def _form(index: Index) -> Form | None:
    """The form of a position; None where a dimension multiplies an index, or it is computed."""
    terms: dict[IndexVariable, int] = {}
    for variable, factor in index.terms:
        number = factor.constant
        if number is None:
            return None
        terms[variable] = number
    return None if index.computed else Form(terms, index.offset)


Facts = tuple[Form, ...]
"""Forms that are not negative."""


@dataclass(frozen=True, slots=True)
class Read:
    """An entry of a name of the loop that is read, and what holds where it is."""

    name: str
    time: Index
    facts: Facts


def reads(scalar: Scalar, names: frozenset[str], facts: Facts) -> Iterator[Read]:
    """The entries of `names` that `scalar` reads."""
    match scalar:
        case Entry(name, indices, _) if name in names:
            yield Read(name, indices[0], facts)
        case Derivative(of, of_indices, wrt, wrt_indices, _):
            for name, indices in ((of, of_indices), (wrt, wrt_indices)):
                if name in names:
                    yield Read(name, indices[0], facts)
        case Reduce(_, variable, body, condition):
            inside = (*facts, *_between(variable))
            if condition is not None:
                yield from reads(condition, names, inside)
                inside = (*inside, *_facts(condition))
            yield from reads(body, names, inside)
            return
        case MatrixProduct(variable, low, high, matrix, _, _):
            own = (IndexValue(Index.of(variable)), IndexValue(low), IndexValue(high))
            ends = (*_at_least(own[0], own[1], 0), *_at_least(own[2], own[0], 0))
            inside = (*facts, *_between(variable), *ends, *_ranges(matrix.indices))
            yield from reads(matrix.body, names, inside)
            return
        case Apply("mul", factors):
            for place, factor in enumerate(factors):
                others = (*factors[:place], *factors[place + 1 :])
                found = [fact for other in others for fact in _facts(other)]
                yield from reads(factor, names, (*facts, *found))
            return
    for variables, part in parts_of(scalar):
        inside = (*facts, *_ranges(variables))
        for inner in part.computed if isinstance(part, Index) else (part,):
            yield from reads(inner, names, inside)


def _ranges(variables: Sequence[IndexVariable]) -> Facts:
    return tuple(fact for variable in variables for fact in _between(variable))


def _between(variable: IndexVariable) -> Facts:
    """A variable is on its axis."""
    low, high = variable.axis.low, variable.axis.high
    return (Form({variable: 1}, -low), Form({variable: -1}, high))


def _facts(condition: Scalar) -> Facts:
    """What holds where a condition does."""
    match condition:
        case Apply("mul", parts):
            return tuple(fact for part in parts for fact in _facts(part))
        case Apply("le", (left, right)):
            return _at_least(right, left, 0)
        case Apply("lt", (left, right)):
            return _at_least(right, left, -1)
        case Apply("eq", (left, right)):
            return (*_at_least(right, left, 0), *_at_least(left, right, 0))
    return ()


def _at_least(larger: Scalar, smaller: Scalar, offset: int) -> Facts:
    first, second = _of_scalar(larger), _of_scalar(smaller)
    if first is None or second is None:
        return ()
    return (first.plus(second, -1).plus(Form({}, Dim.of(offset))),)


def _of_scalar(scalar: Scalar) -> Form | None:
    match scalar:
        case IndexValue(index):
            return _form(index)
        case DimValue(dim):
            return Form({}, dim)
        case Num(value) if value.denominator == 1:
            return Form({}, Dim.of(int(value)))
    return None


def _holds(form: Form, facts: Facts, last: IndexVariable, fuel: int = _MOST_BOUNDS) -> bool:
    """Whether `form` is surely not negative where the `facts` are: indices are eliminated."""
    if not form.terms:
        return never_negative(form.offset)
    if not fuel:
        return False
    variable = next((v for v in form.terms if v != last), last)
    number = form.terms[variable]
    for fact in facts:
        own = fact.terms.get(variable, 0)
        fits = own * number > 0 and number % own == 0
        if fits and _holds(form.plus(fact, -number // own), facts, last, fuel - 1):
            return True
    return False


# --- the check ---------------------------------------------------------------------------------


def check_step(
    e: Expressions, order: Order, name: str, body: Scalar, written: tree.Definition
) -> None:
    """Stop where the step that computes `name` reads what is not there yet."""
    for read in reads(body, frozenset(order.names), _between(order.variable)):
        time = _form(read.time)
        if time is not None and not time.terms and time.offset in order.fixed.get(read.name, ()):
            continue
        before = order.names.index(read.name) < order.names.index(name)
        own = Form({order.variable: 1}, ZERO if before else -ONE)
        ahead = None if time is None else own.plus(time, -1)
        if order.step < 0 and time is not None:
            ahead = time.plus(Form({order.variable: 1}, ZERO if before else ONE), -1)
        if ahead is None or not _holds(ahead, read.facts, order.variable):
            raise _not_yet_there(e, order, read, written)
        if not _is_defined(order, read, time):
            raise _never_there(e, order, read, written)


def _is_defined(order: Order, read: Read, time: Form | None) -> bool:
    """Whether an earlier entry is on the axis of its name."""
    axis = order.axes.get(read.name, order.variable.axis)
    if time is None:
        return False
    if order.step > 0:
        inside = time.plus(Form({}, -axis.low))
    else:
        inside = Form({}, axis.high).plus(time, -1)
    return _holds(inside, read.facts, order.variable)


def check_entry(
    e: Expressions,
    order: Order,
    done: set[tuple[str, Dim]],
    body: Scalar,
    written: tree.Definition,
) -> None:
    """Stop where an entry outside of the loop reads one that does not stand before it."""
    for read in reads(body, frozenset(order.names), ()):
        time = _form(read.time)
        if time is None or time.terms or (read.name, time.offset) not in done:
            raise _not_yet_there(e, order, read, written)


def _not_yet_there(e: Expressions, order: Order, read: Read, written: tree.Definition) -> Failure:
    span = _span(e, read, written)
    way = "earlier" if order.step > 0 else "later"
    variable = order.variable.name
    return failure(
        "own-future",
        f"`{span.text}` is read before it is computed",
        span,
        f"the loop runs {'up' if order.step > 0 else 'down'}",
        notes=(
            f"a step reads entries at {way} `{variable}`, and at `{variable}` those of the names "
            "that stand above it in the loop",
        ),
    )


def _never_there(e: Expressions, order: Order, read: Read, written: tree.Definition) -> Failure:
    span = _span(e, read, written)
    axis = order.axes.get(read.name, order.variable.axis)
    return failure(
        "undefined-entry",
        f"`{span.text}` reads an entry that is never defined",
        span,
        f"`{read.name}` is defined from {axis.low} to {axis.high}",
        helps=(f"define what is missing outside of the loop, as in `{read.name}[...] = ...`",),
    )


def _span(e: Expressions, read: Read, written: tree.Definition) -> Span:
    """Where the entry is read."""
    if written.value is None:
        return written.span
    names = [n for n in nodes(written.value) if isinstance(n, tree.Name) and n.id == read.name]
    entries = [
        node
        for node in nodes(written.value)
        if isinstance(node, tree.Subscript) and node.base in names
    ]
    for node in entries:
        try:
            if index_of(e, node.indices[0]) == read.time:
                return node.span
        except (Failure, Depends):
            continue
    return (*entries, *names, written.value)[0].span
