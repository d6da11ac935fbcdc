"""Index notation to the graph: every definition of a model as a use, made when first asked for."""

from collections.abc import Callable, Hashable
from fractions import Fraction
from typing import assert_never

from derive.calculus.products import NotExact
from derive.compile.algebra import Algebra
from derive.compile.chain import matrix_power, matrix_product
from derive.compile.loop import Loop, Place, Write
from derive.compile.node import Node, NotCompiled, Spot, Use, relabelled, union
from derive.compile.pieces import at_fixed_place, pieces
from derive.compile.terms import ONE, number_of
from derive.model.dim import ONE as DIM_ONE
from derive.model.dim import ZERO, Dim
from derive.model.model import Model, Recurrence
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
    Unknown,
)

_ONE_SUMS = frozenset(("onehot", "simplex"))
_NOT_BELOW_ZERO = frozenset(("positive", "nonnegative", "onehot", "simplex", "binary"))


class Lowering:
    """Lowers the names of one model. Those in `wrt` are differentiated by: they are free, so that
    no rule opens a defined one, or uses what is known of the entries of a declared one.

    `resolve` gives an equal scalar without derivatives.
    """

    def __init__(
        self, model: Model, resolve: Callable[[Scalar], Scalar], wrt: frozenset[str]
    ) -> None:
        self.model = model
        self.resolve = resolve
        self.wrt = wrt
        self.algebra = Algebra(
            lambda name: name not in wrt and self._has(name, _ONE_SUMS),
            lambda name: self._has(name, _NOT_BELOW_ZERO),
        )
        self.names: dict[str, Use] = {}
        self.titles: dict[Node, str] = {}
        self.chains: dict[Hashable, tuple[Use, tuple[IndexVariable, ...]]] = {}
        self.in_loop = False
        self._starting: Recurrence | None = None  # the loop of which a first entry is lowered

    def _has(self, name: str, properties: frozenset[str]) -> bool:
        """Whether one of the properties is declared of a name: of a defined one, none is."""
        symbol = self.model.symbols.get(name)
        return symbol is not None and not properties.isdisjoint(symbol.properties)

    def axes(self, name: str) -> tuple[Axis, ...]:
        """The axes of a name."""
        if name in self.model.symbols:
            return self.model.symbols[name].axes
        return tuple(v.axis for v in self.model.definitions[name].indices)

    def labels(self, name: str) -> tuple[IndexVariable, ...]:
        """The labels of `self.name(name)`, those that it lacks included."""
        if name in self.model.definitions:
            return self.model.definitions[name].indices
        return self.name(name).labels

    def name(self, name: str) -> Use:
        """The entries of a name, with the index variables of its definition as labels."""
        if name not in self.names:
            graph = self.algebra.graph
            definition = self.model.definitions.get(name)
            if definition is None:
                if name not in self.model.symbols:
                    raise NotCompiled(f"the undefined name `{name}`")
                labels = [IndexVariable("a", axis) for axis in self.axes(name)]
                use = graph.make("name", (name,), (), labels)
            elif definition.recurrence is not None:
                self._loop(definition.recurrence)
                return self.names[name]
            else:
                use = self.scalar(definition.body)
                order = [v for v in definition.indices if v in use.labels]
                if name in self.wrt:
                    use = graph.make("named", (name,), [use], order)
            self.names[name] = use
            if definition is None or not definition.hidden:
                self.titles[use.node] = name
            else:
                self.titles.setdefault(use.node, name)
        return self.names[name]

    def _loop(self, recurrence: Recurrence) -> None:
        """The tables of a recurrence, and what is written into them."""
        graph = self.algebra.graph
        definitions = [self.model.definitions[name] for name in recurrence.names]
        number = len(graph.loops)
        loop = Loop(number, recurrence.step, tuple(d.time for d in definitions))
        graph.loops[number] = loop
        states: list[Node] = []
        for k, definition in enumerate(definitions):
            use = graph.make("state", (number, k), (), definition.indices)
            states.append(use.node)
            self.names[definition.name] = use
            self.titles[use.node] = definition.name
        loop.states = tuple(states)
        for k, definition in enumerate(definitions):
            for piece in pieces(definition):
                self._starting = None if piece.variable.axis == recurrence.axis else recurrence
                around, self.in_loop = self.in_loop, True
                value = self.scalar(piece.body)
                self.in_loop = around
                self._starting = None
                time = definition.indices[definition.time]
                places = tuple(
                    Place(piece.variable if v is time else v, ZERO) for v in definition.indices
                )
                loop.writes.append(Write(k, value, places))
        loop.last = graph.count()

    def scalar(self, scalar: Scalar) -> Use:
        """The use whose labels are the free index variables."""
        algebra = self.algebra
        match scalar:
            case Num(value):
                return algebra.number(value)
            case Constant(name):
                return algebra.graph.make("constant", (name,), (), ())
            case DimValue(dim):
                return self.dim(dim)
            case IndexValue(index):
                return self.index(index)
            case Entry():
                return self.entry(scalar)
            case Apply(operation, arguments):
                return self.apply(operation, [self.scalar(a) for a in arguments])
            case Reduce():
                return self.reduce(scalar)
            case ArgMax(variable, body):
                inner = self.scalar(body)
                out = [label for label in inner.labels if label is not variable]
                place = algebra.graph.make(
                    "argmax", (), [self._with(inner, variable)], out, [variable]
                )
                return algebra.plus(place, self.dim(variable.axis.low))
            case MatrixFunction():
                return self.matrix(scalar)
            case Blocks():
                return self.blocks(scalar)
            case Split():
                return self.split(scalar)
            case Derivative():
                return self.derivative(scalar)
            case MatrixProduct():
                return matrix_product(self, scalar)
            case Limit() | Expectation():
                return self.closed(scalar)
            case Unknown(function):
                raise NotCompiled(f"the unspecified function `{function}`")
            case _:
                assert_never(scalar)

    def closed(self, node: Limit | Expectation) -> Use:
        """A limit or a mean, where it is known."""
        try:
            found = self.resolve(node)
        except NotExact as problem:
            found, why = node, f": {problem}"
        else:
            why = ""
        if isinstance(found, Limit | Expectation):
            kind = "limit" if isinstance(found, Limit) else "mean over random tensors"
            raise NotCompiled(f"a {kind} whose value is not known{why}")
        return self.scalar(found)

    def derivative(self, node: Derivative) -> Use:
        """A derivative in a definition, in closed form."""
        try:
            return self.scalar(self.resolve(node))
        except NotExact as problem:
            raise NotCompiled(f"a derivative without a closed form: {problem}") from None

    def dim(self, dim: Dim) -> Use:
        """A dimension as a number."""
        if dim.constant is not None:
            return self.algebra.number(dim.constant)
        return self.algebra.graph.make("dim", (dim,), (), ())

    def index(self, index: Index) -> Use:
        """An index as a number."""
        parts = [self.dim(index.offset), *(self.scalar(c) for c in index.computed)]
        for variable, factor in index.terms:
            places = self.algebra.graph.make("places", (), (), [variable])
            parts.append(self.algebra.product([(self.dim(factor), ONE), (places, ONE)]))
        return self.algebra.plus(*parts)

    def apply(self, operation: str, uses: list[Use]) -> Use:
        """An operation on numbers."""
        algebra = self.algebra
        match operation:
            case "add":
                return algebra.plus(*uses)
            case "sub":
                return algebra.minus(*uses)
            case "neg":
                return algebra.times(uses[0], -1)
            case "mul":
                return algebra.product((use, ONE) for use in uses)
            case "div":
                return algebra.product([(uses[0], ONE), (uses[1], -ONE)])
            case "sqrt":
                return algebra.product([(uses[0], Fraction(1, 2))])
            case _:
                return algebra.apply(operation, *uses)

    def reduce(self, node: Reduce) -> Use:
        """A sum, product or extremum over an index."""
        algebra = self.algebra
        variable = node.variable
        body = self.scalar(node.body)
        mask = None if node.condition is None else self.scalar(node.condition)
        if node.operation == "sum":
            uses = [body] if mask is None else [mask, body]
            out = [label for label in union(uses) if label is not variable]
            return algebra.contract(uses, out, [variable])
        if mask is not None:
            fill = {"prod": self.algebra.one, "max": self.infinity(-1), "min": self.infinity(1)}
            body = algebra.graph.make(
                "call", ("choose",), [mask, body, fill[node.operation]], union([body, mask])
            )
        body = self._with(body, variable)
        out = [label for label in body.labels if label is not variable]
        return algebra.graph.make("fold", (node.operation,), [body], out, [variable])

    def infinity(self, sign: int) -> Use:
        """Plus or minus infinity."""
        return self.algebra.times(self.algebra.graph.make("constant", ("inf",), (), ()), sign)

    def _with(self, use: Use, *variables: IndexVariable) -> Use:
        """The same, with these labels among its own (repeated along those that it lacks)."""
        missing = [v for v in variables if v not in use.labels]
        if not missing:
            return use
        return self.algebra.graph.make("spread", (), [use], [*use.labels, *missing])

    def _ending(self, use: Use, variables: tuple[IndexVariable, ...]) -> Use:
        """The same, with these labels last in this order."""
        full = self._with(use, *variables)
        order = [*(v for v in full.labels if v not in variables), *variables]
        if list(full.labels) == order:
            return full
        return self.algebra.graph.make("spread", (), [full], order)

    def entry(self, entry: Entry) -> Use:
        """An entry of a name: the array itself where its indices are plain."""
        own = self.labels(entry.symbol)
        table = self.name(entry.symbol)
        if self._starting is not None and entry.symbol in self._starting.names:
            return self.scalar(at_fixed_place(self.model.definitions[entry.symbol], entry))
        return self.take(table, own, entry.indices, entry.padded)

    def take(
        self,
        table: Use,
        own: tuple[IndexVariable, ...],
        indices: tuple[Index, ...],
        padded: bool = False,
    ) -> Use:
        """The entries of a table, whose axes are those of `own`, at these indices."""
        pairs = [(v, i) for v, i in zip(own, indices, strict=True) if padded or v in table.labels]
        plain = [i.variable for v, i in pairs]
        whole = all(
            p is not None and p.axis == v.axis for (v, _), p in zip(pairs, plain, strict=True)
        )
        if whole and len(set(plain)) == len(plain):
            moved = {v: p for (v, _), p in zip(pairs, plain, strict=True) if p is not None}
            return relabelled(table, moved)
        table = self._ending(table, tuple(v for v, _ in pairs))
        if len(table.labels) != len(pairs):
            raise NotCompiled("entries of many tables at once")
        out: dict[IndexVariable, None] = {}
        computed: list[Use] = []
        for _, index in pairs:
            out.update((v, None) for v, _ in index.terms)
            for scalar in index.computed:
                out.update(dict.fromkeys(self.scalar(scalar).labels))
        numbers = {v: k for k, v in enumerate(out)}
        spots: list[Spot] = []
        for v, index in pairs:
            slot = 0
            if index.computed:
                computed.append(self.algebra.plus(*map(self.scalar, index.computed)))
                slot = len(computed)
            terms = tuple((numbers[variable], factor) for variable, factor in index.terms)
            spots.append(Spot(terms, index.offset, slot, v.axis.low))
        args = [Use(table.node, ()), *computed]
        return self._make_take(args, tuple(spots), list(out), padded)

    def _make_take(
        self, args: list[Use], spots: tuple[Spot, ...], out: list[IndexVariable], padded: bool
    ) -> Use:
        """The table stands with its own axes: they are no labels of the result."""
        table = args[0].node
        own = tuple(IndexVariable("t", axis) for axis in table.shape)
        return self.algebra.graph.make(
            "take", (*spots, padded), [Use(table, own), *args[1:]], out, own
        )

    def matrix(self, node: MatrixFunction) -> Use:
        """A function of a matrix."""
        graph = self.algebra.graph
        own = node.matrix.indices
        body = self._ending(self.scalar(node.matrix.body), own)
        batch = body.labels[:-2]
        if node.operation in ("det", "logdet"):
            return graph.make("matrix", (node.operation,), [body], batch, own)
        new = tuple(IndexVariable(v.name, v.axis) for v in own)
        args = [body]
        if node.power is not None:
            args.append(self.scalar(node.power))
            if args[1].labels:
                raise NotCompiled("many powers of a matrix")
            power = number_of(args[1])
            if power is not None and power.denominator == 1:
                written = matrix_power(self, body, int(power))
                if written is not None:
                    return self._entry_of(written, own, batch, node.indices)
        whole = graph.make("matrix", (node.operation,), args, [*batch, *new], own)
        return self._entry_of(whole, new, batch, node.indices)

    def _entry_of(
        self,
        whole: Use,
        own: tuple[IndexVariable, ...],
        batch: tuple[IndexVariable, ...],
        indices: tuple[Index, ...],
    ) -> Use:
        """An entry of a matrix, or of many."""
        if not batch:
            return self.take(whole, own, indices)
        plain = [index.variable for index in indices]
        if any(p is None for p in plain) or plain[0] is plain[1]:
            raise NotCompiled("single entries of many matrices")
        return relabelled(whole, {v: p for v, p in zip(own, plain, strict=True) if p})

    def blocks(self, node: Blocks) -> Use:
        """Pieces one after the other."""
        pieces: list[Use] = []
        bodies = [(part.variable, self.scalar(part.body)) for part in node.parts]
        others = tuple(dict.fromkeys(v for own, use in bodies for v in use.labels if v is not own))
        ends: list[IndexVariable] = []
        total = ZERO
        for own, use in bodies:
            pieces.append(self._ending(use, (*others, own)))
            ends.append(own)
            total = total + own.axis.size
        whole = IndexVariable("p", Axis(DIM_ONE, total))
        joined = self.algebra.graph.make("join", (), pieces, [*others, whole], ends)
        return self._at(joined, whole, node.index)

    def split(self, node: Split) -> Use:
        """Row-major digits of an index."""
        body = self._ending(self.scalar(node.body), node.variables)
        batch = body.labels[: -len(node.variables)]
        total = DIM_ONE
        for variable in node.variables:
            total = total * variable.axis.size
        whole = IndexVariable("p", Axis(DIM_ONE, total))
        count = len(node.variables)
        merged = self.algebra.graph.make("merge", (count,), [body], [*batch, whole], node.variables)
        return self._at(merged, whole, node.index)

    def _at(self, joined: Use, whole: IndexVariable, index: Index) -> Use:
        """The entry at `index` of the axis `whole`."""
        plain = index.variable
        if plain is not None and plain.axis == whole.axis and plain not in joined.labels:
            return relabelled(joined, {whole: plain})
        own = joined.labels
        return self.take(joined, own, tuple(index if v is whole else Index.of(v) for v in own))
