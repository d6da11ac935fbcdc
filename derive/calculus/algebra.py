"""Products, sums over indices, and rebuilding: the operations that keep terms in normal form.

An `Algebra` carries what is known of the atoms (`Knowledge`: signs, and in proofs the facts that
were assumed) and the rules of `calculus.contraction`. The normal form:

- products of sums are expanded; equal atoms are joined;
- a summand leaves a sum over an index on which it does not depend; a delta under a sum is
  substituted away; each closed component is canonically named;
- a sum to a whole power is opened where an outer sum runs through it, so that chains are flat;
- a denominator is cancelled against its pivot.
"""

from collections.abc import Callable, Iterable, Mapping

from derive.calculus.canonical import component, rename_poly
from derive.calculus.knowledge import Knowledge, Rewritten
from derive.calculus.meeting import refuse
from derive.calculus.pivot import Pivot
from derive.calculus.place import Place, Var, fresh, label, place
from derive.calculus.products import Factors, merged, opened, tidied, without
from derive.calculus.ranges import (
    balanced,
    moved,
    never_below,
    never_equal,
    normal_place,
    surely_at_least,
    surely_within,
)
from derive.calculus.term import (
    ONE,
    ZERO,
    Atom,
    Coefficient,
    Exponent,
    Monomial,
    Poly,
    add,
    dim_poly,
    of_atom,
    of_monomial,
    tidy,
)
from derive.model.dim import ONE as DIM_ONE
from derive.model.dim import Dim
from derive.model.scalar import Axis

LIMIT = 20_000
MOST_SHIFT = 8
NOTHING: frozenset[Var] = frozenset()


class TooLarge(Exception):
    """An expression grew beyond what is worth expanding."""


Rule = Callable[["Algebra", Factors, frozenset[Var]], Rewritten | None]
Constructor = Callable[["Algebra", Atom, Exponent], Poly]

CONSTRUCTORS: dict[str, Constructor] = {}
"""How an atom of a kind, of parts in normal form and to a power, is put into normal form."""


def constructs(*kinds: str) -> Callable[[Constructor], Constructor]:
    """Registers a constructor."""

    def register(function: Constructor) -> Constructor:
        for kind in kinds:
            CONSTRUCTORS[kind] = function
        return function

    return register


def number_of_places(axis: Axis) -> Poly:
    """The length of an axis, which is zero where its ends cross."""
    if surely_at_least(axis.size, Dim(())):
        return dim_poly(axis.size)
    return of_atom(Atom("sum", (), (), (ONE,), (label(1, 0, axis),)))


class Algebra:
    """Normal-form arithmetic under some knowledge.

    Where that is `settled`, what an atom comes to when it is made anew is kept in `renewed`.
    """

    def __init__(
        self,
        knowledge: Knowledge,
        rules: tuple[Rule, ...],
        tick: Callable[[], None] = lambda: None,
        settled: bool = False,
    ) -> None:
        self.knowledge = knowledge
        self.rules = rules
        self.tick = tick
        self.renewed: dict[Atom, Poly] | None = {} if settled else None
        self.pivots: dict[Atom, Pivot | None] = {}
        self.raised_bases: dict[tuple[Poly, Exponent], Poly] = {}

    # --- products ------------------------------------------------------------------------------

    def product(self, polys: Iterable[Poly]) -> Poly:
        """The product, in normal form."""
        total = ONE
        for poly in polys:
            total = self.multiply(total, poly)
        return total

    def multiply(self, left: Poly, right: Poly) -> Poly:
        """The product of two polynomials."""
        if not left.terms or not right.terms:
            return ZERO
        for one, other in ((left, right), (right, left)):
            constant = one.constant
            if constant is not None:
                return other.scaled(constant)
        if len(left.terms) * len(right.terms) > LIMIT:
            raise TooLarge
        self.tick()
        return add(
            self.contract(merged(a.factors, b.factors), x * y)
            for a, x in left.terms.items()
            for b, y in right.terms.items()
        )

    def power(self, base: Poly, exponent: int) -> Poly:
        """A whole power, not negative, expanded."""
        result = ONE
        square = base
        while exponent:
            if exponent & 1:
                result = self.multiply(result, square)
            exponent >>= 1
            if exponent:
                square = self.multiply(square, square)
        return result

    def raised(self, poly: Poly, exponent: Exponent) -> Poly:
        """A polynomial to any rational power."""
        if exponent == 1:
            return poly
        if exponent.denominator == 1 and exponent >= 0:
            return self.power(poly, int(exponent))
        key = (poly, exponent)
        if key not in self.raised_bases:
            atom = Atom("pow", (), (), (poly,))
            self.raised_bases[key] = CONSTRUCTORS["pow"](self, atom, exponent)
        return self.raised_bases[key]

    def raised_atom(self, atom: Atom, exponent: Exponent) -> Poly:
        """An atom to a power, in normal form."""
        return self.contract({atom: exponent} if exponent else {}, 1)

    # --- sums ----------------------------------------------------------------------------------

    def total(self, variables: Iterable[Var], poly: Poly) -> Poly:
        """The sum of `poly` as the variables run over their axes."""
        bound = frozenset(variables)
        return add(self.contract(dict(m.factors), c, bound) for m, c in poly.terms.items())

    def contract(
        self, factors: Factors, coefficient: Coefficient, bound: frozenset[Var] = NOTHING
    ) -> Poly:
        """The sum over `bound` of a product: the heart of the normal form."""
        local = tidied(factors, coefficient)
        if local is None:
            return ZERO
        factors, coefficient, power = local
        if power is not None:
            expanded = self.power(*power)
            return self._distribute(factors, coefficient, expanded, bound)
        if bound:
            open_sum = self._opened(factors, bound)
            if open_sum is not None:
                return self.contract(open_sum[0], coefficient, bound | open_sum[1])
        for rule in self.rules:
            found = rule(self, factors, bound)
            if found is not None:
                rest = bound - found.gone
                return self._distribute(found.factors, coefficient, found.replacement, rest)
        if not bound:
            return Poly({Monomial(factors): tidy(coefficient)})
        return self._closed(factors, coefficient, bound)

    def _distribute(
        self, factors: Factors, coefficient: Coefficient, poly: Poly, bound: frozenset[Var]
    ) -> Poly:
        """The sum over `bound` of factors times a polynomial."""
        if len(poly.terms) > LIMIT:
            raise TooLarge
        self.tick()
        return add(
            self.contract(merged(factors, m.factors), coefficient * c, bound)
            for m, c in poly.terms.items()
        )

    def _opened(
        self, factors: Factors, bound: frozenset[Var]
    ) -> tuple[Factors, frozenset[Var]] | None:
        """Sums through which an outer sum runs, opened."""
        for atom, exponent in factors.items():
            if atom.kind == "sum" and exponent >= 1 and not bound.isdisjoint(atom.free):
                rest = without(factors, atom)
                whole = exponent.__floor__()
                if exponent != whole:
                    rest[atom] = exponent - whole
                more: set[Var] = set()
                for _ in range(whole):
                    variables, inside = opened(atom)
                    rest = merged(rest, inside)
                    more |= set(variables)
                return rest, frozenset(more)
        return None

    def _closed(self, factors: Factors, coefficient: Coefficient, bound: frozenset[Var]) -> Poly:
        """Components, each canonically named; factors without a bound variable stay outside."""
        outside: Factors = {}
        groups: list[tuple[set[Var], Factors]] = []
        unused = set(bound)
        for atom, exponent in factors.items():
            here = bound & atom.free
            if not here:
                outside[atom] = exponent
                continue
            unused -= here
            touched = [g for g in groups if not g[0].isdisjoint(here)]
            groups = [g for g in groups if g[0].isdisjoint(here)]
            variables = here.union(*(g[0] for g in touched))
            inside: Factors = {}
            for group in touched:
                inside |= group[1]
            groups.append((set(variables), {**inside, atom: exponent}))
        result = of_monomial(outside, coefficient)
        for variable in sorted(unused, key=lambda v: v.key):
            result = self.multiply(result, number_of_places(variable.axis))
        for bound_here, inside in groups:
            result = self.multiply(result, self._component(inside, bound_here))
        return result

    def _component(self, factors: Factors, variables: set[Var]) -> Poly:
        """A closed component, or what it is known to be."""
        ordered = tuple(sorted(variables, key=lambda v: v.key))
        if len(ordered) == 1 and all(a.kind == "index" for a in factors):
            index, exponent = next(iter(factors.items()))
            return CONSTRUCTORS["index sum"](self, index, exponent)
        return of_atom(component(factors, ordered))

    def within(self, where: Place, axis: Axis) -> bool:
        """The place never leaves the axis."""
        if where.computed is None:
            return surely_within(where, axis)
        plain = not where.terms and not where.offset.terms
        return plain and self.knowledge.is_place(where.computed, axis)

    # --- indicators of indices -----------------------------------------------------------------

    def delta(self, first: Place, second: Place) -> Poly:
        """One where two places are the same."""
        if first == second:
            return ONE
        if never_equal(first, second):
            return ZERO
        first, second = balanced(first, second)
        ordered = (first, second) if first.key < second.key else (second, first)
        return of_atom(Atom("delta", (), ordered))

    def less(self, first: Place, second: Place) -> Poly:
        """One where the first place is below the second."""
        if never_below(first, second):
            return ZERO
        if never_below(second, first):
            return ONE - self.delta(first, second)
        apart = (second.offset - first.offset).constant
        if apart and abs(apart) <= MOST_SHIFT:  # [i < j + 1] = [i < j] + [i = j]
            back = 1 if apart > 0 else -1
            nearer = moved(second, Dim.of(-back))
            between = nearer if back > 0 else second
            return add((self.less(first, nearer), self.delta(first, between).scaled(back)))
        return of_atom(Atom("less", (), balanced(first, second)))

    def at_most(self, first: Place, second: Place) -> Poly:
        """One where the first place is not above the second."""
        return self.less(first, moved(second, DIM_ONE))

    # --- rebuilding ----------------------------------------------------------------------------

    def substitute(self, poly: Poly, mapping: Mapping[Var, Place]) -> Poly:
        """A polynomial with free variables replaced by places."""
        used = {v: p for v, p in mapping.items() if v in poly.free}
        if not used:
            return poly
        renaming = {v: p.variable for v, p in used.items()}
        names = {v: t for v, t in renaming.items() if t is not None and t.axis == v.axis}
        targets = set(names.values())
        if len(targets) == len(used) and (poly.free - used.keys()).isdisjoint(targets):
            return rename_poly(poly, names)
        keys = frozenset(used)
        return self.mapped(
            poly,
            lambda a: self.substitute_atom(a, used),
            lambda a: not keys.isdisjoint(a.free),
        )

    def substitute_atom(self, atom: Atom, mapping: Mapping[Var, Place]) -> Poly:
        """An atom with free variables replaced by places."""
        if mapping.keys().isdisjoint(atom.free):
            return of_atom(atom)
        return self.rebuilt(
            atom,
            lambda p: self._substitute_place(p, mapping),
            lambda q: self.substitute(q, mapping),
        )

    def _substitute_place(self, spot: Place, mapping: Mapping[Var, Place]) -> Place:
        """A place with free variables replaced by places."""
        if mapping.keys().isdisjoint(spot.free):
            return spot
        total: dict[Var, Dim] = {}
        offset = spot.offset
        computed = self.substitute(spot.computed, mapping) if spot.computed else ZERO
        for variable, factor in spot.terms:
            new = mapping[variable] if variable in mapping else place(variable)
            for inner, inner_factor in new.terms:
                total[inner] = total.get(inner, Dim(())) + factor * inner_factor
            offset = offset + factor * new.offset
            if new.computed is not None:
                computed = add((computed, self.multiply(dim_poly(factor), new.computed)))
        return normal_place(total, offset, computed)

    def mapped(
        self, poly: Poly, change: Callable[[Atom], Poly], touches: Callable[[Atom], bool]
    ) -> Poly:
        """A polynomial with each atom that `touches` says is concerned replaced."""
        self.tick()
        parts = []
        for monomial, coefficient in poly.terms.items():
            same: Factors = {}
            changed: list[Poly] = []
            for atom, exponent in monomial.factors.items():
                if touches(atom):
                    new = change(atom)
                    if exponent < 0:
                        refuse(self, new)
                    changed.append(self.raised(new, exponent))
                else:
                    same[atom] = exponent
            result = of_monomial(same, coefficient)
            for factor in sorted(changed, key=lambda p: len(p.terms)):
                result = self.multiply(result, factor)
            parts.append(result)
        return parts[0] if len(parts) == 1 else add(parts)

    def rebuilt(
        self, atom: Atom, spot: Callable[[Place], Place], arg: Callable[[Poly], Poly]
    ) -> Poly:
        """An atom made anew from changed parts, in normal form."""
        places = tuple(spot(p) for p in atom.places)
        if atom.kind == "sum":
            variables, inside = opened(atom)
            return self.total(variables, arg(of_monomial(inside)))
        args, bound = atom.args, atom.bound
        if bound:
            bound = tuple(fresh(v.axis) for v in bound)
            names = dict(zip(atom.bound, bound, strict=True))
            args = tuple(rename_poly(a, names) for a in args)
        return self.construct(
            Atom(atom.kind, atom.head, places, tuple(arg(a) for a in args), bound)
        )

    def construct(self, atom: Atom) -> Poly:
        """The normal form of an atom whose parts are in normal form; bound variables are fresh."""
        if atom.kind == "entry":
            return self.knowledge.entry(atom)
        if atom.kind == "const":
            return of_atom(atom)
        if atom.kind == "delta":
            return self.delta(*atom.places)
        if atom.kind == "less":
            return self.less(*atom.places)
        return CONSTRUCTORS[atom.kind](self, atom, 1)
