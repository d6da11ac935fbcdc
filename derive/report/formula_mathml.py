"""Formulas as MathML, which browsers draw without a network."""

from html import escape
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

MARKS = {"hat": "^", "bar": "¯", "tilde": "~", "dot": "˙", "vec": "→"}
BOLD = {
    **{chr(ord("A") + k): chr(0x1D400 + k) for k in range(26)},
    **{chr(ord("a") + k): chr(0x1D41A + k) for k in range(26)},
    **{str(k): chr(0x1D7CE + k) for k in range(10)},
}
DOUBLE = {"1": "𝟙", "E": "𝔼", "R": "ℝ", "P": "ℙ", "N": "ℕ"}


def mathml(formula: Formula, display: bool = False) -> str:
    """A formula as a `math` element, small or, for `display`, of full height.

    >>> mathml(Frac(Num("1"), Sym("n")))
    '<math><mfrac><mn>1</mn><mi>n</mi></mfrac></math>'
    """
    mode = ' displaystyle="true"' if display else ""
    return f"<math{mode}>{inner(formula)}</math>"


def inner(formula: Formula) -> str:
    """A formula inside of a `math` element."""
    match formula:
        case Sym(text, style):
            return _symbol(text, style)
        case Num(text):
            return f"<mn>{escape(text)}</mn>"
        case Op(sign, tight):
            return _operator(sign, tight)
        case Row(parts):
            return f"<mrow>{''.join(map(inner, parts))}</mrow>"
        case Frac(above, below):
            return f"<mfrac>{inner(above)}{inner(below)}</mfrac>"
        case Root(inside):
            return f"<msqrt>{inner(inside)}</msqrt>"
        case Script(base, None, None):
            return inner(base)
        case Script(base, sub, None) if sub is not None:
            return f"<msub>{inner(base)}{inner(sub)}</msub>"
        case Script(base, None, sup) if sup is not None:
            return f"<msup>{inner(base)}{inner(sup)}</msup>"
        case Script(base, sub, sup):
            assert sub is not None
            assert sup is not None
            return f"<msubsup>{inner(base)}{inner(sub)}{inner(sup)}</msubsup>"
        case Big(sign, under, over):
            return _big(sign, under, over)
        case Fence(left, inside, right):
            return f"<mrow>{_fence(left, 'prefix')}{inner(inside)}{_fence(right, 'postfix')}</mrow>"
        case Accent(mark, base):
            sign = f'<mo stretchy="false">{MARKS[mark]}</mo>'
            return f'<mover accent="true">{inner(base)}{sign}</mover>'
        case Words(text):
            return f"<mtext>{escape(text)}</mtext>"
        case Space(width):
            return f'<mspace width="{"0.17em" if width == "thin" else "1em"}"/>'
        case Table(rows, left, right):
            cells = "".join(
                f"<mtr>{''.join(f'<mtd>{inner(c)}</mtd>' for c in row)}</mtr>" for row in rows
            )
            fences = _fence(left, "prefix"), _fence(right, "postfix")
            return f"<mrow>{fences[0]}<mtable>{cells}</mtable>{fences[1]}</mrow>"
        case _:
            assert_never(formula)


def _symbol(text: str, style: str) -> str:
    if style == "bf":
        return f'<mi mathvariant="normal">{"".join(BOLD.get(c, escape(c)) for c in text)}</mi>'
    if style == "bb" and text in DOUBLE:
        return f"<mi>{DOUBLE[text]}</mi>"
    if style == "rm" and len(text) == 1:
        return f'<mi mathvariant="normal">{escape(text)}</mi>'
    return f"<mi>{escape(text)}</mi>"


def _operator(sign: str, tight: bool) -> str:
    if sign == "⊤":
        return '<mi mathvariant="normal">⊤</mi>'
    room = ' lspace="0" rspace="0"' if tight and sign != "," else ""
    return f'<mo{room} stretchy="false">{escape(sign)}</mo>'


def _big(sign: str, under: Formula | None, over: Formula | None) -> str:
    word = len(sign) > 1
    mark = f'<mo movablelimits="true">{sign}</mo>' if word else f"<mo>{sign}</mo>"
    match under, over:
        case None, None:
            return mark
        case below, None if below is not None:
            return f"<munder>{mark}{inner(below)}</munder>"
        case None, above if above is not None:
            return f"<mover>{mark}{inner(above)}</mover>"
    assert under is not None
    assert over is not None
    return f"<munderover>{mark}{inner(under)}{inner(over)}</munderover>"


def _fence(sign: str, form: str) -> str:
    if not sign:
        return ""
    return f'<mo fence="true" form="{form}" stretchy="true">{escape(sign)}</mo>'
