"""Sums of terms over the axes of an answer: how vectors and matrices are put side by side."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from derive.calculus import trees
from derive.calculus.contracting import (
    Axes,
    Contraction,
    NoMatrixForm,
    Pieces,
    flipped,
    letters,
)
from derive.calculus.factoring import tree_of
from derive.calculus.summands import Factors, Term, term
from derive.model.scalar import Apply, IndexVariable, Scalar
from derive.syntax.tree import Expression

ONCE = Fraction(1)


@dataclass(frozen=True, slots=True)
class Form:
    """A sum of terms over `axes`; `pieces` where it is one product."""

    axes: Axes
    terms: tuple[Term, ...]
    pieces: Pieces | None = None


class Forming:
    """Makes forms; `first` are the axes of the answer, in order."""

    def __init__(self) -> None:
        self.contraction = Contraction()
        self.first: Axes = ()

    def sum_of(self, terms: list[Term]) -> Expression:
        """Terms as an expression, sums over their lengths as means."""
        return tree_of(map(self.contraction.tidied, terms))

    def form(self, pieces: Pieces) -> Form:
        """A product as a form."""
        natural = next((axes for axes in pieces.groups if len(axes) == 2), ())
        axes = self.ordered(pieces.variables, natural)
        return Form(axes, (assembled(pieces, axes),), pieces)

    def ordered(self, variables: set[IndexVariable], natural: Axes) -> Axes:
        """Variables in the order of the answer's axes, else as they stand in a tensor."""
        if len(variables) > 2:
            raise NoMatrixForm
        if variables == set(natural) and not variables <= set(self.first):
            return natural
        place = {v: k for k, v in enumerate(self.first)}
        return tuple(sorted(variables, key=lambda v: (place.get(v, 9), v.uid)))

    def joint(self, forms: Sequence[Form]) -> Axes:
        """The axes of several forms together."""
        natural = next((form.axes for form in forms if len(form.axes) == 2), ())
        return self.ordered({v for form in forms for v in form.axes}, natural)

    def whole(self, form: Form) -> Pieces:
        """A form as one product."""
        if form.pieces is not None:
            return form.pieces
        pieces = Pieces()
        pieces.put(form.axes, (self.written(form),))
        return pieces

    def written(self, form: Form) -> Expression:
        """A form as an expression over its axes."""
        return self.sum_of(list(form.terms))

    def letter(self, axes: Axes, expr: Expression) -> Form:
        """A tensor as a form."""
        pieces = Pieces()
        pieces.put(axes, (expr,))
        return self.form(pieces)


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


def spread(form: Form, out: Axes, is_full: bool = False) -> Iterator[Term]:
    """The terms of a form over more axes, or in another order.

    Beside a term that has them all, `is_full`, a vector over the last axis stands for its rows.
    """
    if form.axes == out:
        yield from form.terms
    elif is_full and len(out) == 2 and form.axes == out[1:]:
        for one in form.terms:
            factors: Factors = {(trees.chain(chain),): e for chain, e in one.factors}
            yield term(one.coefficient, dict(one.scalars), factors)
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


def addends(scalar: Scalar) -> Iterator[Scalar]:
    """The terms of a sum."""
    match scalar:
        case Apply("add", arguments):
            for argument in arguments:
                yield from addends(argument)
        case _:
            yield scalar


def powers_in(scalar: Scalar, exponent: Fraction) -> Iterator[tuple[Scalar, Fraction]]:
    """The factors of a product, with powers."""
    match scalar:
        case Apply("mul", arguments):
            for argument in arguments:
                yield from powers_in(argument, exponent)
        case Apply("div", (above, below)):
            yield from powers_in(above, exponent)
            yield from powers_in(below, -exponent)
        case _:
            yield scalar, exponent


def is_atom(pieces: Pieces) -> bool:
    """One factor, to the first power."""
    count = len(pieces.scalars) + sum(map(len, pieces.groups.values()))
    return count == 1 and pieces.coefficient == 1


def turned(one: Term) -> Term:
    """A vector as a row."""
    return Term(one.coefficient, one.scalars, tuple((flipped(c), e) for c, e in one.factors))
