"""Logarithms of sums of exponentials as they are computed: by the largest exponent."""

from collections.abc import Sequence
from fractions import Fraction

from derive.compile.algebra import Algebra
from derive.compile.node import Use, arguments
from derive.compile.rebuilding import Rebuilding, raw_product, raw_sum
from derive.compile.terms import (
    ONE,
    argument,
    exponents,
    is_call,
    make_product,
    make_sum,
    term_of,
    terms,
)
from derive.model.scalar import IndexVariable


def stable(
    passing: Rebuilding, use: Use, fresh: tuple[Use, ...], inner: tuple[IndexVariable, ...]
) -> Use | None:
    """The rule of the pass: logarithms of sums, and exponentials that hold one."""
    algebra = passing.algebra
    match use.node.kind:
        case "lse":
            peak, total = _peak_and_total(algebra, use, fresh, inner)
            log = algebra.graph.make("call", ("log",), [total], total.labels)
            return raw_sum(algebra, iter([(peak, ONE), (log, ONE)]))
        case "call" if is_call(use, "exp"):
            return _quotient(passing, use)
        case "call" if is_call(use, "softplus"):
            (x,) = fresh
            small = algebra.graph.make("call", ("exp",), [_minus_abs(algebra, x)], x.labels)
            rest = algebra.graph.make("call", ("log1p",), [small], small.labels)
            above = algebra.graph.make("call", ("max",), [x, algebra.number(0)], x.labels)
            return make_sum(algebra.graph, {term_of({above: ONE}): ONE, term_of({rest: ONE}): ONE})
    if use.node.kind == "mono":
        pairs = [
            p for pair in zip(fresh, exponents(use), strict=True) for p in _roots(algebra, pair)
        ]
        return raw_product(algebra, iter(pairs))
    if use.node.kind == "lin":
        return raw_sum(algebra, zip(fresh, exponents(use), strict=True))
    return None


def _roots(algebra: Algebra, pair: tuple[Use, Fraction]) -> list[tuple[Use, Fraction]]:
    """u^(-3/2) = u^(-1/2) / u: so that a root is taken once."""
    use, e = pair
    if e.denominator != 2:
        return [pair]
    half = Fraction(1, 2) if e > 0 else Fraction(-1, 2)
    root = make_product(algebra.graph, {use: half})
    return [(root, ONE), *([(use, e - half)] if e != half else [])]


def _minus_abs(algebra: Algebra, x: Use) -> Use:
    size = algebra.graph.make("call", ("abs",), [x], x.labels)
    return make_sum(algebra.graph, {term_of({size: ONE}): -ONE})


def _peak_and_total(
    algebra: Algebra, use: Use, fresh: Sequence[Use], inner: Sequence[IndexVariable]
) -> tuple[Use, Use]:
    """The largest exponent, and the sum of the exponentials of what is left of the exponents."""
    exponent = fresh[0]
    own = [label for label in inner if label in exponent.labels]
    out = [label for label in exponent.labels if label not in own]
    peak = algebra.graph.make("fold", ("max",), [exponent], out, own)
    powers = _powers(algebra, exponent, peak)
    total = algebra.contract([powers, *fresh[1:]], use.labels, inner)
    return peak, total


def _powers(algebra: Algebra, exponent: Use, peak: Use) -> Use:
    below_peak = raw_sum(algebra, iter([(exponent, ONE), (peak, -ONE)]))
    return algebra.graph.make("call", ("exp",), [below_peak], below_peak.labels)


def _quotient(passing: Rebuilding, use: Use) -> Use | None:
    """exp(a - lse(a)) = exp(a - peak) / total; 1 / (1 + exp(u)) where that is all there is."""
    algebra = passing.algebra
    inside = terms(argument(use))
    for term, coefficient in inside.items():
        if len(term) != 1 or term[0][1] != 1 or coefficient != -1:
            continue
        log = term[0][0]
        if log.node.kind == "lse":
            parts = {t: c for t, c in inside.items() if t != term}
            rest = make_sum(algebra.graph, parts)
            exponents_, inner = arguments(log)
            if not _same_up_to(rest, exponents_[0], inner) or rest.node not in passing.new:
                continue
            fresh = [passing.at(u) for u in exponents_]
            peak, total = _peak_and_total(algebra, log, fresh, inner)
            powers = _powers(algebra, passing.at(rest), peak)
            return make_product(algebra.graph, {powers: ONE, total: -ONE})
        if is_call(log, "softplus") and len(inside) == 1:
            return _logistic(passing, argument(log), log)
    return None


def _logistic(passing: Rebuilding, x: Use, log: Use) -> Use:
    """exp(-softplus(x)), by a softplus that is there, or as 1 / (1 + exp(x))."""
    algebra = passing.algebra
    graph = algebra.graph
    mirrored = algebra.apply("softplus", algebra.times(x, -1))
    if passing.counts.get(log.node, 0) > 1 and log.node in passing.new:
        minus = make_sum(graph, {term_of({passing.at(log): ONE}): -ONE})
        return graph.make("call", ("exp",), [minus], minus.labels)
    if mirrored.node in passing.counts:
        left = passing.at(argument(mirrored)) if argument(mirrored).node in passing.new else None
        if left is not None and mirrored.node in passing.new:
            both = raw_sum(algebra, iter([(left, ONE), (passing.at(mirrored), -ONE)]))
            return graph.make("call", ("exp",), [both], both.labels)
    inner = passing.at(x) if x.node in passing.new else x
    return graph.make("call", ("logistic",), [inner], inner.labels)


def _same_up_to(use: Use, other: Use, inner: Sequence[IndexVariable]) -> bool:
    """Whether two uses are one array with the same labels, but for those that are reduced."""
    return use.node is other.node and all(
        a is b or b in inner for a, b in zip(use.labels, other.labels, strict=True)
    )
