"""Signs that a statement has just because it is defined: `log(x)` says that x is positive.

A statement speaks of all points where both sides have a value.
"""

from dataclasses import replace

from derive.model.model import Model, Relation
from derive.model.scalar import (
    Apply,
    Constant,
    DimValue,
    Entry,
    IndexVariable,
    Num,
    Reduce,
    Scalar,
)

STRICT = frozenset({"add", "sub", "mul", "div", "neg", "exp", "log", "sqrt", "tanh", "sin", "cos"})
INDICATORS = frozenset({"lt", "le", "eq", "ne"})
SIGNED = {"log": "positive", "sqrt": "nonnegative"}


def defined_only(model: Model, relation: Relation) -> Model | None:
    """The model with the signs that a relation's domain gives; None where it gives none."""
    found: dict[str, str] = {}
    if not relation.conditions:
        for side in (relation.left, relation.right):
            _visit(model, side, found, frozenset())
    symbols = dict(model.symbols)
    for name, sign in found.items():
        symbol = symbols[name]
        if not symbol.properties & {"positive", "simplex", sign}:
            symbols[name] = replace(symbol, properties=symbol.properties | {sign})
    changed = any(symbols[name] is not model.symbols[name] for name in symbols)
    return replace(model, symbols=symbols, definitions=dict(model.definitions)) if changed else None


def _visit(
    model: Model, scalar: Scalar, found: dict[str, str], bound: frozenset[IndexVariable]
) -> None:
    """Collects the tensors all of whose entries stand under a root or a logarithm.

    A free index of a statement speaks of one entry: only those that are summed over tell of all.
    """
    match scalar:
        case Apply(operation, arguments) if operation in STRICT:
            if operation in ("mul", "div") and any(_has_indicator(model, a) for a in arguments):
                return
            if operation in SIGNED:
                name = _whole(model, arguments[0], bound)
                if name is not None and found.get(name) != "positive":
                    found[name] = SIGNED[operation]
            for argument in arguments:
                _visit(model, argument, found, bound)
        case Reduce("sum", variable, body, None):
            _visit(model, body, found, bound | {variable})
        case _:
            return


def _has_indicator(model: Model, scalar: Scalar) -> bool:
    """A factor that may be zero where another has no value."""
    match scalar:
        case Apply(operation, arguments):
            return operation in INDICATORS or any(_has_indicator(model, a) for a in arguments)
        case Reduce(_, _, body, condition):
            return condition is not None or _has_indicator(model, body)
        case Entry(symbol):
            return symbol not in model.symbols
        case Num() | Constant() | DimValue():
            return False
        case _:
            return True


def _whole(model: Model, scalar: Scalar, bound: frozenset[IndexVariable]) -> str | None:
    """The declared tensor of an entry that runs over all places."""
    match scalar:
        case Entry(symbol, indices, False) if symbol in model.symbols:
            variables: list[IndexVariable] = []
            for index, axis in zip(indices, model.symbols[symbol].axes, strict=True):
                variable = index.variable
                if variable not in bound or variable.axis != axis or variable in variables:
                    return None
                variables.append(variable)
            return symbol
        case _:
            return None
