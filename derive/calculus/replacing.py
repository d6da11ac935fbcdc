"""One entry in a term replaced by a number, which may also be a place."""

from collections.abc import Iterator

from derive.calculus.algebra import Algebra
from derive.calculus.place import Place
from derive.calculus.ranges import normal_place
from derive.calculus.term import Atom, Exponent, Poly, of_atom


class Replacing:
    """Puts `number` for an entry; where a place is computed as that entry, `where`, if given."""

    def __init__(self, algebra: Algebra, where: Place | None, number: Poly) -> None:
        self.algebra = algebra
        self.where = where
        self.number = number

    def power(self, site: Atom, atom: Atom, exponent: Exponent) -> Poly:
        """A power of an atom with the entry `site` in it replaced."""
        return self.algebra.raised(self.atom(site, atom), exponent)

    def atom(self, site: Atom, atom: Atom) -> Poly:
        """An atom with the entry replaced."""
        if atom == site:
            return self.number
        return self.algebra.rebuilt(
            atom, lambda p: self.place(site, p), lambda q: self.poly(site, q)
        )

    def poly(self, site: Atom, poly: Poly) -> Poly:
        """A polynomial with the entry replaced."""
        return self.algebra.mapped(
            poly, lambda a: self.atom(site, a), lambda a: not a.symbols.isdisjoint(site.symbols)
        )

    def place(self, site: Atom, spot: Place) -> Place:
        """A place with the entry replaced."""
        if spot.computed is None or spot.computed.symbols.isdisjoint(site.symbols):
            return spot
        if spot.computed == of_atom(site) and self.where is not None:
            terms = {**dict(spot.terms), **dict(self.where.terms)}
            return normal_place(terms, spot.offset + self.where.offset, None)
        return normal_place(dict(spot.terms), spot.offset, self.poly(site, spot.computed))


def entries_of(atom: Atom, name: str) -> Iterator[Atom]:
    """The entries of a tensor in an atom, those in its places included."""
    if name not in atom.symbols:
        return
    if atom.kind == "entry" and atom.head[0] == name:
        yield atom
    polys = [*atom.args, *(p.computed for p in atom.places if p.computed is not None)]
    for poly in polys:
        for inner in poly.atoms():
            yield from entries_of(inner, name)
