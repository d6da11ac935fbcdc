"""Sums of terms over the axes of an answer: how vectors and matrices are put side by side."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from derive.calculus import trees
from derive.calculus.contracting import Axes, Pieces, flipped, letters
from derive.calculus.factoring import Factors, Term, term
from derive.model.scalar import IndexVariable

ONCE = Fraction(1)


@dataclass(frozen=True, slots=True)
class Form:
    """A sum of terms over `axes`; `pieces` where it is one product."""

    axes: Axes
    terms: tuple[Term, ...]
    pieces: Pieces | None = None


def assembled(pieces: Pieces, out: Axes) -> Term:
    """A product as a term over `out`."""
    factors: Factors = {}
    vectors: dict[IndexVariable, Factors] = {}
    for axes, group in pieces.groups.items():
        if len(axes) == 1 and len(out) == 2:
            vectors[axes[0]] = group
            continue
        for chain, e in group.items():
            own = chain if axes == out else flipped(chain)
            factors[own] = factors.get(own, Fraction(0)) + e
    if vectors:
        factors = _beside(factors, vectors, out)
    return term(pieces.coefficient, pieces.scalars, factors)


def spread(form: Form, out: Axes) -> Iterator[Term]:
    """The terms of a form over more axes, or in another order."""
    if form.axes == out:
        yield from form.terms
    elif form.pieces is not None:
        yield assembled(form.pieces, out)
    else:
        for one in form.terms:
            pieces = Pieces(one.coefficient, dict(one.scalars))
            if one.factors:
                pieces.groups[form.axes] = dict(one.factors)
            yield assembled(pieces, out)


def _beside(factors: Factors, vectors: dict[IndexVariable, Factors], out: Axes) -> Factors:
    """A matrix from vectors over its rows and its columns, and from matrices."""
    rows, columns = (vectors.get(v) for v in out)
    if not factors:
        ones = [trees.subscript(trees.name("ones"), trees.of_dim(v.axis.size)) for v in out]
        left = letters(rows) if rows is not None else (ones[0],)
        right = letters(columns) if columns is not None else (ones[1],)
        return {(*left, *flipped(right)): ONCE}
    own = letters(factors)
    if len(own) == 1 and trees.is_eye(own[0]):
        own = ()
    if rows is not None:
        factors = {(trees.call("diag", trees.chain(letters(rows))), *own): ONCE}
    if columns is not None:
        if not own:
            return {(trees.call("diag", trees.chain(letters(columns))),): ONCE}
        for chain, e in columns.items():
            factors[chain] = factors.get(chain, Fraction(0)) + e
    return factors
