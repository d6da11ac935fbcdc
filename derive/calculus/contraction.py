"""The rules by which a product under a sum gets smaller: deltas, pivots, inverses.

A rule takes the algebra, the factors and the variables that are summed over; it answers with a
`Rewritten` product, or None where it does not apply. `Algebra.contract` recurses, orders and stops.
"""

from collections.abc import Iterator, Mapping
from fractions import Fraction

from derive.calculus.algebra import Algebra, Rule
from derive.calculus.knowledge import Rewritten
from derive.calculus.pivot import Pivot, pivot_of
from derive.calculus.place import Place, Var, fresh, place
from derive.calculus.products import Factors, merged, private_copies, without
from derive.calculus.ranges import moved, normal_place, surely_at_least
from derive.calculus.term import ONE, Atom, Coefficient, Monomial, Poly, add, of_atom, of_monomial
from derive.model.dim import ONE as DIM_ONE
from derive.model.dim import Dim
from derive.model.scalar import Axis

NOTHING: frozenset[Var] = frozenset()


def delta_contracts(algebra: Algebra, factors: Factors, bound: frozenset[Var]) -> Rewritten | None:
    """sum_i delta[i, p] f(i) = f(p), p within i's range; delta[i, p] f(i) = delta[i, p] f(p).

    Terminates: a variable disappears from the sum, or from all factors but the delta.
    """
    for atom, exponent in factors.items():
        if atom.kind != "delta" or exponent != 1:
            continue
        rest = without(factors, atom)
        for variable, value in solutions(atom, bound):
            if algebra.within(value, variable.axis):
                changed = replaced(algebra, rest, variable, value)
                return Rewritten({}, changed, frozenset({variable}))
        narrowed = _narrowed(algebra, atom, rest, bound)
        if narrowed is not None:
            return narrowed
        one, other = sorted(atom.places, key=lambda p: (p.free.isdisjoint(bound), -p.key))
        if one.variable is None or one.variable in other.free:
            one, other = other, one
        plain = one.variable
        if plain is None or plain in other.free:
            continue
        if plain not in bound and not bound.isdisjoint(other.free):
            continue  # of two indices the summed one goes
        if other.variable is None and other.terms:
            continue  # the entry might leave its axis where the delta is zero anyway
        if any(plain in a.free for a in rest):
            return Rewritten({atom: 1}, replaced(algebra, rest, plain, other), NOTHING)
    return None


def _narrowed(
    algebra: Algebra, atom: Atom, rest: Factors, bound: frozenset[Var]
) -> Rewritten | None:
    """sum_{i, v} delta[i, v + c] f(i, v) = sum_v f(v + c, v), v where both are in their ranges."""
    pair = [p.terms[0][0] for p in atom.places if len(p.terms) == 1 and p.computed is None]
    if len(pair) != 2 or not set(pair) <= bound or pair[0] is pair[1]:
        return None
    if any(p.terms[0][1] != DIM_ONE for p in atom.places):
        return None
    first, second = pair
    shift = atom.places[1].offset - atom.places[0].offset  # first = second + shift
    low = sure_end(second.axis.low, first.axis.low - shift, True)
    high = sure_end(second.axis.high, first.axis.high - shift, False)
    if low is None or high is None or not surely_at_least(high - low + DIM_ONE, Dim(())):
        return None
    new = fresh(Axis(low, high), second.name)
    values = {first: moved(place(new), shift), second: place(new)}
    result = of_monomial({a: e for a, e in rest.items() if a.free.isdisjoint(values)})
    for part, exponent in rest.items():
        if not part.free.isdisjoint(values):
            changed = algebra.substitute_atom(part, values)
            result = algebra.multiply(result, algebra.raised(changed, exponent))
    return Rewritten({}, algebra.total((new,), result), frozenset(pair))


def sure_end(one: Dim, other: Dim, largest: bool) -> Dim | None:
    """The larger (or smaller) of two ends, where it is sure which that is."""
    if surely_at_least(one, other):
        return one if largest else other
    if surely_at_least(other, one):
        return other if largest else one
    return None


def solutions(delta: Atom, bound: frozenset[Var]) -> Iterator[tuple[Var, Place]]:
    """The summed variables for which a delta can be solved, with their values."""
    for one, other in (delta.places, delta.places[::-1]):
        for variable, factor in one.terms:
            if variable not in bound or variable in other.free or factor.constant != 1:
                continue
            value = difference(other, one, variable)
            if value is not None:
                yield variable, value


def difference(other: Place, one: Place, variable: Var) -> Place | None:
    """The value of `variable` at which `one` is `other`."""
    if one.computed is not None:
        return None
    terms = dict(other.terms)
    for v, factor in one.terms:
        if v is not variable:
            terms[v] = terms.get(v, Dim(())) - factor
    return normal_place(terms, other.offset - one.offset, other.computed)


def replaced(algebra: Algebra, factors: Factors, variable: Var, value: Place) -> Poly:
    """A product with a variable replaced by a place."""
    result = of_monomial({a: e for a, e in factors.items() if variable not in a.free})
    for atom, exponent in factors.items():
        if variable in atom.free:
            changed = algebra.substitute_atom(atom, {variable: value})
            result = algebra.multiply(result, algebra.raised(changed, exponent))
    return result


def index_shifts(algebra: Algebra, factors: Factors, bound: frozenset[Var]) -> Rewritten | None:
    """sum_{i=a..b} f(x[i + c]) = sum_{i=a+c..b+c} f(x[i]), so that the least offset is zero.

    Terminates: a shifted variable stands somewhere without an offset, and nowhere with a lower one.
    """
    if not bound:
        return None
    offsets: dict[Var, list[int | None]] = {}
    for atom in factors:
        if atom.kind == "entry":
            for where in atom.places:
                for variable, factor in where.terms:
                    if variable in bound:
                        offset = where.offset.constant if factor == DIM_ONE else None
                        offsets.setdefault(variable, []).append(offset)
    for variable, found in offsets.items():
        known = [c for c in found if c is not None]
        if len(known) < len(found) or min(known) == 0:
            continue
        shift = Dim.of(min(known))
        axis = variable.axis
        new = fresh(Axis(axis.low + shift, axis.high + shift), variable.name)
        changed = replaced(algebra, factors, variable, moved(place(new), -shift))
        return Rewritten({}, algebra.total((new,), changed), frozenset({variable}))
    return None


def sum_cancels(algebra: Algebra, factors: Factors, bound: frozenset[Var]) -> Rewritten | None:
    """S^-r sum_i s_i = S^(1-r) for S = sum_i s_i. Terminates: a summed variable disappears."""
    if not bound:
        return None
    for atom, exponent in factors.items():
        if atom.kind == "sum" and exponent < 0:
            for variables, inside in private_copies(atom, factors, bound):
                rest = {a: e for a, e in factors.items() if a not in inside}
                return Rewritten(merged(rest, {atom: 1}), ONE, variables)
    return None


def base_cancels(algebra: Algebra, factors: Factors, bound: frozenset[Var]) -> Rewritten | None:
    """a^d B^-r = (B^(1-r) - R B^-r) / c for B = c a^d + R; a^d [B = 0] = -R [B = 0] / c.

    Also a^-k B^-r = a^(1-k) (a^-1 B^(1-r) - (U/a) B^-r) / t for B = t + U, U divisible by a.
    Terminates: the power of the pivot comes nearer to 0..d-1, and of two bases that would bring in
    the pivots of one another only one is divided by.
    """
    for atom, exponent in factors.items():
        is_zero = atom.kind == "func" and atom.head[0] == "zero"
        if not is_zero and (atom.kind != "pow" or exponent >= 0):
            continue
        pivot = _pivot(algebra, atom)
        if pivot is None or _comes_back(algebra, pivot, atom, factors):
            continue
        rest = factors
        gone = NOTHING
        have = factors.get(pivot.atom, 0)
        remainder, divisor = pivot.rest, pivot.leading
        left_over = ONE
        if have >= pivot.degree:
            rest = merged(factors, {pivot.atom: -pivot.degree})
        elif have < 0 and pivot.trailing is not None and have.denominator == 1:
            rest = merged(factors, {pivot.atom: 1})
            left_over = of_atom(pivot.atom, -1)
            remainder = algebra.multiply(left_over, pivot.above)
            divisor = pivot.trailing
        else:
            copy = None
            if pivot.atom.kind == "sum" and bound and pivot.degree == 1:
                copy = next(private_copies(pivot.atom, factors, bound), None)
            if copy is None:
                continue
            gone, inside = copy
            rest = {a: e for a, e in factors.items() if a not in inside}
        replacement = algebra.multiply(-remainder, of_atom(atom, exponent))
        if not is_zero:
            lowered = algebra.multiply(left_over, algebra.raised_atom(atom, exponent + 1))
            replacement = add((replacement, lowered))
        inverse = of_monomial(
            {a: -e for a, e in divisor[0].factors.items()}, 1 / Fraction(divisor[1])
        )
        return Rewritten(without(rest, atom), algebra.multiply(inverse, replacement), gone)
    return None


def _pivot(algebra: Algebra, atom: Atom) -> Pivot | None:
    """The pivot of a base, found once."""
    if atom not in algebra.pivots:
        algebra.pivots[atom] = pivot_of(atom.args[0], algebra.knowledge.is_positive)
    return algebra.pivots[atom]


def _comes_back(algebra: Algebra, pivot: Pivot, atom: Atom, factors: Factors) -> bool:
    """Another base, with a later pivot, holds this pivot, and this base that one."""
    for other, exponent in factors.items():
        if other.kind == "pow" and exponent < 0 and other is not atom:
            second = _pivot(algebra, other)
            if (
                second is not None
                and second.atom.key > pivot.atom.key
                and second.atom in atom.args[0].atoms()
                and pivot.atom in other.args[0].atoms()
            ):
                return True
    return False


def inverse_cancels(algebra: Algebra, factors: Factors, bound: frozenset[Var]) -> Rewritten | None:
    """sum_j A[p, j] inv(A)[j, k] = delta[p, k], on either side, by the leading term of A.

    With A = c m + R: sum_j m[p, j] inv(A)[j, k] = (delta[p, k] - sum_j R[p, j] inv(A)[j, k]) / c.
    Terminates: m does not occur in R.
    """
    if not bound:
        return None
    for atom, exponent in factors.items():
        if atom.kind != "matrix" or atom.head[0] != "inv" or exponent != 1:
            continue
        leading = _leading(atom.args[0], atom.bound)
        if leading is None:
            continue
        monomial, coefficient, remainder = leading
        for side in (0, 1):
            inner = atom.places[side].variable
            other = atom.places[1 - side]
            if inner is None or inner not in bound or inner in other.free:
                continue
            if inner.axis != atom.bound[0].axis:
                continue
            outer_label, inner_label = atom.bound if side == 0 else atom.bound[::-1]
            for outer in _places(factors, atom):
                mapping = {outer_label: outer, inner_label: place(inner)}
                found = _cancelled(algebra, atom, inner, monomial, mapping, factors, bound)
                if found is None:
                    continue
                rest, gone = found
                tail = algebra.multiply(algebra.substitute(remainder, mapping), of_atom(atom))
                inside = add((algebra.delta(outer, other), -algebra.total((inner,), tail)))
                scaled = inside.scaled(1 / Fraction(coefficient))
                return Rewritten(rest, scaled, gone | {inner})
    return None


def _places(factors: Factors, atom: Atom) -> list[Place]:
    """Where a row or column of the matrix could stand."""
    found = {p for a in factors if a is not atom for p in a.places}
    found |= {place(v) for a in factors if a is not atom for v in a.free}
    return sorted(found, key=lambda p: p.key)


def _leading(matrix: Poly, labels: tuple[Var, ...]) -> tuple[Monomial, Coefficient, Poly] | None:
    """The term of a matrix by which it is recognised: one without a delta, of the most factors."""
    best: Monomial | None = None
    for monomial in matrix.terms:
        if any(a.kind == "delta" for a in monomial.factors) and len(matrix.terms) > 1:
            continue
        if not set(labels) <= monomial.free:
            continue
        if best is None or (len(monomial.factors), monomial.key) > (len(best.factors), best.key):
            best = monomial
    if best is None:
        return None
    rest = Poly({m: c for m, c in matrix.terms.items() if m is not best})
    return best, matrix.terms[best], rest


def _cancelled(
    algebra: Algebra,
    atom: Atom,
    inner: Var,
    monomial: Monomial,
    mapping: Mapping[Var, Place],
    factors: Factors,
    bound: frozenset[Var],
) -> tuple[Factors, frozenset[Var]] | None:
    """The factors without `atom` and without `monomial` at the places of `mapping`, if there."""
    rest = without(factors, atom)
    gone = NOTHING
    for part, exponent in monomial.factors.items():
        new = algebra.substitute_atom(part, mapping).atom
        if new is None:
            return None
        if new.kind == "sum" and exponent == 1 and new not in rest:
            copy = next(private_copies(new, rest, bound), None)
            if copy is None:
                return None
            gone |= copy[0]
            rest = {a: e for a, e in rest.items() if a not in copy[1]}
        elif rest.get(new, 0) >= exponent or new.kind == "const":
            rest = merged(rest, {new: -exponent})
        else:
            return None
    return None if any(inner in a.free for a in rest) else (rest, gone)


def orders_turn(algebra: Algebra, factors: Factors, bound: frozenset[Var]) -> Rewritten | None:
    """[p < i] = 1 - [i < p] - [i = p] under a sum over i. Terminates: the summed index is first."""
    for atom, exponent in factors.items():
        if atom.kind != "less" or exponent != 1:
            continue
        first, second = atom.places
        if not first.free.isdisjoint(bound) or second.variable not in bound:
            continue
        turned = ONE - algebra.less(second, first) - algebra.delta(first, second)
        return Rewritten(without(factors, atom), turned, NOTHING)
    return None


def orders_turn_back(algebra: Algebra, factors: Factors, bound: frozenset[Var]) -> Rewritten | None:
    """[i < p] = 1 - [p < i] - [i = p] under a sum over i: in place of `orders_turn`."""
    for atom, exponent in factors.items():
        if atom.kind != "less" or exponent != 1:
            continue
        first, second = atom.places
        if first.variable not in bound or not second.free.isdisjoint(bound):
            continue
        turned = ONE - algebra.less(second, first) - algebra.delta(first, second)
        return Rewritten(without(factors, atom), turned, NOTHING)
    return None


RULES: tuple[Rule, ...] = (
    delta_contracts,
    orders_turn,
    index_shifts,
    sum_cancels,
    base_cancels,
    inverse_cancels,
)
