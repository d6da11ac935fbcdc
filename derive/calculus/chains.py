"""Products of matrices over a range, and symbolic powers of one matrix, in normal form.

An atom of kind `chain` is the entry at (row, column) of `M[low] @ ... @ M[high]`, its head
`product`, or of `M @ ... @ M` with as many factors as its third place says, its head `power`, or a
product of numbers from one place to another, its head `scalar`. The
product of no factors is the identity, a short one is written out, one of diagonal matrices is a
product of their entries; a product that runs down is the transpose of one of transposes. A
negative power is one of the inverse. `split` takes the first or the last factor off.
"""

from derive.calculus.algebra import Algebra, constructs
from derive.calculus.binders import diagonal_of, number_of
from derive.calculus.canonical import bind, rename_poly
from derive.calculus.functions import symbolic_power
from derive.calculus.place import Place, Var, fresh, place
from derive.calculus.powers import content
from derive.calculus.products import NotExact
from derive.calculus.ranges import extremes, moved, never_below, normal_place, surely_at_least
from derive.calculus.term import ONE, ZERO, Atom, Exponent, Poly, of_atom
from derive.calculus.term import number as term_number
from derive.model.dim import ONE as DIM_ONE
from derive.model.dim import Dim
from derive.model.scalar import Apply, Axis, Index, IndexValue, IndexVariable, Reduce, Scalar

MOST_FACTORS = 64
ANYWHERE = Axis(Dim.symbol("?low") - Dim.of(10**9), Dim.symbol("?high"))
"""The range of a factor's number: nothing is known of it but what the ends of the product say."""


def product_atom(
    places: tuple[Place, Place], ends: tuple[Place, Place], body: Poly, bound: tuple[Var, ...]
) -> Atom:
    """The entry at `places` of a product; `bound` are the row, the column, the factor's number."""
    return Atom("chain", ("product",), (*places, *ends), (body,), bound)


def power_atom(
    places: tuple[Place, Place], length: Place, body: Poly, bound: tuple[Var, ...]
) -> Atom:
    """The entry at `places` of a power; `bound` are the row and the column."""
    return Atom("chain", ("power",), (*places, length), (body,), bound)


def distance(low: Place, high: Place) -> Place:
    """`high - low` as a place."""
    terms = dict(high.terms)
    for variable, factor in low.terms:
        terms[variable] = terms.get(variable, Dim(())) - factor
    return normal_place(terms, high.offset - low.offset, None)


def whole_number(poly: Poly) -> Place | None:
    """A number that is linear in indices, with dimensions and integers, as a place."""
    terms: dict[Var, Dim] = {}
    offset = Dim(())
    for monomial, coefficient in poly.terms.items():
        factor, variable = Dim.of(1), None
        if coefficient.denominator != 1:
            return None
        for atom, exponent in monomial.factors.items():
            whole = exponent.denominator == 1 and exponent > 0
            if whole and atom.head[:1] == ("dim",):
                for _ in range(int(exponent)):
                    factor = factor * Dim.symbol(str(atom.head[1]))
            elif exponent == 1 and atom.kind == "index" and variable is None:
                variable = atom.places[0].variable
                if variable is None:
                    return None
            else:
                return None
        factor = factor * Dim.of(int(coefficient))
        if variable is None:
            offset = offset + factor
        else:
            terms[variable] = terms.get(variable, Dim(())) + factor
    return normal_place(terms, offset, None)


def ends_of_range(scalar: Reduce) -> tuple[Index, Index] | None:
    """The first and the last place of a product whose condition says that it is over a range."""
    return None if scalar.condition is None else _range(scalar.variable, scalar.condition)


def _range(variable: IndexVariable, condition: Scalar) -> tuple[Index, Index] | None:
    match condition:
        case Apply("mul", (left, right)):
            one, two = _range(variable, left), _range(variable, right)
            if one is None or two is None:
                return None
            whole = Index((), variable.axis.low), Index((), variable.axis.high)
            low = two[0] if one[0] == whole[0] else one[0] if two[0] == whole[0] else None
            high = two[1] if one[1] == whole[1] else one[1] if two[1] == whole[1] else None
            return None if low is None or high is None else (low, high)
        case Apply("le", (IndexValue(start), IndexValue(stop))):
            if stop.variable is variable and variable not in dict(start.terms):
                return start, Index((), variable.axis.high)
            if start.variable is variable and variable not in dict(stop.terms):
                return Index((), variable.axis.low), stop
    return None


@constructs("chain")
def chain(algebra: Algebra, atom: Atom, exponent: Exponent) -> Poly:
    """A product of matrices, by the number of its factors where that is known."""
    made = {"product": _product, "power": _power, "scalar": _scalar}[str(atom.head[0])]
    return algebra.raised(made(algebra, atom), exponent)


def scalar_atom(low: Place, high: Place, body: Poly, number: Var) -> Atom:
    """The product of numbers from one place to another."""
    return Atom("chain", ("scalar",), (low, high), (body,), (number,))


def ends_of(atom: Atom) -> tuple[Place, Place]:
    """The first and the last place of a product."""
    if atom.head == ("power",):
        return Place((), DIM_ONE), atom.places[2]
    return atom.places[-2], atom.places[-1]


def _scalar(algebra: Algebra, atom: Atom) -> Poly:
    """A product of numbers: one for each factor of the body, the constant ones as powers."""
    low, high = atom.places
    (number,) = atom.bound
    (body,) = atom.args
    length = moved(distance(low, high), DIM_ONE)
    if never_below(low, moved(high, DIM_ONE)):
        return ONE
    count = None if length.terms else length.offset.constant
    if count is not None and count <= MOST_FACTORS:
        places = (moved(low, Dim.of(k)) for k in range(count))
        return algebra.product(algebra.substitute(body, {number: p}) for p in places)
    ends = extremes(length)
    full = ends is not None and surely_at_least(ends[0], Dim(()))
    if not low.terms and not high.terms and full:
        own = fresh(Axis(low.offset, high.offset))
        whole = algebra.substitute(body, {number: place(own)})
        return algebra.construct(Atom("prod", (), (), (whole,), (own,)))
    if not body.terms:
        return _closed_scalar(low, high, body, number, 1)
    common, rest = content(algebra, body)
    single = common.single
    assert single is not None
    factors = [(of_atom(a), e) for a, e in single[0].factors.items()]
    result = ONE
    for factor, e in (*factors, (rest, 1), (term_number(single[1]), 1)):
        if factor == ONE:
            continue
        if number in factor.free or not full:
            result = algebra.multiply(result, _closed_scalar(low, high, factor, number, e))
        else:
            power = number_of(algebra, length).scaled(e)
            result = algebra.multiply(result, symbolic_power(algebra, factor, power))
    return result


def _closed_scalar(low: Place, high: Place, body: Poly, number: Var, exponent: Exponent) -> Poly:
    bound, (closed,) = bind(body, (number,))
    return of_atom(scalar_atom(low, high, closed, bound[0]), exponent)


def _product(algebra: Algebra, atom: Atom) -> Poly:
    first, last, low, high = atom.places
    row, column, number = atom.bound
    (body,) = atom.args
    length = moved(distance(low, high), DIM_ONE)
    if never_below(low, moved(high, DIM_ONE)):
        return algebra.delta(first, last)
    count = None if length.terms else length.offset.constant
    if count is not None and count <= MOST_FACTORS:
        factors = [algebra.substitute(body, {number: moved(low, Dim.of(k))}) for k in range(count)]
        return _written_out(algebra, factors, row, column, (first, last))
    ends = extremes(length)
    if number not in body.free and ends is not None and surely_at_least(ends[0], Dim(())):
        return algebra.construct(power_atom((first, last), length, body, (row, column)))
    diagonal = diagonal_of(algebra, body, row, column)
    if diagonal is not None:
        entry = algebra.substitute(diagonal, {row: first})
        entries = algebra.construct(scalar_atom(low, high, entry, number))
        return algebra.multiply(algebra.delta(first, last), entries)
    bound, (closed,) = bind(body, atom.bound)
    return of_atom(product_atom((first, last), (low, high), closed, bound))


def reach_of(low: Place, high: Place) -> Axis | None:
    """The widest range of a product."""
    least, most = extremes(low), extremes(high)
    if least is None or most is None or not surely_at_least(most[1], least[0] - DIM_ONE):
        return None
    return Axis(least[0], most[1])


def _written_out(
    algebra: Algebra, factors: list[Poly], row: Var, column: Var, ends: tuple[Place, Place]
) -> Poly:
    """A product of a few matrices, entry by entry."""
    if not factors:
        return algebra.delta(*ends)
    links = [ends[0], *(place(fresh(row.axis)) for _ in factors[1:]), ends[1]]
    result = ONE
    for k, factor in enumerate(factors):
        entry = algebra.substitute(factor, {row: links[k], column: links[k + 1]})
        result = algebra.multiply(result, entry)
        middle = links[k].variable
        if k and middle is not None:
            result = algebra.total((middle,), result)
    return result


def _power(algebra: Algebra, atom: Atom) -> Poly:
    first, last, length = atom.places
    row, column = atom.bound
    (body,) = atom.args
    count = None if length.terms or length.computed else length.offset.constant
    if count is not None and count < 0:
        new = (fresh(row.axis), fresh(column.axis))
        inverse = algebra.construct(
            Atom("matrix", ("inv",), (place(new[0]), place(new[1])), (body,), (row, column))
        )
        body, (row, column), count = inverse, new, -count
        length = Place((), Dim.of(count))
    if count is not None and count <= MOST_FACTORS:
        return _written_out(algebra, [body] * count, row, column, (first, last))
    flipped = algebra.substitute(body, {row: place(column), column: place(row)})
    if flipped == body:
        first, last = sorted((first, last), key=lambda p: p.key)
    else:
        straight, turned = (bind(b, (row, column))[1][0].key for b in (body, flipped))
        if turned < straight:
            body, (first, last) = flipped, (last, first)
    bound, (closed,) = bind(body, (row, column))
    return of_atom(power_atom((first, last), length, closed, bound))


def split(algebra: Algebra, atom: Atom, at_first: bool) -> Poly:
    """The product with its first (or last) factor taken off; there must be one."""
    if atom.head == ("scalar",):
        low, high = atom.places
        number = fresh(atom.bound[0].axis)
        body = rename_poly(atom.args[0], {atom.bound[0]: number})
        factor = algebra.substitute(body, {number: low if at_first else high})
        low, high = (moved(low, DIM_ONE), high) if at_first else (low, moved(high, -DIM_ONE))
        return algebra.multiply(factor, algebra.construct(scalar_atom(low, high, body, number)))
    first, last = atom.places[:2]
    new = tuple(fresh(v.axis) for v in atom.bound)
    body = rename_poly(atom.args[0], dict(zip(atom.bound, new, strict=True)))
    middle = fresh(new[0].axis)
    ends = (place(middle), last) if at_first else (first, place(middle))
    outer = (first, place(middle)) if at_first else (place(middle), last)
    here = dict(zip(new[:2], outer, strict=True))
    if atom.head == ("power",):
        rest = power_atom(ends, moved(atom.places[2], -DIM_ONE), body, new)
    else:
        low, high = atom.places[2:]
        here[new[2]] = low if at_first else high
        low, high = (moved(low, DIM_ONE), high) if at_first else (low, moved(high, -DIM_ONE))
        rest = product_atom(ends, (low, high), body, new)
    factor = algebra.substitute(body, here)
    return algebra.total((middle,), algebra.multiply(factor, algebra.construct(rest)))


def derivative_of_chain(algebra: Algebra, atom: Atom, change: Poly, names: tuple[Var, ...]) -> Poly:
    """D (M[a] @ ... @ M[b]) = sum_v (M[a] @ ... @ M[v-1]) dM[v] (M[v+1] @ ... @ M[b]).

    `change` is dM at the variables `names`.
    """
    if not change.terms:
        return ZERO
    low, high = ends_of(atom)
    reach = reach_of(low, high)
    if reach is None:
        raise NotExact("the derivative of a product over an open range")
    at = fresh(reach)
    if atom.head == ("scalar",):
        body = rename_poly(atom.args[0], {atom.bound[0]: names[0]})
        around = algebra.product(
            algebra.construct(scalar_atom(*part, body, names[0]))
            for part in ((low, moved(place(at), -DIM_ONE)), (moved(place(at), DIM_ONE), high))
        )
        inside = algebra.multiply(algebra.at_most(low, place(at)), algebra.at_most(place(at), high))
        middle = algebra.substitute(change, {names[0]: place(at)})
        return algebra.total((at,), algebra.product((inside, middle, around)))
    first, last = atom.places[:2]
    before, after = fresh(names[0].axis), fresh(names[1].axis)
    inside = algebra.multiply(algebra.at_most(low, place(at)), algebra.at_most(place(at), high))

    def part(ends: tuple[Place, Place], low: Place, high: Place) -> Poly:
        new = tuple(fresh(v.axis) for v in atom.bound)
        body = rename_poly(atom.args[0], dict(zip(atom.bound, new, strict=True)))
        if atom.head == ("power",):
            length = moved(distance(low, high), DIM_ONE)
            return algebra.construct(power_atom(ends, length, body, new))
        return algebra.construct(product_atom(ends, (low, high), body, new))

    left = part((first, place(before)), low, moved(place(at), -DIM_ONE))
    right = part((place(after), last), moved(place(at), DIM_ONE), high)
    where = {names[0]: place(before), names[1]: place(after)}
    if len(names) == 3:
        where[names[2]] = place(at)
    middle = algebra.substitute(change, where)
    return algebra.total((at, before, after), algebra.product((inside, middle, left, right)))
