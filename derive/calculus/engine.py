"""The calculus of one model: normal forms of its names, and derivatives by adjoints over them.

A definition's body is lowered once, with every other name closed. A derivative accumulates
backwards over the definitions: the adjoint of a name is the sum, over the definitions that use it,
of their adjoint times their local derivative. So the cost grows with the length of a network, not
with its expanded size, and an answer is in terms of the names in between.
Source: Griewank and Walther, Evaluating Derivatives, chapter 3 (reverse accumulation).
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from derive.calculus.algebra import Algebra
from derive.calculus.canonical import rename_poly
from derive.calculus.contraction import RULES
from derive.calculus.lower import Lowering
from derive.calculus.partials import Differentiation
from derive.calculus.place import Place, Var, fresh, text_key
from derive.calculus.raising import Raising
from derive.calculus.ranges import spot
from derive.calculus.signs import Signs, shape_of
from derive.calculus.term import ZERO, Atom, Poly, add, of_atom
from derive.model.model import Assumption, Definition, Model
from derive.model.scalar import Axis, Derivative, IndexVariable, Scalar, Tensor
from derive.model.traverse import free_variables


@dataclass(frozen=True, slots=True)
class Body:
    """A definition lowered: the entry at `variables` is `poly`."""

    variables: tuple[Var, ...]
    poly: Poly


@dataclass(frozen=True, slots=True)
class Limits:
    """What a definition leaves out: kinks, ties; and the computed places of its entries."""

    kinks: set[Poly]
    ties: set[Atom]
    places: set[tuple[Poly, Axis]]


@dataclass(frozen=True, slots=True)
class Gradient:
    """d of[of_variables] / d wrt[wrt_variables], with what must not be zero and must not tie."""

    of_variables: tuple[Var, ...]
    wrt_variables: tuple[Var, ...]
    poly: Poly
    kinks: frozenset[Poly] = field(default_factory=frozenset)
    ties: frozenset[Atom] = field(default_factory=frozenset)


LARGEST_INLINE = 8


def size_of(poly: Poly) -> int:
    """The number of factors, those inside sums included."""
    total = 0
    for atom in poly.atoms():
        total += size_of(atom.args[0]) if atom.kind == "sum" else 1
    return total


class Calculus:
    """Lowers scalars of a model and differentiates its names. `tick` is called often."""

    def __init__(self, model: Model, tick: Callable[[], None] = lambda: None) -> None:
        self.model = model
        self.tick = tick
        self.signs = Signs(model, self._body_poly)
        self.algebra = Algebra(self.signs, RULES, lambda: self.tick())
        self.lowering = Lowering(self.algebra, self._derivative, self.axes, self._note_place)
        self.kinks: set[Poly] = set()
        self.ties: set[Atom] = set()
        self.adjoints: list[str] = []
        self._limits: dict[str, Limits] = {}
        self._bodies: dict[str, Body] = {}
        self._gradients: dict[tuple[str, str, bool], Gradient] = {}
        self._variables: dict[IndexVariable, Var] = {}
        for assumption in model.assumptions:
            self._take(assumption)

    # --- names and bodies ----------------------------------------------------------------------

    def variable(self, index: IndexVariable) -> Var:
        """The variable that stands for a free index of a statement."""
        if index not in self._variables:
            key = hash((19, text_key(index.name), len(self._variables)))
            self._variables[index] = Var(index.axis, key, index.name)
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
            outer = self.kinks, self.ties, self.signs.places
            kept, self.algebra.raised_bases = self.algebra.raised_bases, {}
            self.kinks, self.ties, self.signs.places = set(), set(), set()
            self._bodies[name] = self._lower_definition(definition)
            self._limits[name] = Limits(self.kinks, self.ties, self.signs.places)
            self.kinks, self.ties, self.signs.places = outer
            self.algebra.raised_bases = kept
        return self._bodies[name]

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
        return Body(variables, self.lowering.poly(definition.body, scope))

    def lower(self, scalar: Scalar, indices: tuple[IndexVariable, ...] = ()) -> Poly:
        """A scalar in normal form; its free `indices` become `variable(index)`."""
        return self.lowering.poly(scalar, {i: spot(self.variable(i)) for i in indices})

    # --- derivatives ---------------------------------------------------------------------------

    def _derivative(
        self, node: Derivative, of_places: tuple[Place, ...], wrt_places: tuple[Place, ...]
    ) -> Poly:
        gradient = self.gradient(node.of, node.wrt, node.partial)
        self.kinks |= gradient.kinks
        self.ties |= gradient.ties
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
            kept, self.algebra.raised_bases = self.algebra.raised_bases, {}
            for name in self._backwards(of):
                self.signs.places |= self._limits[name].places
            self._gradients[key] = self._differentiate(of, wrt, partial)
            self.signs.places |= outer  # where there is a derivative, its function is defined
            self.algebra.raised_bases = kept
        return self._gradients[key]

    def _differentiate(self, of: str, wrt: str, partial: bool) -> Gradient:
        algebra = self.algebra
        of_variables = tuple(fresh(a) for a in self.axes(of))
        wrt_variables = tuple(fresh(a) for a in self.axes(wrt))
        target = tuple(map(spot, wrt_variables))
        seeds = tuple(fresh(a) for a in self.axes(of))
        seed = algebra.product(
            algebra.delta(spot(v), spot(u)) for v, u in zip(seeds, of_variables, strict=True)
        )
        if of == wrt:
            result = algebra.substitute(seed, dict(zip(seeds, target, strict=True)))
            return Gradient(of_variables, wrt_variables, result)
        names = self._backwards(of)
        moving = self._dependents(wrt, names)
        adjoints: dict[str, Body] = {of: Body(seeds, seed)}
        result = ZERO
        kinks: set[Poly] = set()
        ties: set[Atom] = set()
        for name in names:
            adjoint, body = adjoints.get(name), self.body(name)
            if adjoint is None or body is None or name == wrt or name not in moving:
                continue
            if name != of and not partial:
                adjoint = self._named(of, of_variables, name, adjoint)
            arriving = rename_poly(
                adjoint.poly, dict(zip(adjoint.variables, body.variables, strict=True))
            )
            for symbol in sorted(body.poly.symbols):
                if symbol != wrt and (partial or symbol not in moving):
                    continue
                variables = tuple(fresh(a) for a in self.axes(symbol))
                at = target if symbol == wrt else tuple(map(spot, variables))
                local = Differentiation(algebra, symbol, at)
                change = algebra.multiply(arriving, local.poly(body.poly))
                kinks |= local.kinks
                ties |= local.ties
                change = algebra.total(body.variables, change)
                if symbol == wrt:
                    result = result + change
                    continue
                before = adjoints.get(symbol)
                if before is not None:
                    renaming = dict(zip(before.variables, variables, strict=True))
                    change = add((change, rename_poly(before.poly, renaming)))
                adjoints[symbol] = Body(variables, change)
        return Gradient(of_variables, wrt_variables, result, frozenset(kinks), frozenset(ties))

    def _named(self, of: str, of_variables: tuple[Var, ...], name: str, adjoint: Body) -> Body:
        """An adjoint of several terms as a hidden definition `dL/dz`, and an entry of that.

        So what is upstream stays closed, and a gradient does not grow with the depth of a network.
        """
        if len(adjoint.poly.terms) < 2 and size_of(adjoint.poly) <= LARGEST_INLINE:
            return adjoint
        title = f"d{of}/d{name}"
        variables = (*of_variables, *adjoint.variables)
        if title not in self.model.definitions:
            raising = Raising()
            indices = tuple(raising.variable(v) for v in variables)
            self.model.definitions[title] = Definition(
                title,
                indices,
                raising.scalar(adjoint.poly),
                self.model.definitions[of].span,
                hidden=True,
            )
            self._bodies[title] = Body(variables, adjoint.poly)
            self._limits[title] = Limits(set(), set(), set())
            self.adjoints.append(title)
        entry = Atom("entry", (title,), tuple(map(spot, variables)))
        return Body(adjoint.variables, of_atom(entry))

    def _backwards(self, name: str) -> list[str]:
        """The definitions on which `name` depends, and itself, each before those that it uses."""
        found: dict[str, None] = {}
        open_names: list[tuple[str, bool]] = [(name, False)]
        seen: set[str] = set()
        while open_names:
            current, done = open_names.pop()
            if done:
                found[current] = None
                continue
            body = self.body(current)
            if current in seen or body is None:
                continue
            seen.add(current)
            open_names.append((current, True))
            open_names.extend((symbol, False) for symbol in sorted(body.poly.symbols))
        return list(found)[::-1]

    def _dependents(self, name: str, backwards: list[str]) -> set[str]:
        """The definitions among these, given last first, that depend on `name`, and itself."""
        found = {name}
        for other in reversed(backwards):
            body = self.body(other)
            if body is not None and not found.isdisjoint(body.poly.symbols):
                found.add(other)
        return found

    # --- answers -------------------------------------------------------------------------------

    def resolve(self, scalar: Scalar) -> Scalar:
        """An equal scalar without derivatives, in terms of the model's names."""
        free: dict[IndexVariable, Place] = {}
        raising = Raising()
        for index in free_variables(Tensor((), scalar)):
            free[index] = spot(self.variable(index))
            raising.names[self.variable(index)] = index
        return raising.scalar(self.lowering.poly(scalar, free))

    def start_statement(self) -> None:
        """Forgets what earlier statements left out."""
        self.kinks, self.ties, self.signs.places = set(), set(), set()
        self.algebra.raised_bases.clear()

    def left_out(self, poly: Poly) -> frozenset[int]:
        """The shapes of the kinks of all that was differentiated for a statement about `poly`."""
        for name in self.reachable(poly):
            limits = self._limits.get(name)
            if limits is not None:
                self.kinks |= limits.kinks
                self.ties |= limits.ties
                self.signs.places |= limits.places
        return frozenset(shape_of(kink) for kink in self.kinks)

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
