"""Products of matrices and vectors, held by index: the sum over an index is a matrix product.

A `Pieces` is a product of scalars and, for each set of at most two index variables, of entrywise
factors. Summing over a variable joins what it touches: two matrices make a longer chain, a matrix
and a vector a vector, a vector alone a sum.
"""

from dataclasses import dataclass, field
from fractions import Fraction

from derive.calculus import trees
from derive.calculus.summands import Chain, Factors, Powers, Term, term, written
from derive.model.dim import Dim
from derive.model.scalar import IndexVariable
from derive.syntax import tree
from derive.syntax.tree import Expression

Axes = tuple[IndexVariable, ...]
ONCE = Fraction(1)


class NoMatrixForm(Exception):
    """What is not written without indices."""


def flipped(chain: Chain) -> Chain:
    """The transpose of a chain."""
    return tuple(trees.transpose(letter) for letter in reversed(chain))


@dataclass(slots=True)
class Pieces:
    """A product; each key of `groups` has its variables in the order of the rows and columns."""

    coefficient: Fraction = ONCE
    scalars: Powers = field(default_factory=dict)
    groups: dict[Axes, Factors] = field(default_factory=dict)

    def scale(self, scalar: Expression, exponent: Fraction = ONCE) -> None:
        """Multiplies by a scalar."""
        if isinstance(scalar, tree.Number) and exponent.denominator == 1:
            self.coefficient *= Fraction(scalar.value) ** int(exponent)
            return
        self.scalars[scalar] = self.scalars.get(scalar, Fraction(0)) + exponent

    def put(self, axes: Axes, chain: Chain, exponent: Fraction = ONCE) -> None:
        """Multiplies by a factor."""
        if not axes:
            self.scale(trees.chain(chain), exponent)
            return
        if axes[::-1] in self.groups and axes not in self.groups:
            axes, chain = axes[::-1], flipped(chain)
        if len(chain) == 1 and exponent == 1:
            chain = trees.letters_of(chain[0])
        group = self.groups.setdefault(axes, {})
        group[chain] = group.get(chain, Fraction(0)) + exponent

    def multiply(self, other: "Pieces", exponent: Fraction = ONCE) -> None:
        """Multiplies by a power of another product."""
        if exponent.denominator == 1:
            self.coefficient *= other.coefficient ** int(exponent)
        elif other.coefficient != 1:
            self.scale(trees.number(other.coefficient), exponent)
        for scalar, e in other.scalars.items():
            self.scale(scalar, e * exponent)
        for axes, factors in other.groups.items():
            for chain, e in factors.items():
                self.put(axes, chain, e * exponent)

    @property
    def variables(self) -> set[IndexVariable]:
        """The index variables that occur."""
        return {v for axes in self.groups for v in axes}


def letters(factors: Factors) -> Chain:
    """Entrywise factors as a chain: their own where there is just one."""
    if len(factors) == 1:
        ((chain, exponent),) = factors.items()
        if exponent == 1:
            return chain
    return (written([term(1, {}, factors)]),)


class Contraction:
    """Sums products over variables. `means` says how a sum divided by its length is written."""

    def __init__(self) -> None:
        self.means: dict[Expression, tuple[Expression, Expression]] = {}

    def summed(self, pieces: Pieces, bound: set[IndexVariable]) -> Pieces:
        """The sum over all of `bound`. Raises NoMatrixForm."""
        waiting = set(bound)
        while waiting:
            least = min(waiting, key=lambda v: (self._degree(pieces, v), -v.uid))
            waiting.remove(least)
            self._sum(pieces, least)
        return pieces

    def _degree(self, pieces: Pieces, variable: IndexVariable) -> tuple[int, int]:
        matrices = [axes for axes in pieces.groups if variable in axes and len(axes) == 2]
        vectors = (variable,) in pieces.groups
        return len(matrices), 0 if vectors else 1

    def _sum(self, pieces: Pieces, variable: IndexVariable) -> None:
        matrices = [axes for axes in pieces.groups if variable in axes and len(axes) == 2]
        vector = pieces.groups.pop((variable,), None)
        if len(matrices) > 2:
            raise NoMatrixForm
        if not matrices:
            if vector is None:
                pieces.scale(trees.of_dim(variable.axis.size))
            else:
                self._scalar(pieces, variable, vector)
            return
        chains: list[Chain] = []
        ends: list[IndexVariable] = []
        for axes in matrices:
            chain = letters(pieces.groups.pop(axes))
            if len(matrices) == 1 and vector is None:
                self._over(pieces, axes, variable, chain)
                return
            forward = axes[1] is variable
            chains.append(chain if forward else flipped(chain))
            ends.append(axes[0] if forward else axes[1])
        inside = letters(vector) if vector is not None else ()
        if len(matrices) == 1:
            pieces.put((ends[0],), (*chains[0], *inside))
            return
        if inside:
            inside = (trees.call("diag", trees.chain(inside)),)
        pieces.put((ends[0], ends[1]), (*chains[0], *inside, *flipped(chains[1])))

    def _over(self, pieces: Pieces, axes: Axes, variable: IndexVariable, chain: Chain) -> None:
        """The sum of a matrix over its rows or its columns."""
        other = axes[1] if axes[0] is variable else axes[0]
        place: Expression = trees.number(axes.index(variable) + 1)
        size = variable.axis.size
        if size != other.axis.size and len(size.terms) == 1 and size == plain(size):
            place = trees.of_dim(size)
        whole = trees.chain(chain)
        made = trees.call("sum", whole, over=place)
        self.means[made] = trees.of_dim(size), trees.mean_of(whole, place)
        pieces.put((other,), (made,))

    def _scalar(self, pieces: Pieces, variable: IndexVariable, factors: Factors) -> None:
        """The sum of a vector: `sum(a)`, `a.T @ B @ c`, `sum(a*b)`, `trace(A)`."""
        size = trees.of_dim(variable.axis.size)
        chain = letters(factors)
        whole = trees.chain(chain)
        match chain[-1]:
            case tree.Call(function=tree.Name(id="diag"), arguments=(inner,)) if len(chain) == 1:
                pieces.scale(trees.call("trace", inner))
                return
            case tree.Call(function=tree.Name(id="sum"), keywords=(_,), arguments=(inner,)) if (
                len(chain) == 1
            ):
                made = trees.call("sum", inner)
                below, _ = self.means[chain[-1]]
                both = trees.product((below, size))
                self.means[made] = both, trees.mean_of(inner)
                pieces.scale(made)
                return
        made = trees.call("sum", whole)
        pair = [c for c, e in factors.items() for _ in range(int(e)) if e in (1, 2)]
        if len(pair) == 2 and len(pair) == sum(factors.values()):
            first, second = sorted(pair, key=len)
            if len(second) > 1 or len(first) > 1:
                made = trees.chain((*flipped(first), *second))
        self.means[made] = size, trees.mean_of(whole)
        pieces.scale(made)

    def tidied(self, one: Term) -> Term:
        """A term with sums over their lengths as means."""
        scalars, factors = dict(one.scalars), dict(one.factors)
        for expr in [*scalars, *(c[0] for c in factors if len(c) == 1)]:
            if expr not in self.means:
                continue
            size, mean = self.means[expr]
            parts = [size] if size in scalars else _names(size)
            if any(scalars.get(part, 0) >= 0 for part in parts):
                continue
            if scalars.get(expr) == 1:
                del scalars[expr]
                scalars[mean] = scalars.get(mean, Fraction(0)) + 1
            elif factors.get((expr,)) == 1:
                factors = {((mean,) if c == (expr,) else c): e for c, e in factors.items()}
            else:
                continue
            for part in parts:
                scalars[part] += 1
        return term(one.coefficient, scalars, factors)


def _names(size: Expression) -> list[Expression]:
    match size:
        case tree.Binary(op="*", left=left, right=right):
            return [*_names(left), *_names(right)]
    return [size]


def plain(size: Dim) -> Dim:
    """A single dimension's name, or nothing that equals `size`."""
    names = sorted(size.names)
    return Dim.symbol(names[0]) if len(names) == 1 else Dim(())
