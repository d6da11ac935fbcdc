"""Formulas to the tree of the plain language, by the names and shapes that are in scope.

What a formula leaves open is settled by these, or is an error that shows both readings; nothing is
guessed. What comes out is what the same statement in the plain language comes to.
"""

from collections.abc import Iterator

from derive.diagnostics.span import Source
from derive.syntax import latex_kinds as kinds
from derive.syntax import tree
from derive.syntax.latex import LatexError, read_latex
from derive.syntax.latex_applied import Applied
from derive.syntax.latex_factors import BIG, OPERATORS, RELATIONS, Ambiguous
from derive.syntax.latex_names import Known, key
from derive.syntax.latex_tree import (
    Command,
    Fence,
    Frac,
    Group,
    Item,
    Letter,
    Line,
    Mark,
    Number,
    Scripted,
    Word,
    inside,
    parts_of,
)
from derive.syntax.show import show
from derive.syntax.tree import Expression


class Reading(Applied):
    """Reads the lines of one formula."""

    # --- relations -------------------------------------------------------------------------------

    def relation(self, items: Line) -> tree.Comparison:
        """`a = b`, with one relation."""
        sides, ops = self.chain(items)
        if len(ops) != 1:
            first, last = items[0], items[-1]
            message = f"one relation is needed, and {len(ops) or 'none'} stand here"
            raise LatexError(message, first.start, last.end, "a claim is one relation")
        left, right = map(self.side, sides)
        return tree.Comparison(left.span.to(right.span), ops[0], left, right)

    def side(self, items: Line) -> Expression:
        """A side of a relation."""
        if not items:
            raise LatexError("a side of this relation is empty", 0, 1, "nothing stands here")
        return self.sum(items)

    def chain(self, items: Line) -> tuple[list[Line], list[str]]:
        """What stands between relations, and these."""
        sides: list[list[Item]] = [[]]
        ops: list[str] = []
        for item in self.paired(items):
            if isinstance(item, Mark) and item.sign in RELATIONS:
                ops.append(item.sign)
                sides.append([])
            elif not (isinstance(item, Mark) and item.sign == "&"):
                sides[-1].append(item)
        return [tuple(side) for side in sides], ops

    def paired(self, items: Line) -> Line:
        """Bars in pairs as brackets."""
        made: list[Item] = []
        opened: dict[str, int] = {}
        for item in items:
            base = item.base if isinstance(item, Scripted) else item
            if not (isinstance(base, Mark) and base.sign in ("|", "‖")):
                made.append(item)
                continue
            sign = base.sign
            if sign not in opened:
                opened[sign] = len(made)
                made.append(item)
                continue
            start = opened.pop(sign)
            fence = Fence(made[start].start, base.end, sign, tuple(made[start + 1 :]))
            scripted = item if isinstance(item, Scripted) else None
            closed: Item = fence
            if scripted is not None:
                closed = Scripted(fence.start, item.end, fence, scripted.sub, scripted.sup)
            made[start:] = [closed]
        if opened:
            place = made[min(opened.values())]
            raise self.unknown(place, "this bar has no partner")
        return tuple(made)

    def words(self, items: Line) -> Line:
        """Letters that touch and spell a name as one word: `gap`, `Wx`."""
        made: list[Item] = []
        place = 0
        while place < len(items):
            stop = self.touching(items, place)
            ends = range(stop, place + 1, -1)
            found = next((w for end in ends if (w := self.word(items, place, end))), None)
            word, place = found or (items[place], place + 1)
            made.append(word)
        return tuple(made)

    def touching(self, items: Line, place: int) -> int:
        """Where letters end that stand without room between them."""
        stop = place
        while stop < len(items):
            base = parts_of(items[stop])[0]
            touches = stop == place or items[stop - 1].end == items[stop].start
            if not touches or not isinstance(base, Letter | Number):
                return stop
            stop += 1
            if isinstance(items[stop - 1], Scripted):
                return stop
        return stop

    def word(self, items: Line, place: int, end: int) -> tuple[Item, int] | None:
        """The name that these letters spell. Raises Ambiguous where they are a product too."""
        last = items[end - 1]
        text = "".join(key(parts_of(item)[0]) for item in items[place:end])
        follows = items[end] if end < len(items) else None
        applied = isinstance(follows, Fence) and text in self.known.builtin
        sub = last.sub if isinstance(last, Scripted) else None
        forms = (text, f"{text}_({key(sub)})" if sub is not None else text)
        if not (applied or any(form in self.forms for form in forms)):
            return None
        singles = [self.plain_name(parts_of(item)[0]) for item in items[place:end]]
        if None not in singles:
            product = " * ".join(str(name) for name in singles)
            raise Ambiguous(
                f"this may be the name `{text}`, or the product `{product}`",
                items[place].start,
                last.end,
                "a name, or a product?",
                rf"write `\mathrm{{{text}}}` for the name, or leave room in the product",
            )
        word = Word(items[place].start, parts_of(last)[0].end, text)
        if not isinstance(last, Scripted):
            return word, end
        return Scripted(word.start, last.end, word, last.sub, last.sup, last.primes), end

    # --- sums and products -----------------------------------------------------------------------

    def sum(self, items: Line) -> Expression:
        """Terms with plus and minus."""
        items = self.words(self.paired(items))
        if not items:
            raise LatexError("nothing stands here", 0, 1, "a value is needed")
        total: Expression | None = None
        for sign, part in self.addends(items):
            made = self.term(part)
            if total is None:
                whole = self.span(items[0].start, part[-1].end)
                total = tree.Negative(whole, made) if sign == "-" else made
            else:
                total = tree.Binary(total.span.to(made.span), sign, total, made)
        assert total is not None
        return total

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
        for item in items:
            if isinstance(item, Mark) and item.sign == "⊙":
                parts.append([])
            else:
                parts[-1].append(item)
        made = [self.juxtaposed(tuple(part), items[-1]) for part in parts]
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
            factor, place = self.factor(items, place)
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
        if op in ("/", "*"):
            return tree.Binary(span, op, left, right)
        first, second = self.kind(left), self.kind(right)
        if kinds.SCALAR in (first, second):
            return tree.Binary(span, "*", left, right)
        if (first, second) == (kinds.VECTOR, kinds.VECTOR):
            if op == "·":
                return tree.Binary(span, "@", tree.Transpose(left.span, left), right)
            one, two = show(left), show(right)
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
        if isinstance(base, Command) and base.name in BIG and self.ranges(item, items, place):
            return self.big(item, base, items[place + 1 :]), len(items)
        if isinstance(base, Command) and base.name == "nabla" and isinstance(item, Scripted):
            stop = self.one(items, place + 1, item)
            return self.nabla(item, items[place + 1 : stop]), stop
        if isinstance(item, Frac) and self.is_operator(item):
            stop = self.one(items, place + 1, item)
            of = self.sum(items[place + 1 : stop])
            return self.differentiated(item, of, self.targets(inside(item.below), item)), stop
        if key(base) == "e" and sup is not None and sub is None and self.plain_name(base) is None:
            return self.call(self.at(item), "exp", self.sum(inside(sup))), place + 1
        function = self.is_function(base)
        if function is not None:
            return self.application(function, items, place)
        if self.is_indicator(item, items, place):
            fence = items[place + 1]
            assert isinstance(fence, Fence)
            span = self.span(item.start, fence.end)
            return tree.Indicator(span, self.conditions(fence.items)), place + 2
        return self.norm(item) or self.primary(item), place + 1

    def is_operator(self, item: Frac) -> bool:
        r"""`\frac{\partial}{\partial w}` with nothing behind the upper sign."""
        above = inside(item.above)
        below = inside(item.below)
        signs = (r"\partial", "d")
        return len(above) == 1 < len(below) and key(above[0]) in signs and key(below[0]) in signs

    def one(self, items: Line, place: int, item: Item) -> int:
        """Where the one factor behind an operator ends."""
        if place >= len(items) or isinstance(items[place], Mark):
            raise self.unknown(item, "nothing stands behind this operator")
        _, stop = self.factor(items, place)
        return stop


def lines_of(source: Source, offset: int, text: str, known: Known) -> tuple[Reading, list[Line]]:
    """A reader and the lines of a formula; an align block is its lines. Raises LatexError."""
    lines = read_latex(text)
    while len(lines) == 1 and len(lines[0]) == 1 and not isinstance(lines[0][0], Group):
        only = lines[0][0]
        if getattr(only, "name", "") not in ("align", "aligned", "gather", "equation", "split"):
            break
        lines = getattr(only, "lines", ())
    kept = [line for line in lines if line]
    if not kept:
        raise LatexError("the formula is empty", 0, len(text), "nothing stands here")
    return Reading(source, offset, known), kept
