"""Derivatives of norms, inverses and determinants: as textbooks state them, proved before shown.

The table says what is to be shown and in which steps; it gives no answer that the prover has not
shown to be right for the tensor at hand.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from derive.calculus import trees
from derive.diagnostics.diagnostic import Diagnostic
from derive.diagnostics.span import Source
from derive.report.solution.chain import Chain
from derive.report.solution.lines import Lines
from derive.report.solution.reasons import parts
from derive.syntax import tree
from derive.syntax.parse import parse_statement
from derive.syntax.tree import Expression

Steps = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Fact:
    """What is differentiated, by the entry of what, and the steps with their reasons."""

    entry: str
    by: str
    steps: Steps


TABLE = {
    "norm": Fact(
        "norm({a})",
        "{a}[{i}]",
        (
            ("grad(sum({a}^2), {a}[{i}])/(2*norm({a}))", "chain rule on the square root"),
            ("{a}[{i}]/norm({a})", "only one of the squares moves"),
        ),
    ),
    "inv": Fact(
        "inv({a})[{k}, {l}]",
        "{a}[{i}, {j}]",
        (
            (
                "-inv({a})[{k}, {i}]*inv({a})[{j}, {l}]",
                "product rule, as inverse times matrix is constant",
            ),
        ),
    ),
    "logdet": Fact(
        "logdet({a})",
        "{a}[{i}, {j}]",
        (
            ("grad(det({a}), {a}[{i}, {j}])/det({a})", "chain rule on the logarithm"),
            ("inv({a})[{j}, {i}]", "the determinant along a row; its cofactors give the inverse"),
        ),
    ),
    "det": Fact(
        "det({a})",
        "{a}[{i}, {j}]",
        (("det({a})*inv({a})[{j}, {i}]", "along a row; the cofactors give the inverse"),),
    ),
}


def called(expr: Expression) -> Iterator[tuple[str, str]]:
    """The functions of the table that are applied to names, with these names."""
    for part in parts(expr):
        match part:
            case tree.Call(function=tree.Name(id=function), arguments=(tree.Name(id=name),)) if (
                function in TABLE
            ):
                yield function, name


def stated(chain: Chain, function: str, name: str) -> Lines | None:
    """The lines of one fact, as far as they are proved; None where the last is not."""
    fact, axes = TABLE[function], chain.axes(name)
    if len(axes) != fact.by.count("{") - 1:
        return None
    variables = chain.variables((*axes, *axes), ())
    letters = dict(zip("ijkl", (v.name for v in variables), strict=False))
    head = expression(f"grad({fact.entry}, {fact.by})", name, letters)
    used = variables if "{k}" in fact.entry else variables[: len(axes)]
    domain = tree.Domain(trees.NOWHERE, tuple(map(chain.binder, used)), ())
    if head is None:
        return None
    lines = Lines(chain.engine, head, (), domain)
    for text, reason in fact.steps:
        value = expression(text, name, letters)
        is_last = text == fact.steps[-1][0]
        if value is None or (not lines.add(value, reason) and is_last):
            return None
    return lines


def expression(text: str, name: str, letters: dict[str, str]) -> Expression | None:
    """A formula of the table about a name."""
    found = parse_statement(Source("<answer>", f"expect 0 = {text.format(a=name, **letters)}"))
    if isinstance(found, Diagnostic) or not isinstance(found[0], tree.Expect):
        return None
    return found[0].right
