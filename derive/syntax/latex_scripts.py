"""Names with what stands below and above them: entries, powers, transposes, labels."""

from dataclasses import replace
from fractions import Fraction

from derive.diagnostics.span import Span
from derive.diagnostics.suggest import nearest
from derive.syntax import latex_kinds as kinds
from derive.syntax import tree
from derive.syntax.latex_factors import RELATIONS, Ambiguous
from derive.syntax.latex_grouping import Grouping
from derive.syntax.latex_names import key, key_of, unstyled
from derive.syntax.latex_tree import (
    Command,
    Fence,
    Group,
    Item,
    Letter,
    Line,
    Mark,
    Number,
    Scripted,
    inside,
    is_digit,
    signs_in,
)
from derive.syntax.tree import Expression


class Scripts(Grouping):
    """Reads scripts."""

    def scripted(self, item: Scripted) -> Expression:
        """A name, an entry, a power, a transpose."""
        found = self.whole(item) or self.above(item)
        if found is not None:
            return found
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
            name = name or self.named(key(replace(item, base=unstyled(item.base))), item)
            return self.square(item, item.sup) if name is None else tree.Name(self.at(item), name)
        return None

    def square(self, item: Scripted, sup: Item) -> Expression | None:
        r"""`\sigma^4` where `\sigma^2` is a name, and `\sigma` is none."""
        (number,) = inside(sup) if len(inside(sup)) == 1 else (None,)
        if not isinstance(number, Number) or not number.text.isdecimal():
            return None
        half, rest = divmod(int(number.text), 2)
        two = Number(number.start, number.end, "2")
        name = self.named(key(replace(item, sup=two)), item)
        if rest or half < 2 or name is None or self.plain_name(item.base) is not None:
            return None
        power = tree.Number(self.at(number), Fraction(half), str(half))
        return tree.Binary(self.at(item), "^", tree.Name(self.at(item), name), power)

    def above(self, item: Scripted) -> Expression | None:
        r"""`W^{(1)}_{ij}`, `W^{(1)\top}`, where `W^{(1)}` is a name."""
        labels = () if item.sup is None else inside(item.sup)
        if item.sup is None or item.primes or not labels:
            return None
        if len(labels) > 1 and key(labels[-1]) in (r"\top", "T", r"\intercal"):
            label = Group(item.sup.start, item.sup.end, labels[:-1])
            named = replace(item, sup=label)
            inner = self.whole(named) or self.above(named)
            return None if inner is None else tree.Transpose(self.at(item), inner)
        if item.sub is None:
            return None
        whole = self.whole(replace(item, sub=None))
        axes = 0 if whole is None else kinds.rank_of(self.kind(whole))
        if whole is None or axes == 0:
            return None
        return tree.Subscript(self.at(item), whole, self.places(inside(item.sub), axes))

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
                if key_of(below) not in self.known.dims and not is_digit(below[0]):
                    raise self.unknown(item, f"`{key_of(below)}` is not a dimension")
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
            if isinstance(base, tree.Name) and name not in self.known.ranks:
                near = nearest(name, self.known.ranks)
                raise self.unknown(
                    item,
                    f"nothing is named `{name}` here",
                    "a name with this subscript would have to be declared"
                    if near is None
                    else f"did you mean `{near}`?",
                )
            raise self.unknown(
                item,
                f"`{name}` is a number, and has no entries",
                "a name with this subscript would have to be declared",
            )
        slices = self.split(below, ",")
        match below:
            case (_, Mark(sign=":")) | (Mark(sign=":"), _):
                slices = [below[:1], below[1:]]
        match slices:
            case (first, (Mark(sign=":"),)) if axes == kinds.rank_of(kinds.MATRIX):
                return tree.Subscript(self.at(item), base, (self.place(first),))
            case ((Mark(sign=":"),), second) if axes == kinds.rank_of(kinds.MATRIX):
                turned = tree.Transpose(base.span, base)
                return tree.Subscript(self.at(item), turned, (self.place(second),))
        return self.entry_of(base, self.places(below, axes), self.at(item))

    def entry_of(self, base: Expression, places: tuple[Expression, ...], span: Span) -> Expression:
        """An entry; a row, which has an axis of one before its own, has its first line."""
        if self.kind(base) == kinds.ROW and len(places) == 1:
            places = (tree.Number(span, Fraction(1), "1"), *places)
        return tree.Subscript(span, base, places)

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
        for part in parts:
            letters = [i for i in part if isinstance(i, Letter)]
            if len(part) > 1 and len(letters) == len(part):
                raise self.unknown(part[0], f"`{key_of(part)}` is more places than there are axes")
        if several and len(parts) == 1 and len(items) > 1 and not signs_in(items):
            raise self.unknown(items[0], "put commas between these places")
        return tuple(map(self.place, parts))

    def place(self, items: Line) -> Expression:
        """One place: an index, with its own name before that of a tensor."""
        match items:
            case (Letter(text=text) as letter,) if text in self.bound:
                return tree.Name(self.at(letter), text)
        return self.sum(items)

    def raised(self, base: Expression, sup: Item, item: Item) -> Expression:
        """A power, a transpose, an inverse."""
        above, span, kind = inside(sup), self.at(item), self.kind(base)
        form = key_of(above)
        match above:
            case (Fence(kind="(" | "[", items=label) as fence,):
                return self.labelled(base, label, fence, item)
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
        match above:
            case (Letter(text=text),) if kind == kinds.VECTOR and text not in self.known.ranks:
                raise Ambiguous(
                    f"this may be a power, or the place `{text}`",
                    item.start,
                    item.end,
                    "which of them?",
                    "write the place below; a power of each entry is that of an entry",
                )
        return tree.Binary(span, "^", base, self.sum(above))

    def labelled(self, base: Expression, label: Line, fence: Fence, item: Item) -> Expression:
        """What stands above in brackets is a place on the first axis, `x^{(t)}_i`, not a power."""
        whole, below = base, tuple[Expression, ...]()
        if isinstance(base, tree.Subscript):
            whole, below = base.base, base.indices
        place = all(isinstance(i, Letter | Number) or key(i) in ("+", "-") for i in label)
        free = (kinds.rank_of(self.kind(whole)) or 0) - len(below)
        if place and free > 0:
            return tree.Subscript(self.at(item), whole, (*self.places(label, 1), *below))
        if not place and free == 0:
            return tree.Binary(self.at(item), "^", base, self.sum(label))
        text = self.span(fence.start, fence.end).text
        raise Ambiguous(
            f"`{text}` may be a label, or a power",
            item.start,
            item.end,
            "a label, or a power?",
            "leave out the brackets of a power; give what has a label its printed form",
        )
