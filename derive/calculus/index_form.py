"""Index notation as expressions of the language, with names for the indices that nobody uses."""

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction

from derive.calculus import trees
from derive.calculus.called import Called
from derive.calculus.summands import factor_order, reading_order
from derive.model.dim import Dim
from derive.model.model import Model
from derive.model.scalar import (
    Apply,
    ArgMax,
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
    Tensor,
    Unknown,
    entry_of,
)
from derive.syntax import tree
from derive.syntax.tree import Expression

LETTERS = "ijklmnopqrstuvw"
RELATIONS = {"lt": "<", "le": "<=", "eq": "=", "ne": "!="}
OPERATORS = {"mul": "*", "pow": "^"}


def taken_names(model: Model) -> frozenset[str]:
    """The names that no index may have."""
    shown = {n for n, d in model.definitions.items() if not d.hidden}
    return frozenset({*model.dims, *model.symbols, *model.functions, *model.defs, *shown})


class Writer:
    """Writes scalars by index. Indices keep the name that they have, if it is a good one."""

    def __init__(
        self,
        taken: Iterable[str] = (),
        called: Mapping[str, Called] | None = None,
        parts: Mapping[str, Tensor] | None = None,
    ) -> None:
        self.taken = frozenset(taken)
        self.called = called or {}
        self.parts = parts or {}
        self.names: dict[IndexVariable, str] = {}

    def variable(self, variable: IndexVariable) -> str:
        """The name of an index: its own, if that is free, else the first that is."""
        if variable not in self.names:
            used = {*self.names.values(), *self.taken}
            wanted = variable.name
            if wanted in used or not wanted.isalpha():
                wanted = next(n for n in _candidates() if n not in used)
            self.names[variable] = wanted
        return self.names[variable]

    def index(self, index: Index) -> Expression:
        """An index as a number."""
        total: Expression | None = None
        for variable, factor in index.terms:
            part: Expression = trees.name(self.variable(variable))
            constant = factor.constant
            if constant is None:
                part = trees.product([trees.of_dim(factor), part])
            elif constant != 1:
                scaled = trees.product([trees.number(abs(constant)), part])
                part = trees.negative(scaled) if constant < 0 else scaled
            total = part if total is None else trees.plus(total, part)
        for scalar in index.computed:
            total = self.tree(scalar) if total is None else trees.plus(total, self.tree(scalar))
        if index.offset.terms or total is None:
            offset = trees.of_dim(index.offset)
            if total is None:
                return offset
            negated = trees.negative(trees.of_dim(-index.offset))
            return trees.plus(total, negated if _is_negative(index.offset) else offset)
        return total

    def binder(self, variable: IndexVariable, always: bool = False) -> tree.Binder:
        """`i`, or `i in 1..n`."""
        extent = tree.Range(
            trees.NOWHERE, trees.of_dim(variable.axis.low), trees.of_dim(variable.axis.high)
        )
        return tree.Binder(trees.NOWHERE, self.variable(variable), extent if always else None)

    def tensor(self, tensor: Tensor) -> Expression:
        """A tensor: its name, or a comprehension."""
        body = tensor.body
        if (
            isinstance(body, Entry)
            and not body.padded
            and tuple(index.variable for index in body.indices) == tensor.indices
        ):
            return _named(body.symbol)
        if not tensor.indices:
            return self.tree(body)
        binders = tuple(self.binder(v, always=True) for v in tensor.indices)
        inside = self.tree(body)
        self.release(tensor.indices)
        return tree.Comprehension(trees.NOWHERE, inside, binders, ())

    def release(self, variables: Iterable[IndexVariable]) -> None:
        """The names of these are free again."""
        for variable in variables:
            self.names.pop(variable, None)

    def tree(self, scalar: Scalar) -> Expression:
        """A scalar as an expression."""
        match scalar:
            case Num(value):
                return trees.number(value)
            case Constant(name):
                return trees.name(name)
            case DimValue(dim):
                return trees.of_dim(dim)
            case IndexValue(index):
                return self.index(index)
            case Entry(symbol, indices) if symbol in self.called:
                return self.call(self.called[symbol], indices)
            case Entry(symbol, indices) if symbol in self.parts:
                return self.tree(entry_of(self.parts[symbol], indices))
            case Entry(symbol, indices, padded):
                base = trees.call("pad0", _named(symbol)) if padded else _named(symbol)
                return trees.at(base, [self.index(i) for i in indices])
            case Apply("add", _):
                return self.total(list(_addends(scalar)))
            case Apply(operation, arguments):
                return self.apply(operation, arguments)
            case Reduce():
                return self.reduce(scalar)
            case ArgMax(variable, body):
                return trees.call("argmax", self.tensor(Tensor((variable,), body)))
            case MatrixFunction(operation, matrix, indices, power):
                inside = [self.tensor(matrix), *([self.tree(power)] if power else [])]
                return trees.at(trees.call(operation, *inside), [self.index(i) for i in indices])
            case MatrixProduct(_, _, _, _, indices):
                return trees.at(self.matrix_product(scalar), [self.index(i) for i in indices])
            case Unknown():
                return self.unknown(scalar)
            case Blocks(index, parts):
                pieces = tuple(self.tensor(Tensor((p.variable,), p.body)) for p in parts)
                return trees.at(trees.call("concat", *pieces), [self.index(index)])
            case Split(index, variables, body):
                whole = self.tensor(Tensor(variables, body))
                return trees.at(trees.call("reshape", whole, trees.name("n")), [self.index(index)])
            case Derivative(of, of_indices, wrt, wrt_indices, partial):
                top = trees.at(trees.name(of), [self.index(i) for i in of_indices])
                bottom = trees.at(trees.name(wrt), [self.index(i) for i in wrt_indices])
                if partial:
                    return trees.call("partial", top, bottom)
                return trees.quotient(top, bottom)
            case Limit() | Expectation():
                raise AssertionError("a term has neither limits nor expectations")

    def matrix_product(self, product: MatrixProduct) -> Expression:
        """`prod[j in k+1..t](M[j])`; one that runs down says so."""
        ends, down = [self.index(product.low), self.index(product.high)], product.step < 0
        step = trees.negative(trees.number(Fraction(1))) if down else None
        first, last = reversed(ends) if down else ends
        extent = tree.Range(trees.NOWHERE, first, last, step)
        binder = tree.Binder(trees.NOWHERE, self.variable(product.variable), extent)
        inside = self.tensor(product.matrix)
        self.release((product.variable,))
        return tree.Big(trees.NOWHERE, "prod", (binder,), (), inside)

    def call(self, called: Called, indices: tuple[Index, ...]) -> Expression:
        """A function at a name: `softmax(S)[i, j]`, `sigmoid(z[i])`."""
        places = [self.index(i) for i in indices]
        argument: Expression = trees.name(called.argument)
        if called.is_entrywise:
            argument, places = trees.at(argument, places), []
        argument = trees.negative(argument) if called.negated else argument
        return trees.at(trees.call(called.function, argument), places)

    def total(self, addends: list[Scalar]) -> Expression:
        """A sum, a positive term first."""
        parts = [self.tree(a) for a in addends]
        parts.sort(key=reading_order)
        result = parts[0]
        for part in parts[1:]:
            result = trees.plus(result, part)
        return result

    def apply(self, operation: str, arguments: tuple[Scalar, ...]) -> Expression:
        """An operation on numbers."""
        if operation in RELATIONS:
            left, right = map(self.tree, arguments)
            if operation == "lt" and left == trees.ZERO:
                return trees.indicator(">", right, left)
            return trees.indicator(RELATIONS[operation], left, right)
        if operation in ("mul", "div"):
            return self.product(Apply(operation, arguments))
        if operation == "neg":
            return trees.negative(self.tree(arguments[0]))
        if operation == "sub":
            return trees.plus(self.tree(arguments[0]), trees.negative(self.tree(arguments[1])))
        if operation == "pow":
            base, exponent = arguments
            if isinstance(exponent, Num):
                return trees.power(self.tree(base), exponent.value)
            return trees.binary("^", self.tree(base), self.tree(exponent))
        return trees.call(operation, *map(self.tree, arguments))

    def product(self, scalar: Scalar) -> Expression:
        """A product over what it is divided by, its sign in front."""
        coefficient = Fraction(1)
        above: list[Expression] = []
        below: list[Expression] = []
        for factor, up in factors_of(scalar):
            if isinstance(factor, Num) and factor.value:
                coefficient *= factor.value if up else 1 / factor.value
                continue
            (above if up else below).append(self.tree(factor))
        above.sort(key=factor_order)
        below.sort(key=factor_order)
        size = abs(coefficient)
        if size.numerator != 1:
            above.insert(0, trees.number(size.numerator))
        if size.denominator != 1:
            below.insert(0, trees.number(size.denominator))
        made = trees.over(trees.product(above), trees.product(below))
        return trees.negative(made) if coefficient < 0 else made

    def reduce(self, scalar: Reduce) -> Expression:
        """`sum[i](...)`; sums directly inside sums are one."""
        bound, body = [scalar.variable], scalar.body
        condition = scalar.condition
        while (
            condition is None
            and isinstance(body, Reduce)
            and body.operation == scalar.operation == "sum"
            and body.condition is None
        ):
            bound.append(body.variable)
            body = body.body
        binders = tuple(self.binder(v, _is_open(v, body)) for v in bound)
        conditions: tuple[tree.Comparison, ...] = ()
        if condition is not None:
            held = self.tree(condition)
            if not isinstance(held, tree.Indicator):
                held = tree.Indicator(
                    trees.NOWHERE, (tree.Comparison(trees.NOWHERE, "=", held, trees.ONE),)
                )
            conditions = held.conditions
        inside = self.tree(body)
        self.release(bound)
        return tree.Big(trees.NOWHERE, scalar.operation, binders, conditions, inside)

    def unknown(self, scalar: Unknown) -> Expression:
        """An unspecified function, its derivatives by primes or as `d.../d...`."""
        arguments = [self.tensor(a) for a in scalar.arguments]
        places = [self.index(i) for i in scalar.indices]
        count = len(scalar.derivatives)
        if all(not at for _, at in scalar.derivatives):
            if len(arguments) == 1:
                return trees.at(trees.primed(scalar.function, count, arguments[0]), places)
            made = trees.at(trees.call(scalar.function, *arguments), places)
            for number, _ in scalar.derivatives:
                made = _quotient(made, arguments[number])
            return made
        made = trees.at(trees.name(scalar.function), places)
        for number, at in scalar.derivatives:
            below = trees.at(arguments[number], [self.index(i) for i in at])
            made = _quotient(made, below)
        return made


def _quotient(of: Expression, by: Expression) -> Expression:
    try:
        return trees.quotient(of, by)
    except TypeError:
        return trees.call("grad", of, by)


def _named(symbol: str) -> Expression:
    """A name; an adjoint as the derivative that it is."""
    of, slash, by = symbol.partition("/d")
    return trees.quotient(trees.name(of[1:]), trees.name(by)) if slash else trees.name(symbol)


def _candidates() -> Iterator[str]:
    yield from LETTERS
    for number in range(1, 1000):
        yield from (f"{letter}{number}" for letter in LETTERS)


def _addends(scalar: Scalar) -> Iterator[Scalar]:
    match scalar:
        case Apply("add", arguments):
            for argument in arguments:
                yield from _addends(argument)
        case _:
            yield scalar


def factors_of(scalar: Scalar, up: bool = True) -> Iterator[tuple[Scalar, bool]]:
    """The factors of a product, each above (True) or below."""
    match scalar:
        case Apply("mul", arguments):
            for argument in arguments:
                yield from factors_of(argument, up)
        case Apply("div", (above, below)):
            yield from factors_of(above, up)
            yield from factors_of(below, not up)
        case Apply("neg", (inner,)):
            yield Num(Fraction(-1)), True
            yield from factors_of(inner, up)
        case _:
            yield scalar, up


def _is_negative(dim: Dim) -> bool:
    """Every part of a dimension is subtracted."""
    return all(coefficient < 0 for _, coefficient in dim.terms)


def _is_open(variable: IndexVariable, body: Scalar) -> bool:
    """No entry of the body stands just at the variable, or some stand off it: it has its range."""

    def places(scalar: Scalar) -> Iterator[bool]:
        match scalar:
            case Entry(_, indices, padded):
                for index in indices:
                    if any(found == variable for found, _ in index.terms):
                        yield index.variable is not None and not padded
            case Apply(_, arguments):
                for argument in arguments:
                    yield from places(argument)
            case Reduce(_, _, inner, _):
                yield from places(inner)

    found = list(places(body))
    return not found or not all(found)
