"""What may follow the colon of a declaration: each property, what it says and on which shapes."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from derive.diagnostics.diagnostic import Label
from derive.diagnostics.suggest import nearest
from derive.model.failure import Failure, failure
from derive.model.foreign import of_property
from derive.model.scalar import Axis
from derive.model.shape import has_shape
from derive.syntax import tree


class On(Enum):
    """The shapes on which a property makes sense."""

    ANY = "any tensor"
    VECTOR = "a vector, or every last axis of a larger tensor"
    SQUARE = "a square matrix, or a stack of them"


@dataclass(frozen=True, slots=True)
class Property:
    """One property; `meaning` completes the sentence "x is ...: "."""

    on: On
    meaning: str


PROPERTIES: dict[str, Property] = {
    "onehot": Property(On.VECTOR, "one entry along the last axis is 1 and the others are 0"),
    "simplex": Property(On.VECTOR, "the entries along the last axis are positive and sum to 1"),
    "unit": Property(On.VECTOR, "the squares of the entries along the last axis sum to 1"),
    "positive": Property(On.ANY, "every entry is above 0"),
    "nonnegative": Property(On.ANY, "no entry is below 0"),
    "integer": Property(On.ANY, "every entry is an integer"),
    "binary": Property(On.ANY, "every entry is 0 or 1"),
    "sign": Property(On.ANY, "every entry is -1 or 1"),
    "symmetric": Property(On.SQUARE, "the matrix equals its transpose"),
    "posdef": Property(On.SQUARE, "the matrix is symmetric and x.T @ A @ x > 0 for all x but 0"),
    "invertible": Property(On.SQUARE, "the matrix has an inverse"),
    "orthogonal": Property(On.SQUARE, "the transpose of the matrix is its inverse"),
    "diagonal": Property(On.SQUARE, "every entry off the diagonal is 0"),
}


def properties_of(
    names: Sequence[tree.Name], axes: Sequence[Axis], declared: tree.Name
) -> frozenset[str]:
    """The properties that `names` say, checked against the shape of what is declared."""
    for name in names:
        if name.id not in PROPERTIES:
            near = nearest(name.id, PROPERTIES)
            raise failure(
                "unknown-property",
                f"`{name.id}` is not a property",
                name.span,
                "not a property",
                notes=(f"properties: {', '.join(PROPERTIES)}",),
                helps=of_property(name.id)
                or ((f"did you mean `{near}`?",) if near is not None else ()),
            )
        if not _fits(PROPERTIES[name.id].on, axes):
            raise _wrong_shape(name, axes, declared)
    return frozenset(name.id for name in names)


def _fits(on: On, axes: Sequence[Axis]) -> bool:
    match on:
        case On.VECTOR:
            return bool(axes)
        case On.SQUARE:
            return len(axes) >= 2 and axes[-1].size == axes[-2].size
    return True


def _wrong_shape(name: tree.Name, axes: Sequence[Axis], declared: tree.Name) -> Failure:
    rule = PROPERTIES[name.id]
    return failure(
        "property-shape",
        f"`{name.id}` is a property of {rule.on.value}, and `{declared.id}` {has_shape(axes)}",
        name.span,
        f"{name.id}: {rule.meaning}",
        also=(Label(declared.span, f"`{declared.id}` {has_shape(axes)}"),),
    )
