"""Terms and scalars printed in the language, by index; `calculus.matrix_form` writes matrices."""

from collections.abc import Iterable

from derive.calculus.index_form import Writer
from derive.calculus.raising import Raising
from derive.calculus.term import Poly
from derive.model.scalar import Scalar
from derive.syntax.show import show


def text_of_poly(poly: Poly) -> str:
    """A term as text, its bound indices with names of their own."""
    return text_of(Raising().scalar(poly))


def text_of(scalar: Scalar, taken: Iterable[str] = ()) -> str:
    """A scalar as text; `taken` are names that no index may have."""
    return show(Writer(taken).tree(scalar))
