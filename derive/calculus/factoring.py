"""Sums written short: what their terms share is taken out.

A scalar, an entrywise factor, the first or the last letters of a chain (`X.T @ p - X.T @ y` is
`X.T @ (p - y)`), a sum around (`mean(a) - mean(b)` is `mean(a - b)`).
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from math import gcd, lcm
from typing import TypeVar

from derive.calculus import trees
from derive.calculus.summands import Chain, Term, joined, multiplied, oriented, term, written
from derive.syntax import tree
from derive.syntax.tree import Expression

K = TypeVar("K")


def tree_of(terms: Iterable[Term]) -> Expression:
    """The sum of terms as an expression, what they share taken out."""
    return written(factored(list(terms)))


def factored(terms: list[Term]) -> list[Term]:
    """The same sum as fewer terms."""
    terms = joined(terms)
    if len(terms) < 2:
        return terms
    common = content(terms)
    rest = [_divided(one, common) for one in terms]
    if common != UNIT:
        if all(not one.factors for one in rest):
            scalar = trees_scalar(rest)
            return [multiplied(common, scalar)]
        inner = factored(rest)
        if len(inner) == 1:
            return [multiplied(common, inner[0])]
        return [multiplied(common, Term(Fraction(1), (), (((written(inner),), Fraction(1)),)))]
    handle = best_handle(terms)
    if handle is None:
        return terms
    chosen = [one for one in terms if handle.holds(one)]
    others = [one for one in terms if not handle.holds(one)]
    inside = factored([handle.without(one) for one in chosen])
    merged = handle.around(inside)
    place = terms.index(chosen[0])
    before = [one for one in terms[:place] if one in others]
    after = [one for one in terms[place:] if one in others]
    return factored([*before, merged, *after]) if others else [merged]


UNIT = Term(Fraction(1))


def trees_scalar(terms: list[Term]) -> Term:
    """A sum of scalars as one scalar."""
    inner = factored(terms)
    if len(inner) == 1:
        return inner[0]
    return Term(Fraction(1), ((written(inner), Fraction(1)),))


def content(terms: list[Term]) -> Term:
    """What all terms share, the sign of most of them included."""
    above = gcd(*(t.coefficient.numerator for t in terms))
    below = lcm(*(t.coefficient.denominator for t in terms))
    if any(t.coefficient.denominator != below for t in terms) and above == 1:
        below = gcd(*(t.coefficient.denominator for t in terms))
    negative = all(t.coefficient < 0 and oriented(t, True).coefficient < 0 for t in terms)
    sign = -1 if negative else 1
    scalars = _shared([dict(t.scalars) for t in terms])
    factors = _shared([dict(t.factors) for t in terms])
    return term(Fraction(sign * above, below), scalars, factors)


def _shared(maps: list[dict[K, Fraction]]) -> dict[K, Fraction]:
    """The least exponents of what all maps have with the same sign."""
    found: dict[K, Fraction] = {}
    for key, first in maps[0].items():
        exponents = [m.get(key, Fraction(0)) for m in maps]
        if all(e * first > 0 for e in exponents):
            found[key] = min(exponents) if first > 0 else max(exponents)
    return found


def _divided(one: Term, common: Term) -> Term:
    inverse = Term(
        1 / common.coefficient,
        tuple((s, -e) for s, e in common.scalars),
        tuple((f, -e) for f, e in common.factors),
    )
    return multiplied(one, inverse)


@dataclass(frozen=True, slots=True)
class Handle:
    """Something that several terms share, and how to take it out."""

    size: int
    holds: Callable[[Term], bool]
    without: Callable[[Term], Term]
    around: Callable[[list[Term]], Term]


def best_handle(terms: list[Term]) -> Handle | None:
    """The handle that most terms have, the largest of these."""
    best: tuple[tuple[int, int], Handle] | None = None
    seen: set[object] = set()
    for one in terms:
        for key, handle in _handles(one):
            if key in seen:
                continue
            seen.add(key)
            count = sum(map(handle.holds, terms))
            if count < 2:
                continue
            score = (count, handle.size)
            if best is None or score > best[0]:
                best = (score, handle)
    return best[1] if best else None


def _handles(one: Term) -> Iterable[tuple[object, Handle]]:
    """The handles of a term, each with what tells it from others."""
    for factor, e in one.factors:
        if e == 1:
            yield ("factor", factor), _factor_handle(factor)
    if len(one.factors) == 1 and one.factors[0][1] == 1:
        letters = one.factors[0][0]
        for k in range(1, len(letters)):
            yield ("first", letters[:k]), _chain_handle(letters[:k], True)
            yield ("last", letters[-k:]), _chain_handle(letters[-k:], False)
    if one.factors:
        for scalar, e in one.scalars:
            yield ("scalar", scalar, e), _scalar_handle(scalar, e)
        if abs(one.coefficient) != 1:
            yield ("number", abs(one.coefficient)), _number_handle(abs(one.coefficient))
    for letter in _linear(one):
        yield ("linear", _around(letter)), _linear_handle(letter)


def _factor_handle(factor: Chain) -> Handle:
    unit = Term(Fraction(1), (), ((factor, Fraction(1)),))

    def around(inside: list[Term]) -> Term:
        if len(inside) == 1:
            return multiplied(unit, inside[0])
        if all(not t.factors for t in inside):
            return multiplied(unit, Term(Fraction(1), ((written(inside), Fraction(1)),)))
        return multiplied(unit, Term(Fraction(1), (), (((written(inside),), Fraction(1)),)))

    return Handle(
        len(factor),
        lambda t: dict(t.factors).get(factor, 0) >= 1,
        lambda t: _divided(t, unit),
        around,
    )


def _scalar_handle(scalar: Expression, exponent: Fraction) -> Handle:
    unit = Term(Fraction(1), ((scalar, exponent),))

    def around(inside: list[Term]) -> Term:
        if len(inside) == 1:
            return multiplied(unit, inside[0])
        return multiplied(unit, Term(Fraction(1), (), (((written(inside),), Fraction(1)),)))

    return Handle(
        0,
        lambda t: bool(t.factors) and dict(t.scalars).get(scalar) == exponent,
        lambda t: _divided(t, unit),
        around,
    )


def _number_handle(size: Fraction) -> Handle:
    unit = Term(size)

    def around(inside: list[Term]) -> Term:
        if len(inside) == 1:
            return multiplied(unit, inside[0])
        return multiplied(unit, Term(Fraction(1), (), (((written(inside),), Fraction(1)),)))

    return Handle(
        0,
        lambda t: bool(t.factors) and abs(t.coefficient) == size,
        lambda t: _divided(t, unit),
        around,
    )


LINEAR = frozenset({"sum", "mean", "trace"})


def _linear(one: Term) -> Iterator[tree.Call]:
    """A sum or mean that is all of a term but for its coefficient."""
    parts = [(s, e) for s, e in one.scalars] + [(f[0], e) for f, e in one.factors if len(f) == 1]
    if len(parts) != 1 or len(one.scalars) + len(one.factors) != 1:
        return
    letter, exponent = parts[0]
    if exponent == 1 and isinstance(letter, tree.Call) and letter.function.id in LINEAR:
        yield letter


def _around(letter: tree.Call) -> tree.Call:
    """What a call is but for its argument."""
    return replace(letter, arguments=())


def _linear_handle(letter: tree.Call) -> Handle:
    """`mean(a) - mean(b)` is `mean(a - b)`."""
    outside = _around(letter)

    def holds(t: Term) -> bool:
        return any(_around(found) == outside for found in _linear(t))

    def without(t: Term) -> Term:
        (found,) = _linear(t)
        return Term(t.coefficient, (), tuple(entrywise_factors(found.arguments[0])))

    def around(inside: list[Term]) -> Term:
        made = ((replace(letter, arguments=(written(inside),)),), Fraction(1))
        return Term(Fraction(1), (), (made,))

    return Handle(1, holds, without, around)


def _chain_handle(part: Chain, first: bool) -> Handle:
    """The first or the last letters of a chain that is all of its term but for scalars."""
    size = len(part)

    def letters(t: Term) -> Chain:
        return t.factors[0][0] if len(t.factors) == 1 and t.factors[0][1] == 1 else ()

    def holds(t: Term) -> bool:
        own = letters(t)
        return len(own) > size and (own[:size] if first else own[-size:]) == part

    def without(t: Term) -> Term:
        own = letters(t)
        rest = own[size:] if first else own[:-size]
        if len(rest) == 1:
            return replace(t, factors=tuple(entrywise_factors(rest[0])))
        return replace(t, factors=((rest, Fraction(1)),))

    def around(inside: list[Term]) -> Term:
        if len(inside) == 1 and len(inside[0].factors) == 1 and inside[0].factors[0][1] == 1:
            one = inside[0]
            rest = one.factors[0][0]
        elif len(inside) == 1:
            bare = replace(inside[0], coefficient=Fraction(1), scalars=())
            one, rest = inside[0], (written([bare]),)
        else:
            one, rest = UNIT, (written(inside),)
        whole = (*part, *rest) if first else (*rest, *part)
        return replace(one, factors=((whole, Fraction(1)),))

    return Handle(size + 1, holds, without, around)


def entrywise_factors(letter: Expression) -> Iterator[tuple[Chain, Fraction]]:
    """The factors of a letter that is an entrywise product of tensors."""
    match letter:
        case tree.Binary(op="*", left=left, right=right):
            yield from entrywise_factors(left)
            yield from entrywise_factors(right)
        case tree.Binary(op="^", left=base, right=tree.Number(value=value)):
            yield (base,), value
        case _:
            yield trees.letters_of(letter), Fraction(1)
