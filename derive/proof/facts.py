"""Declared facts as rewriting rules of products under sums; which of them were used is recorded."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import product as cartesian

from derive.calculus.algebra import Algebra
from derive.calculus.knowledge import Rewritten
from derive.calculus.place import Place, Var, place
from derive.calculus.products import Factors, merged, private_copies, without
from derive.calculus.signs import Signs
from derive.calculus.term import ONE, UNIT, Atom, Coefficient, Poly, add, number, of_atom
from derive.model.dim import Dim
from derive.model.scalar import Axis
from derive.proof.permutations import of_columns, permuted

NOTHING: frozenset[Var] = frozenset()
PLACE = "place of the one in "
SYMMETRIC = frozenset({"symmetric", "posdef", "diagonal"})


@dataclass(frozen=True, slots=True)
class Equation:
    """An assumed equation, solved for an atom: `atom = value` for all values of `parameters`.

    It holds where the indicators of `guard` are one.
    """

    atom: Atom
    value: Poly
    parameters: tuple[Var, ...]
    text: str
    guard: tuple[Atom, ...] = ()


class Facts(Signs):
    """Signs, and the properties and equations that a proof may use."""

    def learn(self, properties: dict[str, frozenset[str]], equations: Iterable[Equation]) -> None:
        """Takes these as known."""
        self.properties = properties
        self.equations = tuple(equations)
        columns = of_columns(
            ((e.atom, e.value, e.text) for e in self.equations), self.model.symbols
        )
        self.permutations = {
            name: f"{name} is orthogonal" if "orthogonal" in found else columns[name]
            for name, found in properties.items()
            if "onehot" in found and ("orthogonal" in found or name in columns)
        }

    def entry(self, atom: Atom) -> Poly:
        """Entries as the properties of their tensor have them.

        A one-hot `y[i]` is `delta[i, c]` with `c` the unknown place of its one, from which its sum,
        its square and its products follow. The places of a symmetric tensor are in order; off the
        diagonal a diagonal one is zero.
        """
        name = str(atom.head[0])
        found = self.properties.get(name, NO_PROPERTIES)
        if "onehot" in found:
            self.used.add(f"{name} is onehot")
            one = of_atom(Atom("entry", (PLACE + name,), atom.places[:-1]))
            return self.plain.delta(atom.places[-1], Place((), Dim(()), one))
        if len(atom.places) < 2 or not found & SYMMETRIC:
            return of_atom(atom)
        *leading, first, second = atom.places
        if "diagonal" in found:
            self.used.add(f"{name} is diagonal")
            algebra = self.plain
            kept = min(first, second, key=lambda p: p.key)
            diagonal = of_atom(Atom("entry", atom.head, (*leading, kept, kept)))
            return algebra.multiply(algebra.delta(first, second), diagonal)
        # Marked, so that renaming indices keeps the places in order.
        self.used.add(f"{name} is {min(found & SYMMETRIC)}")
        first, second = sorted((first, second), key=lambda p: p.key)
        return of_atom(Atom("entry", (name, "symmetric"), (*leading, first, second)))

    def is_place(self, number: Poly, axis: Axis) -> bool:
        """A computed number is surely a place of the axis."""
        atom = number.atom
        if atom is not None and atom.kind == "entry" and str(atom.head[0]).startswith(PLACE):
            name = str(atom.head[0]).removeprefix(PLACE)
            return self.model.symbols[name].axes[-1] == axis
        return super().is_place(number, axis)

    def rule(self, algebra: Algebra, factors: Factors, bound: frozenset[Var]) -> Rewritten | None:
        """The first fact that applies. Terminates: a factor or a summed variable disappears."""
        for atom, exponent in factors.items():
            if atom.kind == "func":
                rewritten = self._of_two_values(atom, factors)
                if rewritten is not None:
                    return rewritten
            if atom.kind != "entry":
                continue
            name = str(atom.head[0])
            found = self.properties.get(name, NO_PROPERTIES)
            if not found:
                continue
            for rule in (_powers, _sums, _orthogonal):
                rewritten = rule(algebra, atom, exponent, factors, bound, found)
                if rewritten is not None:
                    used = found & RULE_PROPERTIES[rule.__name__]
                    self.used.add(f"{name} is {min(used)}")
                    return rewritten
        for name, text in self.permutations.items():
            axes = self.model.symbols[name].axes
            rewritten = permuted(algebra, factors, bound, PLACE + name, axes)
            if rewritten is not None:
                self.used.add(text)
                return rewritten
        for equation in self.equations:
            rewritten = _solved(algebra, equation, factors, bound)
            if rewritten is not None:
                self.used.add(equation.text)
                return rewritten
        return None

    def _of_two_values(self, atom: Atom, factors: Factors) -> Rewritten | None:
        """[y = 1] = y for 0 or 1, sign(t) = t for -1 or 1: a line through two values."""
        name, shift = str(atom.head[0]), atom.args[0].terms.get(UNIT, 0)
        rest = atom.args[0] - number(shift)
        if name not in ("sign", "step", "zero") or rest.single is None:
            return None
        monomial, slope = rest.single
        (entry, *more), (exponent, *_) = monomial.factors.keys(), monomial.factors.values()
        if more or exponent != 1 or entry.kind != "entry":
            return None
        found = self.properties.get(str(entry.head[0]), NO_PROPERTIES)
        if "binary" not in found and "sign" not in found:
            return None
        low = 0 if "binary" in found else -1
        first, last = (_at(name, shift + slope * value) for value in (low, 1))
        rise = Fraction(last - first, 1 - low)
        value = add((number(first - rise * low), of_atom(entry).scaled(rise)))
        self.used.add(f"{entry.head[0]} is {min(found & RULE_PROPERTIES['_powers'])}")
        return Rewritten(without(factors, atom), value, NOTHING)


def _at(name: str, value: Coefficient) -> int:
    """The sign of a number, whether it is positive, whether it is zero."""
    sign = (value > 0) - (value < 0)
    return {"sign": sign, "step": int(sign > 0), "zero": int(sign == 0)}[name]


NO_PROPERTIES: frozenset[str] = frozenset()
RULE_PROPERTIES = {
    "_powers": frozenset({"binary", "sign"}),
    "_sums": frozenset({"simplex", "unit"}),
    "_orthogonal": frozenset({"orthogonal"}),
}


def _powers(
    algebra: Algebra,
    atom: Atom,
    exponent: int | Fraction,
    factors: Factors,
    bound: frozenset[Var],
    found: frozenset[str],
) -> Rewritten | None:
    """y^2 = y for entries 0 or 1; y^2 = 1 for entries -1 or 1."""
    if exponent.denominator != 1:
        return None
    if "binary" in found and exponent > 1:
        return Rewritten({**factors, atom: 1}, ONE, NOTHING)
    if "sign" in found and exponent not in (0, 1):
        rest = without(factors, atom)
        return Rewritten(rest | {atom: 1} if exponent % 2 else rest, ONE, NOTHING)
    return None


def _sums(
    algebra: Algebra,
    atom: Atom,
    exponent: int | Fraction,
    factors: Factors,
    bound: frozenset[Var],
    found: frozenset[str],
) -> Rewritten | None:
    """sum_i y[i] = 1 (simplex), sum_i u[i]^2 = 1 (unit), where i is nowhere else."""
    power = 1 if "simplex" in found else 2 if "unit" in found else None
    if exponent != power or not atom.places:
        return None
    variable = atom.places[-1].variable
    if variable is None or variable not in bound:
        return None
    if any(variable in p.free for p in atom.places[:-1]):
        return None
    if any(variable in a.free for a in factors if a is not atom):
        return None
    if variable.axis != _axis(algebra, atom):
        return None
    return Rewritten(without(factors, atom), ONE, frozenset({variable}))


def _axis(algebra: Algebra, atom: Atom) -> object:
    """The declared range of an entry's last axis."""
    knowledge = algebra.knowledge
    assert isinstance(knowledge, Facts)
    return knowledge.model.symbols[str(atom.head[0])].axes[-1]


def _orthogonal(
    algebra: Algebra,
    atom: Atom,
    exponent: int | Fraction,
    factors: Factors,
    bound: frozenset[Var],
    found: frozenset[str],
) -> Rewritten | None:
    """sum_i Q[i, j] Q[i, k] = delta[j, k], by rows and by columns, in one matrix of a stack."""
    if "orthogonal" not in found:
        return None
    for other, power in factors.items():
        if other.kind != "entry" or other.head != atom.head:
            continue
        if other.places[:-2] != atom.places[:-2]:
            continue
        if (other is atom and exponent != 2) or (other is not atom and (power, exponent) != (1, 1)):
            continue
        sides = [(-2, -2), (-1, -1)]
        if "symmetric" in atom.head:
            sides += [(-2, -1), (-1, -2)]
        for side, opposite in sides:
            variable = atom.places[side].variable
            if variable is None or variable not in bound:
                continue
            if atom.places[side] != other.places[opposite]:
                continue
            if variable.axis != _axis(algebra, atom):
                continue
            rest = {a: e for a, e in factors.items() if a is not atom and a is not other}
            ends = (atom.places[-3 - side], other.places[-3 - opposite])
            others = (*ends, *atom.places[:-2])
            if any(variable in a.free for a in rest) or any(variable in p.free for p in others):
                continue
            return Rewritten(rest, algebra.delta(*ends), frozenset({variable}))
    return None


def _solved(
    algebra: Algebra, equation: Equation, factors: Factors, bound: frozenset[Var]
) -> Rewritten | None:
    """An atom replaced by what an assumed equation says that it is."""
    symbols = equation.atom.symbols
    if symbols and all(symbols.isdisjoint(a.symbols) for a in factors):
        return None
    for mapping in _matches(equation, factors):
        if not all(algebra.within(spot, v.axis) for v, spot in mapping.items()):
            continue
        assert isinstance(algebra.knowledge, Facts)
        atom = algebra.knowledge.plain.substitute_atom(equation.atom, mapping).atom
        if atom is None:
            continue
        exponent = factors.get(atom, 0)
        if not _guarded(algebra, equation, mapping, factors):
            continue
        if exponent.denominator == 1 and exponent >= 1:
            value = algebra.substitute(equation.value, mapping)
            return Rewritten(merged(factors, {atom: -1}), value, NOTHING)
        if atom.kind == "sum" and bound:
            for variables, inside in private_copies(atom, factors, bound):
                rest = {a: e for a, e in factors.items() if a not in inside}
                return Rewritten(rest, algebra.substitute(equation.value, mapping), variables)
    return None


def _guarded(
    algebra: Algebra, equation: Equation, mapping: dict[Var, Place], factors: Factors
) -> bool:
    """The indicators under which the equation holds stand among the factors, or are one."""
    for guard in equation.guard:
        made = algebra.substitute_atom(guard, mapping)
        if made != ONE and (made.atom is None or made.atom not in factors):
            return False
    return True


def _matches(equation: Equation, factors: Factors) -> Iterator[dict[Var, Place]]:
    """Places at which an equation might be used."""
    if not equation.parameters:
        yield {}
        return
    if equation.atom.kind == "entry":
        for atom in factors:
            if atom.kind == "entry" and atom.head == equation.atom.head:
                mapping: dict[Var, Place] = {}
                for pattern, spot in zip(equation.atom.places, atom.places, strict=True):
                    if pattern.variable is not None:
                        mapping.setdefault(pattern.variable, spot)
                if all(v in mapping for v in equation.parameters):
                    yield mapping
        return
    places = {place(v) for a in factors for v in a.free} | {p for a in factors for p in a.places}
    ordered = sorted(places, key=lambda p: p.key)
    for chosen in cartesian(ordered, repeat=len(equation.parameters)):
        yield dict(zip(equation.parameters, chosen, strict=True))


def solved(difference: Poly, parameters: tuple[Var, ...], text: str) -> Equation | None:
    """An equation `difference = 0` solved for the atom that determines it best, if there is one."""
    best: tuple[tuple[int, int, int], Equation] | None = None
    for monomial, coefficient in difference.terms.items():
        if len(monomial.factors) != 1:
            continue
        ((atom, exponent),) = monomial.factors.items()
        if exponent not in (1, Fraction(1, 2)) or atom.kind not in ("sum", "entry"):
            continue
        rest = Poly({m: c for m, c in difference.terms.items() if m is not monomial})
        if exponent != 1:  # a root that is a number: a^(1/2) = c says a = c^2
            root = rest.scaled(-1 / Fraction(coefficient)).constant
            if root is None or root < 0:
                continue
            rest, coefficient = number(root * root).scaled(-1), 1
        if not set(parameters) <= atom.free or _occurs(atom, rest):
            continue
        value = rest.scaled(-1 / Fraction(coefficient))
        score = (1 if atom.kind == "sum" else 0, len(atom.free), atom.key)
        if best is None or score > best[0]:
            best = (score, Equation(atom, value, parameters, text))
    return best[1] if best else None


def _occurs(atom: Atom, rest: Poly) -> bool:
    """The atom's tensors stand in the rest as well."""
    return not atom.symbols.isdisjoint(rest.symbols)
