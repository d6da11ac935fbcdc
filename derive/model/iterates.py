"""`iterate 3: w <- w - 0.1*dL/dw`, and entries of what it leaves: `w[2]`."""

from derive.model.context import Expressions
from derive.model.failure import failure
from derive.model.model import Case
from derive.model.moments import Moments
from derive.model.ranges import index_of
from derive.model.scalar import Tensor
from derive.model.shape import broadcast, has_shape, same_shape, squeezed
from derive.syntax import tree

MAX_STEPS = 1_000


def at_moment(e: Expressions, expr: tree.Subscript) -> Tensor | None:
    """`w[2]`, the tensor after two steps; None where the first index is not a fixed step."""
    moments = e.scope.moments
    if moments is None or not isinstance(expr.base, tree.Name) or not e.scope.moves(expr.base.id):
        return None
    index, last = index_of(e, expr.indices[0]), len(moments.names) - 1
    number = index.offset.substitute(e.scope.sizes).constant
    if index.terms or index.computed or number is None:
        return None
    if not 0 <= number <= last:
        name = expr.base.id
        raise failure(
            "index-out-of-range",
            f"`{name}[{number}]` is not there: the steps end at {last}",
            expr.indices[0].span,
            f"`{name}` is a sequence from 0 to {last}",
        )
    return moments.at(expr.base.id, number)


def iterate(e: Expressions, written: tree.Iterate, case: Case, moments: Moments) -> None:
    """Make the steps of an `iterate`."""
    steps = e.dim(written.count).substitute(e.scope.sizes).constant
    if steps is None or not 0 <= steps <= MAX_STEPS:
        message = f"the number of steps is a number up to {MAX_STEPS:,}"
        raise failure("not-a-dimension", message, written.count.span, "not such a number")
    stages = [_stage(e, stage, case) for stage in written.stages]
    moments.changed.update(name for stage in stages for name in stage)
    for _ in range(steps):
        moments.step(stages, written.span)


def _stage(e: Expressions, stage: tuple[tree.Substitution, ...], case: Case) -> dict[str, Tensor]:
    """The new values of one line, in terms of what the names are before it."""
    found: dict[str, Tensor] = {}
    for update in stage:
        name = update.name.id
        symbol = e.scope.model.symbols.get(name)
        target = e.tensor(update.name)
        if symbol is None or name not in dict(case.given):
            raise failure(
                "given-open",
                f"a step changes what the case gives, and `{name}` is not given",
                update.name.span,
                "has no value to start from",
                also=e.scope.declared_at(name),
                helps=(f"declare it with `param`, and give it a start: `given {name} = ...`",),
            )
        if name in found:
            message = f"`{name}` is changed twice at the same time"
            help_ = "write one change on each line below `iterate`: they follow one another"
            raise failure("defined-twice", message, update.name.span, "again", helps=(help_,))
        value = e.tensor(update.value)
        if len(value.indices) > len(target.indices):
            value = squeezed(value)
        both = broadcast(target, value, e.scope.sizes)
        axes = () if both is None else tuple(variable.axis for variable in both[0])
        if both is None or not same_shape(axes, target.axes, e.scope.sizes):
            raise failure(
                "shape-mismatch",
                f"`{name}` {has_shape(target.axes)}, and `{update.value.span.text}` "
                f"{has_shape(value.axes)}",
                update.value.span,
                has_shape(value.axes),
                also=e.scope.declared_at(name),
            )
        found[name] = Tensor(both[0], both[2])
    return found
