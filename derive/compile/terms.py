"""Sums and products of uses: how they are taken apart and put together."""

from collections.abc import Iterable, Mapping
from fractions import Fraction

from derive.compile.node import Graph, Use, arguments, union

Term = tuple[tuple[Use, Fraction], ...]
ONE = Fraction(1)


def factors(use: Use) -> dict[Use, Fraction]:
    """The factors of a product with their exponents; a single one is itself."""
    if use.node.kind == "one":
        return {}
    if use.node.kind == "mono":
        return dict(zip(arguments(use)[0], exponents(use), strict=True))
    return {use: ONE}


def exponents(use: Use) -> tuple[Fraction, ...]:
    """The exponents of a `mono`, the coefficients of a `lin`."""
    return tuple(part for part in use.node.head if isinstance(part, Fraction))


def terms(use: Use) -> dict[Term, Fraction]:
    """The terms of a sum with their coefficients; a single one is itself."""
    if use.node.kind == "lin":
        monomials = arguments(use)[0]
        return {term_of(factors(m)): c for m, c in zip(monomials, exponents(use), strict=True)}
    return {term_of(factors(use)): ONE}


def term_of(found: Mapping[Use, Fraction]) -> Term:
    """A product in canonical order."""
    return tuple(sorted(((u, e) for u, e in found.items() if e), key=_order))


def _order(factor: tuple[Use, Fraction]) -> tuple[int, tuple[int, ...]]:
    use = factor[0]
    return use.node.serial, tuple(label.uid for label in use.labels)


def scaled(use: Use) -> tuple[Fraction, Use | None]:
    """A coefficient and what it multiplies: None where that is a sum, or nothing."""
    if use.node.kind != "lin":
        return ONE, use
    if len(use.node.args) == 1:
        (coefficient,) = exponents(use)
        return coefficient, arguments(use)[0][0]
    return ONE, use if use.node.args else None


def number_of(use: Use) -> Fraction | None:
    """The number, where the use is one."""
    if use.node.kind == "one":
        return ONE
    if use.node.kind == "lin":
        if not use.node.args:
            return Fraction(0)
        if len(use.node.args) == 1 and use.node.args[0][0].kind == "one":
            return exponents(use)[0]
    return None


def make_product(graph: Graph, found: Mapping[Use, Fraction]) -> Use:
    """The `mono` of these factors, as they are."""
    term = term_of(found)
    if not term:
        return graph.one
    if len(term) == 1 and term[0][1] == 1:
        return term[0][0]
    uses = [use for use, _ in term]
    return graph.make("mono", tuple(e for _, e in term), uses, union(uses))


def make_sum(graph: Graph, found: Mapping[Term, Fraction]) -> Use:
    """The `lin` of these terms, as they are."""
    parts = [(make_product(graph, dict(term)), c) for term, c in found.items() if c]
    if len(parts) == 1 and parts[0][1] == 1:
        return parts[0][0]
    parts.sort(key=_order)
    uses = [use for use, _ in parts]
    return graph.make("lin", tuple(c for _, c in parts), uses, union(uses))


def collected(pairs: Iterable[tuple[Term, Fraction]]) -> dict[Term, Fraction]:
    """Like terms joined, zeros dropped."""
    total: dict[Term, Fraction] = {}
    for term, coefficient in pairs:
        total[term] = total.get(term, Fraction(0)) + coefficient
    return {term: c for term, c in total.items() if c}


def is_call(use: Use, *names: str) -> bool:
    """Whether the use is a call of one of these functions."""
    return use.node.kind == "call" and use.node.head[0] in names


def argument(use: Use) -> Use:
    """The first argument."""
    return arguments(use)[0][0]


def is_indicator(use: Use) -> bool:
    """Whether every entry is 0 or 1 by the look of it."""
    if use.node.kind == "mono":
        return all(is_indicator(u) for u in factors(use))
    return is_call(use, "lt", "le", "eq", "ne")
