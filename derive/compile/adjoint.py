"""Reverse accumulation over the graph: the derivative of one number by many arrays.

Each kind of node has one rule, each function one row in `SLOPES`; the calculus proves every row in
the tests. The result is graph again, so that what the value has computed is used, not repeated.
Source: Griewank and Walther, Evaluating Derivatives, chapter 3.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction

from derive.compile.algebra import Algebra
from derive.compile.loop import Loop, Place, Write, put_at, reached
from derive.compile.lowering import Lowering
from derive.compile.node import Node, NotCompiled, Use, arguments, fresh_use, relabelled
from derive.compile.terms import ONE, exponents, number_of
from derive.model.dim import ONE as DIM_ONE
from derive.model.dim import ZERO
from derive.model.scalar import Index, IndexVariable

Slope = Callable[[Algebra, Use, Use], Use]
TWO = Fraction(2)


def _power(algebra: Algebra, base: Use, exponent: Fraction | int) -> Use:
    return algebra.product([(base, Fraction(exponent))])


def _less(algebra: Algebra, use: Use) -> Use:
    """1 - u^2."""
    return algebra.minus(algebra.one, _power(algebra, use, 2))


def _root(algebra: Algebra, use: Use, exponent: Fraction) -> Use:
    return _power(algebra, _less(algebra, use), exponent)


def _erf(algebra: Algebra, x: Use, _out: Use) -> Use:
    pi = algebra.graph.make("constant", ("pi",), (), ())
    bell = algebra.apply("exp", algebra.times(_power(algebra, x, 2), -1))
    return algebra.times(algebra.product([(pi, Fraction(-1, 2)), (bell, ONE)]), 2)


HALF = Fraction(1, 2)
SLOPES: dict[str, Slope] = {
    "exp": lambda algebra, x, out: out,
    "log": lambda algebra, x, out: _power(algebra, x, -1),
    "softplus": lambda algebra, x, out: algebra.apply("exp", algebra.minus(x, out)),
    "abs": lambda algebra, x, out: algebra.apply("sign", x),
    "sin": lambda algebra, x, out: algebra.apply("cos", x),
    "cos": lambda algebra, x, out: algebra.times(algebra.apply("sin", x), -1),
    "tan": lambda algebra, x, out: algebra.plus(algebra.one, _power(algebra, out, 2)),
    "asin": lambda algebra, x, out: _root(algebra, x, -HALF),
    "acos": lambda algebra, x, out: algebra.times(_root(algebra, x, -HALF), -1),
    "atan": lambda algebra, x, out: _power(
        algebra, algebra.plus(algebra.one, _power(algebra, x, 2)), -1
    ),
    "sinh": lambda algebra, x, out: algebra.apply("cosh", x),
    "cosh": lambda algebra, x, out: algebra.apply("sinh", x),
    "tanh": lambda algebra, x, out: _less(algebra, out),
    "erf": _erf,
    "lgamma": lambda algebra, x, out: algebra.apply("digamma", x),
}
"""The derivative of each function of one number, from its argument and its value."""

FLAT = frozenset(("sign", "lt", "le", "eq", "ne"))
"""Functions that are constant where they have a derivative."""


class Adjoints:
    """Collects the adjoint of every node on which a number depends.

    A loop is differentiated as its steps are, with its index as one label more: the adjoints of its
    tables are tables of another loop, which runs the other way.
    """

    def __init__(self, lowering: Lowering, value: Use, targets: Sequence[Node]) -> None:
        self.lowering = lowering
        self.algebra = lowering.algebra
        self.targets = set(targets)
        self.own: dict[Node, tuple[IndexVariable, ...]] = {}
        self.parts: dict[Node, list[Use]] = {}
        self.total: dict[Node, Use] = {}
        self.turned: dict[int, Loop] = {}
        nodes, loops = reached(self.algebra.graph, [value.node])
        nodes.sort(key=lambda n: n.serial)
        self.moving = self._find_moving(nodes, loops)
        if self.moving[value.node]:
            self.parts[value.node] = [self.algebra.one]
            self.own[value.node] = ()
        waiting = sorted(loops, key=lambda loop: loop.last)
        for node in reversed(nodes):
            while waiting and waiting[-1].last > node.serial:
                self._turn(waiting.pop())
            if self.moving[node] and node in self.parts:
                self._visit(node)

    def _find_moving(self, nodes: list[Node], loops: list[Loop]) -> dict[Node, bool]:
        """Whether each node depends on a target."""
        found: dict[Node, bool] = {}
        before = -1
        while sum(found.values()) != before:
            before = sum(found.values())
            tables = {
                loop.states[write.table]
                for loop in loops
                for write in loop.writes
                if found.get(write.value.node)
            }
            for node in nodes:
                found[node] = (
                    node in self.targets or node in tables or any(found[n] for n, _ in node.args)
                )
        return found

    def of(self, node: Node) -> Use:
        """The adjoint of a target; its labels are among `self.own[node]`."""
        return self.total.get(node, self.algebra.number(0))

    def _turn(self, loop: Loop) -> None:
        """Starts the loop of the adjoints; what its steps add is written as it is found."""
        graph = self.algebra.graph
        turned = Loop(len(graph.loops), -loop.step, loop.times)
        graph.loops[turned.number] = turned
        self.turned[loop.number] = turned
        states: list[Node] = []
        tables: list[Use] = []
        for k, node in enumerate(loop.states):
            own = self.own.setdefault(node, fresh_use(node).labels)
            turned.writes += self._starting(k, node, self.parts.get(node, []))
            self.parts[node] = []
            tables.append(graph.make("state", (turned.number, k), (), own))
            states.append(tables[-1].node)
        turned.states = tuple(states)
        for write in loop.writes:
            labels = [place.label for place in write.places if place.label is not None]
            indices = tuple(_index(place) for place in write.places)
            table = tables[write.table]
            arriving = self.lowering.take(table, table.labels, indices)
            self.add(write.value, [arriving], labels)

    def _starting(self, table: int, node: Node, parts: Sequence[Use]) -> list[Write]:
        """What the rest of the graph adds to the adjoint of a table, by the entries it is about."""
        own = self.own[node]
        found: dict[tuple[Place, ...], list[Use]] = {}
        whole = tuple(Place(label, ZERO) for label in own)
        for part in parts:
            put = put_at(part) if part.node.kind == "put" else None
            value, places = put if put is not None else (part, whole)
            names = {
                place.label: label
                for place, label in zip(places, own, strict=True)
                if place.label is not None and place.label.axis == label.axis
            }
            moved = tuple(
                Place(names.get(p.label, p.label) if p.label is not None else None, p.offset)
                for p in places
            )
            found.setdefault(moved, []).append(relabelled(value, names))
        writes: list[Write] = []
        for places in sorted(found, key=lambda places: places != whole):
            value = self.algebra.add((part, ONE) for part in found[places])
            if number_of(value) != 0:
                writes.append(Write(table, value, places, adds=bool(writes)))
        return writes

    def _finish(self, node: Node) -> None:
        """What the steps of a loop add to the adjoint of one of its tables."""
        number, table = node.head
        assert isinstance(number, int)
        assert isinstance(table, int)
        turned = self.turned[number]
        for part in self.parts[node]:
            if part.node.kind != "put":
                places = tuple(Place(label, ZERO) for label in self.own[node])
                turned.writes.append(Write(table, part, places, adds=True))
                continue
            put = put_at(part)
            if put is None:
                raise NotCompiled("entries of a recurrence at computed places")
            turned.writes.append(Write(table, *put, adds=True))
        turned.last = self.algebra.graph.count()
        self.total[node] = Use(turned.states[table], self.own[node])

    def _visit(self, node: Node) -> None:
        if node.kind == "state":
            self._finish(node)
            return
        total = self.algebra.add((part, ONE) for part in self.parts[node])
        self.total[node] = total
        if number_of(total) == 0 or not any(self.moving[n] for n, _ in node.args):
            return
        use = Use(node, self.own[node])
        inside, inner = arguments(use)
        _Rule(self, use, total, inside, inner).push()

    def add(self, use: Use, found: Sequence[Use], over: Sequence[IndexVariable]) -> None:
        """Adds the sum of a product over all labels but those of `use` to its adjoint."""
        node = use.node
        if not self.moving[node]:
            return
        if node not in self.own:
            self.own[node] = fresh_use(node).labels
            self.parts[node] = []
        summed = [label for label in over if label not in use.labels]
        part = self.algebra.contract(found, use.labels, summed)
        names = dict(zip(use.labels, self.own[node], strict=True))
        self.parts[node].append(relabelled(part, names))


class _Rule:
    """The arguments of one node get their share of its adjoint."""

    def __init__(
        self,
        adjoints: Adjoints,
        use: Use,
        arriving: Use,
        inside: tuple[Use, ...],
        inner: tuple[IndexVariable, ...],
    ) -> None:
        self.adjoints = adjoints
        self.algebra = adjoints.algebra
        self.use, self.arriving, self.inside, self.inner = use, arriving, inside, inner
        self.over = (*use.labels, *inner)

    def push(self) -> None:
        """Adds to the adjoints of the arguments."""
        rule = getattr(self, self.use.node.kind, None)
        if rule is None:
            raise NotCompiled(f"the derivative of `{self.use.node.kind}`")
        rule()

    def give(self, number: int, *found: Use) -> None:
        """The adjoint times `found`, to the argument of this number."""
        self.adjoints.add(self.inside[number], [self.arriving, *found], self.over)

    def named(self) -> None:
        self.give(0)

    def spread(self) -> None:
        self.give(0)

    def lin(self) -> None:
        for k, coefficient in enumerate(exponents(self.use)):
            self.give(k, self.algebra.number(coefficient))

    def mono(self) -> None:
        powers = exponents(self.use)
        for k, (use, power) in enumerate(zip(self.inside, powers, strict=True)):
            others = [(u, e) for u, e in zip(self.inside, powers, strict=True) if u != use]
            found = [self.algebra.product([pair]) for pair in others]
            lowered = self.algebra.product([(use, power - 1)])
            self.give(k, self.algebra.number(power), lowered, *found)

    def contract(self) -> None:
        for k in range(len(self.inside)):
            self.give(k, *self.inside[:k], *self.inside[k + 1 :])

    def call(self) -> None:
        algebra = self.algebra
        name = str(self.use.node.head[0])
        if name in SLOPES:
            self.give(0, SLOPES[name](algebra, self.inside[0], self.use))
            return
        if name in FLAT:
            return
        match name:
            case "max" | "min":
                left, right = self.inside  # max(a, b) = b + (a - b) [a > b], min likewise
                order = (right, left) if name == "max" else (left, right)
                chosen = algebra.apply("lt", *order)
                self.give(0, chosen)
                self.give(1, algebra.minus(algebra.one, chosen))
            case "where" | "choose":
                mask = self.inside[0]
                self.give(1, mask)
                if name == "choose":
                    self.give(2, algebra.minus(algebra.one, mask))
            case "pow":
                base, exponent = self.inside
                lowered = algebra.apply("pow", base, algebra.minus(exponent, algebra.one))
                self.give(0, exponent, lowered)
                if self.adjoints.moving[exponent.node]:
                    self.give(1, self.use, algebra.apply("log", base))
            case _:
                raise NotCompiled(f"the derivative of `{name}`")

    def lse(self) -> None:
        weight = self.algebra.apply("exp", self.algebra.minus(self.inside[0], self.use))
        self.give(0, weight, *self.inside[1:])
        if len(self.inside) == 2:
            self.give(1, weight)

    def fold(self) -> None:
        algebra = self.algebra
        (body,) = self.inside
        (label,) = self.inner
        if self.use.node.head[0] == "prod":
            axis = body.labels.index(label)
            self.give(0, algebra.graph.make("others", (axis,), [body], body.labels))
            return
        inside = body if self.use.node.head[0] == "max" else algebra.times(body, -1)
        first = algebra.graph.make("argmax", (), [inside], self.use.labels, [label])
        place = algebra.graph.make("places", (), (), [label])
        low = label.axis.low
        start = algebra.number(low.constant) if low.constant is not None else None
        start = start or algebra.graph.make("dim", (low,), (), ())
        self.give(0, algebra.apply("eq", algebra.plus(first, start), place))

    def take(self) -> None:
        table = self.inside[0]
        values = self.algebra.graph.make(
            "put",
            self.use.node.head,
            [self._whole(), *self.inside[1:]],
            table.labels,
            self.use.labels,
        )
        self.adjoints.add(table, [values], table.labels)

    def put(self) -> None:
        values = self.inside[0]
        own = tuple(IndexVariable("t", axis) for axis in self.use.node.shape)
        names = dict(zip(self.use.labels, own, strict=True))
        whole = relabelled(self._whole(), names)
        taken = self.algebra.graph.make(
            "take", self.use.node.head, [whole, *self.inside[1:]], values.labels, own
        )
        self.adjoints.add(values, [taken], values.labels)

    def _whole(self, labels: tuple[IndexVariable, ...] | None = None) -> Use:
        """The adjoint with all labels of the node, in their order."""
        wanted = self.use.labels if labels is None else labels
        if self.arriving.labels == wanted:
            return self.arriving
        return self.algebra.graph.make("spread", (), [self.arriving], wanted)

    def join(self) -> None:
        whole = self._whole()
        for k, piece in enumerate(self.inside):
            part = self.algebra.graph.make(
                "piece",
                (k, tuple(p.labels[-1].axis.size for p in self.inside)),
                [whole],
                piece.labels,
                [self.use.labels[-1]],
            )
            self.adjoints.add(piece, [part], piece.labels)

    def merge(self) -> None:
        (body,) = self.inside
        count = self.use.node.head[0]
        part = self.algebra.graph.make(
            "part", (count,), [self._whole()], body.labels, [self.use.labels[-1]]
        )
        self.adjoints.add(body, [part], body.labels)

    def matrix(self) -> None:
        """By d inv(A) = -inv(A) dA inv(A), d logdet A = tr(inv(A) dA), d det A = det A d logdet A.

        Source: Petersen and Pedersen, The Matrix Cookbook, section 2.
        """
        algebra = self.algebra
        body = self.inside[0]
        row, column = body.labels[-2:]
        kind = self.use.node.head[0]
        if kind == "inv":
            left, right = self.use.labels[-2:]  # dinv[l, r] / dA[i, j] = -inv[l, i] inv[j, r]
            first = relabelled(self.use, {right: row})
            second = relabelled(self.use, {left: column})
            self.adjoints.add(
                body,
                [algebra.number(-1), self.arriving, first, second],
                (*self.use.labels, row, column),
            )
            return
        if kind == "matpow":
            raise NotCompiled("the derivative of `matpow`")
        new = [IndexVariable("a", v.axis) for v in (row, column)]
        inverse = algebra.graph.make(
            "matrix", ("inv",), [body], [*self.use.labels, *new], [row, column]
        )
        turned = relabelled(inverse, {new[0]: column, new[1]: row})
        more = [self.use] if kind == "det" else []
        self.give(0, turned, *more)


def _index(place: Place) -> Index:
    """The position as an index."""
    terms = () if place.label is None else ((place.label, DIM_ONE),)
    return Index(terms, place.offset)
