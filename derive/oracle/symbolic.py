"""A scalar as a SymPy expression at symbolic dimensions: `Indexed`, `Sum`, `KroneckerDelta`."""

from typing import Any, assert_never

import sympy

from derive.model.dim import Dim
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
from derive.model.traverse import dims_in, names_in
from derive.oracle.operations import NotExpressible

_FUNCTIONS: dict[str, Any] = {
    **{name: getattr(sympy, name) for name in ("exp", "log", "sqrt", "sign", "sin", "cos", "tan")},
    **{name: getattr(sympy, name) for name in ("asin", "acos", "atan", "sinh", "cosh", "tanh")},
    **{name: getattr(sympy, name) for name in ("erf", "digamma", "trigamma")},
    "trigamma": lambda value: sympy.polygamma(1, value),
    "abs": sympy.Abs,
    "lgamma": sympy.loggamma,
    "max": sympy.Max,
    "min": sympy.Min,
}


class Symbols:
    """The SymPy symbols of one expression. An index gets a name that nothing else has."""

    def __init__(self, reserved: frozenset[str] = frozenset()) -> None:
        self.reserved = reserved
        self.indices: dict[IndexVariable, Any] = {}

    def index(self, variable: IndexVariable) -> Any:
        """An integer symbol for an index variable."""
        if variable not in self.indices:
            taken = {str(symbol) for symbol in self.indices.values()} | self.reserved
            name, number = variable.name, 0
            while name in taken:
                number += 1
                name = f"{variable.name}{number}"
            self.indices[variable] = sympy.Symbol(name, integer=True)
        return self.indices[variable]

    def dim(self, dim: Dim) -> Any:
        """A dimension."""
        return sympy.Add(
            *(
                factor
                * sympy.Mul(*(sympy.Symbol(n, integer=True, positive=True) for n in monomial))
                for monomial, factor in dim.terms
            )
        )

    def place(self, index: Index) -> Any:
        """A position."""
        terms = [self.index(variable) * self.dim(factor) for variable, factor in index.terms]
        terms += [self.scalar(part) for part in index.computed]
        return sympy.Add(*terms, self.dim(index.offset))

    def scalar(self, scalar: Scalar) -> Any:
        """The expression. Raises NotExpressible."""
        match scalar:
            case Num(value):
                return sympy.Rational(value.numerator, value.denominator)
            case Constant(name):
                return {"pi": sympy.pi, "inf": sympy.oo}[name]
            case DimValue(dim):
                return self.dim(dim)
            case IndexValue(index):
                return self.place(index)
            case Entry(name, indices, padded):
                if padded:
                    raise NotExpressible("a padded entry")
                if not indices:
                    return sympy.Symbol(name, real=True)
                return sympy.IndexedBase(name, real=True)[tuple(map(self.place, indices))]
            case Apply(operation, arguments):
                return self._apply(operation, [self.scalar(a) for a in arguments])
            case Reduce(operation, variable, body, condition):
                return self._reduce(operation, variable, body, condition)
            case Unknown(name, indices, arguments, derivatives):
                return self._unknown(name, indices, arguments, derivatives)
            case ArgMax() | MatrixFunction() | MatrixProduct() | Blocks() | Split():
                raise NotExpressible(f"SymPy has no {type(scalar).__name__} of symbolic size")
            case Limit() | Expectation():
                raise NotExpressible(f"SymPy is not asked for a {type(scalar).__name__}")
            case Derivative(of, of_indices, wrt, wrt_indices):
                return self.scalar(Entry(f"d{of}/d{wrt}", (*of_indices, *wrt_indices)))
            case _:
                assert_never(scalar)

    def _apply(self, operation: str, values: list[Any]) -> Any:
        match operation:
            case "add":
                return sympy.Add(*values)
            case "mul":
                return sympy.Mul(*values)
            case "sub":
                return values[0] - values[1]
            case "neg":
                return -values[0]
            case "div":
                return values[0] / values[1]
            case "pow":
                return values[0] ** values[1]
            case "eq" if all(v.is_integer for v in values):
                return sympy.KroneckerDelta(*values)
            case "eq" | "ne" | "lt" | "le":
                relation = {"eq": sympy.Eq, "ne": sympy.Ne, "lt": sympy.Lt, "le": sympy.Le}
                return sympy.Piecewise((1, relation[operation](*values)), (0, True))
            case _ if operation in _FUNCTIONS:
                return _FUNCTIONS[operation](*values)
            case _:
                raise NotExpressible(f"SymPy has no `{operation}`")

    def _reduce(
        self, operation: str, variable: IndexVariable, body: Scalar, condition: Scalar | None
    ) -> Any:
        if operation not in ("sum", "prod"):
            raise NotExpressible(f"SymPy has no `{operation}` over an index of symbolic size")
        inner = self.scalar(body)
        if condition is not None:
            holds = self.scalar(condition)
            neutral = 0 if operation == "sum" else 1
            inner = sympy.Piecewise((inner, sympy.Ne(holds, 0)), (neutral, True))
        low, high = self.dim(variable.axis.low), self.dim(variable.axis.high)
        kind = sympy.Sum if operation == "sum" else sympy.Product
        return kind(inner, (self.index(variable), low, high))

    def _unknown(self, name: str, indices: Any, arguments: Any, derivatives: Any) -> Any:
        """`g(z[i])` and its derivatives; of a tensor, the entry of a tensor named like `dL_dy`."""
        if len(arguments) == 1 and not arguments[0].indices and not indices:
            inner = self.scalar(arguments[0].body)
            function = sympy.Function(name)
            if not derivatives:
                return function(inner)
            dummy = sympy.Dummy("u")
            return sympy.Subs(function(dummy).diff(dummy, len(derivatives)), dummy, inner)
        slots = "".join(f"_{number}" for number, _ in derivatives)
        places = [*indices, *(place for _, at in derivatives for place in at)]
        label = f"d{name}{slots}" if derivatives else name
        if not places:
            return sympy.Symbol(label, real=True)
        return sympy.IndexedBase(label, real=True)[tuple(map(self.place, places))]


def expression(scalar: Scalar) -> Any:
    """The SymPy expression that equals a scalar without derivatives. Raises NotExpressible."""
    return Symbols(names_in(scalar) | dims_in(Tensor((), scalar))).scalar(scalar)
