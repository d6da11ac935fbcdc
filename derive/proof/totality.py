"""Terms that have a value everywhere.

A statement speaks of the points at which both of its sides are defined. What it says may be used
for another statement, which speaks of more points, where the two sides are defined everywhere.
"""

from derive.calculus.engine import Calculus
from derive.calculus.signs import Signs
from derive.calculus.term import Poly

PARTIAL = frozenset({"log", "asin", "acos", "lgamma", "digamma", "trigamma"})


def is_total(calculus: Calculus, poly: Poly) -> bool:
    """Surely defined at all points: the term, and the definitions on which it depends."""
    bodies = (calculus.body(name) for name in calculus.reachable(poly))
    return all(has_value(calculus.signs, p) for p in (poly, *(b.poly for b in bodies if b)))


def has_value(signs: Signs, poly: Poly) -> bool:
    """No part is divided by, or put into a root or a logarithm, that might not be positive."""
    for monomial in poly.terms:
        for atom, exponent in monomial.factors.items():
            whole = exponent >= 0 and exponent.denominator == 1
            if not (whole or signs.is_positive(atom)):
                return False
            if atom.kind == "matrix" and atom.head[0] != "det":
                return False
            if atom.kind == "func" and atom.head[0] in PARTIAL:
                inner = atom.args[0].atom
                if inner is None or not signs.is_positive(inner):
                    return False
            if not all(has_value(signs, arg) for arg in atom.args):
                return False
    return True
