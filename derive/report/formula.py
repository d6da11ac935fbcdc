"""Formulas as they are laid out, free of any format; printed as LaTeX, MathML and plain text."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sym:
    """An identifier: a letter, slanted; a word, upright. `style` is `bf`, `bb`, `cal` or `rm`."""

    text: str
    style: str = ""


@dataclass(frozen=True, slots=True)
class Num:
    """A number."""

    text: str


@dataclass(frozen=True, slots=True)
class Op:
    """An operator or relation by its Unicode sign; `tight` has no room around it."""

    sign: str
    tight: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """Parts one after the other."""

    parts: tuple["Formula", ...]


@dataclass(frozen=True, slots=True)
class Frac:
    """A fraction."""

    above: "Formula"
    below: "Formula"


@dataclass(frozen=True, slots=True)
class Root:
    """A square root."""

    inside: "Formula"


@dataclass(frozen=True, slots=True)
class Script:
    """A base with what stands below and above, to its right."""

    base: "Formula"
    sub: "Formula | None" = None
    sup: "Formula | None" = None


@dataclass(frozen=True, slots=True)
class Big:
    """A sum, product or maximum sign with its range; its body follows it."""

    sign: str
    under: "Formula | None" = None
    over: "Formula | None" = None


@dataclass(frozen=True, slots=True)
class Fence:
    """Brackets that grow; an empty one is not seen."""

    left: str
    inside: "Formula"
    right: str


@dataclass(frozen=True, slots=True)
class Accent:
    """A letter under a `hat`, `bar`, `tilde`, `dot` or `vec`."""

    mark: str
    base: "Formula"


@dataclass(frozen=True, slots=True)
class Words:
    """Plain words inside a formula."""

    text: str


@dataclass(frozen=True, slots=True)
class Space:
    """Room: `thin` or `wide`."""

    width: str = "thin"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells: a matrix, or the cases of a definition."""

    rows: tuple[tuple["Formula", ...], ...]
    left: str
    right: str


Formula = Sym | Num | Op | Row | Frac | Root | Script | Big | Fence | Accent | Words | Space | Table

THIN = Space()


def row(*parts: Formula) -> Formula:
    """Parts one after the other, rows inside of rows opened."""
    flat: list[Formula] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, Row) else (part,))
    return flat[0] if len(flat) == 1 else Row(tuple(flat))


def bracketed(inside: Formula) -> Formula:
    """In round brackets."""
    return Fence("(", inside, ")")


def listed(parts: list[Formula], sign: str = ",") -> Formula:
    """`a, b, c`."""
    made: list[Formula] = []
    for part in parts:
        made += [Op(sign, tight=True), part] if made else [part]
    return row(*made)


def width(formula: Formula | None) -> float:
    """About how wide it is, in letters."""
    match formula:
        case None | Space():
            return 0.3
        case Sym(text):
            return 1.3 if len(text) == 1 and text.isupper() else float(len(text))
        case Num(text) | Words(text):
            return float(len(text))
        case Op(_, tight):
            return 0.7 if tight else 2.0
        case Row(parts):
            return sum(map(width, parts))
        case Frac(above, below):
            return max(width(above), width(below)) + 0.5
        case Root(inside):
            return width(inside) + 1.2
        case Script(base, sub, sup):
            return width(base) + 0.7 * max(width(sub), width(sup))
        case Big(sign, under, over):
            return max(2.0, 1.1 * len(sign), 0.7 * width(under), 0.7 * width(over)) + 0.4
        case Fence(_, inside, _):
            return width(inside) + 1.4
        case Accent(_, base):
            return width(base)
        case Table(rows):
            return 2.0 + max((sum(width(c) + 1.5 for c in cells) for cells in rows), default=0.0)


BREAKS = frozenset("+−")


def broken(formula: Formula, most: float) -> list[Formula]:
    """The formula in lines of about this width; a new line begins at a plus or minus sign."""
    if width(formula) <= most or not isinstance(formula, Row):
        return [formula]
    pieces: list[list[Formula]] = [[]]
    for part in formula.parts:
        if isinstance(part, Op) and part.sign in BREAKS and not part.tight and pieces[-1]:
            pieces.append([])
        pieces[-1].append(part)
    lines: list[list[Formula]] = [[]]
    for piece in pieces:
        so_far = sum(map(width, lines[-1]))
        if lines[-1] and so_far + sum(map(width, piece)) > most:
            lines.append([])
        lines[-1].extend(piece)
    return [row(*line) for line in lines if line]
