"""Dimensions, positions and ranges as written: `2*d`, `x[i + u]`, `1..n`, `sum[j in 1..i]`."""

from dataclasses import dataclass, replace
from fractions import Fraction

from derive.diagnostics.span import Span
from derive.model.context import Expressions
from derive.model.dim import ONE, Dim
from derive.model.failure import Failure, failure
from derive.model.scalar import (
    Apply,
    ArgMax,
    Axis,
    DimValue,
    Entry,
    Index,
    IndexValue,
    IndexVariable,
    Num,
    Reduce,
    Scalar,
    axis,
)
from derive.model.scope import PENDING, UNKNOWN, Inferred
from derive.model.shape import axis_text, same_range
from derive.syntax import tree

INTEGER_PROPERTIES = frozenset({"integer", "binary", "onehot", "sign"})
MAX_POWER = 8


def dim_of(e: Expressions, expr: tree.Expression) -> Dim:
    """The dimension that `expr` writes."""
    dim = _dim(e, expr)
    if dim is None:
        raise failure(
            "not-a-dimension",
            f"`{expr.span.text}` is not a dimension",
            expr.span,
            "a dimension is an integer, a name from `dims`, or sums and products of these",
            notes=_dims_in_scope(e),
        )
    return dim


def _dims_in_scope(e: Expressions) -> tuple[str, ...]:
    names = e.scope.dim_names()
    return (f"dimensions in scope: {', '.join(names)}",) if names else ("no `dims` are declared",)


def _dim(e: Expressions, expr: tree.Expression) -> Dim | None:
    match expr:
        case tree.Number(value=value) if value.denominator == 1:
            return Dim.of(int(value))
        case tree.Name(id=name) if e.scope.is_dim(name):
            return e.scope.dim(name)
        case tree.Negative(operand=operand):
            inner = _dim(e, operand)
            return None if inner is None else -inner
        case tree.Binary(op="+" | "-" | "*" as op, left=left, right=right):
            a, b = _dim(e, left), _dim(e, right)
            if a is None or b is None:
                return None
            return a + b if op == "+" else a - b if op == "-" else a * b
        case tree.Binary(op="^", left=left, right=tree.Number(value=power)):
            base = _dim(e, left)
            if base is None or power.denominator != 1 or not 0 <= power <= MAX_POWER:
                return None
            result = ONE
            for _ in range(int(power)):
                result = result * base
            return result
    return None


def size_of(e: Expressions, expr: tree.Expression) -> Dim:
    """A dimension that is the size of an axis: no number below one."""
    dim = dim_of(e, expr)
    if surely_negative(dim - ONE):
        message = f"an axis has at least one entry, not {dim}"
        raise failure("not-a-dimension", message, expr.span, "the size of an axis")
    return dim


def axis_of(e: Expressions, expr: tree.Expression | tree.Range) -> Axis:
    """The axis that is declared as `d` or `0..T`."""
    if not isinstance(expr, tree.Range):
        return axis(size_of(e, expr))
    if expr.step is not None:
        raise failure("index-range", "an axis has no step", expr.step.span, "leave it out")
    range_ = Axis(dim_of(e, expr.start), dim_of(e, expr.stop))
    check_not_reversed(range_, expr)
    return range_


def check_not_reversed(range_: Axis, written: tree.Range) -> None:
    """Stop where a range has no entry, or fewer the larger its dimensions are."""
    if surely_negative(range_.size - ONE) or falls(range_.size):
        down = f"{written.start.span.text}..{written.stop.span.text} step -1"
        raise failure(
            "index-range",
            f"the range `{written.span.text}` ends before it begins",
            written.span,
            f"from {range_.low} to {range_.high}",
            helps=(f"a range that runs down says so: `{down}`",)
            if written.step is None
            else ("a range that runs up has no `step -1`",),
        )


def falls(dim: Dim) -> bool:
    """Whether `dim` is the smaller the larger the dimensions in it are."""
    varying = [coefficient for monomial, coefficient in dim.terms if monomial]
    return bool(varying) and all(coefficient < 0 for coefficient in varying)


def never_negative(dim: Dim) -> bool:
    """Whether `dim` is at least zero for all positive dimensions, by the signs of its terms."""
    moved = dim.substitute({name: Dim.symbol(name) + ONE for name in dim.names})
    return all(coefficient > 0 for _, coefficient in moved.terms)


def surely_negative(dim: Dim) -> bool:
    """Whether `dim` is below zero for all positive dimensions: each is one plus some t >= 0."""
    if not dim.terms or all(coefficient > 0 for _, coefficient in dim.terms):
        return False
    moved = dim.substitute({name: Dim.symbol(name) + ONE for name in dim.names})
    constant = dict(moved.terms).get((), 0)
    return constant < 0 and all(coefficient < 0 for _, coefficient in moved.terms)


# --- positions ---------------------------------------------------------------------------------


def position(e: Expressions, expr: tree.Expression, range_: Axis, padded: bool = False) -> Index:
    """The position on the axis `range_` that `expr` writes between square brackets."""
    if isinstance(expr, tree.Name) and expr.id in e.scope.indices:
        variable = e.scope.indices[expr.id]
        if variable.axis == UNKNOWN:
            raise Inferred(variable, range_)
        if variable in e.scope.implicit and not same_range(variable.axis, range_, e.scope.sizes):
            raise failure(
                "index-range",
                f"the index `{expr.id}` stands on axes of different ranges",
                expr.span,
                f"runs over {axis_text(variable.axis)}, and stands on an axis {axis_text(range_)}",
                helps=(_two_ranges(expr.id, variable.axis, range_),),
            )
    index = index_of(e, expr)
    if not padded:
        _check_inside(e, index, range_, expr.span)
    return index


def _two_ranges(name: str, first: Axis, second: Axis) -> str:
    """What to write where an index stands on two axes: of `x[0..T]` and `y[T]`, or `W` turned."""
    later, longer = (first.low - second.low).constant, (first.high - second.high).constant
    if later is not None and longer is not None:
        low = first.low if later > 0 else second.low
        high = second.high if longer > 0 else first.high
        return f"give it a range: `{name} in {low}..{high}`"
    return f"are two indices in the wrong order? Else give `{name}` a range of its own"


def _check_inside(e: Expressions, index: Index, range_: Axis, span: Span) -> None:
    """Stop where some entry is surely outside of the axis."""
    ends = extremes(index)
    if ends is None or any(variable in e.scope.loose for variable, _ in index.terms):
        return
    low, high = ends
    sizes = e.scope.sizes
    below = surely_negative((low - range_.low).substitute(sizes))
    if below or surely_negative((range_.high - high).substitute(sizes)):
        reached = low if below else high
        helps = ("`pad0(x)[...]` is zero outside of the range",) if index.terms else ()
        if not index.terms and below and range_.low == ONE:
            last = f": the last is `{range_.high}`" if span.text.startswith("-") else ""
            helps = (f"entries are numbered from 1{last}",)
        raise failure(
            "index-out-of-range",
            f"`{span.text}` is outside of the axis {range_.low}..{range_.high}",
            span,
            f"reaches {reached}",
            helps=helps,
        )


def extremes(index: Index) -> tuple[Dim, Dim] | None:
    """The smallest and the largest value of `index`; None where that is not a dimension."""
    low = high = index.offset
    if index.computed:
        return None
    for variable, factor in index.terms:
        number = factor.constant
        if number is None or variable.axis in (UNKNOWN, PENDING):
            return None
        first, last = factor * variable.axis.low, factor * variable.axis.high
        low = low + (first if number > 0 else last)
        high = high + (last if number > 0 else first)
    return low, high


def index_of(e: Expressions, expr: tree.Expression) -> Index:
    """The position that `expr` writes."""
    match expr:
        case tree.Name(id=name) if name in e.scope.indices:
            return Index.of(e.scope.indices[name])
        case tree.Negative(operand=operand):
            return _scaled(index_of(e, operand), Dim.of(-1)) or _computed(e, expr)
        case tree.Binary(op="+" | "-" as op, left=left, right=right):
            a, b = index_of(e, left), index_of(e, right)
            negated = b if op == "+" else _scaled(b, Dim.of(-1))
            return _computed(e, expr) if negated is None else _sum(a, negated)
        case tree.Binary(op="*", left=left, right=right):
            a, b = index_of(e, left), index_of(e, right)
            if not a.terms and not a.computed:
                return _scaled(b, a.offset) or _computed(e, expr)
            if not b.terms and not b.computed:
                return _scaled(a, b.offset) or _computed(e, expr)
    dim = _dim(e, expr)
    return Index((), dim) if dim is not None else _computed(e, expr)


def _sum(left: Index, right: Index) -> Index:
    terms = dict(left.terms)
    for variable, factor in right.terms:
        terms[variable] = terms.get(variable, Dim(())) + factor
    kept = tuple((variable, factor) for variable, factor in terms.items() if factor.terms)
    return Index(kept, left.offset + right.offset, (*left.computed, *right.computed))


def _scaled(index: Index, factor: Dim) -> Index | None:
    if index.computed:
        return None
    terms = tuple((variable, factor * old) for variable, old in index.terms)
    return Index(terms, factor * index.offset)


def _computed(e: Expressions, expr: tree.Expression) -> Index:
    """The position that an integer-valued scalar gives."""
    try:
        scalar = e.scalar(expr, "a position between square brackets")
    except Failure as problem:
        if problem.diagnostic.code != "not-a-scalar":
            raise
        raise Failure(replace(problem.diagnostic, code="not-an-index")) from None
    if isinstance(scalar, IndexValue):
        return scalar.index
    if not is_integer(e, scalar):
        raise failure(
            "not-an-index",
            f"`{expr.span.text}` is not known to be an integer, so it cannot be a position",
            expr.span,
            "a position in a tensor",
            helps=("declare it with `: integer`",) if isinstance(scalar, Entry) else (),
        )
    return Index((), Dim(()), (scalar,))


def is_integer(e: Expressions, scalar: Scalar) -> bool:
    """Whether `scalar` is an integer by its form or by a declared property."""
    match scalar:
        case Num(value):
            return value.denominator == 1
        case DimValue() | IndexValue() | ArgMax():
            return True
        case Entry(name) if name in e.scope.model.symbols:
            return bool(e.scope.model.symbols[name].properties & INTEGER_PROPERTIES)
        case Entry(name) if name in e.scope.model.definitions:
            return is_integer(e, e.scope.model.definitions[name].body)
        case Apply("add" | "mul" | "neg" | "abs" | "sign" | "max" | "min", arguments):
            return all(is_integer(e, argument) for argument in arguments)
        case Apply("lt" | "le" | "eq" | "ne"):
            return True
        case Reduce(_, _, body, _):
            return is_integer(e, body)
    return False


def number_of(dim: Dim) -> Scalar:
    """A dimension as a number."""
    constant = dim.constant
    return DimValue(dim) if constant is None else Num(Fraction(constant))


# --- ranges of binders -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Run:
    """Where an index runs: its smallest and its largest value; `step` is -1 where it runs down."""

    low: Index
    high: Index
    step: int = 1


def step_of(e: Expressions, written: tree.Range) -> int:
    """1, or the -1 of `T-1..1 step -1`."""
    if written.step is None:
        return 1
    step = dim_of(e, written.step).constant
    if step is None or abs(step) != 1:
        message = "a range goes up by one, or down by one"
        raise failure("index-range", message, written.step.span, "neither 1 nor -1")
    return step


def range_of(
    e: Expressions, written: tree.Range, name: str, may_be_empty: bool
) -> tuple[IndexVariable, tuple[Scalar, ...], Run]:
    """A new variable for `name in 1..n`, with conditions where an end hangs on an outer index."""
    step = step_of(e, written)
    start, stop = index_of(e, written.start), index_of(e, written.stop)
    if step < 0:
        start, stop = stop, start
    run = Run(start, stop, step)
    first, last = extremes(start), extremes(stop)
    if first is None or last is None:
        variable = IndexVariable(name, PENDING)
        if start.computed or stop.computed:
            raise failure(
                "index-range",
                f"the ends of the range of `{name}` are not dimensions",
                written.span,
                "write a longer range and a condition",
                helps=(f"for example `{name} in 1..n, {name} <= c`",),
            )
        return variable, (), run
    variable = IndexVariable(name, Axis(first[0], last[1]))
    if variable.axis.size.terms or not may_be_empty:
        check_not_reversed(variable.axis, written)
    own = IndexValue(Index.of(variable))
    conditions: list[Scalar] = []
    if start.terms:
        conditions.append(Apply("le", (IndexValue(start), own)))
    if stop.terms:
        conditions.append(Apply("le", (own, IndexValue(stop))))
    return variable, tuple(conditions), run
