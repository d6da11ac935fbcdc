"""Definitions recognised in a term and replaced by their names.

A definition `p[i] = exp(z[i]) S^-1` is solved for one of its atoms, `exp(z[i]) = p[i] S`, and this
put in place of the atom, but not inside the other parts of the definition (`S`), which then cancel.
So also for definitions of several terms: `x[i] = s xh[i] + mu`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import combinations, permutations
from itertools import product as cartesian

from derive.calculus.adjoints import Body
from derive.calculus.algebra import Algebra, TooLarge
from derive.calculus.canonical import rename, signature
from derive.calculus.place import Place, Var, place
from derive.calculus.products import Factors, NotExact
from derive.calculus.ranges import moved, spot
from derive.calculus.term import (
    Atom,
    Coefficient,
    Exponent,
    Monomial,
    Poly,
    add,
    of_atom,
    of_monomial,
)
from derive.calculus.unfolding import Unfolding, renewed
from derive.model.dim import Dim
from derive.model.ranges import never_negative

KINDS = frozenset({"exp", "pow", "func", "sum", "entry", "matrix", "max", "argmax", "prod"})


@dataclass(frozen=True)
class Rule:
    """`atom ^ exponent = value` for all places of `variables`; `kept` are not looked into.

    The steps of a loop run over `time`, which may stand shifted where the rule is used.
    """

    name: str
    variables: tuple[Var, ...]
    atom: Atom
    exponent: Exponent
    value: Poly
    kept: frozenset[int]
    time: Var | None = None

    @cached_property
    def shapes(self) -> frozenset[int]:
        """The shapes that the atom has, also where two of its variables are at one place."""
        merged = (
            shape(rename(self.atom, {one: other}))
            for one, other in combinations(self.variables, 2)
            if one.axis == other.axis
        )
        return frozenset((shape(self.atom), *merged))


Kind = tuple[str, tuple[str | int, ...], frozenset[str]]


def kind_of(atom: Atom) -> Kind:
    """What an atom is but for its places."""
    return atom.kind, atom.head, atom.symbols


def shape(atom: Atom) -> int:
    """What an atom is but for the names of its free indices."""
    return signature(atom, dict.fromkeys(atom.free, 53))


def rules_of(algebra: Algebra, name: str, body: Body, time: Var | None = None) -> Iterator[Rule]:
    """The definition of a name solved for each atom that determines it.

    That of a root, `s = (v + eps)^(1/2)`, also as `s^2 = v + eps`.
    """
    left = of_atom(Atom("entry", (name,), tuple(map(spot, body.variables))))
    yield from _solved(algebra, name, left, body, time)
    single = body.poly.single
    if single is not None and single[1] == 1 and len(single[0].factors) == 1:
        ((atom, exponent),) = single[0].factors.items()
        inverse = 1 / Fraction(exponent)
        if atom.kind == "pow" and inverse.denominator == 1 and inverse > 1:
            powered = algebra.power(left, int(inverse))
            solved = Body(body.variables, atom.args[0])
            yield from _solved(algebra, name, powered, solved, time)


def _solved(
    algebra: Algebra, name: str, left: Poly, body: Body, time: Var | None
) -> Iterator[Rule]:
    """`left = body` solved for each atom."""
    variables = frozenset(v for v in body.variables if v in body.poly.free)
    for monomial, coefficient in body.poly.terms.items():
        for atom, exponent in monomial.factors.items():
            others = {a: e for a, e in monomial.factors.items() if a != atom}
            if atom.kind not in KINDS or not variables <= atom.free:
                continue
            if any(atom in m.factors for m in body.poly.terms if m is not monomial):
                continue
            rest = Poly({m: c for m, c in body.poly.terms.items() if m is not monomial})
            value = _divided(algebra, left - rest, others, coefficient)
            if value is None or not _is_defined(algebra, value):
                continue
            kept = frozenset(shape(a) for a in body.poly.atoms() if a != atom)
            yield Rule(name, tuple(variables), atom, exponent, value, kept, time)


def _divided(algebra: Algebra, poly: Poly, by: Factors, coefficient: Coefficient) -> Poly | None:
    """A polynomial divided by a monomial."""
    inverse = of_monomial({a: -e for a, e in by.items()}, 1 / Fraction(coefficient))
    try:
        return algebra.multiply(poly, inverse)
    except (TooLarge, NotExact):
        return None


def _is_defined(algebra: Algebra, value: Poly) -> bool:
    """Nothing is divided by that could be zero."""
    return all(
        e > 0 or a.kind == "pow" or algebra.knowledge.is_positive(a)
        for m in value.terms
        for a, e in m.factors.items()
    )


def consequences(algebra: Algebra, rules: list[Rule]) -> Iterator[Rule]:
    """What two definitions say together of a sum: that of `xh` is zero, by `mu` and by `xh`.

    `sum x = n mu` and `x = s xh + mu` give `s sum xh = 0`.
    """
    for first in rules:
        if first.atom.kind != "sum" or first.exponent != 1:
            continue
        for second in rules:
            if second.atom.kind != "entry" or second.name == first.name:
                continue
            if not second.atom.symbols <= first.atom.symbols:
                continue
            folding = Folding(algebra, second)
            try:
                left = folding.poly(of_atom(first.atom))
                zero = renewed(algebra, left - folding.poly(first.value))
            except TooLarge:
                continue
            yield from _vanishing(algebra, zero, first, second)


def roots_after(algebra: Algebra, rules: list[Rule], more: list[Rule]) -> Iterator[Rule]:
    """Roots as they look after another definition, and then its consequences, were recognised."""
    for first in rules:
        if first.atom.kind != "pow":
            continue
        for second in rules:
            if second.atom.kind != "entry" or second.name == first.name:
                continue
            if not second.atom.symbols <= first.atom.symbols:
                continue
            left = of_atom(first.atom, first.exponent)
            names = first.name
            for rule in (second, *more):
                try:
                    changed = Folding(algebra, rule).poly(left)
                except TooLarge:
                    break
                single = changed.single
                if changed == left or single is None:
                    continue
                left, names = changed, f"{names} {rule.name}"
                roots = [(a, e) for a, e in single[0].factors.items() if a.kind == "pow"]
                if len(roots) == 1:
                    atom, exponent = roots[0]
                    others = {a: e for a, e in single[0].factors.items() if a is not atom}
                    value = _divided(algebra, first.value, others, single[1])
                    if value is None:
                        continue
                    kept: frozenset[int] = frozenset()
                    yield Rule(names, first.variables, atom, exponent, value, kept)


def _vanishing(algebra: Algebra, zero: Poly, first: Rule, second: Rule) -> Iterator[Rule]:
    """`zero = 0`, of at most two terms, solved for a sum."""
    if not 0 < len(zero.terms) < 3:
        return
    for monomial, coefficient in zero.terms.items():
        sums = [a for a, e in monomial.factors.items() if a.kind == "sum" and e == 1]
        if len(sums) != 1 or any(sums[0] in m.factors for m in zero.terms if m is not monomial):
            continue
        others = {a: e for a, e in monomial.factors.items() if a is not sums[0]}
        rest = Poly({m: c for m, c in zero.terms.items() if m is not monomial})
        value = _divided(algebra, -rest, others, coefficient)
        if value is None:
            continue
        names = f"{first.name} {second.name}"
        kept: frozenset[int] = frozenset()
        yield Rule(names, first.variables, sums[0], 1, value, kept)


class Folding:
    """Applies one rule to terms."""

    def __init__(self, algebra: Algebra, rule: Rule) -> None:
        self.algebra = algebra
        self.rule = rule

    def poly(self, poly: Poly) -> Poly:
        """The polynomial with the atom of the rule replaced wherever it stands."""
        return self.algebra.mapped(poly, self.atom, self.touches)

    def touches(self, atom: Atom) -> bool:
        """The atom is to be rebuilt."""
        if not self.rule.atom.symbols <= atom.symbols:
            return False
        return self.rule.kept.isdisjoint((shape(atom),))

    def atom(self, atom: Atom) -> Poly:
        """The atom replaced, or rebuilt from its parts."""
        found = self.value(atom)
        if found is not None:
            return found
        return self.algebra.rebuilt(atom, lambda p: p, self.poly)

    def value(self, atom: Atom) -> Poly | None:
        """What the rule says of the atom itself."""
        rule = self.rule
        if shape(atom) in rule.shapes:
            found = self.matches(atom)
        elif rule.time is not None and kind_of(atom) == kind_of(rule.atom):
            found = self.shifted(atom, rule.time)
        else:
            return None
        for mapping in found:
            value = self.algebra.substitute(rule.value, mapping)
            if rule.exponent == 1:
                return value
            return self.algebra.raised(value, 1 / Fraction(rule.exponent))
        return None

    def matches(self, atom: Atom) -> Iterator[dict[Var, Place]]:
        """The places at which the atom of the rule is this one."""
        rule = self.rule
        candidates = sorted(atom.free, key=lambda v: v.key)
        count = len(rule.variables)
        fewer = len(candidates) < count
        for chosen in (
            cartesian(candidates, repeat=count) if fewer else permutations(candidates, count)
        ):
            names = dict(zip(rule.variables, chosen, strict=True))
            if all(v.axis == w.axis for v, w in names.items()) and rename(rule.atom, names) == atom:
                yield {v: place(w) for v, w in names.items()}
                return

    def shifted(self, atom: Atom, time: Var) -> Iterator[dict[Var, Place]]:
        """The places at which the atom of the rule is this one, at a time like `t + 1`."""
        rule = self.rule
        others = [v for v in rule.variables if v is not time]
        left, sought = of_atom(rule.atom, rule.exponent), of_atom(atom, rule.exponent)
        candidates = sorted(atom.free, key=lambda v: v.key)
        for now in candidates:
            steps = {a - b for a in offsets(atom, now) for b in offsets(rule.atom, time)}
            for step in sorted(steps, key=str):
                where = moved(place(now), step)
                low, high = now.axis.low + step, now.axis.high + step
                if not (
                    never_negative(low - time.axis.low) and never_negative(time.axis.high - high)
                ):
                    continue
                for chosen in permutations([v for v in candidates if v is not now], len(others)):
                    names = dict(zip(others, chosen, strict=True))
                    if any(v.axis != w.axis for v, w in names.items()):
                        continue
                    mapping = {time: where, **{v: place(w) for v, w in names.items()}}
                    if self.algebra.substitute(left, mapping) == sought:
                        yield mapping
                        return


def offsets(atom: Atom, variable: Var) -> set[Dim]:
    """How far off a variable the places in an atom are."""
    found = {p.offset for p in atom.places if variable in p.free}
    for arg in atom.args:
        if variable in arg.free:
            found |= {o for inner in arg.atoms() for o in offsets(inner, variable)}
    return found


# --- which form is the simplest ------------------------------------------------------------------

WEIGHTS = {"entry": 2, "const": 1, "delta": 3, "index": 1}


def weight(poly: Poly) -> int:
    """About how long a term is when it is printed."""
    return sum(3 + _monomial(m) + (c not in (1, -1)) for m, c in poly.terms.items())


def _monomial(monomial: Monomial) -> int:
    return sum(_atom(a) + (e not in (1, -1)) for a, e in monomial.factors.items())


def _atom(atom: Atom) -> int:
    inner = sum(weight(a) for a in atom.args)
    if atom.kind == "sum":
        return _monomial(next(iter(atom.args[0].terms))) + len(atom.bound)
    if atom.kind == "entry" and not str(atom.head[0]).isidentifier():
        return 3
    return WEIGHTS.get(atom.kind, 2) + inner


def all_rules(algebra: Algebra, bodies: Mapping[str, Body]) -> tuple[Rule, ...]:
    """The definitions solved for their atoms, and what two of them say together."""
    rules = [rule for name, body in bodies.items() for rule in rules_of(algebra, name, body)]
    more = list(consequences(algebra, rules))
    return (*rules, *more, *roots_after(algebra, rules, more))


def simplest(
    algebra: Algebra, poly: Poly, rules: Sequence[Rule], most: int = 200
) -> tuple[Poly, frozenset[str]]:
    """The poly with names folded as long as that makes it shorter, and which names these are."""
    best, size = poly, weight(poly)
    used: set[str] = set()
    present = standing(best)
    improved = True
    while improved and most > 0:
        improved = False
        for rule in rules:
            kind = () if rule.time is None else (kind_of(rule.atom),)
            if present.isdisjoint((*rule.shapes, *kind)):
                continue
            most -= 1
            for made in folded(algebra, best, rule):
                if made != best and weight(made) < size:
                    best, size, improved = made, weight(made), True
                    used.update(rule.name.split())
                    present = standing(best)
    return best, frozenset(used)


def standing(poly: Poly) -> set[object]:
    """The shapes and the kinds of all atoms in a term."""
    return {found for atom in every_atom(poly) for found in (shape(atom), kind_of(atom))}


def folded(algebra: Algebra, poly: Poly, rule: Rule) -> Iterator[Poly]:
    """The rule applied everywhere, and in those terms only that get shorter by it."""
    folding = Folding(algebra, rule)
    parts = []
    try:
        for monomial, coefficient in poly.terms.items():
            one = Poly({monomial: coefficient})
            parts.append((one, folding.poly(one)))
        if all(new == one for one, new in parts):
            return
        clean = Unfolding(algebra, {})
        yield clean.poly(add(new for _, new in parts))
        shorter = [weight(new) < weight(one) for one, new in parts]
        if any(shorter) and not all(shorter):
            chosen = (
                new if is_shorter else one
                for is_shorter, (one, new) in zip(shorter, parts, strict=True)
            )
            yield clean.poly(add(chosen))
    except TooLarge:
        return


def every_atom(poly: Poly) -> Iterator[Atom]:
    """All atoms, also those inside others."""
    for atom in poly.atoms():
        yield atom
        for arg in atom.args:
            yield from every_atom(arg)
