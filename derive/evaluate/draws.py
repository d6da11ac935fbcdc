"""Random exact tensors with given properties, and the exact test of a property.

`onehot`, `simplex` and `unit` speak of vectors: of a larger tensor, of its rows (the last axis).
The properties of matrices speak of the last two axes.
"""

from collections.abc import Callable, Collection
from fractions import Fraction
from random import Random
from typing import Any

import flint
import numpy as np

from derive.evaluate.number import Array, objects
from derive.evaluate.point import fractions

_DENOMINATORS = (2, 3, 4, 5, 7)
_LARGEST = Fraction(5, 2)
# Small entries keep products of matrices out of the flat ends of exp and tanh.
_SCALES = (Fraction(1), Fraction(1, 2), Fraction(1, 2), Fraction(1, 4))
_PLAIN = (Fraction(1), Fraction(2), Fraction(1, 2), Fraction(1), Fraction(3))
_MIXED = tuple(map(Fraction, ("0", "1/2", "1", "2", "3", "5")))
_LOWER = 9  # entries of a badly conditioned matrix's factor
_ZERO, _ONE = Fraction(0), Fraction(1)


class Pool:
    """Small rationals other than zero; one is not drawn twice while there are others.

    A `mixed` pool has zeros, equal numbers and larger ones.
    """

    def __init__(self, random: Random, plain: bool = False, mixed: bool = False) -> None:
        self.random = random
        self.plain = plain
        self.mixed = mixed
        self.scale = random.choice(_SCALES)
        self._drawn: set[Fraction] = set()

    def positive(self) -> Fraction:
        """A positive number, small for a whole pool at times; a very simple one if it is plain."""
        if self.mixed:
            return self.random.choice(_MIXED[1:])
        if self.plain:
            return self.random.choice(_PLAIN)
        for _ in range(5):
            value = Fraction(self.random.randint(1, 9), self.random.choice(_DENOMINATORS))
            if value not in self._drawn and value < _LARGEST:
                break
        self._drawn.add(value)
        return value * self.scale

    def nonnegative(self) -> Fraction:
        """A positive number, or zero in a mixed pool."""
        return self.random.choice(_MIXED) if self.mixed else self.positive()

    def any(self) -> Fraction:
        """A number of either sign; zero in a mixed pool too."""
        if self.mixed:
            return self.random.choice((1, -1)) * self.random.choice(_MIXED)
        return self.random.choice((1, -1)) * self.positive()

    def fill(self, shape: tuple[int, ...], entry: Callable[[], Fraction]) -> Array:
        """A tensor of entries drawn one by one."""
        result = np.empty(shape, dtype=object)
        for place in np.ndindex(*shape):
            result[place] = entry()
        return result


def draw(
    pool: Pool,
    shape: tuple[int, ...],
    properties: Collection[str],
    places: tuple[int, int] | None = None,
) -> Array | None:
    """A tensor with `properties`, or None where none was found.

    `places` are the bounds of an integer tensor that is used as an index.
    """
    for _ in range(40):
        values = _attempt(pool, shape, frozenset(properties), places)
        if values is not None and failing(values, properties) is None:
            return values
    return None


def _attempt(
    pool: Pool, shape: tuple[int, ...], properties: frozenset[str], places: tuple[int, int] | None
) -> Array | None:
    entry = _entries(pool, properties, places)
    if properties & {"onehot", "simplex", "unit"} and shape:
        rows = np.empty(shape, dtype=object)
        for place in np.ndindex(*shape[:-1]):
            rows[place] = _row(pool, shape[-1], properties)
        return rows
    if properties & {"symmetric", "posdef", "invertible", "orthogonal", "diagonal"}:
        if len(shape) < 2 or shape[-1] != shape[-2]:
            return None
        matrices = np.empty(shape, dtype=object)
        for place in np.ndindex(*shape[:-2]):
            matrices[place] = _matrix(pool, shape[-1], properties, entry)
        return matrices
    return pool.fill(shape, entry)


def _entries(
    pool: Pool, properties: frozenset[str], places: tuple[int, int] | None
) -> Callable[[], Fraction]:
    """How one entry is drawn."""
    random = pool.random
    if places is not None:
        return lambda: Fraction(random.randint(*places))
    if "binary" in properties:
        if properties & {"positive", "sign"}:
            return lambda: _ONE
        return lambda: Fraction(random.randint(0, 1))
    if "sign" in properties:
        if properties & {"positive", "nonnegative"}:
            return lambda: _ONE
        return lambda: Fraction(random.choice((1, -1)))
    if "integer" in properties:
        low = 1 if "positive" in properties else 0 if "nonnegative" in properties else -4
        return lambda: Fraction(random.randint(low, 5))
    if "positive" in properties:
        return pool.positive
    return pool.nonnegative if "nonnegative" in properties else pool.any


def _row(pool: Pool, size: int, properties: frozenset[str]) -> Array:
    """A row that is one-hot, on the simplex or of norm one."""
    whole = properties & {"onehot", "integer", "binary"}
    if whole or {"simplex", "unit"} <= properties:
        row = fractions([0] * size)
        row[pool.random.randrange(size)] = _ONE
        return row
    if "simplex" in properties:
        weights = pool.random.sample(range(1, size + 7), size)
        return fractions([Fraction(weight, sum(weights)) for weight in weights])
    row = unit_vector(pool, size)
    return abs(row) if properties & {"positive", "nonnegative"} else row


def unit_vector(pool: Pool, size: int) -> Array:
    """A rational point on the sphere, by stereographic projection."""
    if size == 1:
        return fractions([pool.random.choice((1, -1))])
    free = [Fraction(pool.random.choice((1, -1)) * pool.random.randint(1, 4), 2)]
    free += [Fraction(pool.random.randint(1, 5), 2) for _ in range(size - 2)]
    square = sum((t * t for t in free), _ZERO)
    row = [*(2 * t / (square + 1) for t in free), (square - 1) / (square + 1)]
    pool.random.shuffle(row)
    return fractions(row)


def _matrix(
    pool: Pool, size: int, properties: frozenset[str], entry: Callable[[], Fraction]
) -> Array:
    """A square matrix."""
    if "diagonal" in properties:
        return _diagonal(pool, size, properties, entry)
    if "orthogonal" in properties:
        return _orthogonal(pool, size, properties)
    matrix = pool.fill((size, size), entry)
    if "posdef" in properties:
        if properties & {"integer", "binary", "sign"}:
            return objects(matrix @ matrix.T + _eye(size))
        if pool.mixed:
            return _badly_conditioned(pool, size)
        factor = pool.fill((size, size), lambda: Fraction(int(2 * entry()), 2))
        return objects(factor @ factor.T + Fraction(1, 2) * _eye(size))
    if "symmetric" in properties:
        for i in range(size):
            matrix[i, :i] = matrix[:i, i]
    return matrix


def _badly_conditioned(pool: Pool, size: int) -> Array:
    """L @ L.T with large entries and one small pivot."""
    factor = pool.fill((size, size), lambda: Fraction(pool.random.randint(-_LOWER, _LOWER)))
    lower: Array = np.tril(factor) + _ZERO
    for i in range(size):
        lower[i, i] = Fraction(pool.random.randint(1, _LOWER))
    pivot = pool.random.randrange(size)
    lower[pivot, pivot] = Fraction(1, 8)
    return objects(lower @ lower.T)


def _diagonal(
    pool: Pool, size: int, properties: frozenset[str], entry: Callable[[], Fraction]
) -> Array:
    """A diagonal matrix; its other entries are zero, whatever else is asked."""
    matrix = fractions(np.zeros((size, size), int))
    for i in range(size):
        value = Fraction(pool.random.choice((1, -1))) if "orthogonal" in properties else entry()
        matrix[i, i] = abs(value) if "posdef" in properties else value
    return matrix


def _orthogonal(pool: Pool, size: int, properties: frozenset[str]) -> Array:
    """An orthogonal matrix: Cayley's transform of a skew one, or a reflection."""
    if "posdef" in properties:
        return _eye(size)
    if properties & {"integer", "binary", "nonnegative", "sign"}:
        order = pool.random.sample(range(size), size)
        return _eye(size)[order]
    if "symmetric" in properties:
        normal = unit_vector(pool, size)
        return objects(_eye(size) - 2 * np.multiply.outer(normal, normal))
    skew = pool.fill((size, size), lambda: Fraction(pool.random.randint(-3, 3), 2))
    skew = np.triu(skew, 1) - np.triu(skew, 1).T
    eye = _eye(size)
    signs = fractions([pool.random.choice((1, -1)) for _ in range(size)])
    product: Array = (eye - skew) @ inverse(eye + skew)
    return product * signs


def _eye(size: int) -> Array:
    return fractions(np.eye(size, dtype=int))


def rational_matrix(matrix: Array) -> Any:
    """A matrix of Fractions as an `fmpq_mat`."""
    entries = [flint.fmpq(x.numerator, x.denominator) for x in matrix.flat]
    return flint.fmpq_mat(*matrix.shape, entries)


def from_rational(matrix: Any) -> Array:
    """An `fmpq_mat` as an array of Fractions."""
    result = np.empty((matrix.nrows(), matrix.ncols()), dtype=object)
    for i, j in np.ndindex(*result.shape):
        result[i, j] = Fraction(int(matrix[i, j].p), int(matrix[i, j].q))
    return result


def inverse(matrix: Array) -> Array:
    """The exact inverse. Raises ZeroDivisionError for a singular matrix."""
    return from_rational(rational_matrix(matrix).inv())


def failing(values: Array, properties: Collection[str]) -> str | None:
    """The first property, in alphabetical order, that `values` lacks."""
    for name in sorted(properties):
        if not _TESTS[name](values):
            return name
    return None


def _rows(test: Callable[[Array], bool]) -> Callable[[Array], bool]:
    def by_rows(values: Array) -> bool:
        return values.ndim > 0 and all(
            test(values[place]) for place in np.ndindex(*values.shape[:-1])
        )

    return by_rows


def _matrices(test: Callable[[Array], bool]) -> Callable[[Array], bool]:
    def by_matrices(values: Array) -> bool:
        square = values.ndim > 1 and values.shape[-1] == values.shape[-2]
        return square and all(test(values[place]) for place in np.ndindex(*values.shape[:-2]))

    return by_matrices


def _entrywise(test: Callable[[Fraction], bool]) -> Callable[[Array], bool]:
    return lambda values: all(test(x) for x in values.flat)


def _is_posdef(matrix: Array) -> bool:
    """Symmetric, with positive leading minors."""
    return bool((matrix == matrix.T).all()) and all(
        rational_matrix(matrix[:k, :k]).det() > 0 for k in range(1, len(matrix) + 1)
    )


_TESTS: dict[str, Callable[[Array], bool]] = {
    "onehot": _rows(lambda row: all(x in (0, 1) for x in row) and sum(row) == 1),
    "simplex": _rows(lambda row: all(x > 0 for x in row) and sum(row) == 1),
    "unit": _rows(lambda row: bool(row @ row == 1)),
    "positive": _entrywise(lambda x: x > 0),
    "nonnegative": _entrywise(lambda x: x >= 0),
    "integer": _entrywise(lambda x: x.denominator == 1),
    "binary": _entrywise(lambda x: x in (0, 1)),
    "sign": _entrywise(lambda x: x in (1, -1)),
    "symmetric": _matrices(lambda a: bool((a == a.T).all())),
    "posdef": _matrices(_is_posdef),
    "invertible": _matrices(lambda a: bool(rational_matrix(a).det() != 0)),
    "orthogonal": _matrices(lambda a: bool((a.T @ a == _eye(len(a))).all())),
    "diagonal": _matrices(lambda a: bool((a == np.diag(np.diag(a))).all())),
}
PROPERTIES = frozenset(_TESTS)
