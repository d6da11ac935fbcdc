"""Explicit components: what an entry of a name is as a SymPy expression, at a point.

A `World` says which names are free there. In the root nothing is, and every entry is a number; in a
child the entries of one name are symbols, and what depends on it are expressions in them. Which
branch of a maximum, an absolute value or an indicator is taken is decided at the point.
"""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from functools import partial
from itertools import product
from time import monotonic
from typing import Any, assert_never

import sympy

from derive.evaluate.names import dependants, is_mask
from derive.evaluate.point import Point
from derive.model.dim import Dim
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
    Index,
    IndexValue,
    MatrixFunction,
    MatrixProduct,
    Num,
    Reduce,
    Scalar,
    Split,
    Tensor,
    Unknown,
)
from derive.oracle.operations import (
    COMPARISONS,
    FUNCTIONS,
    NotExpressible,
    Undefined,
    in_domain,
)
from derive.oracle.pieces import matrix_entry, unknown_entry

__all__ = ["Build", "NotExpressible", "TooLarge", "World", "number"]

Expression = Any  # sympy.Expr, which has no types
Place = tuple[int, ...]
Environment = Mapping[int, int]
Slopes = dict[tuple[str, Place], dict[Place, Expression]]

DIGITS = 80
_TIE = sympy.Float("1e-45", 20)
_MOST_NODES = 800


class TooLarge(NotExpressible):
    """The expression has too many nodes when all definitions are opened."""


class Build:
    """The components of one model at one point."""

    def __init__(
        self, model: Model, point: Point, at: Sequence[tuple[str, Tensor]], deadline: float
    ) -> None:
        self.model = model
        self.point = point
        self.deadline = deadline
        self.numeric: dict[Expression, Expression] = {}
        plain = World(self)
        self.root = World(self) if at else plain
        for name, tensor in at:
            ranges = [self.range(variable.axis) for variable in tensor.indices]
            for place in product(*ranges):
                uids = [variable.uid for variable in tensor.indices]
                value = plain.scalar(tensor.body, dict(zip(uids, place, strict=True)))
                self.root.pinned[name, place] = number(self, value)

    def dim(self, dim: Dim) -> int:
        """A dimension as a number."""
        return dim.value(self.point.sizes)

    def range(self, axis: Axis) -> range:
        """The places along an axis."""
        return range(self.dim(axis.low), self.dim(axis.high) + 1)

    def axes(self, name: str) -> tuple[Axis, ...]:
        """The axes of a name."""
        if name in self.model.definitions:
            return tuple(variable.axis for variable in self.model.definitions[name].indices)
        return self.model.symbols[name].axes

    def places(self, name: str) -> Iterator[Place]:
        """All places of a name, row by row."""
        return product(*(self.range(axis) for axis in self.axes(name)))


def number(build: Build, expression: Expression) -> Expression:
    """The value of an expression at the point: rational if it is so exactly, else a float."""
    free = expression.free_symbols
    if free:
        expression = expression.xreplace({symbol: build.numeric[symbol] for symbol in free})
    if expression.is_Rational:
        return expression
    value = expression.evalf(DIGITS)
    if not value.is_Float and not value.is_Rational:
        raise Undefined(str(value))
    return value


class World:
    """Entries as expressions in the entries of `freed`; all that is in no way moved, as numbers."""

    def __init__(
        self,
        build: Build,
        parent: "World | None" = None,
        freed: str | None = None,
        moved: frozenset[str] = frozenset(),
        opened: bool = True,
    ) -> None:
        self.build = build
        self.parent = parent
        self.freed = freed
        self.moved = moved
        self.opened = opened
        self.pinned: dict[tuple[str, Place], Expression] = {}
        self.symbols: dict[tuple[str, Place], Expression] = {}
        self._entries: dict[tuple[str, Place], tuple[Expression, int]] = {}
        self._children: dict[tuple[str, str | None], World] = {}
        self._nodes = 0
        self.slopes: Slopes | None = None

    def child(self, name: str, partial_of: str | None = None) -> "World":
        """The world in which `name` is free, and what follows from it moves."""
        key = (name, partial_of)
        if key not in self._children:
            moved = dependants(self.build.model, name) if partial_of is None else {partial_of}
            self._children[key] = World(self.build, self, name, frozenset(moved) - {name})
        return self._children[key]

    def symbol(self, name: str, place: Place) -> Expression:
        """The symbol for an entry of the free name."""
        found = self.symbols.get((name, place))
        if found is None:
            assert self.parent is not None
            found = sympy.Dummy(f"{name}{list(place)}", real=True)
            self.symbols[name, place] = found
            self.build.numeric[found] = number(self.build, self.parent.entry(name, place))
        return found

    def entry(self, name: str, place: Place) -> Expression:
        """One entry of a name."""
        if name == self.freed or (not self.opened and name in self.moved):
            return self.symbol(name, place)
        if self.parent is not None and name not in self.moved:
            return self.parent.entry(name, place)
        if (name, place) in self.pinned:
            return self.pinned[name, place]
        found = self._entries.get((name, place))
        if found is None:
            outer, self._nodes = self._nodes, 0
            value = self._entry(name, place)
            found = self._entries[name, place] = (value, self._nodes)
            self._nodes = outer
        self.count(found[1] if self.parent is not None else 1)
        return found[0]

    def count(self, nodes: int) -> None:
        """Nodes were added to the expression being built. Raises TooLarge, NotExpressible."""
        self._nodes += nodes
        if self._nodes > _MOST_NODES and self.parent is not None:
            raise TooLarge("the opened expression is too large for SymPy")
        if monotonic() > self.build.deadline:
            raise NotExpressible("SymPy ran out of time")

    def _entry(self, name: str, place: Place) -> Expression:
        model = self.build.model
        if name not in model.definitions:
            if name not in self.build.point.values:
                raise NotExpressible(f"`{name}` has no value")
            lows = (self.build.dim(axis.low) for axis in model.symbols[name].axes)
            at = tuple(p - low for p, low in zip(place, lows, strict=True))
            value: Fraction = self.build.point.values[name][at]
            return sympy.Rational(value.numerator, value.denominator)
        value = self.body(name, place)
        if self.parent is None:
            return number(self.build, value)
        ancestor: World | None = self.parent
        while ancestor is not None:  # what was put in the place of this name further out
            if ancestor.freed == name or (name, place) in ancestor.pinned:
                return value + ancestor.entry(name, place) - ancestor.body(name, place)
            ancestor = ancestor.parent
        return value

    def body(self, name: str, place: Place) -> Expression:
        """An entry by its definition."""
        definition = self.build.model.definitions[name]
        uids = [variable.uid for variable in definition.indices]
        return self.scalar(definition.body, dict(zip(uids, place, strict=True)))

    def index(self, index: Index, env: Environment) -> int:
        """The place that an index names."""
        total = self.build.dim(index.offset)
        for variable, factor in index.terms:
            total += self.build.dim(factor) * env[variable.uid]
        for inner in index.computed:
            value = number(self.build, self.scalar(inner, env))
            if not value == int(value):
                raise Undefined("a computed index is not an integer")
            total += int(value)
        return total

    def scalar(self, scalar: Scalar, env: Environment) -> Expression:
        """The expression for a scalar whose free index variables have the values `env`."""
        self.count(1)
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
            case Entry(symbol, indices, padded):
                place = tuple(self.index(index, env) for index in indices)
                ranges = map(self.build.range, self.build.axes(symbol))
                if all(p in r for p, r in zip(place, ranges, strict=True)):
                    return self.entry(symbol, place)
                if padded:
                    return sympy.Integer(0)
                raise Undefined(f"`{symbol}` has no entry {list(place)}")
            case Apply("mul" | "div") if self._is_masked(scalar, env):
                return sympy.Integer(0)
            case Apply(operation, arguments):
                return self.apply(operation, [self.scalar(a, env) for a in arguments])
            case Reduce():
                return self._reduce(scalar, env)
            case ArgMax(variable, body):
                places = self.build.range(variable.axis)
                values = [self.scalar(body, {**env, variable.uid: p}) for p in places]
                return sympy.Integer(places[self._extreme("max", values)])
            case MatrixFunction():
                return matrix_entry(self, scalar, env)
            case MatrixProduct():
                raise NotExpressible("a product of matrices over a range")
            case Unknown():
                return unknown_entry(self, scalar, env)
            case Blocks(index, parts):
                position = self.index(index, env) - 1
                for part in parts:
                    run = self.build.range(part.variable.axis)
                    if 0 <= position < len(run):
                        return self.scalar(part.body, {**env, part.variable.uid: run[position]})
                    position -= len(run)
                raise Undefined("a place outside a list")
            case Split(index, variables, body):
                rest, digits = self.index(index, env) - 1, dict(env)
                for variable in reversed(variables):
                    run = self.build.range(variable.axis)
                    rest, digit = divmod(rest, len(run))
                    digits[variable.uid] = run[digit]
                if rest:
                    raise Undefined("a place outside a list")
                return self.scalar(body, digits)
            case Derivative():
                return self._derivative(scalar, env)
            case _:
                assert_never(scalar)

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
                size = number(self.build, values[0])
                if abs(size) < _TIE and (values[0].free_symbols or not size.is_Rational):
                    raise NotExpressible("the point is at a kink")
                sign = sympy.Integer(1 if size > 0 else -1 if size < 0 else 0)
                return sign * values[0] if operation == "abs" else sign
            case "lt" | "le" | "eq" | "ne":
                left, right = (number(self.build, value) for value in values)
                self._apart(left, right, values)
                return sympy.Integer(1 if COMPARISONS[operation](left, right) else 0)
        in_domain(operation, [partial(number, self.build, value) for value in values])
        return FUNCTIONS[operation](*values)

    def _apart(self, left: Expression, right: Expression, values: list[Expression]) -> None:
        """Raises NotExpressible where two numbers are too close to be compared."""
        exact = left.is_Rational and right.is_Rational
        moves = any(value.free_symbols for value in values)
        if (moves or not exact) and abs(left - right) < _TIE:
            raise NotExpressible("the point is at a kink")

    def number(self, expression: Expression) -> Expression:
        """The value of an expression at the point."""
        return number(self.build, expression)

    def _extreme(self, operation: str, values: list[Expression]) -> int:
        """The place of the first largest or smallest value."""
        if not values:
            raise Undefined(f"the {operation} of nothing")
        sizes = [number(self.build, value) for value in values]
        best = 0
        for k in range(1, len(sizes)):
            if values[k] != values[best]:
                self._apart(sizes[k], sizes[best], [values[k], values[best]])
            larger = COMPARISONS["lt"](*(sizes[best], sizes[k])[:: 1 if operation == "max" else -1])
            best = k if larger else best
        return best

    def _reduce(self, node: Reduce, env: Environment) -> Expression:
        values = []
        for place in self.build.range(node.variable.axis):
            inner = {**env, node.variable.uid: place}
            if node.condition is not None:
                holds = number(self.build, self.scalar(node.condition, inner))
                if holds == 0:
                    continue
            values.append(self.scalar(node.body, inner))
        match node.operation:
            case "sum":
                return sympy.Add(*values)
            case "prod":
                return sympy.Mul(*values)
            case operation:
                return values[self._extreme(operation, values)]

    def _derivative(self, node: Derivative, env: Environment) -> Expression:
        of_place = tuple(self.index(index, env) for index in node.of_indices)
        wrt_place = tuple(self.index(index, env) for index in node.wrt_indices)
        for name, place in ((node.of, of_place), (node.wrt, wrt_place)):
            ranges = map(self.build.range, self.build.axes(name))
            if not all(p in r for p, r in zip(place, ranges, strict=True)):
                raise Undefined(f"`{name}` has no entry {list(place)}")
        child = self.child(node.wrt, node.of if node.partial else None)
        try:
            value = None if child.slopes is not None else child.entry(node.of, of_place)
        except TooLarge:
            if self.parent is not None:
                raise
            child.slopes = accumulated(child, node.wrt)
        if child.slopes is not None:
            return child.slopes[node.of, of_place].get(wrt_place, sympy.Integer(0))
        slope = sympy.diff(value, child.symbol(node.wrt, wrt_place))
        back = {symbol: self.entry(name, place) for (name, place), symbol in child.symbols.items()}
        return slope.xreplace(back)


def accumulated(child: World, wrt: str) -> Slopes:
    """All derivatives by the chain rule, forward from entry to entry, with SymPy's partials.

    For networks whose expression is too large when every definition is opened.
    """
    build = child.build
    local = World(build, child.parent, wrt, child.moved, opened=False)
    slopes: dict[Expression, dict[Place, Expression]] = {
        local.symbol(wrt, place): {place: sympy.Integer(1)} for place in build.places(wrt)
    }
    for name in build.model.definitions:
        for place in build.places(name) if name in child.moved else ():
            try:
                value = local.body(name, place)
            except Undefined:
                continue
            total: dict[Place, Expression] = {}
            for symbol in value.free_symbols & slopes.keys():
                partial_slope = number(build, sympy.diff(value, symbol))
                for at, slope in slopes[symbol].items():
                    total[at] = total.get(at, 0) + partial_slope * slope
            slopes[local.symbol(name, place)] = total
    return {key: slopes.get(symbol, {}) for key, symbol in local.symbols.items()}
