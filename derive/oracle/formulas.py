"""What defines an entry, as one SymPy expression in the symbols of other entries.

Which branch of a maximum, an absolute value or an indicator is taken is decided at the point.
"""

from collections.abc import Mapping
from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING, Any, assert_never

import sympy

from derive.evaluate.names import is_mask
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
from derive.oracle.numeric import alike
from derive.oracle.operations import (
    COMPARISONS,
    FUNCTIONS,
    NotExpressible,
    Undefined,
    in_domain,
)
from derive.oracle.unknowns import instance

if TYPE_CHECKING:
    from derive.oracle.build import Build

Expression = Any  # sympy.Expr, which has no types
Environment = Mapping[int, int]

_TIE = 1e-45
_MOST_STEPS = 100_000
_ZERO, _ONE = sympy.Integer(0), sympy.Integer(1)


class Formulas:
    """Scalars as SymPy expressions in the symbols of one build."""

    def __init__(self, build: "Build") -> None:
        self.build = build
        self._steps = 0
        self._free: dict[int, tuple[int, ...]] = {}
        self._reduced: dict[tuple[int, ...], tuple[Expression, bool]] = {}
        self.is_kinked = False  # whether what was built last has no derivative at the point

    def index(self, index: Index, env: Environment) -> int:
        """The place that an index names."""
        total = self.build.dim(index.offset)
        for variable, factor in index.terms:
            total += self.build.dim(factor) * env[variable.uid]
        for inner in index.computed:
            value = self.build.scalar(inner, env)
            if not value == int(value):
                raise Undefined("a computed index is not an integer")
            total += int(value)
        return total

    def scalar(self, scalar: Scalar, env: Environment) -> Expression:
        """The expression for a scalar whose free index variables have the values `env`.

        Raises Undefined, NotExpressible.
        """
        self._steps += 1
        if self._steps > _MOST_STEPS:
            raise NotExpressible("the components are too large for SymPy")
        match scalar:
            case Num(value):
                return sympy.Rational(value.numerator, value.denominator)
            case Constant(name):
                if name != "pi":
                    raise NotExpressible(f"{name} is no number")
                return sympy.pi
            case DimValue(dim):
                return sympy.Integer(self.build.dim(dim))
            case IndexValue(index):
                return sympy.Integer(self.index(index, env))
            case Entry(name, indices, padded):
                place = tuple(self.index(index, env) for index in indices)
                return self._entry(name, place, padded)
            case Apply("mul" | "div") if self._is_masked(scalar, env):
                return _ZERO
            case Apply(operation, arguments):
                return self.apply(operation, [self.scalar(a, env) for a in arguments])
            case Reduce():
                return self._reduce(scalar, env)
            case ArgMax(variable, body):
                places = self.build.range(variable.axis)
                values = [self.scalar(body, {**env, variable.uid: p}) for p in places]
                return sympy.Integer(places[self._extreme("max", values)])
            case MatrixFunction():
                return self._matrix_entry(scalar, env)
            case MatrixProduct():
                return self._product_entry(scalar, env)
            case Unknown():
                return self._unknown_entry(scalar, env)
            case Blocks() | Split():
                return self._listed(scalar, env)
            case Derivative(of, of_indices, wrt, wrt_indices, partial):
                of_place = tuple(self.index(index, env) for index in of_indices)
                wrt_place = tuple(self.index(index, env) for index in wrt_indices)
                return self.build.derivative((of, of_place), (wrt, wrt_place), partial)
            case Limit() | Expectation():
                raise NotExpressible("a limit or an expectation")
            case _:
                assert_never(scalar)

    def _entry(self, name: str, place: tuple[int, ...], padded: bool) -> Expression:
        ranges = map(self.build.range, self.build.axes(name))
        if all(p in r for p, r in zip(place, ranges, strict=True)):
            return self.build.entry(name, place)
        if padded:
            return _ZERO
        raise Undefined(f"`{name}` has no entry {list(place)}")

    def _listed(self, scalar: Blocks | Split, env: Environment) -> Expression:
        """An entry of pieces one after the other, or of what is read row by row."""
        rest = self.index(scalar.index, env) - 1
        match scalar:
            case Blocks(_, parts):
                for part in parts:
                    run = self.build.range(part.variable.axis)
                    if 0 <= rest < len(run):
                        return self.scalar(part.body, {**env, part.variable.uid: run[rest]})
                    rest -= len(run)
            case Split(_, variables, body):
                digits = dict(env)
                for variable in reversed(variables):
                    run = self.build.range(variable.axis)
                    rest, digit = divmod(rest, len(run))
                    digits[variable.uid] = run[digit]
                if not rest:
                    return self.scalar(body, digits)
        raise Undefined("a place outside a list")

    def _is_masked(self, scalar: Scalar, env: Environment) -> bool:
        """Whether an indicator of indices among the factors is zero: then so is the product."""
        match scalar:
            case Apply("mul", (left, right)):
                return self._is_masked(left, env) or self._is_masked(right, env)
            case Apply("neg", (inner,)) | Apply("div", (inner, _)):
                return self._is_masked(inner, env)
        return is_mask(scalar) and self.scalar(scalar, env) == 0

    def apply(self, operation: str, values: list[Expression]) -> Expression:
        """An operation on expressions; branches are taken as at the point."""
        match operation:
            case "max" | "min":
                return values[self._extreme(operation, values)]
            case "abs" | "sign":
                return self._by_sign(operation, values[0])
            case "lt" | "le" | "eq" | "ne":
                left, right = alike(*map(self.build.value, values))
                self._apart(left, right, values)
                return _ONE if COMPARISONS[operation](left, right) else _ZERO
        in_domain(operation, values, self.build.value)
        return FUNCTIONS[operation](*values)

    def _by_sign(self, operation: str, value: Expression) -> Expression:
        size = self.build.value(value)
        self._apart(size, 0, [value])
        sign = sympy.Integer((size > 0) - (size < 0))
        return sign * value if operation == "abs" else sign

    def _apart(self, left: Any, right: Any, values: list[Expression]) -> None:
        """Notes where two numbers tie. Raises NotExpressible where that cannot be told."""
        if abs(left - right) < _TIE:
            if not isinstance(left, Fraction):
                raise NotExpressible("two numbers are too close to be compared")
            self.is_kinked |= any(value.free_symbols for value in values)

    def _extreme(self, operation: str, values: list[Expression]) -> int:
        """The place of the first largest or smallest value."""
        if not values:
            raise Undefined(f"the {operation} of nothing")
        sizes = [self.build.value(value) for value in values]
        best = 0
        for k in range(1, len(sizes)):
            old, new = alike(sizes[best], sizes[k])
            if values[k] != values[best]:
                self._apart(new, old, [values[k], values[best]])
            best = k if (old < new if operation == "max" else new < old) else best
        return best

    def _reduce(self, node: Reduce, env: Environment) -> Expression:
        """A sum, product or extreme: a part by itself, so that nested sums are not multiplied."""
        free = self._free.get(id(node))
        if free is None:
            free = tuple(variable.uid for variable in free_variables(Tensor((), node)))
            self._free[id(node)] = free
        key = (id(node), *(env[uid] for uid in free))
        if key not in self._reduced:
            outer, self.is_kinked = self.is_kinked, False
            expression = self.build.part(self._reduction(node, env))
            self._reduced[key] = expression, self.is_kinked
            self.is_kinked = outer
        found, is_kinked = self._reduced[key]
        self.is_kinked |= is_kinked
        return found

    def _reduction(self, node: Reduce, env: Environment) -> Expression:
        values = []
        for place in self.build.range(node.variable.axis):
            inner = {**env, node.variable.uid: place}
            if node.condition is None or self.build.scalar(node.condition, inner) != 0:
                values.append(self.scalar(node.body, inner))
        match node.operation:
            case "sum":
                return sympy.Add(*values)
            case "prod":
                return sympy.Mul(*values)
            case operation:
                return values[self._extreme(operation, values)]

    def _matrix(self, tensor: Tensor, env: Environment) -> Any:
        """A small square matrix, each of its entries a symbol."""
        row, column = tensor.indices
        rows, columns = self.build.range(row.axis), self.build.range(column.axis)
        if len(rows) != len(columns) or len(rows) > 4:
            raise NotExpressible("a matrix that is too large for SymPy")

        def entry(i: int, j: int) -> Expression:
            return self.build.part(self.scalar(tensor.body, {**env, row.uid: i, column.uid: j}))

        return sympy.Matrix([[entry(i, j) for j in columns] for i in rows])

    def _within(self, indices: tuple[Index, ...], tensor: Tensor, env: Environment) -> list[int]:
        """Places in a matrix, from 0."""
        found = []
        for index, variable in zip(indices, tensor.indices, strict=True):
            run, at = self.build.range(variable.axis), self.index(index, env)
            if at not in run:
                raise Undefined("a place outside a matrix")
            found.append(at - run[0])
        return found

    def _product_entry(self, node: MatrixProduct, env: Environment) -> Expression:
        """An entry of a product of matrices, one factor after the other."""
        i, j = self._within(node.indices, node.matrix, env)
        places = range(self.index(node.low, env), self.index(node.high, env) + 1)
        result = sympy.eye(len(self.build.range(node.matrix.indices[0].axis)))
        for place in places[:: node.step]:
            result *= self._matrix(node.matrix, {**env, node.variable.uid: place})
            result = result.applyfunc(self.build.part)
        return result[i, j]

    def _matrix_entry(self, node: MatrixFunction, env: Environment) -> Expression:
        """An entry of a function of a matrix, by determinants and cofactors."""
        matrix = self._matrix(node.matrix, env)
        if node.operation in ("det", "logdet"):
            det = matrix.det(method="berkowitz")
            return det if node.operation == "det" else self.apply("log", [self.apply("abs", [det])])
        i, j = self._within(node.indices, node.matrix, env)
        power = -1 if node.power is None else int(self.build.scalar(node.power, env))
        if power >= 0:
            return (matrix**power)[i, j]
        det = self.build.part(matrix.det(method="berkowitz"))
        in_domain("div", [_ONE, det], self.build.value)
        if power == -1:
            return matrix.cofactor(j, i) / det
        return ((matrix.adjugate() / det) ** -power)[i, j]

    def _unknown_entry(self, node: Unknown, env: Environment) -> Expression:
        """An entry of the concrete function that stands for an unspecified one."""
        values: list[Expression] = []
        starts: list[int] = []
        for tensor in node.arguments:
            starts.append(len(values))
            uids = [variable.uid for variable in tensor.indices]
            for place in product(*(self.build.range(v.axis) for v in tensor.indices)):
                inner = {**env, **dict(zip(uids, place, strict=True))}
                values.append(self.scalar(tensor.body, inner))
        slots = []
        for argument, indices in node.derivatives:
            ranges = [self.build.range(v.axis) for v in node.arguments[argument].indices]
            flat = 0
            for index, places in zip(indices, ranges, strict=True):
                at = self.index(index, env)
                if at not in places:
                    raise Undefined("a place outside an argument")
                flat = flat * len(places) + places.index(at)
            slots.append(starts[argument] + flat)
        output = tuple(self.index(index, env) for index in node.indices)
        variables, value = instance(
            f"{self.build.point.seed}/{node.function}/{output}", len(values)
        )
        for slot in slots:
            value = sympy.diff(value, variables[slot])
        return value.xreplace(dict(zip(variables, values, strict=True)))
