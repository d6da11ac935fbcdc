"""The graph that is compiled: array operations on named axes, each made once.

A `Node` is one array, a `Use` the same array with an index variable for each of its axes. So
`exp(z[i])` and the `exp(z[j])` under a sum are two uses of one node, and are computed once. What
kinds a node is:

    kind      head                args               is
    name      name                                   what is given
    named     name                one                the value of a definition, as it stands
    one                                              the number 1
    dim       Dim                                    a dimension as a number
    constant  name                                   `pi` or `inf`
    places                                           the positions of an axis as numbers
    lin       coefficients        monomials          a linear combination
    mono      exponents           factors            a product of powers
    call      function            one to three       a function, entry by entry
    contract                      factors            the sum of a product over the inner axes
    fold      max, min, prod      one                the same for another operation
    others    axis                one                the product of the other entries along an axis
    lse                           one or two         log of the sum of (weight times) exp
    argmax                        one                the place of the first maximum, from 0
    take      Spot for each axis  table, computed    entries of a table
    put       Spot for each axis  values, computed   the transpose of take: sums of entries
    join      where pieces begin  pieces             pieces one after the other along the last axis
    spread                        one                repeated along axes, or turned
    piece     which, sizes        one                one of the pieces that were joined
    merge     number of axes      one                the last axes as one, row by row
    part      number of axes      one                the last axis as several
    state     loop, number                           a table that a loop fills
    at        offset              one                what an array holds for this step of the loop
    matrix    inv, det, ...       one or two         a function of a matrix (its last two axes)

The first `rank` of the `axes` of a node are those of its array, the others are reduced.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from derive.model.dim import ZERO, Dim
from derive.model.scalar import Axis, IndexVariable

if TYPE_CHECKING:
    from derive.compile.loop import Loop


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One array; `args` are nodes with the numbers of the axes along which theirs lie."""

    kind: str
    head: tuple[Hashable, ...]
    args: tuple[tuple["Node", tuple[int, ...]], ...]
    axes: tuple[Axis, ...]
    rank: int
    serial: int

    @property
    def shape(self) -> tuple[Axis, ...]:
        """The axes of the array."""
        return self.axes[: self.rank]


class Use(NamedTuple):
    """An array whose axes are run through by `labels`."""

    node: Node
    labels: tuple[IndexVariable, ...]


class Spot(NamedTuple):
    """A position on an axis that starts at `low`: multiples of axes, an offset, a multiple of the
    index of the loop, and the number of an argument that is added (or 0).
    """

    terms: tuple[tuple[int, Dim], ...]
    offset: Dim
    computed: int
    low: Dim
    step: Dim = ZERO


class Graph:
    """Makes nodes; the same parts give the same node, so that `is` is equality."""

    def __init__(self) -> None:
        self._nodes: dict[Hashable, Node] = {}
        self.loops: dict[int, Loop] = {}
        self.one = self.make("one", (), (), ())

    def count(self) -> int:
        """How many nodes there are: the next one has this serial number."""
        return len(self._nodes)

    def make(
        self,
        kind: str,
        head: tuple[Hashable, ...],
        args: Sequence[Use],
        out: Sequence[IndexVariable],
        inner: Sequence[IndexVariable] = (),
    ) -> Use:
        """The use, with labels `out`, of the node with these arguments; `inner` are reduced."""
        numbers = {label: k for k, label in enumerate((*out, *inner))}
        held = tuple((a.node, tuple(numbers[label] for label in a.labels)) for a in args)
        axes = tuple(label.axis for label in numbers)
        key = (kind, head, tuple((id(n), places) for n, places in held), axes, len(out))
        node = self._nodes.get(key)
        if node is None:
            node = Node(kind, head, held, axes, len(out), len(self._nodes))
            self._nodes[key] = node
        return Use(node, tuple(out))


def arguments(use: Use) -> tuple[tuple[Use, ...], tuple[IndexVariable, ...]]:
    """The arguments of the node, as uses in terms of the labels of `use`; the reduced labels."""
    node = use.node
    inner = tuple(IndexVariable("s", axis) for axis in node.axes[node.rank :])
    labels = (*use.labels, *inner)
    return tuple(Use(n, tuple(labels[k] for k in places)) for n, places in node.args), inner


def fresh_use(node: Node) -> Use:
    """A use of a node with new labels."""
    return Use(node, tuple(IndexVariable("a", axis) for axis in node.shape))


def union(uses: Sequence[Use]) -> tuple[IndexVariable, ...]:
    """The labels of all, those of the longest first."""
    longest = max(uses, key=lambda use: len(use.labels), default=None)
    found: dict[IndexVariable, None] = dict.fromkeys(longest.labels if longest else ())
    for use in uses:
        found.update(dict.fromkeys(use.labels))
    return tuple(found)


def relabelled(use: Use, labels: dict[IndexVariable, IndexVariable]) -> Use:
    """The same array with other labels."""
    return Use(use.node, tuple(labels.get(label, label) for label in use.labels))


class NotCompiled(Exception):
    """There is no array code for something; `reason` is for the reader."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
