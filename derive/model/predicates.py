"""Claims that are no comparison: `convex(L, w)`, `concave(L, w)`, `subgradient(v, L, w)`.

Each is what its definition says. L is convex in w when L((w + w')/2) <= (L(w) + L(w'))/2 for all w
and w' (this refutes it, and holds for continuous L just if it is convex); it is shown by rules of
composition or by its Hessian. v is a subgradient of L at w when L(w') >= L(w) + v . (w' - w) for
all w'.
"""

from dataclasses import replace
from fractions import Fraction

from derive.model.context import Expressions
from derive.model.derivatives import denominator, derivative
from derive.model.elsewhere import Elsewhere
from derive.model.failure import Failure, failure
from derive.model.model import Assumption, Convexity, Relation, Symbol
from derive.model.scalar import Apply, Entry, Index, Num, Reduce, Scalar, Tensor
from derive.model.shape import broadcast, fresh, has_shape, renamed, squeezed
from derive.model.traverse import names_in
from derive.syntax import tree

NOT_CONVEX = frozenset({"integer", "binary", "sign", "unit", "onehot", "orthogonal", "invertible"})
"""Properties of tensors that do not form a convex set."""

HALF = Num(Fraction(1, 2))
ZERO = Num(Fraction(0))


def predicate(e: Expressions, call: tree.Call) -> tuple[Relation, Convexity | None]:
    """What a predicate says, and of which function it says that it is convex."""
    least = 3 if call.function.id == "subgradient" else 2
    if len(call.arguments) < least or call.keywords or call.primes:
        usage = "subgradient(v, L, w)" if least == 3 else f"{call.function.id}(L, w)"
        message = f"`{call.function.id}` takes a function and what it is a function of"
        raise failure("wrong-arguments", message, call.span, f"it is written `{usage}`")
    if least == 3:
        return subgradient(e, call), None
    sign = 1 if call.function.id == "convex" else -1
    value = scalar_of(e, call.arguments[0])
    wrt = [variable(e, written) for written in call.arguments[1:]]
    named = e.scope.hidden.define("convex.value", Tensor((), value), call.arguments[0].span)
    return midpoint(e, call, named.body, sign, wrt), convexity(e, call, named, sign, wrt)


def scalar_of(e: Expressions, written: tree.Expression) -> Scalar:
    """The function: a number."""
    tensor = squeezed(e.tensor(written))
    if tensor.indices:
        message = f"a function that is convex is a number, and `{written.span.text}` is not"
        raise failure("not-a-scalar", message, written.span, has_shape(tensor.axes))
    return tensor.body


def variable(e: Expressions, written: tree.Expression) -> Tensor:
    """A whole tensor with a name."""
    tensor = denominator(e, written)
    body = tensor.body
    assert isinstance(body, Entry)
    if tuple(index.variable for index in body.indices) != tensor.indices:
        message = f"`{written.span.text}` is a part of a tensor"
        raise failure("misplaced", message, written.span, "a whole tensor is needed")
    symbol = e.scope.model.symbols.get(body.symbol)
    wrong = sorted(symbol.properties & NOT_CONVEX) if symbol is not None else []
    if wrong:
        message = f"the values of `{body.symbol}` form no convex set: it is {wrong[0]}"
        raise failure("misplaced", message, written.span, f"declared {wrong[0]}")
    return tensor


def another(e: Expressions, tensor: Tensor, mark: str = "'") -> Tensor:
    """A second tensor with all that is declared and assumed of the first; it is called w'."""
    model, body = e.scope.model, tensor.body
    assert isinstance(body, Entry)
    name = body.symbol + mark
    own = fresh(tensor.axes)
    moved = Tensor(own, Entry(name, tuple(map(Index.of, own))))
    if name not in model.symbols:
        old = model.symbols.get(body.symbol)
        span = old.span if old is not None else model.definitions[body.symbol].span
        properties = old.properties if old is not None else frozenset[str]()
        model.symbols[name] = Symbol(name, "const", tensor.axes, properties, span)
        elsewhere = Elsewhere(e, {body.symbol: moved}, span)
        for fact in tuple(model.assumptions):
            relation = fact.relation
            if body.symbol in names_in(relation.left) | names_in(relation.right):
                copy = _moved(elsewhere, relation)
                text = f"{fact.text} of {name}"
                model.assumptions.append(Assumption(copy, text, fact.span, hidden=True))
    return moved


def _moved(elsewhere: Elsewhere, relation: Relation) -> Relation:
    conditions = tuple(map(elsewhere.scalar, relation.conditions))
    left, right = elsewhere.scalar(relation.left), elsewhere.scalar(relation.right)
    return replace(relation, left=left, right=right, conditions=conditions)


def midpoint(
    e: Expressions, call: tree.Call, value: Scalar, sign: int, wrt: list[Tensor]
) -> Relation:
    """L((w + w')/2) <= (L(w) + L(w'))/2, or >= where L is concave."""
    there: dict[str, Tensor] = {}
    middle: dict[str, Tensor] = {}
    for tensor in wrt:
        body = tensor.body
        assert isinstance(body, Entry)
        other = another(e, tensor)
        there[body.symbol] = other
        total = Apply("add", (renamed(tensor, other.indices), other.body))
        half = Tensor(other.indices, Apply("mul", (HALF, total)))
        middle[body.symbol] = e.scope.hidden.define("midpoint", half, call.span)
    at_there = Elsewhere(e, there, call.span).scalar(value)
    at_middle = Elsewhere(e, middle, call.span).scalar(value)
    mean = Apply("mul", (HALF, Apply("add", (value, at_there))))
    return Relation("<=" if sign > 0 else ">=", at_middle, mean)


def convexity(
    e: Expressions, call: tree.Call, named: Tensor, sign: int, wrt: list[Tensor]
) -> Convexity:
    """The function, and v.T H v for a direction v: it is not negative where L is convex."""
    names = []
    directions = []
    for tensor in wrt:
        body = tensor.body
        assert isinstance(body, Entry)
        names.append(body.symbol)
        name = f"{body.symbol} direction"
        span = call.span
        symbol = Symbol(name, "const", tensor.axes, frozenset(), span)
        e.scope.model.symbols.setdefault(name, symbol)
        directions.append(name)
    total: Scalar = ZERO
    for first, one in zip(wrt, directions, strict=True):
        gradient = derivative(e, named, first, call.arguments[0], call.span)
        inner = e.scope.hidden.define("convex.gradient", gradient, call.span)
        for second, other in zip(wrt, directions, strict=True):
            entry = derivative(e, inner, second, call.arguments[0], call.span)
            count = len(inner.indices)
            left = Entry(one, tuple(map(Index.of, entry.indices[:count])))
            right = Entry(other, tuple(map(Index.of, entry.indices[count:])))
            term: Scalar = Apply("mul", (Apply("mul", (left, right)), entry.body))
            for index in reversed(entry.indices):
                term = Reduce("sum", index, term)
            total = Apply("add", (total, term))
    sides = (ZERO, total) if sign > 0 else (total, ZERO)
    return Convexity(named.body, tuple(names), sign, Relation("<=", *sides))


def subgradient(e: Expressions, call: tree.Call) -> Relation:
    """L(w) + sum(v*(w' - w)) <= L(w')."""
    written, function, point = call.arguments[:3]
    value, tensor = scalar_of(e, function), variable(e, point)
    slope = e.tensor(written)
    other = another(e, tensor)
    here = renamed(tensor, other.indices)
    step = Tensor(other.indices, Apply("add", (other.body, Apply("neg", (here,)))))
    both = broadcast(step, slope, e.scope.sizes)
    if both is None or len(both[0]) != len(step.indices):
        raise _does_not_fit(written, slope, tensor)
    growth: Scalar = Apply("mul", both[1:])
    for index in reversed(both[0]):
        growth = Reduce("sum", index, growth)
    body = tensor.body
    assert isinstance(body, Entry)
    there = Elsewhere(e, {body.symbol: other}, call.span).scalar(value)
    return Relation("<=", Apply("add", (value, growth)), there)


def _does_not_fit(written: tree.Expression, slope: Tensor, tensor: Tensor) -> Failure:
    return failure(
        "shape-mismatch",
        f"a subgradient has the shape of what is differentiated by, which {has_shape(tensor.axes)}",
        written.span,
        has_shape(slope.axes),
    )


def predicate_sides(call: tree.Call) -> tuple[str, str]:
    """What is compared, in words."""
    if call.function.id != "subgradient":
        return "at the midpoint", "mean of both ends"
    return "the tangent there", "the function there"
