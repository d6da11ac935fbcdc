"""Explicit components of one model at one point, and how they move.

Every entry of a name is a symbol. What defines it is one SymPy expression in the symbols of other
entries (`formulas`), which SymPy differentiates; values and slopes are numbers that are passed on
from entry to entry in the order of the definitions. Each entry is built and differentiated once,
whatever is asked. A derivative that stands in a definition is a symbol too: what it is made of is a
sum over slopes, so that it can be differentiated again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import product

import sympy

from derive.evaluate.names import uses_of
from derive.evaluate.point import Point
from derive.model.dim import Dim
from derive.model.model import Model
from derive.model.scalar import Axis, Scalar, Tensor
from derive.oracle.formulas import Environment, Expression, Formulas
from derive.oracle.numeric import Number, Numbers, multiplied, total
from derive.oracle.operations import NotExpressible, Undefined

__all__ = ["Build", "Cell", "Place", "Slope"]

Place = tuple[int, ...]

_MOST_CELLS = 20_000


@dataclass(frozen=True, slots=True)
class Cell:
    """An entry of a name."""

    name: str
    place: Place


@dataclass(frozen=True, slots=True)
class Slope:
    """The derivative of an entry by an entry; with `partial`, of what defines it alone."""

    of: Cell
    by: Cell
    partial: bool


@dataclass(frozen=True, slots=True)
class Part:
    """A part of an expression that has a symbol of its own; `names` are those that it uses."""

    number: int
    names: frozenset[str]


Node = Cell | Slope | Part
Slopes = dict[Place, Number]
_SILENT = (Undefined, NotExpressible)


class Build:
    """The components of one model at one point."""

    def __init__(self, model: Model, point: Point, at: Sequence[tuple[str, Tensor]]) -> None:
        self.model = model
        self.point = point
        self.numbers = Numbers(self._value_of)
        self.formulas = Formulas(self)
        self._nodes: dict[Expression, Node] = {}
        self._symbols: dict[Node, Expression] = {}
        self._expressions: dict[Node, Expression | Exception] = {}
        self._partials: dict[Node, dict[Node, Expression]] = {}
        self._moved: dict[tuple[Node, str], Slopes | Exception] = {}
        self._pinned: dict[Cell, Number] = {}
        self._ready: set[object] = set()
        self._kinked: set[Node] = set()
        if at:
            plain = Build(model, point, ())
            for name, tensor in at:
                for place, value in plain.tensor(tensor):
                    self._pinned[Cell(name, place)] = value

    # --- places ----------------------------------------------------------------------------------

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

    def cells(self, name: str) -> Iterator[Cell]:
        """All entries of a name, row by row."""
        for place in product(*(self.range(axis) for axis in self.axes(name))):
            yield Cell(name, place)

    @cached_property
    def uses(self) -> dict[str, frozenset[str]]:
        """For each defined name, all that its value depends on."""
        return uses_of(self.model)

    # --- values ----------------------------------------------------------------------------------

    def tensor(self, tensor: Tensor) -> Iterator[tuple[Place, Number]]:
        """The entries of a tensor, each with its place."""
        uids = [variable.uid for variable in tensor.indices]
        for place in product(*(self.range(variable.axis) for variable in tensor.indices)):
            yield place, self.scalar(tensor.body, dict(zip(uids, place, strict=True)))

    def scalar(self, scalar: Scalar, env: Environment) -> Number:
        """The value of a scalar. Raises Undefined, NotExpressible."""
        return self.value(self.formulas.scalar(scalar, env))

    def value(self, expression: Expression) -> Number:
        """The value of an expression in symbols of entries."""
        return self.numbers.of(expression)

    def symbol(self, node: Node) -> Expression:
        """The symbol that stands for a node."""
        found = self._symbols.get(node)
        if found is None:
            if len(self._symbols) > _MOST_CELLS:
                raise NotExpressible("there are too many components for SymPy")
            found = self._symbols[node] = sympy.Dummy()
            self._nodes[found] = node
        return found

    def entry(self, name: str, place: Place) -> Expression:
        """The symbol of an entry."""
        return self.symbol(Cell(name, place))

    def derivative(self, of: tuple[str, Place], by: tuple[str, Place], partial: bool) -> Expression:
        """The symbol of a derivative."""
        return self.symbol(Slope(Cell(*of), Cell(*by), partial))

    def part(self, expression: Expression) -> Expression:
        """A symbol for an expression, so that what is made of it stays small."""
        if expression.is_Symbol or expression.is_Number:
            return expression
        names = frozenset[str]().union(
            *(self._names(self._nodes[s]) for s in expression.free_symbols)
        )
        node = Part(len(self._symbols), names)
        self._expressions[node] = expression
        return self.symbol(node)

    def _value_of(self, symbol: Expression) -> Number:
        node = self._nodes[symbol]
        if isinstance(node, Slope):
            return self.slope(node)
        if isinstance(node, Cell):
            if node in self._pinned:
                return self._pinned[node]
            if node.name not in self.model.definitions:
                return self._given(node)
            self.prepare(node.name)
        return self.value(self.expression(node))

    def _given(self, cell: Cell) -> Fraction:
        if cell.name not in self.point.values:
            raise NotExpressible(f"`{cell.name}` has no value")
        lows = (self.dim(axis.low) for axis in self.axes(cell.name))
        at = tuple(p - low for p, low in zip(cell.place, lows, strict=True))
        value: Fraction = self.point.values[cell.name][at]
        return value

    def prepare(self, name: str) -> None:
        """Builds all that a name depends on, in order: so that nothing is nested deeply."""
        if name in self._ready:
            return
        self._ready |= self.uses[name] | {name}
        for earlier in self.model.definitions:
            if earlier in self.uses[name]:
                for cell in self.cells(earlier):
                    self._try(cell)

    def _try(self, cell: Cell) -> None:
        try:
            self.value(self.symbol(cell))
        except _SILENT:
            return  # whoever needs it meets the same again

    # --- how entries move ------------------------------------------------------------------------

    def expression(self, node: Node) -> Expression:
        """What an entry is in terms of others. Raises Undefined, NotExpressible."""
        found = self._expressions.get(node)
        if found is None:
            try:
                found = self._expression(node)
            except _SILENT as error:
                found = error
            self._expressions[node] = found
        if isinstance(found, Exception):
            raise found
        return found

    def _expression(self, node: Node) -> Expression:
        if isinstance(node, Slope):
            partials = self.partials(node.of)
            if node.of == node.by:
                return sympy.Integer(1)
            if node.partial:
                terms = [slope * self._within(other, node.by) for other, slope in partials.items()]
                return sympy.Add(*terms)
            terms = [
                slope * self._along(other, node.by)
                for other, slope in partials.items()
                if self._depends(other, node.by.name)
            ]
            return sympy.Add(*terms)
        assert isinstance(node, Cell)
        definition = self.model.definitions[node.name]
        uids = [variable.uid for variable in definition.indices]
        outer, self.formulas.is_kinked = self.formulas.is_kinked, False
        try:
            return self.formulas.scalar(definition.body, dict(zip(uids, node.place, strict=True)))
        finally:
            if self.formulas.is_kinked:
                self._kinked.add(node)
            self.formulas.is_kinked = outer

    def _within(self, node: Node, by: Cell) -> Expression:
        """How a node moves with an entry that stands in it, all other entries held."""
        if not isinstance(node, Part):
            return sympy.Integer(int(node == by))
        return sympy.Add(*(s * self._within(o, by) for o, s in self.partials(node).items()))

    def _along(self, node: Node, by: Cell) -> Expression:
        """How a node moves with an entry, as an expression that can be differentiated again."""
        if isinstance(node, Cell):
            if node == by or (node.name == by.name and not self._is_recurrent(by.name)):
                return sympy.Integer(int(node == by))
            return self.symbol(Slope(node, by, False))
        partials = self.partials(node)
        terms = [s * self._along(o, by) for o, s in partials.items() if self._depends(o, by.name)]
        return sympy.Add(*terms)

    def partials(self, node: Node) -> dict[Node, Expression]:
        """The derivatives of what defines a node by what stands in it."""
        found = self._partials.get(node)
        if found is None:
            expression = self.expression(node)
            if node in self._kinked:
                raise NotExpressible("the point is at a kink")
            symbols = sorted(expression.free_symbols, key=lambda s: s.dummy_index)
            found = {self._nodes[s]: sympy.diff(expression, s) for s in symbols}
            self._partials[node] = found
        return found

    def _names(self, node: Node) -> frozenset[str]:
        """The names with which a node may move."""
        if isinstance(node, Part):
            return node.names
        cells = (node,) if isinstance(node, Cell) else (node.of, node.by)
        return frozenset(cell.name for cell in cells).union(
            *(self.uses.get(cell.name, frozenset()) for cell in cells)
        )

    def _is_recurrent(self, name: str) -> bool:
        """Whether entries of a name depend on other entries of it."""
        return name in self.uses.get(name, ())

    def _depends(self, node: Node, name: str) -> bool:
        return name in self._names(node)

    def slope(self, slope: Slope) -> Number:
        """The value of a derivative."""
        for cell in (slope.of, slope.by):
            ranges = map(self.range, self.axes(cell.name))
            if not all(p in r for p, r in zip(cell.place, ranges, strict=True)):
                raise Undefined(f"`{cell.name}` has no entry {list(cell.place)}")
        if slope.partial:
            return self.value(self.expression(slope))
        self._prepare_slopes(slope.of.name, slope.by.name)
        return self.moved(slope.of, slope.by.name).get(slope.by.place, Fraction(0))

    def _prepare_slopes(self, of: str, by: str) -> None:
        """The slopes of all that lies between two names, in order."""
        if (of, by) in self._ready:
            return
        self._ready.add((of, by))
        between = {n for n in self.uses.get(of, ()) if by in self.uses.get(n, ())}
        for name in self.model.definitions:
            for cell in self.cells(name) if name in between else ():
                try:
                    self.moved(cell, by)
                except _SILENT:
                    continue

    def moved(self, node: Node, by: str) -> Slopes:
        """How a node moves with each entry of a name: the chain rule, from entry to entry."""
        if isinstance(node, Cell) and node.name == by and not self._is_recurrent(by):
            return {node.place: Fraction(1)}
        if not self._depends(node, by):
            return {}
        found = self._moved.get((node, by))
        if found is None:
            try:
                found = self._chained(node, by)
            except _SILENT as error:
                found = error
            self._moved[node, by] = found
        if isinstance(found, Exception):
            raise found
        return found

    def _chained(self, node: Node, by: str) -> Slopes:
        terms: dict[Place, list[Number]] = {}
        for other, expression in self.partials(node).items():
            slopes = self.moved(other, by)
            if slopes:
                factor = self.value(expression)
                for place, slope in slopes.items():
                    terms.setdefault(place, []).append(multiplied((factor, slope)))
        if isinstance(node, Cell) and node.name == by:  # an entry of a recurrence is free as well
            terms[node.place] = [Fraction(1)]
        return {place: total(numbers) for place, numbers in terms.items()}
