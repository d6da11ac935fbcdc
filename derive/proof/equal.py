"""Are two expressions equal for all dimensions and all values that the assumptions allow?

The difference of the two sides is brought to normal form, first with all names closed, then with
definitions opened, from the last one backwards. Zero is a proof. Facts that were declared may be
used; where one that was not declared would do, the answer names it.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import islice

from derive.calculus.adjoints import Body
from derive.calculus.algebra import Algebra, Rule, TooLarge
from derive.calculus.contraction import RULES
from derive.calculus.engine import Calculus
from derive.calculus.partials import NotDifferentiable
from derive.calculus.place import fresh, place
from derive.calculus.powers import Undefined, cleared, content
from derive.calculus.products import NotExact
from derive.calculus.signs import shape_of
from derive.calculus.term import ONE, Atom, Poly, of_atom
from derive.calculus.unfolding import Unfolding, all_atoms
from derive.model.model import Relation, Symbol
from derive.model.scalar import Tensor
from derive.model.traverse import has_derivative
from derive.proof.cases import HEAVY, Spelling, at_fixed_places, fixed_places
from derive.proof.conditions import conditions
from derive.proof.domain import defined_only
from derive.proof.facts import Equation, Facts, solved
from derive.proof.generalising import guesses
from derive.proof.opening import Opening, weight
from derive.proof.order import OrderProver
from derive.proof.order_signs import BRANCHES
from derive.proof.outcome import NotShown, Proof, Proved, ProvedFor, ProvedIf
from derive.proof.recurrent import Recurrent
from derive.proof.small_lengths import LENGTHS, at_length, holds, lengths_of
from derive.proof.substitution import substituted

MOST_STAGES = 200
MOST_GUESSES = 12
DECIDED = frozenset({"max", "argmax"})
UNLIKE = "the two sides have different normal forms"

Properties = dict[str, frozenset[str]]
At = tuple[tuple[str, Tensor], ...]
Fact = tuple[str, str]  # a name and a property


class Prover:
    """Settles relations of one model; `given` are names that stand for something else."""

    def __init__(self, calculus: Calculus, given: dict[str, Body] | None = None) -> None:
        self.calculus = calculus
        self.given = given or {}
        self.opening = Opening(calculus, self.given)
        self.recurrent = Recurrent(self)
        self.model = calculus.model
        self.nonzero: frozenset[int] = frozenset()
        self.plausible: frozenset[Fact] | None = None
        self._equations: tuple[Equation, ...] | None = None

    def declared(self) -> Properties:
        """The properties of the declared tensors."""
        return {s.name: s.properties for s in self.model.symbols.values() if s.properties}

    def equations(self) -> tuple[Equation, ...]:
        """The assumed equations, each solved for an atom."""
        if self._equations is not None:
            return self._equations
        facts = set(self.calculus.facts)
        found = []
        for assumption in self.model.assumptions:
            relation = assumption.relation
            if relation.op != "=" or relation.conditions:
                continue
            left = self.calculus.lower(relation.left, relation.indices)
            right = self.calculus.lower(relation.right, relation.indices)
            parameters = tuple(map(self.calculus.variable, relation.indices))
            equation = solved(left - right, parameters, assumption.text)
            if equation is not None:
                found.append(equation)
        self._equations = tuple(found)
        self.calculus.facts = facts
        return self._equations

    def algebra(
        self,
        properties: Properties,
        equations: tuple[Equation, ...],
        rules: tuple[Rule, ...] | None = None,
    ) -> Algebra:
        """An algebra that knows these facts, by these rules, else by all."""
        rules = RULES if rules is None else rules
        facts = Facts(self.model, self.calculus.signs.body)
        facts.learn(properties, equations)
        facts.assumed = self.calculus.signs.assumed
        facts.entries = self.calculus.signs.entries
        facts.nonzero = self.nonzero
        facts.places = set(self.calculus.signs.places)
        rules = (*rules, facts.rule) if properties or equations else rules
        return Algebra(facts, rules, lambda: self.calculus.tick(), settled=True)

    def difference(self, relation: Relation) -> Poly:
        """Left minus right in normal form, zero where the conditions fail."""
        calculus = self.calculus
        left = calculus.lower(relation.left, relation.indices)
        right = calculus.lower(relation.right, relation.indices)
        result = left - right
        for condition in relation.conditions:
            lowered = calculus.lower(condition, relation.indices)
            result = calculus.algebra.multiply(lowered, result)
        if self.given:
            result = Unfolding(calculus.algebra, self.given).poly(result)
        return result

    def prove(
        self, relation: Relation, at: At = (), plausible: frozenset[Fact] | None = None
    ) -> Proof:
        """The verdict on a relation, with the names of `at` replaced after differentiation."""
        if at and self.differentiates(relation) and any(n in self.model.definitions for n, _ in at):
            return NotShown("a defined name is replaced after differentiation")
        if at:
            calculus, given = substituted(self.calculus, at)
            return Prover(calculus, given).prove(relation, (), plausible)
        self.plausible = plausible
        if plausible is not None and relation.op == "=":
            return self.attempt(relation, self.with_a_fact)
        way = self.equality if relation.op == "=" else self.order
        result = self.attempt(relation, way)
        if isinstance(result, Proved):
            return result
        for guess in guesses(self.model, relation):
            general = self.attempt(guess, way)
            if isinstance(general, Proved):
                return general
        if relation.op != "=":
            return result
        ordered = self.attempt(relation, self.both_orders)
        if isinstance(ordered, Proved):
            return ordered
        found = self.on_domain(relation) or self.for_small_lengths(relation)
        if found is None:
            found = self.attempt(relation, self.with_a_fact)
        return result if isinstance(found, NotShown) else found

    def for_small_lengths(self, relation: Relation) -> Proof | None:
        """A proof for recurrences of length 1 to 4, where there is none for all lengths."""
        try:
            names = lengths_of(self.calculus, self.difference(relation))
        except (TooLarge, NotExact, NotDifferentiable, Undefined):
            return None
        if names is None or len(names) > 1 or self.given:
            return None
        if not names:  # all lengths are numbers
            proof = self.attempt(relation, self.written_out)
            return proof if isinstance(proof, Proved) else None
        (name,) = names
        found: set[str] = set()
        for length in LENGTHS:
            calculus, there = at_length(self.calculus, relation, name, length)
            small = Prover(calculus)
            proof = small.attempt(there, small.written_out)
            if not isinstance(proof, Proved):
                return None
            found |= {*proof.facts}
        sizes = (f"{name} = {LENGTHS[0]}..{LENGTHS[-1]}",)
        return ProvedFor(sizes, tuple(sorted(found)), conditions(self.calculus))

    def written_out(self, relation: Relation) -> Proof:
        """An equation whose recurrences have fixed lengths."""
        algebra = holds(self, relation)
        if algebra is None:
            return NotShown(UNLIKE)
        return Proved(self.used(algebra), conditions(self.calculus))

    def knowing(self, difference: Poly) -> Algebra:
        """The algebra that knows what is declared and assumed, for a statement."""
        self.nonzero = self.calculus.left_out(difference)
        return self.algebra(self.declared(), self.equations())

    def differentiates(self, relation: Relation) -> bool:
        """A derivative stands in the relation, or in a definition of the file."""
        bodies = (definition.body for definition in self.model.definitions.values())
        return any(map(has_derivative, (relation.left, relation.right, *bodies)))

    def attempt(self, relation: Relation, way: Callable[[Relation], Proof]) -> Proof:
        """What one way of proving comes to; what stands in its way, in words."""
        try:
            self.calculus.start_statement()
            return way(relation)
        except TooLarge:
            return NotShown("the terms grew too large")
        except (NotExact, NotDifferentiable) as problem:
            return NotShown(problem.reason)
        except Undefined as problem:
            return NotShown(f"{problem} on one side")

    def equality(self, relation: Relation) -> Proof:
        """An equation: the difference of its sides is zero."""
        difference = self.difference(relation)
        self.nonzero = self.calculus.left_out(difference)
        result = self.settle(difference)
        if isinstance(result, Proved):
            return replace(result, facts=self.with_used(result.facts))
        return result

    def order(self, relation: Relation) -> Proof:
        """An order of two sides."""
        facts = OrderProver(self).shows(relation)
        if facts is None:
            return NotShown("no argument for this order was found")
        return Proved(self.with_used(facts), conditions(self.calculus))

    def both_orders(self, relation: Relation) -> Proof:
        """An equation as two orders: by cases, where signs or what is largest decide."""
        opened = self.stages(self.difference(relation), self.calculus.algebra)[-1]
        atoms = all_atoms(opened)
        if not any(a.kind in DECIDED or (a.head and a.head[0] in BRANCHES) for a in atoms):
            return NotShown(UNLIKE)
        facts: set[str] = set()
        for op in ("<=", ">="):
            found = OrderProver(self).shows(replace(relation, op=op))
            if found is None:
                return NotShown(UNLIKE)
            facts.update(found)
        return Proved(self.with_used(facts), conditions(self.calculus))

    def with_used(self, facts: Iterable[str]) -> tuple[str, ...]:
        """These facts and those that the normal forms of both sides used, in order."""
        return tuple(sorted({*facts, *self.calculus.facts}))

    def on_domain(self, relation: Relation) -> Proof | None:
        """A proof that uses the signs which the statement has because it is defined."""
        model = defined_only(self.model, relation)
        if model is None:
            return None
        adjoints = set(self.calculus.adjoints)
        for name in adjoints & model.definitions.keys():
            del model.definitions[name]
        calculus = Calculus(model, lambda: self.calculus.tick())
        proof = Prover(calculus, self.given).prove(relation)
        if not isinstance(proof, Proved):
            return None
        facts = tuple(f for f in proof.facts if self.is_declared(f))
        return replace(proof, facts=facts)

    def is_declared(self, fact: str) -> bool:
        """The fact is one that the file states, not one of the domain."""
        name, _, found = fact.partition(" is ")
        symbol = self.model.symbols.get(name)
        return symbol is None or found in symbol.properties

    def settle(self, difference: Poly) -> Proof:
        """Is the difference zero, by what is declared and assumed?"""
        declared, equations = self.declared(), self.equations()
        knowing = self.algebra(declared, equations)
        stage = self.vanishes(difference, knowing)
        if stage is not None:
            facts = self.needed(difference, declared, equations, stage, self.used(knowing))
            return Proved(facts, conditions(self.calculus))
        return self.recurrent.proof(difference) or NotShown(UNLIKE)

    def with_a_fact(self, relation: Relation) -> Proof:
        """An equation that holds if one more fact does, which nobody declared.

        With `plausible` facts, those only are tried.
        """
        difference = self.difference(relation)
        self.nonzero = self.calculus.left_out(difference)
        equations = self.equations()
        for name, missing, properties in self.candidates(difference, self.declared()):
            guessing = self.algebra(properties, equations)
            if self.vanishes(difference, guessing, MOST_GUESSES) is not None:
                used = {*self.used(guessing), *self.calculus.facts}
                facts = tuple(sorted(f for f in used if not f.startswith(f"{name} is ")))
                return ProvedIf((missing,), facts, conditions(self.calculus))
        return NotShown(UNLIKE)

    def candidates(
        self, difference: Poly, declared: Properties
    ) -> Iterator[tuple[str, str, Properties]]:
        """Facts that nobody declared and that could matter, with the properties they come to."""
        for symbol in self.model.symbols.values():
            square = len(symbol.axes) == 2 and symbol.axes[0] == symbol.axes[1]
            for extra, missing in candidates_for(symbol.name, len(symbol.axes), square):
                have = declared.get(symbol.name, frozenset())
                if self.plausible is not None and (symbol.name, extra) not in self.plausible:
                    continue
                if extra not in have and not self.says(difference, symbol, extra):
                    yield symbol.name, missing, {**declared, symbol.name: have | {extra}}

    def says(self, difference: Poly, symbol: Symbol, extra: str) -> bool:
        """The claim is just that fact: then it is no help."""
        if difference.symbols != {symbol.name}:
            return False
        variables = tuple(fresh(a) for a in symbol.axes)
        places = tuple(map(place, variables))
        entry = of_atom(Atom("entry", (symbol.name,), places))
        algebra = self.calculus.algebra
        if extra == "symmetric":
            fact = entry - of_atom(Atom("entry", (symbol.name,), places[::-1]))
        else:
            powered = algebra.power(entry, 2 if extra == "unit" else 1)
            fact = algebra.total(variables[-1:], powered) - ONE
        return shape_of(fact) == shape_of(content(algebra, difference)[1])

    def needed(
        self,
        difference: Poly,
        properties: Properties,
        equations: tuple[Equation, ...],
        stage: int,
        used: tuple[str, ...],
    ) -> tuple[str, ...]:
        """The facts without which the proof fails: those used, less what can be left out."""
        if not used:
            return used
        bare = self.algebra({}, ())
        if self.vanishes(difference, bare, stage) is not None:
            return self.used(bare)  # signs are known there too
        kept = dict(properties)
        for name in sorted(properties):
            if len(used) < 2:
                break
            fewer = {n: p for n, p in kept.items() if n != name}
            algebra = self.algebra(fewer, equations)
            if self.vanishes(difference, algebra, stage) is not None:
                kept, used = fewer, self.used(algebra)
        return used

    def used(self, algebra: Algebra) -> tuple[str, ...]:
        """The facts that were used."""
        assert isinstance(algebra.knowledge, Facts)
        return tuple(sorted(algebra.knowledge.used))

    def stages(self, poly: Poly, algebra: Algebra) -> list[Poly]:
        """The polynomial as it stands, and with ever more definitions opened."""
        return list(islice(self.opening.openings(poly, algebra), MOST_STAGES))

    def is_zero(self, poly: Poly, algebra: Algebra) -> bool:
        """The polynomial vanishes, as it stands or with definitions opened."""
        return self.vanishes(poly, algebra, spelled=False) is not None

    # --- one normal form after the other -------------------------------------------------------

    def vanishes(
        self, difference: Poly, algebra: Algebra, most: int = MOST_STAGES, spelled: bool = True
    ) -> int | None:
        """The number of openings after which the difference is zero; None if it never is."""
        seen: list[Poly] = []
        try:
            for stage, poly in enumerate(self.opening.openings(difference, algebra)):
                if not poly.terms or not cleared(algebra, poly).terms:
                    return stage
                seen.append(poly)
                if stage >= most:
                    break
        except TooLarge:
            pass
        tried = enumerate(seen) if spelled else ()
        return next((k for k, poly in tried if self.spelled_out(poly, algebra)), None)

    def spelled_out(self, poly: Poly, algebra: Algebra) -> bool:
        """The difference is zero when fixed sizes are spelled out and orders turned."""
        short = any(fixed_places(v.axis) is not None for v in poly.free)
        if weight(poly) > HEAVY or not (short or any(map(self._has_cases, all_atoms(poly)))):
            return False
        for part in at_fixed_places(algebra, poly):
            axes = {name: self.calculus.axes(name) for name in part.symbols if self.is_name(name)}
            if cleared(algebra, Spelling(algebra, part.free, axes).poly(part)).terms:
                return False
        return True

    def is_name(self, name: str) -> bool:
        """A name of the model; the place of a one-hot's one has none."""
        return name in self.model.symbols or name in self.model.definitions

    def _has_cases(self, atom: Atom) -> bool:
        """An atom that can be spelled out or turned."""
        if atom.kind == "sum":
            whole = {
                a for name in atom.symbols if self.is_name(name) for a in self.calculus.axes(name)
            }
            return any(
                fixed_places(v.axis) is not None or v.axis not in whole or len(whole) > 1
                for v in atom.bound
            )
        return atom.kind == "less" or atom.head[:1] == ("sign",)


def candidates_for(name: str, shape: int, square: bool) -> Iterator[tuple[str, str]]:
    """Properties that could matter, with what a person would have to assume."""
    if shape >= 1:
        yield "simplex", f"sum({name}) = 1" if shape == 1 else f"sum({name}[i]) = 1"
    if square:
        yield "symmetric", f"{name} is symmetric"
    if shape == 1:
        yield "unit", f"norm({name}) = 1"
