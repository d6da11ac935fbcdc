"""Expressions: syntax tree to index notation."""

from collections.abc import Sequence
from fractions import Fraction

from derive.diagnostics.span import Span
from derive.diagnostics.suggest import nearest
from derive.model.binding import Bound, bind, comparison, levels
from derive.model.calls import call, is_builtin
from derive.model.clash import cannot_align, cannot_contract, places
from derive.model.context import Expressions
from derive.model.derivatives import quotient
from derive.model.dim import ONE, Dim
from derive.model.failure import failure
from derive.model.foreign import of_known, of_name, of_part
from derive.model.iterates import at_moment
from derive.model.matrices import is_square, matrix_product, stacked
from derive.model.network import part_has_no_value
from derive.model.ranges import dim_of, number_of, position
from derive.model.scalar import (
    Apply,
    Constant,
    Entry,
    Index,
    IndexValue,
    IndexVariable,
    Num,
    Reduce,
    Scalar,
    Tensor,
    substitute,
)
from derive.model.scope import Scope, is_plain
from derive.model.shape import (
    broadcast,
    has_shape,
    matmul,
    same_shape,
    shape_text,
    squeezed,
    transpose,
)
from derive.model.special import special_subscript
from derive.syntax import tree

OPERATIONS = {"+": "add", "*": "mul", "/": "div", "^": "pow"}
CONSTANTS: dict[str, Scalar] = {
    "pi": Constant("pi"),
    "inf": Constant("inf"),
    "e": Apply("exp", (Num(Fraction(1)),)),
}


class Elaborator:
    """Elaborates the expressions that stand in one scope."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    def inside(self, scope: Scope) -> "Elaborator":
        """The same for another scope."""
        return Elaborator(scope)

    def hide(self, base: str, tensor: Tensor, span: Span) -> Tensor:
        """`tensor` under a hidden name, unless it is plain."""
        return tensor if is_plain(tensor) else self.scope.hidden.define(base, tensor, span)

    def dim(self, expr: tree.Expression) -> Dim:
        """The dimension that `expr` denotes."""
        return dim_of(self, expr)

    def scalar(self, expr: tree.Expression, what: str) -> Scalar:
        """What `expr` denotes, where only a scalar will do; `what` says where."""
        tensor = squeezed(self.tensor(expr))
        if tensor.indices:
            raise failure(
                "not-a-scalar",
                f"{what} must be a scalar, and `{expr.span.text}` {has_shape(tensor.axes)}",
                expr.span,
                f"shape {shape_text(tensor.axes)}",
                also=places(self, expr),
            )
        return tensor.body

    def tensor(self, expr: tree.Expression) -> Tensor:
        """What `expr` denotes."""
        match expr:
            case tree.Number(value=value):
                return Tensor((), Num(value))
            case tree.Name():
                return self.name(expr)
            case tree.Negative(operand=operand):
                inner = self.tensor(operand)
                return Tensor(inner.indices, Apply("neg", (inner.body,)))
            case tree.Binary():
                return self.binary(expr)
            case tree.Transpose():
                return self.transposed(expr)
            case tree.Call():
                return call(self, expr)
            case tree.Subscript():
                return self.subscript(expr)
            case tree.Big():
                return bind(
                    self,
                    expr.binders,
                    expr.conditions,
                    lambda e, bound: _big(e, expr, bound),
                    may_be_empty=expr.op in ("sum", "prod"),
                )
            case tree.Indicator(conditions=conditions):
                return self.indicator(conditions)
            case tree.List():
                return self.literal(expr)
            case tree.Comprehension():
                return self.comprehension(expr)
            case tree.Attribute(operand=tree.Name(id=name, span=span)):
                if not self.scope.is_declared(name):
                    raise self.unknown(name, span)
                self.scope.check(name, span)
                if self.scope.is_tensor(name):
                    raise self.no_part(expr, name)
                raise part_has_no_value(expr)
        raise failure(
            "misplaced", f"`{expr.span.text}` has no value here", expr.span, "not a value"
        )

    # --- names ---------------------------------------------------------------------------------

    def name(self, expr: tree.Name) -> Tensor:
        """An index, tensor, dimension or constant."""
        name, scope = expr.id, self.scope
        if name in scope.indices:
            return Tensor((), IndexValue(Index.of(scope.indices[name])))
        if scope.is_tensor(name):
            return scope.tensor(name, expr.span)
        if scope.is_dim(name):
            return Tensor((), number_of(scope.dim(name)))
        scope.check(name, expr.span)
        if name in CONSTANTS and not scope.is_declared(name):
            return Tensor((), CONSTANTS[name])
        if self.is_function(name):
            message = f"`{name}` is a function, and stands here without arguments"
            helps = (f"call it with round brackets: `{name}(...)`",)
            raise failure("misplaced", message, expr.span, "not a value", helps=helps)
        raise self.unknown(name, expr.span)

    def is_function(self, name: str) -> bool:
        """Whether `name` can be called: a function of the file, or a built-in one."""
        return self.scope.is_function(name) or is_builtin(name)

    def unknown(self, name: str, span: Span) -> Exception:
        """The error for a name that means nothing here."""
        self.scope.check_uses()
        names, dims = self.scope.names(), self.scope.dim_names()
        scope = f"in scope: {', '.join(names) or 'no tensors'}"
        if dims:
            scope += f"; dimensions: {', '.join(dims)}"
        near = nearest(name, (*names, *dims))
        guess = (f"did you mean `{near}`?",) if near is not None else of_name(name, False)
        if near is None and span.source.text[: span.start].endswith("d"):
            guess = ()  # in `dL/dv` stands no index
        helps = of_known(name, names) or guess
        message = f"nothing is named `{name}` here"
        label = "not a dimension, tensor, index, or definition"
        notes: tuple[str, ...] = (scope,)
        if name[:1] == "d" and self.scope.is_tensor(name[1:]):
            notes += (f"`{name}` stands in derivatives alone; a power of one is `({name}/dx)^2`",)
        return failure("unknown-name", message, span, label, notes=notes, helps=helps)

    def no_part(self, expr: tree.Attribute, name: str) -> Exception:
        """The error for `X.shape`."""
        axes = self.scope.tensor(name, expr.span).axes
        message = f"`{name}` is a tensor, and has no part `{expr.name}`"
        helps = of_part(name, expr.name, axes)
        return failure("misplaced", message, expr.span, "not a value", helps=helps)

    # --- operators -----------------------------------------------------------------------------

    def binary(self, expr: tree.Binary) -> Tensor:
        """`a op b`."""
        if expr.op == "/":
            derivative = quotient(self, expr)
            if derivative is not None:
                return derivative
        if expr.op == "^" and isinstance(expr.right, tree.Name) and expr.right.id == "T":
            self.check_transpose(expr, expr.right)
        if expr.op == "^" and self.is_euler(expr.left):
            exponent = self.tensor(expr.right)
            return Tensor(exponent.indices, Apply("exp", (exponent.body,)))
        left, right = self.tensor(expr.left), self.tensor(expr.right)
        if expr.op == "@":
            product = matmul(left, right, self.scope.sizes)
            if product is None:
                raise cannot_contract(self, expr, left, right)
            return product
        if expr.op == "-":
            right = Tensor(right.indices, Apply("neg", (right.body,)))
            return self.elementwise("add", left, right, expr)
        return self.elementwise(OPERATIONS[expr.op], left, right, expr)

    def check_transpose(self, expr: tree.Binary, exponent: tree.Name) -> None:
        """Stop at `A^T` where no `T` is declared."""
        if not self.scope.is_declared("T"):
            raise failure(
                "unknown-name",
                "nothing is named `T` here",
                exponent.span,
                "not a number",
                helps=(f"the transpose is written `{expr.left.span.text}.T`",),
            )

    def is_euler(self, expr: tree.Expression) -> bool:
        """Whether `expr` is the number e."""
        return isinstance(expr, tree.Name) and expr.id == "e" and not self.scope.is_declared("e")

    def elementwise(
        self,
        operation: str,
        left: Tensor,
        right: Tensor,
        at: tree.Binary | tree.Comparison | tree.Call,
    ) -> Tensor:
        """An operation on two tensors, entry by entry, aligned from the last axis."""
        both = broadcast(left, right, self.scope.sizes)
        if both is None:
            raise cannot_align(self, at, left, right)
        return Tensor(both[0], Apply(operation, both[1:]))

    def transposed(self, expr: tree.Transpose) -> Tensor:
        """`A.T`."""
        inner = self.tensor(expr.operand)
        result = transpose(inner)
        if result is None:
            raise failure(
                "shape-mismatch",
                f"`.T` of a tensor with {len(inner.indices)} axes does not say which to exchange",
                expr.span,
                f"`{expr.operand.span.text}` {has_shape(inner.axes)}",
                helps=(f"name their order, as in `transpose({expr.operand.span.text}, 1, 3, 2)`",)
                if len(inner.indices) == 3
                else (),
            )
        return result

    # --- entries -------------------------------------------------------------------------------

    def subscript(self, expr: tree.Subscript) -> Tensor:
        """`x[i]`, `W[i]`, `eye[n]`, `delta[i, j]`, `pad0(x)[i]`."""
        special = special_subscript(self, expr)
        if special is not None:
            return special
        moment = at_moment(self, expr)
        if moment is not None:
            return self.entries(moment, expr.indices[1:], expr)
        base = self.tensor(expr.base)
        if not base.indices and all(
            isinstance(i, tree.Number) and i.value == 1 for i in expr.indices
        ):
            return base  # the one entry of a 1 by 1 product
        return self.entries(base, expr.indices, expr)

    def entries(
        self, base: Tensor, indices: Sequence[tree.Expression], expr: tree.Subscript
    ) -> Tensor:
        """`base` at `indices`; fewer indices than axes leave the rest."""
        if len(indices) > len(base.indices):
            count = len(base.indices)
            raise failure(
                "too-many-indices",
                f"`{expr.base.span.text}` {has_shape(base.axes)}, and {len(indices)} "
                f"{'index stands' if len(indices) == 1 else 'indices stand'} here",
                expr.span,
                f"at most {count} can" if count else "a scalar has no entries",
                also=places(self, expr.base),
            )
        taken = base.indices[: len(indices)]
        stepped = isinstance(base.body, Entry) and base.body.symbol in self.scope.steps
        at = {
            variable: position(self, index, variable.axis, padded=stepped)
            for variable, index in zip(taken, indices, strict=True)
        }
        return Tensor(base.indices[len(indices) :], substitute(base.body, at))

    # --- brackets ------------------------------------------------------------------------------

    def indicator(self, conditions: tuple[tree.Comparison, ...]) -> Tensor:
        """`[a > b, c = d]`, entry by entry."""
        result: Tensor | None = None
        for condition in conditions:
            left, right = self.tensor(condition.left), self.tensor(condition.right)
            both = broadcast(left, right, self.scope.sizes)
            if both is None:
                raise cannot_align(self, condition, left, right)
            one = Tensor(both[0], comparison(condition.op, both[1], both[2]))
            result = one if result is None else self.elementwise("mul", result, one, condition)
        if result is None:
            raise AssertionError("an indicator has a condition")
        return result

    def literal(self, expr: tree.List) -> Tensor:
        """`[1, 2, 3]`, `[[1, 0], [0, 1]]`."""
        if not expr.items:
            message = "a list has at least one entry"
            raise failure("misplaced", message, expr.span, "an empty list is no tensor")
        items = [self.tensor(item) for item in expr.items]
        for item, written in zip(items, expr.items, strict=True):
            if not same_shape(item.axes, items[0].axes, self.scope.sizes):
                raise failure(
                    "ragged-literal",
                    f"`{written.span.text}` {has_shape(item.axes)}, "
                    f"but `{expr.items[0].span.text}` {has_shape(items[0].axes)}",
                    written.span,
                    "all entries of a literal have one shape",
                )
        return stacked(items)

    def comprehension(self, expr: tree.Comprehension) -> Tensor:
        """`[f(i, j) for i in 1..n, j in 1..m]`."""
        if expr.conditions:
            raise failure(
                "misplaced",
                "a comprehension takes no conditions: every entry has a value",
                expr.conditions[0].span,
                "a condition",
                helps=("multiply by an indicator, as in `[x[i] * [i > 1] for i in 1..n]`",),
            )

        def inside(e: Expressions, bound: Bound) -> Tensor:
            body = e.tensor(expr.body)
            turned = {
                variable: Index(((variable, Dim.of(-1)),), run.low.offset + run.high.offset)
                for variable, run in zip(bound.variables, bound.runs, strict=True)
                if run.step < 0
            }
            return Tensor((*bound.variables, *body.indices), substitute(body.body, turned))

        return bind(self, expr.binders, (), inside)


def _big(e: Expressions, expr: tree.Big, bound: Bound) -> Tensor:
    """`sum[i](...)` and so on, its indices bound."""
    inner = e.tensor(expr.body)
    if expr.op == "prod" and is_square(inner, e.scope.sizes):
        return matrix_product(expr, inner, bound)
    operation = "sum" if expr.op == "mean" else expr.op
    body = inner.body
    for variable, condition in reversed(levels(bound)):
        body = Reduce(operation, variable, body, condition)
    if expr.op == "mean":
        body = Apply("div", (body, count(bound)))
    return Tensor(inner.indices, body)


def count(bound: Bound) -> Scalar:
    """How many terms there are."""
    if not bound.conditions:
        total = ONE
        for variable in bound.variables:
            total = total * variable.axis.size
        return number_of(total)
    again = tuple(IndexVariable(v.name, v.axis) for v in bound.variables)
    places = {v: Index.of(new) for v, new in zip(bound.variables, again, strict=True)}
    copy = Bound(again, tuple(substitute(c, places) for c in bound.conditions))
    body: Scalar = Num(Fraction(1))
    for variable, condition in reversed(levels(copy)):
        body = Reduce("sum", variable, body, condition)
    return body
