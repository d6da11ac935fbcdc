"""Index-notation terms: polynomials over atoms, at symbolic dimensions.

A `Poly` maps monomials to rational coefficients; a `Monomial` maps atoms to rational exponents. Of
what kinds an `Atom` is, and what its parts mean:

    kind      head       places      bound   args        is
    entry     symbol     indices                         an entry of a declared or defined tensor
    const     name                                       a dimension, `pi`, a prime under a root
    index                one                             an index as a number
    delta                two                             one where the places are equal, else zero
    less                 two                             one where the first is below the second
    exp                                      monomial    exp of it (sums of exponents are products)
    func      name                           polys       a function of expressions
    pow                                      poly        a base of several terms (its exponent is
                                                         that of the atom: negative or fractional)
    sum                              some    monomial    a closed component: factors that hang
                                                         together by bound indices
    prod                             one     poly        the product over an index
    max                              one     poly, cond  the largest over an index
    argmax                           one     poly        the place of the largest, a number
    matrix    inv, ...   0 or 2      two     poly        inverse, determinant, ... of a matrix
    chain     which      3 or 4      2 or 3  poly        a product of matrices over a range, a power
    unknown   names      places      some    polys       an unspecified function, or a derivative

Bound variables are labels `(height, number)`: an atom's height is above that of all that it
contains, so an inner label never meets an outer one. Equality is structural; `key` is a hash that
is the same in every run. Nothing is simplified here.
"""

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from functools import lru_cache

from derive.calculus.place import Place, Var, text_key
from derive.model.dim import Dim

Exponent = int | Fraction
Coefficient = int | Fraction


class Atom:
    """A factor that is not taken apart. See the module's table."""

    __slots__ = ("args", "bound", "free", "head", "height", "key", "kind", "places", "symbols")

    key: int
    free: frozenset[Var]
    symbols: frozenset[str]
    height: int

    def __new__(
        cls,
        kind: str,
        head: tuple[str | int, ...] = (),
        places: tuple[Place, ...] = (),
        args: tuple["Poly", ...] = (),
        bound: tuple[Var, ...] = (),
    ) -> "Atom":
        """The atom with these parts: the same object, mostly, so that comparing is quick."""
        parts = (kind, head, places, args, bound)
        known = _atoms.get(parts)
        if known is None:
            known = object.__new__(cls)
            known._fill(kind, head, places, args, bound)
            if len(_atoms) >= MOST_KEPT:
                _atoms.clear()
            _atoms[parts] = known
        return known

    def _fill(
        self,
        kind: str,
        head: tuple[str | int, ...],
        places: tuple[Place, ...],
        args: tuple["Poly", ...],
        bound: tuple[Var, ...],
    ) -> None:
        self.kind = kind
        self.head = head
        self.places = places
        self.args = args
        self.bound = bound
        self.key = hash(
            (
                text_key(kind),
                *(text_key(part) if isinstance(part, str) else part for part in head),
                *(p.key for p in places),
                5,
                *(a.key for a in args),
                *(b.key for b in bound),
            )
        )
        free: set[Var] = set()
        height = 0
        symbols: set[str] = set()
        for p in places:
            free |= p.free
            height = max(height, p.height)
            if p.computed is not None:
                symbols |= p.computed.symbols
        for a in args:
            free |= a.free
            height = max(height, a.height)
            symbols |= a.symbols
        if kind == "entry":
            symbols.add(str(head[0]))
        self.free = frozenset(free.difference(bound) if bound else free)
        self.height = height + 1 if bound else height
        self.symbols = frozenset(symbols)

    def __hash__(self) -> int:
        return self.key

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return (
            isinstance(other, Atom)
            and self.key == other.key
            and self.kind == other.kind
            and self.head == other.head
            and self.bound == other.bound
            and self.places == other.places
            and self.args == other.args
        )

    def __repr__(self) -> str:
        head = "_".join(map(str, self.head)) or self.kind
        if self.kind == "sum":
            return f"sum{list(self.bound)}({self.args[0]!r})"
        places = f"{list(self.places)}" if self.places else ""
        args = f"({', '.join(map(repr, self.args))})" if self.args else ""
        return f"{head}{places}{args}"


MOST_KEPT = 200_000
_atoms: dict[object, Atom] = {}
"""Atoms that were made. Only a shortcut for equality, which is structural: it may be emptied."""


class Monomial:
    """A product of powers of atoms."""

    __slots__ = ("_free", "factors", "key")

    def __init__(self, factors: dict[Atom, Exponent]) -> None:
        self.factors = factors
        self.key = hash((1, sum(hash((a.key, e)) for a, e in factors.items())))
        self._free: frozenset[Var] | None = None

    @property
    def free(self) -> frozenset[Var]:
        """The variables that are not bound inside."""
        if self._free is None:
            self._free = frozenset().union(*(atom.free for atom in self.factors))
        return self._free

    def __hash__(self) -> int:
        return self.key

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return (
            isinstance(other, Monomial) and self.key == other.key and self.factors == other.factors
        )

    def __repr__(self) -> str:
        parts = [repr(a) if e == 1 else f"{a!r}^{e}" for a, e in self.factors.items()]
        return " ".join(parts) or "1"


UNIT = Monomial({})


class Poly:
    """A sum of monomials with non-zero rational coefficients."""

    __slots__ = ("_free", "_height", "_key", "_symbols", "terms")

    def __init__(self, terms: dict[Monomial, Coefficient]) -> None:
        self.terms = terms
        self._key: int | None = None
        self._free: frozenset[Var] | None = None
        self._symbols: frozenset[str] | None = None
        self._height: int | None = None

    @property
    def key(self) -> int:
        """A hash that does not depend on the order of terms."""
        if self._key is None:
            self._key = hash((2, sum(hash((m.key, c)) for m, c in self.terms.items())))
        return self._key

    @property
    def free(self) -> frozenset[Var]:
        """The variables that are not bound inside."""
        if self._free is None:
            self._free = frozenset().union(*(m.free for m in self.terms))
        return self._free

    @property
    def symbols(self) -> frozenset[str]:
        """The names of the tensors that occur."""
        if self._symbols is None:
            self._symbols = frozenset().union(*(a.symbols for a in self.atoms()))
        return self._symbols

    @property
    def height(self) -> int:
        """The number of nested bindings."""
        if self._height is None:
            self._height = max((a.height for a in self.atoms()), default=0)
        return self._height

    def atoms(self) -> Iterator[Atom]:
        """The factors of all monomials, with repetitions; not those inside them."""
        for monomial in self.terms:
            yield from monomial.factors

    @property
    def constant(self) -> Coefficient | None:
        """The number, where this is a rational one."""
        if not self.terms:
            return 0
        if len(self.terms) == 1:
            return self.terms.get(UNIT)
        return None

    @property
    def single(self) -> tuple[Monomial, Coefficient] | None:
        """The monomial and its coefficient, where there is just one."""
        return next(iter(self.terms.items())) if len(self.terms) == 1 else None

    @property
    def atom(self) -> Atom | None:
        """The atom, where this is just one, to the first power."""
        if len(self.terms) == 1:
            monomial, coefficient = next(iter(self.terms.items()))
            if coefficient == 1 and len(monomial.factors) == 1:
                atom, exponent = next(iter(monomial.factors.items()))
                return atom if exponent == 1 else None
        return None

    def __hash__(self) -> int:
        return self.key

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return isinstance(other, Poly) and self.key == other.key and self.terms == other.terms

    def __add__(self, other: "Poly") -> "Poly":
        return add((self, other))

    def __sub__(self, other: "Poly") -> "Poly":
        return add((self, other.scaled(-1)))

    def __neg__(self) -> "Poly":
        return self.scaled(-1)

    def scaled(self, factor: Coefficient) -> "Poly":
        """The polynomial times a rational number."""
        if factor == 1:
            return self
        if not factor:
            return ZERO
        return Poly({m: tidy(c * factor) for m, c in self.terms.items()})

    def __repr__(self) -> str:
        return " + ".join(f"{c} {m!r}" if c != 1 else repr(m) for m, c in self.terms.items()) or "0"


def tidy(number: Coefficient) -> Coefficient:
    """A fraction with denominator one as an integer."""
    if isinstance(number, Fraction) and number.denominator == 1:
        return number.numerator
    return number


def add(polys: Iterable[Poly]) -> Poly:
    """The sum of polynomials."""
    total: dict[Monomial, Coefficient] = {}
    for poly in polys:
        for monomial, coefficient in poly.terms.items():
            value = total.get(monomial, 0) + coefficient
            if value:
                total[monomial] = tidy(value)
            else:
                del total[monomial]
    return Poly(total)


ZERO = Poly({})
ONE = Poly({UNIT: 1})


def number(value: Coefficient) -> Poly:
    """A rational number as a polynomial."""
    return Poly({UNIT: tidy(value)}) if value else ZERO


def of_atom(atom: Atom, exponent: Exponent = 1) -> Poly:
    """An atom, to a power, as a polynomial."""
    return Poly({Monomial({atom: exponent}): 1})


def of_monomial(factors: Mapping[Atom, Exponent], coefficient: Coefficient = 1) -> Poly:
    """A monomial with a coefficient as a polynomial."""
    return Poly({Monomial(dict(factors)): coefficient})


@lru_cache(maxsize=4096)
def dim_poly(dim: Dim) -> Poly:
    """A dimension as a polynomial."""
    terms: dict[Monomial, Coefficient] = {}
    for names, coefficient in dim.terms:
        factors: dict[Atom, Exponent] = {}
        for name in names:
            atom = Atom("const", ("dim", name))
            factors[atom] = factors.get(atom, 0) + 1
        terms[Monomial(factors)] = coefficient
    return Poly(terms)
