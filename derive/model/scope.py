"""What a name means at a place: the file's names, and in front of them what is bound around it."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace

from derive.diagnostics.diagnostic import Label
from derive.diagnostics.span import Span
from derive.model.dim import Dim
from derive.model.failure import Depends, Failure, failure
from derive.model.model import Definition, Model
from derive.model.moments import Moments
from derive.model.scalar import (
    Axis,
    Constant,
    DimValue,
    Entry,
    Index,
    IndexValue,
    IndexVariable,
    Num,
    Scalar,
    Tensor,
    substitute,
)
from derive.model.shape import fresh, has_shape
from derive.model.traverse import free_variables, names_in, skeleton
from derive.syntax import tree

UNKNOWN = Axis(Dim.symbol("?"), Dim.symbol("?"))
"""The range of an index that writes none, until it is seen on an axis."""

PENDING = Axis(Dim.symbol("?"), Dim.symbol("??"))
"""The range of an index that hangs on one whose range is unknown."""


class Inferred(Exception):
    """An index without a range stands on this axis. Caught where the index is bound."""

    def __init__(self, variable: IndexVariable, axis: Axis) -> None:
        super().__init__(variable.name)
        self.variable = variable
        self.axis = axis


@dataclass(slots=True)
class Members:
    """The names that the loop over `variable` computes: the user's, and the hidden ones of them."""

    variable: IndexVariable
    names: dict[str, None]

    def hold(self, scalar: Scalar) -> bool:
        """Whether the loop has to compute `scalar`."""
        return not self.names.keys().isdisjoint(names_in(scalar))


@dataclass(slots=True)
class Hidden:
    """The hidden definitions of a model, found again by what they say.

    In a `loop`, its index comes first, and what uses its names is one of them.
    """

    model: Model
    names: dict[Hashable, str] = field(default_factory=dict)
    loop: Members | None = None

    def __post_init__(self) -> None:
        for name, definition in self.model.definitions.items():
            if definition.hidden:
                self.names[skeleton(Tensor(definition.indices, definition.body))] = name

    def define(self, base: str, tensor: Tensor, span: Span) -> Tensor:
        """A closed name for `tensor`; the index variables free in it become leading indices."""
        outer, own = free_variables(tensor), fresh(tensor.axes)
        places = tuple(Index.of(v) for v in (*outer, *own))
        if any(variable.axis in (UNKNOWN, PENDING) for variable in outer):
            return Tensor(own, Entry("?", places))  # what stands here is read again
        held = self.loop is not None and self.loop.hold(tensor.body)
        if self.loop is not None and (held or self.loop.variable in outer):
            variable = self.loop.variable
            outer = (variable, *(other for other in outer if other != variable))
            places = tuple(Index.of(v) for v in (*outer, *own))
        lifted = Tensor((*outer, *tensor.indices), tensor.body)
        key = skeleton(lifted)
        name = self.names.get(key)
        if name is None or name not in self.model.definitions:
            name = self.names[key] = self._unused(base)
            self.model.definitions[name] = Definition(
                name, lifted.indices, lifted.body, span, hidden=True
            )
            if self.loop is not None and held:
                self.loop.names[name] = None
        return Tensor(own, Entry(name, places))

    def _unused(self, base: str) -> str:
        name, number = base, 1
        while name in self.model.definitions:
            number += 1
            name = f"{base}#{number}"
        return name


def is_plain(tensor: Tensor) -> bool:
    """Whether `tensor` needs no name of its own: an entry of one, or a number."""
    return isinstance(tensor.body, Entry | Num | Constant | DimValue | IndexValue)


def unknown_range(name: str, span: Span) -> Failure:
    """The error for an index whose range nothing tells."""
    return failure(
        "index-range",
        f"nothing tells the range of the index `{name}`",
        span,
        f"`{name}` stands on no axis here",
        helps=(f"write its range, as in `{name} in 1..n`",),
    )


@dataclass(slots=True)
class Ranges:
    """The ranges found for binders that write none. A binder is told by identity, so it is kept."""

    known: dict[int, tuple[tree.Binder, Axis]] = field(default_factory=dict)

    def of(self, binder: tree.Binder) -> Axis:
        """The range of `binder`, or `UNKNOWN`."""
        return self.known[id(binder)][1] if id(binder) in self.known else UNKNOWN

    def put(self, binder: tree.Binder, axis: Axis) -> None:
        """Note the range of `binder`."""
        self.known[id(binder)] = (binder, axis)


MAX_CALLS = 2_000


@dataclass(slots=True)
class Calls:
    """How many functions a statement has expanded: each may call the one before it twice."""

    number: int = 0

    def add(self, span: Span) -> None:
        """One more, at `span`."""
        self.number += 1
        if self.number > MAX_CALLS:
            raise failure(
                "too-large",
                f"this expands to more than {MAX_CALLS:,} calls of functions",
                span,
                "expanded here",
                helps=("name what is computed twice",),
            )


@dataclass(frozen=True, slots=True)
class Scope:
    """The names visible at a place.

    `tensors`, `dims` and `indices` are bound around it and win over the file's own names, none of
    which an `isolated` scope (a function of the prelude) sees. `inferred` keeps the range of a
    binder once it is found. `sizes` are those of the case. `loose` holds the indices that need no
    check of their range: those under a condition. `calls` names the file's functions around it, and
    `expanded` counts those that the statement has called. `steps` are the names that the loop
    around it computes: which entries of them may be read is checked when the loop is complete. In a
    case, `moments` are what `iterate` made of the names.
    """

    model: Model
    hidden: Hidden
    tensors: Mapping[str, Tensor] = field(default_factory=dict)
    dims: Mapping[str, Dim] = field(default_factory=dict)
    indices: Mapping[str, IndexVariable] = field(default_factory=dict)
    implicit: frozenset[IndexVariable] = frozenset()
    loose: frozenset[IndexVariable] = frozenset()
    inferred: Ranges = field(default_factory=Ranges)
    sizes: Mapping[str, Dim] = field(default_factory=dict)
    isolated: bool = False
    expanded: Calls = field(default_factory=Calls)
    calls: frozenset[str] = frozenset()
    steps: frozenset[str] = frozenset()
    moments: Moments | None = None

    def with_indices(
        self,
        variables: Mapping[str, IndexVariable],
        implicit: frozenset[IndexVariable] = frozenset(),
    ) -> "Scope":
        """The scope with more indices bound."""
        return replace(
            self,
            indices={**self.indices, **variables},
            tensors={k: v for k, v in self.tensors.items() if k not in variables},
            dims={k: v for k, v in self.dims.items() if k not in variables},
            implicit=self.implicit | implicit,
        )

    # --- what a name is ------------------------------------------------------------------------

    def is_dim(self, name: str) -> bool:
        """Whether `name` is a dimension here."""
        if name in self.indices or name in self.tensors:
            return False
        return name in self.dims or (not self.isolated and name in self.model.dims)

    def dim(self, name: str) -> Dim:
        """The dimension `name`."""
        return self.dims.get(name, Dim.symbol(name))

    def is_tensor(self, name: str) -> bool:
        """Whether `name` is a tensor: bound, declared or defined."""
        if name in self.tensors:
            return True
        if self.isolated or name in self.indices or name in self.dims:
            return False
        return name in self.model.symbols or name in self.model.definitions

    def is_function(self, name: str) -> bool:
        """Whether `name` is a function of the file."""
        return not self.isolated and (name in self.model.defs or name in self.model.functions)

    def is_declared(self, name: str) -> bool:
        """Whether the file or a binder gives `name` a meaning (built-in names aside)."""
        return (
            name in self.indices
            or self.is_dim(name)
            or self.is_tensor(name)
            or self.is_function(name)
            or (not self.isolated and name in self.model.networks)
            or (not self.isolated and name in self.model.failed)
        )

    def tensor(self, name: str, span: Span) -> Tensor:
        """The tensor `name`, over index variables of its own."""
        if name in self.tensors:
            bound = self.tensors[name]
            own = fresh(bound.axes)
            return Tensor(own, _moved(bound, own))
        self.check(name, span)
        if self.moments is not None and self.moves(name):
            return self.moments.sequence(name)
        own = fresh(self.axes(name))
        return Tensor(own, Entry(name, tuple(map(Index.of, own))))

    def moves(self, name: str) -> bool:
        """Whether the steps of a case change the tensor `name`."""
        free = not self.isolated and name not in self.tensors and name not in self.indices
        return free and self.moments is not None and self.moments.moves(name)

    def axes(self, name: str) -> tuple[Axis, ...]:
        """The shape of a declared or defined tensor."""
        if name in self.model.symbols:
            return self.model.symbols[name].axes
        return tuple(v.axis for v in self.model.definitions[name].indices)

    def check(self, name: str, span: Span) -> None:
        """Stop where `name` has failed."""
        if not self.isolated and name in self.model.failed:
            raise Depends(self.model.failed[name].text, self.model.failed[name])

    def check_uses(self) -> None:
        """Stop where a file that was to be used could not be: any name may have been its."""
        if not self.isolated:
            for name, cause in self.model.failed.items():
                if not name.isidentifier():
                    raise Depends(cause.text, cause)

    # --- for messages --------------------------------------------------------------------------

    def names(self) -> tuple[str, ...]:
        """The tensors and indices in scope, sorted."""
        own = [*self.tensors, *self.indices]
        if not self.isolated:
            own += [*self.model.symbols, *(d for d in self.model.definitions if d.isidentifier())]
        return tuple(sorted(set(own)))

    def dim_names(self) -> tuple[str, ...]:
        """The dimensions in scope, sorted."""
        return tuple(sorted({*self.dims, *(() if self.isolated else self.model.dims)}))

    def declared_at(self, name: str) -> tuple[Label, ...]:
        """A label that shows where the tensor `name` was declared, and its shape."""
        place = self.model.places.get(name)
        if place is None or self.isolated or name in self.tensors or not self.is_tensor(name):
            return ()
        return (Label(place, f"`{name}` {has_shape(self.axes(name))}"),)


def _moved(tensor: Tensor, own: tuple[IndexVariable, ...]) -> Scalar:
    """The body of `tensor` over the variables `own`."""
    pairs = zip(tensor.indices, own, strict=True)
    from_old = {old: Index.of(new) for old, new in pairs}
    return substitute(tensor.body, from_old)
