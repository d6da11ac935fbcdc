"""Functions with their arguments, norms, indicators, what is defined by cases."""

from dataclasses import replace
from fractions import Fraction

from derive.diagnostics.span import Span
from derive.syntax import latex_kinds as kinds
from derive.syntax import tree
from derive.syntax.latex import LatexError
from derive.syntax.latex_derivatives import Derivatives
from derive.syntax.latex_factors import BIG, COMMANDS, RELATIONS, Ambiguous
from derive.syntax.latex_names import key, key_of, unstyled
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
    parts_of,
    signs_in,
)
from derive.syntax.tree import Expression
from derive.syntax.walk import nodes

SEPARATORS = (",", "|", ";")
"""Between arguments, as in `P(x | w)`."""


class Applied(Derivatives):
    """Reads what takes an argument."""

    def norm(self, item: Item) -> Expression | None:
        r"""`\|w\|_2^2`, `\|w\|_1`, `\|W\|_F`."""
        if not (isinstance(item, Scripted) and isinstance(item.base, Fence)):
            return None
        if item.base.kind != "‖" or item.sub is None:
            return None
        span, order = self.at(item.base), inside(item.sub)
        value = self.sum(item.base.items)
        arguments = [value]
        if key(item.sub) != "F" and self.kind(value) == kinds.MATRIX:
            raise self.unknown(item, r"of a matrix, only `\|A\|_F` is known")
        if key(item.sub) == r"\infty":
            arguments.append(tree.Name(self.at(item.sub), "inf"))
        elif key(item.sub) not in ("2", "F"):
            arguments.append(self.sum(order))
        made: Expression = self.call(span, "norm", *arguments)
        return made if item.sup is None else self.raised(made, item.sup, item)

    def is_indicator(self, item: Item, items: Line, place: int) -> bool:
        r"""`\mathbb{1}[z > 0]`."""
        if place + 1 >= len(items) or key(item) not in ("bb(1)", "bf(1)", "bb(I)", "<chi>"):
            return False
        fence = items[place + 1]
        return isinstance(fence, Fence) and any(s in RELATIONS for s in signs_in(fence.items))

    # --- functions -------------------------------------------------------------------------------

    def application(self, function: str, items: Line, place: int) -> tuple[Expression, int]:
        """A function with its argument."""
        item = items[place]
        base, sub, sup = parts_of(item)
        primes = item.primes if isinstance(item, Scripted) else 0
        if sub is not None and function not in ("E", "log"):
            raise self.unknown(item, "a subscript at a function is not read")
        if place + 1 >= len(items) or isinstance(items[place + 1], Mark):
            raise self.unknown(item, f"`{function}` has no argument")
        if sup is not None:
            primes, sup = self.above_function(function, base, item, sup, primes)
        first = items[place + 1]
        bare, below, outer = parts_of(first)
        head = tree.Name(self.at(item), function)
        if isinstance(bare, Fence) and bare.kind in "([{":
            arguments, stop = self.arguments(function, bare), place + 2
            if outer is not None and function == "log" and key(outer) not in ("\\top", "T"):
                raise Ambiguous(
                    "the exponent may be that of the logarithm, or of its argument",
                    item.start,
                    first.end,
                    "of which of them?",
                    r"write `\log^2 x`, or brackets around the power",
                )
        else:
            argument, stop = self.tightly(items, place + 1)
            arguments, below, outer = (argument,), None, None
            self.check_argument(function, items, place, stop)
        span = self.span(item.start, items[stop - 1].end)
        if function == "E" and sub is not None:
            self.check_mean(item, sub, arguments)
        if function in ("var", "Var"):
            self.check_variance(item, function, arguments)
        called = tree.Call(span, head, arguments, (), primes)
        made: Expression = called
        if primes and function not in self.known.functions:
            made = self.slope(item, replace(called, primes=0), arguments, primes)
        if function == "log" and sub is not None:
            base_of = self.call(self.at(sub), "log", self.sum(inside(sub)))
            made = tree.Binary(span, "/", made, base_of)
        if below is not None:
            made = self.entry_of(made, self.places(inside(below), None), span)
        made = made if sup is None else self.raised(made, sup, item)
        return (made if outer is None else self.raised(made, outer, item)), stop

    def slope(
        self, item: Item, value: tree.Call, arguments: tuple[Expression, ...], primes: int
    ) -> Expression:
        r"""`\sigma'(z_i)`: the derivative of a function of the language by its one number."""
        (by, *more) = arguments
        if more or primes > 1 or self.head(by) is None or self.kind(by) != kinds.SCALAR:
            raise self.unknown(
                item,
                "a prime stands at a function of the file, or before the name of a number",
                r"name what is in the brackets; of a vector write one entry, `\sigma'(z_i)`",
            )
        return self.differentiated(item, value, [by])

    def above_function(
        self, function: str, base: Item, item: Item, sup: Item, primes: int
    ) -> tuple[int, Item | None]:
        r"""`\sin^2 x` is a power, `g^{(2)}(z)` a derivative; `f^{-1}` and `f^2` are neither."""
        match inside(sup):
            case (Fence(kind="(", items=(Number(text=text),)),) if text.isdecimal():
                return primes + int(text), None
        usual = isinstance(base, Command) and base.name in COMMANDS
        if usual and not key(sup).startswith("-"):
            return primes, sup
        inverse = f"the inverse of `{function}`" if key(sup) == "-1" else f"`{function}` repeated"
        raise Ambiguous(
            f"this may be a power of what `{function}` gives, or {inverse}",
            item.start,
            item.end,
            "which of them?",
            r"write the power behind the argument, as in `f(x)^2`",
        )

    def arguments(self, function: str, fence: Fence) -> tuple[Expression, ...]:
        """What stands in the brackets of a function; `P(x | w)` has two of the file's own."""
        parts = self.split(fence.items, ",")
        if function in self.known.functions:
            for sign in SEPARATORS[1:]:
                parts = [piece for part in parts for piece in self.split(part, sign)]
        run = self.run(parts) if len(parts) > 1 else None
        return (run,) if run is not None else tuple(map(self.sum, parts))

    def check_argument(self, function: str, items: Line, place: int, stop: int) -> None:
        """Stop where it is not said how far an argument without brackets reaches."""
        if stop >= len(items):
            return
        follows = parts_of(items[stop])[0]
        if isinstance(follows, Mark) and follows.sign != "/":
            return
        if self.is_function(follows) is not None:
            return
        if isinstance(follows, Command) and follows.name in BIG:
            return
        raise Ambiguous(
            f"it is not said how far the argument of `{function}` reaches",
            items[place].start,
            items[stop].end,
            "to here, or not?",
            "put the argument into brackets",
        )

    def over(self, arguments: tuple[Expression, ...]) -> frozenset[str]:
        """The random tensors on which these hang."""
        names = {node.id for node in nodes(arguments) if isinstance(node, tree.Name)}
        return frozenset[str]().union(*(self.known.drawn.get(n, frozenset()) for n in names))

    def check_variance(self, item: Item, function: str, arguments: tuple[Expression, ...]) -> None:
        """Stop where a variance may be that of a law, or that of the entries."""
        if (function == "Var") == bool(self.over(arguments)):
            return
        raise Ambiguous(
            "this may be the variance of what is random, or that of the entries",
            item.start,
            item.end,
            "which of them?",
            r"`\operatorname{Var}` is that of what is random; for the entries say what `var` is",
        )

    def check_mean(self, item: Item, sub: Item, arguments: tuple[Expression, ...]) -> None:
        """Stop where a mean is not over all that is random in it."""
        raise NotImplementedError

    # --- a name before brackets ------------------------------------------------------------------

    def before_brackets(self, items: Line, place: int) -> tuple[Expression, int] | None:
        """`p(i)` as an entry, `L'(w)` as a derivative; None where it is a product.

        Raises Ambiguous where it may be a product, or the value of a function.
        """
        item, follows = items[place], items[place + 1 : place + 2]
        fence, _, outer = parts_of(follows[0]) if follows else (None, None, None)
        base, sub, sup = parts_of(item)
        if not (isinstance(fence, Fence) and fence.kind == "(") or sup is not None:
            return None
        if self.plain_name(base) is None and self.head_of(item) is None:
            return None
        primes = item.primes if isinstance(item, Scripted) else 0
        parts = [fence.items]
        for sign in SEPARATORS:
            parts = [piece for part in parts for piece in self.split(part, sign)]
        bare = all(len(part) == 1 and _is_bare(part[0]) for part in parts)
        if primes:
            return self.primed(item, parts[0], bare and len(parts) == 1), place + 2
        function = self.builtin(base) if sub is None else None
        value = self.primary(item)
        if bare and self.are_indices(parts) and self.free_axes(value) >= len(parts):
            places = tuple(self.place(part) for part in parts)
            entry = self.entry(value, places, self.span(item.start, fence.end))
            return (entry if outer is None else self.raised(entry, outer, item)), place + 2
        name = self.head(value)
        if function is None and not (bare and (name in self.known.defined or len(parts) > 1)):
            return None
        written = self.at(item).to(self.at(follows[0])).text
        other = f"the function `{function}`" if function else f"`{name}` as it hangs on these"
        raise Ambiguous(
            f"this may be {other}, or `{name}` times what stands in the brackets",
            item.start,
            follows[0].end,
            "a value, or a product?",
            rf'give it a printed form, as in `{name} "{written}" = ...`, or write `\cdot`',
        )

    def head_of(self, item: Item) -> str | None:
        r"""The name that a sign with its subscript is, as `\sigma_x`, whatever stands above."""
        base, sub, _ = parts_of(item)
        if sub is None:
            return None
        return self.named(f"{key(unstyled(base))}_({key_of(inside(sub))})", item)

    def primed(self, item: Item, by: Line, bare: bool) -> Expression:
        """`L'(w)`: the derivative by what stands in the brackets."""
        assert isinstance(item, Scripted)
        plain = Scripted(item.start, item.end, item.base, item.sub)
        of = self.primary(plain if item.sub is not None else item.base)
        if not bare:
            raise self.unknown(item, "a prime stands at a function, or before what is derived by")
        return self.differentiated(item, of, [self.sum(by)] * item.primes)

    def are_indices(self, parts: list[Line]) -> bool:
        """Whether these are letters that name no tensor here."""
        letters = [part[0].text for part in parts if isinstance(part[0], Letter)]
        ranks = self.known.ranks
        return len(letters) == len(parts) and all(
            c in self.bound or c not in ranks for c in letters
        )

    def free_axes(self, value: Expression) -> int:
        """How many places a value can still be given."""
        return kinds.rank_of(self.kind(value)) or 0

    def entry(self, value: Expression, places: tuple[Expression, ...], span: Span) -> Expression:
        """A value at more places."""
        if isinstance(value, tree.Subscript):
            return tree.Subscript(value.span, value.base, (*value.indices, *places))
        return self.entry_of(value, places, span)

    # --- cases -----------------------------------------------------------------------------------

    def cases(self, item: Item) -> Expression:
        """Values with their conditions: the first that holds counts."""
        lines = [line for line in getattr(item, "lines", ()) if line]
        span, total = self.at(item), None
        refused: list[Expression] = []
        for number, line in enumerate(lines):
            cells = self.split(line, "&")
            if len(cells) != 2:
                raise self.unknown(line[0], "a line of cases is a value, `&`, and its condition")
            value = self.sum(without_stop(cells[0]))
            condition = self.case(without_stop(cells[1]))
            if condition is None and number < len(lines) - 1:
                raise self.unknown(line[0], "the rest stands in the last line")
            for weight in (*refused, *([] if condition is None else [condition])):
                value = tree.Binary(span, "*", weight, value)
            total = value if total is None else tree.Binary(span, "+", total, value)
            if condition is not None:
                one = tree.Number(span, Fraction(1), "1")
                refused.append(tree.Binary(span, "-", one, condition))
        if total is None:
            raise self.unknown(item, "there are no cases here")
        return total

    def case(self, items: Line) -> Expression | None:
        r"""A condition; None of `\text{otherwise}`."""
        kept: list[Item] = []
        for item in items:
            word = item.text.strip(" ,").lower() if isinstance(item, Word) else None
            if word is None or self.plain_name(item) is not None:
                kept.append(item)
            elif word in ("otherwise", "else") and len(items) == 1:
                return None
            elif word == "and":
                kept.append(Mark(item.start, item.end, ","))
            elif word not in ("if", "for", "when", "where", ""):
                kept.append(item)
        if not kept:
            raise LatexError("a condition is needed", 0, 1, "nothing stands here")
        return self.condition(tuple(kept))

    def condition(self, items: Line) -> Expression:
        """Comparisons with commas, all of which hold."""
        raise NotImplementedError


def without_stop(items: Line) -> Line:
    """A line without the comma or the full stop at its end."""
    while items and isinstance(items[-1], Mark) and items[-1].sign in (",", ".", ";"):
        items = items[:-1]
    return items


def _is_bare(item: Item) -> bool:
    """A name, perhaps with marks, and not a power of one."""
    base, _, above = parts_of(item)
    first = above.items[0] if isinstance(above, Group) and above.items else above
    power = isinstance(first, Number) or (isinstance(first, Mark) and first.sign == "-")
    return not power and isinstance(base, Letter | Command | Accent | Styled | Word)
