"""Which names a scalar uses, and what moves when a name does."""

from collections.abc import Iterator

from derive.model.model import Model
from derive.model.scalar import (
    Apply,
    ArgMax,
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
    Unknown,
)

_COMPARISONS = frozenset(("lt", "le", "eq", "ne"))
_INDEX_ARITHMETIC = _COMPARISONS | {"add", "mul", "neg", "max", "min"}


def places_of(scalar: Scalar) -> tuple[Index, ...]:
    """The indices that stand in `scalar` itself."""
    match scalar:
        case IndexValue(index) | Split(index, _, _) | Blocks(index, _):
            return (index,)
        case Entry(_, indices, _) | MatrixFunction(_, _, indices, _):
            return indices
        case MatrixProduct(_, low, high, _, indices, _):
            return (low, high, *indices)
        case Unknown(_, indices, _, derivatives):
            return (*indices, *(index for _, places in derivatives for index in places))
        case Derivative(_, of_indices, _, wrt_indices, _):
            return (*of_indices, *wrt_indices)
        case _:
            return ()


def parts_of(scalar: Scalar) -> tuple[Scalar, ...]:
    """The scalars directly inside `scalar`, those in its indices included."""
    computed = tuple(inner for index in places_of(scalar) for inner in index.computed)
    match scalar:
        case Num() | Constant() | DimValue() | IndexValue() | Entry() | Derivative():
            return computed
        case Apply(_, arguments):
            return arguments
        case Reduce(_, _, body, condition):
            return (body,) if condition is None else (body, condition)
        case ArgMax(_, body) | Expectation(body):
            return (body,)
        case Limit(body, _, target, _):
            return (body, target)
        case Split(_, _, body):
            return (body, *computed)
        case MatrixFunction(_, matrix, _, power):
            return (matrix.body, *computed, *(() if power is None else (power,)))
        case MatrixProduct(_, _, _, matrix, _, _):
            return (matrix.body, *computed)
        case Unknown(_, _, arguments, _):
            return (*(argument.body for argument in arguments), *computed)
        case Blocks(_, parts):
            return (*(part.body for part in parts), *computed)


def walk(scalar: Scalar) -> Iterator[Scalar]:
    """`scalar` and everything inside it; an object that occurs often is visited once."""
    seen: set[int] = set()
    waiting: list[Scalar] = [scalar]
    while waiting:
        found = waiting.pop()
        if id(found) in seen:
            continue
        seen.add(id(found))
        yield found
        waiting.extend(parts_of(found))


def names_in(scalar: Scalar) -> frozenset[str]:
    """The names that `scalar` uses directly."""
    names: set[str] = set()
    for found in walk(scalar):
        if isinstance(found, Entry):
            names.add(found.symbol)
        elif isinstance(found, Derivative):
            names.update((found.of, found.wrt))
    return frozenset(names)


def free_names(scalar: Scalar) -> frozenset[str]:
    """The names that stand in `scalar` outside of what is averaged."""
    if isinstance(scalar, Expectation):
        return frozenset()
    own = frozenset({scalar.symbol}) if isinstance(scalar, Entry) else frozenset[str]()
    return own.union(*map(free_names, parts_of(scalar)))


def named_in(model: Model, scalar: Scalar) -> frozenset[str]:
    """The same; what is averaged over stands for what its law depends on."""
    direct = names_in(scalar)
    if any(isinstance(found, Expectation) for found in walk(scalar)):
        drawn = direct & model.laws.keys()
        for name in drawn:
            direct = direct.union(*map(names_in, model.laws[name].parameters))
    return direct


def uses_of(model: Model) -> dict[str, frozenset[str]]:
    """For each defined name, all that its value depends on: itself, where it is a recurrence."""
    closed: dict[str, frozenset[str]] = {}
    for name, definition in model.definitions.items():
        if name in closed:
            continue
        loop = definition.recurrence
        group = (name,) if loop is None else [n for n in loop.names if n in model.definitions]
        direct = {each: named_in(model, model.definitions[each].body) for each in group}
        if loop is None:
            direct[name] -= {name}
        closed.update(direct)
        for _ in group:  # a path through all of them is as long as there are names
            for each in group:
                closed[each] = direct[each].union(
                    *(closed.get(used, frozenset()) for used in direct[each])
                )
    return closed


def is_index_arithmetic(scalar: Scalar) -> bool:
    """Whether a scalar speaks of indices, dimensions and integers alone."""
    for found in walk(scalar):
        match found:
            case IndexValue(index) if not index.computed:
                continue
            case DimValue():
                continue
            case Num(value) if value.denominator == 1 and abs(value) < 2**40:
                continue
            case Apply(operation, _) if operation in _INDEX_ARITHMETIC:
                continue
            case _:
                return False
    return True


def is_mask(scalar: Scalar) -> bool:
    """Whether a scalar is an indicator of indices alone, as `[i != j]` is."""
    comparison = isinstance(scalar, Apply) and scalar.operation in _COMPARISONS
    return comparison and is_index_arithmetic(scalar)
