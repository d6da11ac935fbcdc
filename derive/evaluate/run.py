"""Evaluation: a model in one arithmetic, and its worlds, one for each point."""

from collections.abc import Callable, Mapping, Sequence

from derive.evaluate.labelled import Labelled, Table
from derive.evaluate.loops import run_loop
from derive.evaluate.names import uses_of
from derive.evaluate.number import Arithmetic, Array
from derive.evaluate.point import Point
from derive.evaluate.resolving import resolving
from derive.evaluate.world import World
from derive.model.model import Model, Recurrence
from derive.model.scalar import Derivative, IndexVariable, Scalar

_MOST_WORLDS = 48

Differentiate = Callable[[World, Derivative], Labelled]


class Evaluator:
    """Evaluates the scalars of one model in one arithmetic.

    A `Derivative` is evaluated as what `resolve` says it equals, or by `differentiate`; limits and
    expectations as what `resolve` says they equal.
    """

    def __init__(
        self,
        model: Model,
        arithmetic: Arithmetic,
        resolve: Callable[[Scalar], Scalar] | None = None,
        differentiate: Differentiate | None = None,
    ) -> None:
        self.model = model
        self.arithmetic = arithmetic
        self.closed = resolving(resolve)
        self.differentiate = differentiate or self._by_resolving
        self._uses: dict[str, frozenset[str]] | None = None
        self._worlds: dict[int, World] = {}

    def _by_resolving(self, world: World, node: Derivative) -> Labelled:
        return world.scalar(self.closed(node))

    def beside(self, arithmetic: Arithmetic) -> "Evaluator":
        """An evaluator of the same model in another arithmetic."""
        return Evaluator(self.model, arithmetic)

    def run(self, world: World, loop: Recurrence, names: Sequence[str]) -> dict[str, Table]:
        """The tables of those of the names of a recurrence that a world computes."""
        return run_loop(world, loop, names)

    @property
    def uses(self) -> dict[str, frozenset[str]]:
        """For each defined name, all that its value depends on."""
        if self._uses is None or len(self._uses) != len(self.model.definitions):
            self._uses = uses_of(self.model)
        return self._uses

    def at(self, point: Point, overrides: Mapping[str, Array] | None = None) -> World:
        """The values at a point; those of the last few points are kept.

        Overrides replace the values of declared or defined names, and what follows from them.
        """
        if overrides:
            return World(self, point, overrides)
        world = self._worlds.pop(id(point), None)
        if world is None or world.point is not point:
            world = World(self, point, {})
        self._worlds[id(point)] = world
        if len(self._worlds) > _MOST_WORLDS:
            del self._worlds[next(iter(self._worlds))]
        return world

    def tensor(
        self,
        indices: Sequence[IndexVariable],
        scalar: Scalar,
        point: Point,
        overrides: Mapping[str, Array] | None = None,
    ) -> Array:
        """The entries of `scalar` as `indices` run over their axes.

        Raises: EvaluationError where a value is missing or a size makes no sense.
        """
        return self.at(point, overrides).tensor(indices, scalar)
