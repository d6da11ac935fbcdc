"""Formulas between dollar signs as statements of the plain language, by the names in scope."""

from dataclasses import replace

from derive.diagnostics.span import Span
from derive.model.context import Expressions
from derive.model.failure import Failure, failure, undecided_by
from derive.model.functions import prelude_names
from derive.model.identities import sized, with_sizes
from derive.model.judged import judge_claim, judge_derivation, text_of
from derive.model.model import Judgement, Model
from derive.model.operations import OPERATIONS
from derive.model.scalar import Scalar
from derive.model.traverse import names_in
from derive.syntax import tree
from derive.syntax.latex import LatexError
from derive.syntax.latex_factors import Ambiguous
from derive.syntax.latex_names import Known
from derive.syntax.latex_reading import Reading, lines_of
from derive.syntax.latex_tree import Line, Mark
from derive.syntax.show import show

FLAGS = frozenset(("binary", "onehot"))
MORE = ("E", "Var", "Cov", "grad", "jac", "hess", "partial")


def known(model: Model) -> Known:
    """The names that a formula may use."""
    ranks = {name: len(symbol.axes) for name, symbol in model.symbols.items()}
    defined = {n: d for n, d in model.definitions.items() if not d.hidden}
    ranks |= {name: len(definition.indices) for name, definition in defined.items()}
    printed = {n: s.latex for n, s in model.symbols.items() if s.latex is not None}
    printed |= {n: d.latex for n, d in defined.items() if d.latex is not None}
    functions = frozenset({*model.functions, *model.defs} - ranks.keys())
    builtin = frozenset({*OPERATIONS, *prelude_names(), *MORE})
    params = tuple(n for n, s in model.symbols.items() if s.role == "param")
    return Known(
        ranks,
        frozenset(model.dims),
        functions,
        printed,
        builtin,
        frozenset(defined),
        params,
        frozenset(n for n, s in model.symbols.items() if len(s.axes) == 1 and s.properties & FLAGS),
        drawn(model),
        {name: _names(law.parameters) for name, law in model.laws.items()},
    )


def _names(parameters: tuple[Scalar, ...]) -> frozenset[str]:
    return frozenset[str]().union(*map(names_in, parameters))


def drawn(model: Model) -> dict[str, frozenset[str]]:
    """On which random tensors each name hangs, if on any."""
    found = {name: frozenset((name,)) for name in model.laws}
    if not found:
        return found
    for name, definition in model.definitions.items():
        used = names_in(definition.body) & found.keys()
        if used:
            found[name] = frozenset[str]().union(*(found[n] for n in used))
    return found


def read(e: Expressions, formula: tree.Formula) -> tuple[Reading, list[Line]]:
    """The lines of a formula. Raises Failure."""
    span = formula.span
    try:
        return lines_of(span.source, span.start, formula.text, known(e.scope.model))
    except LatexError as problem:
        raise failed(formula, problem) from None


def failed(formula: tree.Formula, problem: LatexError) -> Failure:
    """A formula that cannot be read, or has two readings, as an error with its place."""
    start = formula.span.start + min(problem.start, len(formula.text))
    end = formula.span.start + min(max(problem.end, problem.start + 1), len(formula.text))
    code = "latex-ambiguous" if isinstance(problem, Ambiguous) else "latex"
    span = replace(formula.span, start=start, end=max(end, start))
    return failure(code, problem.message, span, problem.label, helps=problem.helps)


def comparisons(e: Expressions, formula: tree.Formula, several: bool) -> list[tree.Comparison]:
    """The relations of a formula, `a = b = c` having two. Raises Failure."""
    reading, lines = read(e, formula)
    line = tuple(item for line in lines for item in line)
    try:
        found = reading.relations(line)
        if len(found) > 1 and not several:
            message = f"one relation is needed here, and {len(found)} stand here"
            raise LatexError(message, line[0].start, line[-1].end, "which of them is wrong?")
    except LatexError as problem:
        raise failed(formula, problem) from None
    return [with_sizes(e, relation) for relation in found]


def plain_expects(e: Expressions, expect: tree.LatexExpect) -> list[tree.Expect]:
    """An expectation in the plain language, one for each relation of a chain. Raises Failure."""
    return [
        tree.Expect(
            expect.span,
            expect.kind,
            expect.label,
            found.op,
            found.left,
            found.right,
            expect.within,
            expect.percent,
        )
        for found in comparisons(e, expect.formula, expect.kind == "expect")
    ]


def judge_written(e: Expressions, claim: tree.Claim, several: bool = True) -> list[Judgement]:
    """A claim, between dollar signs or not; a chain of relations is one for each of them."""
    if claim.latex is None:
        return [judge_claim(e, claim)]
    first = Span(claim.span.source, claim.latex.span.start, claim.latex.span.start)
    text = f"${text_of(first, claim.span)}"
    try:
        relations = comparisons(e, claim.latex, several and claim.kind == "claim")
    except Failure as problem:
        return [Judgement(claim.kind, claim.label, text, claim.span, None, problem.diagnostic)]
    return [
        replace(
            judge_claim(e, replace(claim, relation=relation, latex=None)),
            text=text if len(relations) == 1 else link(relation),
            read_as=shown(relation),
        )
        for relation in relations
    ]


def link(relation: tree.Comparison) -> str:
    """One relation of a chain, as it is written."""
    return f"${' '.join(relation.left.span.to(relation.right.span).text.split())}$"


def shown(comparison: tree.Comparison) -> str:
    """What was understood."""
    return f"{show(comparison.left)} {comparison.op} {show(comparison.right)}"


# --- derivations -------------------------------------------------------------------------------


def judge_lines(e: Expressions, written: tree.LatexDerivation) -> list[Judgement]:
    """One judgement for each line; what stands behind a line that cannot be read is undecided."""
    try:
        head, steps = parts(e, written)
    except Failure as problem:
        span = written.span
        text = " ".join(span.text.split())
        return [Judgement("step", written.label, text, span, None, problem.diagnostic)]
    plain: list[tree.Step] = []
    broken: Failure | None = None
    for step in steps:
        if isinstance(step, Failure):
            broken = step
            break
        plain.append(step)
    derivation = tree.Derivation(written.span, head, tuple(plain), written.label, written.domain)
    found = judge_derivation(e, derivation)
    found = [
        judgement if step in written.steps else read_line(judgement, step)
        for judgement, step in zip(found, plain, strict=True)
    ]
    if broken is None:
        return found
    cause = broken.diagnostic.span
    for place, step in enumerate(steps[len(plain) :]):
        span = step.diagnostic.span if isinstance(step, Failure) else step.span
        wrong = broken.diagnostic if not place else undecided_by("the line before", cause, span)
        text = said(span)
        found.append(Judgement("step", written.label, text, span, None, wrong))
    return found


def read_line(judgement: Judgement, step: tree.Step) -> Judgement:
    """A judgement with what its line was understood to say."""
    return replace(judgement, text=said(step.span), read_as=f"= {show(step.value)}")


def said(span: Span) -> str:
    """A line as it is written, with its sign of equality."""
    text = " ".join(span.text.split())
    return text if text[:1] in "$=" else f"= {text}"


def parts(
    e: Expressions, written: tree.LatexDerivation
) -> tuple[tree.Expression, list[tree.Step | Failure]]:
    """The head and the steps, each as it is read. Raises Failure where the head cannot be."""
    if written.steps:
        head = written.head
        if isinstance(head, tree.Formula):
            reading, lines = read(e, head)
            head = expression(e, head, reading, lines[0])
        return head, [step_of(e, step) for step in written.steps]
    assert isinstance(written.head, tree.Formula)
    formula = written.head
    reading, lines = read(e, formula)
    chained: list[Line] = []
    try:
        for place, line in enumerate(lines):
            sides, ops = reading.chain(line)
            if any(op != "=" for op in ops) or (place and sides[0]):
                raise LatexError("a line begins with `=`", line[0].start, line[0].end, "here")
            chained += [side for side in sides if side]
    except LatexError as problem:
        raise failed(formula, problem) from None
    first, *rest = chained
    steps = [line_step(e, formula, reading, line) for line in rest]
    return expression(e, formula, reading, first), steps


def line_step(
    e: Expressions, formula: tree.Formula, reading: Reading, line: Line
) -> tree.Step | Failure:
    """One line of an align block."""
    try:
        value = expression(e, formula, reading, line)
    except Failure as problem:
        return problem
    return tree.Step(value.span, value, None)


def step_of(e: Expressions, step: tree.Step | tree.LatexStep) -> tree.Step | Failure:
    """A step in the plain language, or why it is none."""
    if isinstance(step, tree.Step):
        return step
    try:
        reading, lines = read(e, step.formula)
        line = tuple(i for i in lines[0] if not (isinstance(i, Mark) and i.sign == "&"))
        if line and isinstance(line[0], Mark) and line[0].sign == "=":
            line = line[1:]
        return tree.Step(step.span, expression(e, step.formula, reading, line), step.reason)
    except Failure as problem:
        return problem


def expression(
    e: Expressions, formula: tree.Formula, reading: Reading, line: Line
) -> tree.Expression:
    """One expression. Raises Failure."""
    try:
        return sized(e, reading.sum(line))
    except LatexError as problem:
        raise failed(formula, problem) from None
