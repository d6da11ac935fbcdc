"""A sum of products of one or two arrays as one call: BLAS where there is one."""

from collections.abc import Callable, Sequence

from derive.compile.text import Text, axes_text, placed

_LETTERS = "ijklmnopqrstuvwxyzabcdefgh"


def contraction(
    module: str, operands: Sequence[Text], rank: int, ones: Callable[[Sequence[int]], str] | None
) -> str:
    """The text; the result has its axes in order.

    `ones` gives a vector of ones for some axes: in NumPy a product with it is several times faster
    than a sum along rows or columns.
    """
    if len(operands) == 1:
        (one,) = operands
        if ones is not None and len(one.places) > 1 and rank:
            text = _with_ones(one, rank, ones)
            if text is not None:
                return text
        axes = axes_text([k for k, p in enumerate(one.places) if p >= rank], len(one.places))
        kept = [p for p in one.places if p < rank]
        return placed(f"{one.text}.sum({axes})", kept, rank)
    if len(operands) == 2:
        first, second = operands
        text = _blas(module, first, second, rank)
        if text is not None:
            return text
    return _einsum(module, operands, rank)


def _with_ones(one: Text, rank: int, ones: Callable[[Sequence[int]], str]) -> str | None:
    summed = [p for p in one.places if p >= rank]
    if len(one.places) == 2 and one.places[1] >= rank:
        return f"{one.text} @ {ones(summed)}"
    if list(one.places) == [*summed, 0] and rank == 1:
        table = one.text if len(summed) == 1 else f"{one.text}.reshape(-1, {one.text}.shape[-1])"
        return f"{ones(summed)} @ {table}"
    return None


def _einsum(module: str, operands: Sequence[Text], rank: int) -> str:
    labels = ["".join(_LETTERS[p] for p in operand.places) for operand in operands]
    out = "".join(_LETTERS[k] for k in range(rank))
    return f'{module}.einsum("{",".join(labels)}->{out}", {", ".join(o.text for o in operands)})'


def _blas(module: str, a: Text, b: Text, rank: int) -> str | None:
    summed = [p for p in a.places if p >= rank and p in b.places]
    batch = [p for p in a.places if p < rank and p in b.places]
    left = [p for p in a.places if p not in b.places]
    right = [p for p in b.places if p not in a.places]
    if any(p >= rank for p in (*left, *right)):
        return None
    if batch and not left and not right and a.places == b.places and summed == [rank]:
        return None if list(a.places) != list(range(rank + 1)) else f"_dots({a.text}, {b.text})"
    if batch:
        return _batched(a, b, batch, left, right, summed, rank)
    if not left and not right:
        return _inner(module, a, b)
    if len(summed) == 1 and len(left) <= 1 and len(right) <= 1:
        if (left and right and left != [0]) or (not left and len(b.places) == 2):
            a, b, left, right = b, a, right, left
        (over,) = summed
        return f"{_matrix(a, [*left, over])} @ {_matrix(b, [over, *right])}"
    axes = ([a.places.index(p) for p in summed], [b.places.index(p) for p in summed])
    swap = [*right, *left] == list(range(rank)) and bool(right) and bool(left)
    if swap:
        a, b, left, right, axes = b, a, right, left, axes[::-1]
    name = "dims" if module == "torch" else "axes"
    text = f"{module}.tensordot({a.text}, {b.text}, {name}={axes})"
    order = [p for p in a.places if p in left] + [p for p in b.places if p in right]
    return placed(text, order, rank)


def _inner(module: str, a: Text, b: Text) -> str:
    if len(a.places) == 1:
        return f"{a.text} @ {b.text}"
    turned = b.text
    if a.places != b.places:
        order = tuple(b.places.index(p) for p in a.places)
        turned = f"{b.text}.T" if order == (1, 0) else f"{b.text}.transpose{order}"
    if module == "torch":
        return f"({a.text} * {turned}).sum()"
    return f"{module}.vdot({a.text}, {turned})"


def _matrix(operand: Text, order: list[int]) -> str:
    return operand.text if list(operand.places) == order else f"{operand.text}.T"


def _batched(
    a: Text,
    b: Text,
    batch: list[int],
    left: list[int],
    right: list[int],
    summed: list[int],
    rank: int,
) -> str | None:
    """A product of stacks of matrices."""
    if not (len(left) == len(right) == len(summed) == 1) or batch != list(range(len(batch))):
        return None
    if left[0] > right[0]:
        a, b, left, right = b, a, right, left
    texts = []
    for operand, tail in ((a, [*left, *summed]), (b, [*summed, *right])):
        if list(operand.places) == [*batch, *tail]:
            texts.append(operand.text)
        elif list(operand.places) == [*batch, *tail[::-1]]:
            texts.append(f"{operand.text}.swapaxes(-1, -2)")
        else:
            return None
    return f"{texts[0]} @ {texts[1]}"
