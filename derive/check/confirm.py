"""Each derivative that a statement speaks of, against finite differences of the forward pass.

The two share no code: one differentiates definitions symbolically, the other shifts numbers. Away
from kinks they must agree; if they do not, derive is wrong, and that is never hidden.
"""

import time
from fractions import Fraction
from typing import Any

import numpy as np

from derive.check import texts
from derive.check.approach import confirm_limit
from derive.check.numbers import InternalDisagreement, Numbers
from derive.check.points import Points
from derive.check.verdict import Value
from derive.evaluate.arithmetic import BALL, TooWide
from derive.evaluate.differences import PRECISION, difference
from derive.evaluate.names import walk
from derive.evaluate.number import EvaluationError
from derive.evaluate.point import Point
from derive.model.model import Model, Relation
from derive.model.scalar import Derivative, Index, IndexVariable, Limit, Scalar

Pair = tuple[str, str, bool]

_POINTS = 3
_PER_FILE = 2.0  # seconds; a deep network's hundred derivatives are not all repeated
_DIGITS = 9


class Confirmation:
    """Confirms every derivative of one model at most once."""

    def __init__(self, model: Model, points: Points, numbers: Numbers) -> None:
        self.model = model
        self.points = points
        self.numbers = numbers
        self._done: set[Pair] = set()
        self._spent = 0.0

    def of(self, relation: Relation) -> None:
        """Confirm the derivatives and limits in a relation. Raises InternalDisagreement."""
        for side in (relation.left, relation.right):
            for node in walk(side):
                if isinstance(node, Limit):
                    for point in self.points.some(0, 1):
                        confirm_limit(self.numbers, node, point)
                elif isinstance(node, Derivative):
                    pair = (node.of, node.wrt, node.partial)
                    if pair not in self._done and self._spent < _PER_FILE:
                        self._done.add(pair)
                        start = time.process_time()
                        self._confirm(pair)
                        self._spent += time.process_time() - start

    def _confirm(self, pair: Pair) -> None:
        """At the first point at which both have a value."""
        of, wrt, partial = pair
        left, right = self.variables(of), self.variables(wrt)
        node = Derivative(of, tuple(map(Index.of, left)), wrt, tuple(map(Index.of, right)), partial)
        for point in self.points.some(0, _POINTS):
            try:
                if self._agree(node, (*left, *right), point):
                    return
            except (EvaluationError, TooWide):
                continue

    def _agree(self, node: Derivative, indices: tuple[IndexVariable, ...], point: Point) -> bool:
        """Whether there was something to compare. Raises InternalDisagreement."""
        arithmetic = BALL(PRECISION)
        exact = self.numbers.evaluator(arithmetic).tensor(indices, node, point)
        found = difference(self.model, node, indices, point)
        compared = False
        with arithmetic.scope():
            for place in np.ndindex(exact.shape):
                symbolic: Any = exact[place]
                middle: Any = found.value[place]
                error: Any = found.error[place]
                if not (symbolic.is_finite() and middle.is_finite() and error.is_finite()):
                    continue
                compared = True
                room = 1000 * error + abs(symbolic) * _tiny() + _tiny()
                if abs(symbolic - middle) > room:
                    raise InternalDisagreement(_difference(node, place, symbolic, middle))
        return compared

    def variables(self, name: str) -> tuple[IndexVariable, ...]:
        """Fresh index variables, one for each axis of a name."""
        if name in self.model.symbols:
            axes = self.model.symbols[name].axes
            return tuple(IndexVariable(f"i{k}", axis) for k, axis in enumerate(axes))
        found = self.model.definitions[name].indices
        return tuple(IndexVariable(variable.name, variable.axis) for variable in found)

    def difference(
        self,
        scalar: Scalar,
        indices: tuple[IndexVariable, ...],
        point: Point,
        place: tuple[int, ...],
    ) -> Value | None:
        """The finite difference of one entry, as text; None where there is none."""
        try:
            found = difference(self.model, scalar, indices, point)
        except (EvaluationError, TooWide):
            return None
        middle, error = found.value[place], found.error[place]
        if not (middle.is_finite() and error.is_finite()):
            return None
        return texts.enclosed("finite difference", texts.widened(middle, error))


def _tiny() -> Any:
    return texts.ball(Fraction(1, 10**_DIGITS))


def _difference(node: Derivative, place: tuple[int, ...], symbolic: Any, middle: Any) -> str:
    numbers = ", ".join(str(k + 1) for k in place)
    entry = f"d{node.of}/d{node.wrt}" + (f" entry [{numbers}]" if numbers else "")
    return (
        f"{entry} is {texts.short(symbolic, 12)} by calculus and "
        f"{texts.short(middle, 12)} by finite differences"
    )
