"""Constructors of the graph. They keep sums and products as written, with a few exact rules.

Exponentials are kept in logarithms. A product of exponentials is one; what divides, or is under a
logarithm, is turned into `exp(log ...)` where it is a sum of exponentials: `lse` for a sum over an
index, `softplus(x) = log(1 + exp(x))` for two. So every quotient of exponentials, and every
logarithm of a sum of them, is computed from differences of exponents, which cannot overflow,
whatever the names of the functions in which they were written.
"""

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction

from derive.compile.logarithms import log_of_sum
from derive.compile.node import Graph, NotCompiled, Use, arguments, union
from derive.compile.shorter import common, complements, one_side, reflected
from derive.compile.terms import (
    ONE,
    Term,
    argument,
    collected,
    factors,
    is_call,
    is_indicator,
    make_product,
    make_sum,
    number_of,
    scaled,
    term_of,
    terms,
)
from derive.model.scalar import IndexVariable

Labels = Sequence[IndexVariable]
ZERO = Fraction(0)


class Algebra:
    """Builds uses. `sums_to_one` tells which names have a last axis that sums to one.

    `nonnegative` tells which names have no entry below zero.
    """

    def __init__(
        self, sums_to_one: Callable[[str], bool], nonnegative: Callable[[str], bool]
    ) -> None:
        self.graph = Graph()
        self.one = self.graph.one
        self.sums_to_one = sums_to_one
        self.nonnegative = nonnegative
        self.is_stable = False  # exponentials are as they are to be computed: they stay apart

    def number(self, value: Fraction | int) -> Use:
        """A rational number."""
        return make_sum(self.graph, {(): Fraction(value)} if value else {})

    # --- sums ------------------------------------------------------------------------------------

    def add(self, pairs: Iterable[tuple[Use, Fraction]]) -> Use:
        """The sum of multiples. Sums inside it are opened where that makes it shorter."""
        held: list[tuple[Term, Fraction]] = []
        opened: list[tuple[Term, Fraction]] = []
        for use, coefficient in pairs:
            inner = [(term, c * coefficient) for term, c in terms(use).items()]
            opened += inner
            held += inner if len(inner) < 2 else [(term_of(factors(use)), coefficient)]
        flat, kept = collected(opened), collected(held)
        return self._sum(flat if len(flat) <= len(kept) else kept)

    def plus(self, *uses: Use) -> Use:
        """The sum."""
        return self.add((use, ONE) for use in uses)

    def minus(self, left: Use, right: Use) -> Use:
        """The difference."""
        return self.add(((left, ONE), (right, -ONE)))

    def times(self, use: Use, coefficient: Fraction | int) -> Use:
        """A multiple."""
        return self.add(((use, Fraction(coefficient)),))

    def _sum(self, found: dict[Term, Fraction]) -> Use:
        found = complements(self, reflected(self, found))
        shorter = one_side(self, found)
        if shorter is not None:
            return self._sum(shorter)
        shared = common(found)
        if shared:
            rest = {
                term_of({u: e - shared.get(u, Fraction(0)) for u, e in term}): c
                for term, c in found.items()
            }
            return self.product([*shared.items(), (make_sum(self.graph, rest), ONE)])
        return make_sum(self.graph, found)

    # --- products --------------------------------------------------------------------------------

    def product(self, pairs: Iterable[tuple[Use, Fraction]]) -> Use:
        """The product of powers. Products inside it are opened where their factors meet."""
        coefficient = ONE
        parts: list[tuple[Use, Fraction]] = []
        for use, exponent in pairs:
            c, rest = scaled(use)
            if rest is None and not use.node.args:
                if exponent < 0:
                    raise NotCompiled("a division by zero")
                return self.number(0)
            if rest is None:
                rest = use
            elif c != 1 and exponent.denominator == 1:
                coefficient *= c**exponent.numerator
            elif c != 1:
                rest = use
            parts.append((rest, exponent))
        whole = self._product(parts)
        if coefficient == 1:
            return whole
        c, rest = scaled(whole)
        return make_sum(
            self.graph, {term_of(factors(rest if rest is not None else whole)): c * coefficient}
        )

    def _product(self, parts: list[tuple[Use, Fraction]]) -> Use:
        split: list[dict[Use, Fraction]] = []
        for use, exponent in parts:
            inner = factors(use)
            whole = exponent.denominator == 1 or len(inner) == 1
            if len(inner) == 1 and exponent.denominator != 1 and next(iter(inner.values())) != 1:
                whole = next(iter(inner.values())).denominator != 1  # (x^(1/2))^(1/2)
            split.append({u: e * exponent for u, e in inner.items()} if whole else {use: exponent})
        seen: dict[Use, int] = {}
        for inner in split:
            for use in inner:
                seen[use] = seen.get(use, 0) + 1
        exponentials = sum(any(map(self._is_exponential, inner.items())) for inner in split)
        held: dict[Use, Fraction] = {}
        for (use, exponent), inner in zip(parts, split, strict=True):
            meets = any(seen[u] > 1 for u in inner)
            meets = meets or (exponentials > 1 and any(is_call(u, "exp") for u in inner))
            whole = exponent == 1 and len(inner) > 1 and not meets
            for u, e in ({use: ONE} if whole else inner).items():
                held[u] = held.get(u, Fraction(0)) + e
        return self._with_one_exponential({u: e for u, e in held.items() if e})

    def _is_exponential(self, factor: tuple[Use, Fraction]) -> bool:
        use, exponent = factor
        return is_call(use, "exp") or (
            exponent < 0 and log_of_sum(self, use, signed=False) is not None
        )

    def _with_one_exponential(self, found: dict[Use, Fraction]) -> Use:
        """exp(a) exp(b) = exp(a + b); divisors that are sums of exponentials are among these."""
        logs = [pair for pair in found.items() if self._is_exponential(pair)]
        if self.is_stable or all(e > 0 and is_bounded(use) for use, e in logs):
            return make_product(self.graph, found)
        exponent: list[tuple[Use, Fraction]] = []
        rest: dict[Use, Fraction] = {}
        for use, power in found.items():
            log = argument(use) if is_call(use, "exp") else None
            if log is None and power < 0:
                log = log_of_sum(self, use, signed=False)
            if log is None:
                rest[use] = power
            else:
                exponent.append((log, power))
        masks = [use for use, e in rest.items() if e == 1 and is_indicator(use)]
        total = self.add(exponent)
        if masks and any(is_call(u, "exp") for u in found) and len(exponent) > 1:
            total = self._masked(make_product(self.graph, dict.fromkeys(masks, ONE)), total)
            rest = {use: e for use, e in rest.items() if use not in masks}
        rest, total = self._into_sums(rest, total)
        if not rest:
            return self.apply("exp", total)
        exponential = self.apply("exp", total)
        if exponential.node.kind == "one":
            return make_product(self.graph, rest)
        return make_product(self.graph, {**rest, exponential: ONE})

    def _masked(self, mask: Use, exponent: Use) -> Use:
        """The exponent where the mask is one, -inf elsewhere: logarithms of sums stay outside."""
        outer = [(t, c) for t, c in terms(exponent).items() if _is_log(t)]
        inner = [(t, c) for t, c in terms(exponent).items() if not _is_log(t)]
        if not inner:
            return exponent
        body = make_sum(self.graph, dict(inner))
        if not is_call(body, "where"):
            body = self.where(mask, body)
        return self.plus(body, make_sum(self.graph, dict(outer)))

    def where(self, mask: Use, body: Use) -> Use:
        """The body where the mask is one, -inf elsewhere."""
        return self.graph.make("call", ("where",), [mask, body], union([body, mask]))

    def _into_sums(
        self, rest: dict[Use, Fraction], exponent: Use
    ) -> tuple[dict[Use, Fraction], Use]:
        """Takes logarithms into sums: exp(-b) sum w exp(a) = sum w exp(a - b)."""
        logs = terms(exponent)
        if not all(_is_log(term) and c < 0 for term, c in logs.items()):
            return rest, exponent
        for use, power in rest.items():
            if power != 1 or use.node.kind != "contract":
                continue
            inside, inner = arguments(use)
            parts = [p for part in inside for p in factors(part).items()]
            unbounded = any(
                is_call(u, "exp")
                and set(inner) & set(u.labels)
                and not any(_is_log(term) for term in terms(argument(u)))
                for u, _ in parts
            )
            own = {t: c for t, c in logs.items() if set(t[0][0].labels) <= set(use.labels)}
            if not unbounded or not own:
                continue
            moved = make_sum(self.graph, own)
            left = self.minus(exponent, moved)
            factor = self.apply("exp", moved)
            body = self.product([*parts, (factor, ONE)])
            total = self.contract([body], use.labels, inner)
            others = {u: e for u, e in rest.items() if u != use}
            return self._into_sums({**others, total: others.get(total, ZERO) + 1}, left)
        return rest, exponent

    # --- contractions ----------------------------------------------------------------------------

    def contract(self, uses: Sequence[Use], out: Labels, over: Labels) -> Use:
        """The sum of the product over the labels `over`; those of `out` that occur are kept."""
        coefficient = ONE
        parts: list[Use] = []
        for use in uses:
            c, rest = scaled(use)
            if rest is None:
                return self.number(0)
            coefficient *= c
            if rest.node.kind != "one":
                parts.append(rest)
        inner = set(over)
        found: list[tuple[Use, Fraction]] = []
        for label in over:
            if not any(label in part.labels for part in parts):
                found.append((self.size(label), ONE))
                inner.discard(label)
        for group in _groups(parts, inner):
            own = [label for label in over if any(label in part.labels for part in group)]
            if own:
                found.append((self._component(group, out, own), ONE))
            else:
                found += [(part, ONE) for part in group]
        return self.times(self.product(found), coefficient)

    def size(self, label: IndexVariable) -> Use:
        """The number of places of a label."""
        size = label.axis.size
        if size.constant is not None:
            return self.number(size.constant)
        return self.graph.make("dim", (size,), (), ())

    def _component(self, group: list[Use], out: Labels, over: Labels) -> Use:
        """A sum of a product of factors that hang together by the labels that are summed."""
        if len(group) == 1:
            (use,) = group
            node = use.node
            if self._sums_to_one(use, over):
                rest = [label for label in over if label is not use.labels[-1]]
                return self.contract([], out, rest)
            if node.kind == "contract":
                inside, inner = arguments(use)
                return self.contract(inside, out, [*over, *inner])
            if node.kind == "mono":
                parts = [make_product(self.graph, {u: e}) for u, e in factors(use).items()]
                if any(self._sums_to_one(u, over) or self._splits(u, over) for u in parts):
                    return self.contract(parts, out, over)
        for use in group:
            if self._splits(use, over):
                return self._termwise([u for u in group if u is not use], use, out, over)
        present = [label for label in out if any(label in use.labels for use in group)]
        group = sorted(group, key=lambda u: (u.node.serial, [x.uid for x in u.labels]))
        return self.graph.make("contract", (), group, present, over)

    def _sums_to_one(self, use: Use, over: Labels) -> bool:
        node = use.node
        return (
            node.kind == "name"
            and bool(use.labels)
            and use.labels[-1] in over
            and self.sums_to_one(str(node.head[0]))
        )

    def _splits(self, use: Use, over: Labels) -> bool:
        """Whether a sum has a logarithm of a sum that lacks some of the summed labels."""
        if use.node.kind != "lin":
            return False
        own = [label for label in over if label in use.labels]
        return any(
            _is_log(term) and any(label not in term[0][0].labels for label in own)
            for term in terms(use)
        )

    def _termwise(self, others: list[Use], total: Use, out: Labels, over: Labels) -> Use:
        return self.add(
            (self.contract([*others, make_product(self.graph, dict(term))], out, over), c)
            for term, c in terms(total).items()
        )

    # --- functions -------------------------------------------------------------------------------

    def apply(self, name: str, *uses: Use) -> Use:
        """A function, entry by entry."""
        first = uses[0]
        match name:
            case "exp":
                if number_of(first) == 0:
                    return self.one
                if is_call(first, "log"):
                    return argument(first)
            case "log":
                return self._log(first)
            case "softplus" if is_call(first, "where"):
                pass
            case "pow":
                return self._power(*uses)
            case "max" | "min" if uses[0] == uses[1]:
                return first
        return self.graph.make("call", (name,), uses, union(uses))

    def _log(self, use: Use) -> Use:
        value = number_of(use)
        if value == 1:
            return self.number(0)
        if value is not None and value <= 0:
            raise NotCompiled("the logarithm of a number that is not positive")
        found = log_of_sum(self, use, signed=True)
        if found is not None:
            return found
        c, rest = scaled(use)
        inner = factors(rest) if rest is not None else {}
        exps = {u: e for u, e in inner.items() if is_call(u, "exp")}
        if exps and c > 0:
            left = make_product(self.graph, {u: e for u, e in inner.items() if u not in exps})
            outside = [(argument(u), e) for u, e in exps.items()]
            return self.add([*outside, (self._log(self.times(left, c)), ONE)])
        return self.graph.make("call", ("log",), [use], use.labels)

    def _power(self, base: Use, exponent: Use) -> Use:
        value = number_of(exponent)
        if value is not None and (value.denominator in (1, 2)):
            return self.product([(base, value)])
        if is_call(base, "exp"):
            return self.apply("exp", self.product([(argument(base), ONE), (exponent, ONE)]))
        return self.graph.make("call", ("pow",), [base, exponent], union([base, exponent]))


def is_bounded(use: Use) -> bool:
    """Whether an exponential is at most one: one part of a sum of exponentials, over the sum."""
    if not is_call(use, "exp"):
        return False
    found = terms(argument(use))
    logs = [term for term, c in found.items() if _is_log(term) and c == -1]
    if len(logs) != 1:
        return False
    log = logs[0][0][0]
    rest = {t: c for t, c in found.items() if t != logs[0]}
    if log.node.kind != "lse":
        return not rest
    inner = arguments(log)[0][0]
    return set(rest.values()) == {ONE} and any(t[0][0].node is inner.node for t in rest if t)


def _is_log(term: Term) -> bool:
    """Whether a term is the logarithm of a sum."""
    return len(term) == 1 and (term[0][0].node.kind == "lse" or is_call(term[0][0], "softplus"))


def _groups(parts: list[Use], inner: set[IndexVariable]) -> list[list[Use]]:
    """The parts, together where they share a label of `inner`."""
    groups: list[tuple[set[IndexVariable], list[Use]]] = []
    for part in parts:
        own = inner.intersection(part.labels)
        joined: list[Use] = [part]
        kept: list[tuple[set[IndexVariable], list[Use]]] = []
        for labels, members in groups:
            if labels & own:
                own = own | labels
                joined = [*members, *joined]
            else:
                kept.append((labels, members))
        groups = [*kept, (own, joined)]
    return [members for _, members in groups]
