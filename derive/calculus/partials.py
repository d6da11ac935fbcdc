"""Derivatives of terms.

The functions that are atoms have their local derivatives from SymPy, each taken once, when it is
first needed; `exp` and `log` define each other and need none. `[a > 0]` and `sign` are flat away
from `a = 0`: these kinks are recorded.
"""

from dataclasses import dataclass
from fractions import Fraction

from derive.calculus.algebra import Algebra
from derive.calculus.binders import unknown_atom
from derive.calculus.canonical import rename_poly
from derive.calculus.chains import derivative_of_chain
from derive.calculus.functions import logarithm
from derive.calculus.place import Place, fresh, place
from derive.calculus.products import opened, without
from derive.calculus.sympy_bridge import partial_of
from derive.calculus.term import ZERO, Atom, Poly, add, of_atom, of_monomial


@dataclass(frozen=True, slots=True)
class Partial:
    """Where a local derivative comes from and where it fails."""

    source: str
    except_at: str = ""


PARTIALS: dict[str, Partial] = {
    "log": Partial("the inverse of exp", except_at="x = 0"),
    "step": Partial("constant on either side", except_at="x = 0"),
    "zero": Partial("zero but at one point", except_at="x = 0"),
    "sign": Partial("constant on either side", except_at="x = 0"),
    "sin": Partial("SymPy"),
    "cos": Partial("SymPy"),
    "asin": Partial("SymPy", except_at="x = 1, x = -1"),
    "atan": Partial("SymPy"),
    "erf": Partial("SymPy"),
    "lgamma": Partial("SymPy", except_at="x = 0, -1, -2, ..."),
    "digamma": Partial("SymPy", except_at="x = 0, -1, -2, ..."),
    "trigamma": Partial("none: its derivative has no name here", except_at="every x"),
}
"""The functions of `calculus.functions.FUNCTIONS`, all of them."""

FLAT = frozenset({"step", "zero", "sign"})


class Differentiation:
    """Differentiates by the entry of `symbol` at `target`.

    `kinks` collects expressions that must not be zero, `ties` maxima that must be attained once.
    """

    def __init__(self, algebra: Algebra, symbol: str, target: tuple[Place, ...]) -> None:
        self.algebra = algebra
        self.symbol = symbol
        self.target = target
        self.kinks: set[Poly] = set()
        self.ties: set[Atom] = set()

    def poly(self, poly: Poly) -> Poly:
        """The derivative of a polynomial: the product rule."""
        if self.symbol not in poly.symbols:
            return ZERO
        algebra = self.algebra
        parts: list[Poly] = []
        for monomial, coefficient in poly.terms.items():
            for atom, exponent in monomial.factors.items():
                if self.symbol not in atom.symbols:
                    continue
                inner = self.power(atom, exponent)
                if inner.terms:
                    rest = of_monomial(without(monomial.factors, atom), coefficient)
                    parts.append(algebra.multiply(rest, inner))
        return add(parts)

    def power(self, atom: Atom, exponent: int | Fraction) -> Poly:
        """D atom^e = e atom^(e-1) d atom; an exponential keeps its power."""
        algebra = self.algebra
        if atom.kind == "exp":
            inner = self.poly(atom.args[0])
            return algebra.multiply(of_atom(atom, exponent), inner.scaled(exponent))
        inner = self.atom(atom)
        if exponent == 1 or not inner.terms:
            return inner
        lowered = algebra.raised_atom(atom, exponent - 1)
        return algebra.multiply(lowered, inner).scaled(exponent)

    def atom(self, atom: Atom) -> Poly:
        """The derivative of an atom to the first power."""
        algebra = self.algebra
        match atom.kind:
            case "entry":
                return self.entry(atom)
            case "exp":
                return algebra.multiply(of_atom(atom), self.poly(atom.args[0]))
            case "func":
                return self.function(atom)
            case "pow":
                return self.poly(atom.args[0])
            case "sum":
                variables, inside = opened(atom)
                return algebra.total(variables, self.poly(of_monomial(inside)))
            case "prod":
                return self.product(atom)
            case "max":
                raise NotDifferentiable("a maximum under a condition has no normal form")
            case "matrix":
                return self.matrix(atom)
            case "chain":
                names = tuple(fresh(v.axis) for v in atom.bound)
                renamed = dict(zip(atom.bound, names, strict=True))
                change = self.poly(rename_poly(atom.args[0], renamed))
                return derivative_of_chain(algebra, atom, change, names)
            case "unknown":
                return self.unknown(atom)
            case _:
                return ZERO  # indices, deltas, places of maxima: constant where differentiable

    def entry(self, atom: Atom) -> Poly:
        """dx[i]/dx[k] = delta[i, k], axis by axis."""
        for spot in atom.places:
            if spot.computed is not None and self.symbol in spot.computed.symbols:
                self.ties |= {a for a in spot.computed.atoms() if a.kind == "argmax"}
        if atom.head[0] != self.symbol:
            return ZERO
        pairs = zip(atom.places, self.target, strict=True)
        return self.algebra.product(self.algebra.delta(p, q) for p, q in pairs)

    def function(self, atom: Atom) -> Poly:
        """The chain rule for a function of one expression."""
        algebra = self.algebra
        name = str(atom.head[0])
        argument = atom.args[0]
        inner = self.poly(argument)
        if not inner.terms and name != "ipow":
            return ZERO
        if name in FLAT:
            self.kinks.add(argument)
            return ZERO
        if name == "ipow":
            lowered = algebra.multiply(of_atom(atom), algebra.raised(argument, -1))
            by_base = algebra.product((atom.args[1], lowered, inner))
            grown = self.poly(atom.args[1])
            if not grown.terms:
                return by_base
            # Where the exponent moves, there is a derivative only for a positive base: as for log.
            log = logarithm(algebra, argument)
            return add((by_base, algebra.product((of_atom(atom), log, grown))))
        if name == "log":
            return algebra.multiply(algebra.raised(argument, -1), inner)
        if name == "trigamma":
            raise NotDifferentiable("the derivative of trigamma has no name here")
        return algebra.multiply(partial_of(algebra, name, argument), inner)

    def product(self, atom: Atom) -> Poly:
        """D prod_i f_i = prod_i f_i sum_i df_i / f_i, where no factor is zero."""
        algebra = self.algebra
        (variable,) = atom.bound
        new = fresh(variable.axis)
        body = rename_poly(atom.args[0], {variable: new})
        ratio = algebra.multiply(self.poly(body), algebra.raised(body, -1))
        return algebra.multiply(of_atom(atom), algebra.total((new,), ratio))

    def matrix(self, atom: Atom) -> Poly:
        """D inv(A) = -inv(A) dA inv(A); d logdet A = tr(inv(A) dA); d det A = det A tr(inv(A) dA).

        Source: Petersen and Pedersen, The Matrix Cookbook, section 2.
        """
        algebra = self.algebra
        row, column = (fresh(v.axis) for v in atom.bound)
        names = dict(zip(atom.bound, (row, column), strict=True))
        change = self.poly(rename_poly(atom.args[0], names))

        def inverse(first: Place, second: Place) -> Poly:
            head = ("inv", *atom.head[1:])
            return algebra.rebuilt(
                Atom("matrix", head, (first, second), atom.args, atom.bound),
                lambda p: p,
                lambda a: a,
            )

        if atom.head[0] == "inv":
            left = inverse(atom.places[0], place(row))
            right = inverse(place(column), atom.places[1])
            return -algebra.total((row, column), algebra.product((change, left, right)))
        trace = algebra.total(
            (row, column), algebra.multiply(change, inverse(place(column), place(row)))
        )
        return trace if atom.head[0] == "logdet" else algebra.multiply(of_atom(atom), trace)

    def unknown(self, atom: Atom) -> Poly:
        """The chain rule for an unspecified function: one slot more for each argument's entry."""
        algebra = self.algebra
        head = atom.head[1:] if atom.head[0] == "symmetric" else atom.head
        name, outputs, count = str(head[0]), int(head[1]), int(head[2])
        shape = tuple(int(n) for n in head[3 : 3 + count])
        numbers = [int(n) for n in head[3 + count :]]
        output, flat = atom.places[:outputs], list(atom.places[outputs:])
        slots = []
        for n in numbers:
            slots.append((n, tuple(flat[: shape[n]])))
            flat = flat[shape[n] :]
        parts = []
        start = 0
        for n, argument in enumerate(atom.args):
            own = atom.bound[start : start + shape[n]]
            start += shape[n]
            new = tuple(fresh(v.axis) for v in own)
            change = self.poly(rename_poly(argument, dict(zip(own, new, strict=True))))
            if not change.terms:
                continue
            more = unknown_atom(
                name, shape, output, [*slots, (n, tuple(map(place, new)))], atom.args, atom.bound
            )
            derived = algebra.rebuilt(more, lambda p: p, lambda a: a)
            parts.append(algebra.total(new, algebra.multiply(derived, change)))
        return add(parts)


class NotDifferentiable(Exception):
    """There is no derivative; `reason` is for the reader."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
