"""Powers of polynomials, and the content of one: what all of its terms have in common."""

from collections.abc import Callable
from fractions import Fraction
from math import gcd, lcm

import flint

from derive.calculus.algebra import Algebra, constructs
from derive.calculus.canonical import monomial_signature
from derive.calculus.products import Factors
from derive.calculus.term import (
    ONE,
    UNIT,
    Atom,
    Coefficient,
    Exponent,
    Monomial,
    Poly,
    number,
    of_atom,
    of_monomial,
    tidy,
)

SMALL_PRIMES_END = 100_000


class Undefined(Exception):
    """An expression that has no value anywhere: `1/0`, `sqrt(-1)`, `log(0)`."""


def content(algebra: Algebra, poly: Poly) -> tuple[Poly, Poly]:
    """`poly` as a monomial times a polynomial with whole, coprime exponents and coefficients.

    The first has the common factors, denominators among them, and a positive coefficient.
    """
    common: Factors = {}
    for _ in range(8):
        least = _least_exponents(poly)
        if not least:
            break
        for atom, exponent in least.items():
            common[atom] = tidy(common.get(atom, 0) + exponent)
        poly = algebra.multiply(poly, of_monomial({a: -e for a, e in least.items()}))
    factor = _rational_content(poly)
    return of_monomial({a: e for a, e in common.items() if e}, factor), poly.scaled(
        1 / Fraction(factor)
    )


def cleared(algebra: Algebra, poly: Poly) -> Poly:
    """The polynomial times its denominators: zero where and only where it is.

    Only denominators outside of sums; where they hold, it is defined, so they are not zero.
    """
    for _ in range(6):
        least = {a: e for a, e in _least_exponents(poly).items() if e < 0} if poly.terms else {}
        if not least:
            return poly
        poly = algebra.multiply(poly, of_monomial({a: -e for a, e in least.items()}))
    return poly


def _least_exponents(poly: Poly) -> Factors:
    """The least exponent of each atom over all terms, where it is not zero."""
    least: Factors = {}
    for atom in set(poly.atoms()):
        exponent = min(m.factors.get(atom, 0) for m in poly.terms)
        if exponent:
            least[atom] = exponent
    return least


def _rational_content(poly: Poly) -> Coefficient:
    """The positive rational number by which the coefficients become whole and coprime."""
    values = [Fraction(c) for c in poly.terms.values()]
    above = gcd(*(v.numerator for v in values))
    below = lcm(*(v.denominator for v in values))
    return tidy(Fraction(above, below)) if above else 1


def leading_sign(poly: Poly) -> int:
    """The sign of one of the coefficients, chosen alike for equal polynomials.

    Zero where only the names of indices could tell: `x[i] - x[j]` has no side of its own.
    """
    blank = dict.fromkeys(poly.free, 47)
    shapes = {m: monomial_signature(m, blank) for m in poly.terms}
    largest = max(shapes.values())
    signs = {1 if c > 0 else -1 for m, c in poly.terms.items() if shapes[m] == largest}
    return signs.pop() if len(signs) == 1 else 0


@constructs("pow")
def power(algebra: Algebra, atom: Atom, exponent: Exponent) -> Poly:
    """A base to a negative or fractional power."""
    base = atom.args[0]
    if exponent.denominator == 1 and exponent >= 0:
        return algebra.power(base, int(exponent))
    if not base.terms:
        if exponent > 0:
            return base
        raise Undefined("division by zero")
    constant = base.constant
    if constant is not None:
        return number_power(constant, exponent)
    if base.single is not None:
        return _monomial_power(algebra, base, exponent)
    common, primitive = content(algebra, base)
    if exponent.denominator != 1:
        monomial, factor = common.single or (UNIT, 1)
        outside: Factors = {}
        inside: Factors = {}
        for part, e in monomial.factors.items():
            (outside if algebra.knowledge.is_positive(part) else inside)[part] = e
        if inside:
            primitive = algebra.multiply(primitive, of_monomial(inside))
        outer = _monomial_power(algebra, of_monomial(outside, factor), exponent)
        return algebra.multiply(outer, _base_power(algebra, primitive, exponent))
    if leading_sign(primitive) < 0:
        common, primitive = -common, -primitive
    result = _monomial_power(algebra, common, exponent)
    for irreducible, multiplicity in factors(primitive):
        raised = _base_power(algebra, irreducible, exponent * multiplicity)
        result = algebra.multiply(result, raised)
    return result


def _base_power(algebra: Algebra, base: Poly, exponent: Exponent) -> Poly:
    """A primitive base to a power, as an atom unless it is simpler."""
    if base.single is not None:
        return _monomial_power(algebra, base, exponent)
    return algebra.raised_atom(Atom("pow", (), (), (base,)), exponent)


def _monomial_power(algebra: Algebra, base: Poly, exponent: Exponent) -> Poly:
    """A monomial to a power: factor by factor where that is right for real numbers."""
    single = base.single
    assert single is not None
    monomial, coefficient = single
    if exponent.denominator == 1:
        raised = {a: tidy(e * exponent) for a, e in monomial.factors.items()}
        return algebra.contract(raised, Fraction(coefficient) ** int(exponent))
    result = ONE
    rest: Factors = {}
    for atom, e in monomial.factors.items():
        if algebra.knowledge.is_positive(atom) or (
            algebra.knowledge.is_nonnegative(atom) and exponent > 0
        ):
            result = algebra.multiply(result, algebra.raised_atom(atom, tidy(e * exponent)))
        elif e.denominator == 1 and e % 2 == 0 and (e * exponent).denominator == 1:
            # (a^2)^(1/2) = |a|
            unsigned = absolute(algebra, of_atom(atom))
            result = algebra.multiply(result, algebra.raised(unsigned, tidy(e * exponent)))
        else:
            rest[atom] = e
    if not rest:
        return algebra.multiply(result, number_power(coefficient, exponent))
    if len(rest) == 1 and coefficient > 0:
        ((atom, e),) = rest.items()
        if e.denominator != 1 or e % 2 == 1:  # the power is defined only where the atom is positive
            root = algebra.raised_atom(atom, tidy(e * exponent))
            return algebra.product((result, root, number_power(coefficient, exponent)))
    size = max(coefficient, -coefficient)
    kept = Poly({Monomial(rest): 1 if coefficient > 0 else -1})
    atom = Atom("pow", (), (), (kept,))
    return algebra.product((result, number_power(size, exponent), of_atom(atom, exponent)))


def absolute(algebra: Algebra, poly: Poly) -> Poly:
    """|a| = a sign(a)."""
    if is_nonnegative(algebra, poly):
        return poly
    return algebra.multiply(poly, algebra.construct(Atom("func", ("sign",), (), (poly,))))


def number_power(value: Coefficient, exponent: Exponent) -> Poly:
    """A rational number to a rational power, by its prime factors."""
    if not value:
        if exponent > 0:
            return Poly({})
        raise Undefined("division by zero")
    if exponent.denominator == 1:
        return number(Fraction(value) ** int(exponent))
    if value < 0:
        raise Undefined("a root of a negative number")
    fraction = Fraction(value)
    exponents: dict[int, Exponent] = {}
    for base, sign in ((fraction.numerator, 1), (fraction.denominator, -1)):
        for prime, multiplicity in prime_factors(base).items():
            exponents[prime] = exponents.get(prime, 0) + sign * multiplicity * exponent
    coefficient = Fraction(1)
    roots: Factors = {}
    for prime, e in exponents.items():
        whole = e.__floor__()
        coefficient *= Fraction(prime) ** whole
        if e != whole:
            roots[Atom("const", ("prime", prime))] = e - whole
    return of_monomial(roots, tidy(coefficient))


def prime_factors(value: int) -> dict[int, int]:
    """The prime factors of a positive integer; a large cofactor is left whole."""
    found: dict[int, int] = {}
    prime = 2
    while prime * prime <= value and prime < SMALL_PRIMES_END:
        while value % prime == 0:
            found[prime] = found.get(prime, 0) + 1
            value //= prime
        prime += 1 if prime == 2 else 2
    if value > 1:
        found[value] = found.get(value, 0) + 1
    return found


def factors(poly: Poly) -> list[tuple[Poly, int]]:
    """The irreducible factors of a primitive polynomial with their multiplicities, by FLINT."""
    atoms = sorted(set(poly.atoms()), key=lambda a: a.key)
    whole = all(e.denominator == 1 and e >= 0 for m in poly.terms for e in m.factors.values())
    if not whole or len(poly.terms) > 200:
        return [(poly, 1)]
    names = tuple(f"a{k}" for k in range(len(atoms)))
    context = flint.fmpz_mpoly_ctx.get(names, "lex")
    table = {tuple(int(m.factors.get(a, 0)) for a in atoms): int(c) for m, c in poly.terms.items()}
    constant, parts = context.from_dict(table).factor()
    if len(parts) == 1 and int(parts[0][1]) == 1:
        return [(poly, 1)]
    sign = 1 if constant > 0 else -1
    result: list[tuple[Poly, int]] = []
    for part, multiplicity in parts:
        terms: dict[Monomial, Coefficient] = {
            Monomial({a: int(e) for a, e in zip(atoms, powers, strict=True) if e}): int(c)
            for powers, c in part.to_dict().items()
        }
        factor = Poly(terms)
        if leading_sign(factor) < 0:
            factor = -factor
            sign *= (-1) ** int(multiplicity)
        result.append((factor, int(multiplicity)))
    if sign < 0:
        result.append((number(-1), 1))
    return result


def is_positive(algebra: Algebra, poly: Poly) -> bool:
    """Surely above zero: assumed, or terms that are not negative, one of them positive."""
    if algebra.knowledge.is_assumed(poly, True):
        return True
    return _signs(algebra.knowledge.is_nonnegative, poly) and any(
        c > 0 and all(algebra.knowledge.is_positive(a) for a in m.factors)
        for m, c in poly.terms.items()
    )


def is_nonnegative(algebra: Algebra, poly: Poly) -> bool:
    """Surely not below zero."""
    return algebra.knowledge.is_assumed(poly, False) or _signs(
        algebra.knowledge.is_nonnegative, poly
    )


def _signs(is_nonnegative_atom: Callable[[Atom], bool], poly: Poly) -> bool:
    """Every term is surely not negative. A broken power that is defined is not."""
    return all(
        c > 0
        and all(
            e.denominator != 1 or e % 2 == 0 or is_nonnegative_atom(a) for a, e in m.factors.items()
        )
        for m, c in poly.terms.items()
    )
