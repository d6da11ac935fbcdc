"""The half-widths that printed digits allow: `0.378` stands for [0.3775, 0.3785]."""

from collections.abc import Iterator
from fractions import Fraction

from derive.model.failure import failure
from derive.syntax import tree

EXACT = (Fraction(0),)


def tolerances(expect: tree.Expect) -> tuple[Fraction, ...]:
    """For `~`: one half-width for each printed entry, row by row, or one for all."""
    entries = list(_entries(expect.right))
    if expect.within is None:
        return tuple(_printed(entry) for entry in entries) or EXACT
    width = closed_value(expect.within)
    if width is None or width < 0:
        message = f"`{expect.within.span.text}` is not a tolerance"
        raise failure("bad-tolerance", message, expect.within.span, "a positive number is needed")
    if not expect.percent:
        return (width,)
    values = [closed_value(entry) for entry in entries]
    if any(value is None for value in values):
        raise failure(
            "bad-tolerance",
            "a percentage is of printed numbers, and the right side is none",
            expect.right.span,
            "not a number or a list of numbers",
            helps=("write an absolute tolerance, as in `within 0.01`",),
        )
    return tuple(abs(value) * width / 100 for value in values if value is not None)


def _entries(expr: tree.Expression) -> Iterator[tree.Expression]:
    """The entries of a literal, row by row."""
    if isinstance(expr, tree.List):
        for item in expr.items:
            yield from _entries(item)
    else:
        yield expr


def _printed(entry: tree.Expression) -> Fraction:
    """Half of the last printed digit; zero for an integer and for what is no number."""
    while isinstance(entry, tree.Negative):
        entry = entry.operand
    if not isinstance(entry, tree.Number):
        return Fraction(0)
    mantissa, _, exponent = entry.text.lower().partition("e")
    decimals = len(mantissa.partition(".")[2])
    if "." not in mantissa and not exponent:
        return Fraction(0)
    return Fraction(10) ** (int(exponent or 0) - decimals) / 2


def closed_value(expr: tree.Expression) -> Fraction | None:
    """The number that a quotient, product or sum of printed numbers is; None for anything else."""
    match expr:
        case tree.Number(value=value):
            return value
        case tree.Negative(operand=operand):
            inner = closed_value(operand)
            return None if inner is None else -inner
        case tree.Binary(op="+" | "-" | "*" | "/" as op, left=left, right=right):
            a, b = closed_value(left), closed_value(right)
            if a is None or b is None or (op == "/" and not b):
                return None
            return {"+": a + b, "-": a - b, "*": a * b}[op] if op != "/" else a / b
    return None
