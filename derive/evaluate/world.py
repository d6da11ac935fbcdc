"""The values at a point: each scalar as an array with one axis for each free index variable."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, assert_never

import numpy as np

from derive.evaluate.arithmetic import FLOAT
from derive.evaluate.labelled import (
    Labelled,
    Places,
    Table,
    align,
    limit,
    ordered,
    spread,
)
from derive.evaluate.labelled import take as taken
from derive.evaluate.matrices import matrix_entry, matrix_product
from derive.evaluate.names import is_index_arithmetic, is_mask
from derive.evaluate.number import Arithmetic, Array, EvaluationError, TooWide
from derive.evaluate.pieces import by_rationals, joined, split, unknown_entry
from derive.evaluate.point import Point
from derive.evaluate.positions import find_places
from derive.evaluate.products import masked_product
from derive.evaluate.reductions import first_maximum, reduced
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
    Unknown,
)

if TYPE_CHECKING:
    from derive.evaluate.run import Evaluator


class World:
    """All values at one point, each computed once.

    A child (`moved`) is the same world with one name shifted: what depends on it is computed
    anew, the rest is shared.
    """

    def __init__(
        self,
        evaluator: "Evaluator",
        point: Point,
        overrides: Mapping[str, Array],
        parent: "World | None" = None,
    ) -> None:
        self.evaluator = evaluator
        self.model = evaluator.model
        self.arithmetic = evaluator.arithmetic
        self.point = point
        self.parent = parent
        self.depth: int = 0 if parent is None else parent.depth + 1
        self.moved_name: str | None = None
        self.affected: frozenset[str] = frozenset()
        self.derivatives: dict[tuple[str, str, bool], Table] = {}
        self.complaints: list[str] = [] if parent is None else parent.complaints
        self._overrides = overrides
        self.shift = Table((), np.asarray(0))
        self._tables: dict[str, Table] = {}
        self._memo: dict[int, tuple[Scalar, Labelled]] = {}
        self._places: dict[tuple[int, int], tuple[Index, Places]] = {}
        self._beside: dict[str, World] = {}
        for name, values in overrides.items():
            self._tables[name] = Table((), values)

    # Names

    def moved(self, name: str, shift: Table, affected: frozenset[str]) -> "World":
        """This world with `shift` added to `name`; `affected` are the definitions to recompute.

        A recurrence among these adds the shift to each step, and goes on from the sum.
        """
        child = World(self.evaluator, self.point, {}, self)
        base = self.table(name)
        child.moved_name, child.affected, child.shift = name, affected, shift
        if name not in affected:
            child._tables[name] = child._sum_of_tables(base, shift)
        return child

    def _sum_of_tables(self, left: Table, right: Table) -> Table:
        axes = tuple(range(-len(left.shape), 0))
        labels, arrays = align(
            [Labelled((*table.extra, *axes), table.array) for table in (left, right)]
        )
        total = Labelled(labels, self.arithmetic.apply("add", arrays))
        extra = tuple(label for label in labels if label >= 0)
        return Table(extra, ordered(total, (*extra, *axes)))

    def table(self, name: str) -> Table:
        """All entries of a name."""
        found = self._tables.get(name)
        if found is not None:
            return found
        if self.parent is not None and name not in self.affected:
            return self.parent.table(name)
        if name in self.model.definitions:
            for earlier in self.model.definitions:
                if earlier == name:
                    break
                mine = self.parent is None or earlier in self.affected
                if mine and earlier not in self._tables and earlier in self.evaluator.uses[name]:
                    self._complete(earlier)
            self._complete(name)
        else:
            self._tables[name] = self._declared(name)
        return self._tables[name]

    def _complete(self, name: str) -> None:
        """Compute the table of a definition, with those of its recurrence."""
        loop = self.model.definitions[name].recurrence
        if name in self._tables:
            return
        if loop is None:
            self._tables[name] = self.definition(name)
            return
        mine = [each for each in loop.names if each not in self._tables]
        if self.parent is not None:
            mine = [each for each in mine if each in self.affected]
        self._tables.update(self.evaluator.run(self, loop, mine))

    def _declared(self, name: str) -> Table:
        if name not in self.model.symbols:
            raise EvaluationError(f"nothing is named `{name}`")
        if name not in self.point.values:
            raise EvaluationError(f"`{name}` has no value here")
        values = self.point.values[name]
        expected = self.point.shape(self.model.symbols[name].axes)
        if values.shape != expected:
            raise EvaluationError(f"`{name}` has shape {expected} here, not {values.shape}")
        return Table((), self.arithmetic.exact(values))

    def definition(self, name: str) -> Table:
        """What the body of a definition gives, all names in it being known."""
        definition = self.model.definitions[name]
        table = self.as_table(definition.indices, self.scalar(definition.body))
        added = self.added(name)
        return table if added is None else self._sum_of_tables(table, added)

    def with_shift(self, table: Table) -> Table:
        """A table of the name that is moved, with the shift."""
        return self._sum_of_tables(table, self.shift)

    def added(self, name: str) -> Table | None:
        """What is added to a defined name: a shift stays added in all worlds further in."""
        own = self.shift if self.moved_name == name and name in self.affected else None
        definition = self.model.definitions[name]
        ancestor = self.parent
        while ancestor is not None:
            if ancestor.moved_name == name or name in ancestor._overrides:
                outer = ancestor.table(name)
                body = ancestor.as_table(definition.indices, ancestor.scalar(definition.body))
                negated = Table(body.extra, self.arithmetic.apply("neg", [body.array]))
                further = self._sum_of_tables(outer, negated)
                return further if own is None else self._sum_of_tables(own, further)
            ancestor = ancestor.parent
        return own

    def as_table(self, indices: Sequence[IndexVariable], value: Labelled) -> Table:
        """A value as the table of a name with these `indices`."""
        own = tuple(variable.uid for variable in indices)
        extra = tuple(label for label in value.labels if label not in own)
        sizes = value.sizes
        sizes.update((variable.uid, self.size(variable)) for variable in indices)
        limit(sizes.values())
        return Table(extra, spread(value, (*extra, *own), sizes))

    def lows(self, name: str) -> list[int]:
        """The first place along each axis of a name."""
        if name in self.model.definitions:
            axes = [variable.axis for variable in self.model.definitions[name].indices]
        else:
            axes = list(self.model.symbols[name].axes)
        return [self.dim(axis.low) for axis in axes]

    # Scalars

    def tensor(self, indices: Sequence[IndexVariable], scalar: Scalar) -> Array:
        """The entries of `scalar` as `indices` run over their axes."""
        with self.arithmetic.scope():
            try:
                table = self.as_table(indices, self.scalar(scalar))
            except RecursionError:
                raise EvaluationError("the expression is nested too deeply") from None
        if table.extra:
            raise ValueError("an index variable of the scalar is not among the indices")
        return np.array(table.array)

    def value(self, name: str) -> Array:
        """All entries of a name."""
        with self.arithmetic.scope():
            return np.array(self.table(name).array)

    def dim(self, dim: Dim) -> int:
        """A dimension as a number."""
        constant = dim.constant
        if constant is not None:
            return constant
        try:
            return dim.value(self.point.sizes)
        except KeyError as missing:
            raise EvaluationError(f"the dimension `{missing.args[0]}` has no size here") from None

    def size(self, variable: IndexVariable) -> int:
        """The number of places over which a variable runs."""
        size = max(0, self.dim(variable.axis.high) - self.dim(variable.axis.low) + 1)
        limit((size,))
        return size

    def low(self, variable: IndexVariable) -> int:
        """The first value of a variable."""
        return self.dim(variable.axis.low)

    def scalar(self, scalar: Scalar) -> Labelled:
        """The value, with an axis for each free index variable."""
        found = self._memo.get(id(scalar))
        if found is None:
            found = self._memo[id(scalar)] = (scalar, self._scalar(scalar))
        return found[1]

    def _scalar(self, scalar: Scalar) -> Labelled:
        match scalar:
            case Num(value):
                return Labelled((), self.arithmetic.number(value))
            case Constant(name):
                return Labelled((), self.arithmetic.constant(name))
            case DimValue(dim):
                return Labelled((), self.arithmetic.exact(np.asarray(self.dim(dim))))
            case IndexValue(index):
                return self._index_value(index)
            case Entry():
                return self._entry(scalar)
            case Apply():
                return self._apply(scalar)
            case Reduce():
                return reduced(self, scalar)
            case ArgMax(variable, body):
                return first_maximum(self, variable, body)
            case MatrixFunction():
                return matrix_entry(self, scalar)
            case MatrixProduct():
                return matrix_product(self, scalar)
            case Unknown():
                return unknown_entry(self, scalar)
            case Blocks():
                return joined(self, scalar)
            case Split():
                return split(self, scalar)
            case Derivative():
                return self.evaluator.differentiate(self, scalar)
            case Limit() | Expectation():
                return self.scalar(self.evaluator.closed(scalar))
            case _:
                assert_never(scalar)

    def places(self, index: Index, low: int) -> Places:
        """The positions that an index takes on an axis that starts at `low`."""
        found = self._places.get((id(index), low))
        if found is None:
            found = self._places[id(index), low] = (index, find_places(self, index, low))
        return found[1]

    def _index_value(self, index: Index) -> Labelled:
        places = self.places(index, 0)
        value = Labelled(places.labels, self.arithmetic.exact(places.array))
        return self._undefine(value, [places])

    def _entry(self, entry: Entry) -> Labelled:
        table = self.table(entry.symbol)
        lows = self.lows(entry.symbol)
        places = [self.places(index, low) for index, low in zip(entry.indices, lows, strict=True)]
        return self.take(table, places, entry.padded, f"`{entry.symbol}`")

    def take(self, table: Table, places: Sequence[Places], padded: bool, what: str) -> Labelled:
        """The entries of `table` at `places`: outside it, zero if `padded`, else undefined."""
        value, outside = taken(table, places)
        if outside is not None:
            fill = self.arithmetic.exact(np.asarray(0)) if padded else self.arithmetic.undefined()
            if not padded:
                self.complaints.append(f"an index of {what} is outside its range")
            value = Labelled(value.labels, np.where(outside, fill, value.array))
        return self._undefine(value, places)

    def _undefine(self, value: Labelled, places: Sequence[Places]) -> Labelled:
        """`value`, undefined where a computed place is."""
        for place in places:
            if place.undefined is not None:
                value = self.where(
                    place.undefined, Labelled((), self.arithmetic.undefined()), value
                )
        return value

    def where(self, mask: Labelled, yes: Labelled, no: Labelled) -> Labelled:
        """`yes` where `mask` holds, `no` elsewhere."""
        labels, arrays = align([mask, yes, no])
        return Labelled(labels, np.where(arrays[0], arrays[1], arrays[2]))

    def _apply(self, node: Apply) -> Labelled:
        if node.operation in ("mul", "div"):
            product = masked_product(self, node)
            if product is not None:
                return product
        elif self.arithmetic is not FLOAT and is_mask(node):
            truth = self.truth(node)[0]
            return Labelled(truth.labels, self.arithmetic.exact(truth.array.astype(int)))
        labels, arrays = align([self.scalar(argument) for argument in node.arguments])
        try:
            return Labelled(labels, self.arithmetic.apply(node.operation, arrays))
        except TooWide:
            if self.parent or self._overrides:
                raise
            return by_rationals(self, node)

    def beside(self, arithmetic: Arithmetic) -> "World":
        """The same point in another arithmetic, without shifts and overrides."""
        if arithmetic.name not in self._beside:
            self._beside[arithmetic.name] = self.evaluator.beside(arithmetic).at(self.point)
        return self._beside[arithmetic.name]

    def truth(self, condition: Scalar) -> tuple[Labelled, Labelled | None]:
        """Where a condition holds, and where it is undefined (None: nowhere)."""
        world = self
        if self.arithmetic is not FLOAT and is_index_arithmetic(condition):
            world = self.beside(FLOAT)
        value = world.scalar(condition)
        undefined = ~world.arithmetic.defined(value.array)
        holds = Labelled(value.labels, np.asarray(value.array != 0, dtype=bool))
        return holds, Labelled(value.labels, undefined) if undefined.any() else None
