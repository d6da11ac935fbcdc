"""Derivatives as written: `dL/dz`, `dp[i]/dz[j]`, `dF(x)/dx`, `grad`, `jac`, `hess`, `partial`.

Design. Nothing is differentiated here. A derivative is a node between two closed names; an
expression that is differentiated gets a hidden name first.
"""

from derive.diagnostics.span import Span
from derive.model.context import Expressions
from derive.model.elsewhere import SeenThrough
from derive.model.failure import failure
from derive.model.scalar import Derivative, Entry, Tensor
from derive.model.shape import has_shape, squeezed, transpose
from derive.model.traverse import names_in
from derive.syntax import tree


def quotient(e: Expressions, expr: tree.Binary) -> Tensor | None:
    """The derivative that `a / b` writes; None where it is a quotient."""
    below, turns = expr.right, 0
    while isinstance(below, tree.Transpose):
        below, turns = below.operand, turns + 1
    wrt = _undifferential(below)
    of = _undifferential(expr.left)
    if of is None or wrt is None:
        return None
    top, bottom = _head(expr.left), _head(below)
    if e.scope.is_declared(top.id) or not _differentiable(e, expr.left, top.id[1:]):
        return None
    if not e.scope.is_declared(bottom.id[1:]):
        if e.scope.is_declared(bottom.id):
            return None
        span = Span(bottom.span.source, bottom.span.start + 1, bottom.span.end)
        e.tensor(tree.Name(span, bottom.id[1:]))  # says that nothing has this name
    result = differentiate(e, of, wrt, expr.span)
    for _ in range(turns % 2):
        result = transpose(result) or result
    return result


def _differentiable(e: Expressions, numerator: tree.Expression, name: str) -> bool:
    """Whether `name` is what `dname` can stand for."""
    if isinstance(_base(numerator), tree.Call):
        return e.is_function(name)
    return e.scope.is_declared(name) and not (e.scope.is_dim(name) or name in e.scope.indices)


def _base(expr: tree.Expression) -> tree.Expression:
    """`expr` without its brackets of indices."""
    return _base(expr.base) if isinstance(expr, tree.Subscript) else expr


def _head(expr: tree.Expression) -> tree.Name:
    """The name at the front of a differential."""
    match expr:
        case tree.Name():
            return expr
        case tree.Subscript(base=base):
            return _head(base)
        case tree.Call(function=function):
            return function
    raise AssertionError("not a differential")


def _undifferential(expr: tree.Expression) -> tree.Expression | None:
    """`p[i]` for `dp[i]`; None where there is no `d` in front."""
    match expr:
        case tree.Name(id=name, span=span) if name[:1] == "d" and len(name) > 1:
            return tree.Name(Span(span.source, span.start + 1, span.end), name[1:])
        case tree.Subscript(base=base, indices=indices, span=span):
            inner = _undifferential(base)
            return None if inner is None else tree.Subscript(_after(span, inner), inner, indices)
        case tree.Call(function=function, arguments=arguments, keywords=keywords, primes=primes):
            name_ = _undifferential(function)
            if isinstance(name_, tree.Name):
                return tree.Call(_after(expr.span, name_), name_, arguments, keywords, primes)
    return None


def _after(span: Span, inner: tree.Expression) -> Span:
    return Span(span.source, inner.span.start, span.end)


def differentiate(
    e: Expressions, of: tree.Expression, wrt: tree.Expression, span: Span, partial: bool = False
) -> Tensor:
    """D of / d wrt: the shape of `of`, followed by that of `wrt`."""
    below = denominator(e, wrt)
    return derivative(e, e.tensor(of), below, of, span, partial)


def denominator(e: Expressions, wrt: tree.Expression) -> Tensor:
    """The tensor, or the part of one, that is differentiated by."""
    tensor = e.tensor(wrt)
    body = tensor.body
    if not isinstance(body, Entry) or body.padded:
        raise failure(
            "not-differentiable-by",
            f"nothing can be differentiated by `{wrt.span.text}`: it is no tensor with a name",
            wrt.span,
            "only a name, or an entry of one, stands here",
            helps=("define a name for it first, and write that name here",)
            if not isinstance(wrt, tree.Name)
            else (),
        )
    return tensor


def derivative(
    e: Expressions,
    above: Tensor,
    below: Tensor,
    written: tree.Expression,
    span: Span,
    partial: bool = False,
) -> Tensor:
    """The derivative of one tensor by another, which is an entry of a name."""
    if not isinstance(above.body, Entry) or above.body.padded:
        if partial:
            raise failure(
                "misplaced",
                f"`partial` needs a defined name, and `{written.span.text}` is an expression",
                written.span,
                "define a name for it first",
            )
        above = e.scope.hidden.define(_base_name(written), above, written.span)
    if not isinstance(above.body, Entry) or not isinstance(below.body, Entry):
        raise AssertionError("a derivative is between names")
    top, bottom = above.body, below.body
    if partial:
        top = _alone(e, top, span)
    partial = partial or _is_direct(e, top.symbol, bottom.symbol)
    node = Derivative(top.symbol, top.indices, bottom.symbol, bottom.indices, partial)
    return Tensor((*above.indices, *below.indices), node)


def _alone(e: Expressions, entry: Entry, span: Span) -> Entry:
    """An entry whose definition holds names of the file only: of the same, mostly."""
    definition = e.scope.model.definitions.get(entry.symbol)
    through = SeenThrough(e, span)
    if definition is None or not any(map(through.is_hidden, names_in(definition.body))):
        return entry
    whole = through.tensor(Tensor(definition.indices, definition.body))
    alone = e.scope.hidden.define(entry.symbol, whole, span)
    assert isinstance(alone.body, Entry)
    return Entry(alone.body.symbol, entry.indices)


def _is_direct(e: Expressions, of: str, wrt: str) -> bool:
    """Whether `of`, made inside of a loop, uses none of the names of the loop but `wrt`."""
    definition = e.scope.model.definitions.get(of)
    if definition is None or wrt not in e.scope.steps or e.scope.hidden.loop is None:
        return False
    return names_in(definition.body) & e.scope.hidden.loop.names.keys() <= {wrt}


def _base_name(written: tree.Expression) -> str:
    """What a hidden name for a differentiated expression is called after."""
    base = _base(written)
    return f"{base.function.id}.value" if isinstance(base, tree.Call) else "d.value"


# --- by call -----------------------------------------------------------------------------------


def gradient(e: Expressions, call: tree.Call) -> Tensor:
    """`grad(L, W)`: of a scalar."""
    of, wrt = call.arguments
    above = squeezed(e.tensor(of))
    if above.indices:
        raise not_scalar(of, above, "grad", f"`jac({of.span.text}, {wrt.span.text})`")
    return derivative(e, above, denominator(e, wrt), of, call.span)


def jacobian(e: Expressions, call: tree.Call) -> Tensor:
    """`jac(p, z)`."""
    of, wrt = call.arguments
    return differentiate(e, of, wrt, call.span)


def hessian(e: Expressions, call: tree.Call) -> Tensor:
    """`hess(L, z)`: the derivative of the gradient."""
    of, wrt = call.arguments
    above = squeezed(e.tensor(of))
    if above.indices:
        raise not_scalar(of, above, "hess", None)
    first = derivative(e, above, denominator(e, wrt), of, call.span)
    named = e.scope.hidden.define("hess.gradient", first, call.span)
    return derivative(e, named, denominator(e, wrt), of, call.span)


def partial(e: Expressions, call: tree.Call) -> Tensor:
    """`partial(c, z)`: through the expression that defines `c` alone."""
    of, wrt = call.arguments
    return differentiate(e, of, wrt, call.span, partial=True)


def not_scalar(of: tree.Expression, above: Tensor, function: str, instead: str | None) -> Exception:
    """The error for `grad` or `hess` of a tensor."""
    return failure(
        "not-a-scalar",
        f"`{function}` is of a scalar, and `{of.span.text}` {has_shape(above.axes)}",
        of.span,
        "not a scalar",
        helps=(f"{instead} is its Jacobian",) if instead is not None else (),
    )
