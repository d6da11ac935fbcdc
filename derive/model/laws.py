"""`random q[d] : mean 0, var 1`, `random w[n] : normal(mu, s^2)`: laws, and means of expressions.

The entries of a random tensor are independent of one another and of every other random tensor; its
parameters may depend on random tensors that were declared before. `E` averages over all of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from derive.diagnostics.suggest import nearest
from derive.model.context import Expressions
from derive.model.failure import Failure, failure
from derive.model.foreign import LAWS
from derive.model.model import Assumption, Law, Relation, Symbol
from derive.model.ranges import axis_of, number_of
from derive.model.scalar import (
    Apply,
    Entry,
    Expectation,
    Index,
    IndexVariable,
    Num,
    Reduce,
    Scalar,
    Tensor,
    substitute,
)
from derive.model.shape import broadcast, fresh, has_shape, same_shape, shape_text
from derive.syntax import tree


@dataclass(frozen=True, slots=True)
class Kind:
    """A law by name: what its parameters are called, and what its values are sure to be."""

    parameters: tuple[str, ...]
    meaning: str
    properties: frozenset[str] = frozenset()


KINDS: dict[str, Kind] = {
    "normal": Kind(("mean", "variance"), "density exp(-(x - mean)^2/(2*variance)), up to a factor"),
    "uniform": Kind(("low", "high"), "every value between low and high alike"),
    "bernoulli": Kind(("p",), "1 with probability p, else 0", frozenset({"binary", "integer"})),
    "categorical": Kind(
        ("p",), "the place i with probability p[i]", frozenset({"integer", "positive"})
    ),
    "exponential": Kind(
        ("rate",), "density rate*exp(-rate*x) for x >= 0", frozenset({"nonnegative"})
    ),
    "poisson": Kind(
        ("mean",), "k = 0, 1, ... with probability exp(-mean)*mean^k/k!", frozenset({"nonnegative"})
    ),
}
WORDS = ("mean", "var")
"""What may be said of a law that is not named: only what follows from these is known."""


def random(e: Expressions, written: tree.Random) -> tuple[Symbol, Law, list[Assumption]]:
    """A random tensor, its law, and the range of its values as assumptions."""
    axes = tuple(axis_of(e, range_) for range_ in written.axes)
    own = fresh(axes)
    law = _words(e, written, own) if _is_words(written.law) else _named(e, written, own)
    kind = KINDS.get(law.kind)
    properties = kind.properties if kind is not None else frozenset[str]()
    name = written.name.id
    symbol = Symbol(name, "random", axes, properties, written.name.span)
    facts = [*_ranges(written, law, own), *_parameter_ranges(e, written, law, own)]
    return symbol, law, facts


def _is_words(law: Sequence[tree.Expression | tree.Substitution]) -> bool:
    return all(isinstance(part, tree.Substitution) for part in law)


def _words(e: Expressions, written: tree.Random, own: tuple[IndexVariable, ...]) -> Law:
    """`mean 0, var 1`."""
    given: dict[str, Scalar] = {}
    for part in written.law:
        assert isinstance(part, tree.Substitution)
        word = part.name.id
        if word not in WORDS or word in given:
            why = "said twice" if word in given else "not a word of a law"
            raise _unknown_law(part.name, f"`{word}` is {why}", why)
        given[word] = _parameter(e, part.value, own)
    if "mean" not in given:
        raise _unknown_law(written.name, "a law says at least what the mean is", "no mean")
    order = [word for word in WORDS if word in given]
    return Law("moments", own, tuple(given[word] for word in order))


def _named(e: Expressions, written: tree.Random, own: tuple[IndexVariable, ...]) -> Law:
    """`normal(mu, s^2)`, `categorical(p)`."""
    call = written.law[0]
    if len(written.law) > 1 or not isinstance(call, tree.Call):
        at = written.law[0]
        raise _unknown_law(at, f"`{at.span.text}` is not a law", "not a law")
    name = call.function.id
    if name not in KINDS:
        raise _unknown_law(call.function, f"there is no law `{name}`", "not a law")
    kind = KINDS[name]
    if len(call.arguments) != len(kind.parameters) or call.keywords or call.primes:
        usage = f"{name}({', '.join(kind.parameters)})"
        message = f"`{name}` takes {len(kind.parameters)} parameters"
        raise failure("wrong-arguments", message, call.span, f"it is written `{usage}`")
    if name == "categorical":
        return _categorical(e, call.arguments[0], own)
    values = tuple(_parameter(e, argument, own) for argument in call.arguments)
    return Law(name, own, values)


def _parameter(e: Expressions, written: tree.Expression, own: tuple[IndexVariable, ...]) -> Scalar:
    """A parameter for each entry of the tensor."""
    tensor = e.tensor(written)
    both = broadcast(Tensor(own, Num(Fraction(0))), tensor, e.scope.sizes)
    axes = [variable.axis for variable in own]
    if both is None or not same_shape([v.axis for v in both[0]], axes, e.scope.sizes):
        shape = shape_text(axes) if axes else "a scalar"
        raise failure(
            "shape-mismatch",
            f"`{written.span.text}` does not fit a random tensor of shape {shape}",
            written.span,
            has_shape(tensor.axes),
        )
    moves = {old: Index.of(new) for old, new in zip(both[0], own, strict=True)}
    match substitute(both[2], moves):
        case Apply("neg", (Num(value),)):
            return Num(-value)
        case other:
            return other


def _categorical(e: Expressions, written: tree.Expression, own: tuple[IndexVariable, ...]) -> Law:
    """Probabilities along the last axis of the parameter."""
    tensor = e.tensor(written)
    if not tensor.indices:
        message = "the parameter of `categorical` is a vector of probabilities"
        raise failure("shape-mismatch", message, written.span, has_shape(tensor.axes))
    _check_probabilities(tensor, written)
    tensor = e.hide("categorical.p", tensor, written.span)
    category = tensor.indices[-1]
    rows = Tensor(tensor.indices[:-1], tensor.body)
    both = broadcast(Tensor(own, Num(Fraction(0))), rows, e.scope.sizes)
    axes = [variable.axis for variable in own]
    if both is None or not same_shape([v.axis for v in both[0]], axes, e.scope.sizes):
        message = f"`{written.span.text}` does not fit a tensor of shape {shape_text(axes)}"
        raise failure("shape-mismatch", message, written.span, has_shape(tensor.axes))
    moves = {old: Index.of(new) for old, new in zip(both[0], own, strict=True)}
    return Law("categorical", own, (substitute(both[2], moves),), category)


def _check_probabilities(tensor: Tensor, written: tree.Expression) -> None:
    """Stop where probabilities that are written out do not sum to one."""
    if not isinstance(written, tree.List):
        return
    total = Fraction(0)
    for item in written.items:
        match item:
            case tree.Number(value=value):
                total += value
            case tree.Binary(op="/", left=tree.Number(value=a), right=tree.Number(value=b)) if b:
                total += a / b
            case _:
                return
    if total != 1:
        message = f"the probabilities sum to {total}, not to 1"
        raise failure("wrong-law", message, written.span, "not a distribution")


def _ranges(written: tree.Random, law: Law, own: tuple[IndexVariable, ...]) -> list[Assumption]:
    """The values that the law allows, where no property says so."""
    name = written.name.id
    entry = Entry(name, tuple(map(Index.of, own)))
    span = written.span
    match law.kind:
        case "uniform":
            low, high = law.parameters
            pairs = [(low, entry, f"{name} above low"), (entry, high, f"{name} below high")]
        case "categorical" if law.category is not None:
            size = number_of(law.category.axis.high)
            pairs = [(entry, size, f"{name} at most {law.category.axis.high}")]
        case _:
            return []
    return [Assumption(Relation("<=", a, b, own), text, span) for a, b, text in pairs]


def _parameter_ranges(
    e: Expressions, written: tree.Random, law: Law, own: tuple[IndexVariable, ...]
) -> list[Assumption]:
    """What a law presumes of its parameters: a variance is not negative, probabilities sum to 1."""
    zero, one = Num(Fraction(0)), Num(Fraction(1))
    name, first, last = written.name.id, law.parameters[0], law.parameters[-1]
    found: list[tuple[str, Scalar, Scalar, str]] = []
    match law.kind:
        case "moments" | "normal" if len(law.parameters) == 2:
            found = [("<=", zero, last, f"the variance of {name} is not negative")]
        case "uniform":
            found = [("<=", first, last, f"{name} lies between low and high")]
        case "bernoulli":
            text = f"the probability of {name} lies between 0 and 1"
            found = [("<=", zero, first, text), ("<=", first, one, text)]
        case "exponential" | "poisson":
            found = [("<", zero, first, f"the parameter of {name} is positive")]
        case "categorical" if law.category is not None and not _is_simplex(e, first):
            total = Reduce("sum", law.category, first)
            found = [("=", total, one, f"the probabilities of {name} sum to 1")]
    return [
        Assumption(Relation(op, a, b, own), text, written.span)
        for op, a, b, text in found
        if not (isinstance(a, Num) and isinstance(b, Num) and _holds(op, a, b, written))
    ]


def _is_simplex(e: Expressions, probability: Scalar) -> bool:
    if not isinstance(probability, Entry):
        return False
    symbol = e.scope.model.symbols.get(probability.symbol)
    return symbol is not None and bool(symbol.properties & {"simplex", "onehot"})


def _holds(op: str, left: Num, right: Num, written: tree.Random) -> bool:
    """Whether closed parameters are as the law presumes. Raises Failure where not."""
    if left.value < right.value or (op == "<=" and left.value == right.value):
        return True
    span = written.law[0].span
    message = f"`{span.text}` is no law: {left.value} {op} {right.value} does not hold"
    raise failure("wrong-law", message, span, "a parameter out of range")


def _unknown_law(at: tree.Tree, message: str, label: str) -> Failure:
    near = None
    if isinstance(at, tree.Name):
        near = LAWS.get(at.id.lower()) or nearest(at.id, [*KINDS, *WORDS])
    laws = ", ".join(f"{name}({', '.join(kind.parameters)})" for name, kind in KINDS.items())
    return failure(
        "wrong-law",
        message,
        at.span,
        label,
        notes=(f"laws: {laws}; or `mean m, var v`",),
        helps=(f"did you mean `{near}`?",) if near is not None else (),
    )


# --- means of expressions ------------------------------------------------------------------------


def expectation(e: Expressions, call: tree.Call) -> Tensor:
    """`E(expr)`, entry by entry."""
    tensor = e.tensor(call.arguments[0])
    return Tensor(tensor.indices, Expectation(tensor.body))


def variance(e: Expressions, call: tree.Call) -> Tensor:
    """`Var(expr)` = E(expr^2) - E(expr)^2, entry by entry."""
    tensor = e.tensor(call.arguments[0])
    return Tensor(tensor.indices, _covariance(tensor.body, tensor.body))


def covariance(e: Expressions, call: tree.Call) -> Tensor:
    """`Cov(x, y)` = E(x y) - E(x) E(y); of two vectors the matrix of all pairs."""
    left, right = (e.tensor(argument) for argument in call.arguments)
    own = fresh(right.axes)
    moves = {old: Index.of(new) for old, new in zip(right.indices, own, strict=True)}
    body = _covariance(left.body, substitute(right.body, moves))
    return Tensor((*left.indices, *own), body)


def _covariance(left: Scalar, right: Scalar) -> Scalar:
    product = Apply("mul", (Expectation(left), Expectation(right)))
    both = Expectation(Apply("mul", (left, right)))
    return Apply("add", (both, Apply("neg", (product,))))
