"""The rules of shapes: as in NumPy where it says the same, and where they are meant to differ."""

from itertools import product

import numpy as np
import pytest

from derive.model.dim import Dim
from derive.model.ranges import surely_negative
from derive.model.scalar import (
    Apply,
    Entry,
    Index,
    IndexVariable,
    Reduce,
    Scalar,
    Tensor,
    axis,
)
from derive.model.shape import align_sides, broadcast, fresh, matmul, shape_text, transpose

SHAPES = [(), (1,), (2,), (3,), (1, 2), (2, 1), (1, 3), (2, 3), (3, 2), (2, 2), (1, 1), (4, 2, 3)]
PAIRS = list(product(SHAPES, SHAPES))
Arrays = dict[str, np.ndarray]


def tensor(name: str, shape: tuple[int, ...]) -> Tensor:
    own = fresh([axis(Dim.of(size)) for size in shape])
    return Tensor(own, Entry(name, tuple(map(Index.of, own))))


def value(tensor_: Tensor, arrays: Arrays) -> np.ndarray:
    """The entries of `tensor_`, one by one."""
    shape = [range_.size.constant or 0 for range_ in tensor_.axes]
    result = np.zeros(shape)
    for place in np.ndindex(*shape):
        at = {v: i + 1 for v, i in zip(tensor_.indices, place, strict=True)}
        result[place] = number(tensor_.body, at, arrays)
    return result


def number(scalar: Scalar, at: dict[IndexVariable, int], arrays: Arrays) -> float:
    match scalar:
        case Entry(name, indices):
            places = tuple(position(index, at) - 1 for index in indices)
            assert all(0 <= p < n for p, n in zip(places, arrays[name].shape, strict=True))
            return float(arrays[name][places])
        case Apply("mul", (a, b)):
            return number(a, at, arrays) * number(b, at, arrays)
        case Apply("add", (a, b)):
            return number(a, at, arrays) + number(b, at, arrays)
        case Reduce("sum", variable, body):
            size = variable.axis.size.constant or 0
            return sum(number(body, {**at, variable: i + 1}, arrays) for i in range(size))
    raise AssertionError(scalar)


def position(index: Index, at: dict[IndexVariable, int]) -> int:
    return index.offset.value({}) + sum(f.value({}) * at[v] for v, f in index.terms)


def draw(left: tuple[int, ...], right: tuple[int, ...]) -> Arrays:
    random = np.random.default_rng(0)
    return {"a": random.integers(1, 9, left), "b": random.integers(1, 9, right)}


def numpy_or_none(operation: np.ufunc, arrays: Arrays) -> np.ndarray | None:
    try:
        return np.asarray(operation(arrays["a"], arrays["b"]))
    except ValueError:
        return None


def is_column_beside_vector(left: tuple[int, ...], right: tuple[int, ...]) -> bool:
    """`[n, 1]` with `[m]`, where NumPy makes `[n, m]`."""
    shapes = (left, right), (right, left)
    return any(len(a) == 2 and a[1] == 1 and len(b) == 1 for a, b in shapes)


@pytest.mark.parametrize(("left", "right"), PAIRS)
def test_entry_by_entry_is_as_in_numpy(left: tuple[int, ...], right: tuple[int, ...]) -> None:
    arrays = draw(left, right)
    found = broadcast(tensor("a", left), tensor("b", right), {})
    expected = numpy_or_none(np.add, arrays)
    if is_column_beside_vector(left, right):
        return
    assert (found is None) == (expected is None)
    if found is not None and expected is not None:
        total = value(Tensor(found[0], Apply("add", found[1:])), arrays)
        np.testing.assert_array_equal(total, expected)


def test_a_column_is_the_vector() -> None:
    arrays = draw((2, 1), (2,))
    found = broadcast(tensor("a", (2, 1)), tensor("b", (2,)), {})
    assert found is not None
    total = value(Tensor(found[0], Apply("add", found[1:])), arrays)
    np.testing.assert_array_equal(total, arrays["a"][:, 0] + arrays["b"])


@pytest.mark.parametrize(("left", "right"), PAIRS)
def test_products_are_as_in_numpy(left: tuple[int, ...], right: tuple[int, ...]) -> None:
    """Where NumPy has a product, it is that one, but that one entry is a scalar."""
    arrays = draw(left, right)
    found = matmul(tensor("a", left), tensor("b", right), {})
    expected = numpy_or_none(np.matmul, arrays)
    if expected is None or (len(left) == 1 and len(right) == 2 and right[0] == 1):
        return
    assert found is not None
    result = value(found, arrays)
    if expected.size == 1:
        assert result.shape == ()
    np.testing.assert_array_equal(result.reshape(expected.shape), expected)


@pytest.mark.parametrize(("left", "right"), PAIRS)
def test_products_are_those_of_matrices(left: tuple[int, ...], right: tuple[int, ...]) -> None:
    """With every vector a column, as on paper."""
    if len(left) > 2 or len(right) > 2 or not left or not right:
        return
    arrays = draw(left, right)
    a = arrays["a"].reshape(-1, 1) if len(left) == 1 else arrays["a"]
    b = arrays["b"].reshape(-1, 1) if len(right) == 1 else arrays["b"]
    found = matmul(tensor("a", left), tensor("b", right), {})
    if a.shape[1] != b.shape[0]:
        assert found is None or len(left) == 1  # only a vector on the left may stand for its row
        return
    assert found is not None
    np.testing.assert_array_equal(value(found, arrays).flatten(), (a @ b).flatten())


@pytest.mark.parametrize(
    ("left", "right"), [((2, 3), (2,)), ((2,), (3,)), ((3, 2), (3, 2)), ((2, 1), (2, 3))]
)
def test_products_that_do_not_fit(left: tuple[int, ...], right: tuple[int, ...]) -> None:
    assert matmul(tensor("a", left), tensor("b", right), {}) is None


def test_rows_and_columns() -> None:
    row = transpose(tensor("a", (3,)))
    assert row is not None
    assert shape_text(row.axes) == "[1, 3]"
    column = transpose(row)
    assert column is not None
    assert shape_text(column.axes) == "[3, 1]"
    vector = tensor("b", (3,))
    assert align_sides(vector, row, {}) is None
    assert align_sides(vector, column, {}) is not None


def test_separate_dimensions_are_never_equal_unless_a_case_makes_them() -> None:
    n, m = (Tensor(fresh([axis(Dim.symbol(s))]), Entry(s, ())) for s in "nm")
    assert broadcast(n, m, {}) is None
    assert broadcast(n, m, {"n": Dim.of(3), "m": Dim.of(3)}) is not None
    assert align_sides(n, tensor("a", (3,)), {"n": Dim.of(3)}) is not None


@pytest.mark.parametrize(
    ("dim", "negative"),
    [
        (Dim.of(-1), True),
        (Dim.of(0), False),
        (-Dim.symbol("n"), True),
        (Dim.of(1) - Dim.symbol("n"), False),
        (Dim.symbol("n") - Dim.symbol("m"), False),
        (Dim.of(1) - Dim.symbol("n") - Dim.symbol("m"), True),
        (Dim.symbol("n") * Dim.symbol("m") - Dim.of(1), False),
    ],
)
def test_a_dimension_is_surely_negative_only_where_it_is_for_all_sizes(
    dim: Dim, negative: bool
) -> None:
    assert surely_negative(dim) is negative
