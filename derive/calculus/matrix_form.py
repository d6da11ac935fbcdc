"""Index notation -> matrix notation: a component is read as a path of matrices.

`Reader.tree` writes a tensor of at most two axes without indices, or raises `NoMatrixForm`. Nothing
here has to be trusted: whoever shows an answer proves that it equals what was read.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction

from derive.calculus import trees
from derive.calculus.called import Called
from derive.calculus.contracting import Axes, NoMatrixForm, Pieces
from derive.calculus.forms import Form, Forming, addends, is_atom, powers_in, spread, turned
from derive.calculus.summands import Term, term
from derive.model.model import Model
from derive.model.scalar import (
    Apply,
    ArgMax,
    Constant,
    Derivative,
    DimValue,
    Entry,
    Index,
    IndexValue,
    IndexVariable,
    MatrixFunction,
    Num,
    Reduce,
    Scalar,
    Tensor,
    Unknown,
    entry_of,
)
from derive.syntax.tree import Expression

ONCE = Fraction(1)
SYMMETRIC = frozenset({"symmetric", "posdef", "diagonal"})
RELATIONS = {"lt": ">", "le": ">=", "eq": "=", "ne": "!="}


class Reader(Forming):
    """Reads scalars of one model.

    `called` has the names that stand for calls of functions, `parts` those that stand for tensors
    which are written out.
    """

    def __init__(
        self,
        model: Model,
        called: Mapping[str, Called] | None = None,
        parts: Mapping[str, Tensor] | None = None,
    ) -> None:
        self.model = model
        self.called = called or {}
        self.parts = parts or {}
        super().__init__()
        self.fixed: dict[IndexVariable, Expression] = {}
        self.by_part = False
        self.symmetric = frozenset(
            s.name for s in model.symbols.values() if s.properties & SYMMETRIC and len(s.axes) == 2
        )

    def tree(self, tensor: Tensor) -> Expression:
        """The tensor without indices. Raises NoMatrixForm."""
        out = tuple(v for v in tensor.indices if v.axis.size.constant != 1)
        if len(tensor.indices) > 2:
            raise NoMatrixForm
        self.first = out
        form = self.read(tensor.body)
        if not set(form.axes) <= set(out):
            raise NoMatrixForm
        terms = [t for t in spread(form, out) if t.coefficient]
        if out and not any(t.factors for t in terms):
            sizes = [trees.of_dim(v.axis.size) for v in out]
            if not terms:
                return trees.subscript(trees.name("zeros"), *sizes)
            ones = (trees.subscript(trees.name("ones"), *sizes),)
            terms = [term(t.coefficient, dict(t.scalars), {ones: ONCE}) for t in terms]
        if len(tensor.indices) == 2 and out == tensor.indices[1:]:
            terms = [turned(t) for t in terms]
        return trees.unturned(self.sum_of(terms), self.symmetric)

    def part(
        self, scalar: Scalar, fixed: Mapping[IndexVariable, Expression], out: Axes
    ) -> Expression:
        """A scalar over the axes `out`, other indices fixed. Raises NoMatrixForm."""
        self.fixed, self.by_part, self.first = dict(fixed), True, out
        form = self.read(scalar)
        terms = [t for t in spread(form, out) if t.coefficient]
        if (
            not set(form.axes) <= set(out)
            or not terms
            or (out and not all(t.factors for t in terms))
        ):
            raise NoMatrixForm
        return trees.unturned(self.sum_of(terms), self.symmetric)

    def entry_of(self, tensor: Tensor, names: Sequence[str]) -> Expression:
        """The entry of a tensor at indices with these names. Raises NoMatrixForm."""
        self.fixed = dict(zip(tensor.indices, map(trees.name, names), strict=True))
        form = self.read(tensor.body)
        if form.axes:
            raise NoMatrixForm
        return trees.unturned(self.written(form), self.symmetric)

    # --- scalars ---------------------------------------------------------------------------------

    def read(self, scalar: Scalar) -> Form:
        """A scalar, its free variables the axes. Raises NoMatrixForm."""
        match scalar:
            case Num(value):
                return Form((), (Term(value),), Pieces(value))
            case Constant(name):
                return self.letter((), trees.name(name))
            case DimValue(dim):
                if len(dim.terms) != 1:
                    return self.letter((), trees.of_dim(dim))
                ((names, coefficient),) = dim.terms
                pieces = Pieces(Fraction(coefficient))
                for name in names:
                    pieces.scale(trees.name(name))
                return self.form(pieces)
            case Entry():
                return self.entry(scalar)
            case Apply(operation, arguments):
                return self.apply(operation, arguments)
            case Reduce():
                return self.reduce(scalar)
            case MatrixFunction(operation, matrix, indices):
                return self.matrix(operation, matrix, indices)
            case Unknown():
                return self.unknown(scalar)
            case ArgMax(variable, body):
                return self.letter((), trees.call("argmax", self.vector(variable, body)))
            case Derivative(of, of_indices, wrt, wrt_indices, False):
                return self.derivative(of, of_indices, wrt, wrt_indices)
            case _:
                raise NoMatrixForm

    def entry(self, entry: Entry) -> Form:
        """An entry: of a declared or defined tensor, an adjoint, a hidden name."""
        symbol = entry.symbol
        if entry.padded:
            raise NoMatrixForm
        if symbol in self.called:
            return self.call(self.called[symbol], entry.indices)
        if symbol in self.parts:
            return self.read(entry_of(self.parts[symbol], entry.indices))
        of, slash, by = symbol.partition("/d")
        definition = self.model.definitions.get(symbol)
        if definition is None or not definition.hidden:
            return self.tensor(trees.name(symbol), symbol, entry.indices)
        if not slash:
            whole = Tensor(definition.indices, definition.body)
            return self.read(entry_of(whole, entry.indices))
        return self.quotient(of[1:], by, entry.indices)

    def call(self, called: Called, indices: tuple[Index, ...]) -> Form:
        """A function at a name, entry by entry or row by row."""
        axes = self.variables(indices)
        inner = self.read(Entry(called.argument, indices))
        terms = spread(inner, axes)
        if called.negated:
            terms = (Term(-t.coefficient, t.scalars, t.factors) for t in terms)
        return self.letter(axes, trees.call(called.function, self.sum_of(list(terms))))

    def quotient(self, of: str, by: str, indices: tuple[Index, ...]) -> Form:
        """A derivative that stands for itself."""
        if self.hides(of) or self.hides(by) or (of in self.model.definitions and self.rank(of) > 0):
            raise NoMatrixForm
        return self.tensor(trees.quotient(trees.name(of), trees.name(by)), by, indices)

    def hides(self, name: str) -> bool:
        """The name is none that the user knows."""
        definition = self.model.definitions.get(name)
        return definition is not None and definition.hidden

    def rank(self, name: str) -> int:
        """The number of axes of a name."""
        if name in self.model.symbols:
            return len(self.model.symbols[name].axes)
        return len(self.model.definitions[name].indices)

    def tensor(self, base: Expression, name: str, indices: tuple[Index, ...]) -> Form:
        """A tensor shaped like `name` at indices: variables, or the one place of a unit axis."""
        held = [index.variable for index in indices if index.variable in (None, *self.fixed)]
        if held and (self.by_part or held != [None] * len(held)):
            return self.part_of(base, indices)
        variables = [index.variable for index in indices]
        axes = tuple(v for v in variables if v is not None)
        if len(indices) > 2 or (len(axes) < len(indices) and not self.is_unit(name, indices)):
            raise NoMatrixForm
        if len(axes) == 2 and axes[0] == axes[1]:
            return self.letter(axes[:1], trees.call("diag", base))
        if len(indices) == 2 and variables[0] is None and len(axes) == 1:
            base = trees.transpose(base)
        return self.letter(axes, base)

    def part_of(self, base: Expression, indices: tuple[Index, ...]) -> Form:
        """A tensor at indices of which some are fixed: an entry, a row, a column."""
        free = [index.variable not in (None, *self.fixed) for index in indices]
        if free == [True, False]:
            base, indices, free = trees.transpose(base), indices[::-1], free[::-1]
        if sorted(free) != free:
            raise NoMatrixForm
        rest = tuple(v for index in indices if (v := index.variable) and v not in self.fixed)
        names = [self.place(i) for i, is_free in zip(indices, free, strict=True) if not is_free]
        return self.letter(rest, trees.at(base, names))

    def place(self, index: Index) -> Expression:
        """A fixed place as a number. Raises NoMatrixForm."""
        if (
            index.computed
            or len(index.terms) > 1
            or any(v not in self.fixed for v, _ in index.terms)
        ):
            raise NoMatrixForm
        terms = [trees.product([trees.of_dim(f), self.fixed[v]]) for v, f in index.terms]
        return trees.shifted(terms[0], index.offset) if terms else trees.of_dim(index.offset)

    def is_unit(self, name: str, indices: tuple[Index, ...]) -> bool:
        """The axes at which a tensor has a fixed place have but one."""
        if name in self.model.symbols:
            axes = self.model.symbols[name].axes
        elif name in self.model.definitions:
            axes = tuple(v.axis for v in self.model.definitions[name].indices)
        else:
            return False
        return all(
            axis.size.constant == 1
            for axis, index in zip(axes, indices, strict=True)
            if index.variable is None
        )

    def apply(self, operation: str, arguments: tuple[Scalar, ...]) -> Form:
        """An operation, entry by entry."""
        match operation:
            case "add":
                return self.sum(list(addends(Apply(operation, arguments))))
            case "neg":
                return self.product([(Num(-ONCE), ONCE), (arguments[0], ONCE)])
            case "mul":
                return self.product([(a, ONCE) for a in arguments])
            case "div":
                return self.product([(arguments[0], ONCE), (arguments[1], -ONCE)])
            case "sqrt":
                return self.product([(arguments[0], Fraction(1, 2))])
            case "pow" if isinstance(arguments[1], Num):
                return self.product([(arguments[0], arguments[1].value)])
            case "eq" if all(isinstance(a, IndexValue) for a in arguments):
                return self.delta(*arguments)
            case "lt" | "le" | "eq" | "ne":
                return self.compare(RELATIONS[operation], *arguments)
            case "max" | "min" | "pow":
                return self.binary(operation, *arguments)
            case _ if len(arguments) == 1:
                inner = self.read(arguments[0])
                return self.letter(inner.axes, trees.call(operation, self.written(inner)))
            case _:
                raise NoMatrixForm

    def sum(self, addends: list[Scalar]) -> Form:
        """A sum, over the axes of all."""
        forms = [self.read(a) for a in addends]
        axes = self.joint(forms)
        is_full = any(set(form.axes) == set(axes) for form in forms)
        return Form(axes, tuple(t for form in forms for t in spread(form, axes, is_full)))

    def product(self, parts: list[tuple[Scalar, Fraction]]) -> Form:
        """A product of powers."""
        pieces = Pieces()
        for scalar, exponent in parts:
            form = self.read(scalar)
            whole = self.whole(form)
            if exponent.denominator != 1 and not is_atom(whole):
                made = self.written(form)
                whole = Pieces()
                whole.put(form.axes, (made,))
            elif exponent != 1 and any(len(axes) < len(form.axes) for axes in whole.groups):
                raise NoMatrixForm
            pieces.multiply(whole, exponent)
        return self.form(pieces)

    def delta(self, first: Scalar, second: Scalar) -> Form:
        """`eye[n]`."""
        assert isinstance(first, IndexValue)
        assert isinstance(second, IndexValue)
        i, j = first.index.variable, second.index.variable
        if i is None or j is None:
            raise NoMatrixForm
        if i in self.fixed and j in self.fixed:
            return self.letter((), trees.indicator("=", self.fixed[i], self.fixed[j]))
        if i in self.fixed or j in self.fixed or i.axis != j.axis:
            raise NoMatrixForm
        return self.letter((i, j), trees.subscript(trees.name("eye"), trees.of_dim(i.axis.size)))

    def compare(self, op: str, left: Scalar, right: Scalar) -> Form:
        """`[a > b]`; the terms with a minus sign go to the other side."""
        form = self.sum([right, Apply("neg", (left,))])
        above = [t for t in form.terms if t.coefficient > 0]
        below = [Term(-t.coefficient, t.scalars, t.factors) for t in form.terms]
        below = [t for t in below if t.coefficient > 0]
        made = trees.indicator(op, self.sum_of(above), self.sum_of(below))
        return self.letter(form.axes, made)

    def binary(self, operation: str, left: Scalar, right: Scalar) -> Form:
        """`max(a, b)`, `min(a, b)`, a power."""
        first, second = self.read(left), self.read(right)
        axes = self.joint((first, second))
        if first.axes and second.axes and set(first.axes) != set(second.axes):
            raise NoMatrixForm
        sides = [self.sum_of(list(spread(f, axes if f.axes else ()))) for f in (first, second)]
        made = trees.binary("^", *sides) if operation == "pow" else trees.call(operation, *sides)
        return self.letter(axes, made)

    def reduce(self, scalar: Reduce) -> Form:
        """A sum over indices as products of matrices; the product or maximum of a vector."""
        if scalar.condition is not None:
            raise NoMatrixForm
        if scalar.operation != "sum":
            made = trees.call(scalar.operation, self.vector(scalar.variable, scalar.body))
            return self.letter((), made)
        bound, body = {scalar.variable}, scalar.body
        while isinstance(body, Reduce) and body.operation == "sum" and body.condition is None:
            bound.add(body.variable)
            body = body.body
        pieces = Pieces()
        for factor, exponent in powers_in(body, ONCE):
            pieces.multiply(self.whole(self.read(factor)), exponent)
        return self.form(self.contraction.summed(pieces, bound))

    def vector(self, variable: IndexVariable, body: Scalar) -> Expression:
        """A scalar as a vector over `variable`."""
        form = self.read(body)
        if form.axes != (variable,):
            raise NoMatrixForm
        return self.written(form)

    def matrix(self, operation: str, matrix: Tensor, indices: tuple[Index, ...]) -> Form:
        """`inv(A)`, `det(A)`, `logdet(A)`."""
        axes = tuple(v for index in indices if (v := index.variable) is not None)
        if operation == "matpow" or len(set(axes)) < len(indices):
            raise NoMatrixForm
        names = [self.fixed[v] for v in axes if v in self.fixed]
        if len(names) == 1:
            raise NoMatrixForm
        before, self.first = self.first, matrix.indices
        made = self.sum_of(list(spread(self.read(matrix.body), matrix.indices)))
        self.first = before
        whole = trees.of_matrix(operation, made)
        return self.letter(() if names else axes, trees.at(whole, names))

    def unknown(self, scalar: Unknown) -> Form:
        """`g'(z)` entry by entry; `F(x)`, `dF(x)/dx`; the gradient of an unspecified loss."""
        count = len(scalar.derivatives)
        if not scalar.indices and all(not argument.indices for argument in scalar.arguments):
            if len(scalar.arguments) != 1:
                raise NoMatrixForm
            inner = self.read(scalar.arguments[0].body)
            made = trees.primed(scalar.function, count, self.written(inner))
            return self.letter(inner.axes, made)
        names = [self.named(argument) for argument in scalar.arguments]
        whole = trees.call(scalar.function, *map(trees.name, names))
        if count == 0:
            return self.letter(self.variables(scalar.indices), whole)
        if count > 1:
            raise NoMatrixForm
        number, places = scalar.derivatives[0]
        if not scalar.indices and scalar.function in self.model.definitions:
            return self.quotient(scalar.function, names[number], places)
        made = trees.quotient(whole, trees.name(names[number]))
        return self.letter(self.variables((*scalar.indices, *places)), made)

    def named(self, tensor: Tensor) -> str:
        """The name that a tensor is."""
        body = tensor.body
        own = tuple(Index.of(v) for v in tensor.indices)
        if not isinstance(body, Entry) or body.indices != own or self.hides(body.symbol):
            raise NoMatrixForm
        return body.symbol

    def variables(self, indices: tuple[Index, ...]) -> Axes:
        """Indices that are different variables, none of them fixed."""
        axes = tuple(v for index in indices if (v := index.variable) is not None)
        if len(set(axes)) < len(indices) or any(v in self.fixed for v in axes):
            raise NoMatrixForm
        return axes

    def derivative(
        self, of: str, of_indices: tuple[Index, ...], wrt: str, wrt_indices: tuple[Index, ...]
    ) -> Form:
        """A derivative of a scalar by a name."""
        if of_indices:
            raise NoMatrixForm
        return self.quotient(of, wrt, wrt_indices)
