"""Derivatives in closed form: short, in the names of the file, proved equal before they are shown.

Candidates come from `calculus`: the derivative with names closed, opened, and with definitions
recognised again, written without indices where that can be done. The shortest that the prover shows
to be equal is the answer.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from fractions import Fraction

from derive.calculus import trees
from derive.calculus.adjoints import title_of
from derive.calculus.algebra import Algebra, TooLarge
from derive.calculus.candidates import Candidate, Candidates
from derive.calculus.canonical import rename_poly
from derive.calculus.composing import Composing
from derive.calculus.contracting import NoMatrixForm
from derive.calculus.engine import Calculus
from derive.calculus.index_form import Writer, taken_names
from derive.calculus.matrix_form import Reader
from derive.calculus.powers import Undefined, cleared
from derive.calculus.products import NotExact
from derive.calculus.series import Series
from derive.calculus.unfolding import renewed
from derive.model.elaborate import elaborate_claim, elaborate_expression
from derive.model.model import Relation
from derive.model.scalar import Apply, Derivative, Entry, Num, Reduce, Scalar, Tensor
from derive.proof.equal import Properties, Prover
from derive.proof.facts import Facts
from derive.syntax import tree
from derive.syntax.show import show
from derive.syntax.tree import Expression

BETWEEN = 60
"""So much longer may an answer be that has no derivatives by names in between."""
INDEXED = 40
"""So much longer may an answer be that has no indices."""
ENOUGH = 90
"""A shorter answer that was put together step by step is taken without looking for others."""
POWER = 3
"""A power counts for so much more than its characters."""
TRIES = 6
EFFORT = 4000
"""Steps of algebra for all candidates together, and for the proof of each that is tried.

A count, not a time: an answer does not depend on the machine or its load.
"""
NOTHING = Tensor((), Num(Fraction(0)))


@dataclass(frozen=True, slots=True)
class ClosedForm:
    """An expression that equals a derivative, and what the proof of that used.

    `entry` is its entry, where it has no matrix form; `tensor` has all axes of the derivative.
    """

    expression: Expression
    entry: Expression
    facts: tuple[str, ...] = ()
    tensor: Tensor = NOTHING

    @property
    def text(self) -> str:
        """In the language, as a whole."""
        return show(self.expression)


class Closing:
    """Finds closed forms of the derivatives of one model."""

    def __init__(self, prover: Prover) -> None:
        self.prover = prover
        self.calculus = prover.calculus
        self.model = prover.model
        self.candidates = Candidates(prover.calculus)
        self._found: dict[tuple[str, str], ClosedForm | None] = {}

    def closed_form(self, of: str, by: str) -> ClosedForm | None:
        """The derivative as a person would write it; None where none is proved."""
        key = (of, by)
        if key not in self._found:
            self._found[key] = self._find(of, by)
        return self._found[key]

    def _find(self, of: str, by: str) -> ClosedForm | None:
        composed = self._composed(of, by)
        if composed is not None and composed[0] < ENOUGH:
            return composed[1]
        with limited(self.calculus, EFFORT):
            found: dict[str, tuple[int, ClosedForm, Candidate]] = {}
            for cost, form, candidate in self.written(of, by):
                text = show(form.expression)
                if text not in found or cost < found[text][0]:
                    found[text] = cost, form, candidate
        ordered = sorted(found.items(), key=lambda item: (item[1][0], item[0]))
        for _, (cost, form, candidate) in ordered[:TRIES]:
            if composed is not None and composed[0] <= cost:
                break
            with limited(self.calculus, EFFORT):
                proved = self.proved(of, by, form, candidate)
            if proved is not None:
                return proved
        return None if composed is None else composed[1]

    def _composed(self, of: str, by: str) -> tuple[int, ClosedForm] | None:
        """What a derivative comes to step by step, and what speaks against it."""
        algebra = self.knowing()
        best: tuple[int, str, ClosedForm, Candidate] | None = None
        with limited(self.calculus, EFFORT):
            for candidate in Composing(self.candidates).of(of, by, algebra):
                for form, more in self.forms(candidate):
                    text = show(form.entry)
                    cost = more + len(text) + POWER * text.count("^")
                    if best is None or (cost, text) < best[:2]:
                        best = cost, text, form, candidate
                    break
        if best is None:
            return None
        cost, _, form, candidate = best
        with limited(self.calculus, EFFORT), suppress(Undefined, NotExact):
            relation = self.relation(of, by, form.expression)
            if relation is not None and self.is_shown(relation, candidate, algebra):
                facts = tuple(sorted(map(self.declared_as, self.prover.used(algebra))))
                tensor = Tensor(relation.indices, relation.right)
                return cost, replace(form, facts=facts, tensor=tensor)
        return None

    def is_shown(self, relation: Relation, candidate: Candidate, algebra: Algebra) -> bool:
        """The right side is the term that was shown to be the derivative."""
        if len(relation.indices) != len(candidate.variables):
            return False
        variables = map(self.calculus.variable, relation.indices)
        names = dict(zip(candidate.variables, variables, strict=True))
        right = self.calculus.lower(self.named(relation.right), relation.indices)
        rest = renewed(algebra, right - rename_poly(candidate.shown, names))
        rest = self.candidates.unhidden(rest, algebra, self.candidates.between())
        return not rest.terms or not cleared(algebra, rest).terms

    def named(self, scalar: Scalar) -> Scalar:
        """A scalar with derivatives by states of a recurrence as the names that they have."""
        match scalar:
            case Derivative(of, of_indices, wrt, wrt_indices, False):
                title = title_of(of, wrt)
                if title not in self.calculus.adjoint_of:
                    return scalar
                return Entry(title, (*of_indices, *wrt_indices))
            case Apply(operation, arguments):
                return Apply(operation, tuple(map(self.named, arguments)))
            case Reduce(operation, variable, body, None):
                return Reduce(operation, variable, self.named(body))
        return scalar

    def written(self, of: str, by: str) -> Iterator[tuple[int, ClosedForm, Candidate]]:
        """The candidates as expressions, each with what speaks against it."""
        for candidate in self.candidates.of(of, by, self.knowing()):
            cost = 0 if candidate.explicit else BETWEEN
            for form, more in self.forms(candidate):
                text = show(form.entry)
                yield cost + more + len(text) + POWER * text.count("^"), form, candidate

    def forms(self, candidate: Candidate) -> Iterator[tuple[ClosedForm, int]]:
        """A candidate without indices, or by index."""
        tensor = candidate.tensor
        called = self.candidates.called
        parts = {name: part.tensor for name, part in self.candidates.parts.items()}
        with suppress(NoMatrixForm):
            made = self.without_indices(tensor, parts)
            yield ClosedForm(made, made), 0
        parts |= {
            name: Tensor(definition.indices, definition.body)
            for name, definition in self.model.definitions.items()
            if definition.hidden and "/" not in name
        }
        writer = Writer(taken_names(self.model), called, parts)
        indices = tuple(map(writer.variable, tensor.indices))
        binders = tuple(writer.binder(v, always=True) for v in tensor.indices)
        entries = [writer.tree(tensor.body)]
        with suppress(NoMatrixForm):
            entries.append(Reader(self.model, called, parts).entry_of(tensor, indices))
        named = writer.tensor(tensor)
        if isinstance(named, tree.Binary):
            yield ClosedForm(named, named), INDEXED
        for entry in entries:
            whole = tree.Comprehension(trees.NOWHERE, entry, binders, ()) if binders else entry
            yield ClosedForm(whole, entry), INDEXED

    def without_indices(self, tensor: Tensor, parts: dict[str, Tensor]) -> Expression:
        """A tensor as products of matrices, or sums over time of these. Raises NoMatrixForm."""
        reader = Reader(self.model, self.candidates.called, parts)
        try:
            return reader.tree(tensor)
        except NoMatrixForm:
            return Series(self.model, reader, taken_names(self.model)).tree(tensor)

    def knowing(self) -> Algebra:
        """What was declared is known."""
        return self.prover.algebra(_sums(self.prover.declared()), self.prover.equations())

    # --- proof -----------------------------------------------------------------------------------

    def proved(self, of: str, by: str, form: ClosedForm, candidate: Candidate) -> ClosedForm | None:
        """A form with the facts by which it is the derivative; None where that is not shown."""
        with suppress(TooLarge, Undefined, NotExact):
            relation = self.relation(of, by, form.expression)
            facts = None if relation is None else self.shown(relation, candidate)
            if relation is not None and facts is not None:
                tensor = Tensor(relation.indices, relation.right)
                return replace(form, facts=facts, tensor=tensor)
        return None

    def relation(self, of: str, by: str, made: Expression) -> Relation | None:
        """The claim that a derivative is an expression, where that has its shape."""
        left = trees.quotient(trees.name(of), trees.name(by))
        relation = tree.Comparison(trees.NOWHERE, "=", left, made)
        claim = tree.Claim(trees.NOWHERE, "claim", None, relation)
        found = elaborate_claim(self.model, claim).relation
        return found if found is not None and self.fills(found, made) else None

    def fills(self, relation: Relation, made: Expression) -> bool:
        """The expression has all the axes of the derivative by itself."""
        tensor = elaborate_expression(self.model, made)
        sizes = [v.axis.size for v in tensor.indices if v.axis.size.constant != 1]
        return sizes == [v.axis.size for v in relation.indices if v.axis.size.constant != 1]

    def shown(self, relation: Relation, candidate: Candidate) -> tuple[str, ...] | None:
        """The facts under which both sides are the same when the names in between are opened."""
        left = self.calculus.lower(relation.left, relation.indices)
        right = self.calculus.lower(relation.right, relation.indices)
        for algebra in (self.prover.algebra({}, ()), self.knowing()):
            knowledge = algebra.knowledge
            assert isinstance(knowledge, Facts)
            knowledge.used.clear()
            if self.candidates.vanishes(left - right, candidate, algebra):
                return tuple(sorted(map(self.declared_as, knowledge.used)))
        return None

    def declared_as(self, fact: str) -> str:
        """A fact in the words of the file: `y is onehot` for `y is simplex`."""
        name, _, found = fact.partition(" is ")
        symbol = self.model.symbols.get(name)
        if symbol is not None and found == "simplex" and "onehot" in symbol.properties:
            return f"{name} is onehot"
        return fact


@contextmanager
def limited(calculus: Calculus, steps: int) -> Iterator[None]:
    """Stops what is done with a calculus after so many steps, as what grew too large."""
    before, left = calculus.tick, steps

    def tick() -> None:
        nonlocal left
        before()
        left -= 1
        if left < 0:
            raise TooLarge

    calculus.tick = tick
    try:
        yield
    except TooLarge:
        pass
    finally:
        calculus.tick = before


def _sums(declared: Properties) -> Properties:
    """One-hot tensors as tensors whose entries sum to one: so their entries stay entries."""
    return {
        name: (found - {"onehot"}) | ({"simplex"} if "onehot" in found else frozenset())
        for name, found in declared.items()
    }
