"""Formulas as LaTeX. Every sign comes from a table: no text of a file reaches TeX unescaped."""

import re
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

LETTERS = {
    "α": r"\alpha", "β": r"\beta", "γ": r"\gamma", "δ": r"\delta", "ε": r"\varepsilon",
    "ϵ": r"\epsilon", "ζ": r"\zeta", "η": r"\eta", "θ": r"\theta", "ϑ": r"\vartheta",
    "ι": r"\iota", "κ": r"\kappa", "λ": r"\lambda", "μ": r"\mu", "ν": r"\nu", "ξ": r"\xi",
    "π": r"\pi", "ρ": r"\rho", "σ": r"\sigma", "τ": r"\tau", "υ": r"\upsilon",
    "φ": r"\varphi", "ϕ": r"\phi", "χ": r"\chi", "ψ": r"\psi", "ω": r"\omega",
    "Γ": r"\Gamma", "Δ": r"\Delta", "Θ": r"\Theta", "Λ": r"\Lambda", "Ξ": r"\Xi",
    "Π": r"\Pi", "Σ": r"\Sigma", "Υ": r"\Upsilon", "Φ": r"\Phi", "Ψ": r"\Psi",
    "Ω": r"\Omega", "∂": r"\partial", "∇": r"\nabla", "∞": r"\infty", "ℓ": r"\ell",
}  # fmt: skip
SIGNS = {
    "+": "+", "−": "-", "·": r"\cdot", "×": r"\times", "⊙": r"\odot", "=": "=", "≠": r"\ne",
    "≤": r"\le", "≥": r"\ge", "<": "<", ">": ">", "≈": r"\approx", "→": r"\to", "∈": r"\in",
    ",": ",", ";": ";", ":": ":", "′": "'", "|": r"\mid", "⊤": r"\top", "…": r"\dots", "/": "/",
    "∂": r"\partial", "∇": r"\nabla", "!": "!", "←": r"\leftarrow", "*": "*", "⇒": r"\Rightarrow",
    "∥": r"\parallel", "∘": r"\circ", "−1": "-1", "∼": r"\sim", "⊗": r"\otimes", ".": ".",
    "(": "(", ")": ")", "[": "[", "]": "]",
}  # fmt: skip
BIG = {"∑": r"\sum", "∏": r"\prod", "max": r"\max", "min": r"\min", "lim": r"\lim"}
OPEN_COMMAND = re.compile(r"\\[A-Za-z]+$")
NAMED = frozenset(
    ("exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh", "max", "min", "det", "arg", "ln")
)
STYLES = {"bf": "mathbf", "bb": "mathbb", "cal": "mathcal", "rm": "mathrm"}
FENCES = {
    "(": "(", ")": ")", "[": "[", "]": "]", "|": "|", "‖": r"\Vert", "": ".",
    "{": r"\{", "}": r"\}", "⌊": r"\lfloor", "⌋": r"\rfloor",
}  # fmt: skip
MARKS = {"hat": "hat", "bar": "bar", "tilde": "tilde", "dot": "dot", "vec": "vec"}
SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#",
    "%": r"\%", "_": r"\_", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': "''",
}  # fmt: skip
PLAIN = {"–": "--", "—": "---", "’": "'", "‘": "`", "“": "``", "”": "''", "…": r"\dots{}"}


def latex(formula: Formula) -> str:
    r"""A formula in math mode.

    >>> print(latex(Frac(Sym("σ"), Script(Sym("W"), Sym("Q")))))
    \frac{\sigma}{W_{Q}}
    """
    match formula:
        case Sym(text, style):
            return _symbol(text, style)
        case Num(text):
            return text
        case Op(sign):
            return SIGNS[sign]
        case Row(parts):
            return _joined([_spaced(part) for part in parts])
        case Frac(above, below):
            return rf"\frac{{{latex(above)}}}{{{latex(below)}}}"
        case Root(inside):
            return rf"\sqrt{{{latex(inside)}}}"
        case Script(base, sub, sup):
            text = latex(base)
            if isinstance(base, Script | Row | Frac):
                text = f"{{{text}}}"
            text += "" if sub is None else f"_{{{latex(sub)}}}"
            return text if sup is None else _raised(text, sup)
        case Big(sign, under, over):
            text = BIG[sign]
            text += "" if under is None else f"_{{{latex(under)}}}"
            return text if over is None else f"{text}^{{{latex(over)}}}"
        case Fence():
            return _fenced(formula)
        case Accent(mark, base):
            return rf"\{MARKS[mark]}{{{latex(base)}}}"
        case Words(text):
            return rf"\text{{{escaped(text)}}}"
        case Space(width):
            return r"\," if width == "thin" else r"\quad"
        case Table(rows, left, right):
            cells = r" \\ ".join(" & ".join(map(latex, cells)) for cells in rows)
            if (left, right) == ("{", ""):
                return rf"\begin{{cases}} {cells} \end{{cases}}"
            kind = {"[": "bmatrix", "(": "pmatrix", "": "matrix"}[left]
            return rf"\begin{{{kind}}} {cells} \end{{{kind}}}"
        case _:
            assert_never(formula)


def _fenced(fence: Fence) -> str:
    left, inside, right = FENCES[fence.left], latex(fence.inside), FENCES[fence.right]
    if _is_flat(fence.inside) and fence.left and fence.right:
        return _joined([left, inside, right])
    return _joined([rf"\left{left}", inside, rf"\right{right}"])


def _spaced(part: Formula) -> str:
    """A part of a row; operators and room stand apart."""
    text = latex(part)
    if isinstance(part, Op) and part.sign == ",":
        return ", "
    if isinstance(part, Op) and not part.tight:
        return f" {text} "
    return f" {text} " if isinstance(part, Space) else text


def _joined(parts: list[str]) -> str:
    """Parts one after the other; a space where a command would run into a letter."""
    made = ""
    for part in parts:
        if OPEN_COMMAND.search(made) and part[:1].isalpha():
            made += " "
        made += part.lstrip() if made.endswith(" ") or not made else part
    return made.rstrip()


def _raised(text: str, sup: Formula) -> str:
    if isinstance(sup, Op) and sup.sign == "⊤":
        return rf"{text}^\top"
    if isinstance(sup, Op) and sup.sign.startswith("′"):
        return text + "'" * len(sup.sign)
    return f"{text}^{{{latex(sup)}}}"


def _symbol(text: str, style: str) -> str:
    if text in LETTERS:
        return LETTERS[text] if style != "bf" else rf"\boldsymbol{{{LETTERS[text]}}}"
    if style in STYLES:
        return rf"\{STYLES[style]}{{{escaped(text)}}}"
    if text in NAMED:
        return rf"\{text}"
    if len(text) == 1 and text.isascii() and text.isalpha():
        return text
    if style == "op":
        return rf"\operatorname{{{escaped(text)}}}"
    return rf"\mathrm{{{escaped(text)}}}"


def _is_flat(formula: Formula) -> bool:
    """No part of it is taller than a line."""
    match formula:
        case Sym() | Num() | Op() | Words() | Space() | Accent():
            return True
        case Row(parts):
            return all(map(_is_flat, parts))
        case Script(base, _, sup):
            flat = sup is None or (_is_flat(sup) and not isinstance(sup, Sym | Fence))
            return _is_flat(base) and flat
        case Fence(_, inside, _):
            return _is_flat(inside)
        case _:
            return False


def escaped(text: str) -> str:
    r"""Text in which nothing is a command.

    >>> print(escaped("50% of x_i & \\input{a}"))
    50\% of x\_i \& \textbackslash{}input\{a\}
    """
    return "".join(_character(char) for char in text)


def _character(char: str) -> str:
    if char in SPECIAL:
        return SPECIAL[char]
    if char in PLAIN:
        return PLAIN[char]
    if char in LETTERS:
        return rf"\ensuremath{{{LETTERS[char]}}}"
    if char in SIGNS:
        return char if char.isascii() else rf"\ensuremath{{{SIGNS[char]}}}"
    if char.isascii():
        return char if char.isprintable() else " "
    return char if "\u00a0" < char <= "\u017f" else rf"\texttt{{U+{ord(char):04X}}}"
