r"""Derivatives in formulas: `\frac{\partial L}{\partial W}`, `\nabla_W L`."""

from derive.syntax import latex_kinds as kinds
from derive.syntax import tree
from derive.syntax.latex import LatexError
from derive.syntax.latex_factors import Ambiguous, Factors
from derive.syntax.latex_names import key
from derive.syntax.latex_tree import Command, Frac, Item, Letter, Line, Number, Scripted, inside
from derive.syntax.tree import Expression


class Derivatives(Factors):
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
        if signs == ["\\partial", "\\partial"]:
            return True
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
        if len(above) < 2:
            raise self.unknown(item, "nothing stands behind this operator")
        targets = self.targets(below, item)
        order = _order(above[0])
        if len(targets) != order:
            raise self.unknown(item, f"{order} derivatives above, and {len(targets)} below")
        of = self.product(above[1:])
        return self.differentiated(item, of, targets)

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
        if isinstance(last, Scripted) and last.sup is not None and key(last.sup) == r"\top":
            base = Scripted(last.start, last.end, last.base, last.sub)
            return [self.product((*items[:-1], base if last.sub is not None else last.base))]
        return [self.product(items)]

    def product(self, items: Line) -> Expression:
        """What one operator stands before: a name, an entry, an application."""
        return self.term(items)

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

    def nabla(self, item: Scripted, items: Line) -> Expression:
        r"""`\nabla_W L`."""
        if item.sub is None or item.sup is not None:
            raise self.unknown(item, r"`\nabla` needs a subscript: what to differentiate by")
        by = self.sum(inside(item.sub))
        of = self.product(items)
        return self.differentiated(item, of, [by])


def _operator(item: Item) -> str:
    match item:
        case Command(name="partial"):
            return "\\partial"
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
