"""One factor of a formula: a name with its scripts, a function with its argument, a derivative."""

from dataclasses import replace
from fractions import Fraction

from derive.diagnostics.span import Source, Span
from derive.syntax import latex_kinds as kinds
from derive.syntax import tree
from derive.syntax.latex import LatexError
from derive.syntax.latex_ellipsis import run_of
from derive.syntax.latex_names import Known, key, key_of, unstyled
from derive.syntax.latex_tree import (
    Braced,
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
)
from derive.syntax.show import show
from derive.syntax.tree import Expression

BIG = {"sum": "sum", "prod": "prod", "max": "max", "min": "min"}
COMMANDS = {
    "log": "log", "ln": "log", "exp": "exp", "sin": "sin", "cos": "cos", "tan": "tan",
    "sinh": "sinh", "cosh": "cosh", "tanh": "tanh", "arcsin": "asin", "arccos": "acos",
    "arctan": "atan", "max": "max", "min": "min", "det": "det", "tr": "trace",
}  # fmt: skip
WORDS = {"tr": "trace", "sgn": "sign", "ln": "log", "relu": "relu", "cov": "Cov"}
RELATIONS = frozenset(("=", "!=", "<", "<=", ">", ">=", "~"))
OPERATORS = frozenset(("+", "-", "·", "×", "⊙", "*", "/"))


class Ambiguous(LatexError):
    """A formula that has two readings."""


class Factors:
    """Reads factors; sums and products are those of `latex_reading`."""

    def __init__(self, source: Source, offset: int, known: Known) -> None:
        self.source, self.offset, self.known = source, offset, known
        self.forms, self.printed = known.forms(), known.sequences()
        self.bound: set[str] = set()
        self.letters: list[tuple[str, int]] = []
        self.extent = (0, 0)
        self.tight = False

    def sum(self, items: Line) -> Expression:
        """A sum of terms."""
        raise NotImplementedError

    def term(self, items: Line) -> Expression:
        """A product of factors."""
        raise NotImplementedError

    def factor(self, items: Line, place: int) -> tuple[Expression, int]:
        """One factor, and where it ends."""
        raise NotImplementedError

    def tightly(self, items: Line, place: int) -> tuple[Expression, int]:
        """One factor, which must say where it ends."""
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
        if self.is_no_size(item):
            return found
        return found or self.named(key(unstyled(item)), item)

    def is_no_size(self, item: Item) -> bool:
        r"""`\mathcal{N}`, where `N` is a size."""
        script = isinstance(item, Styled) and item.style == "cal"
        return script and key(unstyled(item)) in self.known.dims

    def is_function(self, item: Item) -> str | None:
        """The function that a sign names."""
        name = self.plain_name(item)
        if name is not None:
            return name if name in self.known.functions else None
        return self.builtin(item)

    def builtin(self, item: Item) -> str | None:
        """The function of the language that a sign names, whatever the file calls so."""
        match unstyled(item):
            case Command(name=command) if command in COMMANDS:
                return COMMANDS[command]
            case Command(name="sigma") | Letter(text="σ"):
                return "sigmoid"
            case Command(name=command) if command in self.known.builtin - {"partial"}:
                return command
            case Word(text=text):
                if text in self.known.builtin:
                    return text
                plain = WORDS.get(text.lower(), text.lower())
                return plain if plain in self.known.builtin or plain in WORDS.values() else None
            case Styled(style="bb", inside=part) if key_of(inside(part)) == "E":
                return "E"
        return None

    # --- signs without scripts --------------------------------------------------------------------

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
            case Braced(_, _, _, items):
                return replace(self.sum(items), span=self.at(item))
            case Root(_, _, part, None):
                return self.call(self.at(item), "sqrt", self.sum(inside(part)))
            case Root(_, _, part, degree):
                span, one = self.at(item), tree.Number(self.at(item), Fraction(1), "1")
                order = tree.Binary(span, "/", one, self.sum(degree or ()))
                return tree.Binary(span, "^", self.sum(inside(part)), order)
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
        if self.is_no_size(item):
            raise self.unknown(item, "nothing is written so here")
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

    def split(self, items: Line, sign: str) -> list[Line]:
        """The parts between commas."""
        parts: list[list[Item]] = [[]]
        for item in items:
            if isinstance(item, Mark) and item.sign == sign:
                parts.append([])
            else:
                parts[-1].append(item)
        return [tuple(part) for part in parts]

    # --- brackets --------------------------------------------------------------------------------

    def fence(self, item: Fence) -> Expression:
        """Brackets: a group, a list, an indicator, a norm."""
        span = self.at(item)
        match item.kind:
            case "|":
                return self.bars(item)
            case "‖":
                return self.length(item)
            case "<":
                return self.inner(item)
            case "[" if any(isinstance(i, Mark) and i.sign in RELATIONS for i in item.items):
                return tree.Indicator(span, self.conditions(item.items))
        parts = self.split(item.items, ",")
        if len(parts) > 1:
            return self.run(parts) or tree.List(span, tuple(map(self.sum, parts)))
        return replace(self.sum(item.items), span=span)

    def bars(self, item: Fence) -> Expression:
        """`|a|` of a number."""
        value = self.sum(item.items)
        if isinstance(value, tree.Name) and value.id in self.known.sets:
            return self.call(self.at(item), "sum", value)
        if self.kind(value) in (kinds.VECTOR, kinds.ROW, kinds.MATRIX):
            other = "its determinant" if self.kind(value) == kinds.MATRIX else "its length"
            raise Ambiguous(
                f"these bars may be the absolute values of `{show(value)}`, or {other}",
                item.start,
                item.end,
                "which of them?",
                r"write `\det(A)`, `\|x\|`, or `\operatorname{abs}(x)`",
            )
        return self.call(self.at(item), "abs", value)

    def length(self, item: Fence) -> Expression:
        r"""`\|x\|` of a vector."""
        value = self.sum(item.items)
        if self.kind(value) == kinds.MATRIX:
            raise Ambiguous(
                "the norm of a matrix may be Frobenius', or the spectral norm",
                item.start,
                item.end,
                "which of them?",
                r"write `\|A\|_F` for the root of the sum of squares",
            )
        return self.call(self.at(item), "norm", value)

    def inner(self, item: Fence) -> Expression:
        r"""`\langle x, y \rangle` of two vectors."""
        parts = [self.sum(part) for part in self.split(item.items, ",")]
        if [self.kind(part) for part in parts] != [kinds.VECTOR, kinds.VECTOR]:
            raise self.unknown(item, "pointed brackets are the product of two vectors")
        left, right = parts
        return tree.Binary(self.at(item), "@", tree.Transpose(left.span, left), right)

    def run(self, parts: list[Line]) -> Expression | None:
        r"""`x_1, \dots, x_n` as the list that it is."""
        found = run_of(parts, frozenset(self.forms) | self.bound)
        if found is None:
            return None
        span = self.span(parts[0][0].start, parts[-1][-1].end)
        start, stop = self.number(found.start), self.sum(inside(found.stop))
        outer = set(self.bound)
        self.bound.add(found.index)
        body = self.sum(found.template)
        self.bound = outer
        binder = tree.Binder(span, found.index, tree.Range(span, start, stop))
        return tree.Comprehension(span, body, (binder,), ())

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
        """A matrix, or what is defined by cases."""
        if item.name == "cases":
            return self.cases(item)
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

    def cases(self, item: Environment) -> Expression:
        """What is defined by cases."""
        raise NotImplementedError

    def scripted(self, item: Scripted) -> Expression:
        """A sign with its scripts."""
        raise NotImplementedError
