"""Products of scalars, entrywise factors and matrix chains, and how they are written.

A `Term` is `coefficient * scalars * factors`. A factor is a chain of letters, multiplied by `@`;
one letter is a tensor by itself.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction

from derive.calculus import trees
from derive.syntax import tree
from derive.syntax.show import show
from derive.syntax.tree import Expression

Chain = tuple[Expression, ...]
Powers = dict[Expression, Fraction]
Factors = dict[Chain, Fraction]


@dataclass(frozen=True, slots=True)
class Term:
    """A product. The key of a factor is a chain, that of a scalar an expression."""

    coefficient: Fraction
    scalars: tuple[tuple[Expression, Fraction], ...] = ()
    factors: tuple[tuple[Chain, Fraction], ...] = ()


def term(coefficient: Fraction | int, scalars: Powers, factors: Factors) -> Term:
    """A term from maps, without what is to the power of zero."""
    return Term(
        Fraction(coefficient),
        tuple((s, e) for s, e in scalars.items() if e),
        tuple((f, e) for f, e in factors.items() if e),
    )


def multiplied(first: Term, second: Term) -> Term:
    """The product of two terms of the same axes."""
    scalars, factors = dict(first.scalars), dict(first.factors)
    for scalar, e in second.scalars:
        scalars[scalar] = scalars.get(scalar, Fraction(0)) + e
    for factor, e in second.factors:
        factors[factor] = factors.get(factor, Fraction(0)) + e
    return term(first.coefficient * second.coefficient, scalars, factors)


def joined(terms: Iterable[Term]) -> list[Term]:
    """Equal terms together."""
    total: dict[tuple[frozenset[object], frozenset[object]], Term] = {}
    for one in terms:
        key = (frozenset(one.scalars), frozenset(one.factors))
        before = total.get(key)
        value = one.coefficient + (before.coefficient if before else 0)
        total[key] = replace(before or one, coefficient=value)
    return [one for one in total.values() if one.coefficient]


def written(terms: list[Term]) -> Expression:
    """A sum as it stands, a positive term first."""
    if not terms:
        return trees.ZERO
    if len(terms) > 1 and all(t.coefficient < 0 for t in terms):
        turned = [oriented(t, True) for t in terms]
        if any(t.coefficient > 0 for t in turned):
            return written(turned)
        return trees.negative(written([replace(t, coefficient=-t.coefficient) for t in terms]))
    if len(terms) > 1 and all(len(t.factors) == 1 and t.factors[0][1] == 1 for t in terms):
        turned = [_turned(t) for t in terms]
        if _transposes(turned) + 1 < _transposes(terms):
            return trees.transpose(written(turned))
    parts = [_term(t, len(terms) == 1) for t in terms]
    if len(parts) > 1:
        parts.sort(key=reading_order)
    total = parts[0]
    for part in parts[1:]:
        total = trees.plus(total, part)
    return total


def _turned(one: Term) -> Term:
    """The transpose of a term that is one chain."""
    turned = tuple(map(trees.transpose, reversed(one.factors[0][0])))
    return replace(one, factors=((turned, Fraction(1)),))


def _transposes(terms: list[Term]) -> int:
    """The number of letters that are turned."""
    return sum(isinstance(letter, tree.Transpose) for t in terms for letter in t.factors[0][0])


def reading_order(part: Expression) -> tuple[bool, bool, int, str]:
    """Terms that are added, the shorter first, a number last; then terms that are subtracted."""
    text = show(part)
    return isinstance(part, tree.Negative), isinstance(part, tree.Number), len(text), text


def factor_order(part: Expression) -> tuple[int, str]:
    """Numbers, names, what is computed, indicators, sums."""
    kinds = (tree.Number, tree.Name | tree.Subscript, tree.Binary, tree.Call, tree.Indicator)
    rank = next((k for k, kind in enumerate(kinds) if isinstance(part, kind)), len(kinds))
    return rank, show(part)


def oriented(one: Term, alone: bool) -> Term:
    """Differences in the order in which they are written, where that leaves no minus sign.

    A number stands first, `1 - p`; `-(a - b)` is `b - a`.
    """
    sign, parts, plain = 1, [], None
    letters = [*one.scalars, *((letter, e) for f, e in one.factors for letter in f)]
    for letter, e in letters:
        other = trees.opposite(letter) if e.denominator == 1 and e % 2 else None
        if other is None or not isinstance(letter, tree.Binary):
            continue
        if isinstance(letter.right, tree.Number):
            parts.append(letter)
            sign = -sign
        elif not isinstance(letter.left, tree.Number):
            plain = plain or letter
    if alone and one.coefficient * sign < 0 and (plain or parts):
        if plain is not None:
            parts.append(plain)
        else:
            parts.pop()
        sign = -sign
    if not parts or (alone and one.coefficient * sign < 0):
        return one

    def turned(letter: Expression) -> Expression:
        return trees.opposite(letter) or letter if letter in parts else letter

    return Term(
        one.coefficient * sign,
        tuple((turned(s), e) for s, e in one.scalars),
        tuple((tuple(map(turned, f)), e) for f, e in one.factors),
    )


def _term(one: Term, alone: bool) -> Expression:
    """One product, over what it is divided by."""
    one = oriented(one, alone)
    size = abs(one.coefficient)
    above = [trees.number(size.numerator)] if size.numerator != 1 else []
    below = [trees.number(size.denominator)] if size.denominator != 1 else []
    for scalar, e in sorted(one.scalars, key=lambda part: factor_order(part[0])):
        (above if e > 0 else below).append(trees.power(scalar, abs(e)))
    chains: list[Chain] = []
    for factor, e in sorted(one.factors, key=lambda part: factor_order(part[0][-1])):
        if e == 1 and len(factor) > 1:
            chains.append(factor)
        else:
            (above if e > 0 else below).append(trees.power(trees.chain(factor), abs(e)))
    front = trees.product(above)
    if len(chains) == 1 and not _entrywise(one):
        value = trees.chain(chains[0], front)
    else:
        value = trees.product([front, *map(trees.chain, chains)])
    if below:
        value = trees.over(value, trees.product(below))
    return trees.negative(value) if one.coefficient < 0 else value


def _entrywise(one: Term) -> bool:
    """Some entrywise factor stands beside a chain."""
    return sum(e > 0 for _, e in one.factors) > 1
