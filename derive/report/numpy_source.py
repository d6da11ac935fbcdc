"""A closed form as Python source that uses NumPy: a function of the names that stand in it.

Every part is an array with one axis for each of its free index variables; sums of products become
`einsum`.
"""

import re
from collections.abc import Iterator, Sequence
from typing import assert_never

from derive.evaluate.names import walk
from derive.model.dim import ONE, Dim
from derive.model.model import Model
from derive.model.scalar import (
    Apply,
    ArgMax,
    Axis,
    Blocks,
    Constant,
    Derivative,
    DimValue,
    Entry,
    Expectation,
    Index,
    IndexValue,
    IndexVariable,
    Limit,
    MatrixFunction,
    MatrixProduct,
    Num,
    Reduce,
    Scalar,
    Split,
    Tensor,
    Unknown,
)
from derive.model.traverse import free_variables

_BINARY = {"add": "+", "sub": "-", "mul": "*", "div": "/", "pow": "**"}
_COMPARED = {"lt": "<", "le": "<=", "eq": "==", "ne": "!="}
_FUNCTIONS = {
    **{name: f"np.{name}" for name in ("exp", "log", "sqrt", "abs", "sign", "sin", "cos", "tan")},
    **{name: f"np.{name}" for name in ("sinh", "cosh", "tanh")},
    **{f"a{name}": f"np.arc{name}" for name in ("sin", "cos", "tan")},
}
_TABULATED = {"erf": "math.erf", "lgamma": "math.lgamma"}
_LETTERS = "ijklmnopqrstuvwxyzabcdefgh"


class NotWritten(Exception):
    """There is no NumPy source for a part; `str()` names it."""


def function_source(model: Model, name: str, tensor: Tensor, comment: str) -> str:
    """`def name(...)` that returns `tensor`. Raises NotWritten."""
    writer = Writer(model)
    body = writer.array(tensor.body, tensor.indices)
    missing = [v for v in tensor.indices if v not in free_variables(Tensor((), tensor.body))]
    if missing:
        shape = ", ".join(writer.size(v.axis) for v in tensor.indices)
        comma = "," if len(tensor.indices) == 1 else ""
        body = f"np.broadcast_to({body}, ({shape}{comma}))"
    names = _plain_names(tensor.body) | writer.sources | writer.derivatives.keys()
    arguments = sorted(map(identifier, names), key=str.lower)
    sizes = [f"    {dim} = {source}" for dim, source in writer.sizes.items()]
    lines = ["import math", ""] if "math." in body else []
    lines += ["import numpy as np", "", ""]
    lines += [f"def {name}({', '.join(arguments)}):", f'    """{comment}"""', *sizes]
    return "\n".join([*lines, f"    return {_bare(body)}"])


class Writer:
    """Writes scalars of one model; `sizes` are the dimensions that it needed, with their source."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.sizes: dict[str, str] = {}
        self.sources: set[str] = set()
        self.derivatives: dict[str, tuple[Axis, ...]] = {}

    # --- dimensions ------------------------------------------------------------------------------

    def dim(self, dim: Dim) -> str:
        """A dimension; each of its names is read from the shape of an array."""
        for name in sorted(dim.names):
            if name not in self.sizes:
                self.sizes[name] = self._shape_of(name)
        return str(dim) if len(dim.terms) < 2 and "*" not in str(dim) else f"({dim})"

    def _shape_of(self, name: str) -> str:
        for symbol in self.model.symbols.values():
            for place, axis in enumerate(symbol.axes):
                if axis.size == Dim.symbol(name):
                    self.sources.add(symbol.name)
                    return f"{identifier(symbol.name)}.shape[{place}]"
        raise NotWritten(f"the size of `{name}`, which no declared tensor tells")

    def size(self, axis: Axis) -> str:
        """The number of places of an axis."""
        return _bare(self.dim(axis.size))

    # --- scalars ---------------------------------------------------------------------------------

    def array(self, scalar: Scalar, axes: Sequence[IndexVariable]) -> str:
        """The array of `scalar` that broadcasts to `axes`."""
        match scalar:
            case Num(value):
                text = str(value)
                return f"({text})" if "/" in text or value < 0 else text
            case Constant(name):
                return f"np.{name}"
            case DimValue(dim):
                return self.dim(dim)
            case IndexValue(index):
                return self._index(index, axes)
            case Entry():
                return self._entry(scalar, axes)
            case Apply(operation, arguments):
                return self._apply(operation, [self.array(a, axes) for a in arguments])
            case Reduce():
                return self._reduce(scalar, axes)
            case ArgMax(variable, body):
                inner = self.array(body, (*axes, variable))
                return f"({self.dim(variable.axis.low)} + np.argmax({_bare(inner)}, axis=-1))"
            case MatrixFunction():
                return self._matrix(scalar, axes)
            case Unknown(function):
                raise NotWritten(f"the unspecified function `{function}`")
            case MatrixProduct():
                raise NotWritten("a product of matrices over a range")
            case Blocks() | Split():
                raise NotWritten("an array put together from pieces")
            case Limit() | Expectation():
                raise NotWritten("a limit or an expectation")
            case Derivative(of, of_indices, wrt, wrt_indices):
                self.derivatives[f"d{of}/d{wrt}"] = (*self._axes(of), *self._axes(wrt))
                return self._entry(Entry(f"d{of}/d{wrt}", (*of_indices, *wrt_indices)), axes)
            case _:
                assert_never(scalar)

    def _index(self, index: Index, axes: Sequence[IndexVariable]) -> str:
        """A position as a number, from the language's own start."""
        parts = []
        for variable, factor in index.terms:
            low, high = self.dim(variable.axis.low), self.dim(variable.axis.high)
            numbers = f"np.arange({_bare(low)}, {_bare(high)} + 1)"
            text = _placed(numbers, (variable,), axes)
            parts.append(text if factor == ONE else f"{self.dim(factor)}*{text}")
        parts += [f"{self.array(part, axes)}.astype(int)" for part in index.computed]
        if index.offset.terms or not parts:
            parts.append(self.dim(index.offset))
        return parts[0] if len(parts) == 1 else f"({' + '.join(parts)})"

    def _entry(self, entry: Entry, axes: Sequence[IndexVariable]) -> str:
        name = identifier(entry.symbol)
        if not entry.indices:
            return name
        variables = [index.variable for index in entry.indices]
        own = [v for v in variables if v is not None]
        ranges = self._axes(entry.symbol)
        whole = all(v is not None and v.axis == a for v, a in zip(variables, ranges, strict=True))
        if whole and len(set(own)) == len(own):
            return _placed(name, own, axes)
        if entry.padded:
            raise NotWritten("a padded entry")
        places = [
            f"{self._index(index, axes)} - {_bare(self.dim(axis.low))}"
            for index, axis in zip(entry.indices, ranges, strict=True)
        ]
        return f"{name}[{', '.join(places)}]"

    def _axes(self, name: str) -> tuple[Axis, ...]:
        if name in self.derivatives:
            return self.derivatives[name]
        if name in self.model.symbols:
            return self.model.symbols[name].axes
        return tuple(variable.axis for variable in self.model.definitions[name].indices)

    def _apply(self, operation: str, values: list[str]) -> str:
        if operation in _BINARY:
            return f"({f' {_BINARY[operation]} '.join(values)})"
        if operation in _COMPARED:
            return f"({values[0]} {_COMPARED[operation]} {values[1]}).astype(float)"
        if operation == "neg":
            return f"(-{values[0]})"
        if operation in ("max", "min"):
            return f"np.{operation}imum({', '.join(map(_bare, values))})"
        if operation in _FUNCTIONS:
            return f"{_FUNCTIONS[operation]}({_bare(values[0])})"
        if operation in _TABULATED:
            return f"np.vectorize({_TABULATED[operation]})({_bare(values[0])})"
        raise NotWritten(f"the function `{operation}`")

    def _reduce(self, node: Reduce, axes: Sequence[IndexVariable]) -> str:
        if node.operation != "sum" or node.condition is not None:
            inner = self.array(node.body, (*axes, node.variable))
            where = ""
            if node.condition is not None:
                condition = self.array(node.condition, (*axes, node.variable))
                start = {"sum": "0", "prod": "1", "max": "-np.inf", "min": "np.inf"}[node.operation]
                inner = f"np.where({_bare(condition)} != 0, {_bare(inner)}, {start})"
            return f"np.{node.operation}({_bare(inner)}{where}, axis=-1)"
        summed, body = [node.variable], node.body
        while isinstance(body, Reduce) and body.operation == "sum" and body.condition is None:
            summed.append(body.variable)
            body = body.body
        return self._contraction(summed, list(_factors(body)), axes)

    def _contraction(
        self, summed: list[IndexVariable], factors: list[Scalar], axes: Sequence[IndexVariable]
    ) -> str:
        """A sum of products: the factors with no index before it, the rest in one `einsum`."""
        letters: dict[IndexVariable, str] = {}
        outside: list[str] = []
        operands: list[str] = []
        labels: list[str] = []
        seen: list[IndexVariable] = []
        for factor in factors:
            own = free_variables(Tensor((), factor))
            if not own:
                outside.append(self.array(factor, ()))
                continue
            for variable in own:
                letters.setdefault(variable, _LETTERS[len(letters)])
                seen.append(variable)
            labels.append("".join(letters[v] for v in own))
            operands.append(_bare(self.array(factor, own)))
        outside += [self.size(v.axis) for v in summed if v not in seen]
        out = [v for v in dict.fromkeys(seen) if v not in summed]
        if operands:
            subscript = f"{','.join(labels)}->{''.join(letters[v] for v in out)}"
            total = f"np.einsum('{subscript}', {', '.join(operands)})"
            if len(operands) == 1 and not out and set(seen) == set(summed):
                total = f"np.sum({operands[0]})"
            outside.append(_placed(total, out, axes))
        return outside[0] if len(outside) == 1 else f"({' * '.join(outside)})"

    def _matrix(self, node: MatrixFunction, axes: Sequence[IndexVariable]) -> str:
        inner = _bare(self.array(node.matrix.body, node.matrix.indices))
        if free_variables(node.matrix):
            raise NotWritten("a matrix function of many matrices")
        match node.operation:
            case "det":
                return f"np.linalg.det({inner})"
            case "logdet":
                return f"np.linalg.slogdet({inner})[1]"
            case "inv" | "matpow":
                variables = [index.variable for index in node.indices]
                own = [v for v in variables if v is not None]
                if len(own) != 2 or own[0] == own[1]:
                    raise NotWritten("single entries of a matrix function")
                if node.operation == "inv":
                    return _placed(f"np.linalg.inv({inner})", own, axes)
                power = self.array(node.power, ()) if node.power is not None else "1"
                return _placed(f"np.linalg.matrix_power({inner}, {_bare(power)})", own, axes)
            case _:
                raise NotWritten(f"`{node.operation}`")


def _plain_names(scalar: Scalar) -> set[str]:
    """The names whose entries stand in a scalar; those of derivatives apart."""
    return {found.symbol for found in walk(scalar) if isinstance(found, Entry)}


def identifier(name: str) -> str:
    """A name of the model as Python allows it: `dL/dz` is `dL_dz`."""
    return re.sub(r"\W", "_", name)


def _factors(scalar: Scalar) -> Iterator[Scalar]:
    """The factors of a product."""
    if isinstance(scalar, Apply) and scalar.operation == "mul":
        for argument in scalar.arguments:
            yield from _factors(argument)
    else:
        yield scalar


def _placed(text: str, own: Sequence[IndexVariable], axes: Sequence[IndexVariable]) -> str:
    """An array with axes `own`, with its axes where they stand among `axes`."""
    present = [v for v in axes if v in own]
    if list(own) != present:
        order = [list(own).index(v) for v in present]
        turned = order == [1, 0]
        text = f"{text}.T" if turned else f"np.transpose({_bare(text)}, {tuple(order)})"
    first = next((k for k, v in enumerate(axes) if v in own), len(axes))
    trailing = axes[first:]
    if len(present) == len(trailing):
        return text
    return f"{text}[{', '.join(':' if v in own else 'None' for v in trailing)}]"


def _bare(text: str) -> str:
    """Without brackets around the whole."""
    if not (text.startswith("(") and text.endswith(")")):
        return text
    depth = 0
    for place, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if depth == 0:
            return text[1:-1] if place == len(text) - 1 else text
    return text
