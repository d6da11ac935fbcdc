"""Passes over the graph: each rebuilds what the outputs need, from the inputs on."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction

from derive.compile.algebra import Algebra
from derive.compile.loop import inside as steps_of
from derive.compile.loop import reached
from derive.compile.node import Node, Use, arguments, fresh_use, relabelled
from derive.compile.terms import (
    ONE,
    Term,
    factors,
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
        nodes, loops = reached(algebra.graph, outputs)
        nodes.sort(key=lambda n: n.serial)
        outputs = [*outputs, *(write.value.node for loop in loops for write in loop.writes)]
        self.in_steps: set[Node] = set().union(*map(steps_of, loops))
        self.outputs = set(outputs)
        self._absorbed: dict[Node, bool] = {}
        self.made: dict[Node, int] = {}
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
        for loop in loops:
            loop.writes = [replace(write, value=self.at(write.value)) for write in loop.writes]

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
                    and (user.kind == "mono" or is_cheap_by_terms(fresh_use(user)))
                    and self.absorbed(user)
                )
                for user in self.users.get(node, [])
            )
        return self._absorbed[node]


def raw_product(algebra: Algebra, pairs: Iterator[tuple[Use, Fraction]]) -> Use:
    """The product of powers, by no rule."""
    found: dict[Use, Fraction] = {}
    for use, e in pairs:
        found[use] = found.get(use, Fraction(0)) + e
    return make_product(algebra.graph, found)


def raw_sum(algebra: Algebra, pairs: Iterator[tuple[Use, Fraction]]) -> Use:
    """The sum of multiples, by no rule."""
    kept: dict[Term, Fraction] = {}
    for use, c in pairs:
        term = term_of({use: ONE}) if use.node.kind == "lin" else term_of(factors(use))
        kept[term] = kept.get(term, Fraction(0)) + c
    return make_sum(algebra.graph, kept)


def is_cheap_by_terms(use: Use) -> bool:
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
