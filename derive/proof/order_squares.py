"""Sums of squares: quadratic completion of polynomials, and squares inside sums over indices.

A polynomial whose terms are squares u_i (even powers, or factors that are not negative) and
products of their roots is q = sum_ij G_ij r_i r_j with r_i^2 = u_i, so it is not negative where
G = L D L^T with D >= 0. Source: the LDL^T factorisation, Golub and Van Loan, section 4.1.
"""

from fractions import Fraction
from itertools import combinations
from itertools import product as cartesian

from derive.calculus.canonical import component, rename_poly
from derive.calculus.place import Var, fresh
from derive.calculus.products import Factors, merged, opened
from derive.calculus.ranges import surely_at_least
from derive.calculus.term import Atom, Exponent, Monomial, Poly, of_atom, of_monomial
from derive.proof.order_lemmas import is_square, root_of
from derive.proof.order_signs import Order

MOST_SQUARES = 12
MOST_CHOICES = 32
MOST_BOUND = 6

Gram = list[list[Fraction]]


def by_completion(order: Order, poly: Poly, strictly: bool) -> bool:
    """The polynomial is a sum of squares with positive factors."""
    squares = [m for m, c in poly.terms.items() if c > 0 and is_square(order, m)]
    if not 1 < len(squares) <= MOST_SQUARES or len(squares) == len(poly.terms):
        return False
    crosses = [(m, c) for m, c in poly.terms.items() if m not in squares]
    pairs: dict[Monomial, list[tuple[int, int]]] = {}
    for i, j in combinations(range(len(squares)), 2):
        root = root_of(order, merged(squares[i].factors, squares[j].factors))
        if root is not None:
            pairs.setdefault(root, []).append((i, j))
    if any(m not in pairs for m, _ in crosses):
        return False
    ways = [pairs[m] for m, _ in crosses]
    strict = [k for k, m in enumerate(squares) if order.monomial_sign(m) == 2]
    for count, chosen in enumerate(cartesian(*ways)):
        if count >= MOST_CHOICES:
            return False
        gram = [[Fraction(0)] * len(squares) for _ in squares]
        for k, monomial in enumerate(squares):
            gram[k][k] = Fraction(poly.terms[monomial])
        for (i, j), (_, coefficient) in zip(chosen, crosses, strict=True):
            gram[i][j] += Fraction(coefficient) / 2
            gram[j][i] += Fraction(coefficient) / 2
        rank = definite(gram)
        if rank == len(squares) and (not strictly or strict):
            return True
        if rank is not None and not strictly:
            return True
    return False


def definite(gram: Gram) -> int | None:
    """The rank of a matrix that has no negative direction, None for one that has."""
    left = [row[:] for row in gram]
    rank = 0
    for k in range(len(left)):
        pivot = left[k][k]
        if pivot < 0 or (pivot == 0 and any(left[k][j] for j in range(k, len(left)))):
            return None
        if pivot == 0:
            continue
        rank += 1
        for i in range(k + 1, len(left)):
            share = left[i][k] / pivot
            for j in range(k, len(left)):
                left[i][j] -= share * left[k][j]
    return rank


# --- sums over indices ---------------------------------------------------------------------------


def sign_of_squares(order: Order, atom: Atom) -> int:
    """sum_I s_I (sum_J f_IJ)^2: shared indices I under which the rest falls into pairs alike.

    A pair may also be joined by an entry of a positive definite matrix: x.T @ S @ x is positive
    where the entries of x are not zero.
    """
    variables, factors = opened(atom)
    if len(variables) > MOST_BOUND or any(e.denominator != 1 for e in factors.values()):
        return 0
    for size in range(len(variables) + 1):
        for shared in combinations(variables, size):
            rest = [v for v in variables if v not in shared]
            if rest and falls_into_pairs(order, factors, rest):
                filled = all(surely_at_least(v.axis.high, v.axis.low) for v in variables)
                return 2 if filled and not shared and is_plain_form(order, factors) else 1
    return 0


def is_plain_form(order: Order, factors: Factors) -> bool:
    """Two entries that are not zero and what joins them: x.T @ S @ x."""
    vectors = [a for a in factors if a.kind == "entry" and len(a.places) == 1]
    joins = [a for a in factors if len(a.places) == 2]
    others = [a for a in factors if a not in vectors and a not in joins]
    if len(joins) != 1 or len(vectors) != 2 or any(order.atom_sign(a) != 2 for a in others):
        return False
    if any(factors[a] != 1 for a in (*vectors, *joins)) or vectors[0].head != vectors[1].head:
        return False
    return all(order.is_nonzero(a) or abs(order.atom_sign(a)) == 2 for a in vectors)


def falls_into_pairs(order: Order, factors: Factors, summed: list[Var]) -> bool:
    """The product, summed over the `summed` variables, is not negative; other ones are free."""
    outside: Factors = {}
    links: list[tuple[Atom, Var, Var]] = []
    inside: Factors = {}
    for atom, exponent in factors.items():
        if atom.free.isdisjoint(summed):
            outside[atom] = exponent
        elif exponent == 1 and (link := kernel(order, atom, summed)) is not None:
            links.append(link)
        else:
            inside[atom] = exponent
    if order.product_sign(outside.items()) <= 0:
        return False
    parts = components(inside, summed)
    counts: dict[Atom, int] = {}
    for bound, part in parts:
        ends = [v for _, one, other in links for v in (one, other) if v in bound]
        if ends:
            continue
        closed = component(part, tuple(bound))
        counts[closed] = counts.get(closed, 0) + 1
    if any(n % 2 and order.atom_sign(a) <= 0 for a, n in counts.items()):
        return False
    return all(joined_alike(parts, link, links) for link in links)


def kernel(order: Order, atom: Atom, summed: list[Var]) -> tuple[Atom, Var, Var] | None:
    """An entry of a positive definite matrix, or of its inverse, between two summed variables."""
    if len(atom.places) < 2:
        return None
    one, other = (p.variable for p in atom.places[-2:])
    if one is None or other is None or one is other:
        return None
    if one not in summed or other not in summed:
        return None
    if any(v in p.free for p in atom.places[:-2] for v in summed):
        return None
    if atom.kind == "entry":
        return (atom, one, other) if order.is_posdef(atom) else None
    inner = atom.args[0].atom if atom.kind == "matrix" and atom.head[0] == "inv" else None
    if inner is None or inner.kind != "entry" or not order.is_posdef(inner):
        return None
    if any(v in inner.free for v in summed) or len(inner.places) != 2:
        return None
    if {p.variable for p in inner.places} != set(atom.bound):
        return None
    return atom, one, other


def joined_alike(
    parts: list[tuple[list[Var], Factors]],
    link: tuple[Atom, Var, Var],
    links: list[tuple[Atom, Var, Var]],
) -> bool:
    """What hangs on the two ends of a link is the same."""
    _, one, other = link
    if sum(v in (a, b) for _, a, b in links for v in (one, other)) != 2:
        return False
    sides = [next((p for p in parts if v in p[0]), ([v], {})) for v in (one, other)]
    if sides[0] is sides[1] or one in sides[1][0]:
        return False
    if any(v in (a, b) for s in sides for v in s[0] for _, a, b in links if v not in (one, other)):
        return False
    if one.axis != other.axis:
        return False
    end = fresh(one.axis)
    return seen_from(sides[0], one, end) == seen_from(sides[1], other, end)


def seen_from(part: tuple[list[Var], Factors], end: Var, name: Var) -> Poly:
    """A component with one of its variables open, under another name."""
    bound, factors = part
    rest = tuple(v for v in bound if v is not end)
    (monomial,) = rename_poly(of_monomial(factors), {end: name}).terms
    return of_atom(component(monomial.factors, rest)) if rest else Poly({monomial: 1})


def components(factors: Factors, summed: list[Var]) -> list[tuple[list[Var], Factors]]:
    """The factors in groups that hang together by summed variables."""
    groups: list[tuple[set[Var], dict[Atom, Exponent]]] = []
    for atom, exponent in factors.items():
        here = {v for v in summed if v in atom.free}
        touched = [g for g in groups if not g[0].isdisjoint(here)]
        groups = [g for g in groups if g[0].isdisjoint(here)]
        inside: dict[Atom, Exponent] = {}
        for group in touched:
            inside |= group[1]
        groups.append((here.union(*(g[0] for g in touched)), {**inside, atom: exponent}))
    return [(sorted(variables, key=lambda v: v.key), inside) for variables, inside in groups]
