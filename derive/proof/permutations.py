"""Permutations: matrices of one-hot rows of which each column has its one, too.

The entry `R[i, j]` of a one-hot is `delta[j, c_i]`. Where R is a permutation, c runs through all
places once: `sum_i f(c_i) = sum_j f(j)`, and `delta[c_i, c_k] = delta[i, k]`.
"""

from collections.abc import Iterable, Mapping

from derive.calculus.algebra import Algebra
from derive.calculus.knowledge import Rewritten
from derive.calculus.place import Place, Var, fresh, place
from derive.calculus.products import Factors, without
from derive.calculus.term import ONE, Atom, Poly, of_atom, of_monomial
from derive.calculus.unfolding import Unfolding
from derive.model.dim import Dim
from derive.model.model import Symbol
from derive.model.scalar import Axis

NOTHING: frozenset[Var] = frozenset()


def place_of_one(head: str, row: Place) -> Place:
    """The place of the one in a row."""
    return Place((), Dim(()), of_atom(Atom("entry", (head,), (row,))))


def of_columns(
    equations: Iterable[tuple[Atom, Poly, str]], symbols: Mapping[str, Symbol]
) -> dict[str, str]:
    """The tensors of which assumptions `sum[i](R[i, j]) = 1` say that a column has one, with words.

    An equation is given as an atom, its value and its text. It must speak of all rows and columns.
    """
    found = {}
    for atom, value, text in equations:
        inside = atom.args[0].atom if atom.kind == "sum" and len(atom.bound) == 1 else None
        if inside is None or inside.kind != "entry" or value != ONE or len(inside.places) != 2:
            continue
        row, column = (p.variable for p in inside.places)
        name = str(inside.head[0])
        if row is not atom.bound[0] or column is None or column not in atom.free:
            continue
        if name in symbols and symbols[name].axes == (row.axis, column.axis):
            found[name] = text
    return found


def permuted(
    algebra: Algebra, factors: Factors, bound: frozenset[Var], head: str, axes: tuple[Axis, ...]
) -> Rewritten | None:
    """A sum over the rows as one over the columns; a delta of two places as that of their rows.

    `head` is the name of the place of a row's one, `axes` are those of the permutation.
    """
    for atom, exponent in factors.items():
        if atom.kind == "delta" and exponent == 1:
            first, second = (row_of(head, p) for p in atom.places)
            if first and second and first[:-1] == second[:-1]:
                same = algebra.delta(first[-1], second[-1])
                return Rewritten(without(factors, atom), same, NOTHING)
    for variable in bound:
        if len(axes) != 2 or variable.axis != axes[0]:
            continue
        users = {a: e for a, e in factors.items() if variable in a.free}
        if not users or any(head not in a.symbols for a in users):
            continue
        column = fresh(axes[1])
        there = Moving(algebra, place_of_one(head, place(variable)), place(column))
        moved = there.poly(of_monomial(users))
        if variable not in moved.free:
            rest = {a: e for a, e in factors.items() if a not in users}
            return Rewritten(rest, algebra.total((column,), moved), frozenset({variable}))
    return None


def row_of(head: str, spot: Place) -> tuple[Place, ...]:
    """The row of which a place is that of the one, after the place of its matrix in a stack."""
    atom = spot.computed.atom if spot.computed is not None else None
    if atom is None or spot.terms or spot.offset.terms or atom.head != (head,):
        return ()
    return atom.places


class Moving(Unfolding):
    """Rebuilds a term with one place replaced by another."""

    def __init__(self, algebra: Algebra, source: Place, target: Place) -> None:
        super().__init__(algebra, {})
        self.source = source
        self.target = target

    def place(self, spot: Place) -> Place:
        """The place, or what replaces it."""
        return self.target if spot == self.source else super().place(spot)
