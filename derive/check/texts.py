"""Numbers and points as a person reads them, and as NumPy does."""

import re
from collections.abc import Sequence
from fractions import Fraction
from math import log10
from typing import Any

import flint

from derive.check.verdict import Value
from derive.model.model import Judgement
from derive.model.scalar import Num

DIGITS = 10
_LONGEST_FRACTION = 14
_MOST_DIGITS = 60
_OPEN, _CLOSE = "([{", ")]}"
_OPERATORS = ("<=", ">=", "!=", "≤", "≥", "≠", "≈", "=", "<", ">", "~")


def sides(text: str) -> tuple[str, str]:
    """The two sides of a relation, by its first operator outside brackets; of a step, the right.

    >>> sides("dL/dz[i] = sum[j in 1..n](y[j]) for i in 1..n")
    ('dL/dz[i]', 'sum[j in 1..n](y[j])')
    >>> sides('= p[j] - y[j] by "algebra"')
    ('the line before', 'p[j] - y[j]')
    """
    if text.lstrip().startswith("="):
        return "the line before", _without_tail(text.lstrip().removeprefix("="))
    body, depth = text, 0
    for position, char in enumerate(body):
        depth += (char in _OPEN) - (char in _CLOSE)
        if depth == 0:
            for operator in _OPERATORS:
                if body.startswith(operator, position):
                    right = body[position + len(operator) :]
                    return body[:position].strip(), _without_tail(right)
    return body.strip(), ""


def sides_of(judgement: Judgement) -> tuple[str, str]:
    """The two sides as they are judged: a limit that is to be infinite by the exponential of it."""
    left, right = sides(judgement.read_as or judgement.text)
    relation = judgement.relation
    if relation is not None and relation.right == Num(Fraction(0)):
        for limited, end in ((left, right), (right, left)):
            if end in ("inf", "-inf"):
                return f"exp({'-' if end == 'inf' else ''}{limited})", "exp(-inf)"
    return left, right


def _without_tail(text: str) -> str:
    """The right side without `at ...`, `for ...`, `within ...`."""
    depth = 0
    for match in re.finditer(r"[(\[{]|[)\]}]|\b(?:at|for|within|by)\b", text):
        found = match.group()
        depth += (found in _OPEN) - (found in _CLOSE)
        if depth == 0 and found.isalpha():
            return text[: match.start()].strip()
    return text.strip()


def entry_text(side: str, entry: Sequence[tuple[str, int]]) -> str:
    """A side with the place of one of its entries: `(y - p)[1]`, or `dL/dz[j] at j = 1`.

    >>> entry_text("y - p", [("i", 1)]), entry_text("dL/dz[j]", [("j", 1)])
    ('(y - p)[1]', 'dL/dz[j]')
    >>> entry_text("0", [("i", 1)])
    '0'
    >>> entry_text("inv(A) @ (B)", [("i", 1)]), entry_text("inv(A @ (B))", [("i", 1)])
    ('(inv(A) @ (B))[1]', 'inv(A @ (B))[1]')
    """
    if not entry or re.fullmatch(r"-?[\d./]+", side):
        return side
    if all(re.search(rf"\b{re.escape(name)}\b", side) for name, _ in entry):
        return side
    place = ", ".join(str(number) for _, number in entry)
    return f"{side}[{place}]" if _is_one(side) else f"({side})[{place}]"


def _is_one(side: str) -> bool:
    """Whether a side is a name, a derivative or one call, so that an index can stand behind it."""
    if re.fullmatch(r"[^\W\d][\w/]*", side):
        return True
    if not re.match(r"[^\W\d]\w*\(", side) or not side.endswith(")"):
        return False
    depth = 0
    for position, char in enumerate(side):
        depth += (char == "(") - (char == ")")
        if char == ")" and depth == 0:
            return position == len(side) - 1
    return False


def pasted(values: Any) -> str:
    """An array of Fractions so that it pastes into Python: `[[1, 1/2], [0, -1]]`."""
    if getattr(values, "shape", ()) == ():
        item = values.item() if hasattr(values, "item") else values
        return str(Fraction(item))
    return "[" + ", ".join(pasted(part) for part in values) + "]"


def both(left_text: str, left: Any, right_text: str, right: Any) -> tuple[Value, Value]:
    """Two numbers that differ, rationals or balls, with as many digits as it takes to see it."""
    middles = [n if isinstance(n, Fraction) else fraction_of(n.mid()) for n in (left, right)]
    gap, size = abs(middles[0] - middles[1]), max(map(abs, middles))
    digits = magnitude(size) - magnitude(gap) + 4 if gap else DIGITS
    digits = max(DIGITS, min(digits, _MOST_DIGITS))
    return value(left_text, left, digits), value(right_text, right, digits)


def value(text: str, number: Any, digits: int = DIGITS) -> Value:
    """A rational or a ball."""
    if isinstance(number, Fraction):
        return exact(text, number, digits)
    return enclosed(text, number, digits)


def printed(text: str, number: Any) -> Value | None:
    """A rational as a finite decimal, as printed answers are; None where it is not one."""
    plain = _terminating(number) if isinstance(number, Fraction) else None
    return None if plain is None else Value(text, plain)


def exact(text: str, number: Fraction, digits: int = DIGITS) -> Value:
    """A rational number, as a fraction; large ones as decimals."""
    plain = _short_fraction(number)
    if plain is not None:
        return Value(text, plain)
    printed = decimal_of(number, digits)
    return Value(text, printed, power_above(abs(Fraction(printed) - number)))


def enclosed(text: str, ball: Any, digits: int = DIGITS) -> Value:
    """A ball as a decimal, with a power of ten above its distance from all that it encloses."""
    if ball.is_exact():
        plain = _short_fraction(fraction_of(ball))
        if plain is not None:
            return Value(text, plain)
    middle = fraction_of(ball.mid())
    printed = decimal_of(middle, digits)
    error = abs(Fraction(printed) - middle) + fraction_of(ball.rad())
    return Value(text, printed, power_above(error))


def short(number: Any, digits: int) -> str:
    """A rational or a ball, rounded to at most so many digits."""
    if isinstance(number, Fraction):
        plain = _terminating(number) or _short_fraction(number)
        long = plain is None or len(plain) > digits + 4
        return _trimmed(decimal_of(number, digits)) if long else str(plain)
    return _trimmed(decimal_of(fraction_of(number.mid()), digits)) if number.is_finite() else "?"


def _short_fraction(number: Fraction) -> str | None:
    """A rational as `3/8`, where that is short. (Python refuses to write very long integers.)"""
    if number.numerator.bit_length() + number.denominator.bit_length() > 64:
        return None
    plain = str(number)
    return plain if len(plain) <= _LONGEST_FRACTION else None


def _terminating(number: Fraction) -> str | None:
    """A rational as a finite decimal, where it is one with few places.

    >>> _terminating(Fraction(3, 8)), _terminating(Fraction(1, 3))
    ('0.375', None)
    """
    for places in range(10):
        scaled = number * 10**places
        if scaled.denominator == 1:
            return f"{float(number):.{places}f}" if abs(scaled) < 10**15 else None
    return None


def _trimmed(printed: str) -> str:
    """Without zeros that say nothing."""
    figures, e, exponent = printed.partition("e")
    if "." in figures:
        figures = figures.rstrip("0").rstrip(".")
    return figures + e + exponent


def ball(number: Fraction) -> Any:
    """A ball around a rational."""
    return flint.arb(flint.fmpq(number.numerator, number.denominator))


def widened(middle: Any, error: Any) -> Any:
    """The ball of all numbers no further than `error` from `middle`."""
    return middle + flint.arb(0, error)


def decimal_of(number: Fraction, digits: int) -> str:
    """A rational rounded to so many significant digits.

    >>> decimal_of(Fraction(-2, 3), 4), decimal_of(Fraction(1, 10**9), 3)
    ('-0.6667', '1.00e-9')
    """
    if number == 0:
        return "0"
    size = abs(number)
    exponent = magnitude(size)
    scaled = round(size / Fraction(10) ** (exponent - digits + 1))
    if scaled >= 10**digits:
        scaled, exponent = round(scaled / 10), exponent + 1
    figures = str(scaled)
    sign = "-" if number < 0 else ""
    if -5 < exponent < digits:
        if exponent < 0:
            return f"{sign}0.{'0' * (-exponent - 1)}{figures}"
        whole, rest = figures[: exponent + 1], figures[exponent + 1 :]
        return f"{sign}{whole}.{rest}" if rest else f"{sign}{whole}"
    point = "." if digits > 1 else ""
    return f"{sign}{figures[0]}{point}{figures[1:]}e{exponent}"


def magnitude(size: Fraction) -> int:
    """The power of ten at or below a positive number.

    >>> magnitude(Fraction(999, 10)), magnitude(Fraction(10**5000)), magnitude(Fraction(1, 1000))
    (1, 5000, -3)
    """
    exponent = round(log10(size.numerator) - log10(size.denominator))
    while Fraction(10) ** exponent > size:
        exponent -= 1
    while Fraction(10) ** (exponent + 1) <= size:
        exponent += 1
    return exponent


def power_above(error: Fraction) -> str:
    """A power of ten above an error; empty for none."""
    if error == 0:
        return ""
    return f"1e{magnitude(error) + 1}"


def fraction_of(ball: Any) -> Fraction:
    """An exact ball as a rational."""
    mantissa, exponent = ball.man_exp()
    return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)
