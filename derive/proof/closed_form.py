"""Derivatives in closed form: short, in the names of the file, and proved equal before they are shown.

Candidates are the derivative with names closed, opened, and with definitions recognised again, each
under what was declared; each is written without indices where that can be done. The shortest that
the prover shows to be equal is the answer.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from derive.calculus import trees
from derive.calculus.algebra import Algebra, TooLarge
from derive.calculus.contracting import NoMatrixForm
from derive.calculus.engine import Body
from derive.calculus.folding import simplest
from derive.calculus.matrix_form import Reader
from derive.calculus.powers import Undefined
from derive.calculus.raising import Raising
from derive.calculus.term import Poly
from derive.calculus.unfolding import Unfolding
from derive.model.elaborate import elaborate_claim
from derive.model.scalar import Tensor
from derive.proof.equal import Properties, Proved, Prover
from derive.syntax import tree
from derive.syntax.show import show
from derive.syntax.tree import Expression

LONGEST = 60
MOST_TERMS = 60


@dataclass(frozen=True, slots=True)
class ClosedForm:
    """An expression that equals a derivative, and what the proof of that used."""

    expression: Expression
    facts: tuple[str, ...]
    conditions: tuple[str, ...]

    @property
    def text(self) -> str:
        """In the language."""
        return show(self.expression)


class Closing:
    """Finds closed forms of the derivatives of one model."""

    def __init__(self, prover: Prover) -> None:
        self.prover = prover
        self.calculus = prover.calculus
        self.model = prover.model

    def closed_form(self, of: str, by: str) -> ClosedForm | None:
        """The derivative in matrix notation; None where none is known."""
        found: list[tuple[int, str, Expression]] = []
        for tensor, explicit in self.tensors(of, by):
            try:
                made = Reader(self.model).tree(tensor)
            except NoMatrixForm:
                continue
            text = show(made)
            length = len(text) + (0 if explicit else LONGEST)
            found.append((length, text, made))
        tried: set[str] = set()
        for _, text, made in sorted(found, key=lambda item: item[:2]):
            if text in tried:
                continue
            tried.add(text)
            proof = self.proved(of, by, made)
            if proof is not None:
                return ClosedForm(made, proof.facts, proof.conditions)
        return None

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

    # --- candidates ------------------------------------------------------------------------------

    def tensors(self, of: str, by: str) -> Iterator[tuple[Tensor, bool]]:
        """Equal tensors in index notation, and whether they have no derivatives by names in between."""
        gradient = self.calculus.gradient(of, by)
        variables = (*gradient.of_variables, *gradient.wrt_variables)
        seen: set[Poly] = set()
        for poly in self.polys(gradient.poly):
            if poly in seen:
                continue
            seen.add(poly)
            raising = Raising()
            indices = tuple(raising.variable(v) for v in variables)
            explicit = poly.symbols.isdisjoint(self.calculus.adjoints)
            yield Tensor(indices, raising.scalar(poly)), explicit

    def polys(self, poly: Poly) -> Iterator[Poly]:
        """Equal terms, under what was declared."""
        declared = self.prover.declared()
        for algebra in (self.prover.algebra({}, ()), self.prover.algebra(_sums(declared), ())):
            try:
                for state in self.states(poly, algebra):
                    yield state
                    yield simplest(algebra, state, self.bodies(algebra))
            except (TooLarge, Undefined):
                continue

    def states(self, poly: Poly, algebra: Algebra) -> Iterator[Poly]:
        """The term with names closed, then with more and more of them opened."""
        poly = Unfolding(algebra, {}).poly(poly)
        yield from self.opened(self.unhidden(poly, algebra, True), algebra)
        yield from self.opened(self.unhidden(poly, algebra, False), algebra)

    def opened(self, poly: Poly, algebra: Algebra) -> Iterator[Poly]:
        """The term, and with the definitions opened of which a part stands in it."""
        for _ in range(4):
            if len(poly.terms) > MOST_TERMS:
                return
            yield poly
            names = self.prover.chosen(poly)
            bodies = {n: b for n in names if (b := self.calculus.body(n)) is not None}
            if not bodies:
                return
            poly = Unfolding(algebra, bodies).poly(poly)

    def unhidden(self, poly: Poly, algebra: Algebra, keep: bool) -> Poly:
        """Without hidden names; derivatives by the user's names may be kept."""
        for _ in range(40):
            names = [n for n in sorted(poly.symbols) if self.is_hidden(n, keep)]
            bodies = {n: b for n in names if (b := self.calculus.body(n)) is not None}
            if not bodies or len(poly.terms) > MOST_TERMS:
                return poly
            poly = Unfolding(algebra, bodies).poly(poly)
        return poly

    def is_hidden(self, name: str, keep: bool) -> bool:
        """Not to be shown."""
        definition = self.model.definitions.get(name)
        if definition is None or not definition.hidden:
            return False
        of, slash, by = name.partition("/d")
        return not (
            slash and keep and not self.is_hidden(of[1:], True) and not self.is_hidden(by, True)
        )

    def bodies(self, algebra: Algebra) -> dict[str, Body]:
        """The definitions that may be recognised, the last first."""
        found: dict[str, Body] = {}
        for name in reversed(list(self.model.definitions)):
            if not self.model.definitions[name].hidden:
                body = self.calculus.body(name)
                if body is not None:
                    found[name] = Body(body.variables, self.unhidden(body.poly, algebra, True))
        return found


def _sums(declared: Properties) -> Properties:
    """One-hot tensors as tensors whose entries sum to one: so their entries stay entries."""
    return {
        name: (found - {"onehot"}) | ({"simplex"} if "onehot" in found else frozenset())
        for name, found in declared.items()
    }
