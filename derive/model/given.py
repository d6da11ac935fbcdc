"""The point that the `given` lines of a case describe: sizes first, then values."""

from collections.abc import Sequence
from dataclasses import replace

from derive.diagnostics.diagnostic import Label
from derive.diagnostics.span import Span
from derive.model.context import Expressions
from derive.model.dim import ONE, Dim
from derive.model.failure import Failure, failure
from derive.model.model import Case, Symbol
from derive.model.scalar import Axis, IndexVariable, Tensor
from derive.model.shape import (
    broadcast,
    fresh,
    has_shape,
    is_column,
    without,
)
from derive.model.traverse import dims_in, names_in
from derive.syntax import tree


class Sizes:
    """The sizes that a case gives or implies, each with the place that says so."""

    def __init__(self, e: Expressions, name: str) -> None:
        self.e = e
        self.name = name
        self.values: dict[str, int] = {}
        self.places: dict[str, Span] = {}

    def put(self, name: str, value: int, span: Span) -> None:
        """The dimension `name` is `value`, says `span`."""
        least = 0 if name in self._lengths() else 1
        if value < least:
            message = f"a dimension is at least {least}, and `{name}` would be {value}"
            raise failure("given-clash", message, span, f"makes `{name}` {value}")
        known = self.values.get(name)
        if known is not None and known != value:
            raise failure(
                "given-clash",
                f"`{name}` would be both {known} and {value}",
                span,
                f"makes `{name}` {value}",
                also=(Label(self.places[name], f"makes `{name}` {known}"),),
            )
        self.values[name] = value
        self.places.setdefault(name, span)

    def _lengths(self) -> frozenset[str]:
        """The dimensions that end a loop: one of no steps is an ordinary one."""
        definitions = self.e.scope.model.definitions.values()
        loops = (definition.recurrence for definition in definitions)
        return frozenset(
            name for loop in loops if loop is not None for name in loop.axis.high.names
        )

    @property
    def dims(self) -> dict[str, Dim]:
        """The sizes as dimensions."""
        return {name: Dim.of(value) for name, value in self.values.items()}

    def solve(self, dim: Dim, value: int, span: Span, symbol: Symbol) -> bool:
        """Take from `dim = value` the one size that it leaves open; False where there are more."""
        rest = dim.substitute(self.dims)
        if rest.constant is not None:
            if rest.constant != value:
                raise self._clash(dim, rest.constant, value, span, symbol)
            return True
        linear = {monomial[0]: factor for monomial, factor in rest.terms if len(monomial) == 1}
        if len(rest.names) != 1 or any(len(monomial) > 1 for monomial, _ in rest.terms):
            return False
        ((name, factor),) = linear.items()
        constant = dict(rest.terms).get((), 0)
        solution, remainder = divmod(value - constant, factor)
        if remainder:
            raise self._clash(dim, f"{rest}", value, span, symbol)
        self.put(name, solution, span)
        return True

    def _clash(self, dim: Dim, known: int | str, value: int, span: Span, symbol: Symbol) -> Failure:
        also = tuple(
            Label(self.places[name], f"makes `{name}` {self.values[name]}")
            for name in sorted(dim.names)
            if name in self.places
        )
        return failure(
            "given-clash",
            f"an axis of `{symbol.name}` is `{dim}`, {known} here, and has {value} entries",
            span,
            f"{value} entries",
            also=also or (Label(symbol.span, f"`{symbol.name}` {has_shape(symbol.axes)}"),),
        )


def case_of(e: Expressions, written: tree.Case) -> Case:
    """The point that the `given` lines of a case describe."""
    sizes = Sizes(e, written.name)
    waiting: list[tuple[tree.Substitution, Symbol]] = []
    seen: dict[str, Span] = {}
    for item in written.given:
        name = item.name.id
        if name in seen:
            raise failure(
                "given-clash",
                f"`{name}` is given twice",
                item.name.span,
                "given again",
                also=(Label(seen[name], "first given here"),),
            )
        seen[name] = item.name.span
        if e.scope.is_dim(name):
            value = e.dim(item.value).constant
            if value is None:
                message = f"`{item.value.span.text}` is not a number"
                raise failure("not-a-dimension", message, item.value.span, f"the size of `{name}`")
            sizes.put(name, value, item.span)
        else:
            waiting.append((item, _symbol(e, item)))
    given: dict[str, Tensor] = {}
    while waiting:
        later = [pair for pair in waiting if not _give(e, sizes, given, *pair)]
        if len(later) == len(waiting):
            raise _size_unknown(e, sizes, *later[0])
        waiting = later
    return Case(
        written.name,
        tuple((name, given[name]) for name in seen if name in given),
        tuple(sorted(sizes.values.items())),
        written.span,
    )


def _symbol(e: Expressions, item: tree.Substitution) -> Symbol:
    """The declared tensor that is given a value."""
    name = item.name.id
    symbol = e.scope.model.symbols.get(name)
    if symbol is None:
        e.tensor(item.name)  # an unknown or failed name says so itself
        raise failure(
            "given-defined",
            f"`{name}` is not declared as a tensor, so it cannot be given a value",
            item.name.span,
            "only declared tensors and dimensions are given",
            also=e.scope.declared_at(name),
        )
    return symbol


def _give(
    e: Expressions, sizes: Sizes, given: dict[str, Tensor], item: tree.Substitution, symbol: Symbol
) -> bool:
    """Put the value of `symbol` into `given`; False where it hangs on a size not known yet."""
    axes = symbol.axes
    inner = e.inside(replace(e.scope, dims=sizes.dims))
    value = _of_rank(inner.tensor(item.value), axes)
    names = sorted(names_in(value.body))
    if names:
        message = f"a given value is closed, and this one uses `{names[0]}`"
        raise failure("given-open", message, item.value.span, "numbers and dimensions only")
    if dims_in(value):
        return False
    if value.indices and len(value.indices) != len(axes):
        raise failure(
            "given-clash",
            f"`{symbol.name}` {has_shape(axes)}, and the value {has_shape(value.axes)}",
            item.value.span,
            has_shape(value.axes),
            also=e.scope.declared_at(symbol.name),
        )
    for range_, own in zip(axes, value.axes, strict=False):
        size = own.size.constant
        if size is None or not sizes.solve(range_.size, size, item.value.span, symbol):
            return False
    known = [Axis(a.low.substitute(sizes.dims), a.high.substitute(sizes.dims)) for a in axes]
    if any(range_.size.constant is None for range_ in known):
        return False
    both = broadcast(Tensor(fresh(known), value.body), value, {})
    if both is None:
        raise AssertionError("the shape of a given value was checked")
    given[symbol.name] = Tensor(both[0], both[2])
    return True


def _of_rank(value: Tensor, axes: Sequence[Axis]) -> Tensor:
    """A column for a vector, or a vector for a row or column, brought to the declared axes."""
    if len(axes) == 1 and is_column(value.axes):
        return without(value, 1)
    if len(axes) == 2 and len(value.indices) == 1:
        unit = IndexVariable("u", Axis(ONE, ONE))
        if axes[0].size == ONE:
            return Tensor((unit, *value.indices), value.body)
        if axes[1].size == ONE:
            return Tensor((*value.indices, unit), value.body)
    return value


def _size_unknown(e: Expressions, sizes: Sizes, item: tree.Substitution, symbol: Symbol) -> Failure:
    missing = sorted({n for a in symbol.axes for n in a.size.names} - set(sizes.values))
    inner = e.inside(replace(e.scope, dims=sizes.dims))
    missing = missing or sorted(dims_in(inner.tensor(item.value)))
    names = ", ".join(f"`{name}`" for name in missing)
    return failure(
        "given-size",
        f"the value of `{symbol.name}` does not tell {names}",
        item.value.span,
        f"`{symbol.name}` {has_shape(symbol.axes)}",
        helps=(f"give it, as in `{missing[0]} = 3`",) if missing else (),
    )
