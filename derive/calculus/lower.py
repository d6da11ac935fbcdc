"""Index notation as written -> terms in normal form."""

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import assert_never

from derive.calculus.algebra import Algebra
from derive.calculus.binders import number_of, unknown_atom
from derive.calculus.chains import (
    ANYWHERE,
    ends_of_range,
    power_atom,
    product_atom,
    scalar_atom,
    whole_number,
)
from derive.calculus.functions import (
    exponential,
    half_sum,
    hyperbolic_tangent,
    larger,
    logarithm,
    symbolic_power,
)
from derive.calculus.meeting import refuse_divisors
from derive.calculus.place import Place, Var, fresh, place
from derive.calculus.powers import absolute
from derive.calculus.products import INDICATORS, NotExact
from derive.calculus.ranges import combined, moved, normal_place, spot
from derive.calculus.term import ONE, ZERO, Atom, Poly, add, dim_poly, number, of_atom
from derive.model.dim import ONE as DIM_ONE
from derive.model.dim import Dim
from derive.model.scalar import (
    Apply,
    ArgMax,
    Axis,
    Blocks,
    Constant,
    Derivative,
    DimValue,
    Entry,
    Expectation,
    Index,
    IndexValue,
    IndexVariable,
    Limit,
    MatrixFunction,
    MatrixProduct,
    Num,
    Reduce,
    Scalar,
    Split,
    Unknown,
    axis,
)

Scope = Mapping[IndexVariable, Place]


class Lowering:
    """Lowers scalars.

    `derivative` answers a `Derivative` whose places are given as terms, `closed` limits and
    expectations; `note_place` is told the
    computed places at which entries stand: where the statement is defined, they are on the axis.
    """

    def __init__(
        self,
        algebra: Algebra,
        derivative: Callable[[Derivative, tuple[Place, ...], tuple[Place, ...]], Poly],
        axes: Callable[[str], tuple[Axis, ...]],
        note_place: Callable[[Poly, Axis], None],
        closed: Callable[[Limit | Expectation, Scope], Poly],
    ) -> None:
        self.closed = closed
        self.note_place = note_place
        self.algebra = algebra
        self.axes = axes
        self.derivative = derivative

    def place(self, index: Index, scope: Scope) -> Place:
        """An index as a place."""
        terms: dict[Var, Dim] = {}
        offset = index.offset
        computed = [self.poly(scalar, scope) for scalar in index.computed]
        for variable, factor in index.terms:
            where = scope[variable]
            for inner, inner_factor in where.terms:
                terms[inner] = terms.get(inner, Dim(())) + factor * inner_factor
            offset = offset + factor * where.offset
            if where.computed is not None:
                computed.append(self.algebra.multiply(dim_poly(factor), where.computed))
        return normal_place(terms, offset, add(computed) if computed else None)

    def places(self, indices: tuple[Index, ...], scope: Scope) -> tuple[Place, ...]:
        """Indices as places."""
        return tuple(self.place(i, scope) for i in indices)

    def poly(self, scalar: Scalar, scope: Scope) -> Poly:
        """A scalar in normal form, its free index variables standing at the places of `scope`."""
        algebra = self.algebra
        match scalar:
            case Num(value):
                return number(value)
            case Constant(name):
                return of_atom(Atom("const", (name,)))
            case DimValue(dim):
                return dim_poly(dim)
            case IndexValue(index):
                return number_of(algebra, self.place(index, scope))
            case Entry(symbol, indices, padded):
                if padded:
                    return self.padded(symbol, self.places(indices, scope))
                places = self.places(indices, scope)
                for where, axis in zip(places, self.axes(symbol), strict=True):
                    if where.computed is not None and not where.terms and not where.offset.terms:
                        self.note_place(where.computed, axis)
                return algebra.construct(Atom("entry", (symbol,), places))
            case Apply(operation, arguments):
                return self.apply(operation, arguments, scope)
            case Reduce():
                return self.reduce(scalar, scope)
            case ArgMax(variable, body):
                var = fresh(variable.axis, variable.name)
                inner = self.poly(body, {**scope, variable: spot(var)})
                return algebra.construct(Atom("argmax", (), (), (inner,), (var,)))
            case MatrixFunction():
                return self.matrix(scalar, scope)
            case MatrixProduct():
                return self.matrix_product(scalar, scope)
            case Unknown():
                return self.unknown(scalar, scope)
            case Blocks(index, _):
                return self.blocks(self.place(index, scope), scalar, scope)
            case Split():
                return self.split(scalar, scope)
            case Derivative(_, of_indices, _, wrt_indices):
                return self.derivative(
                    scalar, self.places(of_indices, scope), self.places(wrt_indices, scope)
                )
            case Limit() | Expectation():
                return self.closed(scalar, scope)
            case _:
                assert_never(scalar)

    def padded(self, symbol: str, places: tuple[Place, ...]) -> Poly:
        """An entry that is zero outside the range: sum_v delta[v, place] x[v]."""
        new = tuple(fresh(a) for a in self.axes(symbol))
        entry = self.algebra.construct(Atom("entry", (symbol,), tuple(map(spot, new))))
        deltas = [self.algebra.delta(spot(v), p) for v, p in zip(new, places, strict=True)]
        return self.algebra.total(new, self.algebra.product((entry, *deltas)))

    def apply(self, operation: str, arguments: tuple[Scalar, ...], scope: Scope) -> Poly:
        """An operation on numbers."""
        if operation in COMPARISONS:
            indicator = self.comparison_of_places(operation, arguments, scope)
            if indicator is not None:
                return indicator
        if operation in ("mul", "div", "neg"):
            return self.product(Apply(operation, arguments), scope)
        args = tuple(self.poly(a, scope) for a in arguments)
        rule = OPERATIONS.get(operation)
        if rule is None:
            raise NotExact(f"`{operation}` has no normal form")
        result: Poly = rule(self.algebra, *args)
        if operation in ("pow", "sqrt"):
            refuse_divisors(self.algebra, result)
        return result

    def product(self, scalar: Apply, scope: Scope) -> Poly:
        """A product or quotient: indicators of indices last, as zero ones make it zero."""
        result, masks, sign, divided = ONE, [], 1, False
        for factor, exponent in factors_of(scalar):
            if factor is None:
                sign = -sign
                continue
            poly = self.poly(factor, scope)
            if exponent < 0:
                poly, divided = self.algebra.raised(poly, -1), True
            elif any(atom.kind in INDICATORS for atom in poly.atoms()):
                masks.append(poly)
                continue
            result = self.algebra.multiply(result, poly)
        if divided:
            refuse_divisors(self.algebra, result)
        return self.algebra.product((result, *masks)).scaled(sign)

    def comparison_of_places(
        self, operation: str, arguments: tuple[Scalar, ...], scope: Scope
    ) -> Poly | None:
        """A comparison of indices, as a delta or an order of places."""
        spots = [self._spot(a, scope) for a in arguments]
        first, second = spots
        if first is None or second is None or not (first.terms or second.terms):
            return None
        algebra = self.algebra
        match operation:
            case "eq":
                return algebra.delta(first, second)
            case "ne":
                return ONE - algebra.delta(first, second)
            case "lt":
                return algebra.less(first, second)
            case _:
                return algebra.at_most(first, second)

    def _spot(self, scalar: Scalar, scope: Scope) -> Place | None:
        """A number that is an index or a whole constant, as a place."""
        match scalar:
            case IndexValue(index):
                return self.place(index, scope)
            case DimValue(dim):
                return Place((), dim)
            case Num(value) if value.denominator == 1:
                return Place((), Dim.of(int(value)))
            case ArgMax():
                return normal_place({}, Dim(()), self.poly(scalar, scope))
            case Entry(symbol, _, _) if symbol in self.integer_symbols():
                return normal_place({}, Dim(()), self.poly(scalar, scope))
            case Apply("add" | "sub" | "mul" | "neg" as operation, arguments):
                found = [self._spot(argument, scope) for argument in arguments]
                spots = [place for place in found if place is not None]
                return combined(operation, spots) if len(spots) == len(found) else None
            case _:
                return None

    def integer_symbols(self) -> frozenset[str]:
        """The tensors declared `integer`: their entries can be places."""
        model = getattr(self.algebra.knowledge, "model", None)
        symbols = model.symbols.values() if model is not None else ()
        return frozenset(s.name for s in symbols if "integer" in s.properties)

    def reduce(self, scalar: Reduce, scope: Scope) -> Poly:
        """A sum, product or maximum over an index."""
        algebra = self.algebra
        if scalar.operation == "prod" and (ends := ends_of_range(scalar)) is not None:
            return self.running_product(scalar, ends, scope)
        if scalar.operation in ("sum", "prod") and not scalar.variable.axis.size.terms:
            return ZERO if scalar.operation == "sum" else ONE
        var = fresh(scalar.variable.axis, scalar.variable.name)
        inner = {**scope, scalar.variable: spot(var)}
        body = self.poly(scalar.body, inner)
        condition = ONE if scalar.condition is None else self.poly(scalar.condition, inner)
        match scalar.operation:
            case "sum":
                return algebra.total((var,), algebra.multiply(condition, body))
            case "prod":
                if condition != ONE:  # where the condition fails the factor is one
                    body = add((ONE, algebra.multiply(condition, body - ONE)))
                return algebra.construct(Atom("prod", (), (), (body,), (var,)))
            case "max":
                return algebra.construct(Atom("max", (), (), (body, condition), (var,)))
            case _:
                return -algebra.construct(Atom("max", (), (), (-body, condition), (var,)))

    def matrix(self, scalar: MatrixFunction, scope: Scope) -> Poly:
        """inv, det, logdet, whole powers."""
        algebra = self.algebra
        row, column = (fresh(v.axis, v.name) for v in scalar.matrix.indices)
        inner = dict(zip(scalar.matrix.indices, (place(row), place(column)), strict=True))
        body = self.poly(scalar.matrix.body, {**scope, **inner})
        places = self.places(scalar.indices, scope)
        if scalar.operation != "matpow":
            return algebra.construct(
                Atom("matrix", (scalar.operation,), places, (body,), (row, column))
            )
        power = None if scalar.power is None else whole_number(self.poly(scalar.power, scope))
        if power is None:
            raise NotExact("a matrix to a power that is no whole number")
        first, last = places
        return algebra.construct(power_atom((first, last), power, body, (row, column)))

    def running_product(self, scalar: Reduce, ends: tuple[Index, Index], scope: Scope) -> Poly:
        """A product of numbers over a range whose ends hang on other indices."""
        number = fresh(ANYWHERE, scalar.variable.name)
        body = self.poly(scalar.body, {**scope, scalar.variable: place(number)})
        low, high = (self.place(end, scope) for end in ends)
        return self.algebra.construct(scalar_atom(low, high, body, number))

    def matrix_product(self, scalar: MatrixProduct, scope: Scope) -> Poly:
        """A product over a range; one that runs down is a transpose of transposes."""
        number = fresh(ANYWHERE, scalar.variable.name)
        row, column = (fresh(v.axis, v.name) for v in scalar.matrix.indices)
        inner = {scalar.variable: place(number)}
        inner |= dict(zip(scalar.matrix.indices, (place(row), place(column)), strict=True))
        body = self.poly(scalar.matrix.body, {**scope, **inner})
        low, high = self.place(scalar.low, scope), self.place(scalar.high, scope)
        first, last = self.places(scalar.indices, scope)
        if scalar.step < 0:
            first, last, row, column = last, first, column, row
        atom = product_atom((first, last), (low, high), body, (row, column, number))
        return self.algebra.construct(atom)

    def unknown(self, scalar: Unknown, scope: Scope) -> Poly:
        """An entry of an unspecified function or of its derivative."""
        bound: list[Var] = []
        args: list[Poly] = []
        for tensor in scalar.arguments:
            new = [fresh(v.axis, v.name) for v in tensor.indices]
            inner = dict(zip(tensor.indices, map(spot, new), strict=True))
            args.append(self.poly(tensor.body, {**scope, **inner}))
            bound.extend(new)
        shape = tuple(len(t.indices) for t in scalar.arguments)
        slots = [(n, self.places(at, scope)) for n, at in scalar.derivatives]
        output = self.places(scalar.indices, scope)
        return self.algebra.construct(
            unknown_atom(scalar.function, shape, output, slots, tuple(args), tuple(bound))
        )

    def blocks(self, where: Place, scalar: Blocks, scope: Scope) -> Poly:
        """Pieces one after the other: sum over pieces of sum_v delta[i, v + offset] piece(v)."""
        algebra = self.algebra
        offset = Dim(())
        parts: list[Poly] = []
        for part in scalar.parts:
            var = fresh(part.variable.axis, part.variable.name)
            shifted = moved(spot(var), offset + DIM_ONE - part.variable.axis.low)
            delta = algebra.delta(where, shifted)
            if delta != ZERO:
                body = self.poly(part.body, {**scope, part.variable: spot(var)})
                parts.append(algebra.total((var,), algebra.multiply(delta, body)))
            offset = offset + part.variable.axis.size
        return add(parts)

    def split(self, scalar: Split, scope: Scope) -> Poly:
        """Row-major digits of an index: sum_{v} delta[index, ((v1 - 1) n2 + v2 ...)] body(v)."""
        algebra = self.algebra
        new = tuple(fresh(axis(v.axis.size), v.name) for v in scalar.variables)
        terms: dict[Var, Dim] = {}
        offset = DIM_ONE
        stride = DIM_ONE
        for var in reversed(new):
            digit = spot(var)
            terms |= {v: stride for v, _ in digit.terms}
            offset = offset + stride * (digit.offset - DIM_ONE)
            stride = stride * var.axis.size
        whole = normal_place(terms, offset, None)
        delta = algebra.delta(self.place(scalar.index, scope), whole)
        inner = dict(zip(scalar.variables, map(spot, new), strict=True))
        body = self.poly(scalar.body, {**scope, **inner})
        return algebra.total(new, algebra.multiply(delta, body))


def factors_of(scalar: Scalar) -> Iterator[tuple[Scalar | None, int]]:
    """The factors of a product or quotient, each with 1 or -1; None stands for a minus sign."""
    match scalar:
        case Apply("mul", (left, right)):
            yield from factors_of(left)
            yield from factors_of(right)
        case Apply("neg", (inner,)):
            yield None, 1
            yield from factors_of(inner)
        case Apply("div", (top, bottom)):
            yield from factors_of(top)
            yield bottom, -1
        case _:
            yield scalar, 1


COMPARISONS = frozenset({"eq", "ne", "lt", "le"})


def _func(name: str) -> Callable[[Algebra, Poly], Poly]:
    return lambda algebra, a: algebra.construct(Atom("func", (name,), (), (a,)))


OPERATIONS: dict[str, Callable[..., Poly]] = {
    "add": lambda algebra, a, b: add((a, b)),
    "sub": lambda algebra, a, b: a - b,
    "pow": symbolic_power,
    "exp": exponential,
    "log": logarithm,
    "sqrt": lambda algebra, a: algebra.raised(a, Fraction(1, 2)),
    "abs": absolute,
    "sign": _func("sign"),
    "sin": _func("sin"),
    "cos": _func("cos"),
    "tan": lambda algebra, a: algebra.multiply(
        _func("sin")(algebra, a), algebra.raised(_func("cos")(algebra, a), -1)
    ),
    "asin": _func("asin"),
    "acos": lambda algebra, a: add(
        (of_atom(Atom("const", ("pi",))).scaled(Fraction(1, 2)), -_func("asin")(algebra, a))
    ),
    "atan": _func("atan"),
    "sinh": lambda algebra, a: half_sum(algebra, a, -1),
    "cosh": lambda algebra, a: half_sum(algebra, a, 1),
    "tanh": hyperbolic_tangent,
    "erf": _func("erf"),
    "lgamma": _func("lgamma"),
    "digamma": _func("digamma"),
    "max": larger,
    "min": lambda algebra, a, b: -larger(algebra, -a, -b),
    "lt": lambda algebra, a, b: _func("step")(algebra, b - a),
    "le": lambda algebra, a, b: ONE - _func("step")(algebra, a - b),
    "eq": lambda algebra, a, b: _func("zero")(algebra, a - b),
    "ne": lambda algebra, a, b: ONE - _func("zero")(algebra, a - b),
}
"""How each operation on numbers is put into normal form."""
