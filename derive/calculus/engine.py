"""The calculus of one model: normal forms of its names, and derivatives by adjoints over them.

A definition's body is lowered once, with every other name closed. A derivative accumulates
backwards over the definitions (`calculus.adjoints`). So the cost grows with the length of a
network, not with its expanded size, and an answer is in terms of the names in between.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from derive.calculus.adjoints import Accumulation, Body, Gradient, title_of
from derive.calculus.algebra import Algebra, TooLarge
from derive.calculus.coinciding import coinciding, moves, visible
from derive.calculus.contraction import RULES
from derive.calculus.expectation import Averaging
from derive.calculus.limits import Limiting
from derive.calculus.lower import Lowering
from derive.calculus.lower import Scope as Places
from derive.calculus.partials import NotDifferentiable
from derive.calculus.place import Place, Var, fresh, named, text_key
from derive.calculus.powers import Undefined, leading_sign
from derive.calculus.products import NotExact
from derive.calculus.raising import Raising
from derive.calculus.ranges import spot
from derive.calculus.recurrence import as_definition, widest
from derive.calculus.signs import Signs, shape_of
from derive.calculus.term import ZERO, Atom, Poly
from derive.calculus.unfolding import Unfolding
from derive.model.model import Assumption, Definition, Model, Recurrence
from derive.model.scalar import (
    Apply,
    Axis,
    Derivative,
    Expectation,
    IndexVariable,
    Limit,
    Scalar,
    Tensor,
)
from derive.model.traverse import free_variables

SPARSE = frozenset({"binary", "onehot", "diagonal", "simplex"})
MOST_STAGES = 20
MOST_TERMS = 60


@dataclass(frozen=True, slots=True)
class Limits:
    """What a definition leaves out: kinks, ties; and the computed places of its entries.

    `facts` are those that the limits and expectations in it rest on.
    """

    kinks: set[Poly]
    ties: set[Atom]
    places: set[tuple[Poly, Axis]]
    facts: set[str] = field(default_factory=set)


class Calculus:
    """Lowers scalars of a model and differentiates its names. `tick` is called often."""

    def __init__(self, model: Model, tick: Callable[[], None] = lambda: None) -> None:
        self.model = model
        self.tick = tick
        self.signs = Signs(model, self._body_poly)
        self.algebra = Algebra(self.signs, RULES, lambda: self.tick())
        self.lowering = Lowering(
            self.algebra, self._derivative, self.axes, self._note_place, self._closed
        )
        self.kinks: set[Poly] = set()
        self.ties: set[Atom] = set()
        self.facts: set[str] = set()
        self.excluded: set[Poly] = set()
        self.adjoints: list[str] = []
        self.adjoint_of: dict[str, tuple[str, str]] = {}
        self._limits: dict[str, Limits] = {}
        self._bodies: dict[str, Body] = {}
        self._zeros: dict[Poly, Poly | None] = {}
        self._cycles: dict[str, Recurrence | None] = {}
        self._gradients: dict[tuple[str, str, bool], Gradient] = {}
        self._gradient_facts: dict[tuple[str, str, bool], set[str]] = {}
        self._limiting = Limiting(self)
        self._averaging = Averaging(self)
        self._variables: dict[IndexVariable, Var] = {}
        for assumption in model.assumptions:
            self._take(assumption)

    # --- names and bodies ----------------------------------------------------------------------

    def variable(self, index: IndexVariable) -> Var:
        """The variable that stands for a free index of a statement."""
        if index not in self._variables:
            key = hash((19, text_key(index.name), len(self._variables)))
            self._variables[index] = named(index.axis, key, index.name)
        return self._variables[index]

    def axes(self, name: str) -> tuple[Axis, ...]:
        """The axes of a declared or defined tensor. Raises KeyError for an unknown name."""
        if name in self.model.symbols:
            return self.model.symbols[name].axes
        return tuple(v.axis for v in self.model.definitions[name].indices)

    def body(self, name: str) -> Body | None:
        """A definition in normal form, other names closed; None for a declared tensor."""
        definition = self.model.definitions.get(name)
        if definition is None:
            return None
        if name not in self._bodies:
            outer = self.kinks, self.ties, self.signs.places, self.facts
            kept, self.algebra.raised_bases = self.algebra.raised_bases, {}
            self.kinks, self.ties, self.signs.places, self.facts = set(), set(), set(), set()
            self._bodies[name] = self._lower_definition(definition)
            self._limits[name] = Limits(self.kinks, self.ties, self.signs.places, self.facts)
            self.kinks, self.ties, self.signs.places, self.facts = outer
            self.algebra.raised_bases = kept
        return self._bodies[name]

    def exact_body(self, name: str) -> Body | None:
        """The same, and None for a definition that has no normal form: for passing by."""
        try:
            return self.body(name)
        except NotExact:
            return None

    def _note_place(self, number: Poly, axis: Axis) -> None:
        self.signs.places.add((number, axis))

    def _take(self, assumption: Assumption) -> None:
        """An assumed inequality, as a sign that is known from here on."""
        relation = assumption.relation
        if relation.op not in ("<", "<=", ">", ">=") or relation.conditions:
            return
        left, right = (self.lower(x, relation.indices) for x in (relation.left, relation.right))
        above = right - left if relation.op in ("<", "<=") else left - right
        self.signs.assume(above, relation.op in ("<", ">"), assumption.text)

    def _body_poly(self, name: str) -> Poly | None:
        body = self.body(name)
        return body.poly if body else None

    def _lower_definition(self, definition: Definition) -> Body:
        variables = tuple(fresh(v.axis, v.name) for v in definition.indices)
        scope = dict(zip(definition.indices, map(spot, variables), strict=True))
        with self._noting():
            return Body(variables, self.lowering.poly(definition.body, scope))

    def lower(self, scalar: Scalar, indices: tuple[IndexVariable, ...] = ()) -> Poly:
        """A scalar in normal form; its free `indices` become `variable(index)`."""
        with self._noting():
            return self.lowering.poly(scalar, {i: spot(self.variable(i)) for i in indices})

    @contextmanager
    def _noting(self) -> Iterator[None]:
        """Notes the facts by which signs are known as those of what is lowered."""
        before, self.signs.used = self.signs.used, set()
        try:
            yield
        finally:
            self.facts |= self.signs.used
            self.signs.used |= before

    def _closed(self, node: Limit | Expectation, scope: Places) -> Poly:
        with self._noting():
            match node:
                case Limit():
                    return self._limiting.limit(node, scope)
                case Expectation():
                    return self._averaging.mean(node, scope)

    # --- derivatives ---------------------------------------------------------------------------

    def _derivative(
        self, node: Derivative, of_places: tuple[Place, ...], wrt_places: tuple[Place, ...]
    ) -> Poly:
        gradient = self.gradient(node.of, node.wrt, node.partial)
        self.kinks |= gradient.kinks
        self.ties |= gradient.ties
        self.facts |= self._gradient_facts[node.of, node.wrt, node.partial]
        pairs = zip(
            (*gradient.of_variables, *gradient.wrt_variables),
            (*of_places, *wrt_places),
            strict=True,
        )
        return self.algebra.substitute(gradient.poly, dict(pairs))

    def gradient(self, of: str, wrt: str, partial: bool = False) -> Gradient:
        """The derivative of one name by another, entry by entry. Raises NotDifferentiable."""
        key = (of, wrt, partial)
        if key not in self._gradients:
            outer, self.signs.places = self.signs.places, set()
            facts, self.facts = self.facts, set()
            kept, self.algebra.raised_bases = self.algebra.raised_bases, {}
            self.body(of)
            for name in [of] if partial else [n for g in self.backwards(of) for n in g]:
                self.signs.places |= self._limits[name].places
                self.facts |= self._limits[name].facts
            accumulation = Accumulation(self, of, wrt)
            with self._noting():
                found = accumulation.partial() if partial else accumulation.gradient()
            self._gradients[key], self._gradient_facts[key] = found, self.facts
            self.facts = facts
            self.signs.places |= outer  # where there is a derivative, its function is defined
            self.algebra.raised_bases = kept
        return self._gradients[key]

    def name_adjoints(self, of: str, adjoints: dict[str, Body], group: Recurrence | None) -> None:
        """Makes hidden definitions `dL/dz` of adjoints; those of a recurrence run the other way."""
        titles = tuple(title_of(of, name) for name in adjoints)
        turned = None
        if group is not None:
            axes = [self.axes(name)[self.time(name)] for name in adjoints]
            turned = Recurrence(titles[::-1], widest(axes), -group.step, group.span)
        for title, (name, body) in zip(titles, adjoints.items(), strict=True):
            if title in self.model.definitions:
                continue
            time = 0 if turned is None else len(self.axes(of)) + self.time(name)
            indices, scalar = as_definition(self.algebra, body, None if turned is None else time)
            span = self.model.definitions[of].span
            self.model.definitions[title] = Definition(
                title, indices, scalar, span, hidden=True, recurrence=turned, time=time
            )
            self._bodies[title] = body
            self._limits[title] = Limits(set(), set(), set())
            self.adjoints.append(title)
            self.adjoint_of[title] = (of, name)

    def recurrence(self, name: str) -> Recurrence | None:
        """The names that use one another, over time, to which a definition belongs."""
        if name not in self._cycles:
            block = self.block(name)
            for member in (name,) if block is None else block.names:
                self._cycles[member] = None
            for names in () if block is None else self._loops(block.names):
                cycle = replace(block, names=names) if block is not None else None
                self._cycles.update(dict.fromkeys(names, cycle))
        return self._cycles[name]

    def block(self, name: str) -> Recurrence | None:
        """The loop in which a definition stands."""
        definition = self.model.definitions.get(name)
        return None if definition is None else definition.recurrence

    def _loops(self, names: tuple[str, ...]) -> list[tuple[str, ...]]:
        """Those of the names that use themselves, together with those that they need for it."""
        uses = {name: self._reached(name, names) for name in names}
        found: list[tuple[str, ...]] = []
        for name in names:
            if name in uses[name] and not any(name in loop for loop in found):
                found.append(tuple(n for n in names if n in uses[name] and name in uses[n]))
        return found

    def _reached(self, name: str, names: tuple[str, ...]) -> set[str]:
        """The definitions among these on which one depends."""
        found: set[str] = set()
        waiting = [name]
        while waiting:
            body = self.body(waiting.pop())
            new = (body.poly.symbols & set(names)) - found if body else set()
            found |= new
            waiting.extend(sorted(new))
        return found

    def time(self, name: str) -> int:
        """Which index of a definition is that of its recurrence."""
        return self.model.definitions[name].time

    def _group(self, name: str) -> tuple[str, ...]:
        recurrence = self.recurrence(name)
        return (name,) if recurrence is None else recurrence.names

    def backwards(self, name: str) -> list[tuple[str, ...]]:
        """The definitions on which `name` depends, and itself, each before those that it uses.

        The names of a recurrence use one another: they stand together.
        """
        found: dict[tuple[str, ...], None] = {}
        waiting: list[tuple[tuple[str, ...], bool]] = [(self._group(name), False)]
        seen: set[tuple[str, ...]] = set()
        while waiting:
            group, done = waiting.pop()
            if done:
                found[group] = None
                continue
            bodies = [self.body(member) for member in group]
            if group in seen or None in bodies:
                continue
            seen.add(group)
            waiting.append((group, True))
            symbols = frozenset().union(*(body.poly.symbols for body in bodies if body))
            waiting.extend((self._group(s), False) for s in sorted(symbols.difference(group)))
        return list(found)[::-1]

    # --- answers -------------------------------------------------------------------------------

    def resolve(self, scalar: Scalar) -> Scalar:
        """An equal scalar without derivatives and limits, in terms of the model's names.

        It is undefined where a limit is not known: where what must not be zero is.
        """
        free: dict[IndexVariable, Place] = {}
        raising = Raising()
        for index in free_variables(Tensor((), scalar)):
            free[index] = spot(self.variable(index))
            raising.names[self.variable(index)] = index
        self.excluded.clear()
        result = raising.scalar(self.lowering.poly(scalar, free))
        for number in sorted(self.excluded, key=lambda p: p.key):
            divisor = raising.scalar(number)
            result = Apply("div", (Apply("mul", (result, divisor)), divisor))
        return result

    def exclude(self, numbers: set[Poly]) -> None:
        """Notes what must not be zero for a limit to be known."""
        numbers = {-number if leading_sign(number) < 0 else number for number in numbers}
        self.kinks |= numbers
        self.excluded |= numbers

    def start_statement(self) -> None:
        """Forgets what earlier statements left out."""
        self.kinks, self.ties, self.signs.places, self.facts = set(), set(), set(), set()
        self.algebra.raised_bases.clear()

    def left_out(self, poly: Poly) -> frozenset[int]:
        """The shapes of the kinks of all that was differentiated for a statement about `poly`."""
        for name in self.reachable(poly):
            limits = self._limits.get(name)
            if limits is not None:
                self.kinks |= limits.kinks
                self.ties |= limits.ties
                self.signs.places |= limits.places
                self.facts |= limits.facts
        zeros = {k: self.zeros_of(k) for k in self.kinks}
        return frozenset(
            shape_of(k)
            for k, there in zeros.items()
            if there is not None and there in (ZERO, coinciding(self.algebra, k))
        )

    def zeros_of(self, kink: Poly) -> Poly | None:
        """Where a kink is zero whatever the values, so that leaving it out does not mean that."""
        if kink not in self._zeros:
            try:
                self._zeros[kink] = self._find_zeros(self.opened(kink))
            except (TooLarge, NotExact, NotDifferentiable, Undefined):
                self._zeros[kink] = None
        return self._zeros[kink]

    def _find_zeros(self, kink: Poly) -> Poly | None:
        """The same of a kink with definitions opened."""
        if moves(kink, self._is_free):
            return ZERO
        return coinciding(self.algebra, kink)

    def _is_free(self, name: str) -> bool:
        """A declared tensor of which no entry is zero by a property."""
        symbol = self.model.symbols.get(name)
        return symbol is not None and not symbol.properties & SPARSE

    def opened(self, poly: Poly) -> Poly:
        """The polynomial with the definitions opened of what stands in sight."""
        for _ in range(MOST_STAGES):
            names = {str(atom.head[0]) for atom in visible(poly)}
            bodies = {n: body for n in sorted(names) if (body := self.body(n)) is not None}
            if not bodies:
                return poly
            poly = Unfolding(self.algebra, bodies).poly(poly)
            if len(poly.terms) > MOST_TERMS:
                break
        raise TooLarge

    def reachable(self, poly: Poly) -> list[str]:
        """The definitions on which a term depends."""
        found: dict[str, None] = {}
        waiting = sorted(poly.symbols)
        while waiting:
            name = waiting.pop()
            body = self.body(name)
            if body is not None and name not in found:
                found[name] = None
                waiting.extend(sorted(body.poly.symbols))
        return list(found)
