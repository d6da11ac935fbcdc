"""How one model is written: its names, its shapes, the facts that it declares."""

from collections.abc import Iterable
from dataclasses import replace

from derive.calculus import trees
from derive.diagnostics.diagnostic import Diagnostic
from derive.diagnostics.span import Source
from derive.model.dim import Dim
from derive.model.model import Model
from derive.model.scalar import Axis
from derive.report.blocks import Inline, Math, Text
from derive.report.formula import Formula, Op, Row, Script, Sym, bracketed, listed, row
from derive.report.solution.arranged import arranged
from derive.report.solution.shown import forms_of, ranks_of
from derive.report.solution.totals import SUMS, Totals
from derive.report.typeset import Typesetter
from derive.syntax import tree
from derive.syntax.parse import parse_statement
from derive.syntax.tree import Expression

FACTS = {
    "onehot": "one-hot, so that its entries sum to one",
    "simplex": "positive with sum one",
    "positive": "positive",
    "nonnegative": "not negative",
    "integer": "an integer",
    "binary": "zero or one",
    "sign": "plus or minus one",
    "unit": "of norm one",
    "symmetric": "symmetric",
    "posdef": "positive definite",
    "invertible": "invertible",
    "orthogonal": "orthogonal",
    "diagonal": "diagonal",
}
ONCE = " attained once"
ROLES = {"input": "input", "param": "parameter", "target": "target", "const": "constant"}


class Notation:
    """Sets what a model speaks of."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.forms = forms_of(model)
        ranks = ranks_of(model)
        self.typesetter = Typesetter(self.forms, ranks)
        self.totals = Totals(model, ranks)

    def formula(self, expr: Expression) -> Formula:
        """An expression."""
        return self.typesetter.formula(expr)

    def derived(self, expr: Expression) -> Formula:
        """An expression that derive wrote, its factors in the usual order."""
        return self.formula(arranged(expr, self.typesetter.ranks))

    def math(self, expr: Expression) -> Math:
        """An expression in a line of text."""
        return Math(self.formula(expr))

    def name(self, name: str) -> Math:
        """A name."""
        return Math(self.typesetter.name(name))

    def names(self, names: Iterable[str]) -> Text:
        """Names with commas and a last `and`."""
        parts: list[Inline] = []
        listed_names = list(names)
        for k, name in enumerate(listed_names):
            if k:
                parts.append(" and " if k == len(listed_names) - 1 else ", ")
            parts.append(self.name(name))
        return tuple(parts)

    def space(self, axes: tuple[Axis, ...]) -> Formula:
        """The space in which a tensor lies."""
        real = Sym("R", "bb")
        if not axes:
            return real
        sizes = [self.size(a.size) for a in axes]
        if len(sizes) > 1:
            sizes = [bracketed(s) if isinstance(s, Row) else s for s in sizes]
        return Script(real, None, listed(sizes, "×"))

    def size(self, dim: Dim) -> Formula:
        """A dimension."""
        return self.formula(trees.of_dim(dim))

    def member(self, name: str, axes: tuple[Axis, ...]) -> Math:
        """`x ∈ R^n`."""
        return Math(row(self.typesetter.name(name), Op("∈"), self.space(axes)))

    def running(self, binder: tree.Binder) -> Text:
        """`for t from 1 to T`."""
        if binder.range is None:
            return ("for all ", self.name(binder.name))
        to = " to " if binder.range.step is None else " down to "
        first, last = map(self.math, (binder.range.start, binder.range.stop))
        return ("for ", self.name(binder.name), " from ", first, to, last)

    def over(self, binders: Iterable[tree.Binder]) -> Text:
        """`for i from 1 to n and j from 1 to m`; nothing where the ranges go without saying."""
        made: list[Inline] = []
        for binder in binders:
            if binder.range is not None:
                words = self.running(binder)
                made += [" and ", *words[1:]] if made else words
        return tuple(made)

    def domain(self, domain: tree.Domain | None) -> Text:
        """` for i from 1 to n with i > 1`."""
        if domain is None:
            return ()
        words = self.over(domain.binders)
        made: list[Inline] = [" ", *words] if words else []
        for number, condition in enumerate(domain.conditions):
            made += [" with " if not number else " and "]
            made.append(Math(self.typesetter.relation(condition)))
        return tuple(made)

    def relation(self, comparison: tree.Comparison) -> Formula:
        """`a <= b`, sums of tensors by index."""
        left, right = (self.totals.of(s, SUMS) for s in (comparison.left, comparison.right))
        return self.typesetter.relation(replace(comparison, left=left, right=right))

    def fact(self, fact: str) -> Text:
        """A fact that a proof used, in words."""
        name, found, prop = fact.partition(" is ")
        if found and name in self.model.symbols and prop in FACTS:
            return (self.name(name), f" is {FACTS[prop]}")
        return (fact,)

    def where(self, conditions: Iterable[str]) -> Text:
        """What must not be zero, and must not tie, as formulas."""
        made: list[Inline] = []
        for condition in conditions:
            made += [" and "] if made else []
            tie, once, _ = condition.partition(ONCE)
            found = relation_of(f"0 = {tie}" if once else condition)
            if found is None:
                made.append(condition)
            elif once:
                made += [self.math(found.right), " is attained once"]
            else:
                made.append(Math(self.typesetter.relation(found)))
        return tuple(made)

    def facts(self, facts: Iterable[str]) -> Text:
        """Several facts."""
        made: list[Inline] = []
        for fact in facts:
            made += ["; "] if made else []
            made += self.fact(fact)
        return tuple(made)


def relation_of(text: str) -> tree.Comparison | None:
    """A relation that derive itself wrote."""
    text, _, _ = text.partition(' by "')
    found = parse_statement(Source("<answer>", f"expect {text}"))
    if isinstance(found, Diagnostic) or not isinstance(found[0], tree.Expect):
        return None
    return tree.Comparison(found[0].span, found[0].op, found[0].left, found[0].right)
