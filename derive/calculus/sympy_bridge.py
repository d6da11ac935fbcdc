"""SymPy's scalar calculus, for local derivatives, and terms as SymPy expressions.

With `oracle`, the only place that imports sympy, and only when it is needed (a quarter second).
"""

from fractions import Fraction
from functools import lru_cache
from typing import Any

from derive.calculus.algebra import Algebra
from derive.calculus.functions import exponential
from derive.calculus.term import Atom, Poly, add, number, of_atom

NAMES = {"lgamma": "loggamma", "digamma": "digamma", "trigamma": "trigamma"}


@lru_cache(maxsize=64)
def _derived(name: str) -> Any:
    """The derivative of a function at a symbol `x`, by SymPy."""
    import sympy  # slow, and not needed by most files

    x = sympy.Symbol("x", real=True)
    function = getattr(sympy, NAMES.get(name, name))
    return sympy.diff(function(x), x).rewrite(sympy.polygamma)


def partial_of(algebra: Algebra, name: str, argument: Poly) -> Poly:
    """The local derivative of the function `name` at an argument."""
    return from_sympy(algebra, _derived(name), argument)


def from_sympy(algebra: Algebra, expression: Any, x: Poly) -> Poly:
    """A SymPy expression in one symbol as a term, the symbol standing for `x`."""
    import sympy  # slow, and loaded already

    args = [from_sympy(algebra, a, x) for a in expression.args if not expression.is_Rational]
    match expression:
        case sympy.Symbol():
            return x
        case _ if expression.is_Rational:
            return number(Fraction(int(expression.p), int(expression.q)))
        case sympy.Add():
            return add(args)
        case sympy.Mul():
            return algebra.product(args)
        case sympy.Pow():
            constant = args[1].constant
            if constant is not None:
                return algebra.raised(args[0], constant)
        case sympy.exp():
            return exponential(algebra, args[0])
        case sympy.polygamma() if args[0].constant in (0, 1):
            name = "digamma" if args[0].constant == 0 else "trigamma"
            return algebra.construct(Atom("func", (name,), (), (args[1],)))
        case _ if expression == sympy.pi:
            return of_atom(Atom("const", ("pi",)))
        case _ if type(expression).__name__ in ("sin", "cos", "tan"):
            return algebra.construct(Atom("func", (type(expression).__name__,), (), (args[0],)))
    raise TypeError(f"no term for {type(expression).__name__}")
