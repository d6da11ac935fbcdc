"""The same expression at another value of some names: `L` at `w'` in place of `w`.

What depends on a moved name is copied, as a hidden definition. The names that move count as free:
what defines them is left behind, as for a derivative.
"""

from collections.abc import Mapping
from dataclasses import replace

from derive.diagnostics.span import Span
from derive.model.context import Expressions
from derive.model.failure import failure
from derive.model.scalar import (
    Apply,
    ArgMax,
    Block,
    Blocks,
    Constant,
    Derivative,
    DimValue,
    Entry,
    Expectation,
    Index,
    IndexValue,
    Limit,
    MatrixFunction,
    MatrixProduct,
    Num,
    Reduce,
    Scalar,
    Split,
    Tensor,
    Unknown,
    entry_of,
)
from derive.model.traverse import names_in


class Elsewhere:
    """Moves the names of `moves`, each to an entry of another name."""

    def __init__(self, e: Expressions, moves: Mapping[str, Tensor], span: Span) -> None:
        self.scope = e.scope
        self.moves = dict(moves)
        self.span = span

    def tensor(self, tensor: Tensor) -> Tensor:
        """A tensor with the names moved."""
        return Tensor(tensor.indices, self.scalar(tensor.body))

    def depends(self, name: str) -> bool:
        """A definition that moves with the names."""
        definition = self.scope.model.definitions.get(name)
        if name in self.moves or definition is None:
            return False
        if definition.recurrence is not None:
            return any(self.reaches(n, set()) for n in definition.recurrence.names)
        return self.reaches(name, set())

    def reaches(self, name: str, seen: set[str]) -> bool:
        """Whether the names are among what `name` is defined by."""
        definition = self.scope.model.definitions.get(name)
        if definition is None or name in seen:
            return False
        seen.add(name)
        used = names_in(definition.body)
        if not self.moves.keys().isdisjoint(used):
            return True
        return any(self.reaches(other, seen) for other in used)

    def name(self, name: str) -> Tensor:
        """What stands for a name."""
        if name in self.moves:
            return self.moves[name]
        definition = self.scope.model.definitions[name]
        if definition.recurrence is not None:
            message = f"`{name}` is defined by a recurrence, which cannot be taken elsewhere"
            raise failure("misplaced", message, self.span, "not for a recurrence")
        copy = self.tensor(Tensor(definition.indices, definition.body))
        self.moves[name] = self.scope.hidden.define(f"{name}.elsewhere", copy, self.span)
        return self.moves[name]

    def index(self, index: Index) -> Index:
        """A position."""
        if not index.computed:
            return index
        return replace(index, computed=tuple(map(self.scalar, index.computed)))

    def indices(self, indices: tuple[Index, ...]) -> tuple[Index, ...]:
        """Positions."""
        return tuple(map(self.index, indices))

    def entry(self, name: str, indices: tuple[Index, ...]) -> Entry:
        """An entry of what stands for a name."""
        found = entry_of(self.name(name), indices)
        assert isinstance(found, Entry), "a moved name is an entry of another"
        return found

    def scalar(self, scalar: Scalar) -> Scalar:
        """A scalar with the names moved."""
        match scalar:
            case Num() | Constant() | DimValue():
                return scalar
            case IndexValue(index):
                return IndexValue(self.index(index))
            case Entry(name, indices, padded):
                indices = self.indices(indices)
                if name in self.moves or self.depends(name):
                    return replace(self.entry(name, indices), padded=padded)
                return Entry(name, indices, padded)
            case Apply(operation, arguments):
                return Apply(operation, tuple(map(self.scalar, arguments)))
            case Reduce(_, _, body, condition):
                where = None if condition is None else self.scalar(condition)
                return replace(scalar, body=self.scalar(body), condition=where)
            case ArgMax(_, body):
                return replace(scalar, body=self.scalar(body))
            case MatrixFunction(_, matrix, indices, power):
                exponent = None if power is None else self.scalar(power)
                matrix, indices = self.tensor(matrix), self.indices(indices)
                return replace(scalar, matrix=matrix, indices=indices, power=exponent)
            case MatrixProduct(_, low, high, matrix, indices, _):
                low, high, matrix = self.index(low), self.index(high), self.tensor(matrix)
                indices = self.indices(indices)
                return replace(scalar, low=low, high=high, matrix=matrix, indices=indices)
            case Unknown(_, indices, arguments, derivatives):
                slots = tuple((n, self.indices(at)) for n, at in derivatives)
                inner = tuple(map(self.tensor, arguments))
                indices = self.indices(indices)
                return replace(scalar, indices=indices, arguments=inner, derivatives=slots)
            case Blocks(index, parts):
                pieces = tuple(Block(p.variable, self.scalar(p.body)) for p in parts)
                return Blocks(self.index(index), pieces)
            case Split(index, variables, body):
                return Split(self.index(index), variables, self.scalar(body))
            case Derivative(of, of_indices, wrt, wrt_indices, partial):
                above = self.scalar(Entry(of, of_indices))
                below = self.scalar(Entry(wrt, wrt_indices))
                assert isinstance(above, Entry)
                assert isinstance(below, Entry)
                return Derivative(above.symbol, above.indices, below.symbol, below.indices, partial)
            case Limit(body, _, target, _):
                return replace(scalar, body=self.scalar(body), target=self.scalar(target))
            case Expectation(body):
                return Expectation(self.scalar(body))


class SeenThrough(Elsewhere):
    """Puts what defines them in place of hidden names, which the user did not write."""

    def __init__(self, e: Expressions, span: Span) -> None:
        super().__init__(e, {}, span)

    def scalar(self, scalar: Scalar) -> Scalar:
        """A scalar without hidden names."""
        match scalar:
            case Entry(name, indices, False) if self.is_hidden(name):
                definition = self.scope.model.definitions[name]
                whole = Tensor(definition.indices, definition.body)
                return self.scalar(entry_of(whole, self.indices(indices)))
            case Derivative():
                return scalar
        return super().scalar(scalar)

    def is_hidden(self, name: str) -> bool:
        """A definition that has no name in the file."""
        definition = self.scope.model.definitions.get(name)
        return definition is not None and definition.hidden
