"""Functions with their arguments, norms, sums over indices."""

from derive.syntax import tree
from derive.syntax.latex import LatexError
from derive.syntax.latex_derivatives import Derivatives
from derive.syntax.latex_factors import BIG, RELATIONS, Ambiguous
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
    parts_of,
    signs_in,
)
from derive.syntax.tree import Expression


class Applied(Derivatives):
    """Reads what takes an argument."""

    def norm(self, item: Item) -> Expression | None:
        r"""`\|w\|_2^2`, `\|w\|_1`, `\|W\|_F`."""
        if not (isinstance(item, Scripted) and isinstance(item.base, Fence)):
            return None
        if item.base.kind != "‖" or item.sub is None:
            return None
        span, order = self.at(item.base), inside(item.sub)
        arguments = [self.sum(item.base.items)]
        if key(item.sub) == r"\infty":
            arguments.append(tree.Name(self.at(item.sub), "inf"))
        elif key(item.sub) not in ("2", "F"):
            arguments.append(self.sum(order))
        made: Expression = self.call(span, "norm", *arguments)
        return made if item.sup is None else self.raised(made, item.sup, item)

    def is_indicator(self, item: Item, items: Line, place: int) -> bool:
        r"""`\mathbb{1}[z > 0]`."""
        if place + 1 >= len(items) or key(item) not in ("bb(1)", "bf(1)", "<chi>"):
            return False
        fence = items[place + 1]
        return isinstance(fence, Fence) and any(s in RELATIONS for s in signs_in(fence.items))

    # --- functions -------------------------------------------------------------------------------

    def application(self, function: str, items: Line, place: int) -> tuple[Expression, int]:
        """A function with its argument."""
        item = items[place]
        _, sub, sup = parts_of(item)
        primes = item.primes if isinstance(item, Scripted) else 0
        if sub is not None:
            raise self.unknown(item, "a subscript at a function is not read")
        if place + 1 >= len(items) or isinstance(items[place + 1], Mark):
            raise self.unknown(item, f"`{function}` has no argument")
        first = items[place + 1]
        bare, raised = parts_of(first)[0], parts_of(first)
        if isinstance(bare, Fence) and bare.kind in "([{":
            arguments = tuple(self.sum(part) for part in self.split(bare.items, ","))
            outer = raised[2] if isinstance(first, Scripted) else None
            below = raised[1] if isinstance(first, Scripted) else None
            span = self.span(item.start, first.end)
            head = tree.Name(self.at(item), function)
            made: Expression = tree.Call(span, head, arguments, (), primes)
            if below is not None:
                made = tree.Subscript(span, made, self.places(inside(below), None))
            made = made if sup is None else self.raised(made, sup, item)
            return (made if outer is None else self.raised(made, outer, item)), place + 2
        argument, stop = self.factor(items, place + 1)
        if stop < len(items) and not isinstance(items[stop], Mark):
            self.check_argument(function, items, place, stop)
        span = self.span(item.start, items[stop - 1].end)
        made = tree.Call(span, tree.Name(self.at(item), function), (argument,), (), primes)
        return (made if sup is None else self.raised(made, sup, item)), stop

    def check_argument(self, function: str, items: Line, place: int, stop: int) -> None:
        """Stop where it is not said how far an argument reaches."""
        follows = parts_of(items[stop])[0]
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

    # --- sums over indices -----------------------------------------------------------------------

    def ranges(self, item: Item, items: Line, place: int) -> bool:
        r"""`\sum`, or `\max_i`; `\max(a, b)` is a function."""
        base, sub, _ = parts_of(item)
        if isinstance(base, Command) and base.name in ("sum", "prod"):
            return True
        return sub is not None

    def big(self, item: Item, base: Command, rest: Line) -> Expression:
        r"""`\sum_{i=1}^{n} body`."""
        _, sub, sup = parts_of(item)
        if sub is None or not rest:
            what = "a range below it" if sub is None else "something to add up"
            raise self.unknown(item, f"`\\{base.name}` needs {what}")
        binders: list[tree.Binder] = []
        conditions: list[tree.Comparison] = []
        outer = set(self.bound)
        below = self.split(self.paired(inside(sub)), ",")
        for part in below:
            self.range(part, sup, binders, conditions)
        if sup is not None and not any(b.range is not None for b in binders):
            raise self.unknown(item, "an upper end needs a lower one, as in `i = 1`")
        body = self.term(rest)
        self.bound = outer
        span = self.span(item.start, rest[-1].end)
        return tree.Big(span, BIG[base.name], tuple(binders), tuple(conditions), body)

    def range(
        self,
        part: Line,
        sup: Item | None,
        binders: list[tree.Binder],
        conditions: list[tree.Comparison],
    ) -> None:
        """One part of what stands below a sum: an index, its first place, a condition."""
        sides, ops = self.chain(part)
        name = self.index_name(sides[0], part)
        seen = {binder.name for binder in binders}
        self.bound.add(name)
        span = self.span(part[0].start, part[-1].end)
        if not ops:
            binders.append(tree.Binder(span, name))
            return
        if ops == ["="] and name not in seen:
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
        conditions.append(self.comparison(tuple(self.paired(part))))

    def index_name(self, side: Line, part: Line) -> str:
        """The index that a range is of."""
        match side:
            case (Letter(text=text),):
                return text
        first, last = part[0], part[-1]
        raise LatexError("an index is needed here", first.start, last.end, "no index")
