"""Terms -> index notation again, to be evaluated and printed."""

from fractions import Fraction
from functools import reduce

from derive.calculus.chains import reach_of
from derive.calculus.place import Place, Var
from derive.calculus.term import Atom, Coefficient, Exponent, Monomial, Poly
from derive.model.dim import Dim
from derive.model.scalar import (
    Apply,
    ArgMax,
    Constant,
    DimValue,
    Entry,
    Index,
    IndexValue,
    IndexVariable,
    MatrixFunction,
    MatrixProduct,
    Num,
    Reduce,
    Scalar,
    Tensor,
    Unknown,
)

ONE = Num(Fraction(1))


class Raising:
    """Raises terms; `names` says for which index variables free ones stand."""

    def __init__(self) -> None:
        self.names: dict[Var, IndexVariable] = {}

    def variable(self, var: Var) -> IndexVariable:
        """The index variable for a variable."""
        if var not in self.names:
            self.names[var] = IndexVariable(var.name, var.axis)
        return self.names[var]

    def index(self, spot: Place) -> Index:
        """A place as an index."""
        terms = tuple((self.variable(v), factor) for v, factor in spot.terms)
        computed = (self.scalar(spot.computed),) if spot.computed is not None else ()
        return Index(terms, spot.offset, computed)

    def scalar(self, poly: Poly) -> Scalar:
        """A polynomial as a sum of products."""
        terms = [self.term(m, c) for m, c in poly.terms.items()]
        return reduce(lambda a, b: Apply("add", (a, b)), terms) if terms else Num(Fraction(0))

    def term(self, monomial: Monomial, coefficient: Coefficient) -> Scalar:
        """A monomial with its coefficient: numerator over denominator."""
        above: list[Scalar] = []
        below: list[Scalar] = []
        coefficient, factors = _roots_below(coefficient, monomial.factors)
        for atom, exponent in factors.items():
            (above if exponent > 0 else below).append(self.power(atom, max(exponent, -exponent)))
        fraction = Fraction(coefficient)
        if fraction != 1 or not above:
            above.insert(0, Num(fraction))
        product = reduce(lambda a, b: Apply("mul", (a, b)), above)
        if not below:
            return product
        return Apply("div", (product, reduce(lambda a, b: Apply("mul", (a, b)), below)))

    def power(self, atom: Atom, exponent: Exponent) -> Scalar:
        """A power of an atom."""
        if atom.kind == "exp":
            body = self.scalar(atom.args[0].scaled(exponent))
            return Apply("exp", (body,))
        base = self.atom(atom)
        if exponent == 1:
            return base
        if exponent == Fraction(1, 2):
            return Apply("sqrt", (base,))
        return Apply("pow", (base, Num(Fraction(exponent))))

    def atom(self, atom: Atom) -> Scalar:
        """An atom to the first power."""
        match atom.kind:
            case "entry":
                return Entry(str(atom.head[0]), tuple(map(self.index, atom.places)))
            case "const":
                return self.constant(atom)
            case "index":
                return IndexValue(self.index(atom.places[0]))
            case "delta" | "less":
                first, second = (IndexValue(self.index(p)) for p in atom.places)
                return Apply("eq" if atom.kind == "delta" else "lt", (first, second))
            case "func":
                return self.function(atom)
            case "pow":
                return self.scalar(atom.args[0])
            case "sum":
                body = self.scalar(atom.args[0])
                for var in reversed(atom.bound):
                    body = Reduce("sum", self.variable(var), body)
                return body
            case "prod":
                return Reduce("prod", self.variable(atom.bound[0]), self.scalar(atom.args[0]))
            case "max":
                body, condition = (self.scalar(a) for a in atom.args)
                where = None if condition == ONE else condition
                return Reduce("max", self.variable(atom.bound[0]), body, where)
            case "argmax":
                return ArgMax(self.variable(atom.bound[0]), self.scalar(atom.args[0]))
            case "matrix":
                rows = (self.variable(atom.bound[0]), self.variable(atom.bound[1]))
                matrix = Tensor(rows, self.scalar(atom.args[0]))
                return MatrixFunction(
                    str(atom.head[0]), matrix, tuple(map(self.index, atom.places))
                )
            case "chain":
                return self.chain(atom)
            case "unknown":
                return self.unknown(atom)
            case _:
                raise TypeError(atom.kind)

    def chain(self, atom: Atom) -> Scalar:
        """A product over a range, of numbers or matrices, or a power of a matrix."""
        if atom.head == ("scalar",):
            low, high = map(self.index, atom.places)
            reach = reach_of(*atom.places)
            own = IndexVariable(atom.bound[0].name, reach or atom.bound[0].axis)
            self.names[atom.bound[0]] = own
            here = IndexValue(Index.of(own))
            inside = (Apply("le", (IndexValue(low), here)), Apply("le", (here, IndexValue(high))))
            return Reduce("prod", own, self.scalar(atom.args[0]), Apply("mul", inside))
        rows = (self.variable(atom.bound[0]), self.variable(atom.bound[1]))
        first, last, *ends = map(self.index, atom.places)
        if atom.head == ("power",):
            matrix = Tensor(rows, self.scalar(atom.args[0]))
            length = IndexValue(ends[0]) if ends[0].terms else DimValue(ends[0].offset)
            return MatrixFunction("matpow", matrix, (first, last), length)
        number = atom.bound[2]
        reach = reach_of(*atom.places[2:])
        if reach is not None:
            self.names[number] = IndexVariable(number.name, reach)
        matrix = Tensor(rows, self.scalar(atom.args[0]))
        return MatrixProduct(self.variable(number), ends[0], ends[1], matrix, (first, last))

    def constant(self, atom: Atom) -> Scalar:
        """A dimension, a number under a root, or a named constant."""
        match atom.head:
            case ("dim", str(name)):
                return DimValue(Dim.symbol(name))
            case ("prime", int(value)):
                return Num(Fraction(value))
            case (str(name),):
                return Constant(name)
            case _:
                raise TypeError(atom.head)

    def function(self, atom: Atom) -> Scalar:
        """A function of an expression."""
        argument = self.scalar(atom.args[0])
        if atom.head[0] == "ipow":
            return Apply("pow", (argument, self.scalar(atom.args[1])))
        match atom.head[0]:
            case "step":
                return Apply("lt", (Num(Fraction(0)), argument))
            case "zero":
                return Apply("eq", (argument, Num(Fraction(0))))
            case name:
                return Apply(str(name), (argument,))

    def unknown(self, atom: Atom) -> Scalar:
        """An unspecified function or its derivative."""
        head = atom.head[1:] if atom.head[0] == "symmetric" else atom.head
        name, outputs, count = str(head[0]), int(head[1]), int(head[2])
        shape = [int(n) for n in head[3 : 3 + count]]
        bound = list(map(self.variable, atom.bound))
        arguments = []
        for size, arg in zip(shape, atom.args, strict=True):
            arguments.append(Tensor(tuple(bound[:size]), self.scalar(arg)))
            bound = bound[size:]
        indices = list(map(self.index, atom.places))
        output, slots = indices[:outputs], indices[outputs:]
        derivatives = []
        for n in head[3 + count :]:
            size = shape[int(n)]
            derivatives.append((int(n), tuple(slots[:size])))
            slots = slots[size:]
        return Unknown(name, tuple(output), tuple(arguments), tuple(derivatives))


def _roots_below(
    coefficient: Coefficient, factors: dict[Atom, Exponent]
) -> tuple[Coefficient, dict[Atom, Exponent]]:
    """1/sqrt(2) in place of sqrt(2)/2."""
    for atom, exponent in factors.items():
        if atom.kind == "const" and atom.head[0] == "prime" and exponent == Fraction(1, 2):
            prime = int(atom.head[1])
            if Fraction(coefficient).denominator % prime == 0:
                coefficient = Fraction(coefficient) * prime
                factors = {**factors, atom: -exponent}
    return coefficient, factors
