"""From the graph as derived to the graph as computed.

Three passes, each of which rebuilds what the outputs need: logarithms of sums become maxima and
sums of bounded exponentials (`stable`); products that are used once join the sum or product that
uses them (`joined`); sums of products of many factors are taken in pairs, in the cheapest order
(`paired`).
"""

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import combinations

from derive.compile.adjoint import below
from derive.compile.algebra import Algebra
from derive.compile.node import Node, Use, arguments, fresh_use, relabelled, union
from derive.compile.terms import (
    ONE,
    Term,
    argument,
    exponents,
    factors,
    is_call,
    make_product,
    make_sum,
    term_of,
    terms,
)
from derive.model.scalar import IndexVariable

Rule = Callable[["Rebuilding", Use, tuple[Use, ...], tuple[IndexVariable, ...]], Use | None]


class Rebuilding:
    """Rebuilds nodes bottom up. `rule` gives what stands for a use, or None for the same kind."""

    def __init__(
        self, algebra: Algebra, outputs: Sequence[Node], rule: Rule, titles: dict[Node, str]
    ) -> None:
        self.algebra = algebra
        self.new: dict[Node, tuple[tuple[IndexVariable, ...], Use]] = {}
        self.counts: dict[Node, int] = {}
        self.users: dict[Node, list[Node]] = {}
        self.outputs = set(outputs)
        self._absorbed: dict[Node, bool] = {}
        self.made: dict[Node, int] = {}
        nodes = sorted({n for out in outputs for n in below(out)}, key=lambda n: n.serial)
        self.nodes = nodes
        for out in outputs:
            self.counts[out] = self.counts.get(out, 0) + 1
        for node in nodes:
            for inner, _ in node.args:
                self.counts[inner] = self.counts.get(inner, 0) + 1
                self.users.setdefault(inner, []).append(node)
        for node in nodes:
            use = fresh_use(node)
            inside, reduced = arguments(use)
            fresh = tuple(map(self.at, inside))
            made = rule(self, use, fresh, reduced)
            if made is None:
                made = self.algebra.graph.make(node.kind, node.head, fresh, use.labels, reduced)
            self.new[node] = (use.labels, made)
            self.made[made.node] = self.made.get(made.node, 0) + self.counts[node]
            if node in titles and made.labels == use.labels:
                titles.setdefault(made.node, titles[node])

    def at(self, use: Use) -> Use:
        """What stands for a use of an old node."""
        labels, made = self.new[use.node]
        return relabelled(made, dict(zip(labels, use.labels, strict=True)))

    def once(self, use: Use) -> bool:
        """Whether an old node is used once."""
        return self.counts[use.node] == 1

    def absorbed(self, node: Node) -> bool:
        """Whether all uses of an old node are sums of products, which can take its factors."""
        if node not in self._absorbed:
            self._absorbed[node] = node not in self.outputs and all(
                user.kind == "contract"
                or (
                    self.counts[user] == 1
                    and (user.kind == "mono" or _is_cheap_by_terms(fresh_use(user)))
                    and self.absorbed(user)
                )
                for user in self.users.get(node, [])
            )
        return self._absorbed[node]


def tidied(algebra: Algebra, outputs: Sequence[Use], titles: dict[Node, str]) -> list[Use]:
    """The outputs, as they are to be computed. What stands for a node takes over its title."""
    for rule in (_stable, _joined, _paired):
        rebuilding = Rebuilding(algebra, [use.node for use in outputs], rule, titles)
        outputs = [rebuilding.at(use) for use in outputs]
    return list(outputs)


# --- stable ------------------------------------------------------------------------------------


def _stable(
    passing: Rebuilding, use: Use, fresh: tuple[Use, ...], inner: tuple[IndexVariable, ...]
) -> Use | None:
    algebra = passing.algebra
    match use.node.kind:
        case "lse":
            peak, total = _peak_and_total(algebra, use, fresh, inner)
            log = algebra.graph.make("call", ("log",), [total], total.labels)
            return _raw_sum(algebra, iter([(peak, ONE), (log, ONE)]))
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
        return _raw_product(algebra, iter(pairs))
    if use.node.kind == "lin":
        return _raw_sum(algebra, zip(fresh, exponents(use), strict=True))
    return None


def _roots(algebra: Algebra, pair: tuple[Use, Fraction]) -> list[tuple[Use, Fraction]]:
    """u^(-3/2) = u^(-1/2) / u: so that a root is taken once."""
    use, e = pair
    if e.denominator != 2:
        return [pair]
    half = Fraction(1, 2) if e > 0 else Fraction(-1, 2)
    root = make_product(algebra.graph, {use: half})
    return [(root, ONE), *([(use, e - half)] if e != half else [])]


def _raw_product(algebra: Algebra, pairs: Iterator[tuple[Use, Fraction]]) -> Use:
    found: dict[Use, Fraction] = {}
    for use, e in pairs:
        found[use] = found.get(use, Fraction(0)) + e
    return make_product(algebra.graph, found)


def _raw_sum(algebra: Algebra, pairs: Iterator[tuple[Use, Fraction]]) -> Use:
    kept: dict[Term, Fraction] = {}
    for use, c in pairs:
        term = term_of({use: ONE}) if use.node.kind == "lin" else term_of(factors(use))
        kept[term] = kept.get(term, Fraction(0)) + c
    return make_sum(algebra.graph, kept)


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
    below_peak = _raw_sum(algebra, iter([(exponent, ONE), (peak, -ONE)]))
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
            both = _raw_sum(algebra, iter([(left, ONE), (passing.at(mirrored), -ONE)]))
            return graph.make("call", ("exp",), [both], both.labels)
    inner = passing.at(x) if x.node in passing.new else x
    return graph.make("call", ("logistic",), [inner], inner.labels)


def _same_up_to(use: Use, other: Use, inner: Sequence[IndexVariable]) -> bool:
    """Whether two uses are one array with the same labels, but for those that are reduced."""
    return use.node is other.node and all(
        a is b or b in inner for a, b in zip(use.labels, other.labels, strict=True)
    )


# --- joined ------------------------------------------------------------------------------------


def _joined(
    passing: Rebuilding, use: Use, fresh: tuple[Use, ...], inner: tuple[IndexVariable, ...]
) -> Use | None:
    algebra = passing.algebra
    inside = arguments(use)[0]
    match use.node.kind:
        case "mono":
            found: dict[Use, Fraction] = {}
            for old, made, e in zip(inside, fresh, exponents(use), strict=True):
                opens = passing.once(old) and (e.denominator == 1 or made.node.kind != "mono")
                for u, k in (factors(made) if opens else {made: ONE}).items():
                    found[u] = found.get(u, Fraction(0)) + k * e
            return _rectified(algebra, {u: e for u, e in found.items() if e})
        case "contract":
            parts = [
                part
                for old, made in zip(inside, fresh, strict=True)
                for part in _opened(algebra, made, passing.once(old), passing.absorbed(old.node))
            ]
            return _by_terms(passing, parts, use.labels, inner)
        case "lin":
            return _raw_sum(algebra, zip(fresh, exponents(use), strict=True))
    return None


def _opened(algebra: Algebra, use: Use, once: bool, absorbed: bool) -> list[Use]:
    """The factors of a product that need not be formed before it is summed."""
    if use.node.kind != "mono":
        return [use]
    found = factors(use)
    ranks = sorted(len(u.labels) for u in found)
    tapers = len(ranks) > 1 and 0 < ranks[-2] < ranks[-1] == len(use.labels)
    if not once and not (tapers and absorbed):
        return [use]
    parts: list[Use] = []
    for u, e in found.items():
        parts += [u, u] if e == 2 else [make_product(algebra.graph, {u: e})]
    return parts


def _by_terms(
    passing: Rebuilding,
    parts: list[Use],
    out: Sequence[IndexVariable],
    inner: Sequence[IndexVariable],
) -> Use:
    """A contraction; with a sum of one long and some short terms that is used once, by terms."""
    algebra = passing.algebra
    for k, part in enumerate(parts):
        if len(parts) > 1 and passing.made.get(part.node) == 1 and _is_cheap_by_terms(part):
            others = [p for j, p in enumerate(parts) if j != k]
            total = [
                (algebra.contract([*others, *_factor_list(algebra, t)], out, inner), c)
                for t, c in terms(part).items()
            ]
            return _raw_sum(algebra, iter(total))
    return algebra.contract(parts, out, inner)


def _factor_list(algebra: Algebra, term: Term) -> list[Use]:
    found: list[Use] = []
    for u, e in term:
        if e == 1 and u.node.kind == "mono":
            found += _factor_list(algebra, term_of(factors(u)))
        else:
            found.append(make_product(algebra.graph, {u: e}))
    return found


def _is_cheap_by_terms(use: Use) -> bool:
    """No differences, which could cancel, and no term that takes a pass of its own."""
    if use.node.kind != "lin":
        return False
    rank = len(use.labels)
    found = terms(use)
    longest = [sum(len(u.labels) == rank for u in _leaves(dict(t))) for t in found]
    return (
        len(found) > 1
        and all(c > 0 for c in found.values())
        and max(longest) <= 1
        and min(longest) == 0
    )


def _leaves(found: dict[Use, Fraction]) -> Iterator[Use]:
    for use, e in found.items():
        if e == 1 and use.node.kind == "mono":
            yield from _leaves(factors(use))
        else:
            yield use


def _rectified(algebra: Algebra, found: dict[Use, Fraction]) -> Use:
    """X [x > 0] = max(x, 0)."""
    for use, e in found.items():
        if e != 1 or not is_call(use, "lt"):
            continue
        low, high = arguments(use)[0]
        if low.node.kind == "lin" and not low.node.args and found.get(high) == 1:
            rest = {u: k for u, k in found.items() if u not in (use, high)}
            zero = algebra.number(0)
            above = algebra.graph.make("call", ("max",), [high, zero], high.labels)
            return _rectified(algebra, {**rest, above: ONE})
    return make_product(algebra.graph, found)


# --- paired ------------------------------------------------------------------------------------

_SIZE = 100.0  # of a dimension, where the order of a contraction is chosen


def _paired(
    passing: Rebuilding, use: Use, fresh: tuple[Use, ...], inner: tuple[IndexVariable, ...]
) -> Use | None:
    algebra = passing.algebra
    if use.node.kind in ("mono", "lin"):
        raw = _raw_product if use.node.kind == "mono" else _raw_sum
        return raw(algebra, zip(fresh, exponents(use), strict=True))
    if use.node.kind != "contract":
        return None
    parts = list(fresh)
    for k, part in enumerate(parts):
        others = {label for j, p in enumerate(parts) if j != k for label in p.labels}
        alone = [label for label in inner if label in part.labels and label not in others]
        if alone and len(parts) > 1:
            kept = [label for label in part.labels if label not in alone]
            parts[k] = algebra.graph.make("contract", (), [part], kept, alone)
    while len(parts) > 2:
        i, j = min(combinations(range(len(parts)), 2), key=lambda ij: _cost(parts, ij, use))
        joined = _pair(algebra, parts, i, j, use)
        parts = [p for k, p in enumerate(parts) if k not in (i, j)] + [joined]
    left = [label for label in inner if any(label in p.labels for p in parts)]
    if not left:
        return _raw_product(algebra, ((p, ONE) for p in parts))
    return algebra.graph.make("contract", (), parts, use.labels, left)


def _gone(parts: list[Use], i: int, j: int, use: Use) -> list[IndexVariable]:
    """The labels that a pair can sum: those in no other factor and not in the result."""
    others = {label for k, p in enumerate(parts) if k not in (i, j) for label in p.labels}
    both = union([parts[i], parts[j]])
    return [label for label in both if label not in others and label not in use.labels]


def _cost(parts: list[Use], pair: tuple[int, int], use: Use) -> tuple[float, float]:
    i, j = pair
    both = union([parts[i], parts[j]])
    gone = _gone(parts, i, j, use)
    left = len(both) - len(gone)
    work = _SIZE ** len(both) * (0.1 if gone else 1.0) + _SIZE**left
    alike = set(parts[i].labels) == set(parts[j].labels)
    return work, 0.0 if alike else 1.0


def _pair(algebra: Algebra, parts: list[Use], i: int, j: int, use: Use) -> Use:
    gone = _gone(parts, i, j, use)
    pair = sorted((parts[i], parts[j]), key=lambda u: u.node.serial)
    if not gone:
        return _raw_product(algebra, ((p, ONE) for p in pair))
    out = [label for label in union(pair) if label not in gone]
    return algebra.graph.make("contract", (), pair, out, gone)
