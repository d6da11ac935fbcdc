"""Cases: what is expected at the point that `given` describes, and closed expectations."""

from dataclasses import replace

from derive.model.binding import Bound
from derive.model.context import Expressions
from derive.model.dim import Dim
from derive.model.failure import Depends, Failure, failure
from derive.model.formulas import link, plain_expects, shown
from derive.model.given import case_of
from derive.model.iterates import iterate
from derive.model.judged import judged, over_domain, related, text_of
from derive.model.model import Case, Judgement, Relation
from derive.model.moments import Moments
from derive.model.scalar import Tensor
from derive.model.shape import align_sides
from derive.model.tolerance import tolerances
from derive.model.traverse import dims_in, has_derivative, names_in
from derive.syntax import tree


def judge_case(e: Expressions, written: tree.Case) -> tuple[list[Judgement], Failure | None]:
    """The judgements of a case, and what is wrong with its given values."""
    case: Case | None = None
    wrong: Failure | None = None
    cause: Depends | None = None
    try:
        case = case_of(e, written)
    except Failure as problem:
        wrong = problem
        cause = Depends(f'the case "{written.name}"', problem.diagnostic.span)
    except Depends as depends:
        cause = depends
    found: list[Judgement] = []
    moments: Moments | None = None
    for statement in written.body:
        if not isinstance(statement, tree.Iterate):
            after = e.inside(replace(e.scope, moments=moments))
            found.extend(judge_expect(after, statement, case, cause))
        elif case is not None and cause is None:
            moments = moments or Moments(e.scope.model)
            try:
                iterate(_at_sizes(e, case), statement, case, moments)
            except Failure as problem:
                wrong, cause = problem, Depends("`iterate`", problem.diagnostic.span)
            except Depends as depends:
                cause = depends
    return found, wrong


def _at_sizes(e: Expressions, case: Case) -> Expressions:
    """The expressions of a case, with its sizes."""
    sizes = {name: Dim.of(size) for name, size in case.sizes}
    return e.inside(replace(e.scope, sizes=sizes))


def judge_expect(
    e: Expressions,
    written: tree.Expect | tree.LatexExpect,
    case: Case | None,
    cause: Depends | None = None,
) -> list[Judgement]:
    """`expect` or `refute` in a case, or `expect` of closed numbers outside of one.

    A chain `a = b = c` between dollar signs has one for each of its relations.
    """
    if isinstance(written, tree.Expect):
        return [_judge_expect(e, written, case, cause)]
    kind, label, span = written.kind, written.label, written.span
    text = f"${written.formula.text}$"
    try:
        several = plain_expects(e, written)
    except Failure as problem:
        return [Judgement(kind, label, text, span, None, problem.diagnostic, case=case)]
    found: list[Judgement] = []
    for plain in several:
        relation = tree.Comparison(span, plain.op, plain.left, plain.right)
        said = text if len(several) == 1 else link(relation)
        judgement = _judge_expect(e, plain, case, cause)
        found.append(replace(judgement, text=said, read_as=shown(relation)))
    return found


def _judge_expect(
    e: Expressions, expect: tree.Expect, case: Case | None, cause: Depends | None
) -> Judgement:
    blank = Judgement(
        expect.kind,
        expect.label,
        text_of(expect.left.span, expect.span),
        expect.span,
        None,
        case=case,
    )

    def attempt() -> Judgement:
        if cause is not None:
            raise cause
        inner = e if case is None else _at_sizes(e, case)

        def inside(scope: Expressions, bound: Bound) -> Relation:
            first, second = scope.tensor(expect.left), scope.tensor(expect.right)
            if case is None:
                _check_closed(scope, expect, first, second)
            else:
                _check_sizes(scope, expect, first, second)
                _check_steps(scope, expect, case, first, second)
            return related(scope, expect.op, first, second, bound, expect.left, expect.right)

        found = over_domain(inner, (expect.left, expect.right), None, inside)
        widths = tolerances(expect) if expect.op == "~" else ()
        return replace(blank, relation=found, tolerances=widths)

    return judged(blank, attempt)


def _check_steps(e: Expressions, expect: tree.Expect, case: Case, *sides: Tensor) -> None:
    """Stop at a derivative where a loop has no steps: rules for it hold for dimensions from 1."""
    empty = [name for name, size in case.sizes if not size]
    model = e.scope.model
    waiting, seen = [side.body for side in sides], set[str]()
    while empty and waiting:
        body = waiting.pop()
        if has_derivative(body):
            raise failure(
                "given-size",
                f"derivatives are found for dimensions from 1 on, and `{empty[0]}` is 0 here",
                expect.left.span.to(expect.right.span),
                "has a derivative in it",
                helps=(f"expect it at `{empty[0]} = 1`",),
            )
        new = (names_in(body) & model.definitions.keys()) - seen
        seen |= new
        waiting.extend(model.definitions[name].body for name in new)


def _check_closed(e: Expressions, expect: tree.Expect, *sides: Tensor) -> None:
    """Stop where an expectation outside of a case is not of numbers."""
    model = e.scope.model
    for side in sides:
        waiting, seen = set(names_in(side.body)), set[str]()
        open_ = set(dims_in(side))
        while waiting:
            name = waiting.pop()
            seen.add(name)
            if name in model.definitions:
                waiting |= names_in(model.definitions[name].body) - seen
            else:
                open_.add(name)
        if open_:
            raise failure(
                "misplaced",
                f"`expect` outside of a case is of numbers, and this hangs on `{min(open_)}`",
                expect.left.span.to(expect.right.span),
                "not closed",
                helps=("put it into a `case` that gives values, or write `claim`",),
            )


def _check_sizes(e: Expressions, expect: tree.Expect, *sides: Tensor) -> None:
    """Stop where the shapes are not known to differ, as the case leaves a dimension open."""
    first, second = sides
    if align_sides(first, second, e.scope.sizes) is not None:
        return
    missing = sorted(
        {name for side in sides for axis in side.axes for name in axis.size.names}
        - set(e.scope.sizes)
    )
    if missing:
        raise failure(
            "given-size",
            f"the case does not tell `{missing[0]}`",
            expect.left.span.to(expect.right.span),
            "a shape that is not known here",
            helps=(f"give it, as in `{missing[0]} = 3`, or a tensor that has it",),
        )
