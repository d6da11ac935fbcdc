"""Rebuilding terms: definitions opened, facts of another algebra applied."""

from collections.abc import Iterator

from derive.calculus.adjoints import Body
from derive.calculus.algebra import Algebra
from derive.calculus.place import Place
from derive.calculus.term import ONE, Atom, Poly, add, of_monomial


class Unfolding:
    """Rebuilds a term in an algebra, with the names of `bodies` replaced by their definitions.

    With `signs`, sign(a) is written 2 [a > 0] - 1 + [a = 0]. Where it is `sealed`, the arguments of
    unspecified functions stay as they are.
    """

    def __init__(
        self,
        algebra: Algebra,
        bodies: dict[str, Body],
        signs: bool = False,
        sealed: bool = False,
    ) -> None:
        self.algebra = algebra
        self.bodies = bodies
        self.names = frozenset(bodies)
        self.signs = signs
        self.sealed = sealed

    def poly(self, poly: Poly) -> Poly:
        """The rebuilt polynomial."""
        return self.algebra.mapped(poly, self.atom, self.touches)

    def touches(self, atom: Atom) -> bool:
        """The atom is to be rebuilt: everything is, where no names are given."""
        if not self.names:
            return True
        shut = self.sealed and atom.kind == "unknown"
        return not shut and not self.names.isdisjoint(atom.symbols)

    def atom(self, atom: Atom) -> Poly:
        """The rebuilt atom."""
        places = tuple(map(self.place, atom.places))
        if atom.kind == "entry" and atom.head[0] in self.names:
            body = self.bodies[str(atom.head[0])]
            at = dict(zip(body.variables, places, strict=True))
            return renewed(self.algebra, self.algebra.substitute(body.poly, at))
        made = self.algebra.rebuilt(atom, self.place, self.poly)
        if made.atom is not None and made.atom.kind in ("entry", "func", "chain"):
            made = self.algebra.raised_atom(made.atom, 1)  # a fact may apply to it alone
        if self.signs and atom.head == ("sign",):
            return self._sign(made)
        return made

    def _sign(self, made: Poly) -> Poly:
        parts = []
        for monomial, coefficient in made.terms.items():
            factors = dict(monomial.factors)
            sign = next((a for a in factors if a.head == ("sign",)), None)
            if sign is None:
                parts.append(Poly({monomial: coefficient}))
                continue
            del factors[sign]
            step = self.algebra.construct(Atom("func", ("step",), (), sign.args))
            zero = self.algebra.construct(Atom("func", ("zero",), (), sign.args))
            value = add((step.scaled(2), -ONE, zero))
            parts.append(self.algebra.multiply(of_monomial(factors, coefficient), value))
        return add(parts)

    def place(self, spot: Place) -> Place:
        """A place with its computed part rebuilt."""
        if spot.computed is None:
            return spot
        return Place(spot.terms, spot.offset, self.poly(spot.computed))


class _Renewing(Unfolding):
    """Rebuilds a term as it is: what the algebra knows is applied throughout."""

    def atom(self, atom: Atom) -> Poly:
        """The rebuilt atom, from what the algebra keeps where its knowledge is settled."""
        kept = self.algebra.renewed
        if kept is None:
            return super().atom(atom)
        if atom not in kept:
            kept[atom] = super().atom(atom)
        return kept[atom]


def renewed(algebra: Algebra, poly: Poly) -> Poly:
    """The polynomial made anew, as an algebra knows its parts."""
    return _Renewing(algebra, {}).poly(poly)


def all_atoms(poly: Poly) -> Iterator[Atom]:
    """All atoms, also those inside others."""
    for atom in poly.atoms():
        yield atom
        for arg in atom.args:
            yield from all_atoms(arg)
