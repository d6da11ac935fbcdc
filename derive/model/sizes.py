"""A model with some dimensions fixed: the same names, definitions and facts, at a size."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import TypeVar

from derive.diagnostics.span import Span
from derive.model.dim import Dim
from derive.model.model import Model
from derive.model.scalar import IndexVariable

Part = TypeVar("Part")


def fixed(part: Part, sizes: Mapping[str, Dim]) -> Part:
    """What is written in index notation, with dimensions replaced; indices stay the same."""
    return _fixed(part, sizes)  # type: ignore[return-value]


def _fixed(part: object, sizes: Mapping[str, Dim]) -> object:
    if isinstance(part, Dim):
        return part.substitute(sizes)
    if isinstance(part, IndexVariable):
        return IndexVariable(part.name, fixed(part.axis, sizes), part.uid)
    if isinstance(part, tuple):
        return tuple(_fixed(inner, sizes) for inner in part)
    if is_dataclass(part) and not isinstance(part, type | Span):
        values = {f.name: _fixed(getattr(part, f.name), sizes) for f in fields(part)}
        return type(part)(**values)
    return part


def at_sizes(model: Model, sizes: Mapping[str, Dim], without: frozenset[str]) -> Model:
    """The model at these sizes, less some definitions."""
    return Model(
        dims=tuple(name for name in model.dims if name not in sizes),
        symbols={name: fixed(symbol, sizes) for name, symbol in model.symbols.items()},
        definitions={
            name: fixed(definition, sizes)
            for name, definition in model.definitions.items()
            if name not in without
        },
        functions={name: fixed(function, sizes) for name, function in model.functions.items()},
        assumptions=[fixed(assumption, sizes) for assumption in model.assumptions],
    )
