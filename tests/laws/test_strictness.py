"""No rule is there in vain, none may be a little wrong: each corruption changes some verdict.

For each rule a few statements; a rule is corrupted (a sign, a factor, a term missing, never used,
used without its condition), and the proofs of its statements must not all come out as before.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import pytest

from derive.calculus import algebra, contraction, functions, lower, powers, products, ranges
from derive.calculus.engine import Calculus
from derive.calculus.partials import FLAT, PARTIALS, Differentiation
from derive.calculus.signs import Signs
from derive.calculus.term import ONE, ZERO, Poly
from derive.diagnostics.span import Source
from derive.model.elaborate import elaborate
from derive.model.model import Relation
from derive.proof import facts, order
from derive.proof.equal import Prover
from derive.proof.facts import Facts
from derive.proof.outcome import NotShown, Proof, Proved
from derive.proof.recurrent import Recurrent
from derive.syntax import tree
from derive.syntax.parse import parse
from tests.laws import statements
from tests.laws.corrupting import WRONG, always, changed, exchanged, never, replace, without_a_term
from tests.laws.statements import about

WAYS = ("factor", "sign")


class OfLoops(Recurrent):
    """Induction for recurrences alone, not for sums that count."""

    def proof(self, difference: Poly) -> Proved | None:
        return super().proof(difference) if self.sequences.present(difference) else None


class OneWay(Prover):
    """Equations by their normal form alone: a second way would cover for a corrupt first."""

    def __init__(self, calculus: Calculus) -> None:
        super().__init__(calculus)
        self.recurrent = OfLoops(self)

    def both_orders(self, relation: Relation) -> Proof:
        return NotShown("")


@lru_cache
def parsed(text: str) -> tree.File:
    file, problems = parse(Source("strictness.derive", text))
    assert not problems, problems
    return file


def proofs(text: str) -> tuple[str, ...]:
    """What exact argument finds for the statements of a text."""
    model = elaborate(parsed(text))
    assert not model.errors, model.errors
    prover = OneWay(Calculus(model))
    found = []
    for judgement in model.judgements:
        assert judgement.relation is not None, judgement
        try:
            proof = prover.prove(judgement.relation, judgement.at)
        except Exception as problem:  # a corrupted rule may fail in any way
            found.append(type(problem).__name__)
        else:
            found.append(type(proof).__name__)
    return tuple(found)


@lru_cache
def proofs_before(text: str) -> tuple[str, ...]:
    return proofs(text)


def all_proved(text: str) -> bool:
    return set(proofs_before(text)) == {"Proved"}


def notices(text: str) -> bool:
    """The corruption of this moment changes a verdict."""
    return proofs(text) != proofs_before(text)


def corrupted(function: Callable[..., Any], way: str) -> Callable[..., Any]:
    match way:
        case "never":
            return never(function)
        case "term":
            return changed(function, without_a_term)
        case _:
            return WRONG[way](function)


# --- the rules of products under sums ------------------------------------------------------------


def test_every_contraction_has_statements() -> None:
    assert {rule.__name__ for rule in contraction.RULES} == statements.CONTRACTIONS.keys()


@pytest.mark.parametrize("name", statements.CONTRACTIONS)
@pytest.mark.parametrize("way", ["never", "term", *WAYS])
def test_contractions(name: str, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = statements.CONTRACTIONS[name]
    if way == "term" and name in statements.ONE_TERM:
        pytest.skip("its answer has one term")
    assert all_proved(text)
    rule = getattr(contraction, name)
    assert replace(monkeypatch, rule, corrupted(rule, way))
    assert notices(text)


# --- atoms ---------------------------------------------------------------------------------------


def test_every_kind_of_atom_has_statements() -> None:
    assert algebra.CONSTRUCTORS.keys() == statements.ATOMS.keys()


@pytest.mark.parametrize("kind", statements.ATOMS)
@pytest.mark.parametrize("way", WAYS)
def test_constructors(kind: str, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = statements.ATOMS[kind]
    proofs_before(text)
    monkeypatch.setitem(algebra.CONSTRUCTORS, kind, corrupted(algebra.CONSTRUCTORS[kind], way))
    assert notices(text)


def test_every_function_has_statements() -> None:
    assert functions.FUNCTIONS.keys() == statements.FUNCTIONS.keys()


@pytest.mark.parametrize("name", sorted(statements.FUNCTIONS.keys() - statements.UNSEEN))
@pytest.mark.parametrize("way", WAYS)
def test_functions(name: str, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = about(statements.VECTOR, *statements.FUNCTIONS[name])
    assert all_proved(text)
    monkeypatch.setitem(functions.FUNCTIONS, name, corrupted(functions.FUNCTIONS[name], way))
    assert notices(text)


@pytest.mark.parametrize("name", sorted(statements.DERIVATIVES))
@pytest.mark.parametrize("way", WAYS)
def test_derivatives_of_functions(name: str, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = about("input s", f"grad({name}(s), s) = {statements.DERIVATIVES[name]}")
    assert all_proved(text)
    original = Differentiation.function

    def differentiated(self: Differentiation, atom: Any) -> Any:
        found = original(self, atom)
        return WRONG[way](lambda: found)() if atom.head[0] == name else found

    monkeypatch.setattr(Differentiation, "function", differentiated)
    assert notices(text)


def test_every_derivative_has_statements() -> None:
    named = PARTIALS.keys() - FLAT - {"digamma", "trigamma"}  # whose derivatives have no names
    assert named == statements.DERIVATIVES.keys()


@pytest.mark.parametrize("name", sorted(FLAT))
def test_flat_functions_note_their_kinks(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    written = {"step": "[s > 0]", "zero": "[s = 0]", "sign": "sign(s)"}[name]
    text = about(f"input s, t; u = t*{written}", "grad(u, s) + [s = 0] = grad(u, s)")
    assert all_proved(text)
    replace(monkeypatch, FLAT, FLAT - {name})
    assert notices(text)


@pytest.mark.parametrize("name", ["product", "matrix", "unknown", "entry", "power"])
@pytest.mark.parametrize("way", WAYS)
def test_derivatives_of_atoms(name: str, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    claims = {
        "product": "grad(prod(x), x) = prod(x)/x",
        "matrix": "grad(logdet(A), A) = inv(A).T",
        "unknown": "grad(g(s*t), s) = t*g'(s*t)",
        "entry": "grad(sum(x^2), x) = 2*x",
        "power": "grad(s^3, s) = 3*s^2",
    }
    text = about(f"{statements.MATRICES}; function g", claims[name])
    assert all_proved(text)
    original = getattr(Differentiation, name)
    monkeypatch.setattr(Differentiation, name, corrupted(original, way))
    assert notices(text)


PRODUCTS = frozenset({"mul", "div", "neg"})  # lowered together, indicators last


def test_every_operation_has_statements() -> None:
    own = PRODUCTS | (lower.OPERATIONS.keys() - {"sub"})
    assert own == statements.OPERATIONS.keys()


@pytest.mark.parametrize("operation", statements.OPERATIONS)
@pytest.mark.parametrize("way", WAYS)
def test_operations(operation: str, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = about(statements.SCALARS, *statements.OPERATIONS[operation])
    assert all_proved(text)
    if operation in PRODUCTS:
        original = lower.Lowering.product

        def product(self: Any, scalar: Any, scope: Any) -> Any:
            found = original(self, scalar, scope)
            return WRONG[way](lambda: found)() if scalar.operation == operation else found

        monkeypatch.setattr(lower.Lowering, "product", product)
    else:
        rule = corrupted(lower.OPERATIONS[operation], way)
        monkeypatch.setitem(lower.OPERATIONS, operation, rule)
    assert notices(text)


@pytest.mark.parametrize("operation", statements.ORDERED)
def test_operations_know_their_sides(operation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = about(statements.SCALARS, statements.ORDERED[operation])
    assert all_proved(text)
    if operation in PRODUCTS:
        original = lower.Lowering.product

        def product(self: Any, scalar: Any, scope: Any) -> Any:
            turned = type(scalar)(scalar.operation, scalar.arguments[::-1])
            return original(self, turned if scalar.operation == operation else scalar, scope)

        monkeypatch.setattr(lower.Lowering, "product", product)
        assert notices(text)
        return
    monkeypatch.setitem(lower.OPERATIONS, operation, exchanged(lower.OPERATIONS[operation]))
    assert notices(text)


# --- rules on single atoms, facts ----------------------------------------------------------------


def test_single_atoms(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every claim needs one of the rules of `tidied`."""
    assert all_proved(statements.SINGLE)
    replace(monkeypatch, products.tidied, lambda factors, coefficient: (factors, coefficient, None))
    assert "Proved" not in proofs(statements.SINGLE)


@pytest.mark.parametrize("answer", [True, False])
def test_contradictions(answer: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    text = about(statements.SCALARS, "[s > 0]*[s = 0] = 0", "[s > 0]*t = 0")
    proofs_before(text)
    replace(monkeypatch, products._contradicts, always(answer)(products._contradicts))
    assert notices(text)


@pytest.mark.parametrize("name", statements.FACTS)
@pytest.mark.parametrize("way", ["never", *WAYS])
def test_facts(name: str, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = statements.FACTS[name]
    assert all_proved(text)
    rule = getattr(facts, name)
    assert replace(monkeypatch, rule, corrupted(rule, way))
    assert notices(text)


@pytest.mark.parametrize("way", WAYS)
def test_facts_of_entries(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert all_proved(statements.FACTS_OF_ENTRIES)
    original = Facts.entry

    def entry(self: Facts, atom: Any) -> Any:
        found = original(self, atom)
        return found if found.atom == atom else WRONG[way](lambda: found)()

    monkeypatch.setattr(Facts, "entry", entry)
    assert notices(statements.FACTS_OF_ENTRIES)


@pytest.mark.parametrize("way", ["never", *WAYS])
def test_facts_of_two_values(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert all_proved(statements.TWO_VALUES)
    monkeypatch.setattr(Facts, "_of_two_values", corrupted(Facts._of_two_values, way))
    assert notices(statements.TWO_VALUES)


@pytest.mark.parametrize("declared", sorted(facts.SYMMETRIC))
def test_symmetry_is_declared(declared: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = about(f"dims n; input S[n, n] : {declared}", "S.T = S")
    assert all_proved(text)
    replace(monkeypatch, facts.SYMMETRIC, facts.SYMMETRIC - {declared})
    assert notices(text)


# --- conditions ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", statements.CONDITIONS)
@pytest.mark.parametrize("answer", [True, False])
def test_conditions(name: str, answer: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Always taken to hold, a condition proves what is false; never, less is proved."""
    text = statements.CONDITIONS[name]
    proofs_before(text)
    function = getattr(powers if hasattr(powers, name) else ranges, name)
    assert replace(monkeypatch, function, always(answer)(function))
    assert notices(text)


@pytest.mark.parametrize("name", statements.KNOWLEDGE)
@pytest.mark.parametrize("answer", [True, False])
def test_what_is_known(name: str, answer: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    text = statements.KNOWLEDGE[name]
    proofs_before(text)
    monkeypatch.setattr(Signs, name, always(answer)(getattr(Signs, name)))
    assert notices(text)


@pytest.mark.parametrize("answer", [None, ZERO, ONE])
def test_kinks_are_left_out(answer: Poly | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left out is never zero; of the rest that is open."""
    proofs_before(statements.KINKS)
    monkeypatch.setattr(Signs, "zeros", lambda self, poly: answer)
    assert notices(statements.KINKS)


@pytest.mark.parametrize("owner", [Facts, algebra.Algebra])
def test_computed_places(owner: type, monkeypatch: pytest.MonkeyPatch) -> None:
    text = about("dims n, m; input z[m]", "sum[i in 1..n]([i = argmax(z)]) = 1")
    assert not all_proved(text)
    name = "is_place" if owner is Facts else "within"
    monkeypatch.setattr(owner, name, always(True)(getattr(owner, name)))
    assert notices(text)


def test_assumptions_hold_where_they_say(monkeypatch: pytest.MonkeyPatch) -> None:
    text = about("dims n; input x[n]; assume x[i] = 0 for i in 2..n", "sum(x) = 0", "2*x[1] = 0")
    assert not all_proved(text)
    monkeypatch.setattr(algebra.Algebra, "within", always(True)(algebra.Algebra.within))
    assert notices(text)


# --- orders --------------------------------------------------------------------------------------


def test_every_rule_of_orders_has_statements() -> None:
    assert {rule.__name__ for rule in order.RULES} == statements.ORDERS.keys()


@pytest.mark.parametrize("name", statements.ORDERS)
def test_rules_of_orders_are_needed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = statements.ORDERS[name]
    assert all_proved(text)
    (rule,) = (rule for rule in order.RULES if rule.__name__ == name)
    replace(monkeypatch, rule, always(False)(rule))
    assert notices(text)


@pytest.mark.parametrize("name", statements.ORDERS)
def test_rules_of_orders_have_conditions(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = about(statements.SCALARS, "s >= t", "s*t > 0")
    assert "Proved" not in proofs_before(text)
    (rule,) = (rule for rule in order.RULES if rule.__name__ == name)
    replace(monkeypatch, rule, always(True)(rule))
    assert notices(text)


@pytest.mark.parametrize("answer", [1, 0])
def test_squares_under_sums(answer: int, monkeypatch: pytest.MonkeyPatch) -> None:
    declared = "dims n; input x[n], A[n, n]; input P[n, n] : posdef"
    text = about(declared, "x.T @ A @ x >= 0", "x.T @ P @ x >= 0")
    proofs_before(text)
    rule = order.sign_of_squares
    replace(monkeypatch, rule, always(answer)(rule))
    assert notices(text)
