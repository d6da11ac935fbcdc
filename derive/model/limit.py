"""`limit(f(x), x -> 0+)`: the variable is a declared scalar, a dimension, or bound by the limit."""

from dataclasses import replace
from fractions import Fraction

from derive.model.context import Expressions
from derive.model.failure import Failure, failure
from derive.model.model import Symbol
from derive.model.scalar import Apply, Constant, Entry, Limit, Num, Scalar, Tensor
from derive.syntax import tree

BOUND = "limit."


def limit(e: Expressions, call: tree.Call) -> Tensor:
    """What `limit(expr, x -> a)` denotes, entry by entry."""
    written, arrow = call.arguments
    if not isinstance(arrow, tree.Arrow):
        raise failure(
            "wrong-arguments",
            "`limit` needs to be told what goes where",
            arrow.span,
            "not of the form `x -> a`",
            helps=("as in `limit(f(x), x -> 0+)`, `x -> inf`",),
        )
    target = e.scalar(arrow.target, "what a variable tends to")
    if arrow.side and _is_infinite(target):
        message = "infinity is approached from one side anyway"
        raise failure("wrong-arguments", message, arrow.span, f"leave out the `{arrow.side}`")
    name, inner = _variable(e, arrow)
    body = inner.tensor(written)
    return Tensor(body.indices, Limit(body.body, name, target, arrow.side))


def at_infinity(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor] | None:
    """`limit(f) = inf` says that `limit(exp(-f)) = 0`; None for any other pair of sides."""
    for limited, other in ((first, second), (second, first)):
        node = limited.body
        if isinstance(node, Limit) and _is_infinite(other.body):
            negative = Apply("neg", (node.body,))
            inner = negative if other.body == Constant("inf") else node.body
            body = replace(node, body=Apply("exp", (inner,)))
            return Tensor(limited.indices, body), Tensor(other.indices, Num(Fraction(0)))
    return None


def _is_infinite(target: Scalar) -> bool:
    return target in (Constant("inf"), Apply("neg", (Constant("inf"),)))


def _variable(e: Expressions, arrow: tree.Arrow) -> tuple[str, Expressions]:
    """The variable's name in the model, and the expressions in which it stands."""
    name, scope = arrow.variable.id, e.scope
    if scope.is_dim(name):
        dim = scope.dim(name)
        if str(dim) in scope.model.dims:
            return str(dim), e
        raise _not_variable(arrow)
    if scope.is_declared(name):
        tensor = e.tensor(arrow.variable)
        body = tensor.body
        if tensor.indices or not isinstance(body, Entry) or body.indices:
            raise _not_variable(arrow)
        return body.symbol, e
    bound = BOUND + name
    symbol = Symbol(bound, "const", (), frozenset(), arrow.variable.span)
    scope.model.symbols.setdefault(bound, symbol)
    tensors = {**scope.tensors, name: Tensor((), Entry(bound, ()))}
    return bound, e.inside(replace(scope, tensors=tensors))


def _not_variable(arrow: tree.Arrow) -> Failure:
    return failure(
        "not-a-scalar",
        f"`{arrow.variable.id}` cannot tend to anything",
        arrow.variable.span,
        "not a scalar name",
        helps=("a limit is taken in a scalar, declared or not, or in a dimension",),
    )
