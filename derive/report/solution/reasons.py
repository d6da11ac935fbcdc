"""Why a line follows from the one before it, in words, read off the two expressions."""

from collections.abc import Callable, Iterator

from derive.report.solution.shown import names_of
from derive.syntax import tree
from derive.syntax.parts import is_differential
from derive.syntax.show import is_quotient, show
from derive.syntax.tree import Expression


def parts(expr: Expression) -> Iterator[Expression]:
    """An expression and all that it is made of; a derivative as one."""
    yield expr
    match expr:
        case tree.Binary() if is_quotient(expr):
            return
        case tree.Binary(left=left, right=right):
            yield from parts(left)
            yield from parts(right)
        case tree.Negative(operand=inner) | tree.Transpose(operand=inner):
            yield from parts(inner)
        case tree.Call(arguments=arguments):
            for argument in arguments:
                yield from parts(argument)
        case tree.Subscript(base=base):
            yield from parts(base)
        case tree.Big(body=body):
            yield from parts(body)


def derivatives(expr: Expression) -> dict[str, Expression]:
    """The derivatives by whole names, `dL/dz`, that stand in an expression."""
    found: dict[str, Expression] = {}
    for part in parts(expr):
        match part:
            case tree.Binary(left=tree.Name() as of, right=by) if is_quotient(part):
                if isinstance(by, tree.Subscript) and isinstance(by.base, tree.Name):
                    by = by.base
                if isinstance(by, tree.Name) and is_differential(by):
                    found[by.id] = tree.Binary(part.span, "/", of, by)
    return found


def inserted(before: Expression, after: Expression) -> tuple[Expression, ...]:
    """The derivatives that stand before, but no longer after."""
    kept = derivatives(after)
    return tuple(d for name, d in derivatives(before).items() if name not in kept)


def why(before: Expression, after: Expression) -> str:
    """What was done, as far as it can be seen."""
    one, other = tuple(parts(before)), tuple(parts(after))
    if has_delta(before) and not has_delta(after):
        keeps = "the delta keeps one term of the sum" if any(map(is_sum, one)) else ""
        out = "multiplied out" if is_terms(after) or not keeps else ""
        return "; ".join(filter(None, (out, keeps)))
    if is_product(after) and is_terms(before):
        return "common factors taken out"
    if is_terms(after) and not is_terms(before):
        return "multiplied out"
    if fixed(one) - fixed(other):
        return "constant factors taken out of the sum"
    if count(one, is_fraction) > count(other, is_fraction) and below(one) > below(other):
        return "cancelled"
    return "simplified"


def fixed(found: tuple[Expression, ...]) -> frozenset[str]:
    """The factors inside of sums that do not depend on their indices."""
    made: set[str] = set()
    for part in found:
        if isinstance(part, tree.Big) and is_sum(part):
            bound = {binder.name for binder in part.binders}
            made |= {show(f) for f in factors(part.body) if bound.isdisjoint(names_of(f))}
    return frozenset(made)


def factors(expr: Expression) -> Iterator[Expression]:
    """The factors of a product, above and below fraction bars."""
    match expr:
        case tree.Binary(op="*" | "/", left=left, right=right) if not is_quotient(expr):
            yield from factors(left)
            yield from factors(right)
        case _:
            yield expr


def has_delta(expr: Expression) -> bool:
    """A delta stands in it."""
    return any(map(is_delta, parts(expr)))


def is_delta(part: Expression) -> bool:
    """`delta[i, j]`, `[i = j]`."""
    match part:
        case tree.Subscript(base=tree.Name(id="delta")) | tree.Call(function=tree.Name(id="delta")):
            return True
        case tree.Indicator(conditions=(tree.Comparison(op="=", left=tree.Name()),)):
            return True
    return False


def is_sum(part: Expression) -> bool:
    """`sum[i](...)`."""
    return isinstance(part, tree.Big) and part.op == "sum"


def is_fraction(part: Expression) -> bool:
    """A quotient that is no derivative."""
    return isinstance(part, tree.Binary) and part.op == "/" and not is_quotient(part)


def is_terms(expr: Expression) -> bool:
    """A sum of terms."""
    return isinstance(expr, tree.Binary) and expr.op in "+-"


def is_product(expr: Expression) -> bool:
    """A product, or a fraction, before which a sign may stand."""
    expr = stripped(expr)
    return isinstance(expr, tree.Binary) and expr.op in "*/" and not is_quotient(expr)


def stripped(expr: Expression) -> Expression:
    """Without the sign in front."""
    return expr.operand if isinstance(expr, tree.Negative) else expr


def count(found: tuple[Expression, ...], test: Callable[[Expression], bool]) -> int:
    """How many pass."""
    return sum(map(test, found))


def below(found: tuple[Expression, ...]) -> frozenset[str]:
    """The names below fraction bars."""
    lower = (p.right for p in found if isinstance(p, tree.Binary) and is_fraction(p))
    return frozenset[str]().union(*map(names_of, lower))
