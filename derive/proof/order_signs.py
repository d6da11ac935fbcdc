"""Signs of terms: what is surely positive, and what is surely not negative, where it is defined.

`Order.shows` answers for a polynomial. Each rule reduces the question to simpler ones; the rules
stand in `order_rules`, `order_lemmas`, `order_squares` and `order_sums`. A sign is 2 (positive),
1 (not negative), 0 (open), -1 (not positive) or -2 (negative).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from derive.calculus.adjoints import Body
from derive.calculus.algebra import Algebra, TooLarge
from derive.calculus.place import Var
from derive.calculus.powers import Undefined, content
from derive.calculus.products import NotExact
from derive.calculus.ranges import surely_at_least
from derive.calculus.term import ONE, Atom, Coefficient, Exponent, Monomial, Poly
from derive.proof.facts import Facts

DEEPEST = 5
MOST_STEPS = 300
MOST_TERMS = 60

Depths = dict[tuple[Poly, bool], int]
Result = TypeVar("Result")

BRANCHES = frozenset({"step", "sign", "zero"})
ODD = frozenset({"sign", "erf", "asin", "atan"})


@dataclass(frozen=True, slots=True)
class Premise:
    """`poly > 0` (`strict`) or `poly >= 0`, whatever the parameters; `text` is its source."""

    poly: Poly
    strict: bool
    text: str = ""
    parameters: tuple[Var, ...] = ()


@dataclass(slots=True)
class Search:
    """How a sign may be shown, how a sum of terms of open sign may be seen not to be negative.

    `left` is how many questions may still be asked, `used` has the facts that were used. What is
    asked about a part, in passing, is asked with the `quick_rules` alone. `nonzero` has the tensors
    and the entries that are assumed not to be zero, with the words of the assumption.
    """

    rules: tuple["Rule", ...]
    quick_rules: tuple["Rule", ...]
    sums: tuple["Recogniser", ...]
    nonzero: dict[str | Atom, str] = field(default_factory=dict)
    left: int = MOST_STEPS
    used: set[str] = field(default_factory=set)
    quick: bool = False


class Order:
    """Answers about signs from what is known and from `premises`.

    `ones` and `zeros` are indicators that the statement's conditions make one or zero; `kinks` are
    not zero, where a derivative was taken.
    """

    def __init__(
        self,
        algebra: Algebra,
        body: Callable[[str], Body | None],
        search: Search,
        premises: tuple[Premise, ...],
        ones: frozenset[Atom] = frozenset(),
        zeros: frozenset[Atom] = frozenset(),
    ) -> None:
        self.algebra = algebra
        self.body = body
        self.premises = premises
        self.search = search
        self.ones = ones
        self.zeros = zeros
        self.kinks: tuple[Poly, ...] = ()
        self.depth = 0
        self._shown: dict[tuple[Poly, bool], frozenset[str]] = {}
        self._failed: tuple[Depths, Depths] = {}, {}
        self._atoms: dict[Atom, tuple[int, frozenset[str]]] = {}

    @property
    def facts(self) -> Facts:
        """What is declared."""
        knowledge = self.algebra.knowledge
        assert isinstance(knowledge, Facts)
        return knowledge

    def assuming(self, premises: Iterable[Premise]) -> "Order":
        """The same with more premises."""
        more = (*self.premises, *premises)
        made = Order(self.algebra, self.body, self.search, more, self.ones, self.zeros)
        made.depth, made.kinks = self.depth, self.kinks
        return made

    def without(self, name: str) -> "Order":
        """The same without the premises that speak of a tensor."""
        fewer = tuple(p for p in self.premises if name not in p.poly.symbols)
        made = Order(self.algebra, self.body, self.search, fewer, self.ones, self.zeros)
        made.depth, made.kinks = self.depth, self.kinks
        return made

    # --- questions -----------------------------------------------------------------------------

    def shows(self, poly: Poly, strictly: bool) -> bool:
        """`poly > 0`, or `poly >= 0`, wherever it is defined."""
        constant = poly.constant
        if constant is not None:
            return constant > 0 or (constant == 0 and not strictly)
        key = (poly, strictly)
        if key in self._shown:
            self.keep(self._shown[key])
            return True
        failed = self._failed[self.search.quick]
        if failed.get(key, DEEPEST + 1) <= self.depth:
            return False
        if self.depth > DEEPEST or self.search.left <= 0 or len(poly.terms) > MOST_TERMS:
            return False
        self.search.left -= 1
        self.algebra.tick()
        self.depth += 1
        failed[key] = 0  # while it is looked for
        shown = False
        try:
            shown, facts = self.noting(lambda: self._search(poly, strictly))
            if shown:
                self._shown[key] = facts
                self.keep(facts)
        except (TooLarge, Undefined, NotExact):
            pass
        finally:
            self.depth -= 1
            failed[key] = self.depth
        return shown

    def noting(self, action: Callable[[], Result]) -> tuple[Result, frozenset[str]]:
        """What an action answers, and the facts that it used, which are not kept."""
        known = self.facts.used
        outer, before = self.search.used, set(known)
        self.search.used = set()
        known.clear()
        try:
            result = action()
            return result, frozenset(self.search.used | known)
        finally:
            self.search.used = outer
            known.clear()
            known.update(before)

    def keep(self, facts: Iterable[str]) -> None:
        """Counts facts as used."""
        self.search.used.update(facts)

    def tries(self, action: Callable[[], bool]) -> bool:
        """The answer of an action, whose facts count as used only if it is yes."""
        shown, facts = self.noting(action)
        if shown:
            self.keep(facts)
        return shown

    def shows_quickly(self, poly: Poly, strictly: bool) -> bool:
        """The same by quick rules alone."""
        before, self.search.quick = self.search.quick, True
        try:
            return self.shows(poly, strictly)
        finally:
            self.search.quick = before

    def sign(self, poly: Poly) -> int:
        """The sign of a polynomial, as far as it can be shown."""
        for sign, strictly in ((2, True), (-2, True), (1, False), (-1, False)):
            if self.shows(poly if sign > 0 else -poly, strictly):
                return sign
        return 0

    def _search(self, poly: Poly, strictly: bool) -> bool:
        if self.tries(lambda: self.facts.is_assumed(poly, strictly)):
            return True
        if self.zeros:
            terms = {m: c for m, c in poly.terms.items() if self.zeros.isdisjoint(m.factors)}
            poly = Poly(terms)
        if self.tries(lambda: self.by_terms(poly, strictly)):
            return True
        common, rest = content(self.algebra, poly)
        single = common.single
        assert single is not None
        sign, facts = self.noting(lambda: self.monomial_sign(single[0]))
        branching = any(a.kind == "func" and a.head[0] in BRANCHES for a in single[0].factors)
        if sign and not branching and not (strictly and abs(sign) == 1):
            poly = rest if sign > 0 else -rest
            self.keep(facts)
            if self.tries(lambda: self.by_terms(poly, strictly)):
                return True
        rules = self.search.quick_rules if self.search.quick else self.search.rules
        return any(self.tries(partial(found, self, poly, strictly)) for found in rules)

    # --- terms ---------------------------------------------------------------------------------

    def by_terms(self, poly: Poly, strictly: bool) -> bool:
        """No term is negative, and (strictly) one is positive."""
        positive = not strictly
        for monomial, coefficient in poly.terms.items():
            sign = self.term_sign(monomial, coefficient)
            if sign <= 0:
                return False
            positive = positive or sign == 2
        return positive

    def term_sign(self, monomial: Monomial, coefficient: Coefficient) -> int:
        """The sign of a monomial with its coefficient."""
        sign = self.monomial_sign(monomial)
        return sign if coefficient > 0 else -sign

    def monomial_sign(self, monomial: Monomial) -> int:
        """The sign of a product."""
        return self.product_sign(monomial.factors.items())

    def product_sign(self, factors: Iterable[tuple[Atom, Exponent]]) -> int:
        """The sign of a product of powers, which is zero where an indicator in it is."""
        total = 2
        guarded: dict[Atom, int] = {}
        known = list(factors)
        for atom, exponent in known:
            if atom.kind == "func" and atom.head[0] in ("sign", "step") and exponent == 1:
                subject = atom.args[0].atom
                if subject is not None and (atom.head[0] == "step" or odd_in(subject, known)):
                    guarded[subject] = guarded[atom] = 1
        for atom, exponent in known:
            sign = guarded.get(atom) or self.power_sign(atom, exponent)
            if not sign:
                return 0
            size = min(abs(sign), abs(total))
            total = size if (sign > 0) == (total > 0) else -size
        return total

    def power_sign(self, atom: Atom, exponent: Exponent) -> int:
        """The sign of a power; one that is defined with a negative exponent is not zero."""
        sign = self.atom_sign(atom)
        if exponent.denominator != 1:
            return 0 if sign <= 0 else 2 if sign == 2 or exponent < 0 else 1
        if exponent % 2 == 0:
            return 2 if abs(sign) == 2 or exponent < 0 or self.is_nonzero(atom) else 1
        if exponent < 0 and abs(sign) == 1:
            sign *= 2
        return sign

    def atom_sign(self, atom: Atom) -> int:
        """The sign of an atom."""
        if atom not in self._atoms:
            self._atoms[atom] = 0, frozenset()  # while it is looked for
            self._atoms[atom] = self.noting(lambda: self._atom_sign(atom))
        sign, facts = self._atoms[atom]
        if sign:
            self.keep(facts)
        return sign

    def _atom_sign(self, atom: Atom) -> int:
        knowledge = self.algebra.knowledge
        if atom in self.ones or knowledge.is_positive(atom):
            return 2
        found = 1 if knowledge.is_nonnegative(atom) else 0
        match atom.kind:
            case "index":
                low = atom.places[0].variable.axis.low if atom.places[0].variable else None
                return found or int(low is not None and surely_at_least(low, low - low))
            case "pow" | "prod":
                sign = self.sign(atom.args[0])
                return found if atom.kind == "prod" and sign < 0 else sign or found
            case "sum":
                return self._sum_sign(atom) or found
            case "func":
                return self._function_sign(atom) or found
            case "matrix":
                return posdef_sign(self, atom)
            case "entry":
                if self.is_posdef(atom) and len(set(atom.places[-2:])) == 1:
                    return 2
        for premise in self.premises:
            for sign in (1, -1):
                if premise.poly.scaled(sign).atom == atom:
                    self.search.used.add(premise.text)
                    return 2 * sign if premise.strict else sign
        return found

    def is_nonzero(self, atom: Atom) -> bool:
        """An entry that is assumed not to be zero."""
        if atom.kind != "entry":
            return False
        text = self.search.nonzero.get(atom) or self.search.nonzero.get(str(atom.head[0]))
        if text:
            self.keep((text,))
        return text is not None

    def is_posdef(self, atom: Atom) -> bool:
        """An entry of a matrix that is declared positive definite."""
        name = str(atom.head[0])
        symbol = self.facts.model.symbols.get(name)
        if symbol is None or "posdef" not in symbol.properties or len(atom.places) < 2:
            return False
        self.search.used.add(f"{name} is posdef")
        return True

    def _sum_sign(self, atom: Atom) -> int:
        (inside,) = atom.args[0].terms
        sign = self.monomial_sign(inside)
        if not sign:
            return max((recognises(self, atom) for recognises in self.search.sums), default=0)
        filled = all(surely_at_least(v.axis.high, v.axis.low) for v in atom.bound)
        return sign if filled else max(-1, min(1, sign))

    def _function_sign(self, atom: Atom) -> int:
        name = str(atom.head[0])
        argument = atom.args[0]
        if name == "log":
            for sign in (1, -1):
                distance = (argument - ONE).scaled(sign)
                for strictly in (True, False):
                    if self.shows_quickly(distance, strictly):
                        return sign * (1 + strictly)
            return 0
        if name in ODD:
            return self.sign(argument)
        if name == "ipow":
            return max(0, self.sign(argument))
        return 0


def posdef_sign(order: Order, atom: Atom) -> int:
    """The determinant, and the diagonal of the inverse, of a positive definite matrix."""
    inner = atom.args[0].atom
    if inner is None or inner.kind != "entry" or not order.is_posdef(inner):
        return 0
    if {p.variable for p in inner.places[-2:]} != set(atom.bound):
        return 0
    if atom.head[0] == "det":
        return 2
    return 2 * (atom.head[0] == "inv" and atom.places[0] == atom.places[1])


def odd_in(atom: Atom, factors: Iterable[tuple[Atom, Exponent]]) -> bool:
    """The atom stands in the product with an odd power: beside its sign, this is not negative."""
    return any(a == atom and e.denominator == 1 and e % 2 == 1 for a, e in factors)


Rule = Callable[[Order, Poly, bool], bool]
Recogniser = Callable[[Order, Atom], int]
