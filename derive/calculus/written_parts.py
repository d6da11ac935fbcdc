"""Sums inside of definitions, such as the `x - mu` of `gamma*(x - mu)/sigma`, as names.

A term is a polynomial in `x` and `mu`; where the file thinks in `x - mu`, an answer is shorter so.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from derive.calculus.adjoints import Body
from derive.calculus.engine import Calculus
from derive.calculus.partials import NotDifferentiable
from derive.calculus.powers import Undefined
from derive.calculus.products import NotExact
from derive.model.scalar import Apply, Entry, IndexVariable, Reduce, Scalar, Tensor
from derive.model.traverse import free_variables, skeleton

MOST = 8


@dataclass(frozen=True, slots=True)
class Part:
    """A sum as it is written, and in normal form."""

    tensor: Tensor
    body: Body


def parts_of(calculus: Calculus) -> dict[str, Part]:
    """The sums inside of the definitions of a model, by the names that stand for them."""
    found: dict[str, Part] = {}
    seen: set[object] = set()
    for definition in list(calculus.model.definitions.values()):
        if "/" in definition.name:
            continue
        for scalar in _sums(definition.body, False):
            indices = free_variables(Tensor((), scalar))
            tensor = Tensor(indices, scalar)
            key = skeleton(tensor)
            if not indices or key in seen or len(found) == MOST:
                continue
            seen.add(key)
            try:
                poly = calculus.lower(scalar, indices)
            except (NotExact, NotDifferentiable, Undefined):
                continue
            if 1 < len(poly.terms) < 5:
                variables = tuple(map(calculus.variable, indices))
                found[f"part#{len(found) + 1}"] = Part(tensor, Body(variables, poly))
    return found


def _sums(scalar: Scalar, inside: bool) -> Iterator[Scalar]:
    """The sums that stand inside of something else and have an entry at an index."""
    match scalar:
        case Apply("add", arguments):
            if inside and any(_has_index(a) for a in arguments):
                yield scalar
            for argument in arguments:
                yield from _sums(argument, inside)
        case Apply(_, arguments):
            for argument in arguments:
                yield from _sums(argument, True)
        case Reduce(_, _, body):
            yield from _sums(body, True)


def _has_index(scalar: Scalar) -> bool:
    """An entry, or the negative of one, at an index variable."""
    match scalar:
        case Apply("neg", (inner,)):
            return _has_index(inner)
        case Entry(_, indices):
            return any(isinstance(index.variable, IndexVariable) for index in indices)
    return False
