"""From the graph as derived to the graph as computed.

Three passes, each of which rebuilds what the outputs need: logarithms of sums become maxima and
sums of bounded exponentials (`stable`); products that are used once join the sum or product that
uses them (`joined`); sums of products of many factors are taken in pairs, in the cheapest order
(`paired`).
"""

from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations

from derive.compile.algebra import Algebra
from derive.compile.node import Node, Use, arguments, union
from derive.compile.rebuilding import Rebuilding, is_cheap_by_terms, raw_product, raw_sum
from derive.compile.stable import stable
from derive.compile.terms import (
    ONE,
    Term,
    exponents,
    factors,
    is_call,
    make_product,
    term_of,
    terms,
)
from derive.model.scalar import IndexVariable


def tidied(algebra: Algebra, outputs: Sequence[Use], titles: dict[Node, str]) -> list[Use]:
    """The outputs, as they are to be computed. What stands for a node takes over its title."""
    for rule in (stable, _joined, _paired, _apart):
        rebuilding = Rebuilding(algebra, [use.node for use in outputs], rule, titles)
        outputs = [rebuilding.at(use) for use in outputs]
        algebra.is_stable = True
    return list(outputs)


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
            pairs: list[tuple[Use, Fraction]] = []
            for old, made, c in zip(inside, fresh, exponents(use), strict=True):
                if passing.once(old) and made.node.kind == "lin":
                    more = terms(made).items()
                    pairs += [(make_product(algebra.graph, dict(t)), k * c) for t, k in more]
                else:
                    pairs.append((made, c))
            return raw_sum(algebra, iter(pairs))
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
        if len(parts) > 1 and passing.made.get(part.node) == 1 and is_cheap_by_terms(part):
            others = [p for j, p in enumerate(parts) if j != k]
            total = [
                (algebra.contract([*others, *_factor_list(algebra, t)], out, inner), c)
                for t, c in terms(part).items()
            ]
            return raw_sum(algebra, iter(total))
    return algebra.contract(parts, out, inner)


def _factor_list(algebra: Algebra, term: Term) -> list[Use]:
    found: list[Use] = []
    for u, e in term:
        if e == 1 and u.node.kind == "mono":
            found += _factor_list(algebra, term_of(factors(u)))
        else:
            found.append(make_product(algebra.graph, {u: e}))
    return found


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
        raw = raw_product if use.node.kind == "mono" else raw_sum
        return raw(algebra, zip(fresh, exponents(use), strict=True))
    if is_call(use, "lt"):
        return _above(passing, use, fresh)
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
        return raw_product(algebra, ((p, ONE) for p in parts))
    return algebra.graph.make("contract", (), parts, use.labels, left)


def _above(passing: Rebuilding, use: Use, fresh: tuple[Use, ...]) -> Use | None:
    """[a < x] = [a < max(x, a)] of a shorter a, where that is there: x is not needed for it."""
    graph = passing.algebra.graph
    if len(fresh[0].labels) >= len(fresh[1].labels):
        return None
    for turn in (1, -1):
        old, new = (
            graph.make("call", ("max",), pair[::turn], use.labels)
            for pair in (arguments(use)[0], fresh)
        )
        if old.node in passing.counts:
            return graph.make("call", ("lt",), (fresh[0], new), use.labels)
    return None


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
        return raw_product(algebra, ((p, ONE) for p in pair))
    out = [label for label in union(pair) if label not in gone]
    return algebra.graph.make("contract", (), pair, out, gone)


# --- apart -------------------------------------------------------------------------------------


def _apart(
    passing: Rebuilding, use: Use, fresh: tuple[Use, ...], inner: tuple[IndexVariable, ...]
) -> Use | None:
    """In a step of a loop, what does not change in it is added or multiplied outside."""
    if use.node.kind not in ("mono", "lin"):
        return None
    raw = raw_product if use.node.kind == "mono" else raw_sum
    pairs = list(zip(fresh, exponents(use), strict=True))
    if use.node in passing.in_steps:
        olds = [n for n, _ in use.node.args]
        still = [p for p, n in zip(pairs, olds, strict=True) if n not in passing.in_steps]
        if len(still) > 1 and any(u.labels for u, _ in still):
            moving = [p for p, n in zip(pairs, olds, strict=True) if n in passing.in_steps]
            return raw(passing.algebra, iter([(raw(passing.algebra, iter(still)), ONE), *moving]))
    return raw(passing.algebra, iter(pairs))
