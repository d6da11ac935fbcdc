"""One factor of a formula: a name with its scripts, a function with its argument, a derivative."""

from dataclasses import replace
from fractions import Fraction

from derive.diagnostics.span import Source, Span
from derive.syntax import latex_kinds as kinds
from derive.syntax import tree
from derive.syntax.latex import LatexError
from derive.syntax.latex_names import Known, key, key_of, unstyled
from derive.syntax.latex_tree import (
    Command,
    Environment,
    Fence,
    Frac,
    Group,
    Item,
    Letter,
    Line,
    Mark,
    Number,
    Root,
    Scripted,
    Styled,
    Word,
    inside,
    is_digit,
    signs_in,
)
from derive.syntax.tree import Expression

BIG = {"sum": "sum", "prod": "prod", "max": "max", "min": "min"}
COMMANDS = {
    "log": "log", "ln": "log", "exp": "exp", "sin": "sin", "cos": "cos", "tan": "tan",
    "sinh": "sinh", "cosh": "cosh", "tanh": "tanh", "arcsin": "asin", "arccos": "acos",
    "arctan": "atan", "max": "max", "min": "min", "det": "det", "tr": "trace",
}  # fmt: skip
WORDS = {"tr": "trace", "sgn": "sign", "ln": "log", "var": "var", "relu": "relu", "cov": "Cov"}
RELATIONS = frozenset(("=", "!=", "<", "<=", ">", ">=", "~"))
OPERATORS = frozenset(("+", "-", "·", "×", "⊙", "*", "/"))


class Ambiguous(LatexError):
    """A formula that has two readings."""


class Factors:
    """Reads factors; sums and products are those of `latex_reading`."""

    def __init__(self, source: Source, offset: int, known: Known) -> None:
        self.source, self.offset, self.known = source, offset, known
        self.forms = known.forms()
        self.bound: set[str] = set()

    def sum(self, items: Line) -> Expression:
        """A sum of terms."""
        raise NotImplementedError

    def term(self, items: Line) -> Expression:
        """A product of factors."""
        raise NotImplementedError

    def factor(self, items: Line, place: int) -> tuple[Expression, int]:
        """One factor, and where it ends."""
        raise NotImplementedError

    def paired(self, items: Line) -> Line:
        """Bars in pairs as brackets."""
        raise NotImplementedError

    def chain(self, items: Line) -> tuple[list[Line], list[str]]:
        """What stands between relations, and these."""
        raise NotImplementedError

    # --- places and small parts ------------------------------------------------------------------

    def span(self, start: int, end: int) -> Span:
        """A place in the file."""
        return Span(self.source, self.offset + start, self.offset + end)

    def at(self, item: Item) -> Span:
        """Where an item stands."""
        return self.span(item.start, item.end)

    def kind(self, expr: Expression) -> str:
        """A number, a vector, a matrix."""
        return kinds.kind_of(expr, self.known.ranks)

    def call(self, span: Span, name: str, *arguments: Expression) -> tree.Call:
        """`f(a, b)`."""
        return tree.Call(span, tree.Name(span, name), arguments)

    def number(self, item: Number) -> Expression:
        """A number."""
        return tree.Number(self.at(item), Fraction(item.text), item.text)

    def unknown(self, item: Item, what: str, *helps: str) -> LatexError:
        """An error at an item."""
        return LatexError(what, item.start, item.end, "here", *helps)

    # --- names -----------------------------------------------------------------------------------

    def named(self, form: str, item: Item) -> str | None:
        """The name that is written so. Raises Ambiguous where there are two."""
        names = self.forms.get(form, [])
        if len(names) > 1 and form in names:
            return form
        if len(names) > 1:
            listed = " or ".join(f"`{name}`" for name in names)
            raise Ambiguous(
                f"this may be {listed}",
                item.start,
                item.end,
                "which of them?",
                "give one of them a printed form of its own",
            )
        return names[0] if names else None

    def plain_name(self, item: Item) -> str | None:
        """The name of a sign without scripts, in its style or without it."""
        found = self.named(key(item), item)
        return found or self.named(key(unstyled(item)), item)

    def is_function(self, item: Item) -> str | None:
        """The function that a sign names."""
        name = self.plain_name(item)
        if name is not None:
            return name if name in self.known.functions else None
        match unstyled(item):
            case Command(name=command) if command in COMMANDS:
                return COMMANDS[command]
            case Command(name="sigma"):
                return "sigmoid"
            case Word(text=text):
                lower = text.lower()
                plain = WORDS.get(lower, text if text in self.known.builtin else lower)
                return plain if plain in self.known.builtin or plain in WORDS.values() else None
            case Styled(style="bb", inside=part) if key_of(inside(part)) == "E":
                return "E"
        return None

    # --- scripts ---------------------------------------------------------------------------------

    def primary(self, item: Item) -> Expression:
        """A sign with its scripts, no function."""
        match item:
            case Scripted():
                return self.scripted(item)
            case Number():
                return self.number(item)
            case Group(_, _, items):
                return replace(self.sum(items), span=self.at(item))
            case Fence():
                return self.fence(item)
            case Frac():
                return self.fraction(item)
            case Root(_, _, part):
                return self.call(self.at(item), "sqrt", self.sum(inside(part)))
            case Environment():
                return self.environment(item)
            case Mark(sign=sign):
                raise self.unknown(item, f"`{sign}` stands where a value is needed")
        name = self.plain_name(item)
        if name is not None:
            return tree.Name(self.at(item), name)
        return self.letter(item)

    def letter(self, item: Item) -> Expression:
        """A sign that names nothing in the file: an index, a constant."""
        match unstyled(item):
            case Letter(_, _, text):
                return tree.Name(self.at(item), text)
            case Command(name=("pi" | "infty") as name):
                return tree.Name(self.at(item), "pi" if name == "pi" else "inf")
            case Command(name=name) if f"<{name}>" == key(item):
                return tree.Name(self.at(item), name)
            case Command(name=name):
                raise self.unknown(item, f"`\\{name}` is not known here")
            case Word(text=text):
                raise self.unknown(item, f"nothing is named `{text}` here")
            case Styled(inside=part):
                raise self.unknown(
                    item, f"nothing is written `{key_of(inside(part))}` in this style"
                )
        raise self.unknown(item, "this is no name of the file")

    def scripted(self, item: Scripted) -> Expression:
        """A name, an entry, a power, a transpose."""
        whole = self.whole(item)
        if whole is not None:
            return whole
        lower = Scripted(item.start, item.sub.end if item.sub else item.end, item.base, item.sub)
        special = self.special(item)
        base = special if special is not None else self.lowered(lower)
        if item.primes:
            raise self.unknown(item, "a prime stands at a function that is applied, as in `g'(z)`")
        return base if item.sup is None else self.raised(base, item.sup, item)

    def whole(self, item: Item) -> Expression | None:
        """The name that is written with all of these scripts, one above among them."""
        if isinstance(item, Scripted) and item.sup is not None:
            name = self.named(key(item), item)
            return None if name is None else tree.Name(self.at(item), name)
        return None

    def special(self, item: Scripted) -> Expression | None:
        r"""`\delta_{ij}`, `I_n`, `\mathbf{1}_n`, `\mathbb{1}_{z > 0}`."""
        if item.sub is None or self.plain_name(item.base) is not None:
            return None
        below, span = inside(item.sub), self.at(item)
        form = key(item.base)
        if form == "<delta>":
            return tree.Subscript(span, tree.Name(span, "delta"), self.places(below, 2))
        if form == "I" and self.named("I", item) is None:
            return tree.Subscript(span, tree.Name(span, "eye"), (self.sum(below),))
        if form in ("bb(1)", "bf(1)", "bf(0)", "1", "<chi>"):
            if any(isinstance(i, Mark) and i.sign in RELATIONS for i in below):
                return tree.Indicator(span, self.conditions(below))
            if form in ("bf(1)", "bf(0)"):
                name = "ones" if form == "bf(1)" else "zeros"
                return tree.Subscript(span, tree.Name(span, name), self.places(below, 1))
        return None

    def lowered(self, item: Scripted) -> Expression:
        """A base with its subscript: part of its name, or the place of an entry."""
        if item.sub is None:
            return self.primary(item.base)
        below = inside(item.sub)
        alone = self.plain_name(item.base)
        joined = self.named(f"{key(unstyled(item.base))}_({key_of(below)})", item)
        joined = self.named(key(replace(item, sup=None)), item) or joined
        if joined is not None:
            self.check_entry(item, joined, alone, below)
            return tree.Name(self.at(item), joined)
        first, rest = self.comma(below)
        form = f"{key(unstyled(item.base))}_({key_of(first)})"
        name = self.named(form, item) if rest else None
        if name is not None:
            rank = self.known.ranks.get(name, 0)
            fits = alone is not None and self.known.ranks.get(alone, 0) > signs_in(below).count(",")
            if fits:
                self.check_entry(item, f"{name}[{key_of(rest)}]", alone, below)
            else:
                return tree.Subscript(
                    self.at(item), tree.Name(self.at(item.base), name), self.places(rest, rank)
                )
        base = self.primary(item.base)
        axes = kinds.rank_of(self.kind(base))
        if axes == 0:
            name = base.id if isinstance(base, tree.Name) else "this"
            raise self.unknown(
                item,
                f"`{name}` is a number, and has no entries",
                "a name with this subscript would have to be declared",
            )
        return tree.Subscript(self.at(item), base, self.places(below, axes))

    def check_entry(self, item: Item, joined: str, alone: str | None, below: Line) -> None:
        """Stop where a subscript may be part of a name, or the place of an entry."""
        if alone is None or self.known.ranks.get(alone, 0) < 1 or joined in self.known.printed:
            return
        place = key_of(below)
        raise Ambiguous(
            f"this may be the name `{joined}`, or `{alone}[{place}]`, an entry",
            item.start,
            item.end,
            "a name, or an entry?",
            f"give `{joined}` a printed form of its own, or name the entry in a definition",
        )

    def comma(self, items: Line) -> tuple[Line, Line]:
        """What stands before the first comma, and behind it."""
        for place, item in enumerate(items):
            if isinstance(item, Mark) and item.sign == ",":
                return items[:place], items[place + 1 :]
        return items, ()

    def places(self, items: Line, rank: int | None) -> tuple[Expression, ...]:
        """The places of an entry: `ij`, `i,j+1`, `t-1`."""
        parts = self.split(items, ",")
        several = rank is None or rank > 1
        simple = all(isinstance(i, Letter | Command) or is_digit(i) for i in items)
        if len(parts) == 1 and several and len(items) > 1 and simple:
            return tuple(self.place((item,)) for item in items)
        if several and len(items) == 1 and isinstance(items[0], Number):
            start, digits = items[0].start, items[0].text
            if len(digits) == rank:
                ends = range(start, start + len(digits))
                single = (Number(k, k + 1, d) for k, d in zip(ends, digits, strict=True))
                return tuple(map(self.number, single))
        return tuple(map(self.place, parts))

    def place(self, items: Line) -> Expression:
        """One place: an index, with its own name before that of a tensor."""
        match items:
            case (Letter(text=text) as letter,) if text in self.bound:
                return tree.Name(self.at(letter), text)
        return self.sum(items)

    def split(self, items: Line, sign: str) -> list[Line]:
        """The parts between commas."""
        parts: list[list[Item]] = [[]]
        for item in items:
            if isinstance(item, Mark) and item.sign == sign:
                parts.append([])
            else:
                parts[-1].append(item)
        return [tuple(part) for part in parts]

    def raised(self, base: Expression, sup: Item, item: Item) -> Expression:
        """A power, a transpose, an inverse."""
        above, span, kind = inside(sup), self.at(item), self.kind(base)
        form = key_of(above)
        if form in (r"\top", r"\intercal") or (form == "T" and kind != kinds.SCALAR):
            if form == "T" and "T" in self.known.dims:
                raise Ambiguous(
                    "this may be a transpose, or a power of the size `T`",
                    item.start,
                    item.end,
                    "which of them?",
                    r"write `^\top` for the transpose",
                )
            return base if isinstance(base, tree.List) else tree.Transpose(span, base)
        signs = [i.sign for i in above if isinstance(i, Mark)]
        if signs == ["-"] and len(above) == 2 and kind == kinds.MATRIX:
            inverse = self.call(span, "inv", base)
            last = key(above[1])
            if last == "1":
                return inverse
            if last in (r"\top", "T"):
                return tree.Transpose(span, inverse)
        if signs == ["⊙"]:
            above = tuple(i for i in above if not isinstance(i, Mark))
        elif kind == kinds.MATRIX:
            raise Ambiguous(
                "a power of a matrix may be entry by entry, or of the matrix",
                item.start,
                item.end,
                "which of them?",
                r"write `A^{\odot 2}` for entry by entry, `A A` for the product",
            )
        return tree.Binary(span, "^", base, self.sum(above))

    # --- brackets --------------------------------------------------------------------------------

    def fence(self, item: Fence) -> Expression:
        """Brackets: a group, a list, an indicator, a norm."""
        span = self.at(item)
        match item.kind:
            case "|":
                return self.call(span, "abs", self.sum(item.items))
            case "‖":
                return self.call(span, "norm", self.sum(item.items))
            case "[" if any(isinstance(i, Mark) and i.sign in RELATIONS for i in item.items):
                return tree.Indicator(span, self.conditions(item.items))
        parts = self.split(item.items, ",")
        if len(parts) > 1:
            return tree.List(span, tuple(map(self.sum, parts)))
        return replace(self.sum(item.items), span=span)

    def conditions(self, items: Line) -> tuple[tree.Comparison, ...]:
        """Conditions, all of which hold."""
        return tuple(self.comparison(part) for part in self.split(items, ","))

    def comparison(self, items: Line) -> tree.Comparison:
        """`a <= b`."""
        for place, item in enumerate(items):
            if isinstance(item, Mark) and item.sign in RELATIONS:
                left, right = self.sum(items[:place]), self.sum(items[place + 1 :])
                return tree.Comparison(left.span.to(right.span), item.sign, left, right)
        first, last = items[0], items[-1]
        raise LatexError("a comparison is needed here", first.start, last.end, "no comparison")

    def environment(self, item: Environment) -> Expression:
        """A matrix."""
        if not item.name.endswith("matrix"):
            raise self.unknown(item, f"`{item.name}` is not a matrix")
        rows = [
            tuple(self.sum(cell) for cell in self.split(line, "&")) for line in item.lines if line
        ]
        span = self.at(item)
        if all(len(row) == 1 for row in rows):
            return tree.List(span, tuple(row[0] for row in rows))
        return tree.List(span, tuple(tree.List(span, row) for row in rows))

    def fraction(self, item: Frac) -> Expression:
        """A quotient, or a derivative."""
        raise NotImplementedError
