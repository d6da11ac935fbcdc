r"""Names as formulas: `sigma` as a Greek letter, `W1` with a subscript, `yhat` with a hat.

A printed form that a file gives, `p "\hat{y}"`, is read sign by sign: what is not known stays text.
"""

import re

from derive.report.formula import Accent, Formula, Num, Op, Row, Script, Sym, row

GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "eps": "ε",
    "zeta": "ζ", "eta": "η", "theta": "θ", "iota": "ι", "kappa": "κ", "lambda": "λ", "lam": "λ",
    "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ",
    "upsilon": "υ", "phi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω", "Gamma": "Γ",
    "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ",
    "Upsilon": "Υ", "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω",
}  # fmt: skip
MARKS = ("hat", "bar", "tilde")
COMMANDS: dict[str, Formula] = {
    **{name: Sym(sign) for name, sign in GREEK.items() if name not in ("eps", "lam")},
    "varepsilon": Sym("ε"), "varphi": Sym("φ"), "vartheta": Sym("ϑ"), "ell": Sym("ℓ"),
    "nabla": Sym("∇"), "partial": Sym("∂"), "infty": Sym("∞"), "top": Op("⊤"), "prime": Op("′"),
    "cdot": Op("·"), "star": Op("*"), "ast": Op("*"), "circ": Op("∘"), "dots": Sym("…"),
}  # fmt: skip
STYLES = {"mathbf": "bf", "boldsymbol": "bf", "bm": "bf", "mathbb": "bb", "mathcal": "cal"}
UPRIGHT = frozenset(("mathrm", "text", "operatorname", "textrm", "mathit"))
ACCENTS = {
    "hat": "hat", "widehat": "hat", "bar": "bar", "overline": "bar", "tilde": "tilde",
    "widetilde": "tilde", "dot": "dot", "vec": "vec",
}  # fmt: skip
PAIR = re.compile(r"([A-Z])([a-z])|([WUw])([A-Za-z])")
TOKEN = re.compile(r"\\(?P<command>[A-Za-z]+)|(?P<other>\S)")


def name_formula(name: str) -> Formula:
    """A plain name.

    >>> name_formula("W_Q")
    Script(base=Sym(text='W', style=''), sub=Sym(text='Q', style=''), sup=None)
    """
    base, _, below = name.strip("_").partition("_")
    digits = re.fullmatch(r"(.*?[^\d])(\d+)", base)
    if digits is not None:
        base, number = digits.groups()
        below = f"{number}_{below}" if below else number
    pair = PAIR.fullmatch(base)
    if pair is not None and base not in GREEK:
        base, first = filter(None, pair.groups())
        below = f"{first}_{below}" if below else first
    made = _letter(base)
    if not below:
        return made
    parts: list[Formula] = []
    for part in below.split("_"):
        parts += [Op(",", tight=True)] if parts else []
        parts.append(Num(part) if part.isdigit() else name_formula(part) if part else Sym(""))
    return Script(made, row(*parts))


def _letter(text: str) -> Formula:
    if text in GREEK:
        return Sym(GREEK[text])
    for mark in MARKS:
        rest = text.removesuffix(mark)
        if rest != text and (len(rest) == 1 or rest in GREEK):
            return Accent(mark, _letter(rest))
    return Sym(text)


def printed_formula(text: str) -> Formula | None:
    r"""A printed form; None where it holds anything but letters, accents and scripts.

    >>> printed_formula(r"\hat{y}")
    Accent(mark='hat', base=Sym(text='y', style=''))
    >>> printed_formula(r"\input{secret}") is None
    True
    """
    tokens = [m.group() for m in TOKEN.finditer(text.replace("\\\\", "\\"))]
    reader = _Printed(tokens)
    try:
        made = reader.until(None)
    except (LookupError, RecursionError):
        return None
    return made


class _Printed:
    """Reads a printed form; LookupError where it is not one."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens
        self.place = 0

    def next(self) -> str:
        token = self.tokens[self.place]
        self.place += 1
        return token

    def until(self, end: str | None) -> Formula:
        """What stands before `end`, or all that is left."""
        parts: list[Formula] = []
        while True:
            if end is None and self.place == len(self.tokens):
                break
            token = self.next()
            if token == end:
                break
            if token in ("_", "^", "'"):
                parts[-1] = self.script(parts[-1], token)
            else:
                parts.append(self.part(token))
        if not parts:
            raise LookupError(end)
        return row(*parts)

    def script(self, base: Formula, token: str) -> Formula:
        part = Op("′") if token == "'" else self.part(self.next())
        old = base if isinstance(base, Script) else Script(base)
        if token == "_":
            return Script(old.base, part, old.sup)
        return Script(old.base, old.sub, part)

    def part(self, token: str) -> Formula:
        if token == "{":
            return self.until("}")
        command = token.removeprefix("\\")
        if command == token:
            if token.isalpha():
                return Sym(token)
            if token.isdigit():
                return Num(token)
            if token in "()[]|,+-/*=":
                return Op("−" if token == "-" else token, tight=True)
            raise LookupError(token)
        if command in COMMANDS:
            return COMMANDS[command]
        if command in ACCENTS:
            return Accent(ACCENTS[command], self.part(self.next()))
        if command in STYLES:
            return _styled(self.part(self.next()), STYLES[command])
        if command in UPRIGHT:
            return Sym(_letters(self.part(self.next())), "rm")
        raise LookupError(token)


def _styled(formula: Formula, style: str) -> Formula:
    match formula:
        case Sym(text):
            return Sym(text, style)
        case Num(text):
            return Sym(text, style)
        case Row(parts):
            return row(*(_styled(part, style) for part in parts))
        case Script(base, sub, sup):
            return Script(_styled(base, style), sub, sup)
    return formula


def _letters(formula: Formula) -> str:
    match formula:
        case Sym(text) | Num(text):
            return text
        case Row(parts):
            return "".join(map(_letters, parts))
    raise LookupError("words")
