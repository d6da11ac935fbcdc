"""Moments of the laws: E[x^n] in terms of the parameters, exactly.

Sources: Johnson, Kotz and Kemp, Univariate Discrete Distributions; Johnson, Kotz and Balakrishnan,
Continuous Univariate Distributions.
"""

from collections.abc import Callable
from fractions import Fraction
from math import comb, factorial

from derive.calculus.algebra import Algebra
from derive.calculus.powers import number_power
from derive.calculus.products import NotExact
from derive.calculus.term import ONE, ZERO, Atom, Poly, add, of_atom

MOST = 16


def normal(algebra: Algebra, parameters: tuple[Poly, ...], n: int) -> Poly:
    """m_n = mean m_(n-1) + (n-1) variance m_(n-2)."""
    mean, variance = parameters
    before, current = ZERO, ONE
    for k in range(n):
        grown = algebra.multiply(variance, before).scaled(k)
        before, current = current, add((algebra.multiply(mean, current), grown))
    return current


def uniform(algebra: Algebra, parameters: tuple[Poly, ...], n: int) -> Poly:
    """(b^(n+1) - a^(n+1))/((n+1)(b-a)) = sum_j a^j b^(n-j)/(n+1)."""
    low, high = parameters
    parts = (
        algebra.multiply(algebra.power(low, j), algebra.power(high, n - j)) for j in range(n + 1)
    )
    return add(parts).scaled(Fraction(1, n + 1))


def bernoulli(algebra: Algebra, parameters: tuple[Poly, ...], n: int) -> Poly:
    """A power of 0 or 1 is itself."""
    return parameters[0] if n else ONE


def exponential(algebra: Algebra, parameters: tuple[Poly, ...], n: int) -> Poly:
    """n!/rate^n."""
    return algebra.raised(parameters[0], -n).scaled(factorial(n)) if n else ONE


def poisson(algebra: Algebra, parameters: tuple[Poly, ...], n: int) -> Poly:
    """m_(n+1) = mean sum_k C(n, k) m_k (Touchard's polynomials)."""
    moments = [ONE]
    for k in range(n):
        total = add(moments[j].scaled(comb(k, j)) for j in range(k + 1))
        moments.append(algebra.multiply(parameters[0], total))
    return moments[n]


def moments(algebra: Algebra, parameters: tuple[Poly, ...], n: int) -> Poly:
    """Of a law of which only the mean, or the mean and the variance, are given."""
    if n > len(parameters):
        what = {2: "variance", 3: "third moment"}.get(n, f"moment of order {n}")
        raise NotExact(f"it depends on the {what} of a random tensor, which is not given")
    if n == 2:
        return add((parameters[1], algebra.power(parameters[0], 2)))
    return parameters[0] if n else ONE


MOMENTS: dict[str, Callable[[Algebra, tuple[Poly, ...], int], Poly]] = {
    "normal": normal,
    "uniform": uniform,
    "bernoulli": bernoulli,
    "exponential": exponential,
    "poisson": poisson,
    "moments": moments,
}
"""All laws of `model.laws.KINDS` but `categorical`, whose means are sums over its places."""


def absolute_moment(algebra: Algebra, variance: Poly, n: int) -> Poly:
    """E|x|^n of a normal x of mean zero: s^n 2^(n/2) Gamma((n+1)/2)/sqrt(pi), s^2 the variance."""
    scale = algebra.raised(variance, Fraction(n, 2))
    if n % 2 == 0:
        return scale.scaled(factorial(n) // (2 ** (n // 2) * factorial(n // 2)))
    root = of_atom(Atom("const", ("pi",)), Fraction(-1, 2))
    half = n // 2
    return algebra.product((scale, root, number_power(2, Fraction(1, 2)))).scaled(
        2**half * factorial(half)
    )
