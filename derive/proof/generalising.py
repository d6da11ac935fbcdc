"""From a statement about the end of a recurrence to one about every time.

`h[T] = sum[j in 1..T](...)` has no time over which to argue by induction; for all `t`,
`h[t] = sum[j in 1..t](...)` has one, and says the first at `t = T`. What is put in place of the end
is a guess, and only what is shown counts: the statement itself is always the guess at the end.
"""

from collections.abc import Iterator

from derive.model.dim import ONE, Dim
from derive.model.model import Model, Relation
from derive.model.scalar import (
    Apply,
    Axis,
    Constant,
    Derivative,
    DimValue,
    Entry,
    Index,
    IndexValue,
    IndexVariable,
    MatrixFunction,
    MatrixProduct,
    Num,
    Reduce,
    Scalar,
    Tensor,
)
from derive.model.traverse import parts_of


class NoGuess(Exception):
    """The end stands where nothing can be put in its place."""


def guesses(model: Model, relation: Relation) -> Iterator[Relation]:
    """Statements for all times of which the relation is the one at an end."""
    found: dict[tuple[Axis, bool], None] = {}
    for side in (relation.left, relation.right):
        for name, index, forwards in _entries(model, side):
            definition = model.definitions[name]
            axis = definition.indices[definition.time].axis
            end = axis.high if forwards else axis.low
            if not index.terms and not index.computed and index.offset == end:
                found[axis, forwards] = None
    if not found and relation.op == "=":
        found = dict.fromkeys((axis, True) for axis in _lengths(relation))
    for axis, forwards in found:
        time = IndexVariable("t", axis)
        try:
            guess = Last(time) if forwards else First(time)
            sides = guess.scalar(relation.left), guess.scalar(relation.right)
            conditions = tuple(map(guess.scalar, relation.conditions))
        except NoGuess:
            continue
        yield Relation(relation.op, *sides, (time, *relation.indices), conditions)


def _lengths(relation: Relation) -> Iterator[Axis]:
    """Axes `1..T` for which sums and products that count to `T` can be taken to any `t`."""
    seen: set[Dim] = set()
    for part in (*_all_parts(relation.left), *_all_parts(relation.right)):
        names: frozenset[str] = frozenset()
        if isinstance(part, MatrixProduct) or (isinstance(part, Reduce) and _counts(part)):
            names = part.variable.axis.high.names
        elif isinstance(part, MatrixFunction) and isinstance(part.power, DimValue):
            names = part.power.dim.names
        for name in sorted(names):
            end = Dim.symbol(name)
            if end not in seen:
                seen.add(end)
                yield Axis(ONE, end)


def _counts(part: Reduce) -> bool:
    """A product, or a sum of what has its number as a value, or entries beside one another."""
    variable = part.variable
    offsets: set[Dim] = set()
    for inner in _all_parts(part.body):
        if isinstance(inner, IndexValue) and variable in dict(inner.index.terms):
            return True
        if isinstance(inner, Entry):
            offsets |= {i.offset for i in inner.indices if variable in dict(i.terms)}
    return len(offsets) > 1 or part.operation == "prod"


def _entries(model: Model, scalar: Scalar) -> Iterator[tuple[str, Index, bool]]:
    """Entries of recurrences: the name, the place in time, whether the last one is of interest.

    A recurrence that runs up is of interest at its last entry, one that runs down at its first, and
    so is what a derivative is taken by.
    """
    for part in _all_parts(scalar):
        if isinstance(part, Entry):
            uses = [(part.symbol, part.indices, False)]
        elif isinstance(part, Derivative):
            uses = [(part.of, part.of_indices, False), (part.wrt, part.wrt_indices, True)]
        else:
            continue
        for name, indices, turned in uses:
            definition = model.definitions.get(name)
            if definition is not None and definition.recurrence is not None:
                forwards = (definition.recurrence.step > 0) != turned
                yield name, indices[definition.time], forwards


def _all_parts(scalar: Scalar) -> Iterator[Scalar]:
    """A scalar and all that it is made of."""
    yield scalar
    for _, part in parts_of(scalar):
        inner = part.computed if isinstance(part, Index) else (part,)
        for one in inner:
            yield from _all_parts(one)


class Guess:
    """Puts `time` in place of an end of its axis."""

    def __init__(self, time: IndexVariable) -> None:
        self.time = time

    def scalar(self, scalar: Scalar) -> Scalar:
        """The expression at any time. Raises NoGuess."""
        match scalar:
            case Num() | Constant():
                return scalar
            case DimValue(dim):
                return self.number(dim)
            case IndexValue(index):
                return IndexValue(self.shifted(index))
            case Apply("pow", (base, exponent)):
                whole = as_index(exponent)
                power = self.scalar(exponent if whole is None else IndexValue(whole))
                return Apply("pow", (self.scalar(base), power))
            case Entry(symbol, indices, padded):
                return Entry(symbol, tuple(map(self.index, indices)), padded)
            case Apply(operation, arguments):
                return Apply(operation, tuple(map(self.scalar, arguments)))
            case Reduce(operation, variable, body, condition):
                inside = [] if condition is None else [self.scalar(condition)]
                inside += self.limits(variable)
                holds = None if not inside else inside[0]
                for more in inside[1:]:
                    holds = Apply("mul", (holds, more)) if holds is not None else more
                return Reduce(operation, variable, self.scalar(body), holds)
            case MatrixFunction(operation, matrix, indices, power):
                exponent = None if power is None else self.scalar(power)
                inner = self.tensor(matrix)
                return MatrixFunction(operation, inner, tuple(map(self.index, indices)), exponent)
            case MatrixProduct(variable, low, high, matrix, indices, step):
                ends = self.low(low), self.index(high)
                at = tuple(map(self.index, indices))
                return MatrixProduct(variable, *ends, self.tensor(matrix), at, step)
            case Derivative(of, of_indices, wrt, wrt_indices, partial):
                above, below = (tuple(map(self.index, i)) for i in (of_indices, wrt_indices))
                return Derivative(of, above, wrt, below, partial)
            case _:
                raise NoGuess

    def tensor(self, tensor: Tensor) -> Tensor:
        """A matrix at any time; its shape does not change."""
        return Tensor(tensor.indices, self.scalar(tensor.body))

    def number(self, dim: Dim) -> Scalar:
        """A dimension as a number."""
        raise NotImplementedError

    def index(self, index: Index) -> Index:
        """A place."""
        raise NotImplementedError

    def shifted(self, index: Index) -> Index:
        """A place as a number."""
        return self.index(index)

    def low(self, index: Index) -> Index:
        """The first place of a product of matrices."""
        return self.index(index)

    def limits(self, variable: IndexVariable) -> list[Scalar]:
        """What the end says of the range of a sum."""
        raise NotImplementedError


def as_index(scalar: Scalar) -> Index | None:
    """A sum of indices, dimensions and whole numbers as one position."""
    match scalar:
        case IndexValue(index):
            return index
        case DimValue(dim):
            return Index((), dim)
        case Num(value) if value.denominator == 1:
            return Index((), Dim.of(int(value)))
        case Apply("neg", (inner,)):
            one = as_index(inner)
            if one is None or one.computed:
                return None
            return Index(tuple((v, -f) for v, f in one.terms), -one.offset)
        case Apply("add" | "sub" as operation, (left, right)):
            second = as_index(right if operation == "add" else Apply("neg", (right,)))
            first = as_index(left)
            if first is None or second is None:
                return None
            return Index((*first.terms, *second.terms), first.offset + second.offset)
    return None


class Last(Guess):
    """Any time in place of the last, `T`, wherever that stands."""

    def __init__(self, time: IndexVariable) -> None:
        super().__init__(time)
        self.end = time.axis.high
        if len(self.end.names) != 1 or self.end != Dim.symbol(next(iter(self.end.names))):
            raise NoGuess

    def index(self, index: Index) -> Index:
        """`T - 1` becomes `t - 1`."""
        if index.computed or any(self.end.names & f.names for _, f in index.terms):
            raise NoGuess
        count, rest = self.parts(index.offset)
        if not count:
            return index
        return Index((*index.terms, (self.time, Dim.of(count))), rest)

    def parts(self, dim: Dim) -> tuple[int, Dim]:
        """How often `T` is a term of a dimension, and the rest, which must be free of it."""
        count = sum(c for m, c in dim.terms if Dim(((m, 1),)) == self.end)
        rest = dim - Dim.of(count) * self.end
        if rest.names & self.end.names:
            raise NoGuess
        return count, rest

    def number(self, dim: Dim) -> Scalar:
        """`T` becomes `t`."""
        count, rest = self.parts(dim)
        if not count:
            return DimValue(dim)
        return IndexValue(Index(((self.time, Dim.of(count)),), rest))

    def limits(self, variable: IndexVariable) -> list[Scalar]:
        """A sum to `T` becomes one to `t`."""
        if self.parts(variable.axis.low)[0]:
            raise NoGuess
        count, rest = self.parts(variable.axis.high)
        if not count:
            return []
        if count != 1:
            raise NoGuess
        high = IndexValue(Index(((self.time, ONE),), rest))
        return [Apply("le", (IndexValue(Index.of(variable)), high))]


class First(Guess):
    """Any time in place of the first: where it stands alone, and where sums begin."""

    def __init__(self, time: IndexVariable) -> None:
        super().__init__(time)
        self.end = time.axis.low

    def index(self, index: Index) -> Index:
        """The first place becomes `t`."""
        if index.terms or index.computed or index.offset != self.end:
            return index
        return Index.of(self.time)

    def number(self, dim: Dim) -> Scalar:
        """The number of steps, `T`, becomes `T - t` and the first place."""
        if dim != self.time.axis.high:
            return DimValue(dim)
        return IndexValue(Index(((self.time, -ONE),), dim + self.end))

    def shifted(self, index: Index) -> Index:
        """`j - 1` becomes `j - t`."""
        if not index.terms or not self.end.terms or index.offset != -self.end:
            return self.index(index)
        return Index((*index.terms, (self.time, -ONE)), Dim(()))

    def low(self, index: Index) -> Index:
        """A product that begins one step after the first place begins one after `t`."""
        after = (index.offset - self.end).constant
        if index.terms or index.computed or after is None:
            return index
        return Index(((self.time, ONE),), Dim.of(after))

    def limits(self, variable: IndexVariable) -> list[Scalar]:
        """A sum from the first place, or from the one after it, begins at `t`, or after it."""
        after = (variable.axis.low - self.end).constant
        if after not in (0, 1) or (variable.axis.high - self.time.axis.high).constant is None:
            return []
        low = IndexValue(Index(((self.time, ONE),), Dim.of(after)))
        return [Apply("le", (low, IndexValue(Index.of(variable))))]
