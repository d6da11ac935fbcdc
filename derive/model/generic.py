"""The generic dimensions of a function: found from the shapes of the arguments of a call.

An axis is a name, which takes the size that it meets, or an expression such as `s*(m - 1) + k`:
then one name in it that nothing else tells is solved for. A parameter without axes that stands in
indices or ranges, such as a stride, is a dimension itself.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace

from derive.model.context import Expressions
from derive.model.dim import ZERO, Dim
from derive.model.failure import Failure, failure
from derive.model.layers import divided
from derive.model.ranges import dim_of
from derive.model.scalar import Tensor
from derive.model.shape import has_shape, same_size
from derive.syntax import tree

UNKNOWN = "?"
"""Stands for the name that is solved for."""


@dataclass(slots=True)
class Argument:
    """An argument: what was written, its tensor with the axes of the parameter last."""

    parameter: tree.Parameter
    written: tree.Expression
    tensor: Tensor

    @property
    def leading(self) -> int:
        """How many axes are mapped over."""
        return max(len(self.tensor.indices) - len(self.parameter.axes), 0)


def parameter_text(parameter: tree.Parameter) -> str:
    """`x[n]`, as it is declared."""
    axes = ", ".join(axis_.span.text for axis_ in parameter.axes)
    return f"{parameter.name.id}[{axes}]" if axes else parameter.name.id


def names_in(node: object) -> Iterator[str]:
    """The names in a part of the tree."""
    if isinstance(node, tree.Name):
        yield node.id
    elif isinstance(node, tuple):
        for part in node:
            yield from names_in(part)
    elif isinstance(node, tree.Tree) and is_dataclass(node):
        for part in fields(node):
            if part.name != "span":
                yield from names_in(getattr(node, part.name))


def places_in(node: object) -> Iterator[str]:
    """The names that stand in indices and ranges."""
    match node:
        case tree.Subscript(base=base, indices=indices):
            yield from names_in(indices)
            yield from places_in(base)
        case tree.Range():
            yield from names_in(node)
        case tuple():
            for part in node:
                yield from places_in(part)
        case tree.Tree() if is_dataclass(node):
            for part in fields(node):
                if part.name != "span":
                    yield from places_in(getattr(node, part.name))


def dimension_parameters(function: tree.Function) -> frozenset[str]:
    """The parameters that are dimensions: a stride, the size of a window."""
    used = {*places_in(function.body), *places_in(function.result)}
    used |= {name for p in function.parameters for name in names_in(p.axes)}
    scalars = {p.name.id for p in function.parameters if not p.axes}
    return frozenset(used & scalars)


def generic_names(e: Expressions, function: tree.Function) -> frozenset[str]:
    """The names in the axes of the parameters that are generic."""
    plain = {
        a.id for p in function.parameters for a in p.axes if isinstance(a, tree.Name)
    } | dimension_parameters(function)
    inside = {name for p in function.parameters for name in names_in(p.axes)}
    return frozenset(plain | {name for name in inside if not e.scope.is_dim(name)})


def unify(
    e: Expressions, call: tree.Call, function: tree.Function, arguments: Sequence[Argument]
) -> dict[str, Dim]:
    """The generic dimensions, from the shapes of the arguments."""
    dims: dict[str, Dim] = {}
    numbers = dimension_parameters(function)
    for argument in arguments:
        if argument.parameter.name.id in numbers:
            dims[argument.parameter.name.id] = dim_of(e, argument.written)
    from_where: dict[str, Argument] = {}
    later: list[tuple[Argument, tree.Expression, Dim]] = []
    for argument in arguments:
        own = argument.tensor.axes[argument.leading :]
        if own and len(own) != len(argument.parameter.axes):
            raise does_not_fit(call, function, argument, "")
        for axis_, range_ in zip(argument.parameter.axes, own, strict=False):
            if not isinstance(axis_, tree.Name):
                later.append((argument, axis_, range_.size))
            elif axis_.id not in dims:
                dims[axis_.id] = range_.size
                from_where[axis_.id] = argument
            elif not same_size(dims[axis_.id], range_.size, e.scope.sizes):
                first = from_where.get(axis_.id, argument)
                why = (
                    f"`{axis_.id}` is {dims[axis_.id]} in `{first.written.span.text}` "
                    f"and {range_.size} in `{argument.written.span.text}`"
                )
                raise does_not_fit(call, function, argument, why)
    _solve_later(e, call, function, later, dims)
    for argument in arguments:
        for axis_ in argument.parameter.axes:
            if isinstance(axis_, tree.Name) and axis_.id not in dims:
                why = f"nothing tells the dimension `{axis_.id}`"
                raise does_not_fit(call, function, argument, why)
    return dims


def _solve_later(
    e: Expressions,
    call: tree.Call,
    function: tree.Function,
    later: list[tuple[Argument, tree.Expression, Dim]],
    dims: dict[str, Dim],
) -> None:
    """The axes that are expressions: a name that nothing tells is solved for, the rest checked."""
    for argument, axis_, size in later:
        open_names = sorted(set(names_in(axis_)) - dims.keys())
        if len(open_names) == 1:
            found = _solved(e, axis_, open_names[0], size, dims)
            if found is not None:
                dims[open_names[0]] = found
        scope = replace(e.scope, dims=dims, tensors={}, indices={})
        unknown = [n for n in open_names if n not in dims and not scope.is_dim(n)]
        if unknown:
            why = f"no whole `{unknown[0]}` makes `{axis_.span.text}` the size {size}"
            raise does_not_fit(call, function, argument, why)
        needed = dim_of(e.inside(scope), axis_)
        if not same_size(needed, size, e.scope.sizes):
            why = f"`{axis_.span.text}` is {needed}, and the argument has {size}"
            raise does_not_fit(call, function, argument, why)


def _solved(
    e: Expressions, axis_: tree.Expression, name: str, size: Dim, dims: dict[str, Dim]
) -> Dim | None:
    """The value of a name at which an expression has a size; None where it is none."""
    known = {**dims, name: Dim.symbol(UNKNOWN)}
    scope = replace(e.scope, dims=known, tensors={}, indices={})
    whole = dim_of(e.inside(scope), axis_)
    factor, rest = ZERO, ZERO
    for names, coefficient in whole.terms:
        others = tuple(n for n in names if n != UNKNOWN)
        if len(names) - len(others) > 1:
            return None
        part = Dim(((others, coefficient),))
        factor, rest = (factor, rest + part) if others == names else (factor + part, rest)
    if not factor.terms:
        return None
    found = divided(size - rest, factor)
    return found if found is not None and found * factor + rest == size else None


def does_not_fit(call: tree.Call, function: tree.Function, argument: Argument, why: str) -> Failure:
    """The error for an argument whose shape is not that of its parameter."""
    head = f"{function.name.id}({', '.join(parameter_text(p) for p in function.parameters)})"
    shape = has_shape(argument.tensor.axes)
    return failure(
        "shape-mismatch",
        f"`{argument.written.span.text}` does not fit the parameter "
        f"`{parameter_text(argument.parameter)}` of `{call.function.id}`",
        argument.written.span,
        shape,
        notes=(f"it is `{head}`", *((why,) if why else ())),
    )
