"""Functions written in the language: the prelude's, loaded when called, and the file's own.

Design. A call is instantiated: the generic dimensions are unified with the arguments', and the
result is written out over hidden names for the arguments and the local names. A parameter takes the
last axes of its argument; the axes before them are mapped over.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files

from derive.diagnostics.diagnostic import Diagnostic, Label
from derive.diagnostics.span import Source
from derive.model.binding import Bound, bind
from derive.model.context import Expressions
from derive.model.dim import ONE, Dim
from derive.model.failure import Failure, failure
from derive.model.foreign import of_keyword
from derive.model.generic import Argument, parameter_text, unify
from derive.model.ranges import dim_of
from derive.model.scalar import Index, IndexVariable, Scalar, Tensor, axis, substitute
from derive.model.scope import Scope
from derive.model.shape import (
    broadcast,
    fresh,
    from_one,
    has_shape,
    is_column,
    same_size,
    shape_text,
    without,
)
from derive.syntax import tree
from derive.syntax.parse import parse

MAX_LABELS = 3
_HEAD = re.compile(r"^def +(\w+)", re.MULTILINE)


@cache
def _prelude_texts() -> dict[str, tuple[str, str]]:
    """Each prelude function with its file and its text, on its own lines of that file."""
    found: dict[str, tuple[str, str]] = {}
    for path in sorted((files("derive") / "prelude").iterdir(), key=lambda path: path.name):
        if not path.name.endswith(".derive"):
            continue
        text = path.read_text(encoding="utf-8")
        heads = list(_HEAD.finditer(text))
        ends = [head.start() for head in heads[1:]] + [len(text)]
        for head, end in zip(heads, ends, strict=True):
            lines_before = text.count("\n", 0, head.start())
            block = "\n" * lines_before + text[head.start() : end]
            found[head[1]] = (f"prelude/{path.name}", block)
    return found


def prelude_names() -> tuple[str, ...]:
    """The functions of the prelude."""
    return tuple(_prelude_texts())


def is_prelude(name: str) -> bool:
    """Whether `name` is a function of the prelude."""
    return name in _prelude_texts()


@cache
def prelude_function(name: str) -> tree.Function:
    """The prelude's definition of `name`."""
    source = Source(*_prelude_texts()[name])
    file, problems = parse(source)
    if problems or len(file.statements) != 1:
        raise AssertionError(f"{source.name}: `{name}`: {problems}")
    function = file.statements[0]
    if not isinstance(function, tree.Function):
        raise AssertionError(f"{source.name}: `{name}` is not a function")
    return function


# --- instantiation -----------------------------------------------------------------------------


def instantiate(e: Expressions, call: tree.Call, function: tree.Function, prelude: bool) -> Tensor:
    """What a call of `function` denotes."""
    name = function.name.id
    e.scope.expanded.add(call.span)
    over = _check_arguments(call, function)
    arguments = [
        Argument(parameter, written, _argument(e, name, parameter, written))
        for parameter, written in zip(function.parameters, call.arguments, strict=True)
    ]
    place = None if over is None else _move_axis(e, arguments, over, call)
    dims = unify(e, call, function, arguments)
    leads, parameters = _map(e, call, arguments, dims)
    scope = Scope(
        e.scope.model,
        e.scope.hidden,
        tensors=parameters,
        dims=dims,
        sizes=e.scope.sizes,
        isolated=prelude,
        calls=e.scope.calls | {name},
        expanded=e.scope.expanded,
    )
    try:
        result = evaluate_body(e.inside(scope), function)
    except Failure as problem:
        raise Failure(_at_call(problem.diagnostic, call, function, prelude)) from None
    if place is None or not result.indices:
        return Tensor((*leads, *result.indices), result.body)
    return Tensor((*leads[:place], *result.indices, *leads[place:]), result.body)


def _check_arguments(call: tree.Call, function: tree.Function) -> tree.Expression | None:
    """Stop where the arguments do not fit the head; the value of `over=`."""
    name, wanted, given = function.name.id, len(function.parameters), len(call.arguments)
    head = f"{name}({', '.join(parameter_text(p) for p in function.parameters)})"
    over: tree.Expression | None = None
    for keyword in call.keywords:
        if keyword.name != "over":
            raise failure(
                "wrong-arguments",
                f"`{name}` has no argument `{keyword.name}=`",
                keyword.span,
                "not a keyword of this function",
                notes=(f"it is `{head}`",),
                helps=of_keyword(keyword.name),
            )
        over = keyword.value
    if wanted != given:
        raise failure(
            "wrong-arguments",
            f"`{name}` takes {wanted} {'argument' if wanted == 1 else 'arguments'}, not {given}",
            call.span,
            f"{given} {'argument' if given == 1 else 'arguments'}",
            notes=(f"it is `{head}`",),
        )
    return over


def _argument(
    e: Expressions, name: str, parameter: tree.Parameter, written: tree.Expression
) -> Tensor:
    """The value of an argument, under a hidden name unless it has one."""
    tensor = from_one(e.tensor(written))
    if len(parameter.axes) == 1 and is_column(tensor.axes):
        tensor = without(tensor, 1)
    return e.hide(f"{name}.{parameter.name.id}", tensor, written.span)


def _move_axis(
    e: Expressions, arguments: Sequence[Argument], over: tree.Expression, call: tree.Call
) -> int:
    """Put the axis that `over=` names last, for parameters that are vectors; its old place."""
    found: int | None = None
    for argument in arguments:
        if len(argument.parameter.axes) != 1 or len(argument.tensor.indices) < 2:
            continue
        place = axis_place(e, argument.tensor, over, argument.written)
        indices = argument.tensor.indices
        moved = (*indices[:place], *indices[place + 1 :], indices[place])
        argument.tensor = Tensor(moved, argument.tensor.body)
        found = place if found is None else found
    if found is None:
        single = [a for a in arguments if len(a.parameter.axes) == 1 and a.tensor.indices]
        if not single:
            message = f"`{call.function.id}` has no argument whose axis `over=` could name"
            raise failure("wrong-arguments", message, over.span, "leave it out")
        found = axis_place(e, single[0].tensor, over, single[0].written)
    return found


def axis_place(
    e: Expressions, tensor: Tensor, over: tree.Expression, written: tree.Expression
) -> int:
    """The axis that `over=` names, by its dimension or by its place from 1; counted from 0."""
    axes = tensor.axes
    shape = f"`{written.span.text}` {has_shape(axes)}"
    if isinstance(over, tree.Number):
        if over.value.denominator == 1 and 1 <= over.value <= len(axes):
            return int(over.value) - 1
        message = f"there is no axis {over.text}: {shape}"
        raise failure("no-such-axis", message, over.span, "the place of an axis, from 1")
    dim = dim_of(e, over)
    found = [p for p, a in enumerate(axes) if same_size(a.size, dim, e.scope.sizes)]
    found = found or [p for p, a in enumerate(axes) if a.high == dim]
    if not found:
        message = f"no axis is `{over.span.text}`: {shape}"
        raise failure("no-such-axis", message, over.span, "not an axis of the argument")
    if len(found) > 1:
        places = " or ".join(f"`over={place + 1}`" for place in found)
        raise failure(
            "ambiguous-axis",
            f"{len(found)} axes are `{over.span.text}`: {shape}",
            over.span,
            "which of them?",
            helps=(f"write its place: {places}",),
        )
    return found[0]


def _map(
    e: Expressions, call: tree.Call, arguments: Sequence[Argument], dims: dict[str, Dim]
) -> tuple[tuple[IndexVariable, ...], dict[str, Tensor]]:
    """The indices that are mapped over, and the parameters at one place of these."""
    generic = e.inside(replace(e.scope, dims=dims, tensors={}, indices={}))
    leads: tuple[IndexVariable, ...] = ()
    for argument in arguments:
        own = Tensor(argument.tensor.indices[: argument.leading], argument.tensor.body)
        both = broadcast(Tensor(leads, own.body), own, e.scope.sizes)
        if both is None:
            first, second = shape_text([v.axis for v in leads]), shape_text(own.axes)
            raise failure(
                "shape-mismatch",
                f"`{call.function.id}` is mapped over axes that do not align: {first} and {second}",
                call.span,
                "the leading axes of the arguments",
            )
        leads = both[0]
    parameters: dict[str, Tensor] = {}
    for argument in arguments:
        if argument.parameter.name.id in dims:
            continue
        outer = argument.tensor.indices[: argument.leading]
        ends = {v: Index.at(1) for v in outer[len(leads) :]}  # of a column beside vectors
        outer = outer[: len(leads)]
        places = ends | {
            old: Index.of(new) if old.axis.size != ONE else Index.at(1)
            for old, new in zip(outer, leads[len(leads) - len(outer) :], strict=True)
        }
        indices = argument.tensor.indices[argument.leading :]
        body: Scalar = substitute(argument.tensor.body, places)
        if not indices:  # a scalar fills a vector
            indices = fresh([axis(dim_of(generic, a)) for a in argument.parameter.axes])
        parameters[argument.parameter.name.id] = Tensor(indices, body)
    return leads, parameters


def evaluate_body(e: Expressions, function: tree.Function) -> Tensor:
    """The result of `function`, its parameters bound in the scope of `e`."""
    tensors = dict(e.scope.tensors)
    for local in function.body:
        inner = e.inside(replace(e.scope, tensors=tensors))
        if local.value is None:
            raise failure("misplaced", "a local name needs a value", local.span, "no value")
        value = define(inner, local.indices, local.value)
        hidden = e.hide(f"{function.name.id}.{local.name.id}", value, local.span)
        tensors = {**tensors, local.name.id: hidden}
    return e.inside(replace(e.scope, tensors=tensors)).tensor(function.result)


def define(e: Expressions, indices: Sequence[tree.Expression], value: tree.Expression) -> Tensor:
    """The tensor that `name[indices] = value` defines."""
    if not indices:
        return e.tensor(value)
    binders: list[tree.Binder] = []
    for index in indices:
        if not isinstance(index, tree.Name):
            raise failure(
                "misplaced",
                "a definition by entry has names of indices on its left",
                index.span,
                "not the name of an index",
                helps=("one definition gives all entries, as in `p[i] = ...`",),
            )
        if index.id in [binder.name for binder in binders]:
            message = f"the index `{index.id}` stands twice on the left"
            raise failure("misplaced", message, index.span, "name it differently")
        binders.append(tree.Binder(index.span, index.id))

    def inside(inner: Expressions, bound: Bound) -> Tensor:
        body = inner.tensor(value)
        return Tensor((*bound.variables, *body.indices), body.body)

    return bind(e, binders, (), inside)


def _at_call(
    diagnostic: Diagnostic, call: tree.Call, function: tree.Function, prelude: bool
) -> Diagnostic:
    """A mistake inside a function, as it concerns the call."""
    name = function.name.id
    if (
        diagnostic.span.source is not function.span.source
        or call.span.source is diagnostic.span.source
    ):
        if len(diagnostic.also) >= MAX_LABELS:
            return diagnostic
        return replace(diagnostic, also=(*diagnostic.also, Label(call.span, "called here")))
    return replace(
        diagnostic,
        message=f"in `{name}`: {diagnostic.message}",
        span=call.span,
        label=f"this call of `{name}` does not work out",
        also=(),
        notes=(f"`{name}` says `{diagnostic.span.text}`", *diagnostic.notes),
        helps=(),
    )
