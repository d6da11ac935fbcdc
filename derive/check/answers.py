"""Closed forms as people write them: in the file's own names, with what the facts allow cancelled.

A derivative comes from `calculus` in terms of names, those of functions of the prelude among them.
Here the hidden ones are opened, and what is the definition of a name becomes the name again:
`exp(z[i])/sum[j](exp(z[j]))` is `p[i]`. Every step is an identity under the declared facts.
"""

from collections.abc import Iterator
from itertools import product
from typing import TYPE_CHECKING

from derive.calculus.algebra import Algebra
from derive.calculus.canonical import rename_poly
from derive.calculus.engine import Body
from derive.calculus.notation import text_of
from derive.calculus.raising import Raising
from derive.calculus.term import (
    Atom,
    Exponent,
    Monomial,
    Place,
    Poly,
    Var,
    add,
    fresh,
    of_monomial,
    place,
)
from derive.calculus.unfolding import Unfolding
from derive.check.naming import named
from derive.check.ordering import ordered
from derive.model.model import Model
from derive.model.scalar import IndexVariable, Scalar, Tensor
from derive.model.traverse import free_variables

if TYPE_CHECKING:
    from derive.check.engine import Engine

Factors = dict[Atom, Exponent]

_SHORT = 120  # characters; a longer answer keeps the derivatives by names in between
_MOST_TERMS = 60
_ROUNDS = 40
_MOST_PLACES = 300


class Answers:
    """Finds closed forms in one model."""

    def __init__(self, engine: "Engine") -> None:
        self.engine = engine
        self.model: Model = engine.model
        self.calculus = engine.calculus
        prover = engine.prover
        self.algebra: Algebra = prover.algebra(_plain(prover.declared()), prover.equations())

    def closed_form(self, scalar: Scalar) -> Scalar:
        """An equal scalar, short and without derivatives of hidden names."""
        places: dict[IndexVariable, Place] = {}
        raising = Raising()
        for index in free_variables(Tensor((), scalar)):
            variable = self.calculus.variable(index)
            places[index] = place(variable)
            raising.names[variable] = index
        poly = Unfolding(self.algebra, {}).poly(self.calculus.lowering.poly(scalar, places))
        best: Scalar | None = None
        for candidate in self.candidates(poly):
            found = ordered(named(raising.scalar(candidate)))
            if best is None or len(text_of(found)) <= _SHORT:
                best = found
        assert best is not None
        return best

    def candidates(self, poly: Poly) -> Iterator[Poly]:
        """With derivatives by names in between kept, then with these opened."""
        kept = self.folded(self.opened(poly, keep=True))
        yield kept
        if any(self.is_adjoint(name) for name in kept.symbols):
            opened = self.opened(kept, keep=False)
            if len(opened.terms) <= _MOST_TERMS:
                yield self.folded(opened)

    # --- hidden names ----------------------------------------------------------------------------

    def is_adjoint(self, name: str) -> bool:
        """Whether a name stands for a derivative by a name in between."""
        return "/" in name

    def is_shown(self, name: str) -> bool:
        """Whether a person knows the name, or both names of the derivative that it is."""
        if self.is_adjoint(name):
            above, below = name.split("/", 1)
            return self.is_shown(above[1:]) and self.is_shown(below[1:])
        definition = self.model.definitions.get(name)
        return definition is None or not definition.hidden

    def opened(self, poly: Poly, keep: bool) -> Poly:
        """Without hidden names; those of derivatives by known names may be kept."""
        for _ in range(_ROUNDS):
            hidden = [
                name
                for name in sorted(poly.symbols)
                if name in self.model.definitions
                and not (self.is_shown(name) and (keep or not self.is_adjoint(name)))
            ]
            bodies = {n: body for n in hidden if (body := self.calculus.body(n)) is not None}
            if not bodies or len(poly.terms) > _MOST_TERMS:
                return poly
            poly = Unfolding(self.algebra, bodies).poly(poly)
        return poly

    # --- definitions recognised ------------------------------------------------------------------

    def folded(self, poly: Poly) -> Poly:
        """With the names of the file in place of what defines them."""
        patterns = list(self.patterns())
        changed = True
        for _ in range(_ROUNDS):
            changed = False
            for name, body in patterns:
                terms = [self.folded_term(m, c, name, body) for m, c in poly.terms.items()]
                if any(term is not None for term in terms):
                    old = poly.terms.items()
                    parts = [
                        Poly({m: c}) if term is None else term
                        for term, (m, c) in zip(terms, old, strict=True)
                    ]
                    poly, changed = Unfolding(self.algebra, {}).poly(add(parts)), True
            if not changed:
                break
        return poly

    def patterns(self) -> Iterator[tuple[str, Body]]:
        """The names whose definition is a single product of more than a name, the last first."""
        for name in reversed(list(self.model.definitions)):
            if not self.is_shown(name) or self.is_adjoint(name):
                continue
            body = self.calculus.body(name)
            single = body.poly.single if body is not None else None
            if body is None or single is None:
                continue
            factors = single[0].factors
            if len(factors) > 1 or any(a.kind != "entry" for a in factors):
                free = frozenset[Var]().union(*(a.free for a in factors))
                if factors and set(body.variables) <= free:
                    yield name, body

    def folded_term(
        self, monomial: Monomial, coefficient: object, name: str, body: Body
    ) -> Poly | None:
        """One term with the definition of `name` recognised in it; None where it is not there."""
        factors, bound = self.flattened(monomial)
        variables = sorted({v for a in factors for v in a.free}, key=lambda v: v.key)
        choices = [[v for v in variables if v.axis == w.axis] for w in body.variables]
        for number, chosen in enumerate(product(*choices)):
            if number > _MOST_PLACES:
                return None
            found = self.divided(factors, name, body, tuple(map(place, chosen)))
            if found is not None:
                rest, scale = found
                total = self.algebra.total(bound, of_monomial(rest))
                return total.scaled(coefficient / scale)  # type: ignore[operator]
        return None

    def flattened(self, monomial: Monomial) -> tuple[Factors, tuple[Var, ...]]:
        """The factors with sums taken apart, and the variables that are then summed over."""
        factors: Factors = {}
        bound: list[Var] = []
        for atom, exponent in monomial.factors.items():
            single = atom.args[0].single if atom.kind == "sum" and exponent == 1 else None
            if single is None:
                factors[atom] = factors.get(atom, 0) + exponent
                continue
            copies = {v: fresh(v.axis) for v in atom.bound}
            inner = rename_poly(atom.args[0], copies).single
            assert inner is not None, "a component is one product"
            bound += copies.values()
            for part, power in inner[0].factors.items():
                factors[part] = factors.get(part, 0) + power
        return {a: e for a, e in factors.items() if e}, tuple(bound)

    def divided(
        self, factors: Factors, name: str, body: Body, places: tuple[Place, ...]
    ) -> tuple[Factors, object] | None:
        """The factors with `name` for its definition, and the number that this leaves."""
        at = dict(zip(body.variables, places, strict=True))
        single = self.algebra.substitute(body.poly, at).single
        if single is None:
            return None
        pattern, scale = single
        for sign in (1, -1):
            needed = {a: sign * e for a, e in pattern.factors.items() if a.kind != "const"}
            if needed and all(_holds(factors.get(a, 0), e) for a, e in needed.items()):
                rest = dict(factors)
                for atom, exponent in pattern.factors.items():
                    rest[atom] = rest.get(atom, 0) - sign * exponent
                entry = Atom("entry", (name,), places)
                rest[entry] = rest.get(entry, 0) + sign
                return {a: e for a, e in rest.items() if e}, scale**sign
        return None


def _plain(declared: dict[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    """The properties, one-hot weakened to its sum: entries are to stay entries."""
    return {
        name: (found - {"onehot"}) | ({"simplex"} if "onehot" in found else frozenset())
        for name, found in declared.items()
    }


def _holds(present: Exponent, wanted: Exponent) -> bool:
    """Whether a power has another as a factor."""
    return present >= wanted > 0 or present <= wanted < 0
