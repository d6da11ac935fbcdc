"""Products of matrices in a step of induction: a factor taken off at the end that moved."""

from derive.calculus.algebra import Algebra
from derive.calculus.chains import distance, split
from derive.calculus.chains import ends_of as chain_ends
from derive.calculus.knowledge import Rewritten
from derive.calculus.place import Place, Var
from derive.calculus.products import Factors, without
from derive.calculus.ranges import never_below
from derive.calculus.term import Poly
from derive.calculus.unfolding import all_atoms
from derive.proof.unrolling import near, shifted

End = tuple[str, Place]
NOTHING: frozenset[Var] = frozenset()
ENDS = ("low", "high")


def ends_of(poly: Poly, now: Var) -> frozenset[End]:
    """The ends of products of matrices at which `now` stands."""
    return frozenset((name, where) for name, where in all_ends(poly) if now in where.free)


def all_ends(poly: Poly) -> frozenset[End]:
    """The ends of products of matrices and of numbers."""
    chains = [atom for atom in all_atoms(poly) if atom.kind == "chain"]
    return frozenset(one for atom in chains for one in zip(ENDS, chain_ends(atom), strict=True))


def longer(ends: frozenset[End]) -> frozenset[End]:
    """Those ends of products beside which others stand that are some factors short."""

    def outside(one: End, other: End) -> bool:
        steps = near(one[1], other[1])
        sign = 1 if one[0] == "high" else -1
        return one[0] == other[0] and steps is not None and sign * steps > 0

    return frozenset(one for one in ends if any(outside(one, other) for other in ends))


class Splitting:
    """A rule that takes a factor off products of matrices at some ends, where there is one."""

    def __init__(self, ends: frozenset[End], first: bool) -> None:
        self.ends = ends
        self.first = first  # of a power the first factor is taken off, or the last

    def rule(self, algebra: Algebra, factors: Factors, bound: frozenset[Var]) -> Rewritten | None:
        """Terminates: a product that was split ends elsewhere."""
        for atom, exponent in factors.items() if self.ends else ():
            if atom.kind != "chain" or exponent < 1:
                continue
            low, high = chain_ends(atom)
            first = ("low", low) in self.ends
            found = first or ("high", high) in self.ends
            if atom.head == ("power",):
                first = self.first
            if found and has_factor(low, high, factors):
                factor = split(algebra, atom, first)
                return Rewritten(without(factors, atom), algebra.raised(factor, exponent), NOTHING)
        return None


def has_factor(low: Place, high: Place, factors: Factors) -> bool:
    """`low <= high`, for all places or by an order that stands among the factors."""
    if never_below(high, low):
        return True
    length = distance(low, high)
    return any(
        a.kind == "less" and never_below(length, shifted(distance(*a.places), -1)) for a in factors
    )
