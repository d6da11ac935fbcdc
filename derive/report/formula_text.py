"""Formulas as a line of plain text, for labels."""

from typing import assert_never

from derive.report.formula import (
    Accent,
    Big,
    Fence,
    Formula,
    Frac,
    Num,
    Op,
    Root,
    Row,
    Script,
    Space,
    Sym,
    Table,
    Words,
)

BELOW = str.maketrans("0123456789+-=()aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ")
ABOVE = str.maketrans("0123456789+-=()", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾")
MARKS = {"hat": "\u0302", "bar": "\u0304", "tilde": "\u0303", "dot": "\u0307", "vec": "\u20d7"}


def text_of(formula: Formula) -> str:
    """A formula in one line.

    >>> text_of(Script(Sym("W"), Num("1")))
    'W₁'
    """
    match formula:
        case Sym(text) | Num(text) | Words(text):
            return text
        case Op(sign):
            return sign
        case Row(parts):
            return "".join(map(text_of, parts))
        case Frac(above, below):
            return f"{text_of(above)}/{text_of(below)}"
        case Root(inside):
            return f"√({text_of(inside)})"
        case Script(base, sub, sup):
            made = text_of(base)
            made += _script(sub, BELOW, "_") if sub is not None else ""
            return made + (_script(sup, ABOVE, "^") if sup is not None else "")
        case Big(sign, under, over):
            ends = [f"_{text_of(under)}" if under else "", f"^{text_of(over)}" if over else ""]
            return sign + "".join(ends)
        case Fence(left, inside, right):
            return f"{left}{text_of(inside)}{right}"
        case Accent(mark, base):
            return text_of(base) + MARKS[mark]
        case Space():
            return " "
        case Table(rows):
            return "; ".join(", ".join(map(text_of, cells)) for cells in rows)
        case _:
            assert_never(formula)


def _script(part: Formula, table: dict[int, int], sign: str) -> str:
    text = text_of(part)
    small = text.translate(table)
    raised = len(small) == len(text) and all(a != b for a, b in zip(text, small, strict=True))
    return small if raised else f"{sign}{text}"
