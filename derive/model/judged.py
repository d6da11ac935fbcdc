"""Judged statements outside of cases: claims, derivations, closed expectations, and `assume`."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from derive.diagnostics.diagnostic import Diagnostic, Severity
from derive.diagnostics.span import Span
from derive.model.binding import Bound, bind, free_indices
from derive.model.context import Expressions
from derive.model.failure import Depends, Failure, failure, undecided_by
from derive.model.generic import names_in
from derive.model.limit import at_infinity
from derive.model.model import Assumption, Judgement, Relation
from derive.model.predicates import predicate, predicate_sides
from derive.model.scalar import Axis, Derivative, Tensor
from derive.model.shape import (
    Sizes,
    align_sides,
    broadcast,
    has_shape,
    is_row,
    same_shape,
    shape_text,
    transpose,
)
from derive.syntax import tree
from derive.syntax.words import HOLDS

Attempt = Callable[[], Judgement]


class Clash(Exception):
    """The two sides of a judged statement have different shapes."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


def judged(blank: Judgement, attempt: Attempt) -> Judgement:
    """What `attempt` gives; or `blank` with what keeps it from being judged."""
    try:
        return attempt()
    except Failure as problem:
        return replace(blank, problem=problem.diagnostic)
    except Clash as clash:
        return replace(blank, problem=clash.diagnostic)
    except Depends as depends:
        return replace(blank, problem=undecided_by(depends.name, depends.cause, blank.span))
    except RecursionError:
        return replace(blank, problem=too_deep(blank.span))


def too_deep(span: Span) -> Diagnostic:
    """The error for a statement that is nested too deeply to be read."""
    message = "this is nested too deeply"
    help_ = "name its parts in definitions of their own"
    return Diagnostic(Severity.ERROR, "too-deep", message, span, "too deep", helps=(help_,))


def relate(
    e: Expressions, op: str, left: tree.Expression, right: tree.Expression, domain: Bound
) -> Relation:
    """`left op right` at the indices of `domain`."""
    first, second = e.tensor(left), e.tensor(right)
    return related(e, op, first, second, domain, left, right)


def related(
    e: Expressions,
    op: str,
    first: Tensor,
    second: Tensor,
    domain: Bound,
    left: tree.Expression,
    right: tree.Expression,
) -> Relation:
    """The relation between two elaborated sides."""
    first, second = (at_infinity(first, second) if op == "=" else None) or (first, second)
    both = align_sides(as_row(left, first, second), as_row(right, second, first), e.scope.sizes)
    if both is None:
        raise Clash(shapes_differ(e, first, second, left, right))
    indices = (*domain.variables, *both[0])
    return Relation(op, both[1], both[2], indices, domain.conditions)


def as_row(written: tree.Expression, tensor: Tensor, other: Tensor) -> Tensor:
    """A flat list `[5, 6]` beside a row is that row; any other tensor as it is."""
    if isinstance(written, tree.List) and len(tensor.indices) == 1 and is_row(other.axes):
        return transpose(tensor) or tensor
    return tensor


def shapes_differ(
    e: Expressions, first: Tensor, second: Tensor, left: tree.Expression, right: tree.Expression
) -> Diagnostic:
    """The two sides cannot be equal, as their shapes are not."""
    sizes = e.scope.sizes
    helps: tuple[str, ...] = ()
    turned = transpose(second)
    if turned is not None and align_sides(first, turned, sizes) is not None:
        helps = (f"the transpose of the right side has shape {shape_text(turned.axes)}",)
    is_vector = len(second.axes) == 1
    if is_vector and isinstance(first.body, Derivative) and first.axes == second.axes * 2:
        what = "where each entry hangs on one alone, the others are zero"
        helps = (f"{what}: write `diag({right.span.text})`",)
    sides = [
        (expr, has_shape(t.axes), _here(t, sizes)) for expr, t in ((left, first), (right, second))
    ]
    return Diagnostic(
        Severity.REFUTED,
        "shapes-differ",
        f"the left side {has_shape(first.axes)}, the right side {has_shape(second.axes)}",
        left.span.to(right.span),
        f"{shape_text(first.axes)} is not {shape_text(second.axes)}",
        notes=tuple(f"`{expr.span.text}` {shape}{here}" for expr, shape, here in sides),
        helps=helps,
    )


def _here(tensor: Tensor, sizes: Sizes) -> str:
    """The shape at the sizes of a case, where that says more."""
    axes = [Axis(a.low.substitute(sizes), a.high.substitute(sizes)) for a in tensor.axes]
    return "" if axes == list(tensor.axes) else f", here {shape_text(axes)}"


def over_domain(
    e: Expressions,
    trees: Sequence[tree.Expression],
    domain: tree.Domain | None,
    inside: Callable[[Expressions, Bound], Relation],
) -> Relation:
    """`inside`, with the indices that a statement leaves free and those after its `for` bound."""
    named = domain.binders if domain is not None else ()
    conditions = domain.conditions if domain is not None else ()
    ends = [end for b in named if b.range is not None for end in (b.range.start, b.range.stop)]
    names = {binder.name for binder in named}
    free = tuple(b for b in free_indices(e.scope, [*trees, *ends]) if b.name not in names)
    return bind(e, (*free, *named), conditions, inside)


def text_of(first: Span, statement: Span) -> str:
    """What the user wrote, from `first` to the end of the statement."""
    return Span(first.source, first.start, statement.end).text.strip()


# --- claims ------------------------------------------------------------------------------------


def judge_claim(e: Expressions, claim: tree.Claim) -> Judgement:
    """`claim` or `refute`."""
    relation = claim.relation
    assert relation is not None, "a formula is read before it is judged"
    text = text_of(relation.span, claim.span)
    blank = Judgement(claim.kind, claim.label, text, claim.span, None)

    def attempt() -> Judgement:
        left, right = relation.left, relation.right
        at = substitutions(e, claim.at)
        if relation.op == HOLDS and isinstance(left, tree.Call):
            said, convexity = predicate(e, left)
            sides = predicate_sides(left)
            return replace(blank, relation=said, at=at, convexity=convexity, sides=sides)
        found = over_domain(
            e,
            (left, right),
            claim.domain,
            lambda inner, bound: relate(inner, relation.op, left, right, bound),
        )
        return replace(blank, relation=found, at=at)

    return judged(blank, attempt)


def substitutions(
    e: Expressions, written: Sequence[tree.Substitution]
) -> tuple[tuple[str, Tensor], ...]:
    """`at mu = mean(x), sigma = 1`: tensors of the shape of what they replace."""
    found: list[tuple[str, Tensor]] = []
    for item in written:
        name = item.name.id
        target = e.tensor(item.name)
        if name not in e.scope.model.symbols and name not in e.scope.model.definitions:
            message = f"`{name}` is not a tensor, so nothing can be substituted for it"
            raise failure("misplaced", message, item.name.span, "not a tensor")
        value = e.tensor(item.value)
        both = broadcast(target, value, e.scope.sizes)
        shape = None if both is None else [variable.axis for variable in both[0]]
        if both is None or shape is None or not same_shape(shape, target.axes, e.scope.sizes):
            raise failure(
                "shape-mismatch",
                f"`{name}` {has_shape(target.axes)}, and `{item.value.span.text}` "
                f"{has_shape(value.axes)}",
                item.value.span,
                has_shape(value.axes),
                also=e.scope.declared_at(name),
            )
        found.append((name, Tensor(both[0], both[2])))
    return tuple(found)


# --- derivations -------------------------------------------------------------------------------


def judge_derivation(e: Expressions, derivation: tree.Derivation) -> list[Judgement]:
    """One judgement for each step, against the line before it."""
    before: tree.Expression = derivation.head
    broken: Span | None = None
    found: list[Judgement] = []
    for step in derivation.steps:
        result = _judge_step(e, derivation, before, step, broken)
        problem = result.problem
        if problem is not None and problem.severity is Severity.ERROR:
            broken = problem.span
        else:
            broken = None
        found.append(result)
        before = step.value
    return found


def _judge_step(
    e: Expressions,
    derivation: tree.Derivation,
    before: tree.Expression,
    step: tree.Step,
    broken: Span | None,
) -> Judgement:
    text = f"= {step.value.span.text.strip()}"
    blank = Judgement("step", derivation.label, text, step.span, None, reason=step.reason)

    def inside(inner: Expressions, bound: Bound) -> Relation:
        return relate(inner, "=", before, step.value, bound)

    def attempt() -> Judgement:
        if broken is not None:
            alone = (step.value, step.value)
            over_domain(e, alone, derivation.domain, lambda i, b: relate(i, "=", *alone, b))
            raise Depends("the line before", broken)
        relation = over_domain(e, (before, step.value), derivation.domain, inside)
        return replace(blank, relation=relation)

    return judged(blank, attempt)


# --- facts and closed expectations -------------------------------------------------------------


def assumption(e: Expressions, assume: tree.Assume) -> Assumption:
    """A fact that the user declares."""
    relation = assume.relation
    left, right = relation.left, relation.right
    drawn = [n for side in (left, right) for n in names_in(side) if n in e.scope.model.laws]
    if drawn:
        message = f"nothing can be assumed of `{drawn[0]}`: its law says all"
        raise failure("misplaced", message, relation.span, "a random tensor")
    try:
        found = over_domain(
            e,
            (left, right),
            assume.domain,
            lambda inner, bound: relate(inner, relation.op, left, right, bound),
        )
    except Clash as clash:
        problem = replace(clash.diagnostic, severity=Severity.ERROR, code="shape-mismatch")
        raise Failure(problem) from None
    return Assumption(found, text_of(relation.span, assume.span), assume.span)
