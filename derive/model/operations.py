"""The built-in operations: scalar ones by name and arity, and functions of whole tensors."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from derive.model import derivatives, matrices, network
from derive.model.context import Expressions
from derive.model.dim import ONE
from derive.model.failure import failure
from derive.model.foreign import of_keyword
from derive.model.functions import axis_place
from derive.model.laws import covariance, expectation, variance
from derive.model.limit import limit
from derive.model.ranges import number_of
from derive.model.scalar import (
    Apply,
    ArgMax,
    IndexVariable,
    Num,
    Reduce,
    Scalar,
    Tensor,
)
from derive.model.shape import fresh, has_shape, renamed
from derive.syntax import tree

UNARY = [
    "exp",
    "log",
    "sqrt",
    "abs",
    "sign",
    "sin",
    "cos",
    "tan",
    "asin",
    "acos",
    "atan",
    "sinh",
    "cosh",
    "tanh",
    "erf",
    "lgamma",
    "digamma",
]

SCALAR_OPERATIONS: dict[str, int] = {
    **dict.fromkeys(UNARY, 1),
    "neg": 1,
    **dict.fromkeys(("add", "mul", "div", "pow", "max", "min", "lt", "le", "eq", "ne"), 2),
}
"""Every operation of `scalar.Apply`, with its arity."""

Run = Callable[[Expressions, tree.Call], Tensor]


@dataclass(frozen=True, slots=True)
class Operation:
    """A built-in function: how many arguments it takes, whether `over=`, and what it denotes."""

    least: int
    most: int | None
    over: bool
    run: Run
    usage: str


def _unary(e: Expressions, call: tree.Call) -> Tensor:
    inner = e.tensor(call.arguments[0])
    return Tensor(inner.indices, Apply(call.function.id, (inner.body,)))


# --- reductions --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reduced:
    """A tensor, the axes that are reduced, and the axes that stay."""

    tensor: Tensor
    gone: tuple[IndexVariable, ...]
    kept: tuple[IndexVariable, ...]

    def by(self, operation: str, body: Scalar | None = None) -> Scalar:
        """`operation` over the axes that go, of the tensor's body or of another."""
        result = self.tensor.body if body is None else body
        for variable in reversed(self.gone):
            result = Reduce(operation, variable, result)
        return result

    def mean(self, body: Scalar | None = None) -> Scalar:
        """The mean over the axes that go."""
        size = ONE
        for variable in self.gone:
            size = size * variable.axis.size
        return Apply("div", (self.by("sum", body), number_of(size)))


def _reduced(e: Expressions, call: tree.Call) -> Reduced:
    """The first argument, split by `over=` (all axes go without one)."""
    tensor = e.tensor(call.arguments[0])
    if not call.keywords:
        return Reduced(tensor, tensor.indices, ())
    place = axis_place(e, tensor, call.keywords[0].value, call.arguments[0])
    gone = (tensor.indices[place],)
    return Reduced(tensor, gone, tensor.indices[:place] + tensor.indices[place + 1 :])


def _reduction(e: Expressions, call: tree.Call) -> Tensor:
    """`sum(x)`, `prod(X, over=n)`."""
    reduced = _reduced(e, call)
    return Tensor(reduced.kept, reduced.by(call.function.id))


def _mean(e: Expressions, call: tree.Call) -> Tensor:
    reduced = _reduced(e, call)
    return Tensor(reduced.kept, reduced.mean())


def _variance(e: Expressions, call: tree.Call) -> Tensor:
    """The mean squared distance from the mean: divides by n."""
    reduced = _reduced(e, call)
    again = fresh([variable.axis for variable in reduced.gone])
    other = Tensor(reduced.gone, reduced.tensor.body)
    mean = Reduced(Tensor(again, renamed(other, again)), again, ()).mean()
    distance = Apply("add", (reduced.tensor.body, Apply("neg", (mean,))))
    return Tensor(reduced.kept, reduced.mean(_power(distance, 2)))


def _power(base: Scalar, exponent: int) -> Scalar:
    return Apply("pow", (base, Num(Fraction(exponent))))


def _extremum(e: Expressions, call: tree.Call) -> Tensor:
    """`max(x)` of a whole tensor, `max(a, b)` entry by entry."""
    if len(call.arguments) == 1:
        return _reduction(e, call)
    if call.keywords:
        message = f"`over=` is for `{call.function.id}` of one tensor"
        raise failure("wrong-arguments", message, call.keywords[0].span, "leave it out")
    result = e.tensor(call.arguments[0])
    for argument in call.arguments[1:]:
        result = e.elementwise(call.function.id, result, e.tensor(argument), call)
    return result


def _argmax(e: Expressions, call: tree.Call) -> Tensor:
    reduced = _reduced(e, call)
    if len(reduced.gone) != 1:
        shape = has_shape(reduced.tensor.axes)
        raise failure(
            "wrong-arguments",
            f"`argmax` is of a vector, and `{call.arguments[0].span.text}` {shape}",
            call.span,
            "the place of the largest entry",
            helps=("name one axis with `over=`",) if reduced.gone else (),
        )
    return Tensor(reduced.kept, ArgMax(reduced.gone[0], reduced.tensor.body))


def _norm(e: Expressions, call: tree.Call) -> Tensor:
    """`norm(x)`, `norm(x, 1)`, `norm(x, inf)`; of a matrix, Frobenius'."""
    reduced = _reduced(e, call)
    body = reduced.tensor.body
    if len(call.arguments) == 1:
        return Tensor(reduced.kept, Apply("sqrt", (reduced.by("sum", _power(body, 2)),)))
    if len(reduced.gone) > 1:
        message = "`norm` with an order is of a vector"
        shape = has_shape(reduced.tensor.axes)
        raise failure("wrong-arguments", message, call.span, f"the argument {shape}")
    size = Apply("abs", (body,))
    match call.arguments[1]:
        case tree.Name(id="inf"):
            return Tensor(reduced.kept, reduced.by("max", size))
        case tree.Number(value=value) if value == 1:
            return Tensor(reduced.kept, reduced.by("sum", size))
        case tree.Number(value=value) if value == 2:
            return Tensor(reduced.kept, Apply("sqrt", (reduced.by("sum", _power(body, 2)),)))
        case order:
            power = e.scalar(order, "the order of a norm")
            total = reduced.by("sum", Apply("pow", (size, power)))
            root = Apply("div", (Num(Fraction(1)), power))
            return Tensor(reduced.kept, Apply("pow", (total, root)))


# --- vectors and shapes ------------------------------------------------------------------------


def _dot(e: Expressions, call: tree.Call) -> Tensor:
    left, right = (e.tensor(argument) for argument in call.arguments)
    product = e.elementwise("mul", left, right, call)
    if len(left.indices) != len(right.indices) or len(left.indices) > 1:
        raise failure(
            "wrong-arguments",
            "`dot` is of two vectors",
            call.span,
            f"the first {has_shape(left.axes)}, the second {has_shape(right.axes)}",
        )
    return Tensor((), Reduced(product, product.indices, ()).by("sum"))


def _outer(e: Expressions, call: tree.Call) -> Tensor:
    left, right = (matrices.vector(e, argument) for argument in call.arguments)
    return Tensor((*left.indices, *right.indices), Apply("mul", (left.body, right.body)))


def _shape(e: Expressions, call: tree.Call) -> Tensor:
    """The sizes of the axes, as a vector."""
    layer = network.shape_of(e, call.arguments[0])
    if layer is not None:
        return layer
    axes = e.tensor(call.arguments[0]).axes
    if not axes:
        raise failure("wrong-arguments", "a scalar has no axes", call.span, "its shape is empty")
    return matrices.stacked([Tensor((), number_of(range_.size)) for range_ in axes])


def _onehot(e: Expressions, call: tree.Call) -> Tensor:
    """`onehot(c, n)`: one at place `c` of `n`, zero elsewhere."""
    which, size = call.arguments
    return matrices.onehot(e, which, size)


OPERATIONS: dict[str, Operation] = {
    **{name: Operation(1, 1, False, _unary, f"{name}(x)") for name in UNARY},
    "sum": Operation(1, 1, True, _reduction, "sum(X), sum(X, over=n) or sum[i](...)"),
    "prod": Operation(1, 1, True, _reduction, "prod(X), prod(X, over=n) or prod[i](...)"),
    "mean": Operation(1, 1, True, _mean, "mean(X), mean(X, over=n) or mean[i](...)"),
    "var": Operation(1, 1, True, _variance, "var(X) or var(X, over=n)"),
    "max": Operation(1, None, True, _extremum, "max(X), max(X, over=n), max(a, b) or max[i](...)"),
    "min": Operation(1, None, True, _extremum, "min(X), min(X, over=n), min(a, b) or min[i](...)"),
    "argmax": Operation(1, 1, True, _argmax, "argmax(x) or argmax(X, over=n)"),
    "norm": Operation(1, 2, True, _norm, "norm(x), norm(x, 1) or norm(x, inf)"),
    "dot": Operation(2, 2, False, _dot, "dot(x, y)"),
    "outer": Operation(2, 2, False, _outer, "outer(x, y)"),
    "trace": Operation(1, 1, False, matrices.trace, "trace(A)"),
    "det": Operation(1, 1, False, matrices.function, "det(A)"),
    "logdet": Operation(1, 1, False, matrices.function, "logdet(A)"),
    "inv": Operation(1, 1, False, matrices.function, "inv(A)"),
    "matpow": Operation(2, 2, False, matrices.function, "matpow(A, k)"),
    "kron": Operation(2, 2, False, matrices.kron, "kron(A, B)"),
    "diag": Operation(1, 1, False, matrices.diag, "diag(x) or diag(A)"),
    "transpose": Operation(
        1, None, False, matrices.transposed, "transpose(A) or transpose(X, 2, 1, 3)"
    ),
    "reshape": Operation(2, None, False, matrices.reshape, "reshape(X, n, m)"),
    "concat": Operation(1, None, False, matrices.concat, "concat(x, y)"),
    "stack": Operation(1, None, False, matrices.stack, "stack(x, y)"),
    "params": Operation(1, 1, False, network.params, "params(net) or params(net.layer)"),
    "macs": Operation(1, 1, False, network.macs, "macs(net) or macs(net.layer)"),
    "receptive": Operation(1, 1, False, network.receptive, "receptive(net.layer)"),
    "memory": Operation(1, 2, False, network.memory, "memory(x) or memory(x, 2)"),
    "shape": Operation(1, 1, False, _shape, "shape(X)"),
    "onehot": Operation(2, 2, False, _onehot, "onehot(c, n)"),
    "grad": Operation(2, 2, False, derivatives.gradient, "grad(L, W)"),
    "jac": Operation(2, 2, False, derivatives.jacobian, "jac(p, z)"),
    "hess": Operation(2, 2, False, derivatives.hessian, "hess(L, z)"),
    "E": Operation(1, 1, False, expectation, "E(x)"),
    "Var": Operation(1, 1, False, variance, "Var(x)"),
    "Cov": Operation(2, 2, False, covariance, "Cov(x, y)"),
    "limit": Operation(2, 2, False, limit, "limit(f(x), x -> a)"),
    "partial": Operation(2, 2, False, derivatives.partial, "partial(c, z)"),
}


def run(e: Expressions, call: tree.Call) -> Tensor:
    """What a call of a built-in operation denotes."""
    name, given = call.function.id, len(call.arguments)
    operation = OPERATIONS[name]
    if call.primes:
        raise failure(
            "misplaced", f"`{name}'` has no meaning: primes are for `function` names", call.span
        )
    for place, keyword in enumerate(call.keywords):
        if keyword.name != "over" or not operation.over or place:
            raise failure(
                "wrong-arguments",
                f"`{name}` has no argument `{keyword.name}=`",
                keyword.span,
                "not a keyword of this function",
                notes=(f"it is written {operation.usage}",),
                helps=of_keyword(keyword.name) if operation.over else (),
            )
    if given < operation.least or (operation.most is not None and given > operation.most):
        wanted = str(operation.least)
        if operation.most is None:
            wanted = f"at least {operation.least}"
        elif operation.most != operation.least:
            wanted = f"{operation.least} or {operation.most}"
        raise failure(
            "wrong-arguments",
            f"`{name}` takes {wanted} argument{'' if wanted.endswith('1') else 's'}, not {given}",
            call.span,
            f"{given} {'argument' if given == 1 else 'arguments'}",
            notes=(f"it is written {operation.usage}",),
        )
    return operation.run(e, call)
