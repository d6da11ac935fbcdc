"""A model as a SymPy module: definitions as functions of indices, gradients in closed form."""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from derive.check.library import answer
from derive.compile.node import NotCompiled
from derive.compile.text import identifiers
from derive.evaluate.given import problem
from derive.evaluate.names import names_in, walk
from derive.evaluate.number import Array
from derive.evaluate.point import Point
from derive.model.dim import ONE, Dim
from derive.model.model import Model
from derive.model.scalar import (
    Apply,
    Block,
    Blocks,
    Constant,
    Derivative,
    DimValue,
    Entry,
    Index,
    IndexValue,
    IndexVariable,
    Num,
    Reduce,
    Scalar,
    Tensor,
)

_SAME = ("exp", "log", "sqrt", "sign", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh")
_FUNCTIONS = {
    **{name: f"sp.{name}" for name in (*_SAME, "tanh", "erf", "digamma")},
    "abs": "sp.Abs",
    "lgamma": "sp.loggamma",
    "max": "sp.Max",
    "min": "sp.Min",
}
# No `Piecewise`: SymPy takes its conditions out of sums, with the indices that they bind.
_COMPARED = {
    "lt": "sp.Heaviside({1} - {0}, 0)",
    "le": "sp.Heaviside({1} - {0}, 1)",
    "eq": "sp.KroneckerDelta({0}, {1})",
    "ne": "(1 - sp.KroneckerDelta({0}, {1}))",
}
_INFIX = {"add": "+", "sub": "-", "mul": "*", "div": "/", "pow": "**"}
_RESERVED = ("sp", "check", "SIZES", "VALUES", "GRADIENTS", "product")
_CHECK = '''
def check():
    """Compares every gradient, entry by entry, with SymPy's derivative of the value."""
    for value, gradient, tensor, shape in GRADIENTS:
        whole = value().subs(SIZES).doit()
        for place in product(*(range(1, size + 1) for size in shape)):
            entry = tensor[place] if place else tensor
            slope = sp.diff(whole, entry)
            rest = slope - gradient(*place).subs(SIZES).doit()
            assert abs(sp.N(rest.subs(VALUES), 30)) < 1e-20, (gradient.__name__, place)
        print(f"{gradient.__name__}: agrees with SymPy's derivative at {SIZES}")


if __name__ == "__main__":
    check()
'''


def sympy_module(
    model: Model, losses: Sequence[str], wrt: Sequence[Sequence[str]], point: Point
) -> str:
    """The text. Raises DeriveError where something has no SymPy form."""
    try:
        return _Module(model, losses, wrt, point).text()
    except NotCompiled as found:
        raise problem(
            "not-expressible", f"a module for SymPy has no form for {found.reason}", "sympy"
        ) from None


_WORDS = {
    "Reduce": "a maximum over an index",
    "ArgMax": "an `argmax`",
    "MatrixFunction": "a function of a whole matrix",
    "MatrixProduct": "a product of matrices over a range",
    "Entry": "an entry outside of its range",
    "Split": "a `reshape`",
    "Unknown": "an unspecified function",
    "Limit": "a limit",
    "Expectation": "a mean over random tensors",
    "Derivative": "a partial derivative",
}


class _Module:
    """Writes one module."""

    def __init__(
        self, model: Model, losses: Sequence[str], wrt: Sequence[Sequence[str]], point: Point
    ) -> None:
        self.model, self.point = model, point
        self.gradients: list[tuple[str, str, Tensor]] = []
        for loss, names in zip(losses, wrt, strict=True):
            self.gradients += [(loss, by, answer(model, loss, by).found.tensor) for by in names]
        self.inner = self._inner()
        tensors = [t for _, _, t in (*self.inner, *self.gradients)]
        self.used = self._closed([*losses, *(n for t in tensors for n in sorted(names_in(t.body)))])
        titles = [_title(of, by) for of, by, _ in (*self.inner, *self.gradients)]
        symbols = [n for n in model.symbols if n in self.used]
        definitions = [n for n in model.definitions if n in self.used]
        named = identifiers([*model.dims, *symbols, *definitions, *titles], _RESERVED)
        self.names = named
        self.symbols, self.definitions, self.titles = symbols, definitions, titles

    def _inner(self) -> list[tuple[str, str, Tensor]]:
        """The derivatives in terms of which the gradients are, those that others use first."""
        done = {(of, by) for of, by, _ in self.gradients}
        found: list[tuple[str, str, Tensor]] = []
        waiting = [tensor for _, _, tensor in self.gradients]
        while waiting:
            for part in walk(waiting.pop().body):
                if isinstance(part, Derivative) and (part.of, part.wrt) not in done:
                    done.add((part.of, part.wrt))
                    tensor = answer(self.model, part.of, part.wrt).found.tensor
                    found.insert(0, (part.of, part.wrt, tensor))
                    waiting.append(tensor)
        return found

    def _closed(self, names: Sequence[str]) -> set[str]:
        """The names, and all on which they depend."""
        found: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                if name in self.model.definitions:
                    waiting += sorted(names_in(self.model.definitions[name].body))
        return found

    def text(self) -> str:
        """All of it."""
        blocks = ["from itertools import product\n\nimport sympy as sp", self._declarations()]
        for name in self.definitions:
            definition = self.model.definitions[name]
            if definition.recurrence is not None:
                raise NotCompiled("a recurrence")
            blocks.append(self._function(name, Tensor(definition.indices, definition.body)))
        everything = (*self.inner, *self.gradients)
        for title, (_, _, tensor) in zip(self.titles, everything, strict=True):
            if title not in self.definitions:
                blocks.append(self._function(title, tensor))
        blocks += [self._examples(), _CHECK.strip()]
        return "\n\n\n".join(blocks) + "\n"

    def _declarations(self) -> str:
        lines = [
            f'{self.names[d]} = sp.Symbol("{self.names[d]}", integer=True, positive=True)'
            for d in self.model.dims
        ]
        for name in self.symbols:
            own, rank = self.names[name], len(self.model.symbols[name].axes)
            kind = "sp.IndexedBase" if rank else "sp.Symbol"
            lines.append(f'{own} = {kind}("{own}", real=True)')
        return "\n".join(lines)

    def _function(self, name: str, tensor: Tensor) -> str:
        writer = _Writer(self.model, self.names)
        parameters = [writer.parameter(variable) for variable in tensor.indices]
        body = writer.text(tensor.body)
        shape = ", ".join(str(v.axis.size) for v in tensor.indices)
        title = f"{name}: [{shape}]" if shape else f"{name}: a number"
        bound = [f'    {b} = sp.Dummy("{b}", integer=True)' for b in writer.bound]
        head = f"def {self.names[name]}({', '.join(parameters)}):"
        return "\n".join([head, f'    """{title}."""', *bound, f"    return {_bare(body)}"])

    def _examples(self) -> str:
        sizes = ", ".join(f"{self.names[d]}: {n}" for d, n in self.point.sizes.items())
        lines = [f"SIZES = {{{sizes}}}", "VALUES = {"]
        for name in self.symbols:
            values = self.point.values[name]
            lows = [axis.low.value(self.point.sizes) for axis in self.model.symbols[name].axes]
            for place, value in sorted(_entries(values)):
                at = ", ".join(str(k + low) for k, low in zip(place, lows, strict=True))
                entry = f"{self.names[name]}[{at}]" if place else self.names[name]
                lines.append(f"    {entry}: {_number(value)},")
        lines += ["}", "GRADIENTS = ["]
        for of, by, _ in self.gradients:
            title = _title(of, by)
            shape = ", ".join(str(n) for n in self.point.values[by].shape)
            parts = [self.names[of], self.names[title], self.names[by], f"[{shape}]"]
            lines.append(f"    ({', '.join(parts)}),")
        return "\n".join([*lines, "]"])


def _entries(values: Array) -> list[tuple[tuple[int, ...], Fraction]]:
    """The entries of an array of Fractions, with their places."""
    return [(place, Fraction(str(values[place]))) for place in np.ndindex(*values.shape)]


def _title(of: str, by: str) -> str:
    return f"d{of}/d{by}"


class _Writer:
    """Writes scalars for one function; `bound` are the names of its summation indices."""

    def __init__(self, model: Model, names: dict[str, str]) -> None:
        self.model, self.names = model, names
        self.bound: list[str] = []
        self._indices: dict[IndexVariable, str] = {}
        self._taken = set(names.values())

    def parameter(self, variable: IndexVariable) -> str:
        """A new name for an index."""
        name, k = variable.name, 1
        while name in self._taken or not name.isidentifier():
            name, k = f"{variable.name}_{k}" if variable.name.isidentifier() else f"i_{k}", k + 1
        self._taken.add(name)
        self._indices[variable] = name
        return name

    def dim(self, dim: Dim) -> str:
        """A dimension."""
        parts = []
        for names, c in dim.terms:
            factors = [*([str(c)] if c != 1 or not names else []), *(self.names[n] for n in names)]
            parts.append("*".join(factors))
        return f"({' + '.join(parts)})" if len(parts) > 1 else (parts or ["0"])[0]

    def index(self, index: Index) -> str:
        """A position."""
        parts = [
            self._indices[v] if f == ONE else f"{self.dim(f)}*{self._indices[v]}"
            for v, f in index.terms
        ]
        if index.computed:
            raise NotCompiled("a computed index")
        if index.offset.terms or not parts:
            parts.append(self.dim(index.offset))
        return " + ".join(parts)

    def text(self, scalar: Scalar) -> str:
        """A scalar, in brackets where it is a sum or product."""
        match scalar:
            case Num(value):
                return _number(value)
            case Constant(name):
                return {"pi": "sp.pi", "inf": "sp.oo"}[name]
            case DimValue(dim):
                return self.dim(dim)
            case IndexValue(index):
                return f"({self.index(index)})"
            case Entry(symbol, indices, False):
                inside = ", ".join(map(self.index, indices))
                name = self.names[symbol]
                if symbol in self.model.definitions:
                    return f"{name}({inside})"
                return f"{name}[{inside}]" if indices else name
            case Apply(operation, arguments):
                return self._apply(operation, [self.text(a) for a in arguments])
            case Reduce("sum" | "prod" as operation, variable, body, condition):
                name = self.parameter(variable)
                self.bound.append(name)
                inner = self.text(body)
                if condition is not None:
                    inner = f"{inner} {'*' if operation == 'sum' else '**'} {self.text(condition)}"
                low, high = self.dim(variable.axis.low), self.dim(variable.axis.high)
                kind = "Sum" if operation == "sum" else "Product"
                return f"sp.{kind}({_bare(inner)}, ({name}, {low}, {high}))"
            case Derivative(of, of_indices, wrt, wrt_indices, False):
                inside = ", ".join(map(self.index, (*of_indices, *wrt_indices)))
                return f"{self.names[_title(of, wrt)]}({inside})"
            case Blocks(index, parts):
                return self._blocks(index, parts)
            case _:
                raise NotCompiled(_WORDS.get(type(scalar).__name__, "something"))

    def _blocks(self, index: Index, parts: Sequence[Block]) -> str:
        pieces = []
        end = Dim(())
        for part in parts:
            start = end - part.variable.axis.low + ONE
            end = end + part.variable.axis.size
            self._indices[part.variable] = f"({self.index(index)} - {self.dim(start)})"
            body = _bare(self.text(part.body))
            pieces.append(f"({body}, sp.Le({self.index(index)}, {self.dim(end)}))")
        return f"sp.Piecewise({', '.join(pieces)})"

    def _apply(self, operation: str, texts: list[str]) -> str:
        if operation in _INFIX:
            return f"({f' {_INFIX[operation]} '.join(texts)})"
        if operation in _COMPARED:
            return _COMPARED[operation].format(*texts)
        if operation == "neg":
            return f"(-{texts[0]})"
        if operation in _FUNCTIONS:
            return f"{_FUNCTIONS[operation]}({', '.join(map(_bare, texts))})"
        raise NotCompiled(f"the function `{operation}`")


def _number(value: Fraction) -> str:
    if value.denominator == 1:
        return str(value.numerator) if value >= 0 else f"({value.numerator})"
    return f"sp.Rational({value.numerator}, {value.denominator})"


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
