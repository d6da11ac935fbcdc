"""Index variables and the places of entries."""

from functools import cache, lru_cache
from hashlib import blake2b
from itertools import count
from typing import TYPE_CHECKING

from derive.model.dim import Dim
from derive.model.scalar import Axis

if TYPE_CHECKING:
    from derive.calculus.term import Poly

_numbers = count(1)


@lru_cache(maxsize=4096)
def text_key(text: str) -> int:
    """A hash of `text` that is the same in every run."""
    return int.from_bytes(blake2b(text.encode(), digest_size=7).digest(), "big")


@lru_cache(maxsize=4096)
def dim_key(dim: Dim) -> int:
    """A hash of `dim` that is the same in every run."""
    return text_key(str(dim))


class Var:
    """An index variable: free (of a statement), a fresh temporary, or a label that binds."""

    __slots__ = ("axis", "key", "name")

    def __init__(self, axis: Axis, key: int, name: str) -> None:
        self.axis = axis
        self.key = key
        self.name = name

    def __repr__(self) -> str:
        return self.name


def fresh(axis: Axis, name: str = "") -> Var:
    """A variable that occurs nowhere else."""
    number = next(_numbers)
    return Var(axis, hash((7, number)), name or f"_{number}")


@lru_cache(maxsize=4096)
def named(axis: Axis, key: int, name: str) -> Var:
    """A variable of a statement: the same object in every model.

    Atoms are found again by their hash: those of variables of one key that are not the same object
    would all have to be looked through.
    """
    return Var(axis, key, name)


@cache
def label(height: int, number: int, axis: Axis) -> Var:
    """The `number`th bound variable of an atom of this height."""
    key = hash((11, height, number, dim_key(axis.low), dim_key(axis.high)))
    return Var(axis, key, f"i{height}_{number}")


class Place:
    """The position of an entry: `offset` plus multiples of variables plus a computed number."""

    __slots__ = ("computed", "free", "height", "key", "offset", "terms")

    def __init__(
        self,
        terms: tuple[tuple[Var, Dim], ...],
        offset: Dim = Dim(()),  # noqa: B008 - immutable
        computed: "Poly | None" = None,
    ) -> None:
        if len(terms) > 1:
            terms = tuple(sorted(terms, key=lambda term: term[0].key))
        self.terms = terms
        self.offset = offset
        self.computed = computed
        parts = [(variable.key, dim_key(factor)) for variable, factor in terms]
        self.key = hash((3, *parts, dim_key(offset), computed.key if computed else 0))
        free = frozenset([variable for variable, _ in terms])
        self.free = free | computed.free if computed else free
        self.height = computed.height if computed else 0

    @property
    def variable(self) -> Var | None:
        """The variable, where the place is just one."""
        if len(self.terms) == 1 and self.computed is None and not self.offset.terms:
            variable, factor = self.terms[0]
            return variable if factor.constant == 1 else None
        return None

    def __hash__(self) -> int:
        return self.key

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return (
            isinstance(other, Place)
            and self.key == other.key
            and self.terms == other.terms
            and self.offset == other.offset
            and self.computed == other.computed
        )

    def __repr__(self) -> str:
        parts = [
            f"{factor}*{var}" if factor.constant != 1 else str(var) for var, factor in self.terms
        ]
        if self.computed is not None:
            parts.append(repr(self.computed))
        if self.offset.terms or not parts:
            parts.append(str(self.offset))
        return "+".join(parts)


_ONE = Dim.of(1)


@lru_cache(maxsize=65536)
def place(variable: Var) -> Place:
    """The place that is just `variable`."""
    return Place(((variable, _ONE),))
