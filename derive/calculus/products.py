"""Products as maps from atom to exponent: joining, opening closed sums, finding sums inside."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import permutations

from derive.calculus.canonical import rename
from derive.calculus.place import Var, fresh
from derive.calculus.term import UNIT, Atom, Coefficient, Exponent, Monomial, Poly, tidy

Factors = dict[Atom, Exponent]

INDICATORS = frozenset({"delta", "less"})


class NotExact(Exception):
    """What the calculus has no normal form of; `reason` is for the reader."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def merged(left: Factors, right: Factors) -> Factors:
    """The product of two products."""
    total = dict(left)
    for atom, exponent in right.items():
        value = total.get(atom, 0) + exponent
        if value:
            total[atom] = tidy(value)
        else:
            del total[atom]
    return total


def without(factors: Factors, atom: Atom) -> Factors:
    """The product without one of its atoms."""
    return {a: e for a, e in factors.items() if a != atom}


def opened(atom: Atom) -> tuple[tuple[Var, ...], Factors]:
    """The variables, made fresh, and the factors of a closed component."""
    variables = tuple(fresh(v.axis) for v in atom.bound)
    names = dict(zip(atom.bound, variables, strict=True))
    body = next(iter(atom.args[0].terms))
    return variables, {rename(a, names): e for a, e in body.factors.items()}


def private_copies(
    atom: Atom, factors: Factors, bound: frozenset[Var]
) -> Iterator[tuple[frozenset[Var], Factors]]:
    """Where the closed component `atom` stands opened among `factors`.

    Each answer has the bound variables that are its own (they occur in no other factor) and the
    factors that it consists of.
    """
    body = next(iter(atom.args[0].terms)).factors
    wanted = [v.axis for v in atom.bound]
    free = [v for v in bound if v not in atom.free and v.axis in wanted]
    if len(free) < len(wanted) or len(wanted) > 3:
        return
    users = {v: {a for a in factors if v in a.free} for v in free}
    sizes = sorted(sum(v in a.free for a in body) for v in atom.bound)
    candidates = [v for v in free if len(users[v]) in sizes]
    for chosen in permutations(sorted(candidates, key=lambda v: v.key), len(wanted)):
        if any(v.axis != axis for v, axis in zip(chosen, wanted, strict=True)):
            continue
        names = dict(zip(atom.bound, chosen, strict=True))
        inside = {rename(a, names): e for a, e in body.items()}
        if any(factors.get(a) != e for a, e in inside.items()):
            continue
        if all(users[v] <= inside.keys() for v in chosen):
            yield frozenset(chosen), inside


def tidied(
    factors: Factors, coefficient: Coefficient
) -> tuple[Factors, Coefficient, tuple[Poly, int] | None] | None:
    """The rules on single atoms.

    An indicator is its own square; a root of a prime loses whole powers; a base of several terms
    to a power of one or more is returned, with the whole part of the power, to be expanded; the
    square of a sign is `1 - [a = 0]`, that of a cosine `1 - sin^2`. None: the product is zero.
    """
    kept: Factors = {}
    for atom, exponent in factors.items():
        kind = atom.kind
        if kind == "func" and (kind := str(atom.head[0])) in ("sign", "cos") and exponent >= 2:
            other = Atom("func", ("zero" if kind == "sign" else "sin",), (), atom.args)
            square = Monomial({other: 1 if kind == "sign" else 2})
            rest = without(factors, atom)
            if exponent > 2:
                rest[atom] = exponent - 2
            return rest, coefficient, (Poly({UNIT: 1, square: -1}), 1)
        if kind in INDICATORS or kind in ("step", "zero"):
            if exponent > 0 and _contradicts(atom, factors):
                return None
            if exponent < 0 and kind in INDICATORS:
                raise NotExact("a divisor that is zero at some of the indices")
            kept[atom] = 1 if exponent > 0 else exponent
        elif kind == "const" and atom.head[0] == "prime":
            whole = exponent.__floor__()
            coefficient = coefficient * Fraction(int(atom.head[1])) ** whole
            if exponent != whole:
                kept[atom] = exponent - whole
        elif kind == "pow" and exponent >= 1:
            whole = exponent.__floor__()
            rest = without(factors, atom)
            if exponent != whole:
                rest[atom] = exponent - whole
            return rest, coefficient, (atom.args[0], whole)
        elif kind == "sum" and exponent > 1 and exponent.denominator == 1 and _is_zero_or_one(atom):
            kept[atom] = 1
        else:
            kept[atom] = exponent
    return kept, tidy(coefficient), None


def _is_zero_or_one(atom: Atom) -> bool:
    """sum_i [i = p]: whether p is a place of the axis of i."""
    single = atom.args[0].single
    if single is None or single[1] != 1 or len(atom.bound) != 1 or len(single[0].factors) != 1:
        return False
    ((factor, exponent),) = single[0].factors.items()
    if factor.kind != "delta" or exponent != 1:
        return False
    factors = [dict(where.terms).get(atom.bound[0]) for where in factor.places]
    return [f.constant for f in factors if f is not None] in ([1], [-1])


def _contradicts(atom: Atom, factors: Factors) -> bool:
    """[i < j] with [j < i], or [a > 0] with [a = 0]."""
    if atom.kind == "less":
        return Atom("less", (), atom.places[::-1]) in factors
    return atom.head == ("step",) and Atom("func", ("zero",), (), atom.args) in factors
