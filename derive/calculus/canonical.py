"""Canonical names for bound indices.

A closed component is a set of atoms that hang together by bound variables: a hypergraph, of which
two equal ones must get the same names. Variables are coloured by how they occur, the colours
refined until they are stable (Weisfeiler and Leman, 1968); what is then still tied is told apart by
trying each of the tied variables, except where exchanging two changes nothing.

Trying every naming would be factorial; a chain of matrices needs as many rounds as it is long.
"""

from collections.abc import Mapping

from derive.calculus.place import Place, Var, dim_key, label, place, text_key
from derive.calculus.term import Atom, Exponent, Monomial, Poly

Colours = Mapping[Var, int]
Factors = dict[Atom, Exponent]

UNORDERED = frozenset({"delta"})


def exchanged(atom: Atom) -> int:
    """From which of its places on those of an atom may be exchanged.

    Of a stack of symmetric matrices, these are the last two.
    """
    if atom.kind == "entry" and "symmetric" in atom.head:
        return len(atom.places) - 2
    return 0 if atom.kind in UNORDERED or "symmetric" in atom.head else len(atom.places)


def axis_key(variable: Var) -> int:
    """A hash of the range of a variable."""
    return hash((dim_key(variable.axis.low), dim_key(variable.axis.high)))


def place_signature(spot: Place, colours: Colours) -> int:
    """A hash of a place in which variables count by colour."""
    if colours.keys().isdisjoint(spot.free):
        return spot.key
    parts = sorted(
        hash((colours.get(variable, variable.key), dim_key(factor)))
        for variable, factor in spot.terms
    )
    computed = poly_signature(spot.computed, colours) if spot.computed else 0
    return hash((3, *parts, dim_key(spot.offset), computed))


def signature(atom: Atom, colours: Colours) -> int:
    """A hash of an atom: free variables count by colour, bound ones by how they occur."""
    if colours.keys().isdisjoint(atom.free):
        return atom.key
    places = [place_signature(p, colours) for p in atom.places]
    first = exchanged(atom)
    places[first:] = sorted(places[first:])
    inner = colours
    if atom.bound:
        start = {**colours, **{v: hash((17, k)) for k, v in enumerate(atom.bound)}}
        if atom.kind == "sum":
            factors = next(iter(atom.args[0].terms)).factors
            start.update({v: axis_key(v) for v in atom.bound})
            inner = refine(factors, atom.bound, start)
        else:
            inner = start
    head = (text_key(part) if isinstance(part, str) else part for part in atom.head)
    args = (poly_signature(a, inner) for a in atom.args)
    return hash((text_key(atom.kind), *head, *places, 5, *args))


def monomial_signature(monomial: Monomial, colours: Colours) -> int:
    """A hash of a monomial in which free variables count by colour."""
    return hash((1, sum(hash((signature(a, colours), e)) for a, e in monomial.factors.items())))


def poly_signature(poly: Poly, colours: Colours) -> int:
    """A hash of a polynomial in which free variables count by colour."""
    if colours.keys().isdisjoint(poly.free):
        return poly.key
    return hash((2, sum(hash((monomial_signature(m, colours), c)) for m, c in poly.terms.items())))


def occurrences(factors: Factors, bound: frozenset[Var]) -> dict[Atom, tuple[Var, ...]]:
    """The bound variables of each atom that has some."""
    return {atom: tuple(bound & atom.free) for atom in factors if not bound.isdisjoint(atom.free)}


def refine(factors: Factors, bound: tuple[Var, ...], colours: Colours) -> dict[Var, int]:
    """Colours of the `bound` variables made as fine as their occurrences tell, the others kept."""
    current = dict(colours)
    places = occurrences(factors, frozenset(bound))
    classes = len({current[v] for v in bound})
    while True:
        seen: dict[Var, list[int]] = {v: [] for v in bound}
        for atom, variables in places.items():
            for variable in variables:
                # The variable itself is marked, so that its position in the atom counts.
                marked = {**current, variable: hash((23, current[variable]))}
                seen[variable].append(hash((signature(atom, marked), factors[atom])))
        refined = {v: hash((current[v], *sorted(seen[v]))) for v in bound}
        count = len(set(refined.values()))
        if count == classes:
            return current
        current.update(refined)
        classes = count
        if count == len(bound):
            return current


def total_signature(factors: Factors, colours: Colours) -> int:
    """A hash of all factors together."""
    return sum(hash((signature(a, colours), e)) for a, e in factors.items())


def order(factors: Factors, bound: tuple[Var, ...]) -> tuple[Var, ...]:
    """The bound variables in canonical order."""
    if len(bound) == 1:
        return bound
    start = {v: axis_key(v) for v in bound}
    colours = _settle(factors, bound, refine(factors, bound, start))
    return tuple(sorted(bound, key=colours.__getitem__))


def _settle(factors: Factors, bound: tuple[Var, ...], colours: dict[Var, int]) -> dict[Var, int]:
    """Colours in which no two bound variables are alike: the least that refinement allows."""
    classes: dict[int, list[Var]] = {}
    for variable in bound:
        classes.setdefault(colours[variable], []).append(variable)
    tied = [colour for colour, members in classes.items() if len(members) > 1]
    if not tied:
        return colours
    members = classes[min(tied)]
    best: dict[Var, int] | None = None
    best_score = 0
    for variable in _representatives(factors, members):
        split = {**colours, variable: hash((29, colours[variable]))}
        settled = _settle(factors, bound, refine(factors, bound, split))
        score = _score(factors, bound, settled)
        if best is None or score < best_score:
            best, best_score = settled, score
    assert best is not None
    return best


def _score(factors: Factors, bound: tuple[Var, ...], colours: Colours) -> int:
    """What the component looks like under a naming."""
    names = {v: hash((31, k)) for k, v in enumerate(sorted(bound, key=colours.__getitem__))}
    return total_signature(factors, names)


def _representatives(factors: Factors, members: list[Var]) -> list[Var]:
    """The tied variables, of which any two that may be exchanged count once."""
    kept: list[Var] = []
    for variable in members:
        if not any(_are_twins(factors, variable, other) for other in kept):
            kept.append(variable)
    return kept


def _are_twins(factors: Factors, a: Var, b: Var) -> bool:
    """Exchanging the two changes nothing."""
    straight = {a: 37, b: 41}
    crossed = {a: 41, b: 37}
    return total_signature(factors, straight) == total_signature(factors, crossed)


def rename_place(spot: Place, mapping: Mapping[Var, Var]) -> Place:
    """A place with variables renamed."""
    if mapping.keys().isdisjoint(spot.free):
        return spot
    plain = spot.variable
    if plain is not None:
        return place(mapping[plain])
    terms = tuple((mapping.get(variable, variable), factor) for variable, factor in spot.terms)
    computed = rename_poly(spot.computed, mapping) if spot.computed else None
    return Place(terms, spot.offset, computed)


def rename(atom: Atom, mapping: Mapping[Var, Var]) -> Atom:
    """An atom with free variables renamed, no two of them to the same."""
    if mapping.keys().isdisjoint(atom.free):
        return atom
    places = tuple(rename_place(p, mapping) for p in atom.places)
    first = exchanged(atom)
    places = (*places[:first], *sorted(places[first:], key=lambda p: p.key))
    if atom.kind == "sum":
        factors = next(iter(atom.args[0].terms)).factors
        return component({rename(a, mapping): e for a, e in factors.items()}, atom.bound)
    args = tuple(rename_poly(a, mapping) for a in atom.args)
    return Atom(atom.kind, atom.head, places, args, atom.bound)


def rename_poly(poly: Poly, mapping: Mapping[Var, Var]) -> Poly:
    """A polynomial with free variables renamed, no two of them to the same."""
    if mapping.keys().isdisjoint(poly.free):
        return poly
    return Poly(
        {
            Monomial({rename(a, mapping): e for a, e in monomial.factors.items()}): c
            for monomial, c in poly.terms.items()
        }
    )


def component(factors: Factors, bound: tuple[Var, ...]) -> Atom:
    """The sum over `bound` of the product of `factors`, canonically named.

    The factors hang together by the bound variables, and each of these occurs.
    """
    height = 1 + max(atom.height for atom in factors)
    ordered = order(factors, bound)
    names = {v: label(height, k, v.axis) for k, v in enumerate(ordered)}
    body = Monomial({rename(a, names): e for a, e in factors.items()})
    return Atom("sum", (), (), (Poly({body: 1}),), tuple(names[v] for v in ordered))


def bind(
    poly: Poly, bound: tuple[Var, ...], others: tuple[Poly, ...] = ()
) -> tuple[tuple[Var, ...], tuple[Poly, ...]]:
    """Labels for `bound`, in the order given, and the polynomials with these in place."""
    polys = (poly, *others)
    height = 1 + max(p.height for p in polys)
    names = {v: label(height, k, v.axis) for k, v in enumerate(bound)}
    return tuple(names.values()), tuple(rename_poly(p, names) for p in polys)
