"""Small models, built by hand in index notation."""

from derive.diagnostics.span import Source, Span
from derive.model.dim import ONE, Dim
from derive.model.model import Definition, FunctionSymbol, Model, Symbol
from derive.model.scalar import (
    Apply,
    Axis,
    Derivative,
    Entry,
    Index,
    IndexVariable,
    Num,
    Reduce,
    Scalar,
    axis,
)
from fractions import Fraction

SPAN = Span(Source("test", ""), 0, 0)


def dim(name: str | int) -> Dim:
    return Dim.of(name) if isinstance(name, int) else Dim.symbol(name)


def var(name: str, size: str | int) -> IndexVariable:
    return IndexVariable(name, axis(dim(size)))


def num(value: int | str | Fraction) -> Num:
    return Num(Fraction(value))


def at(symbol: str, *places: IndexVariable | int | Index) -> Entry:
    def index(place: IndexVariable | int | Index) -> Index:
        if isinstance(place, IndexVariable):
            return Index.of(place)
        return Index.at(place) if isinstance(place, int) else place

    return Entry(symbol, tuple(index(place) for place in places))


def f(operation: str, *arguments: Scalar | int) -> Apply:
    return Apply(operation, tuple(num(a) if isinstance(a, int) else a for a in arguments))


def sub(a: Scalar | int, b: Scalar | int) -> Apply:
    return f("add", a, f("neg", b))


def total(variable: IndexVariable, body: Scalar, condition: Scalar | None = None) -> Reduce:
    return Reduce("sum", variable, body, condition)


def d(of: str, wrt: str, of_at: tuple = (), wrt_at: tuple = (), partial: bool = False) -> Derivative:
    def places(found: tuple) -> tuple[Index, ...]:
        return at("", *found).indices

    return Derivative(of, places(of_at), wrt, places(wrt_at), partial)


def declare(model: Model, name: str, *sizes: str | int | Axis, role: str = "input", **options) -> None:
    axes = tuple(s if isinstance(s, Axis) else axis(dim(s)) for s in sizes)
    for a in axes:
        for used in sorted(a.low.names | a.high.names):
            if used not in model.dims:
                model.dims = (*model.dims, used)
    properties = frozenset(options.get("properties", ()))
    model.symbols[name] = Symbol(name, role, axes, properties, SPAN)


def define(model: Model, name: str, indices: tuple[IndexVariable, ...], body: Scalar, **kind) -> None:
    model.definitions[name] = Definition(name, indices, body, SPAN, **kind)


def function(model: Model, name: str, parameters: tuple = ((),), output: tuple = ()) -> None:
    model.functions[name] = FunctionSymbol(name, parameters, output, SPAN)


def softmax_regression() -> Model:
    """z = W x + b, p = softmax(z), L = -sum(y log p)."""
    model = Model()
    declare(model, "x", "d")
    declare(model, "W", "k", "d", role="param")
    declare(model, "b", "k", role="param")
    declare(model, "y", "k", role="target", properties=("onehot",))
    i, j, m, n, q = var("i", "k"), var("j", "d"), var("m", "k"), var("n", "k"), var("q", "k")
    product = f("mul", at("W", i, j), at("x", j))
    define(model, "z", (i,), f("add", total(j, product), at("b", i)))
    below = total(n, f("exp", at("z", n)))
    define(model, "p", (m,), f("div", f("exp", at("z", m)), below))
    loss = f("neg", total(q, f("mul", at("y", q), f("log", at("p", q)))))
    define(model, "L", (), loss, is_loss=True)
    return model
