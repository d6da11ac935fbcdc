"""A closed form in matrix notation as one line of NumPy, as a person would write it."""

import re

from derive.compile.node import NotCompiled
from derive.model.dim import Dim
from derive.model.elaborate import elaborate_expression
from derive.model.failure import Depends, Failure
from derive.model.model import Model
from derive.model.scalar import Axis
from derive.syntax import tree
from derive.syntax.parts import is_differential
from derive.syntax.show import PRODUCT, SUM
from derive.syntax.tree import Expression

_FUNCTIONS = {
    **{name: f"np.{name}" for name in ("exp", "log", "sqrt", "abs", "sign", "sin", "cos", "tan")},
    **{name: f"np.{name}" for name in ("sinh", "cosh", "tanh", "trace", "diag")},
    **{f"a{name}": f"np.arc{name}" for name in ("sin", "cos", "tan")},
    **{name: f"np.linalg.{name}" for name in ("inv", "det", "norm")},
    **{name: f"np.{name}" for name in ("sum", "mean", "var", "prod")},
    "max": "np.max",
    "min": "np.min",
}
_REDUCTIONS = frozenset(("sum", "mean", "var", "prod", "max", "min"))
_OPERATORS = {"=": "=="}
_UNARY, _POWER, _ATOM = PRODUCT + 1, PRODUCT + 2, PRODUCT + 3


def matrix_source(model: Model, name: str, expr: Expression, comment: str) -> str:
    """`def name(...)` that returns the expression. Raises NotCompiled where it is no one line."""
    writer = Lines(model)
    if any(axis.size.constant == 1 for axis in writer.axes(expr)):
        raise NotCompiled("a single row or column")
    body = writer.at(expr, SUM)
    sources = map(identifier, writer.sources)
    names = sorted({*writer.names, *sources}, key=str.lower)
    sizes = [f"    {dim} = {source}" for dim, source in writer.sizes.items()]
    lines = ["import numpy as np", "", "", f"def {name}({', '.join(names)}):"]
    return "\n".join([*lines, f'    """{comment}"""', *sizes, f"    return {body}"])


def identifier(name: str) -> str:
    """A name of the model as Python allows it: `dL/dz` is `dL_dz`."""
    return re.sub(r"\W", "_", name)


class Lines:
    """Writes expressions; `names` are the arrays that they use."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.sizes: dict[str, str] = {}
        self.sources: set[str] = set()
        self.names: set[str] = set()

    def axes(self, expr: Expression) -> tuple[Axis, ...]:
        """The axes of a part. A row that is the transpose of a vector has two."""
        try:
            return elaborate_expression(self.model, expr).axes
        except (Failure, Depends):
            raise NotCompiled("a part without a shape") from None

    def at(self, expr: Expression, least: int) -> str:
        """The text, in brackets where the context binds more tightly."""
        text, level = self.text(expr)
        return f"({text})" if level < least else text

    def text(self, expr: Expression) -> tuple[str, int]:
        """The text, and how tightly it binds."""
        match expr:
            case tree.Number(text=text):
                return text, _ATOM
            case tree.Name(id="pi") if not self.model.places.get("pi"):
                return "np.pi", _ATOM
            case tree.Name(id=name):
                return self.name(name), _ATOM
            case tree.Negative(operand=operand):
                return f"-{self.at(operand, PRODUCT)}", _UNARY
            case tree.Transpose(operand=operand):
                if len(self.axes(operand)) < 2:  # NumPy's vectors are neither rows nor columns
                    return self.text(operand)
                return f"{self.at(operand, _ATOM)}.T", _ATOM
            case tree.Binary():
                return self.binary(expr)
            case tree.Call():
                return self.call(expr)
            case tree.Subscript(base=tree.Name(id="eye"), indices=(size,)):
                return f"np.eye({self.at(size, SUM)})", _ATOM
            case tree.Subscript(base=tree.Name(id="ones" | "zeros" as name), indices=sizes):
                inside = ", ".join(self.at(size, SUM) for size in sizes)
                return f"np.{name}({inside if len(sizes) == 1 else f'({inside})'})", _ATOM
            case tree.Indicator(conditions=(condition,)):
                left, right = (self.at(s, SUM) for s in (condition.left, condition.right))
                return f"({left} {_OPERATORS.get(condition.op, condition.op)} {right})", _ATOM
        raise NotCompiled("what is written by index")

    def name(self, name: str) -> str:
        """A dimension, by the shape of an array, or an array."""
        if name in self.model.dims and name not in self.model.symbols:
            return self.size(name)
        self.names.add(identifier(name))
        return identifier(name)

    def size(self, dim: str) -> str:
        """A dimension, read from the shape of an array."""
        if dim not in self.sizes:
            self.sizes[dim] = self._shape_of(dim)
        return dim

    def _shape_of(self, dim: str) -> str:
        for symbol in self.model.symbols.values():
            for place, axis in enumerate(symbol.axes):
                if axis.size == Dim.symbol(dim):
                    self.sources.add(symbol.name)
                    return f"{identifier(symbol.name)}.shape[{place}]"
        raise NotCompiled(f"the size of `{dim}`, which no declared tensor tells")

    def binary(self, expr: tree.Binary) -> tuple[str, int]:
        """`a op b`."""
        left, right = expr.left, expr.right
        match expr.op:
            case "/" if is_differential(left) and is_differential(right):
                return self.derivative(left, right), _ATOM
            case "+" | "-":
                tight = SUM + (expr.op == "-")
                return f"{self.at(left, SUM)} {expr.op} {self.at(right, tight)}", SUM
            case "^":
                return f"{self.at(left, _ATOM)}**{self.at(right, _ATOM)}", _POWER
            case "@":
                return self.product(left, right)
        sign = expr.op
        brackets = sign == "*" and isinstance(left, tree.Binary) and left.op == "@"
        first = self.at(left, PRODUCT + brackets)
        return f"{first} {sign} {self.at(right, PRODUCT + 1)}", PRODUCT

    def derivative(self, left: Expression, right: Expression) -> str:
        """A derivative that is given: `dL_dz`."""
        match left, right:
            case tree.Name(id=above), tree.Name(id=below):
                name = identifier(f"{above}_{below}")
                self.names.add(name)
                return name
        raise NotCompiled("a derivative at an entry")

    def product(self, left: Expression, right: Expression) -> tuple[str, int]:
        """A product of matrices; of a column and a row, the outer product."""
        if any(axis.size.constant == 1 for axis in (*self.axes(left), *self.axes(right))):
            return self.with_row(left, right)
        return f"{self.at(left, PRODUCT)} @ {self.at(right, PRODUCT + 1)}", PRODUCT

    def with_row(self, left: Expression, right: Expression) -> tuple[str, int]:
        """A product with the transpose of a vector, which NumPy does not tell from the vector."""
        match right:
            case tree.Transpose(operand=inner) if len(self.axes(inner)) == 1:
                if len(self.axes(left)) == 1:
                    return f"np.outer({self.at(left, SUM)}, {self.at(inner, SUM)})", _ATOM
                raise NotCompiled("a product with a row")
        start = left
        while isinstance(start, tree.Binary) and start.op == "@":
            start = start.left
        match start:
            case tree.Transpose(operand=inner) if len(self.axes(inner)) == 1:
                return f"{self.at(left, PRODUCT)} @ {self.at(right, PRODUCT + 1)}", PRODUCT
        raise NotCompiled("a product with a single row or column")

    def call(self, expr: tree.Call) -> tuple[str, int]:
        """A function."""
        name = expr.function.id
        if name in self.model.defs or expr.primes:
            raise NotCompiled(f"`{name}`")
        inside = ", ".join(self.at(a, SUM) for a in expr.arguments)
        if name == "logdet":
            return f"np.linalg.slogdet({inside})[1]", _ATOM
        if name in ("max", "min") and len(expr.arguments) == 2:
            return f"np.{name}imum({inside})", _ATOM
        if name not in _FUNCTIONS:
            raise NotCompiled(f"`{name}`")
        for keyword in expr.keywords:
            inside += f", axis={self.place(expr.arguments[0], keyword.value)}"
        return f"{_FUNCTIONS[name]}({inside})", _ATOM

    def place(self, tensor: Expression, over: Expression) -> int:
        """Which axis `over=` names, counted from 0."""
        match over:
            case tree.Number(value=value):
                return int(value) - 1
            case tree.Name(id=name):
                sizes = [str(axis.size) for axis in self.axes(tensor)]
                if sizes.count(name) == 1:
                    return sizes.index(name)
        raise NotCompiled("an axis")
