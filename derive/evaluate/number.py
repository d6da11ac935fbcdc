"""What an arithmetic is, and the errors that evaluation can end in."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from fractions import Fraction
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Kernel = Callable[..., Any]

# Above this many scalar products, the order in which factors are contracted is optimised.
_DIRECT_CONTRACTION = 4096
_MOST_OPERANDS = 12
_MOST_PRODUCTS = {True: 20_000_000, False: 2_000_000_000}  # of objects, of floats


class EvaluationError(Exception):
    """A scalar has no number here; `str()` says why."""


class Inexact(EvaluationError):
    """Exact arithmetic met a number that is not rational."""


class TooWide(EvaluationError):
    """A ball is too wide to decide a comparison: evaluate again with more precision."""


class Arithmetic(Protocol):
    """Arithmetic on arrays of one kind of number. An undefined result is an undefined entry."""

    @property
    def name(self) -> str:
        """`float`, `ball` or `exact`."""

    def __hash__(self) -> int: ...

    def scope(self) -> AbstractContextManager[Any]:
        """The context in which the other methods are to be called."""

    def exact(self, values: Array) -> Array:
        """The numbers of an array of integers or Fractions."""

    def number(self, value: Fraction) -> Array:
        """One number, as an array without axes."""

    def undefined(self) -> Array:
        """The undefined entry, as an array without axes."""

    def constant(self, name: str) -> Array:
        """`pi` or `inf`, as an array without axes."""

    def apply(self, operation: str, arguments: Sequence[Array]) -> Array:
        """An operation of `Apply` entry by entry, with NumPy's broadcasting."""

    def fold(self, operation: str, values: Array) -> Array:
        """`sum`, `prod`, `max` or `min` over the last axis; `max` of nothing is undefined."""

    def contract(
        self, operands: Sequence[tuple[Sequence[int], Array]], out: Sequence[int]
    ) -> Array:
        """The sum of products of operands with labelled axes, as in `numpy.einsum`."""

    def defined(self, values: Array) -> NDArray[np.bool_]:
        """Where the entries are numbers."""

    def integers(self, values: Array) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """The entries as integers, and where they are such."""

    def argmax(self, values: Array) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """The first place of the maximum over the last axis, and where it is defined."""

    def matrix(self, operation: str, matrices: Array, power: int) -> Array:
        """`inv`, `det`, `logdet` or `matpow` of every matrix in the last two axes."""


def objects(value: Any) -> Array:
    """`value` as an array of objects: NumPy unwraps those without axes."""
    if isinstance(value, np.ndarray):
        return value
    array = np.empty((), dtype=object)
    array[()] = value
    return array


def einsum(operands: Sequence[tuple[Sequence[int], Array]], out: Sequence[int]) -> Array:
    """`numpy.einsum` over axes that carry numbers of any size as labels.

    Shapes: each operand has one axis for each of its labels; the result one for each of `out`.
    """
    while len(operands) > _MOST_OPERANDS:
        operands = [_product(operands[0], operands[1]), *operands[2:]]
    short: dict[int, int] = {}
    sizes: dict[int, int] = {}
    spread: list[Any] = []
    for labels, array in operands:
        spread.extend((array, [short.setdefault(label, len(short)) for label in labels]))
        sizes.update(zip(labels, array.shape, strict=True))
    cost = 1
    for size in sizes.values():
        cost *= size
    spread.append([short[label] for label in out])
    too_many = cost > _MOST_PRODUCTS[operands[0][1].dtype == object]
    if len(operands) < 3 and too_many:
        raise EvaluationError(f"a sum of {cost} products is too large to evaluate")
    if len(operands) > 2 and cost > _DIRECT_CONTRACTION:
        try:
            return np.asarray(np.einsum(*spread, optimize=True))
        except AttributeError:  # NumPy loses the array around a single object on the way
            if too_many:
                message = f"a sum of {cost} products is too large to evaluate"
                raise EvaluationError(message) from None
    return np.asarray(np.einsum(*spread))


def _product(
    left: tuple[Sequence[int], Array], right: tuple[Sequence[int], Array]
) -> tuple[Sequence[int], Array]:
    """The product of two labelled arrays, over the union of their labels."""
    union = [*left[0], *(label for label in right[0] if label not in left[0])]
    return union, einsum([left, right], union)
