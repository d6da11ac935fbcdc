"""What a proof leaves out: kinks and ties of what was differentiated, in the names of the file."""

from derive.calculus.canonical import poly_signature, rename_poly
from derive.calculus.engine import Calculus
from derive.calculus.notation import text_of_poly
from derive.calculus.place import Var
from derive.calculus.term import Poly, of_atom
from derive.calculus.unfolding import Unfolding

MOST_HIDDEN = 8


def conditions(calculus: Calculus) -> tuple[str, ...]:
    """The kinks and ties of the last statement, as texts."""
    kinks = {f"{text_of_poly(named(unhidden(calculus, kink)))} != 0" for kink in calculus.kinks}
    ties = {f"{text_of_poly(of_atom(tie))} attained once" for tie in calculus.ties}
    return tuple(sorted(kinks)) + tuple(sorted(ties))


def unhidden(calculus: Calculus, poly: Poly) -> Poly:
    """The same in names that stand in the file."""
    definitions = calculus.model.definitions
    for _ in range(MOST_HIDDEN):
        names = [n for n in sorted(poly.symbols) if n in definitions and definitions[n].hidden]
        bodies = {n: body for n in names if (body := calculus.body(n)) is not None}
        if not bodies:
            break
        poly = Unfolding(calculus.algebra, bodies).poly(poly)
    return poly


def named(poly: Poly) -> Poly:
    """The polynomial with its free indices called i, j, ..."""
    ordered = order_of(poly)
    letters = "ijklmnopqrst"
    names = {v: Var(v.axis, v.key, letters[k % 12]) for k, v in enumerate(ordered)}
    return rename_poly(poly, names)


def order_of(poly: Poly) -> list[Var]:
    """The free indices in an order that does not depend on their names."""
    return sorted(poly.free, key=lambda v: (poly_signature(poly, {v: 59}), v.key))
