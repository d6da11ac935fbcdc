"""Exact arithmetic of dimensions: polynomials with integer coefficients in the names of `dims`.

Two dimensions are *equal* when their polynomials are; `n` and `d` are never taken to be equal,
though a particular point may give both the size 3.
"""

from collections.abc import Mapping
from dataclasses import dataclass

Monomial = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Dim:
    """A polynomial; `terms` maps sorted products of names to non-zero integers, sorted."""

    terms: tuple[tuple[Monomial, int], ...]

    @staticmethod
    def of(value: int) -> "Dim":
        """The constant `value`."""
        return Dim((((), value),)) if value else Dim(())

    @staticmethod
    def symbol(name: str) -> "Dim":
        """The dimension called `name`."""
        return Dim((((name,), 1),))

    @property
    def names(self) -> frozenset[str]:
        """The names that occur."""
        return frozenset(name for monomial, _ in self.terms for name in monomial)

    @property
    def constant(self) -> int | None:
        """The number, where this is one."""
        if not self.terms:
            return 0
        if self.terms[0][0] == () and len(self.terms) == 1:
            return self.terms[0][1]
        return None

    def value(self, sizes: Mapping[str, int]) -> int:
        """The number at given sizes. Raises KeyError where a name has none."""
        total = 0
        for monomial, coefficient in self.terms:
            for name in monomial:
                coefficient *= sizes[name]
            total += coefficient
        return total

    def substitute(self, dims: Mapping[str, "Dim"]) -> "Dim":
        """The polynomial with some names replaced."""
        total = Dim(())
        for monomial, coefficient in self.terms:
            product = Dim.of(coefficient)
            for name in monomial:
                product = product * dims.get(name, Dim.symbol(name))
            total = total + product
        return total

    def __add__(self, other: "Dim") -> "Dim":
        if not other.terms:
            return self
        if not self.terms:
            return other
        return _collect([*self.terms, *other.terms])

    def __neg__(self) -> "Dim":
        return Dim(tuple((monomial, -coefficient) for monomial, coefficient in self.terms))

    def __sub__(self, other: "Dim") -> "Dim":
        return self + -other

    def __mul__(self, other: "Dim") -> "Dim":
        if self == ONE:
            return other
        if other == ONE:
            return self
        return _collect(
            [
                (tuple(sorted((*left, *right))), a * b)
                for left, a in self.terms
                for right, b in other.terms
            ]
        )

    def __str__(self) -> str:
        text = ""
        for monomial, coefficient in sorted(self.terms, key=lambda term: (-len(term[0]), term[0])):
            sign = "-" if coefficient < 0 else "+"
            size = abs(coefficient)
            body = "*".join(([str(size)] if size != 1 or not monomial else []) + list(monomial))
            text = f"{text}{sign}{body}" if text or sign == "-" else body
        return text or "0"


def _collect(terms: list[tuple[Monomial, int]]) -> Dim:
    """The sum of `terms`, like monomials joined and zeros dropped."""
    total: dict[Monomial, int] = {}
    for monomial, coefficient in terms:
        total[monomial] = total.get(monomial, 0) + coefficient
    return Dim(tuple(sorted((m, c) for m, c in total.items() if c)))


ZERO = Dim.of(0)
ONE = Dim.of(1)
