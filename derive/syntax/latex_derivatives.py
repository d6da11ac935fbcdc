r"""Derivatives in formulas: `\frac{\partial L}{\partial W}`, `\nabla_W L`."""

from derive.syntax import latex_kinds as kinds
from derive.syntax import tree
from derive.syntax.latex import LatexError
from derive.syntax.latex_factors import Ambiguous
from derive.syntax.latex_names import key
from derive.syntax.latex_scripts import Scripts
from derive.syntax.latex_tree import (
    Command,
    Fence,
    Frac,
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
from derive.syntax.tree import Expression


class Derivatives(Scripts):
    """Reads quotients that are derivatives."""

    def fraction(self, item: Frac) -> Expression:
        """A quotient, or a derivative."""
        above, below = inside(item.above), inside(item.below)
        if self.is_differential(above, below, item):
            return self.derivative(item, above, below)
        return tree.Binary(self.at(item), "/", self.sum(above), self.sum(below))

    def is_differential(self, above: Line, below: Line, item: Item) -> bool:
        r"""Both sides begin with `\partial`, or with a `d` that is no name."""
        if not above or not below:
            raise self.unknown(item, "a side of this fraction is empty")
        signs = [_operator(line[0]) for line in (above, below)]
        if signs in ([PARTIAL, PARTIAL], [UPRIGHT, UPRIGHT]):
            return len(above) > 1
        if signs != ["d", "d"] or len(below) < 2:
            return False
        if "d" in self.known.dims or "d" in self.known.ranks:
            if len(above) < 2:
                return False
            raise Ambiguous(
                "this may be a derivative, or a quotient with the factor `d`",
                item.start,
                item.end,
                "which of them?",
                r"write `\partial` for the derivative, and leave out a common factor",
            )
        return True

    def derivative(self, item: Frac, above: Line, below: Line) -> Expression:
        """What is differentiated, by what."""
        targets = self.targets(below, item)
        order = _order(above[0])
        if len(targets) != order:
            raise self.unknown(item, f"{order} derivatives above, and {len(targets)} below")
        of = self.product(above[1:])
        made = self.differentiated(item, of, targets)
        last = below[-1]
        turned = isinstance(last, Scripted) and last.sup is not None and key(last.sup) in TURNED
        if turned and order == 1 and self.kind(of) == kinds.SCALAR and self.whole(last) is None:
            return tree.Transpose(self.at(item), made)
        return made

    def targets(self, below: Line, item: Item) -> list[Expression]:
        r"""`z_i` and `z_j` of `\partial z_i \partial z_j`; `z` twice of `\partial z^2`."""
        sign, found, rest = _operator(below[0]), list[Expression](), list[Item]()
        for part in (*below[1:], below[0]):
            if _operator(part) != sign:
                rest.append(part)
                continue
            if not rest:
                raise self.unknown(item, "nothing stands behind this operator")
            found += self.target(tuple(rest))
            rest = []
        return found

    def target(self, items: Line) -> list[Expression]:
        """One thing to differentiate by, as often as its exponent says."""
        last = items[-1]
        if self.whole(last) is None and isinstance(last, Scripted) and isinstance(last.sup, Number):
            plain = Scripted(last.start, last.end, last.base, last.sub)
            base = plain if last.sub is not None else last.base
            return [self.product((*items[:-1], base))] * int(last.sup.text)
        if isinstance(last, Scripted) and last.sup is not None and key(last.sup) in TURNED:
            base = Scripted(last.start, last.end, last.base, last.sub)
            return [self.product((*items[:-1], base if last.sub is not None else last.base))]
        return [self.product(items)]

    def product(self, items: Line) -> Expression:
        """What one operator stands before: a name, an entry, an application."""
        return self.term(self.grouped(items))

    def differentiated(self, item: Item, of: Expression, targets: list[Expression]) -> Expression:
        """`dL/dz`, or by call where a side is no name."""
        span = self.at(item)
        if len(targets) == 2:
            return self.second(item, of, targets)
        if len(targets) > 2:
            raise self.unknown(item, "derivatives of a higher order are not read")
        (by,) = targets
        names = [self.head(side) for side in (of, by)]
        if None not in names and not any(f"d{name}" in self.known.ranks for name in names):
            return tree.Binary(span, "/", self.differential(of), self.differential(by))
        scalar = self.kind(of) == kinds.SCALAR
        if scalar and isinstance(by, tree.Subscript) and self.head(by) is not None:
            whole = self.call(span, "grad", of, by.base)
            return tree.Subscript(span, whole, by.indices)
        return self.call(span, "grad" if scalar else "jac", of, by)

    def second(self, item: Item, of: Expression, targets: list[Expression]) -> Expression:
        """`hess(L, z)`, or an entry of it."""
        first, second = targets
        bases = [t.base if isinstance(t, tree.Subscript) else t for t in targets]
        if not isinstance(bases[0], tree.Name) or bases[0] != bases[1]:
            raise self.unknown(item, "a second derivative is by one name twice")
        whole = self.call(self.at(item), "hess", of, bases[0])
        places = [t.indices if isinstance(t, tree.Subscript) else () for t in (first, second)]
        if not any(places):
            return whole
        return tree.Subscript(self.at(item), whole, (*places[0], *places[1]))

    def head(self, expr: Expression) -> str | None:
        """The name of a name, or of what an entry is of."""
        match expr:
            case tree.Name(id=name):
                return name
            case tree.Subscript(base=tree.Name(id=name)) if name in self.known.ranks:
                return name
        return None

    def differential(self, expr: Expression) -> Expression:
        """`dz[i]` for `z[i]`."""
        match expr:
            case tree.Name(span=span, id=name):
                return tree.Name(span, f"d{name}")
            case tree.Subscript(span=span, base=base, indices=indices):
                return tree.Subscript(span, self.differential(base), indices)
        raise LatexError("no name stands here", 0, 1)

    # --- operators -------------------------------------------------------------------------------

    def is_operator(self, item: Frac) -> bool:
        r"""`\frac{\partial}{\partial w}` with nothing behind the upper sign."""
        above, below = inside(item.above), inside(item.below)
        if not len(above) == 1 < len(below):
            return False
        sign = _operator(above[0])
        if not sign or _operator(below[0]) != sign:
            return False
        if sign == "d" and ("d" in self.known.dims or "d" in self.known.ranks):
            if isinstance(below[1], Mark):
                return False
            raise Ambiguous(
                "this may be a derivative, or a quotient with the factor `d`",
                item.start,
                item.end,
                "which of them?",
                r"write `\partial` for the derivative, and leave out a common factor",
            )
        return True

    def operated(self, items: Line, place: int, item: Frac) -> tuple[Expression, int]:
        r"""`\frac{\partial}{\partial w}` with what it stands before."""
        stop = self.one(items, place + 1, item)
        inner = items[place + 1 : stop]
        self.check_operand(items, place + 1, stop, isinstance(inner[0], Fence))
        targets = self.targets(inside(item.below), item)
        if len(targets) != _order(inside(item.above)[0]):
            raise self.unknown(item, "the order above is not that below")
        return self.differentiated(item, self.sum(inner), targets), stop

    def nabla(self, items: Line, place: int) -> tuple[Expression, int]:
        r"""`\nabla_W L`, `\nabla L` by the only param, `\nabla^2_w L`."""
        item = items[place]
        _, sub, sup = parts_of(item)
        if sup is not None and key(sup) != "2":
            raise self.unknown(item, r"`\nabla` has no such exponent")
        if sub is None and len(self.known.params) != 1:
            raise self.unknown(item, r"`\nabla` needs a subscript: what to differentiate by")
        by = (
            self.sum(inside(sub))
            if sub is not None
            else tree.Name(self.at(item), self.known.params[0])
        )
        stop = self.one(items, place + 1, item)
        inner = items[place + 1 : stop]
        base, below, above = parts_of(inner[0])
        if len(inner) == 1 and above is not None and self.whole(inner[0]) is None:
            bare = Scripted(base.start, base.end, base, below) if below is not None else base
            of = self.product((bare,))
            if key(above) in TURNED and self.kind(of) == kinds.SCALAR:
                made = self.differentiated(item, of, [by] * (2 if sup is not None else 1))
                return self.raised(made, above, item), stop
            if not isinstance(base, Fence):
                raise Ambiguous(
                    r"the exponent may be that of `\nabla`, or of what stands behind it",
                    inner[0].start,
                    inner[0].end,
                    "of which of them?",
                    "put brackets",
                )
        of = self.product(inner)
        whole = isinstance(inner[0], Fence) or (
            isinstance(of, tree.Name) and of.id in self.losses()
        )
        self.check_operand(items, place + 1, stop, whole)
        return self.differentiated(item, of, [by] * (2 if sup is not None else 1)), stop

    def losses(self) -> frozenset[str]:
        """The defined names that are numbers."""
        return frozenset(n for n in self.known.defined if not self.known.ranks.get(n, 0))

    def check_operand(self, items: Line, start: int, stop: int, whole: bool) -> None:
        """Stop where it is not said how far an operator reaches."""
        follows = items[stop : stop + 1]
        if not follows or (whole and isinstance(follows[0], Mark)):
            return
        raise Ambiguous(
            "it is not said how far this derivative reaches",
            items[start].start,
            follows[0].end,
            "to here, or not?",
            "put what is differentiated into brackets, and a dot behind them",
        )

    def one(self, items: Line, place: int, item: Item) -> int:
        """Where the one factor behind an operator ends."""
        if place >= len(items) or isinstance(items[place], Mark):
            raise self.unknown(item, "nothing stands behind this operator")
        _, stop = self.factor(items, place)
        return stop


TURNED = (r"\top", r"\intercal", "T")
PARTIAL, UPRIGHT = r"\partial", r"\mathrm{d}"


def _operator(item: Item) -> str:
    match item:
        case Command(name="partial"):
            return PARTIAL
        case Word(text="d"):
            return UPRIGHT
        case Letter(text="d"):
            return "d"
        case Scripted(base=base, sub=None, sup=Number()):
            return _operator(base)
    return ""


def _order(item: Item) -> int:
    r"""`2` of `\partial^2`."""
    if isinstance(item, Scripted) and isinstance(item.sup, Number):
        return int(item.sup.text)
    return 1
