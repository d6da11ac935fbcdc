r"""Signs that are one before anything is read: bars, `gap`, `P(y | x)`, `\partial a/\partial b`."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from derive.syntax.latex_factors import BIG, WORDS, Ambiguous, Factors
from derive.syntax.latex_names import key, key_of
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

ENDS = frozenset(("+", "-", "=", "!=", "<", "<=", ">", ">=", "~", ",", "&", "·", "×", "⊙"))
"""Before and behind a quotient of differentials on a slash."""


class Grouping(Factors):
    """Puts signs together."""

    def grouped(self, items: Line) -> Line:
        """A line with its names, bars and quotients of differentials each as one sign."""
        return self.words(self.slashes(self.paired(self.sequences(items))))

    def sequences(self, items: Line) -> Line:
        """Printed forms of several signs, as `P(y = 1 | x)`, as the names that they print."""
        if not self.printed:
            return items
        made: list[Item] = []
        place = 0
        while place < len(items):
            found = self.sequence(items, place)
            word, place = found or (items[place], place + 1)
            made.append(word)
        return tuple(made)

    def sequence(self, items: Line, place: int) -> tuple[Item, int] | None:
        """The longest printed form that begins here, with the scripts that follow it."""
        for form, name in self.printed:
            stop = place + len(form)
            if stop > len(items):
                continue
            keys = tuple(map(key, items[place:stop]))
            if keys == form:
                return Word(items[place].start, items[stop - 1].end, name), stop
            last = items[stop - 1]
            if (*keys[:-1], key(parts_of(last)[0])) == form and isinstance(last, Scripted):
                word = Word(items[place].start, last.base.end, name)
                scripts = (last.sub, last.sup, last.primes)
                return Scripted(word.start, last.end, word, *scripts), stop
        return None

    def paired(self, items: Line) -> Line:
        """Bars in pairs as brackets."""
        made: list[Item] = []
        opened: dict[str, int] = {}
        for item in self.parted(items):
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

    def parted(self, items: Line) -> Iterator[Item]:
        """The bars of `|a||b|`, which stand close, as two."""
        inside_one = False
        for item in items:
            sign = item.sign if isinstance(item, Mark) else ""
            if sign == "‖" and inside_one:
                middle = item.start + (item.end - item.start) // 2
                yield Mark(item.start, middle, "|")
                yield Mark(middle, item.end, "|")
                continue
            base = parts_of(item)[0]
            if isinstance(base, Mark) and base.sign == "|":
                inside_one = not inside_one
            yield item

    # --- words -----------------------------------------------------------------------------------

    def words(self, items: Line) -> Line:
        """Letters that touch and spell a name as one word: `gap`, `Wx`."""
        made: list[Item] = []
        place = 0
        while place < len(items):
            self.check_exponent(items[place : place + 4])
            stop = self.touching(items, place)
            ends = range(stop, place + 1, -1)
            found = next((w for end in ends if (w := self.word(items, place, end))), None)
            word, place = found or self.operator(items, place) or (items[place], place + 1)
            made.append(word)
        return tuple(made)

    def check_exponent(self, items: Line) -> None:
        """Stop at `1e-3`, which print shows as `e` times one, minus three."""
        match items:
            case (Number() as a, Letter(text="e" | "E") as b, *_) if b.start == a.end:
                c, *_ = (*items[2:], None)
                signed = isinstance(c, Mark) and c.sign in ("+", "-") and len(items) > 3
                last = items[3] if signed else c
                if isinstance(last, Number) and c is not None and c.start == b.end:
                    raise Ambiguous(
                        "this may be a power of ten, or a product with `e`",
                        a.start,
                        last.end,
                        "which of them?",
                        r"write `1 \cdot 10^{-3}`",
                    )

    def operator(self, items: Line, place: int) -> tuple[Item, int] | None:
        r"""`\arg\max` as one word."""
        match items[place], items[place + 1 : place + 2]:
            case Command(name="arg") as first, (Command(name="max" | "min" as last) as second,):
                return Word(first.start, second.end, f"arg{last}"), place + 2
            case (
                Command(name="arg") as first,
                (Scripted(base=Command(name="max" | "min" as last)) as second,),
            ):
                word = Word(first.start, second.base.end, f"arg{last}")
                return Scripted(first.start, second.end, word, second.sub, second.sup), place + 2
        return None

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
        builtin = text in self.known.builtin or text in WORDS
        applied = isinstance(parts_of(follows)[0] if follows else None, Fence) and builtin
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

    # --- quotients of differentials --------------------------------------------------------------

    def slashes(self, items: Line) -> Line:
        r"""`\partial L/\partial z_i` as a fraction; what is below is one sign with its scripts."""
        made: list[Item] = []
        place = 0
        while place < len(items):
            stroke = self.stroke(items, place)
            if stroke is None:
                made.append(items[place])
                place += 1
                continue
            stop = stroke + 3
            if stop < len(items) and not isinstance(items[stop], Mark):
                raise Ambiguous(
                    "it is not said how far this quotient of differentials reaches",
                    items[place].start,
                    items[stop].end,
                    "to here, or not?",
                    r"write it with `\frac`",
                )
            sides = (items[place:stroke], items[stroke + 1 : stop])
            groups = (Group(side[0].start, side[-1].end, side) for side in sides)
            made.append(Frac(items[place].start, items[stop - 1].end, *groups))
            place = stop
        return tuple(made)

    def stroke(self, items: Line, place: int) -> int | None:
        """Where the slash of a quotient of differentials stands that begins here."""
        sign = self.differential_sign(items[place])
        if not sign or (sign == "d" and f"d{key_of(items[place + 1 : place + 2])}" in self.forms):
            return None
        for stop in range(place + 1, len(items) - 2):
            item = items[stop]
            if isinstance(item, Mark) and item.sign in ENDS:
                return None
            if isinstance(item, Mark) and item.sign == "/":
                same = self.differential_sign(items[stop + 1]) == sign and stop > place + 1
                return stop if same else None
        return None

    def differential_sign(self, item: Item) -> str:
        r"""`\partial`, or a `d` that names nothing in the file; empty for anything else."""
        match item:
            case Command(name="partial"):
                return r"\partial"
            case Letter(text="d") if self.plain_name(item) is None:
                return "d"
        return ""


def mentions(part: Any, letter: str) -> bool:
    """Whether a letter stands in what is written here, and is not the index of a sum of its own."""
    if isinstance(part, Letter):
        return part.text == letter
    if isinstance(part, tuple):
        for place, item in enumerate(part):
            if binds(item, letter):
                return False
            if place < len(part) and mentions(item, letter):
                return True
        return False
    if not is_dataclass(part):
        return False
    values = (getattr(part, f.name) for f in fields(part))
    return any(mentions(value, letter) for value in values if not isinstance(value, str | int))


def binds(item: Item, letter: str) -> bool:
    r"""Whether `letter` is the index of this `\sum`: what stands behind it is its body."""
    base, sub, _ = parts_of(item)
    return isinstance(base, Command) and base.name in BIG and letter in indices_below(sub)


def indices_below(sub: Item | None) -> list[str]:
    """The indices that stand below a sum: the first sign of each part, or all of `ij`."""
    items = () if sub is None else inside(sub)
    letters = [item.text for item in items if isinstance(item, Letter)]
    if len(letters) == len(items):
        return letters
    starts = [0, *(k + 1 for k, i in enumerate(items) if isinstance(i, Mark) and i.sign == ",")]
    firsts = [items[k] for k in starts if k < len(items)]
    return [item.text for item in firsts if isinstance(item, Letter)]
