"""Expressions that a reader takes for the same: other orders of factors, other letters in sums."""

from collections.abc import Iterator, Mapping

from derive.syntax import tree
from derive.syntax.show import is_quotient, show
from derive.syntax.tree import Expression

Key = tuple[object, ...]


def alike(one: Expression, other: Expression) -> bool:
    """The same but for the order of factors and terms, and the letters of bound indices."""
    return key(one, {}) == key(other, {})


def key(expr: Expression, names: Mapping[str, str]) -> Key:
    """The same for what is alike; `names` has those of bound indices."""
    match expr:
        case tree.Name(id=name):
            return ("name", names.get(name, name))
        case tree.Binary() if is_quotient(expr):
            return ("quotient", key(expr.left, names), key(expr.right, names))
        case tree.Binary(op="+" | "-") | tree.Negative():
            return ("sum", *sorted(terms(expr, names, 1), key=repr))
        case tree.Binary(op="*" | "/"):
            return ("product", *sorted(factors(expr, names, 1), key=repr))
        case tree.Binary(op=op, left=left, right=right):
            return (op, key(left, names), key(right, names))
        case tree.Transpose(operand=operand):
            return ("transpose", key(operand, names))
        case tree.Subscript(base=base, indices=indices):
            return ("entry", key(base, names), *(key(i, names) for i in indices))
        case tree.Call(function=function, arguments=arguments, primes=primes):
            kept = tuple((k.name, key(k.value, names)) for k in expr.keywords)
            return ("call", function.id, primes, kept, *(key(a, names) for a in arguments))
        case tree.Indicator(conditions=conditions):
            return ("indicator", *compared(conditions, names))
        case tree.Big():
            return big(expr, names)
    return ("text", show(expr))


def big(expr: tree.Big, names: Mapping[str, str]) -> Key:
    """A sum, a product, a maximum."""
    inner, ranges = dict(names), []
    for binder in expr.binders:
        inner[binder.name] = f"#{len(inner)}"
        span = binder.range
        ranges.append((key(span.start, names), key(span.stop, names)) if span else ())
    conditions = compared(expr.conditions, inner)
    return (expr.op, *ranges, tuple(conditions), key(expr.body, inner))


def compared(conditions: tuple[tree.Comparison, ...], names: Mapping[str, str]) -> Iterator[Key]:
    """Relations."""
    for condition in conditions:
        yield (condition.op, key(condition.left, names), key(condition.right, names))


def terms(expr: Expression, names: Mapping[str, str], sign: int) -> Iterator[Key]:
    """The terms of a sum with their signs."""
    match expr:
        case tree.Binary(op="+" | "-" as op, left=left, right=right):
            yield from terms(left, names, sign)
            yield from terms(right, names, sign if op == "+" else -sign)
        case tree.Negative(operand=operand):
            yield from terms(operand, names, -sign)
        case _:
            yield (sign, key(expr, names))


def factors(expr: Expression, names: Mapping[str, str], power: int) -> Iterator[Key]:
    """The factors of a product, those below the bar with a power of -1."""
    match expr:
        case tree.Binary(op="*" | "/" as op, left=left, right=right) if not is_quotient(expr):
            yield from factors(left, names, power)
            yield from factors(right, names, power if op == "*" else -power)
        case _:
            yield (power, key(expr, names))
