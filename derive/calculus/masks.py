"""`-inf` in an exponent: the masks of attention."""

from fractions import Fraction

from derive.calculus.algebra import Algebra
from derive.calculus.products import NotExact
from derive.calculus.term import ONE, Atom, Coefficient, Poly, add, of_atom

INFINITE = Atom("const", ("inf",))


def masked(algebra: Algebra, poly: Poly) -> Poly:
    """exp(-inf w) = [w = 0] for w that is 0 or 1, and for sums of such. Raises NotExact."""
    over = of_atom(INFINITE, -1)
    weight = -add(algebra.multiply(Poly({m: c}), over) for m, c in poly.terms.items())
    if INFINITE not in set(weight.atoms()):
        single = [weight, *(Poly({m: c}) for m, c in weight.terms.items())]
        for parts in (single[:1], single[1:]):
            scaled = [part.scaled(1 / Fraction(_only_size(part))) for part in parts]
            if all(algebra.multiply(part, part) == part for part in scaled):
                return algebra.product(ONE - part for part in scaled)
    raise NotExact("`inf` stands where it does not mask an exponential")


def _only_size(poly: Poly) -> Coefficient:
    """The size of the coefficients, where that is one; else 1."""
    sizes = {max(c, -c) for c in poly.terms.values()}
    return sizes.pop() if len(sizes) == 1 else 1
