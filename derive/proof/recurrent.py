"""Statements about recurrences: induction with what is declared, assumed and proved before."""

from fractions import Fraction
from typing import Protocol

from derive.calculus.algebra import Algebra, Rule
from derive.calculus.engine import Calculus
from derive.calculus.place import Var, place
from derive.calculus.term import Poly
from derive.model.model import Relation
from derive.proof.conditions import conditions
from derive.proof.facts import Equation
from derive.proof.induction import Induction
from derive.proof.multiples import counted
from derive.proof.namesakes import HYPOTHESIS
from derive.proof.outcome import Proved
from derive.proof.totality import is_total
from derive.proof.unrolling import Sequences, reached_ends

Properties = dict[str, frozenset[str]]


class Prover(Protocol):
    """What is needed of a prover."""

    calculus: Calculus

    def declared(self) -> Properties:
        """The properties of the declared tensors."""

    def equations(self) -> tuple[Equation, ...]:
        """The assumed equations."""

    def algebra(
        self, properties: Properties, equations: tuple[Equation, ...], rules: tuple[Rule, ...]
    ) -> Algebra:
        """An algebra that knows these facts, by these rules."""

    def used(self, algebra: Algebra) -> tuple[str, ...]:
        """The facts that were used."""

    def is_zero(self, poly: Poly, algebra: Algebra) -> bool:
        """The polynomial vanishes, with definitions opened where that is needed."""

    def stages(self, poly: Poly, algebra: Algebra) -> list[Poly]:
        """The polynomial as it stands, and with ever more definitions opened."""


class Recurrent:
    """The statements of one model; those that were proved serve later ones."""

    def __init__(self, prover: Prover) -> None:
        self.prover = prover
        self.sequences = Sequences(prover.calculus)
        self.lemmas: list[Equation] = []

    def learn(self, relation: Relation, text: str) -> None:
        """Takes a statement that was proved, on all entries of a recurrence, for later ones.

        Only where it is defined at all points, and does not lead back to itself.
        """
        if relation.op != "=" or relation.conditions or not relation.indices:
            return
        calculus = self.prover.calculus
        left = calculus.lower(relation.left, relation.indices)
        right = calculus.lower(relation.right, relation.indices)
        parameters = tuple(map(calculus.variable, relation.indices))
        lemma = self.solved(left - right, parameters, text)
        if lemma is None or not is_total(calculus, lemma.value):
            return
        if str(lemma.atom.head[0]) not in self.led_to(lemma.value):
            self.lemmas.append(lemma)

    def led_to(self, poly: Poly) -> set[str]:
        """The names in a term, and those which the statements before put in their place."""
        found: set[str] = set()
        waiting = [poly]
        while waiting:
            new = waiting.pop().symbols - found
            found |= new
            waiting += [known.value for known in self.lemmas if known.atom.head[0] in new]
        return found

    def solved(self, gap: Poly, parameters: tuple[Var, ...], text: str) -> Equation | None:
        """An equation between recurrences solved for an entry of one, at all its places.

        None where it would say one entry by another of the same recurrence, without end.
        """
        for monomial, coefficient in gap.terms.items():
            atom = Poly({monomial: 1}).atom
            if atom is None or atom.kind != "entry":
                continue
            recurrence = self.prover.calculus.recurrence(str(atom.head[0]))
            if recurrence is None or set(atom.places) != set(map(place, parameters)):
                continue
            others = Poly({m: c for m, c in gap.terms.items() if m is not monomial})
            if not others.symbols.isdisjoint(recurrence.names):
                others = reached_ends(self.prover.calculus.algebra, self.sequences, others)
            if others.symbols.isdisjoint(recurrence.names):
                return Equation(atom, others.scaled(-1 / Fraction(coefficient)), parameters, text)
        return None

    def proof(self, difference: Poly) -> Proved | None:
        """A proof by induction that the difference is zero."""
        if not (self.sequences.present(difference) or counted(difference)):
            return None
        equations = self.prover.equations()
        without = self._by_induction(difference, equations)
        if without is not None or not self.lemmas:
            return without
        return self._by_induction(difference, (*equations, *self.lemmas))

    def _by_induction(self, difference: Poly, equations: tuple[Equation, ...]) -> Proved | None:
        prover = self.prover
        declared = prover.declared()
        made: list[Algebra] = []

        def algebra_of(known: tuple[Equation, ...], rules: tuple[Rule, ...]) -> Algebra:
            made.append(prover.algebra(declared, (*equations, *known), rules))
            return made[-1]

        def opened(poly: Poly, algebra: Algebra) -> Poly:
            return prover.stages(poly, algebra)[-1]

        induction = Induction(self.sequences, algebra_of, prover.is_zero, opened)
        stages = prover.stages(difference, induction.algebra)
        goals = dict.fromkeys((stages[0], stages[-1]))
        if not any(map(induction.shows, goals)):
            return None
        used = {f for algebra in made for f in prover.used(algebra)}
        facts = tuple(sorted(f for f in used if not f.startswith(HYPOTHESIS)))
        return Proved(facts, conditions(prover.calculus), tuple(induction.trail))
