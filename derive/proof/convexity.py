"""Is a function convex? By rules of composition, at kinks too; else by its Hessian.

The rules follow the expression as it is written, definitions opened: sums, positive multiples,
maxima and log-sums of exponentials of convex functions are convex, and so on.
Source: Boyd and Vandenberghe, Convex Optimization, section 3.2; for the sign of v.T H v, 3.1.4.
A Hessian settles it where the function has a value everywhere and no kink.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from derive.calculus.partials import NotDifferentiable
from derive.calculus.powers import is_nonnegative, is_positive
from derive.calculus.products import NotExact
from derive.calculus.raising import Raising
from derive.calculus.term import Atom, Poly
from derive.model.model import Convexity, Relation
from derive.model.scalar import Apply, Entry, Num, Reduce, Scalar, Tensor, entry_of
from derive.model.traverse import free_variables, names_in, skeleton
from derive.proof.outcome import NotShown, Proof, Proved

if TYPE_CHECKING:
    from derive.proof.equal import Prover


@dataclass(frozen=True, slots=True)
class Shape:
    """What is known of a function: whether it is convex, concave, and its sign (0: not known)."""

    convex: bool = False
    concave: bool = False
    sign: int = 0

    @property
    def affine(self) -> bool:
        """Convex and concave."""
        return self.convex and self.concave

    def scaled(self, sign: int) -> "Shape":
        """The function times a number of a sign; of an open one if zero."""
        if sign == 0:
            return Shape(self.affine, self.affine)
        if sign > 0:
            return self
        return Shape(self.concave, self.convex, -self.sign)


class Composition:
    """Finds shapes by rules of composition, in some names that are free."""

    def __init__(self, prover: "Prover", names: tuple[str, ...]) -> None:
        self.prover = prover
        self.model = prover.model
        self.names = frozenset(names)

    def opened(self, scalar: Scalar) -> Scalar:
        """The definition behind an entry of a name that is not free."""
        while isinstance(scalar, Entry) and scalar.symbol in self.model.definitions:
            definition = self.model.definitions[scalar.symbol]
            if scalar.symbol in self.names or definition.recurrence is not None or scalar.padded:
                return scalar
            scalar = entry_of(Tensor(definition.indices, definition.body), scalar.indices)
        return scalar

    def moves(self, scalar: Scalar, seen: frozenset[str] = frozenset()) -> bool:
        """Whether the value depends on the free names."""
        used = names_in(scalar)
        if not self.names.isdisjoint(used):
            return True
        return any(
            self.moves(self.model.definitions[name].body, seen | {name})
            for name in used
            if name in self.model.definitions and name not in seen
        )

    def constant(self, scalar: Scalar) -> int:
        """The sign of what does not move: 1 or -1 where it surely is so, or zero; else 0."""
        calculus = self.prover.calculus
        try:
            poly = calculus.lower(scalar, free_variables(Tensor((), scalar)))
        except (NotExact, NotDifferentiable):
            return 0
        for sign in (1, -1):
            if is_nonnegative(calculus.algebra, poly.scaled(sign)):
                return sign
        return 0

    def shape(self, scalar: Scalar) -> Shape:
        """What is known of a scalar."""
        if not self.moves(scalar):
            return Shape(True, True, self.constant(scalar))
        scalar = self.opened(scalar)
        match scalar:
            case Entry(name) if name in self.names:
                return Shape(True, True, self.constant(scalar))
            case Apply("add", (left, right)):
                one, other = self.shape(left), self.shape(right)
                sign = one.sign if one.sign == other.sign else 0
                return Shape(one.convex and other.convex, one.concave and other.concave, sign)
            case Apply("neg", (inner,)):
                return self.shape(inner).scaled(-1)
            case Apply("mul", (left, right)):
                return self.product(left, right)
            case Apply("div", (above, below)):
                if not self.moves(below):
                    return self.shape(above).scaled(self.constant(below))
                return self.power(below, Fraction(-1)).scaled(self.times(above))
            case Apply("pow", (base, Num(exponent))):
                return self.power(base, exponent)
            case Apply("sqrt", (inner,)):
                if self.is_sum_of_squares(inner):
                    return Shape(True, False, 1)
                return self.power(inner, Fraction(1, 2))
            case Apply("exp", (inner,)):
                return Shape(self.shape(inner).convex, False, 1)
            case Apply("log", (inner,)):
                return self.logarithm(inner)
            case Apply("abs", (inner,)):
                return Shape(self.shape(inner).affine, False, 1)
            case Apply("max" | "min" as operation, (left, right)):
                return self.extreme(operation, [self.shape(left), self.shape(right)])
            case Reduce(operation, _, body, condition):
                if condition is not None and self.moves(condition):
                    return Shape()
                inside = self.shape(body)
                if operation == "sum":
                    return inside
                return self.extreme(operation, [inside]) if operation in ("max", "min") else Shape()
            case _:
                return Shape()

    def times(self, scalar: Scalar) -> int:
        """The sign of a factor that does not move; 0 where it does."""
        return 0 if self.moves(scalar) else self.constant(scalar)

    def product(self, left: Scalar, right: Scalar) -> Shape:
        """A multiple; a square; a part like a*[a > 0], which is max(a, 0)."""
        for one, other in ((left, right), (right, left)):
            if not self.moves(one):
                return self.shape(other).scaled(self.constant(one))
        for one, other in ((left, right), (right, left)):
            match self.opened(other):
                case Apply("lt", (Num(value), inner)) if value == 0 and alike(inner, one):
                    return Shape(self.shape(one).convex, False, 1)
        if alike(left, right):
            return Shape(self.shape(left).affine, False, 1)
        return Shape()

    def power(self, base: Scalar, exponent: Fraction) -> Shape:
        """A power with a fixed exponent."""
        inner = self.shape(base)
        if exponent == 1:
            return inner
        if exponent.denominator == 1 and exponent > 0 and exponent % 2 == 0:
            return Shape(inner.affine or (inner.convex and inner.sign > 0), False, 1)
        if exponent > 1 and inner.convex and inner.sign > 0:
            return Shape(True, False, 1)
        if 0 < exponent < 1:  # defined only where the base is not negative
            return Shape(False, inner.concave, 1)
        positive = inner.concave and self.is_positive(base)
        return Shape(exponent < 0 and positive, False, 1 if positive else 0)

    def logarithm(self, inner: Scalar) -> Shape:
        """Of a concave function; of a sum of exponentials of convex ones; of a quotient."""
        match self.opened(inner):
            case Apply("div", (above, below)) if not self.moves(above) and self.is_positive(above):
                return self.logarithm(below).scaled(-1)
            case _:
                return Shape(self.is_log_convex(inner), self.shape(inner).concave)

    def is_log_convex(self, scalar: Scalar) -> bool:
        """Exponentials of convex functions, positive numbers, sums and products of such."""
        if not self.moves(scalar):
            return self.is_positive(scalar)
        match self.opened(scalar):
            case Apply("exp", (inner,)):
                return self.shape(inner).convex
            case Apply("add" | "mul", (left, right)):
                return self.is_log_convex(left) and self.is_log_convex(right)
            case Reduce("sum", _, body, condition):
                return self.is_log_convex(body) and (condition is None or not self.moves(condition))
            case _:
                return False

    def is_sum_of_squares(self, scalar: Scalar) -> bool:
        """A sum of squares of affine functions: its root is a norm."""
        match self.opened(scalar):
            case Reduce("sum", _, body, None):
                return self.is_sum_of_squares(body)
            case Apply("add", (left, right)):
                return self.is_sum_of_squares(left) and self.is_sum_of_squares(right)
            case Apply("pow", (base, Num(exponent))) if exponent == 2:
                return self.shape(base).affine
            case Apply("mul", (left, right)) if alike(left, right):
                return self.shape(left).affine
            case Apply("div", (above, below)) if not self.moves(below):
                return self.constant(below) > 0 and self.is_sum_of_squares(above)
            case inner:
                return not self.moves(inner) and self.constant(inner) > 0

    def is_positive(self, scalar: Scalar) -> bool:
        """Surely above zero, moving or not."""
        calculus = self.prover.calculus
        try:
            poly = calculus.lower(scalar, free_variables(Tensor((), scalar)))
        except (NotExact, NotDifferentiable):
            return False
        return is_positive(calculus.algebra, poly)

    def extreme(self, operation: str, parts: list[Shape]) -> Shape:
        """The largest of convex functions is convex, the smallest of concave ones concave."""
        signs = {part.sign for part in parts}
        sign = signs.pop() if len(signs) == 1 else 0
        if operation == "max":
            if any(part.sign > 0 for part in parts):
                sign = 1
            return Shape(all(part.convex for part in parts), False, sign)
        return Shape(False, all(part.concave for part in parts), sign)


def alike(first: Scalar, second: Scalar) -> bool:
    """The same scalar, but for names of bound indices."""
    same = free_variables(Tensor((), first)) == free_variables(Tensor((), second))
    return same and skeleton(Tensor((), first)) == skeleton(Tensor((), second))


def prove(prover: "Prover", convexity: Convexity) -> Proof:
    """The proof that a function is convex (or concave)."""
    for assumption in prover.model.assumptions:
        relation = assumption.relation
        sides = (relation.left, relation.right)
        own = any(not set(convexity.names).isdisjoint(names_in(side)) for side in sides)
        rules = Composition(prover, convexity.names)
        if own and relation.op == "!=":
            return NotShown(f"`{assumption.text}` leaves no convex set")
        if own and not all(rules.shape(side).affine for side in sides):
            return NotShown(f"`{assumption.text}` may leave no convex set")
    used = prover.calculus.signs.used
    used.clear()
    shape = Composition(prover, convexity.names).shape(convexity.value)
    if shape.convex if convexity.sign > 0 else shape.concave:
        return Proved(tuple(sorted(used)))
    if not is_everywhere(prover, convexity):
        return NotShown("no rule of composition applies, and there are points without a Hessian")
    proof = prover.prove(convexity.hessian)
    if isinstance(proof, Proved) and proof.conditions:
        return NotShown("no rule of composition applies, and the function has kinks")
    return proof


def is_everywhere(prover: "Prover", convexity: Convexity) -> bool:
    """The function surely has a value, and derivatives, at all values of its names."""
    calculus = prover.calculus
    poly = calculus.lower(convexity.value)
    polys = [poly]
    for name in calculus.reachable(poly):
        body = calculus.body(name)
        if body is not None:
            polys.append(body.poly)
    return all(is_smooth(prover, p) for p in polys)


def is_smooth(prover: "Prover", poly: Poly) -> bool:
    """No divisor that may be zero, no root of what may be, no indicator of a number."""
    algebra = prover.calculus.algebra
    for monomial in poly.terms:
        for atom, exponent in monomial.factors.items():
            whole = exponent.denominator == 1 and exponent > 0
            if not whole and not algebra.knowledge.is_positive(atom):
                return False
            if not is_smooth_atom(prover, atom):
                return False
    return True


def shown_positive(prover: "Prover", poly: Poly) -> bool:
    """Surely above zero, by its signs or by an argument."""
    if is_positive(prover.calculus.algebra, poly):
        return True
    raising = Raising()
    scalar = raising.scalar(poly)
    indices = tuple(raising.variable(v) for v in sorted(poly.free, key=lambda v: v.key))
    relation = Relation("<", Num(Fraction(0)), scalar, indices)
    return isinstance(prover.prove(relation), Proved)


def is_smooth_atom(prover: "Prover", atom: Atom) -> bool:
    """The same for a factor."""
    match atom.kind:
        case "entry":
            return all(p.computed is None for p in atom.places)
        case "max" | "argmax" | "matrix" | "unknown":
            return False
        case "func":
            name = atom.head[0]
            if name in ("step", "zero", "sign", "ipow", "asin", "lgamma", "digamma", "trigamma"):
                return False
            if name == "log" and not shown_positive(prover, atom.args[0]):
                return False
    return all(is_smooth(prover, arg) for arg in atom.args)
