"""Derivatives in closed form: short, in the names of the file, proved equal before they are shown.

Candidates come from `calculus`: the derivative with names closed, opened, and with definitions
recognised again, written without indices where that can be done. The shortest that the prover shows
to be equal is the answer.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from derive.calculus import trees
from derive.calculus.algebra import Algebra
from derive.calculus.candidates import Candidate, Candidates
from derive.calculus.contracting import NoMatrixForm
from derive.calculus.index_form import Writer, taken_names
from derive.calculus.matrix_form import Reader
from derive.model.elaborate import elaborate_claim
from derive.proof.equal import Properties, Proved, Prover
from derive.syntax import tree
from derive.syntax.show import show
from derive.syntax.tree import Expression

BETWEEN = 60
"""So much longer may an answer be that has no derivatives by names in between."""
INDEXED = 40
"""So much longer may an answer be that has no indices."""
TRIES = 6


@dataclass(frozen=True, slots=True)
class ClosedForm:
    """An expression that equals a derivative, and what the proof of that used.

    `entry` is its entry at the indices named `indices`, where it has no matrix form.
    """

    expression: Expression
    entry: Expression
    indices: tuple[str, ...]
    facts: tuple[str, ...]
    conditions: tuple[str, ...]

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
        written = {show(form.expression): (cost, form) for cost, form in self.written(of, by)}
        ordered = sorted(written.items(), key=lambda item: (item[1][0], item[0]))
        for _, (_, form) in ordered[:TRIES]:
            proof = self.proved(of, by, form.expression)
            if proof is not None:
                return ClosedForm(
                    form.expression, form.entry, form.indices, proof.facts, proof.conditions
                )
        return None

    def written(self, of: str, by: str) -> Iterator[tuple[int, ClosedForm]]:
        """The candidates as expressions, each with what speaks against it."""
        for candidate in self.candidates.of(of, by, self.algebras()):
            cost = 0 if candidate.explicit else BETWEEN
            for form, more in self.forms(candidate):
                yield cost + more + len(show(form.entry)), form

    def forms(self, candidate: Candidate) -> Iterator[tuple[ClosedForm, int]]:
        """A candidate without indices, or by index."""
        tensor = candidate.tensor
        called = self.candidates.called
        try:
            made = Reader(self.model, called).tree(tensor)
            yield ClosedForm(made, made, (), (), ()), 0
        except NoMatrixForm:
            writer = Writer(taken_names(self.model), called)
            indices = tuple(map(writer.variable, tensor.indices))
            entry = writer.tree(tensor.body)
            whole = Writer(taken_names(self.model), called).tensor(tensor)
            yield ClosedForm(whole, entry, indices, (), ()), INDEXED

    def algebras(self) -> Iterator[Algebra]:
        """What may be known: nothing, or what was declared."""
        declared = self.prover.declared()
        yield self.prover.algebra({}, ())
        if declared or self.prover.equations():
            yield self.prover.algebra(_sums(declared), self.prover.equations())

    def proved(self, of: str, by: str, made: Expression) -> Proved | None:
        """The proof that an expression is the derivative, of the same shape."""
        left = trees.quotient(trees.name(of), trees.name(by))
        relation = tree.Comparison(trees.NOWHERE, "=", left, made)
        before = set(self.model.definitions)
        judgement = elaborate_claim(self.model, tree.Claim(trees.NOWHERE, "claim", None, relation))
        try:
            if judgement.relation is None:
                return None
            proof = self.prover.prove(judgement.relation)
        finally:
            for name in set(self.model.definitions) - before:
                if name not in self.calculus.adjoints:
                    del self.model.definitions[name]
        return proof if isinstance(proof, Proved) else None


def _sums(declared: Properties) -> Properties:
    """One-hot tensors as tensors whose entries sum to one: so their entries stay entries."""
    return {
        name: (found - {"onehot"}) | ({"simplex"} if "onehot" in found else frozenset())
        for name, found in declared.items()
    }
