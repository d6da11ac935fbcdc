"""Rules that make sums shorter or keep them from cancelling."""

from fractions import Fraction
from typing import TYPE_CHECKING

from derive.compile.node import Use
from derive.compile.terms import (
    ONE,
    Term,
    argument,
    collected,
    factors,
    is_call,
    scaled,
    term_of,
    terms,
)

if TYPE_CHECKING:
    from derive.compile.algebra import Algebra


def common(found: dict[Term, Fraction]) -> dict[Use, Fraction]:
    """The factors that all terms share, where there are several terms."""
    if len(found) < 2:
        return {}
    first, *others = (dict(term) for term in found)
    common: dict[Use, Fraction] = {}
    for use, exponent in first.items():
        powers = [exponent, *(other.get(use, Fraction(0)) for other in others)]
        least = min(powers, key=abs)
        if least and all(p * least > 0 for p in powers):
            common[use] = least
    return common


def reflected(algebra: "Algebra", found: dict[Term, Fraction]) -> dict[Term, Fraction]:
    """softplus(x) - x = softplus(-x)."""
    for term, coefficient in found.items():
        if len(term) != 1 or term[0][1] != 1 or not is_call(term[0][0], "softplus"):
            continue
        inside = argument(term[0][0])
        less = collected(
            [*found.items(), *((t, c * coefficient) for t, c in terms(inside).items())]
        )
        less_term = collected([*less.items(), (term, -coefficient)])
        if len(less_term) >= len(found):
            continue
        other = algebra.apply("softplus", algebra.times(inside, -1))
        missing = {t for t in terms(inside) if t in less_term}
        if missing:
            continue
        return reflected(
            algebra, collected([*less_term.items(), (term_of(factors(other)), coefficient)])
        )
    return found


def complements(algebra: "Algebra", found: dict[Term, Fraction]) -> dict[Term, Fraction]:
    """1 - exp(-softplus(x)) = exp(-softplus(-x))."""
    whole = found.get(())
    for term, coefficient in found.items():
        if whole is None or coefficient != -whole or len(term) != 1 or term[0][1] != 1:
            continue
        if not is_call(term[0][0], "exp"):
            continue
        c, inner = scaled(argument(term[0][0]))
        if c != -1 or inner is None or not is_call(inner, "softplus"):
            continue
        mirrored = algebra.apply("softplus", algebra.times(argument(inner), -1))
        other = algebra.apply("exp", algebra.times(mirrored, -1))
        rest = {t: k for t, k in found.items() if t not in ((), term)}
        return collected([*rest.items(), (term_of(factors(other)), whole)])
    return found


def one_side(algebra: "Algebra", found: dict[Term, Fraction]) -> dict[Term, Fraction] | None:
    """With softplus(-x) written as softplus(x) - x, where both occur and that is no longer."""
    pluses = {u for term in found for u, _ in term if is_call(u, "softplus")}
    for use in sorted(pluses, key=lambda u: u.node.serial):
        mirrored = algebra.apply("softplus", algebra.times(argument(use), -1))
        if mirrored not in pluses:
            continue
        pairs: list[tuple[Term, Fraction]] = []
        for term, coefficient in found.items():
            if not {use, mirrored} & {u for u, _ in term}:
                pairs.append((term, coefficient))
                continue
            parts = [(u, e) for u, e in term if u != mirrored]
            if len(parts) < len(term):
                instead = {term_of({use: ONE}): ONE}
                instead |= {t: -c for t, c in terms(argument(use)).items()}
                pairs += expanded(parts, coefficient, instead)
            else:
                pairs += expanded(parts, coefficient, {(): ONE})
        new = collected(pairs)
        if len(new) <= len(found):
            return new
    return None


def expanded(
    parts: list[tuple[Use, Fraction]], coefficient: Fraction, more: dict[Term, Fraction]
) -> list[tuple[Term, Fraction]]:
    """A product with its sums multiplied out."""
    result = [(term, c * coefficient) for term, c in more.items()]
    for use, exponent in parts:
        choices = terms(use) if exponent == 1 else {((use, exponent),): ONE}
        result = [
            (joined(left, right), a * b) for left, a in result for right, b in choices.items()
        ]
    return result


def joined(left: Term, right: Term) -> Term:
    """The product of two products."""
    total = dict(left)
    for use, exponent in right:
        total[use] = total.get(use, Fraction(0)) + exponent
    return term_of(total)
