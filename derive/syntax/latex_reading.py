"""Formulas to the tree of the plain language, by the names and shapes that are in scope.

What a formula leaves open is settled by these, or is an error that shows both readings; nothing is
guessed. What comes out is what the same statement in the plain language comes to.
"""

from collections.abc import Iterator

from derive.diagnostics.span import Source
from derive.syntax import latex_kinds as kinds
from derive.syntax import tree
from derive.syntax.latex import LatexError, read_latex
from derive.syntax.latex_applied import without_stop
from derive.syntax.latex_big import Big
from derive.syntax.latex_ellipsis import is_dots
from derive.syntax.latex_factors import OPERATORS, RELATIONS, Ambiguous
from derive.syntax.latex_names import Known, key
from derive.syntax.latex_tree import (
    Braced,
    Command,
    Fence,
    Frac,
    Group,
    Item,
    Line,
    Mark,
    Number,
    Word,
    inside,
    letters_at,
    parts_of,
    signs_in,
)
from derive.syntax.show import show
from derive.syntax.tree import Expression


class Reading(Big):
    """Reads the lines of one formula."""

    # --- relations -------------------------------------------------------------------------------

    def said(self, line: Line) -> Line:
        r"""A line without its remarks, `\text{Loss: }` and `\text{(discrete)}`, and its stop."""
        line = without_stop(line)
        if line and isinstance(line[0], Word) and line[0].text.endswith(":"):
            line = line[1:]
        if line and isinstance(line[-1], Word) and line[-1].text.endswith(")"):
            for place, item in enumerate(line):
                if isinstance(item, Word) and item.text.startswith("("):
                    return without_stop(line[:place])
        return line

    def relations(self, items: Line) -> list[tree.Comparison]:
        """`a = b`, or `a = b = c` as its two relations."""
        sides, ops = self.chain(items)
        if not ops:
            first, last = items[0], items[-1]
            raise LatexError("no relation stands here", first.start, last.end, "nothing is said")
        self.letters = list(letters_at(items))
        values = list(map(self.side, sides))
        pairs = zip(values, ops, values[1:], strict=False)
        return [tree.Comparison(a.span.to(b.span), op, a, b) for a, op, b in pairs]

    def side(self, items: Line) -> Expression:
        """A side of a relation."""
        if not items:
            raise LatexError("a side of this relation is empty", 0, 1, "nothing stands here")
        return self.sum(items)

    def chain(self, items: Line) -> tuple[list[Line], list[str]]:
        """What stands between relations, and these."""
        sides: list[list[Item]] = [[]]
        ops: list[str] = []
        for item in self.paired(self.sequences(items)):
            if isinstance(item, Mark) and item.sign in RELATIONS:
                ops.append(item.sign)
                sides.append([])
            elif not (isinstance(item, Mark) and item.sign == "&"):
                sides[-1].append(item)
        return [tuple(side) for side in sides], ops

    # --- sums and products -----------------------------------------------------------------------

    def sum(self, items: Line) -> Expression:
        """Terms with plus and minus."""
        items = self.grouped(items)
        if not items:
            raise LatexError("nothing stands here", 0, 1, "a value is needed")
        addends = list(self.addends(items))
        parts = [part for _, part in addends]
        if any(map(is_dots, parts)):
            return self.running(items, [sign for sign, _ in addends], parts)
        self.check_after(parts)
        total: Expression | None = None
        tight, self.tight = self.tight, False
        terms = [self.term(part) for part in parts]
        self.tight = tight
        for (sign, part), made in zip(addends, terms, strict=True):
            if total is None:
                whole = self.span(items[0].start, part[-1].end)
                total = tree.Negative(whole, made) if sign == "-" else made
            else:
                total = tree.Binary(total.span.to(made.span), sign, total, made)
        assert total is not None
        return total

    def running(self, items: Line, signs: list[str], parts: list[Line]) -> Expression:
        r"""`x_1 + \dots + x_n`."""
        found = self.run(parts) if set(signs) == {"+"} else None
        if not isinstance(found, tree.Comprehension):
            raise self.unknown(items[0], "it is not clear what these dots leave out")
        return tree.Big(found.span, "sum", found.binders, (), found.body)

    def addends(self, items: Line) -> Iterator[tuple[str, Line]]:
        """The terms with their signs; the body of a sum goes on to the next sign."""
        sign, start = "+", 0
        for place, item in enumerate(items):
            if not (isinstance(item, Mark) and item.sign in "+-"):
                continue
            before = items[place - 1] if place > start else None
            if isinstance(before, Mark) and before.sign in OPERATORS:
                continue  # `a \cdot -b`
            base = before and parts_of(before)[0]
            if before and isinstance(base, Command) and base.name in ("sum", "prod"):
                continue  # `\sum_i -a_i`
            if place > start:
                yield sign, items[start:place]
            elif place:
                raise self.unknown(item, "two signs follow each other")
            sign, start = item.sign, place + 1
        if start == len(items):
            raise self.unknown(items[-1], "a term is missing behind this sign")
        yield sign, items[start:]

    def term(self, items: Line) -> Expression:
        """Products, those entry by entry last."""
        match items:
            case (Mark(sign="-"), _, *_):
                inner = self.term(items[1:])
                return tree.Negative(self.span(items[0].start, items[-1].end), inner)
        parts: list[list[Item]] = [[]]
        for place, item in enumerate(items):
            if self.is_big(item) or is_limit(item):
                parts[-1] += items[place:]
                break
            if isinstance(item, Mark) and item.sign == "⊙":
                parts.append([])
            else:
                parts[-1].append(item)
        made = [self.juxtaposed(tuple(part), items[-1]) for part in parts]
        sorts = {self.kind(part) for part in made} & {kinds.VECTOR, kinds.ROW, kinds.MATRIX}
        if len(sorts) > 1 and len(made) > 1:
            return self.juxtaposed(items, items[-1])  # `a \odot b c^\top`
        kinds_here = {self.kind(part) for part in made}
        if kinds.SCALAR in kinds_here and sorts:
            raise self.unknown(items[0], "a product entry by entry is of two tensors")
        total = made[0]
        for factor in made[1:]:
            total = tree.Binary(total.span.to(factor.span), "*", total, factor)
        return total

    def juxtaposed(self, items: Line, near: Item) -> Expression:
        """Factors side by side, or with a dot, a cross, a stroke."""
        if not items:
            raise self.unknown(near, "a factor is missing here")
        total: Expression | None = None
        op, place = "", 0
        while place < len(items):
            item = items[place]
            if isinstance(item, Mark) and item.sign in OPERATORS:
                if op or (total is None and item.sign != "-"):
                    if item.sign == "-" and op:
                        factor, place = self.factor(items, place + 1)
                        factor = tree.Negative(factor.span, factor)
                        total = factor if total is None else self.combined(total, op, factor)
                        op = ""
                        continue
                    raise self.unknown(item, "two operators follow each other")
                op, place = item.sign, place + 1
                continue
            before = items[place - 1] if place else None
            if isinstance(item, Number) and isinstance(before, Number):
                raise self.unknown(item, "two numbers stand side by side")
            read = self.tightly if op == "/" else self.factor
            factor, place = read(items, place)
            if op == "/" and place < len(items) and not isinstance(items[place], Mark):
                raise Ambiguous(
                    "`a / b c` may be `(a / b) c`, or `a / (b c)`",
                    items[place].start,
                    items[place].end,
                    "over, or beside?",
                    r"write it with `\frac`, or with brackets",
                )
            total = factor if total is None else self.combined(total, op, factor)
            op = ""
        if op or total is None:
            raise self.unknown(items[-1], "a factor is missing behind this sign")
        return total

    def combined(self, left: Expression, op: str, right: Expression) -> Expression:
        """A product, by what both sides are."""
        span = left.span.to(right.span)
        if op == "/":
            return tree.Binary(span, op, left, right)
        first, second = self.kind(left), self.kind(right)
        if op == "*" and kinds.SCALAR not in (first, second):
            raise Ambiguous(
                "a star between tensors may be a product entry by entry, or a convolution",
                left.span.start - self.offset,
                right.span.end - self.offset,
                "which of them?",
                r"write `\odot` for the product entry by entry",
            )
        if kinds.SCALAR in (first, second) or (op == "⊙" and first == second):
            return tree.Binary(span, "*", left, right)
        if op == "⊙":
            start, end = left.span.start - self.offset, right.span.end - self.offset
            message = f"a {first} and a {second} have no product entry by entry"
            raise LatexError(message, start, end, "of unlike shapes", "put brackets")
        if (first, second) == (kinds.VECTOR, kinds.VECTOR):
            if op == "·":
                return tree.Binary(span, "@", tree.Transpose(left.span, left), right)
            one, two = map(_bracketed, (left, right))
            raise Ambiguous(
                f"two vectors side by side may be `{one}.T @ {two}`, or `{one} * {two}`",
                left.span.start - self.offset,
                right.span.end - self.offset,
                "which product?",
                r"write `a^\top b`, or `a \odot b`",
            )
        return tree.Binary(span, "@", left, right)

    # --- factors ---------------------------------------------------------------------------------

    def factor(self, items: Line, place: int) -> tuple[Expression, int]:
        """The factor that begins here, and where it ends."""
        item = items[place]
        whole = self.whole(item)
        if whole is not None:
            return whole, place + 1
        base, sub, sup = parts_of(item)
        if self.is_big(item):
            return self.big(items, place)
        if is_limit(item):
            return self.limit(items, place)
        if isinstance(base, Command) and (base.name == "nabla" or (base.name == "partial" and sub)):
            return self.nabla(items, place)
        if isinstance(item, Frac) and self.is_operator(item):
            return self.operated(items, place, item)
        if key(base) == "e" and sup is not None and sub is None and self.plain_name(base) is None:
            return self.call(self.at(item), "exp", self.sum(inside(sup))), place + 1
        function = self.is_function(base) if self.head_of(item) is None else None
        if key(base) == "E" and self.plain_name(base) is None and self.opens(items, place, "["):
            function = "E"
        if function is not None:
            return self.application(function, items, place)
        if self.is_indicator(item, items, place):
            fence = items[place + 1]
            assert isinstance(fence, Fence)
            span = self.span(item.start, fence.end)
            return tree.Indicator(span, self.conditions(fence.items)), place + 2
        self.check_unseen(items, place)
        found = self.before_brackets(items, place)
        return found or (self.norm(item) or self.primary(item), place + 1)

    def tightly(self, items: Line, place: int) -> tuple[Expression, int]:
        r"""A factor that must say where it ends: what `\log` or a stroke stands before."""
        before, self.tight = self.tight, True
        found = self.factor(items, place)
        self.tight = before
        return found

    def opens(self, items: Line, place: int, bracket: str) -> bool:
        """Whether a bracket of this kind follows."""
        follows = parts_of(items[place + 1])[0] if place + 1 < len(items) else None
        return isinstance(follows, Fence) and follows.kind == bracket

    def check_unseen(self, items: Line, place: int) -> None:
        """Stop at `2{a + b}`, which is printed as `2a + b`."""
        base = parts_of(items[place])[0]
        unseen = isinstance(base, Group | Braced) or (isinstance(base, Fence) and base.kind == ".")
        alone = len(items) == 1 and base is items[place]
        if unseen and not alone and {"+", "-"} & set(signs_in(getattr(base, "items", ()))):
            raise Ambiguous(
                "these braces are not seen in print, and change what is said",
                base.start,
                base.end,
                "with brackets, or without?",
                "write brackets",
            )


def _bracketed(expr: Expression) -> str:
    """An expression as a factor."""
    sums = isinstance(expr, tree.Binary) and expr.op in "+-"
    return f"({show(expr)})" if sums else show(expr)


def is_limit(item: Item) -> bool:
    r"""`\lim` with what stands below it."""
    base = parts_of(item)[0]
    return isinstance(base, Command) and base.name == "lim"


def lines_of(source: Source, offset: int, text: str, known: Known) -> tuple[Reading, list[Line]]:
    """A reader and the lines of a formula; an align block is its lines. Raises LatexError."""
    lines = read_latex(text)
    while len(lines) == 1 and len(lines[0]) == 1 and not isinstance(lines[0][0], Group):
        only = lines[0][0]
        if getattr(only, "name", "") not in ("align", "aligned", "gather", "equation", "split"):
            break
        lines = getattr(only, "lines", ())
    reading = Reading(source, offset, known)
    kept = [line for line in map(reading.said, lines) if line]
    if not kept:
        raise LatexError("the formula is empty", 0, len(text), "nothing stands here")
    return reading, kept
