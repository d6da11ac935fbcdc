"""Index notation as written: what every expression of the language is elaborated to.

A tensor is `Tensor(indices, body)`: a scalar expression `body` with free index variables. `W @ x`
is `Tensor((i,), Reduce("sum", j, W[i,j] * x[j]))`; entrywise operations act on bodies. Named
things stay closed: a use of `p` is `Entry("p", ...)`, whatever defines it.

Design. Constructors never simplify: reports show what was written, and `calculus` has the one
canonical form. The kinds are a closed set; `match` on them ends in `assert_never`. Equality is
structural. A bound index variable is a unique object (`uid`), so substitution cannot capture.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import count

from derive.model.dim import ONE, ZERO, Dim

_uids = count(1)


@dataclass(frozen=True, slots=True)
class Axis:
    """The range of an index: from `low` to `high`, both included."""

    low: Dim
    high: Dim

    @property
    def size(self) -> Dim:
        """The number of entries."""
        return self.high if self.low == ONE else self.high - self.low + ONE


def axis(size: Dim) -> Axis:
    """The usual axis, `1..size`."""
    return Axis(ONE, size)


@dataclass(frozen=True, slots=True)
class IndexVariable:
    """An index variable; `name` is how it is printed, `uid` what it is."""

    name: str = field(compare=False)
    axis: Axis = field(compare=False)
    uid: int = field(default_factory=lambda: next(_uids))


@dataclass(frozen=True, slots=True)
class Index:
    """The position of an entry: `offset` plus multiples of index variables.

    `computed` holds integer-valued scalars (an `ArgMax`, or an entry of an `integer` tensor) that
    are added: `x[argmax(s)]`, `p[c]`.
    """

    terms: tuple[tuple[IndexVariable, Dim], ...] = ()
    offset: Dim = ZERO
    computed: tuple["Scalar", ...] = ()

    @staticmethod
    def of(variable: IndexVariable) -> "Index":
        """The index that is just `variable`."""
        return Index(((variable, ONE),))

    @staticmethod
    def at(place: int) -> "Index":
        """The fixed place `place`, from 1."""
        return Index((), Dim.of(place))

    @property
    def variable(self) -> IndexVariable | None:
        """The variable, where the index is just one."""
        if len(self.terms) == 1 and not self.computed and not self.offset.terms:
            variable, factor = self.terms[0]
            return variable if factor == ONE else None
        return None


@dataclass(frozen=True, slots=True)
class Num:
    """An exact number."""

    value: Fraction


@dataclass(frozen=True, slots=True)
class Constant:
    """`pi` or `inf`. (`e` is `exp(1)`.)"""

    name: str


@dataclass(frozen=True, slots=True)
class DimValue:
    """A dimension as a number."""

    dim: Dim


@dataclass(frozen=True, slots=True)
class IndexValue:
    """An index as a number: the `i - j` of `(i - j) * x[i]`."""

    index: Index


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a declared tensor or of a defined name. `padded`: zero outside the range."""

    symbol: str
    indices: tuple[Index, ...]
    padded: bool = False


@dataclass(frozen=True, slots=True)
class Apply:
    """An operation of `model.operations.SCALAR_OPERATIONS` on numbers.

    Among them `add mul div pow neg` (all binary but `neg`), `exp log sqrt abs sign sin cos tan asin
    acos atan sinh cosh tanh erf lgamma digamma`, `max min` of two, and the indicators
    `lt le eq ne` (one where true, zero where not; `a > b` is `lt` with its sides exchanged).
    """

    operation: str
    arguments: tuple["Scalar", ...]


@dataclass(frozen=True, slots=True)
class Reduce:
    """`sum`, `prod`, `max` or `min` of `body` over `variable`, where `condition` holds."""

    operation: str
    variable: IndexVariable
    body: "Scalar"
    condition: "Scalar | None" = None


@dataclass(frozen=True, slots=True)
class ArgMax:
    """The place, from the axis' low end, at which `body` is largest (the first of them)."""

    variable: IndexVariable
    body: "Scalar"


@dataclass(frozen=True, slots=True)
class MatrixFunction:
    """`inv` (entry at two `indices`), `det`, `logdet` (none) of the square matrix `matrix`, or
    `matpow` (entry at two indices, of the power `power`).
    """

    operation: str
    matrix: "Tensor"
    indices: tuple[Index, ...]
    power: "Scalar | None" = None


@dataclass(frozen=True, slots=True)
class MatrixProduct:
    """An entry of the product of the square `matrix` as `variable` runs from `low` to `high`.

    From left to right in this order; with `step` -1 from right to left, `M[high] @ ... @ M[low]`.
    The identity where `high < low`. The axis of `variable` is the widest range that it can have.
    """

    variable: IndexVariable
    low: Index
    high: Index
    matrix: "Tensor"
    indices: tuple[Index, ...]
    step: int = 1


@dataclass(frozen=True, slots=True)
class Unknown:
    """An entry of an unspecified smooth function, or of its derivative.

    `function` names a `FunctionSymbol` of the model; `indices` is the place in its output;
    `derivatives` lists (argument number, place in that argument) for each differentiation.
    `g''(z)` entry by entry is `Unknown("g", (), (Tensor((), z[i]),), ((0, ()), (0, ())))`.
    `loss L(y)` is a definition whose body is `Unknown("L", (), (y,), ())`.
    """

    function: str
    indices: tuple[Index, ...]
    arguments: tuple["Tensor", ...]
    derivatives: tuple[tuple[int, tuple[Index, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """One of the pieces of a `Blocks`: `body` as `variable` runs over its own axis."""

    variable: IndexVariable
    body: "Scalar"


@dataclass(frozen=True, slots=True)
class Blocks:
    """Pieces one after the other: the entry at `index` (from 1). `concat`, `stack`, `[1, 2, 3]`."""

    index: Index
    parts: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Split:
    """`body` with `variables` the row-major digits of `index` (from 1): `kron`, `reshape`."""

    index: Index
    variables: tuple[IndexVariable, ...]
    body: "Scalar"


@dataclass(frozen=True, slots=True)
class Derivative:
    """d of[of_indices] / d wrt[wrt_indices], both names of the model.

    `wrt` is free: what defines it is held fixed, and all that depends on it moves. With `partial`
    only the expression that defines `of` is differentiated, every other defined name held fixed.
    """

    of: str
    of_indices: tuple[Index, ...]
    wrt: str
    wrt_indices: tuple[Index, ...]
    partial: bool = False


@dataclass(frozen=True, slots=True)
class Limit:
    """What `body` tends to as the scalar or dimension `variable` goes to `target`.

    `side` is `+` (from above), `-` (from below) or empty (from both). A target `inf` is a Constant.
    """

    body: "Scalar"
    variable: str
    target: "Scalar"
    side: str


@dataclass(frozen=True, slots=True)
class Expectation:
    """The mean of `body` over all random tensors that occur in it, by name or by definition."""

    body: "Scalar"


Scalar = (
    Num
    | Constant
    | DimValue
    | IndexValue
    | Entry
    | Apply
    | Reduce
    | ArgMax
    | MatrixFunction
    | MatrixProduct
    | Unknown
    | Blocks
    | Split
    | Derivative
    | Limit
    | Expectation
)


@dataclass(frozen=True, slots=True)
class Tensor:
    """`body` as a function of `indices`; the shape is the ranges of these."""

    indices: tuple[IndexVariable, ...]
    body: Scalar

    @property
    def axes(self) -> tuple[Axis, ...]:
        """The ranges of the axes."""
        return tuple(variable.axis for variable in self.indices)


def substitute_index(index: Index, mapping: Mapping[IndexVariable, Index]) -> Index:
    """`index` with variables replaced by indices."""
    alone = index.variable
    if alone is not None:  # the common case
        return mapping.get(alone, index)
    terms: dict[IndexVariable, Dim] = {}
    offset = index.offset
    computed = [substitute(scalar, mapping) for scalar in index.computed]
    for variable, factor in index.terms:
        new = mapping.get(variable, Index.of(variable))
        for inner, inner_factor in new.terms:
            terms[inner] = terms.get(inner, Dim(())) + factor * inner_factor
        offset = offset + factor * new.offset
        computed.extend(new.computed)
    kept = tuple((variable, factor) for variable, factor in terms.items() if factor.terms)
    return Index(kept, offset, tuple(computed))


def substitute(scalar: Scalar, mapping: Mapping[IndexVariable, Index]) -> Scalar:
    """`scalar` with free index variables replaced. Bound ones are unique, so none is captured."""
    return mapped(scalar, lambda index: substitute_index(index, mapping), lambda name: name)


def rename(scalar: Scalar, names: Callable[[str], str]) -> Scalar:
    """`scalar` with the names of tensors replaced."""

    def index(i: Index) -> Index:
        if not i.computed:
            return i
        return Index(i.terms, i.offset, tuple(mapped(inner, index, names) for inner in i.computed))

    return mapped(scalar, index, names)


def mapped(scalar: Scalar, index: Callable[[Index], Index], names: Callable[[str], str]) -> Scalar:
    """`scalar` with its positions and the names in it replaced."""

    def places(indices: tuple[Index, ...]) -> tuple[Index, ...]:
        return tuple(index(i) for i in indices)

    def inner(part: Scalar) -> Scalar:
        return mapped(part, index, names)

    def tensor(t: Tensor) -> Tensor:
        return Tensor(t.indices, inner(t.body))

    match scalar:
        case Num() | Constant() | DimValue():
            return scalar
        case IndexValue(i):
            return IndexValue(index(i))
        case Entry(symbol, indices, padded):
            return Entry(names(symbol), places(indices), padded)
        case Apply(operation, arguments):
            return Apply(operation, tuple(map(inner, arguments)))
        case Reduce(operation, variable, body, condition):
            inside = None if condition is None else inner(condition)
            return Reduce(operation, variable, inner(body), inside)
        case ArgMax(variable, body):
            return ArgMax(variable, inner(body))
        case MatrixFunction(operation, matrix, indices, power):
            exponent = None if power is None else inner(power)
            return MatrixFunction(operation, tensor(matrix), places(indices), exponent)
        case MatrixProduct(variable, low, high, matrix, indices, step):
            ends = index(low), index(high)
            return MatrixProduct(variable, *ends, tensor(matrix), places(indices), step)
        case Unknown(function, indices, arguments, derivatives):
            slots = tuple((number, places(at)) for number, at in derivatives)
            return Unknown(function, places(indices), tuple(map(tensor, arguments)), slots)
        case Blocks(i, parts):
            return Blocks(index(i), tuple(Block(p.variable, inner(p.body)) for p in parts))
        case Split(i, variables, body):
            return Split(index(i), variables, inner(body))
        case Derivative(of, of_indices, wrt, wrt_indices, partial):
            return Derivative(
                names(of), places(of_indices), names(wrt), places(wrt_indices), partial
            )
        case Limit(body, variable, target, side):
            return Limit(inner(body), variable, inner(target), side)
        case Expectation(body):
            return Expectation(inner(body))


def entry_of(tensor: Tensor, indices: tuple[Index, ...]) -> Scalar:
    """The entry of `tensor` at `indices`."""
    return substitute(tensor.body, dict(zip(tensor.indices, indices, strict=True)))
