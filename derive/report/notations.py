"""Functions with a notation of their own: roots, norms, exponents, expectations, derivatives."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from derive.report.formula import (
    THIN,
    Big,
    Fence,
    Formula,
    Frac,
    Num,
    Op,
    Root,
    Script,
    Sym,
    row,
)
from derive.report.looks import ATOM, POWER, PRODUCT, Set, is_tall
from derive.syntax import tree
from derive.syntax.tree import Expression


class Setter(Protocol):
    """What sets the arguments."""

    ranks: Mapping[str, int]

    def formula(self, expr: Expression) -> Formula: ...  # noqa: D102

    def at(self, expr: Expression, level: int) -> Formula: ...  # noqa: D102

    def raised(self, base: Expression, sup: Formula) -> Formula: ...  # noqa: D102

    def name(self, name: str) -> Formula: ...  # noqa: D102

    def kronecker(self, indices: Sequence[Expression]) -> Formula: ...  # noqa: D102


def notation(
    setter: Setter,
    name: str,
    arguments: Sequence[Expression],
    keywords: tuple[tree.Keyword, ...],
) -> Set | None:
    """The notation of a function; None where it has none."""
    if not arguments or (keywords and name not in ("sum", "mean")):
        return None
    inner = arguments[0]
    match name, arguments:
        case "sqrt", [_]:
            return Root(setter.formula(inner)), ATOM
        case "abs", [_]:
            return Fence("|", setter.formula(inner), "|"), ATOM
        case "norm", [_, *order]:
            norm = Fence("‖", setter.formula(inner), "‖")
            return Script(norm, setter.formula(order[0]) if order else None), ATOM
        case "inv", [_]:
            return setter.raised(inner, row(Op("−", True), Num("1"))), POWER
        case "matpow", [_, power]:
            return setter.raised(inner, setter.formula(power)), POWER
        case "det" | "trace", [_]:
            head = Sym("det" if name == "det" else "tr", "op")
            return row(head, THIN, setter.at(inner, ATOM)), PRODUCT
        case "logdet", [_]:
            inside = row(Sym("det", "op"), THIN, setter.at(inner, ATOM))
            return row(Sym("log"), Fence("|", inside, "|")), PRODUCT
        case "exp", [_] if not is_tall(inner):
            return Script(Sym("e"), None, setter.formula(inner)), POWER
        case "E" | "Var", [_]:
            sign = Sym("E", "bb") if name == "E" else Sym("Var", "op")
            return row(sign, Fence("[", setter.formula(inner), "]")), ATOM
        case "limit", [_, tree.Arrow() as arrow]:
            limit = Big("lim", setter.formula(arrow))
            return row(limit, THIN, setter.at(inner, PRODUCT)), PRODUCT
        case "delta", [_, _]:
            return setter.kronecker(arguments), ATOM
        case "sum", [tree.Binary(op="*", left=tree.Name(id=one), right=tree.Name(id=other))] if (
            not keywords and setter.ranks.get(one) == setter.ranks.get(other) == 1
        ):
            turned = Script(setter.name(one), None, Op("⊤"))
            return row(turned, THIN, setter.name(other)), PRODUCT
        case "sum", [tree.Binary(op="^", left=tree.Name(id=one), right=tree.Number(text="2"))] if (
            not keywords and setter.ranks.get(one) == 1
        ):
            return Script(Fence("‖", setter.name(one), "‖"), None, Num("2")), POWER
        case "sum", [_] if not keywords and isinstance(inner, tree.Name):
            ones = Script(Sym("1", "bf"), None, Op("⊤"))
            return row(ones, THIN, setter.name(inner.id)), PRODUCT
    return derivative(setter, name, arguments)


def derivative(setter: Setter, name: str, arguments: Sequence[Expression]) -> Set | None:
    """`partial(c, z)`, `grad(f(w), w)`, `hess(L, w)`."""
    match name, arguments:
        case "partial" | "grad" | "jac", [tree.Name() | tree.Subscript() as of, below]:
            top, bottom = setter.formula(of), setter.formula(below)
            return Frac(row(Sym("∂"), top), row(Sym("∂"), bottom)), ATOM
        case "grad" | "jac", [of, below]:
            operator = Frac(Sym("∂"), row(Sym("∂"), setter.formula(below)))
            made = setter.at(of, ATOM)
            return row(operator, *([] if isinstance(made, Fence) else [THIN]), made), PRODUCT
        case "hess", [of, below]:
            nabla = Script(Sym("∇"), setter.formula(below), Num("2"))
            return row(nabla, THIN, setter.at(of, POWER)), PRODUCT
    return None
