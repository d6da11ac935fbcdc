"""Equal forms of a derivative: names closed or opened, definitions recognised, fractions joined."""

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

from derive.calculus.adjoints import Body
from derive.calculus.algebra import Algebra, TooLarge
from derive.calculus.called import Called, Calls
from derive.calculus.canonical import rename_poly
from derive.calculus.engine import Calculus
from derive.calculus.folding import Rule, all_rules, every_atom, shape, simplest, weight
from derive.calculus.place import Var, dim_key
from derive.calculus.powers import Undefined, cleared, content, factors
from derive.calculus.products import NotExact
from derive.calculus.raising import Raising
from derive.calculus.term import ZERO, Atom, Exponent, Poly, of_monomial
from derive.calculus.unfolding import Unfolding, renewed
from derive.calculus.written_parts import parts_of
from derive.model.scalar import Apply, Axis, Num, Scalar, Tensor
from derive.model.traverse import has_derivative

MOST_TERMS = 60
HEAVY = 600
"""What is longer than this is not worth looking at."""
MOST_WEIGHT = 6000
MOST_ROUNDS = 40
FUNCTIONS = frozenset({"exp", "func"})
OVERLAPPING = frozenset({"exp", "pow", "func", "sum", "unknown", "matrix"})


@dataclass(frozen=True, slots=True)
class Candidate:
    """A tensor in index notation; `explicit` without derivatives by names in between.

    `names` are those whose definitions it rests on. `shown` is the term of which it was shown
    already that it is the derivative, at the variables of an answer.
    """

    tensor: Tensor
    explicit: bool
    names: frozenset[str]
    shown: Poly = ZERO
    variables: tuple[Var, ...] = ()


class Candidates:
    """Finds forms of the derivatives of one model."""

    def __init__(self, calculus: Calculus) -> None:
        self.calculus = calculus
        self.model = calculus.model
        self.calls = Calls(calculus)
        self.parts = parts_of(calculus)
        self._inside: dict[str, frozenset[int]] = {}
        self._rules: dict[Hashable, tuple[Rule, ...]] = {}

    @property
    def called(self) -> dict[str, Called]:
        """The names in candidates that stand for calls."""
        return self.calls.found

    def of(self, of: str, by: str, algebra: Algebra) -> Iterator[Candidate]:
        """The derivative in several forms, under what the algebra knows."""
        variables, whole = self.entry(of, by)
        seen: set[Poly] = set()
        try:
            near = self.near(of)
            for poly, names in self.polys(f"d{of}/d{by}", whole, algebra, near):
                if poly not in seen:
                    seen.add(poly)
                    yield from self.raised(variables, poly, names, algebra)
        except (TooLarge, Undefined, NotExact):
            return

    def entry(self, of: str, by: str) -> tuple[tuple[Var, ...], Poly]:
        """An entry of the derivative, at the variables of an answer."""
        gradient = self.calculus.gradient(of, by)
        places = (*gradient.of_variables, *gradient.wrt_variables)
        variables = tuple(answer_variable(k, v.axis) for k, v in enumerate(places))
        return variables, rename_poly(gradient.poly, dict(zip(places, variables, strict=True)))

    def is_argument(self, name: str) -> bool:
        """A hidden name for the argument of a function."""
        return self.is_hidden(name) and name.partition(".")[0] in self.calls.functions

    def raised(
        self, variables: tuple[Var, ...], poly: Poly, names: frozenset[str], algebra: Algebra
    ) -> Iterator[Candidate]:
        """A term as a tensor, as a product of factors, and over one denominator."""
        raising = Raising()
        indices = tuple(raising.variable(v) for v in variables)
        explicit = poly.symbols.isdisjoint(self.adjoints())
        forms = (
            raising.scalar(poly),
            self.factored(poly, raising, algebra),
            self.joined(poly, raising, algebra),
        )
        for scalar in forms:
            if scalar is not None:
                yield Candidate(Tensor(indices, scalar), explicit, names)

    def factored(self, poly: Poly, raising: Raising, algebra: Algebra) -> Scalar | None:
        """The term as a product of sums, where it is one."""
        if not 2 < len(poly.terms) < MOST_TERMS:
            return None
        common, rest = content(algebra, poly)
        parts = factors(rest)
        if len(parts) < 2:
            return None
        result = raising.scalar(common)
        for part, multiplicity in conjugates_joined(algebra, parts):
            power = Apply("pow", (raising.scalar(part), Num(Fraction(multiplicity))))
            result = Apply("mul", (result, power))
        return result

    def joined(self, poly: Poly, raising: Raising, algebra: Algebra) -> Scalar | None:
        """The terms over their common denominator, where they have several."""
        if not 1 < len(poly.terms) < 12:
            return None
        below: dict[Atom, Exponent] = {}
        for monomial in poly.terms:
            for atom, exponent in monomial.factors.items():
                if exponent < 0 and atom.kind != "exp":
                    below[atom] = min(below.get(atom, 0), exponent)
        if all(m.factors.get(a, 0) == e for m in poly.terms for a, e in below.items()):
            return None
        above = algebra.multiply(poly, of_monomial({a: -e for a, e in below.items()}))
        if any(e < 0 for m in above.terms for e in m.factors.values()):
            return None
        bottom = raising.scalar(of_monomial({a: -e for a, e in below.items()}))
        return Apply("div", (raising.scalar(above), bottom))

    def near(self, of: str) -> frozenset[str]:
        """The names that a value rests on, and what is defined from these alone."""
        near: set[str] = set()
        waiting = [of]
        while waiting:
            name = waiting.pop()
            if name not in near:
                near.add(name)
                waiting.extend(self.symbols(name))
        for name, definition in list(self.model.definitions.items()):
            if definition.hidden or self.symbols(name) <= near:
                near.add(name)
        return frozenset(near)

    def symbols(self, name: str) -> frozenset[str]:
        """The names that stand in a definition."""
        body = self.calculus.exact_body(name)
        return frozenset() if body is None else frozenset(body.poly.symbols)

    def polys(
        self, title: str, poly: Poly, algebra: Algebra, near: frozenset[str]
    ) -> Iterator[tuple[Poly, frozenset[str]]]:
        """Equal terms, each also with definitions recognised; and the names that this rests on."""
        seen: set[Poly] = set()
        for state, names, kept in self.states(title, poly, algebra):
            if state in seen:
                continue
            seen.add(state)
            yield state, names
            bodies = self.bodies(algebra, kept, near)
            parts = {
                name: Body(part.body.variables, self.unhidden(part.body.poly, algebra, kept))
                for name, part in self.parts.items()
            }
            choices = [bodies, {**bodies, **parts}] if parts else [bodies]
            for negated in (False, True):
                calls = self.called_in(state, algebra, negated)
                if calls:
                    choices.append({**bodies, **calls})
            for choice in choices:
                made, used = simplest(algebra, state, self.rules(algebra, choice))
                yield made, names | used

    def rules(self, algebra: Algebra, bodies: dict[str, Body]) -> tuple[Rule, ...]:
        """All rules by which definitions are recognised; the same ones serve many terms."""
        key = (algebra, tuple((name, body.poly) for name, body in bodies.items()))
        if key not in self._rules:
            self._rules[key] = all_rules(algebra, bodies)
        return self._rules[key]

    def vanishes(self, difference: Poly, candidate: Candidate, algebra: Algebra) -> bool:
        """The difference is zero when what the candidate rests on is opened.

        Derivatives by names in between are opened one by one, the last first: what they come to
        stands on the other side.
        """
        poly = renewed(algebra, difference)
        for _ in range(MOST_ROUNDS):
            if not poly.terms or not cleared(algebra, poly).terms:
                return True
            if weight(poly) > MOST_WEIGHT:
                return False
            names = [n for n in poly.symbols if n in candidate.names or self.is_hidden(n)]
            between = [n for n in self.adjoints() if n in names]
            local = [n for n in names if n not in between]
            bodies = self.bodies_of(local or between[-1:])
            if not bodies:
                return False
            poly = Unfolding(algebra, bodies).poly(poly)
        return False

    # --- names opened ----------------------------------------------------------------------------

    def states(
        self, title: str, poly: Poly, algebra: Algebra
    ) -> Iterator[tuple[Poly, frozenset[str], frozenset[str]]]:
        """The term with names closed, then with more and more of them opened.

        Also the names opened, and the hidden ones that are kept.
        """
        poly = renewed(algebra, poly)
        for choose in (self.locals, self.between, frozenset[str]):
            kept = choose() - {title}
            for state, names in self.opened(self.unhidden(poly, algebra, kept), algebra):
                yield state, names, kept

    def between(self) -> frozenset[str]:
        """The derivatives by the user's names."""
        return frozenset(name for name in self.adjoints() if not self.is_foreign(name))

    def locals(self) -> frozenset[str]:
        """These, and the local names of functions, which are shown as they are defined.

        A hidden name for a derivative, as `hess` makes one, is no answer to what that is.
        """
        hidden = {
            name
            for name, definition in self.model.definitions.items()
            if definition.hidden and "/" not in name and not has_derivative(definition.body)
        }
        return self.between() | hidden

    def adjoints(self) -> list[str]:
        """The names of derivatives by names in between, in the order in which they were made."""
        definitions = self.model.definitions.items()
        return [name for name, found in definitions if found.hidden and "/d" in name]

    def is_foreign(self, name: str) -> bool:
        """A derivative that has no name in the file."""
        of, slash, by = name.partition("/d")
        definitions = self.model.definitions
        return bool(slash) and any(n in definitions and definitions[n].hidden for n in (of[1:], by))

    def opened(self, poly: Poly, algebra: Algebra) -> Iterator[tuple[Poly, frozenset[str]]]:
        """The term, and with the definitions opened of which a part stands in it."""
        names: frozenset[str] = frozenset()
        for _ in range(4):
            if weight(poly) > HEAVY:
                return
            yield poly, names
            bodies = self.bodies_of(self.overlapping(poly))
            if not bodies:
                return
            names |= bodies.keys()
            poly = Unfolding(algebra, bodies).poly(poly)

    def overlapping(self, poly: Poly) -> list[str]:
        """The user's definitions of which a part stands in the term already."""
        parts = {shape(a) for a in every_atom(poly) if a.kind in OVERLAPPING}
        names = [n for n in sorted(poly.symbols) if n in self.model.definitions]
        return [
            name
            for name in names
            if not self.model.definitions[name].hidden and not parts.isdisjoint(self.inside(name))
        ]

    def inside(self, name: str) -> frozenset[int]:
        """What stands in a definition, but for the names of indices."""
        if name not in self._inside:
            body = self.calculus.exact_body(name)
            atoms = every_atom(body.poly) if body is not None else ()
            self._inside[name] = frozenset(shape(a) for a in atoms if a.kind in OVERLAPPING)
        return self._inside[name]

    def unhidden(self, poly: Poly, algebra: Algebra, kept: frozenset[str]) -> Poly:
        """Without hidden names other than these."""
        for _ in range(40):
            names = [n for n in sorted(poly.symbols) if self.is_hidden(n) and n not in kept]
            bodies = self.bodies_of(names)
            if not bodies or weight(poly) > HEAVY:
                return poly
            poly = Unfolding(algebra, bodies).poly(poly)
        return poly

    def is_hidden(self, name: str) -> bool:
        """A name that the user did not give."""
        definition = self.model.definitions.get(name)
        return definition is not None and definition.hidden

    # --- names that may be recognised ------------------------------------------------------------

    def bodies_of(self, names: Iterable[str]) -> dict[str, Body]:
        """The definitions of names."""
        return {n: body for n in names if (body := self.calculus.body(n)) is not None}

    def bodies(
        self, algebra: Algebra, kept: frozenset[str], near: frozenset[str]
    ) -> dict[str, Body]:
        """The user's definitions and the hidden ones that are shown, the last first."""
        definitions = self.model.definitions.items()
        names = [n for n, d in definitions if n in near and (not d.hidden or n in kept)]
        return {
            name: Body(body.variables, self.unhidden(body.poly, algebra, kept))
            for name, body in self.bodies_of(reversed(names)).items()
        }

    def called_in(self, poly: Poly, algebra: Algebra, negated: bool) -> dict[str, Body]:
        """The file's functions at names that stand in the term, or in the hidden arguments."""
        inside = {s for a in every_atom(poly) if a.kind in FUNCTIONS for s in a.symbols}
        if not inside:
            return {}
        definitions = self.model.definitions
        names = [n for n in sorted(inside) if n in definitions or n in self.model.symbols]
        names += filter(self.is_argument, definitions)
        found = {}
        for symbol, body in self.calls.bodies(names, negated):
            found[symbol] = Body(body.variables, self.unhidden(body.poly, algebra, self.between()))
        return found


def conjugates_joined(algebra: Algebra, parts: list[tuple[Poly, int]]) -> list[tuple[Poly, int]]:
    """Factors of which the product is shorter than they are as that: `1 - a^2`."""
    waiting, done = list(parts), []
    while waiting:
        part, multiplicity = waiting.pop(0)
        for other, times in waiting:
            both = algebra.multiply(part, other)
            if times == multiplicity and weight(both) < weight(part) + weight(other):
                waiting.remove((other, times))
                part = both
        done.append((part, multiplicity))
    return done


@cache
def answer_variable(number: int, axis: Axis) -> Var:
    """The `number`th index of an answer: the same in every run, so that answers are."""
    key = hash((61, number, dim_key(axis.low), dim_key(axis.high)))
    return Var(axis, key, f"_{number}")
