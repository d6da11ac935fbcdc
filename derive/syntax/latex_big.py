r"""What reaches over all that stands behind it: `\sum_{i=1}^{n}`, `\lim_{x \to 0}`; means."""

from fractions import Fraction

from derive.syntax import tree
from derive.syntax.latex import LatexError
from derive.syntax.latex_applied import Applied
from derive.syntax.latex_factors import BIG, Ambiguous
from derive.syntax.latex_grouping import binds, indices_below, mentions
from derive.syntax.latex_names import key
from derive.syntax.latex_tree import (
    Command,
    Fence,
    Item,
    Letter,
    Line,
    Mark,
    Scripted,
    inside,
    letters_in,
    parts_of,
)
from derive.syntax.tree import Expression


class Big(Applied):
    """Reads what has a range, a limit or a law below it."""

    def is_big(self, item: Item) -> bool:
        r"""`\sum`, or `\max_i`; `\max(a, b)` is a function."""
        base, sub, _ = parts_of(item)
        if not (isinstance(base, Command) and base.name in BIG):
            return False
        return base.name in ("sum", "prod") or sub is not None

    def big(self, items: Line, place: int) -> tuple[Expression, int]:
        r"""`\sum_{i=1}^{n} body`, and where the body ends."""
        item = items[place]
        base, sub, sup = parts_of(item)
        assert isinstance(base, Command)
        rest = items[place + 1 :]
        if sub is None or not rest:
            what = "a range below it" if sub is None else "something to add up"
            raise self.unknown(item, f"`\\{base.name}` needs {what}")
        rest = rest[: self.reach(item, base, sub, rest)]
        binders: list[tree.Binder] = []
        conditions: list[tree.Comparison] = []
        outer = set(self.bound)
        self.extent = item.start, rest[-1].end
        for part in self.ranges(sub):
            self.range(part, sup, binders, conditions, base.name)
        if sup is not None and not any(b.range is not None for b in binders):
            raise self.unknown(item, "an upper end needs a lower one, as in `i = 1`")
        tight, self.tight = self.tight, False
        body = self.term(rest)
        self.tight = tight
        self.bound = outer
        span = self.span(item.start, rest[-1].end)
        made = tree.Big(span, BIG[base.name], tuple(binders), tuple(conditions), body)
        return made, place + 1 + len(rest)

    def reach(self, item: Item, base: Command, sub: Item, rest: Line) -> int:
        """How much of what stands behind a product or a maximum is in it.

        Of a sum it does not matter whether a factor that does not change stands in it, but where
        the sum is below a stroke, or what a function without brackets is applied to.
        """
        if base.name == "sum" and not self.tight:
            return len(rest)
        indices = indices_below(sub)
        again = (k for k, other in enumerate(rest) if any(binds(other, i) for i in indices))
        end = next(again, len(rest))
        changing = [k for k in range(end) if any(mentions((rest[k],), i) for i in indices)]
        tight, self.tight = self.tight, False
        last = changing[-1] + 1 if changing else self.factor(rest, 0)[1]
        self.tight = tight
        if last < end:
            raise Ambiguous(
                f"it is not said how far `\\{base.name}` reaches: to here, or only to the "
                f"factors with `{', '.join(indices)}`",
                rest[last].start,
                rest[end - 1].end,
                "in it, or not?",
                "put brackets around it, or write this factor first",
            )
        return end

    def ranges(self, sub: Item) -> list[Line]:
        """The parts of what stands below a sum."""
        items = inside(sub)
        if len(items) > 1 and all(isinstance(i, Letter) for i in items):
            return [(item,) for item in items]
        parts = self.split(self.paired(items), ",")
        return [piece for part in parts for piece in self.split(part, ":")]

    def range(
        self,
        part: Line,
        sup: Item | None,
        binders: list[tree.Binder],
        conditions: list[tree.Comparison],
        base: str = "sum",
    ) -> None:
        """One part of what stands below a sum: an index, its first place, a condition."""
        match part:
            case (Letter(text=text), Mark(sign="in"), only):
                self.bound.add(text)
                binders.append(tree.Binder(self.at(part[0]), text))
                conditions.append(self.member(part[0], only))
                return
        sides, ops = self.chain(part)
        seen = {binder.name for binder in binders}
        name = self.index_name(sides[0], part, seen)
        if base in ("max", "min") and name in self.known.ranks:
            raise self.unknown(part[0], f"`{name}` is a tensor here, and no index")
        plain = len(sides[0]) == 1 and isinstance(sides[0][0], Letter)
        self.bound.add(name)
        span = self.span(part[0].start, part[-1].end)
        if not ops:
            binders.append(tree.Binder(span, name))
            return
        if ops == ["="] and name not in seen and plain:
            start = self.sum(sides[1])
            stop = self.sum(inside(sup)) if sup is not None else None
            if stop is None:
                raise LatexError(
                    "this sum has a lower end and no upper one",
                    part[0].start,
                    part[-1].end,
                    "from here",
                )
            binders.append(tree.Binder(span, name, tree.Range(span, start, stop)))
            return
        if name not in seen:
            binders.append(tree.Binder(span, name))
        self.check_other(part, name, plain)
        conditions.append(self.comparison(tuple(self.paired(part))))

    def member(self, index: Item, only: Item) -> tree.Comparison:
        r"""`i \in M`, where `M` is a vector of zeros and ones."""
        name = self.plain_name(only)
        if name is None or name not in self.known.sets:
            raise self.unknown(only, "a set is written as a vector that is `binary`")
        span, one = self.at(only), tree.Number(self.at(only), Fraction(1), "1")
        entry = tree.Subscript(span, tree.Name(span, name), (self.place((index,)),))
        return tree.Comparison(span, "=", entry, one)

    def check_other(self, part: Line, name: str, plain: bool) -> None:
        r"""Stop at `\sum_{i \ne j}` where `j` stands nowhere else: it may be over both."""
        known = self.bound | self.known.ranks.keys() | self.known.dims
        for letter in sorted(letters_in(part) - known - {name}):
            start, end = self.extent
            places = [p for text, p in self.letters if text == letter]
            if plain and places and all(start <= p < end for p in places):
                raise Ambiguous(
                    f"this sum may be over `{name}` alone, or over `{name}` and `{letter}`",
                    part[0].start,
                    part[-1].end,
                    "over which of them?",
                    rf"write `\sum_{letter} \sum_{{{name} \ne {letter}}}` for both",
                )

    def index_name(self, side: Line, part: Line, seen: set[str]) -> str:
        r"""The index that a range is of; `i` of `\sum_{y_i = 1}`."""
        match side:
            case (Letter(text=text),):
                return text
            case (Scripted(sub=sub),) if sub is not None and len(part) > 1:
                new = letters_in(sub) - self.bound - self.known.ranks.keys() - self.known.dims
                known = letters_in(sub) & seen
                if len(new | known) == 1:
                    return min(new | known)
        first, last = part[0], part[-1]
        raise LatexError("an index is needed here", first.start, last.end, "no index")

    # --- conditions of cases ---------------------------------------------------------------------

    def condition(self, items: Line) -> Expression:
        r"""`a > b, c > d, \forall j \ne i`."""
        found: list[tree.Comparison] = []
        every: list[Line] = []
        for part in self.split(items, ","):
            if part and isinstance(part[0], Command) and part[0].name == "forall":
                every.append(part[1:])
            elif part:
                found.append(self.comparison(part))
        span = self.span(items[0].start, items[-1].end)
        made: Expression = tree.Indicator(span, tuple(found))
        for part in every:
            binders: list[tree.Binder] = []
            conditions: list[tree.Comparison] = []
            outer = set(self.bound)
            self.range(part, None, binders, conditions)
            self.bound = outer
            made = tree.Big(span, "prod", tuple(binders), tuple(conditions), made)
        return made

    # --- limits ----------------------------------------------------------------------------------

    def limit(self, items: Line, place: int) -> tuple[Expression, int]:
        r"""`\lim_{x \to 0^+} body`."""
        item, rest = items[place], items[place + 1 :]
        _, sub, _ = parts_of(item)
        sides = [] if sub is None else self.split(inside(sub), "->")
        if len(sides) != 2 or len(sides[0]) != 1 or not sides[1] or not rest:
            raise self.unknown(item, r"a limit is written `\lim_{x \to a} f(x)`")
        target, side = sides[1], ""
        last = target[-1]
        if isinstance(last, Scripted) and last.sup is not None and key(last.sup) in ("+", "-"):
            side = key(last.sup)
            target = (*target[:-1], last.base)
        (variable,) = sides[0]
        name = self.plain_name(variable) or key(variable).strip("<>")
        outer = set(self.bound)
        self.bound.add(name)
        body = self.term(rest)
        self.bound = outer
        where = tree.Name(self.at(variable), name)
        span = self.span(item.start, rest[-1].end)
        arrow = tree.Arrow(self.at(item), where, self.sum(target), side)
        return tree.Call(span, tree.Name(self.at(item), "limit"), (body, arrow)), len(items)

    # --- means -----------------------------------------------------------------------------------

    def check_mean(self, item: Item, sub: Item, arguments: tuple[Expression, ...]) -> None:
        """Stop where what stands below `E` leaves out something that is random here."""
        over = self.over(arguments)
        sides = self.split(self.paired(inside(sub)), "∼")
        parts = [
            p for side in sides[0] for p in (side.items if isinstance(side, Fence) else (side,))
        ]
        said = {self.plain_name(part) for part in parts}
        if len(over) > 1 and not over <= said:
            missing = ", ".join(f"`{name}`" for name in sorted(over - said))
            raise self.unknown(item, f"the mean is over {missing}, too, which is not named below")
        named = {name for name in said if name is not None and name in self.known.ranks}
        for name in named - self.known.drawn.keys():
            raise self.unknown(item, f"`{name}` is not random")
        laws = [self.plain_name(part) for side in sides[1:] for part in side]
        used = frozenset[str]().union(*(self.known.laws.get(n, frozenset()) for n in named))
        for law in laws:
            if named and law in self.known.ranks and law not in used:
                raise self.unknown(item, f"`{law}` is not in the law that is declared")

    # --- sums of terms ---------------------------------------------------------------------------

    def check_after(self, parts: list[Line]) -> None:
        r"""Stop at `\sum_i x_i + y_i`, where the second `i` may be in the sum."""
        indices: set[str] = set()
        for part in parts:
            for letter in sorted(indices):
                if mentions(part, letter):
                    raise Ambiguous(
                        f"this `{letter}` may be that of the sum before it, or another one",
                        part[0].start,
                        part[-1].end,
                        "in the sum, or not?",
                        "put the body of the sum into brackets, or use another letter",
                    )
            for item in part:
                if self.is_big(item):
                    indices.update(indices_below(parts_of(item)[1]))
