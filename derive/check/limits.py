"""Where a statement with derivatives speaks: where what was differentiated is defined and smooth.

A formula of a derivative may have a value where the function has none (`1/abs(x)` at a negative x,
for `log(x)`), and at a kink it has whatever value its form happens to give.
"""

from collections.abc import Callable

import numpy as np

from derive.evaluate.arithmetic import BALL, FLOAT, Arithmetic
from derive.evaluate.kinks import Kinks
from derive.evaluate.names import names_in, uses_of, walk
from derive.evaluate.number import Array, EvaluationError, Inexact
from derive.evaluate.point import Point
from derive.evaluate.world import World
from derive.model.model import Model, Relation
from derive.model.scalar import Derivative, Entry, Scalar, Tensor
from derive.model.traverse import free_variables

Worlds = Callable[[Arithmetic, Point], World]
_ENCLOSED = BALL(256)


class Limits:
    """Where the statements of one model speak; `generic` gives a point like any other."""

    def __init__(self, model: Model, generic: Callable[[], Point | None]) -> None:
        self.model = model
        self.generic = generic
        self.kinks = Kinks(model)
        self._uses: dict[str, frozenset[str]] = {}
        self._inside: dict[str, tuple[Derivative, ...]] = {}
        self._of: dict[int, tuple[Relation, tuple[Derivative, ...]]] = {}
        self._smooth: dict[tuple[int, int], tuple[Point, Relation, bool]] = {}
        self._exempt: dict[int, tuple[Relation, dict[Derivative, frozenset[int]]]] = {}

    def derivatives(self, relation: Relation) -> tuple[Derivative, ...]:
        """Every derivative in a relation or in a definition that it uses."""
        found = self._of.get(id(relation))
        if found is None:
            sides = (relation.left, relation.right, *relation.conditions)
            names = frozenset[str]().union(*map(names_in, sides))
            used = names.union(*(self.uses.get(name, frozenset()) for name in names))
            nodes = [node for side in sides for node in _derivatives(side)]
            for name in sorted(used):
                nodes += self._of_definition(name)
            found = self._of[id(relation)] = relation, tuple(dict.fromkeys(nodes))
        return found[1]

    @property
    def uses(self) -> dict[str, frozenset[str]]:
        """For each defined name, all that its value depends on."""
        if len(self._uses) != len(self.model.definitions):
            self._uses = uses_of(self.model)
        return self._uses

    def _of_definition(self, name: str) -> tuple[Derivative, ...]:
        if name not in self._inside:
            definition = self.model.definitions.get(name)
            self._inside[name] = () if definition is None else _derivatives(definition.body)
        return self._inside[name]

    def where(
        self, relation: Relation, point: Point, arithmetic: Arithmetic, worlds: Worlds, given: bool
    ) -> Array:
        """The entries of which the statement speaks; `given` if it says at what to look.

        Raises EvaluationError, TooWide among it.
        """
        nodes = self.derivatives(relation)
        world = worlds(arithmetic, point)
        shape = [world.size(variable) for variable in relation.indices]
        if not nodes:
            return np.ones(shape, bool)
        if not self.is_smooth(relation, point, worlds, given):
            return np.zeros(shape, bool)
        speaks = np.ones(shape, bool)
        for node in nodes:
            try:
                speaks &= _defined(node, relation, world)
            except Inexact:
                speaks &= _defined(node, relation, worlds(_ENCLOSED, point))
        return speaks

    # --- kinks -----------------------------------------------------------------------------------

    def is_smooth(self, relation: Relation, point: Point, worlds: Worlds, given: bool) -> bool:
        """Whether the point is at no kink, but for one at which `at` puts every point."""
        key = (id(relation), id(point))
        found = self._smooth.get(key)
        if found is None:
            exempt = self._at_every_point(relation, worlds) if given else {}
            world = worlds(FLOAT, point)
            is_smooth = all(
                self._hit(node, world) <= exempt.get(node, frozenset())
                for node in self.derivatives(relation)
            )
            found = self._smooth[key] = point, relation, is_smooth
        return found[2]

    def _hit(self, node: Derivative, world: World) -> frozenset[int]:
        try:
            return self.kinks.hit(world, node.of, node.wrt, node.partial)
        except EvaluationError:
            return frozenset()

    def _at_every_point(
        self, relation: Relation, worlds: Worlds
    ) -> dict[Derivative, frozenset[int]]:
        """The kinks at which a generic point is: what stands after `at` is a kink."""
        found = self._exempt.get(id(relation))
        if found is None:
            point = self.generic()
            hits: dict[Derivative, frozenset[int]] = {}
            if point is not None:
                world = worlds(FLOAT, point)
                hits = {node: self._hit(node, world) for node in self.derivatives(relation)}
            found = self._exempt[id(relation)] = relation, hits
        return found[1]


def _derivatives(scalar: Scalar) -> tuple[Derivative, ...]:
    return tuple(found for found in walk(scalar) if isinstance(found, Derivative))


def _defined(node: Derivative, relation: Relation, world: World) -> Array:
    """Where the entry that is differentiated is a number; all of them if the index is bound."""
    entry = Entry(node.of, node.of_indices)
    if set(free_variables(Tensor((), entry))) <= set(relation.indices):
        return np.asarray(world.arithmetic.defined(world.tensor(relation.indices, entry)))
    return np.asarray(world.arithmetic.defined(world.value(node.of)).all())
