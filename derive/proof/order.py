"""Orders: `<`, `<=`, `>`, `>=` and `!=` for all dimensions and all values that are allowed.

The larger side minus the smaller is brought to normal form, definitions are opened one after the
other, and at each stage `Order` looks for an argument that it is not negative, or positive.
Premises are the assumed orders, the conditions of the statement, and what must hold for its two
sides to have a value: a logarithm is of a positive number.
"""

from dataclasses import dataclass, replace
from itertools import chain, islice, product
from typing import TYPE_CHECKING

from derive.calculus.adjoints import Body
from derive.calculus.algebra import Algebra, TooLarge
from derive.calculus.binders import number_of
from derive.calculus.canonical import rename_poly
from derive.calculus.powers import content, factors, is_nonnegative, is_positive
from derive.calculus.term import ONE, ZERO, Atom, Poly, of_atom
from derive.calculus.unfolding import Unfolding
from derive.model.model import Relation
from derive.model.scalar import Scalar
from derive.proof.namesakes import rules_for
from derive.proof.order_constants import by_enclosure
from derive.proof.order_domain import Domain
from derive.proof.order_lemmas import by_combination
from derive.proof.order_products import by_products
from derive.proof.order_recurrences import bounded, inductive, written_out
from derive.proof.order_rules import by_cases, by_exponentials, by_factors, by_parts, by_squaring
from derive.proof.order_signs import Order, Premise, Search
from derive.proof.order_single import by_roots, by_signs, by_slope
from derive.proof.order_squares import by_completion, sign_of_squares
from derive.proof.order_sums import by_sum

if TYPE_CHECKING:
    from derive.proof.equal import Prover

RULES = (
    by_enclosure,
    by_factors,
    by_roots,
    by_completion,
    by_combination,
    by_squaring,
    by_sum,
    by_products,
    by_exponentials,
    by_cases,
    by_slope,
    by_signs,
    by_parts,
)
"""How a sign may be shown, what is cheap and what settles most first."""

QUICK_RULES = (by_enclosure, by_factors, by_roots, by_completion, by_combination)
"""How the sign of a part may be shown, in passing."""

ABOVE = {"<": True, "<=": True, ">": False, ">=": False}
STRICT = frozenset({"<", ">"})
LEAST_LEFT = 60
MOST_PLACES = 8


class OrderProver:
    """Shows orders of one model."""

    def __init__(self, prover: "Prover") -> None:
        self.prover = prover
        self.calculus = prover.calculus

    def shows(self, relation: Relation) -> tuple[str, ...] | None:
        """The facts that a proof of the relation uses; None where none was found."""
        if relation.op not in (*ABOVE, "!="):
            return None
        sequences = self.prover.recurrent.sequences
        told = self.told(relation)
        difference = self.prover.difference(replace(relation, conditions=told.kept))
        if ABOVE.get(relation.op):
            difference = -difference
        self.prover.nonzero = self.calculus.left_out(difference)
        premises = [*told.premises, *self.assumed()]
        if not self.prover.given:
            premises.extend(p for p in Domain(self.calculus).of(relation) if not self.known(p))
        algebra = self.algebra(sequences.present(difference))
        search = Search(RULES, QUICK_RULES, (sign_of_squares,), self.nonzero())

        def shows(poly: Poly) -> bool:
            known = tuple(premises), told.ones, told.zeros
            return Order(algebra, self.body, search, *known).shows(poly, False)

        def lower(scalar: Scalar) -> Poly:
            return self.calculus.lower(scalar, relation.indices)

        def shows_from(poly: Poly, earlier: tuple[Poly, ...]) -> bool:
            strict = relation.op in STRICT
            known = (*premises, *(Premise(p, strict) for p in earlier))
            search.left = max(search.left, LEAST_LEFT)
            return Order(algebra, self.body, search, known).shows(poly, strict)

        if sequences.present(difference) and bounded(relation, lower, algebra, sequences, shows):
            return tuple(sorted(search.used - {""}))
        try:
            stages = chain(
                self.prover.opening.openings(difference, algebra),
                written_out(difference, algebra, sequences),
            )
            for poly in stages:
                search.used.clear()
                search.left = max(search.left, LEAST_LEFT)
                known = tuple(premises), told.ones, told.zeros
                order = Order(algebra, self.body, search, *known)
                order.kinks = self.kinks(poly, algebra)
                stated = set(order.facts.used)
                if relation.op == "!=":
                    shown = differs(order, poly)
                else:
                    shown = order.shows(poly, relation.op in STRICT)
                if shown:
                    return tuple(sorted((stated | search.used) - {""}))
            if relation.op in ABOVE and not relation.conditions:
                search.used.clear()
                if inductive(difference, algebra, sequences, shows_from):
                    return tuple(sorted({*search.used, *self.prover.used(algebra)} - {""}))
        except TooLarge:
            pass
        return None

    def algebra(self, recurrent: bool) -> Algebra:
        """The algebra that knows what is declared and assumed, and what is said of steps."""
        rules = rules_for(1) if recurrent else None
        return self.prover.algebra(self.prover.declared(), self.prover.equations(), rules)

    def known(self, premise: Premise) -> bool:
        """The premise says nothing that its terms do not show."""
        poly, algebra = premise.poly, self.calculus.algebra
        return (is_positive if premise.strict else is_nonnegative)(algebra, poly)

    def body(self, name: str) -> Body | None:
        """A definition, with the names that the statement substitutes replaced."""
        body, given = self.calculus.body(name), self.prover.given
        if body is None or name in given:
            return None
        if not given:
            return body
        return Body(body.variables, Unfolding(self.calculus.algebra, given).poly(body.poly))

    # --- premises ------------------------------------------------------------------------------

    def assumed(self) -> tuple[Premise, ...]:
        """The assumed orders."""
        found = []
        for assumption in self.prover.model.assumptions:
            relation = assumption.relation
            if relation.op not in ABOVE or relation.conditions:
                continue
            left = self.calculus.lower(relation.left, relation.indices)
            right = self.calculus.lower(relation.right, relation.indices)
            above = right - left if ABOVE[relation.op] else left - right
            parameters = tuple(map(self.calculus.variable, relation.indices))
            strict = relation.op in ("<", ">")
            found.append(Premise(above, strict, assumption.text, parameters))
        return tuple(found)

    def kinks(self, poly: Poly, algebra: Algebra) -> tuple[Poly, ...]:
        """What the statement leaves out, not zero at any place: at those of the free indices."""
        found: dict[Poly, None] = {}
        kinks = [k for k in self.calculus.kinks if self.calculus.zeros_of(k) == ZERO]
        for kink in sorted(kinks, key=lambda k: k.key):
            own = sorted(kink.free, key=lambda v: v.key)
            choices = [[v for v in poly.free if v.axis == one.axis] for one in own]
            for chosen in islice(product(*choices), MOST_PLACES):
                there = rename_poly(kink, dict(zip(own, chosen, strict=True)))
                found.update(dict.fromkeys(self.prover.stages(there, algebra)))
        return tuple(found)

    def nonzero(self) -> dict[str | Atom, str]:
        """The tensors and the single entries that are assumed to be different from zero."""
        found: dict[str | Atom, str] = {}
        for assumption in self.prover.model.assumptions:
            relation = assumption.relation
            if relation.op != "!=" or relation.conditions:
                continue
            left, right = (
                self.calculus.lower(side, relation.indices)
                for side in (relation.left, relation.right)
            )
            atom = (left - right).atom
            if atom is None or atom.kind != "entry":
                continue
            variables = [p.variable for p in atom.places]
            axes = self.calculus.axes(str(atom.head[0]))
            whole = all(v is not None and v.axis == a for v, a in zip(variables, axes, strict=True))
            if whole and len(set(variables)) == len(variables):
                found[str(atom.head[0])] = assumption.text
            elif not atom.free:
                found[atom] = assumption.text
        return found

    def told(self, relation: Relation) -> "Told":
        """What the conditions of a statement say."""
        kept: list[Scalar] = []
        premises: list[Premise] = []
        ones: set[Atom] = set()
        zeros: set[Atom] = set()
        for condition in relation.conditions:
            lowered = self.calculus.lower(condition, relation.indices)
            atom, other = lowered.atom, (ONE - lowered).atom
            if other is not None:
                zeros.add(other)
                premises.extend(self.of_indicator(other, False))
                continue
            kept.append(condition)
            if atom is not None:
                ones.add(atom)
                premises.extend(self.of_indicator(atom, True))
        return Told(tuple(kept), tuple(premises), frozenset(ones), frozenset(zeros))

    def of_indicator(self, atom: Atom, holds: bool) -> list[Premise]:
        """What an indicator that is one, or zero, says of numbers."""
        algebra = self.calculus.algebra
        if atom.kind == "less":
            first, second = (number_of(algebra, p) for p in atom.places)
            return [Premise(second - first - ONE if holds else first - second, False)]
        if atom.head == ("step",):
            return [Premise(atom.args[0] if holds else -atom.args[0], holds)]
        return []


def differs(order: Order, poly: Poly) -> bool:
    """The polynomial is not zero: each of its factors is positive, negative, or assumed so."""
    if order.shows(poly, True) or order.shows(-poly, True):
        return True
    if not poly.terms:
        return False
    common, rest = content(order.algebra, poly)
    parts = [of_atom(a) for m in common.terms for a, e in m.factors.items() if e > 0]
    if rest.constant is None:
        parts.extend(part for part, _ in factors(rest))
    for part in parts:
        atom = part.atom
        known = atom is not None and order.is_nonzero(atom)
        if not known and not order.shows(part, True) and not order.shows(-part, True):
            return False
    return True


@dataclass(frozen=True, slots=True)
class Told:
    """The conditions that multiply the difference, premises, and indicators of known value."""

    kept: tuple[Scalar, ...]
    premises: tuple[Premise, ...]
    ones: frozenset[Atom]
    zeros: frozenset[Atom]
