"""A file, elaborated: statement by statement, names first declared and then used.

Design. A statement in error is recorded and the next one is read. What it would have named is
*failed*: a definition that uses a failed name fails silently, a judged statement that uses one is
undecided, so that one cause gives one message.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import assert_never

from derive.diagnostics.diagnostic import Label
from derive.diagnostics.span import Span
from derive.model.binding import Bound, bind, free_indices
from derive.model.cases import judge_case, judge_expect
from derive.model.context import Expressions
from derive.model.dim import Dim
from derive.model.expressions import Elaborator
from derive.model.failure import Depends, Failure, failure
from derive.model.formulas import judge_lines, judge_written
from derive.model.functions import define, evaluate_body
from derive.model.generic import generic_names
from derive.model.judged import assumption, judge_derivation, too_deep
from derive.model.laws import random
from derive.model.loop_parts import Parts, is_fixed_entry, parts_of_loop, without_loop
from derive.model.loops import define_loop
from derive.model.model import Definition, FunctionSymbol, Judgement, Model, Symbol
from derive.model.network import Builder
from derive.model.properties import properties_of
from derive.model.ranges import axis_of, size_of
from derive.model.scalar import Entry, Index, Tensor, Unknown, axis
from derive.model.scope import Hidden, Scope
from derive.model.shape import fresh, has_shape, shape_text, squeezed
from derive.model.used import Used
from derive.syntax import tree


def elaborate(file: tree.File, path: Path | None = None) -> Model:
    """All that `file` says; `path` is where it lies, for `use`."""
    model = Model()
    for name in file.broken:
        model.failed[name.id] = name.span
    Reader(model, Used(path)).read_all(file.statements)
    return model


def elaborate_claim(model: Model, claim: tree.Claim) -> Judgement:
    """The judgement that `claim` asks for, in a model that is already there."""
    return judge_written(elaborator(model), claim, several=False)[0]


def elaborate_expression(model: Model, expression: tree.Expression) -> Tensor:
    """What `expression` denotes in `model`; the indices that it leaves free come first.

    Raises `Failure` or `Depends`.
    """
    e = elaborator(model)

    def inside(inner: Expressions, bound: Bound) -> Tensor:
        tensor = inner.tensor(expression)
        return Tensor((*bound.variables, *tensor.indices), tensor.body)

    return bind(e, free_indices(e.scope, (expression,)), (), inside)


def elaborator(model: Model) -> Elaborator:
    """Elaborates the expressions of one statement of `model`."""
    return Elaborator(Scope(model, Hidden(model)))


class Reader:
    """Reads statements into a model."""

    def __init__(self, model: Model, used: Used) -> None:
        self.model = model
        self.used = used
        self.hidden = Hidden(model)

    def expressions(self) -> Elaborator:
        """Elaborates the expressions of the next statement."""
        return Elaborator(Scope(self.model, self.hidden))

    def read_all(self, statements: Sequence[tree.Statement]) -> None:
        """Statements, one after the other; a loop where the last of its parts stands."""
        for place, statement in enumerate(statements):
            parts = parts_of_loop(self.model, statements, statement)
            if parts is None:
                self.read(statement)
            elif place == max(parts.places):
                names = parts.names()
                self.attempt(tuple(names.values()), lambda: self.recurrence(parts))  # noqa: B023

    def read(self, statement: tree.Statement) -> None:
        """One statement."""
        model, e = self.model, self.expressions()
        match statement:
            case tree.Prose(text=text):
                model.prose.append((statement.span, text))
            case tree.Claim():
                model.judgements.extend(judge_written(e, statement))
            case tree.Derivation():
                model.judgements.extend(judge_derivation(e, statement))
            case tree.LatexDerivation():
                model.judgements.extend(judge_lines(e, statement))
            case tree.Expect() | tree.LatexExpect():
                model.judgements.extend(judge_expect(e, statement, None))
            case tree.Case():
                found, wrong = judge_case(e, statement)
                model.judgements.extend(found)
                if wrong is not None:
                    model.errors.append(wrong.diagnostic)
            case tree.Assume():
                self.attempt((), lambda: model.assumptions.append(assumption(e, statement)))
            case tree.Dims(names=names):
                for name in names:
                    self.attempt((name,), lambda name=name: self.dimension(name))  # type: ignore[misc]
            case tree.Declaration(name=name):
                self.attempt((name,), lambda: self.declare(e, statement))
            case tree.Definition(name=name):
                self.attempt((name,), lambda: self.define(e, statement))
            case tree.FunctionSymbol(name=name):
                self.attempt((name,), lambda: self.unspecified(e, statement))
            case tree.Function(name=name):
                self.attempt((name,), lambda: self.function(statement))
            case tree.Recurrence():
                raise AssertionError("a loop is read with its entries")
            case tree.Random(name=name):
                self.attempt((name,), lambda: self.random(e, statement))
            case tree.Network(name=name):
                self.attempt((name,), lambda: self.network(e, statement))
            case tree.Use():
                if not self.attempt((), lambda: self.use(statement)):
                    model.failed[statement.span.text] = statement.span
            case _:
                assert_never(statement)

    def attempt(self, names: tuple[tree.Name, ...], action: Callable[[], object]) -> bool:
        """Do `action`; where it fails, record why, and that it leaves `names` undefined."""
        cause: Span | None = None
        try:
            action()
        except Failure as problem:
            self.model.errors.append(problem.diagnostic)
        except Depends as depends:
            cause = depends.cause
        except RecursionError:
            span = names[0].span if names else None
            if span is None:
                raise
            self.model.errors.append(too_deep(span))
        else:
            return True
        for name in names:
            if name.id not in self.model.places:
                self.model.failed.setdefault(name.id, cause or name.span)
        return False

    def new(self, name: tree.Name) -> None:
        """Stop where `name` is taken; note where it is declared."""
        model = self.model
        taken = model.places.get(name.id)
        if taken is not None:
            raise failure(
                "duplicate-name",
                f"`{name.id}` is declared twice",
                name.span,
                "declared again",
                also=(Label(taken, f"`{name.id}` is first declared here"),),
                helps=("a name has one value in a file: give this one a new name",),
            )
        if name.id in model.failed and model.failed[name.id] != name.span:
            raise Depends(name.id, model.failed[name.id])

    def add(self, name: tree.Name) -> None:
        """Note where `name` is declared."""
        self.model.places[name.id] = name.span

    # --- declarations --------------------------------------------------------------------------

    def dimension(self, name: tree.Name) -> None:
        """One name of `dims n, m`; a used file may declare the same."""
        place = self.model.places.get(name.id)
        if name.id in self.model.dims and place and place.source is not name.span.source:
            return
        self.new(name)
        self.model.dims = (*self.model.dims, name.id)
        self.add(name)

    def declare(self, e: Elaborator, written: tree.Declaration) -> None:
        """`input x[d] : onehot`."""
        self.new(written.name)
        axes = tuple(axis_of(e, range_) for range_ in written.axes)
        properties = properties_of(written.properties, axes, written.name)
        name = written.name.id
        self.model.symbols[name] = Symbol(
            name, written.role, axes, properties, written.name.span, written.latex
        )
        self.add(written.name)

    def random(self, e: Elaborator, written: tree.Random) -> None:
        """`random q[d] : mean 0, var 1`."""
        self.new(written.name)
        symbol, law, ranges = random(e, written)
        self.model.symbols[symbol.name], self.model.laws[symbol.name] = symbol, law
        self.model.assumptions.extend(ranges)
        self.add(written.name)

    def network(self, e: Elaborator, written: tree.Network) -> None:
        """`network cnn:` with its layers."""
        self.new(written.name)
        builder = Builder(e, written)
        self.model.errors.extend(problem.diagnostic for problem in builder.problems)
        self.model.networks[written.name.id] = builder.network
        self.add(written.name)

    def unspecified(self, e: Elaborator, written: tree.FunctionSymbol) -> None:
        """`function g`, `function F(x[n]) -> [m]`."""
        self.new(written.name)
        name = written.name.id
        parameters = written.parameters
        axes = (
            ((),)
            if parameters is None
            else tuple(tuple(axis_of(e, a) for a in p.axes) for p in parameters)
        )
        output = tuple(axis(size_of(e, size)) for size in written.output)
        self.model.functions[name] = FunctionSymbol(name, axes, output, written.name.span)
        self.add(written.name)

    def function(self, written: tree.Function) -> None:
        """`def f(x[n]): ...`, tried once with its own generic dimensions."""
        self.new(written.name)
        names = [parameter.name for parameter in written.parameters]
        for place, name in enumerate(names):
            if name.id in [other.id for other in names[:place]]:
                message = f"two parameters are called `{name.id}`"
                raise failure("duplicate-name", message, name.span, "a second one")
        self.try_function(written)
        self.model.defs[written.name.id] = written
        self.add(written.name)

    def try_function(self, written: tree.Function) -> None:
        """Evaluate the body of a function once, in a model that is thrown away."""
        model = Model(
            dims=self.model.dims,
            symbols=dict(self.model.symbols),
            definitions=dict(self.model.definitions),
            functions=self.model.functions,
            laws=self.model.laws,
            networks=self.model.networks,
            defs=self.model.defs,
            failed=self.model.failed,
            places=self.model.places,
        )
        names = generic_names(Elaborator(Scope(model, Hidden(model))), written)
        generic = {name: Dim.symbol(name) for name in names}
        scope = Scope(model, Hidden(model), dims=generic)
        e = Elaborator(scope)
        tensors: dict[str, Tensor] = {}
        for parameter in written.parameters:
            if parameter.name.id in generic:
                continue
            own = fresh([axis(size_of(e, size)) for size in parameter.axes])
            name = f"{written.name.id}.{parameter.name.id}"
            tensors[parameter.name.id] = Tensor(own, Entry(name, tuple(map(Index.of, own))))
        calls = frozenset({written.name.id})
        body = Scope(model, Hidden(model), tensors=tensors, dims=generic, calls=calls)
        evaluate_body(Elaborator(body), written)

    # --- definitions ---------------------------------------------------------------------------

    def define(self, e: Elaborator, written: tree.Definition) -> None:
        """`z = W @ x + b`, `p[i] = ...`, `loss L = ...`, `loss L(y)`."""
        self.new(written.name)
        name = written.name.id
        if written.value is None:
            tensor = self.unknown_loss(e, written)
        else:
            if is_fixed_entry(self.model, written):
                raise without_loop(written)
            tensor = define(e, written.indices, written.value)
        if written.is_loss:
            tensor = squeezed(tensor)
            if tensor.indices:
                raise failure(
                    "not-a-scalar",
                    f"a loss must be a scalar, and `{name}` {has_shape(tensor.axes)}",
                    written.value.span if written.value is not None else written.span,
                    f"shape {shape_text(tensor.axes)}",
                    helps=("`sum(...)` or `mean(...)` makes one number of it",),
                )
        self.model.definitions[name] = Definition(
            name,
            tensor.indices,
            tensor.body,
            written.name.span,
            is_loss=written.is_loss,
            latex=written.latex,
        )
        self.add(written.name)

    def recurrence(self, parts: Parts) -> None:
        """`for t in 1..T:` and the entries that are given outside of it."""
        names = parts.names()
        for name in names.values():
            self.new(name)
        define_loop(self.model, self.hidden, self.expressions(), parts)
        for name in names.values():
            self.add(name)

    def unknown_loss(self, e: Elaborator, written: tree.Definition) -> Tensor:
        """`loss L(y)`: some differentiable function of its arguments."""
        name = written.name.id
        arguments = tuple(e.tensor(argument) for argument in written.arguments)
        self.model.functions[name] = FunctionSymbol(
            name, tuple(argument.axes for argument in arguments), (), written.name.span
        )
        return Tensor((), Unknown(name, (), arguments))

    # --- other files ---------------------------------------------------------------------------

    def use(self, written: tree.Use) -> None:
        """The declarations, definitions and functions of another file."""
        file, problems, inside = self.used.open(written)
        if file is None:
            return
        self.model.errors.extend(problems)
        for name in file.broken:
            self.model.failed.setdefault(name.id, name.span)
        reader = Reader(self.model, inside)
        reader.hidden = self.hidden
        reader.read_all([s for s in file.statements if not isinstance(s, JUDGED)])


JUDGED = (
    tree.Prose,
    tree.Claim,
    tree.Derivation,
    tree.LatexDerivation,
    tree.Expect,
    tree.LatexExpect,
    tree.Case,
)
