"""What must hold for a statement to have a value: its logarithms are of positive numbers.

Read off the expressions as written, not off their normal forms, in which a term may have gone. An
expression under a sum counts only where the sum is surely not empty and has no condition.
"""

from collections.abc import Iterator

from derive.calculus.engine import Calculus
from derive.calculus.place import Place, Var, fresh
from derive.calculus.ranges import spot, surely_at_least
from derive.calculus.term import Poly
from derive.model.model import Relation
from derive.model.scalar import (
    Apply,
    Constant,
    DimValue,
    Entry,
    IndexVariable,
    Num,
    Reduce,
    Scalar,
)
from derive.proof.order_signs import Premise

MOST = 400
MOST_PREMISES = 12

INDICATORS = frozenset({"lt", "le", "eq", "ne"})

Scope = dict[IndexVariable, Place]


class Domain:
    """Collects premises from what is written, definitions opened."""

    def __init__(self, calculus: Calculus) -> None:
        self.calculus = calculus
        self.left = MOST

    def of(self, relation: Relation) -> tuple[Premise, ...]:
        """The premises of a relation's two sides."""
        scope = {i: spot(self.calculus.variable(i)) for i in relation.indices}
        found: dict[tuple[Poly, bool], Premise] = {}
        for side in (relation.left, relation.right):
            for poly, strict, parameters in self.visit(side, scope, ()):
                if poly.constant is None:
                    found.setdefault((poly, strict), Premise(poly, strict, "", parameters))
                if len(found) >= MOST_PREMISES:
                    return tuple(found.values())
        return tuple(found.values())

    def visit(
        self, scalar: Scalar, scope: Scope, parameters: tuple[Var, ...]
    ) -> Iterator[tuple[Poly, bool, tuple[Var, ...]]]:
        """The numbers that must be positive (or not negative) for a value."""
        self.left -= 1
        if self.left < 0:
            return
        match scalar:
            case Apply("mul" | "div", arguments) if any(map(self.may_vanish, arguments)):
                return  # zero where the indicator is, whatever stands beside it
            case Apply(operation, arguments):
                if operation in ("log", "sqrt"):
                    lowered = self.calculus.lowering.poly(arguments[0], scope)
                    yield lowered, operation == "log", parameters
                if operation == "pow" and is_broken(arguments[1]):
                    yield self.calculus.lowering.poly(arguments[0], scope), False, parameters
                for argument in arguments:
                    yield from self.visit(argument, scope, parameters)
            case Reduce(_, variable, body, None):
                if surely_at_least(variable.axis.high, variable.axis.low):
                    new = fresh(variable.axis)
                    inner = {**scope, variable: spot(new)}
                    yield from self.visit(body, inner, (*parameters, new))
            case Entry(symbol, indices, False):
                definition = self.calculus.model.definitions.get(symbol)
                if definition is not None:
                    places = [self.calculus.lowering.place(i, scope) for i in indices]
                    inner = dict(zip(definition.indices, places, strict=True))
                    yield from self.visit(definition.body, inner, parameters)
            case _:
                return

    def may_vanish(self, scalar: Scalar) -> bool:
        """A factor that may be zero where another has no value: it has an indicator."""
        self.left -= 1
        match scalar:
            case Apply(operation, arguments):
                return operation in INDICATORS or any(map(self.may_vanish, arguments))
            case Reduce(_, _, body, condition):
                return condition is not None or self.may_vanish(body)
            case Entry(symbol, _, padded):
                definition = self.calculus.model.definitions.get(symbol)
                if padded or self.left < 0:
                    return True
                return definition is not None and self.may_vanish(definition.body)
            case Num() | DimValue() | Constant():
                return False
            case _:
                return True


def is_broken(exponent: Scalar) -> bool:
    """A power that is defined only where its base is not negative."""
    return isinstance(exponent, Num) and exponent.value.denominator != 1
