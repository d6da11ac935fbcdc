"""Tree to text with as few brackets as its reading needs: `parse(show(t)) == t`."""

from collections.abc import Iterable
from typing import assert_never

from derive.syntax import tree
from derive.syntax.parts import is_differential
from derive.syntax.words import HOLDS

# How tightly an expression holds together, from loose to tight.
SUM, TERM, PRODUCT, POWER, POSTFIX = range(5)

LEVELS = {"+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT, "@": PRODUCT, "^": POWER}


def show(expr: tree.Expression | tree.Range) -> str:
    """`expr` as the language writes it."""
    match expr:
        case tree.Number(text=text):
            return text
        case tree.Name(id=name):
            return name
        case tree.Negative(operand=operand):
            return "-" + within(operand, TERM)
        case tree.Binary():
            return show_binary(expr)
        case tree.Transpose(operand=operand):
            return postfix(operand) + ".T"
        case tree.Attribute(operand=operand, name=name):
            return f"{postfix(operand)}.{name}"
        case tree.Call(function=function, arguments=arguments, keywords=keywords, primes=primes):
            parts = [*map(show, arguments), *(f"{k.name}={show(k.value)}" for k in keywords)]
            return f"{function.id}{chr(39) * primes}({', '.join(parts)})"
        case tree.Subscript(base=base, indices=indices):
            return f"{postfix(base)}[{commas(indices)}]"
        case tree.Big(op=op, binders=binders, conditions=conditions, body=body):
            return f"{op}[{show_binders(binders, conditions)}]({show(body)})"
        case tree.Indicator(conditions=conditions):
            return f"[{', '.join(map(relation, conditions))}]"
        case tree.List(items=items):
            return f"[{commas(items)}]"
        case tree.Comprehension(body=body, binders=binders, conditions=conditions):
            return f"[{show(body)} for {show_binders(binders, conditions)}]"
        case tree.Arrow(variable=variable, target=target, side=side):
            return f"{variable.id} -> {show(target)}{side}"
        case tree.Range(start=start, stop=stop, step=step):
            return f"{show(start)}..{show(stop)}" + (f" step {show(step)}" if step else "")
        case _:
            assert_never(expr)


def level(expr: tree.Expression) -> int:
    """How tightly `expr` holds together when it is written."""
    match expr:
        case tree.Binary(op=op):
            return LEVELS[op]
        case tree.Negative():
            return TERM
    return POSTFIX


def within(expr: tree.Expression, least: int) -> str:
    """`expr`, in brackets if it holds together less tightly than `least`."""
    return show(expr) if level(expr) >= least else f"({show(expr)})"


def postfix(expr: tree.Expression) -> str:
    """`expr` before `.T`, `[` or `(`: a number would swallow the point."""
    return f"({show(expr)})" if isinstance(expr, tree.Number) else within(expr, POSTFIX)


def show_binary(expr: tree.Binary) -> str:
    """`a + b`, the right side of a left-associative operator bracketed if need be."""
    op, left, right = expr.op, expr.left, expr.right
    match op:
        case "+" | "-":
            return f"{within(left, SUM)} {op} {within(right, PRODUCT)}"
        case "^":
            return f"{within(left, POSTFIX)}^{exponent(right)}"
        case "/" if reads_as_quotient(left, right):
            return f"({show(left)})/{within(right, POWER)}"
    if op == "*" and isinstance(left, tree.Binary) and left.op == "@":
        return f"({show(left)})*{show(right) if is_quotient(right) else within(right, POWER)}"
    if op != "/" and is_quotient(right):
        return f"{within(left, PRODUCT)}{spaced(op)}{show(right)}"
    return f"{within(left, PRODUCT)}{spaced(op)}{within(right, POWER)}"


def exponent(expr: tree.Expression) -> str:
    """What stands behind `^`: `n`, `-n`, `(n + 1)`."""
    if isinstance(expr, tree.Negative):
        return "-" + exponent(expr.operand)
    return within(expr, POWER)


def spaced(op: str) -> str:
    """`*` and `/` stand close, the others with blanks around them."""
    return op if op in "*/" else f" {op} "


def is_quotient(expr: tree.Expression) -> bool:
    """`dL/dz`, which binds before `*`."""
    match expr:
        case tree.Binary(op="/", left=top, right=bottom):
            return is_differential(top) and is_differential(bottom)
    return False


def reads_as_quotient(left: tree.Expression, right: tree.Expression) -> bool:
    """Would `a * dL / dz` be read as `a * (dL/dz)`?"""
    match left:
        case tree.Binary(op="*" | "@", right=top):
            return is_differential(top) and is_differential(right)
    return False


def commas(items: Iterable[tree.Expression | tree.Range]) -> str:
    """`a, b, c`."""
    return ", ".join(map(show, items))


def relation(comparison: tree.Comparison) -> str:
    """`a <= b`; `convex(L, w)`, which compares nothing."""
    if comparison.op == HOLDS:
        return show(comparison.left)
    return f"{show(comparison.left)} {comparison.op} {show(comparison.right)}"


def show_binders(binders: Iterable[tree.Binder], conditions: Iterable[tree.Comparison]) -> str:
    """`i in 1..n, i != j`."""
    parts = [b.name if b.range is None else f"{b.name} in {show(b.range)}" for b in binders]
    return ", ".join([*parts, *map(relation, conditions)])
