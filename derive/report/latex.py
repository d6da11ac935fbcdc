"""Index notation as LaTeX."""

import re
from collections.abc import Mapping
from typing import assert_never

from derive.model.scalar import (
    Apply,
    ArgMax,
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

_GREEK = frozenset(
    (
        *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa"),
        *("lambda", "mu", "nu", "xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi"),
        *("omega", "Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi"),
        *("Psi", "Omega"),
    )
)
_NAMED = frozenset(("exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh", "max", "min"))
_RELATIONS = {"lt": "<", "le": r"\le", "eq": "=", "ne": r"\ne"}
_BIG = {"sum": r"\sum", "prod": r"\prod", "max": r"\max", "min": r"\min"}
# How tightly a text binds: sums, products, powers, the rest.
_SUM, _PRODUCT, _POWER, _ATOM = 1, 2, 3, 4


def latex_of(scalar: Scalar, printed: Mapping[str, str] | None = None) -> str:
    r"""A scalar as LaTeX; `printed` gives names that have a printed form of their own.

    >>> print(latex_of(Apply("div", (Entry("sigma", ()), Entry("W_Q", ())))))
    \frac{\sigma}{W_{Q}}
    """
    return _Writer(printed or {}).at(scalar, 0)


class _Writer:
    def __init__(self, printed: Mapping[str, str]) -> None:
        self.printed = printed

    def at(self, scalar: Scalar, level: int) -> str:
        """The text, in brackets where the context binds more tightly."""
        text, own = self.text(scalar)
        return rf"\left({text}\right)" if own < level else text

    def text(self, scalar: Scalar) -> tuple[str, int]:
        """The text, and how tightly it binds."""
        match scalar:
            case Num(value):
                if value.denominator == 1:
                    return str(value), _ATOM if value >= 0 else _SUM
                size = rf"\frac{{{abs(value.numerator)}}}{{{value.denominator}}}"
                return (size, _ATOM) if value > 0 else (f"-{size}", _SUM)
            case Constant(name):
                return {"pi": r"\pi", "inf": r"\infty"}[name], _ATOM
            case DimValue(dim):
                return str(dim).replace("*", r" \, "), _ATOM if len(dim.terms) < 2 else _SUM
            case IndexValue(index):
                return self.index(index), _SUM
            case Entry(name, indices):
                return self.name(name) + self.places(indices), _ATOM
            case Apply(operation, arguments):
                return self.apply(operation, arguments)
            case Reduce():
                return self.reduce(scalar)
            case ArgMax(variable, body):
                return rf"\operatorname{{argmax}}_{{{variable.name}}} {self.at(body, 2)}", _PRODUCT
            case MatrixFunction():
                return self.matrix(scalar), _ATOM
            case MatrixProduct():
                return self.matrix_product(scalar), _PRODUCT
            case Unknown():
                return self.unknown(scalar), _ATOM
            case Blocks(index, parts):
                inside = r" \mid ".join(self.at(part.body, 0) for part in parts)
                return rf"\left[{inside}\right]_{{{self.index(index)}}}", _ATOM
            case Split(index, _, body):
                return rf"\left[{self.at(body, 0)}\right]_{{{self.index(index)}}}", _ATOM
            case Derivative(of, of_indices, wrt, wrt_indices):
                upper = self.name(of) + self.places(of_indices)
                lower = self.name(wrt) + self.places(wrt_indices)
                return rf"\frac{{\partial {upper}}}{{\partial {lower}}}", _ATOM
            case Limit(body, variable, target, side):
                goal = self.at(target, 0) + (f"^{side}" if side else "")
                name = self.name(variable.removeprefix("limit."))
                return rf"\lim_{{{name} \to {goal}}} {self.at(body, 2)}", _PRODUCT
            case Expectation(body):
                return rf"\mathbb{{E}}\left[{self.at(body, 0)}\right]", _ATOM
            case _:
                assert_never(scalar)

    def name(self, name: str) -> str:
        """A name: Greek letters, subscripts, several letters upright."""
        if name in self.printed:
            return self.printed[name]
        derivative = re.fullmatch(r"d(\w+)/d(\w+)", name)
        if derivative is not None:
            upper, lower = map(self.name, derivative.groups())
            return rf"\frac{{\partial {upper}}}{{\partial {lower}}}"
        base, _, below = name.partition("_")
        digits = re.fullmatch(r"(.*?[^\d])(\d+)", base)
        if digits is not None and not below:
            base, below = digits.groups()
        if base in _GREEK:
            base = rf"\{base}"
        elif len(base) > 1:
            base = rf"\mathrm{{{base}}}"
        return f"{base}_{{{below}}}" if below else base

    def index(self, index: Index) -> str:
        """A position."""
        parts = [
            variable.name if str(factor) == "1" else f"{factor} {variable.name}"
            for variable, factor in index.terms
        ]
        parts += [self.at(part, 1) for part in index.computed]
        if index.offset.terms or not parts:
            parts.append(str(index.offset))
        return "+".join(parts).replace("+-", "-").replace("*", r" \, ")

    def places(self, indices: tuple[Index, ...]) -> str:
        """A subscript."""
        inside = ",".join(map(self.index, indices))
        return rf"{{}}_{{{inside}}}" if indices else ""

    def apply(self, operation: str, arguments: tuple[Scalar, ...]) -> tuple[str, int]:
        """An operation."""
        match operation:
            case "add":
                text = self.at(arguments[0], _SUM)
                for argument in arguments[1:]:
                    part = self.at(argument, _SUM)
                    text += f" - {part[1:]}" if part.startswith("-") else f" + {part}"
                return text, _SUM
            case "sub":
                return f"{self.at(arguments[0], _SUM)} - {self.at(arguments[1], _PRODUCT)}", _SUM
            case "neg":
                return f"-{self.at(arguments[0], _PRODUCT)}", _SUM
            case "mul":
                sign, factors = _sign(arguments)
                text = self.product(factors)
                return f"{sign}{text}", _SUM if sign else _PRODUCT
            case "div":
                sign, factors = _sign((arguments[0],))
                upper = self.at(factors[0], 0) if len(factors) == 1 else self.product(factors)
                text = rf"{sign}\frac{{{upper}}}{{{self.at(arguments[1], 0)}}}"
                return text, _SUM if sign else _ATOM
            case "pow":
                return f"{self.at(arguments[0], _ATOM)}^{{{self.at(arguments[1], 0)}}}", _POWER
            case "sqrt":
                return rf"\sqrt{{{self.at(arguments[0], 0)}}}", _ATOM
            case "abs":
                return rf"\left|{self.at(arguments[0], 0)}\right|", _ATOM
            case "lt" | "le" | "eq" | "ne":
                sides = f" {_RELATIONS[operation]} ".join(self.at(a, 0) for a in arguments)
                return rf"\left[{sides}\right]", _ATOM
            case _:
                head = rf"\{operation}" if operation in _NAMED else _upright(operation)
                inside = ", ".join(self.at(a, 0) for a in arguments)
                return rf"{head}\left({inside}\right)", _ATOM

    def product(self, factors: tuple[Scalar, ...]) -> str:
        """Factors; a sum that is not the last of them in brackets."""
        texts = [
            self.at(factor, _POWER if isinstance(factor, Reduce) else _PRODUCT)
            for factor in factors[:-1]
        ]
        return r" \, ".join([*texts, self.at(factors[-1], _PRODUCT)])

    def reduce(self, node: Reduce) -> tuple[str, int]:
        """A sum, a product, a maximum."""
        below = _range(node.variable)
        if node.condition is not None:
            below = rf"{node.variable.name}:\, {self.at(node.condition, 0)}"
            return rf"{_BIG[node.operation]}_{{{below}}} {self.at(node.body, _PRODUCT)}", _PRODUCT
        above = str(node.variable.axis.high).replace("*", r" \, ")
        big = rf"{_BIG[node.operation]}_{{{below}}}^{{{above}}}"
        return f"{big} {self.at(node.body, _PRODUCT)}", _PRODUCT

    def matrix(self, node: MatrixFunction) -> str:
        """An inverse, a determinant, a power."""
        inside = self.whole(node.matrix)
        match node.operation:
            case "inv":
                return rf"\left({inside}^{{-1}}\right)" + self.places(node.indices)
            case "matpow" if node.power is not None:
                power = self.at(node.power, 0)
                return rf"\left({inside}^{{{power}}}\right)" + self.places(node.indices)
            case "logdet":
                return rf"\log\left|\det {inside}\right|"
            case _:
                return rf"\det {inside}"

    def matrix_product(self, node: MatrixProduct) -> str:
        """An ordered product: the end that stands on the left is written below."""
        ends = [self.index(node.low), self.index(node.high)]
        first, last = ends if node.step > 0 else reversed(ends)
        big = rf"\prod_{{{node.variable.name}={first}}}^{{{last}}} {self.whole(node.matrix)}"
        return rf"\left({big}\right)" + self.places(node.indices)

    def whole(self, tensor: Tensor) -> str:
        """A tensor: its name where it is one, else its entries."""
        body = tensor.body
        if isinstance(body, Entry) and body.indices == tuple(map(Index.of, tensor.indices)):
            return self.name(body.symbol)
        names = ",".join(variable.name for variable in tensor.indices)
        text = self.at(body, 0)
        return rf"\left[{text}\right]_{{{names}}}" if names else text

    def unknown(self, node: Unknown) -> str:
        """An unspecified function, or its derivative."""
        inside = ", ".join(map(self.whole, node.arguments))
        primes = "'" * len(node.derivatives)
        places = [*node.indices, *(place for _, at in node.derivatives for place in at)]
        return rf"{self.name(node.function)}{primes}\left({inside}\right)" + self.places(
            tuple(places)
        )


def _sign(factors: tuple[Scalar, ...]) -> tuple[str, tuple[Scalar, ...]]:
    """A minus sign taken out of a product."""
    first = factors[0]
    if isinstance(first, Apply) and first.operation == "mul":
        sign, inner = _sign(first.arguments)
        return sign, (*inner, *factors[1:])
    if isinstance(first, Num) and first.value == -1 and len(factors) > 1:
        return "-", factors[1:]
    return "", factors


def _range(variable: IndexVariable) -> str:
    return f"{variable.name}={variable.axis.low}"


def _upright(name: str) -> str:
    return rf"\operatorname{{{name}}}"
