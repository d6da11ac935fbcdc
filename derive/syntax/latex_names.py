r"""How the names of a file are written in LaTeX: `\hat{y}`, `W_1`, `\sigma`, `W_{Q}`."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from derive.syntax.latex import LatexError, read_latex
from derive.syntax.latex_tree import (
    Accent,
    Command,
    Fence,
    Group,
    Item,
    Letter,
    Line,
    Mark,
    Number,
    Scripted,
    Styled,
    Word,
    inside,
)

GREEK = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "ϵ": "epsilon",
    "ζ": "zeta", "η": "eta", "θ": "theta", "ι": "iota", "κ": "kappa", "λ": "lambda", "μ": "mu",
    "ν": "nu", "ξ": "xi", "π": "pi", "ρ": "rho", "σ": "sigma", "τ": "tau", "υ": "upsilon",
    "φ": "phi", "ϕ": "phi", "χ": "chi", "ψ": "psi", "ω": "omega", "Γ": "Gamma", "Δ": "Delta",
    "Θ": "Theta", "Λ": "Lambda", "Ξ": "Xi", "Π": "Pi", "Σ": "Sigma", "Υ": "Upsilon",
    "Φ": "Phi", "Ψ": "Psi", "Ω": "Omega",
}  # fmt: skip
SPELLINGS = frozenset(GREEK.values())
VARIANTS = {"varepsilon": "epsilon", "varphi": "phi", "vartheta": "theta", "varsigma": "sigma"}
SHORT = {"eps": "epsilon", "lam": "lambda", "lmbda": "lambda", "sig": "sigma"}
MARKS = ("hat", "bar", "tilde", "dot")
CLOSING = {"(": ")", "[": "]", "{": "}", "<": ">"}


@dataclass(frozen=True, slots=True)
class Known:
    """The names in scope: `ranks` of tensors, sizes and indices, `functions`; `printed` forms.

    `defined` are the tensors that hang on others, `params` those that are learned, `sets` vectors
    of zeros and ones. `drawn` tells on which random tensors a name hangs, if on any; `laws` which
    names the law of a random tensor has.
    """

    ranks: Mapping[str, int]
    dims: frozenset[str] = frozenset()
    functions: frozenset[str] = frozenset()
    printed: Mapping[str, str] = field(default_factory=dict)
    builtin: frozenset[str] = frozenset()
    defined: frozenset[str] = frozenset()
    params: tuple[str, ...] = ()
    sets: frozenset[str] = frozenset()
    drawn: Mapping[str, frozenset[str]] = field(default_factory=dict)
    laws: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def forms(self) -> dict[str, list[str]]:
        """For each way of writing, the names that it may be."""
        found: dict[str, list[str]] = {}
        for name in (*self.ranks, *sorted(self.dims), *sorted(self.functions)):
            for form in dict.fromkeys(forms_of(name, self.printed.get(name))):
                names = found.setdefault(form, [])
                if name not in names:
                    names.append(name)
        return found

    def sequences(self) -> list[tuple[tuple[str, ...], str]]:
        """Printed forms of several signs, the longest first, and what they print."""
        read = {name: printed_line(printed) for name, printed in self.printed.items()}
        found = [(tuple(map(key, line)), name) for name, line in read.items() if len(line) > 1]
        return sorted(found, key=lambda form: -len(form[0]))


def forms_of(name: str, printed: str | None) -> Iterator[str]:
    """The ways of writing one name."""
    line = () if printed is None else printed_line(printed)
    if line:
        yield key_of(line)
    yield from plain_forms(name)


def printed_line(printed: str) -> Line:
    """A printed form, read; empty where it cannot be."""
    try:
        lines = read_latex(printed.replace("\\\\", "\\"))
    except LatexError:
        return ()
    return lines[0] if len(lines) == 1 else ()


def plain_forms(name: str) -> Iterator[str]:
    """`W_1` for `W_1` and `W1`, a Greek letter for its name, an accent for `yhat`."""
    yield name
    base, _, below = name.strip("_").partition("_")
    digits = re.fullmatch(r"(.*?[^\d])(\d+)", base)
    if digits is not None and not below:
        base, below = digits.groups()
    for letter in letters(base):
        yield f"{letter}_({below_of(below)})" if below else letter
    if re.fullmatch(r"[A-Z][a-z]|[WUw][A-Za-z]", base) and base not in SPELLINGS and not below:
        yield f"{base[0]}_({base[1]})"


def letters(base: str) -> Iterator[str]:
    """The signs for a name without a subscript."""
    plain = SHORT.get(base, GREEK.get(base, base))
    if plain in SPELLINGS:
        yield f"<{plain}>"
    yield base
    for mark in MARKS:
        rest = base.removesuffix(mark).rstrip("_")
        if rest != base and rest:
            for letter in letters(rest):
                yield f"{mark}({letter})"


def below_of(text: str) -> str:
    """A subscript in a name."""
    return ",".join(f"<{p}>" if p in SPELLINGS else p for p in text.split("_"))


def key_of(items: Line) -> str:
    """A way of writing, in a normal form."""
    return "".join(map(key, items))


def key(item: Item) -> str:
    """One sign in a normal form; empty where it is no part of a name."""
    match item:
        case Letter(_, _, text):
            return f"<{GREEK[text]}>" if text in GREEK else text
        case Number(_, _, text):
            return text
        case Command(_, _, name):
            plain = VARIANTS.get(name, name)
            return f"<{plain}>" if plain in SPELLINGS else f"\\{plain}"
        case Group(_, _, items):
            return key_of(items)
        case Accent(_, _, mark, part):
            return f"{mark}({key_of(inside(part))})"
        case Styled(_, _, style, part):
            return f"{style}({key_of(inside(part))})"
        case Word(_, _, text):
            return text
        case Scripted(_, _, base, sub, sup, primes):
            made = key(base)
            made += f"_({key_of(inside(sub))})" if sub is not None else ""
            made += f"^({key_of(inside(sup))})" if sup is not None else ""
            return made + "'" * primes
        case Mark(_, _, sign):
            return sign
        case Fence(_, _, kind, items):
            return f"{kind}{key_of(items)}{CLOSING.get(kind, kind)}"
    return f"[{item.__class__.__name__}]"


def unstyled(item: Item) -> Item:
    r"""`x` for `\mathbf{x}`."""
    match item:
        case Styled(_, _, style, part) if style != "bb":
            items = inside(part)
            return unstyled(items[0]) if len(items) == 1 else part
        case Group(_, _, (only,)):
            return unstyled(only)
        case Accent(start, end, mark, part):
            return Accent(start, end, mark, unstyled(part))
    return item
