"""Calls: whose name is it? The file's own functions come first, then what is built in."""

from itertools import chain

from derive.diagnostics.suggest import nearest
from derive.model.context import Expressions
from derive.model.failure import failure
from derive.model.foreign import of_name
from derive.model.functions import instantiate, is_prelude, prelude_function, prelude_names
from derive.model.model import FunctionSymbol
from derive.model.operations import OPERATIONS, run
from derive.model.scalar import Index, IndexVariable, Tensor, Unknown
from derive.model.shape import fresh, from_one, has_shape, is_column, same_shape, without
from derive.model.special import SPECIAL
from derive.syntax import tree


def is_builtin(name: str) -> bool:
    """Whether `name` is a built-in function."""
    return name in OPERATIONS or name in SPECIAL or name == "pad0" or is_prelude(name)


def call(e: Expressions, expr: tree.Call) -> Tensor:
    """What a call denotes."""
    name, scope = expr.function.id, e.scope
    if name not in scope.indices and name not in scope.tensors and not scope.isolated:
        scope.check(name, expr.function.span)
        if name in scope.calls:
            raise failure(
                "recursive-function",
                f"`{name}` calls itself",
                expr.span,
                f"inside the definition of `{name}`",
            )
        if name in scope.model.functions:
            return unspecified(e, expr, scope.model.functions[name])
        if name in scope.model.defs:
            no_primes(expr)
            return instantiate(e, expr, scope.model.defs[name], prelude=False)
    if scope.is_declared(name):
        raise failure(
            "not-a-function",
            f"`{name}` is not a function, and stands before `(` here",
            expr.span,
            "a call",
            also=scope.declared_at(name),
            helps=("write `*` to multiply, and `[...]` for entries",),
        )
    if name in OPERATIONS:
        return run(e, expr)
    prelude = "sigmoid" if name == "σ" else name
    if is_prelude(prelude):
        no_primes(expr)
        return instantiate(e, expr, prelude_function(prelude), prelude=True)
    raise unknown_function(e, expr)


def no_primes(expr: tree.Call) -> None:
    """Stop at `f'(x)` of a function that is written out."""
    if expr.primes:
        name = expr.function.id
        raise failure(
            "misplaced",
            f"`{name}'` is for a name declared by `function`",
            expr.span,
            "a prime",
            helps=(f"`grad({name}(x), x)` is its derivative at a scalar x",),
        )


def unknown_function(e: Expressions, expr: tree.Call) -> Exception:
    """The error for a call of nothing."""
    name = expr.function.id
    if name in SPECIAL or name == "pad0":
        usage = f"{name}(x)[i]" if name == "pad0" else f"{name}[...]"
        message = f"`{name}` is written with square brackets: `{usage}`"
        inside = ", ".join(a.span.text for a in expr.arguments)
        helps = (f"write `{name}[{inside}]`",) if inside and name != "pad0" else ()
        return failure("misplaced", message, expr.span, "not a call", helps=helps)
    own = () if e.scope.isolated else (*e.scope.model.defs, *e.scope.model.functions)
    e.scope.check_uses()
    near = nearest(name, chain(own, OPERATIONS, prelude_names()))
    return failure(
        "unknown-name",
        f"nothing is named `{name}` here",
        expr.function.span,
        "not a function",
        helps=of_name(name, True) or ((f"did you mean `{near}`?",) if near is not None else ()),
    )


def unspecified(e: Expressions, expr: tree.Call, function: FunctionSymbol) -> Tensor:
    """An entry of `g(z)`, `g''(z)`, `F(x)`."""
    name = expr.function.id
    wanted = len(function.parameters)
    if len(expr.arguments) != wanted or expr.keywords:
        message = f"`{name}` takes {wanted} arguments, not {len(expr.arguments)}"
        raise failure("wrong-arguments", message, expr.span, "a function without a definition")
    scalar_map = wanted == 1 and not function.parameters[0] and not function.output
    if expr.primes and not scalar_map:
        message = f"primes are for functions of a number, and `{name}` is not one"
        raise failure("misplaced", message, expr.span, "write `jac(...)`")
    arguments: list[Tensor] = []
    leads: tuple[IndexVariable, ...] = ()
    for written, axes in zip(expr.arguments, function.parameters, strict=True):
        tensor = from_one(e.tensor(written))
        if len(axes) == 1 and is_column(tensor.axes):
            tensor = without(tensor, 1)
        tensor = e.hide(f"{name}.argument", tensor, written.span)
        own = tensor.indices[max(len(tensor.indices) - len(axes), 0) :] if axes else ()
        fits = same_shape([variable.axis for variable in own], axes, e.scope.sizes)
        outer = tensor.indices[: len(tensor.indices) - len(own)]
        if not fits or (leads and outer):
            raise failure(
                "shape-mismatch",
                f"`{written.span.text}` does not fit `{name}`, whose argument {has_shape(axes)}",
                written.span,
                has_shape(tensor.axes),
            )
        leads = leads or outer
        arguments.append(Tensor(own, tensor.body))
    out = fresh(function.output)
    slots = ((0, ()),) * expr.primes
    body = Unknown(name, tuple(map(Index.of, out)), tuple(arguments), slots)
    return Tensor((*leads, *out), body)
