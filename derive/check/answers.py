"""What derive finds itself: a derivative in closed form, in matrix notation where there is one."""

from dataclasses import dataclass, replace
from functools import cached_property

from derive.calculus.index_form import Writer, taken_names
from derive.model.model import Model
from derive.model.scalar import (
    Apply,
    ArgMax,
    Derivative,
    Entry,
    MatrixFunction,
    Reduce,
    Scalar,
    Tensor,
    Unknown,
    entry_of,
)
from derive.proof.closed_form import Closing
from derive.syntax import tree
from derive.syntax.show import show


@dataclass(frozen=True)
class Answer:
    """A derivative as text, and as index notation; the facts that showed them equal.

    The text is that of the whole tensor, an `expression`, or else of its `entry`. In `closed`,
    hidden names may stand.
    """

    text: str
    model: Model
    closed: Tensor
    facts: tuple[str, ...] = ()
    is_whole: bool = True
    expression: tree.Expression | None = None
    entry: tree.Expression | None = None

    @cached_property
    def tensor(self) -> Tensor:
        """All entries, without hidden names."""
        return Tensor(self.closed.indices, _opened(self.model, self.closed.body))


def whole(closing: Closing, node: Derivative, tensor: Tensor) -> Answer:
    """All entries of a derivative: without indices, else by index."""
    found = None if node.partial else closing.closed_form(node.of, node.wrt)
    if found is not None:
        facts, expression = found.facts, found.expression
        return Answer(found.text, closing.model, found.tensor, facts, expression=expression)
    return by_index(closing, node, tensor)


def by_index(closing: Closing, node: Derivative, tensor: Tensor) -> Answer:
    """An entry of a derivative, as `calculus` leaves it, without hidden names."""
    body = _opened(closing.model, closing.calculus.resolve(node))
    writer = Writer(taken_names(closing.model))
    for variable in tensor.indices:
        writer.variable(variable)
    entry = writer.tree(body)
    closed = Tensor(tensor.indices, body)
    return Answer(show(entry), closing.model, closed, (), not tensor.indices, entry=entry)


def _opened(model: Model, scalar: Scalar) -> Scalar:
    """A scalar with what hidden names stand for."""

    def inside(part: Scalar) -> Scalar:
        return _opened(model, part)

    def tensor(part: Tensor) -> Tensor:
        return Tensor(part.indices, inside(part.body))

    match scalar:
        case Entry(name, indices, False) if name in model.definitions:
            definition = model.definitions[name]
            if not definition.hidden or _is_known(model, name):
                return scalar
            return inside(entry_of(Tensor(definition.indices, definition.body), indices))
        case Apply(operation, arguments):
            return Apply(operation, tuple(map(inside, arguments)))
        case Reduce(operation, variable, body, condition):
            where = None if condition is None else inside(condition)
            return Reduce(operation, variable, inside(body), where)
        case ArgMax(variable, body):
            return ArgMax(variable, inside(body))
        case MatrixFunction(_, matrix, _, _):
            return replace(scalar, matrix=tensor(matrix))
        case Unknown(_, _, arguments, _):
            return replace(scalar, arguments=tuple(map(tensor, arguments)))
        case _:
            return scalar


def _is_known(model: Model, name: str) -> bool:
    """A derivative of one of the file's names by another."""
    of, slash, by = name.partition("/d")
    known = (n not in model.definitions or not model.definitions[n].hidden for n in (of[1:], by))
    return bool(slash) and all(known)
