"""How the lines of a solution are written: indices with good names, the shortest of equal forms."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import reduce

from derive.calculus import trees
from derive.calculus.algebra import Algebra, TooLarge
from derive.calculus.candidates import Candidates
from derive.calculus.index_form import Writer, taken_names
from derive.calculus.place import Var
from derive.calculus.powers import Undefined, content
from derive.calculus.raising import Raising
from derive.calculus.stepwise import Stepwise
from derive.calculus.term import Poly
from derive.check.engine import Engine
from derive.model.model import Model
from derive.model.scalar import Axis, IndexVariable, Scalar
from derive.proof.closed_form import EFFORT, limited
from derive.report.solution.reasons import derivatives
from derive.report.solution.shown import names_of, ranks_of
from derive.report.solution.terms import multiplied
from derive.report.solution.totals import Totals
from derive.report.solution.written import Written
from derive.syntax import tree
from derive.syntax.show import is_quotient, show
from derive.syntax.tree import Expression

Variables = tuple[IndexVariable, ...]
Places = tuple[Expression, ...]
LETTERS = "ijkmpqrsuvw"


class Ranged(Writer):
    """Writes every index with its range."""

    def binder(self, variable: IndexVariable, always: bool = False) -> tree.Binder:
        """`i in 1..n`."""
        del always
        return super().binder(variable, always=True)


class Writing:
    """Writes terms of one model as expressions."""

    def __init__(self, engine: Engine, loss: str, written: Written | None = None) -> None:
        self.engine = engine
        self.model: Model = engine.model
        self.source = (written or Written({}, {})).within(self.model)
        self.loss = loss
        self.candidates = Candidates(engine.calculus)
        self.near = self.candidates.near(loss)
        self.totals = Totals(self.model, ranks_of(self.model))
        self.taken = taken_names(self.model)
        self.hidden = {
            name for name, found in self.model.definitions.items() if found.hidden and "." in name
        }

    def shortest(
        self,
        title: str,
        poly: Poly,
        variables: tuple[Var, ...],
        algebra: Algebra,
        known: frozenset[str] = frozenset(),
    ) -> Expression | None:
        """A term by entry in the fewest signs; the derivatives that are `known` may stand in it."""
        best: tuple[int, str, Expression] | None = None
        with limited(self.engine.calculus, EFFORT):
            try:
                for made in self.forms(title, poly, variables, algebra):
                    if not self.hidden.isdisjoint(names_of(made)):
                        continue
                    text, cost = show(made), costs(made, known)
                    if best is None or (cost, text) < best[:2]:
                        best = cost, text, made
            except (TooLarge, Undefined):
                pass
        return best[2] if best is not None else None

    def by_steps(self, poly: Poly, algebra: Algebra) -> Poly:
        """A term with what loops compute in place of the functions by which they do."""
        return Stepwise(self.engine.calculus, algebra, self.loss, self.near).by_steps(poly)

    def forms(
        self, title: str, poly: Poly, variables: tuple[Var, ...], algebra: Algebra
    ) -> Iterator[Expression]:
        """A term by entry, in several ways."""
        poly = self.by_steps(poly, algebra)
        for made, names in self.candidates.polys(title, poly, algebra, self.near):
            for candidate in self.candidates.raised(variables, made, names, algebra):
                form = self.written(candidate.tensor.body, candidate.tensor.indices)
                yield form
                yield self.normed(form)
            if len(made.terms) > 1:
                common, rest = content(algebra, made)
                raising = Raising()
                indices = tuple(map(raising.variable, variables))
                parts = (self.written(raising.scalar(p), indices) for p in (common, rest))
                yield multiplied(*parts)

    def normed(self, expr: Expression) -> Expression:
        """An expression with `norm(x)` for the root of the squares of all entries."""
        match expr:
            case tree.Binary(op="^", left=base, right=tree.Number(value=power)) if (
                name := self.squared(base)
            ) is not None:
                return trees.power(trees.call("norm", trees.name(name)), 2 * power)
            case tree.Call(function=tree.Name(id="sqrt"), arguments=(base,)) if (
                name := self.squared(base)
            ) is not None:
                return trees.call("norm", trees.name(name))
            case tree.Binary(op="^", left=base, right=tree.Binary(op="/", left=top, right=bottom)):
                name = self.squared(base)
                match name, top, bottom:
                    case str(), tree.Number(value=above), tree.Number(value=below):
                        power = 2 * above / below
                        return trees.power(trees.call("norm", trees.name(name)), power)
                return expr
            case tree.Binary(left=left, right=right) if not is_quotient(expr):
                return replace(expr, left=self.normed(left), right=self.normed(right))
            case tree.Negative(operand=operand):
                return replace(expr, operand=self.normed(operand))
            case tree.Big(body=body) if self.squared(expr) is None:
                return replace(expr, body=self.normed(body))
            case tree.Big():
                name = self.squared(expr)
                assert name is not None
                return trees.power(trees.call("norm", trees.name(name)), 2)
        return expr

    def squared(self, expr: Expression) -> str | None:
        """`x` for `sum[k in 1..n](x[k]^2)`, where that is over all entries."""
        match expr:
            case tree.Big(
                op="sum",
                binders=(binder,),
                conditions=(),
                body=tree.Binary(
                    op="^",
                    left=tree.Subscript(base=tree.Name(id=name), indices=(tree.Name(id=index),)),
                    right=tree.Number(text="2"),
                ),
            ) if index == binder.name and binder.range is not None:
                axes = self.axes(name)
                ends = (binder.range.start, binder.range.stop)
                if len(axes) == 1 and ends == (
                    trees.of_dim(axes[0].low),
                    trees.of_dim(axes[0].high),
                ):
                    return name
        return None

    def axes(self, name: str) -> tuple[Axis, ...]:
        """The axes of a name."""
        return self.engine.calculus.axes(name)

    def lower(self, name: str) -> Variables:
        """Index variables for a name; the first of a name in a loop is called as the loop's."""
        return self.variables(self.axes(name), (), self.source.times.get(name))

    def variables(
        self, axes: tuple[Axis, ...], before: tuple[IndexVariable, ...], first: str | None = None
    ) -> tuple[IndexVariable, ...]:
        """Index variables with free letters, other than those `before`."""
        taken = {*taken_names(self.model), *(v.name for v in before)}
        letters = [letter for letter in LETTERS if letter not in taken]
        if first is not None and first not in taken:
            letters = [first, *(letter for letter in letters if letter != first)]
        letters += [f"{letter}1" for letter in LETTERS]
        return tuple(IndexVariable(x, a) for x, a in zip(letters, axes, strict=False))

    def writer(self) -> Writer:
        """Writes scalars by index."""
        called = self.candidates.called
        parts = {name: part.tensor for name, part in self.candidates.parts.items()}
        return Ranged(taken_names(self.model), called, parts)

    def binder(self, variable: IndexVariable) -> tree.Binder:
        """An index with its range."""
        return self.writer().binder(variable)

    def written(self, scalar: Scalar, indices: Variables) -> Expression:
        """A scalar whose indices keep their names."""
        writer = self.writer()
        for variable in indices:
            writer.names[variable] = variable.name
        return writer.tree(scalar)

    def quotient(
        self, of: str, upper: Places, by: str, lower: Places, partial: bool = False
    ) -> Expression:
        """An entry of a derivative."""
        above, below = trees.at(trees.name(of), upper), trees.at(trees.name(by), lower)
        if partial:
            return trees.call("partial", above, below)
        if f"d{of}" in self.taken:  # then `dp/dz` is a quotient of what is called `dp`
            return trees.call("jac", above, below)
        return trees.quotient(above, below)

    def joined(self, parts: Iterable[Expression]) -> Expression:
        """A sum; what is zero is left out."""
        kept = [part for part in parts if part != trees.ZERO]
        kept.sort(key=lambda part: isinstance(part, tree.Negative))
        return reduce(trees.plus, kept) if kept else trees.ZERO


def costs(expr: Expression, known: frozenset[str] = frozenset()) -> int:
    """How much there is to read; derivatives other than the `known` ones say too little."""
    text = show(expr)
    return len(text) + 3 * text.count("^") + 30 * len(derivatives(expr).keys() - known)
