"""Is a polynomial a sum of others with factors that are not negative? By the simplex method.

Rows are the monomials, columns the polynomials that are known not to be negative. Bland's rule
chooses the pivots, so that it ends. Source: Chvátal, Linear Programming, chapters 2 and 3.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction

import flint

from derive.calculus.term import Coefficient, Monomial, Poly, add

Row = dict[int, "flint.fmpq"]
MOST_PIVOTS = 200


def rational(value: Coefficient) -> "flint.fmpq":
    """A coefficient as FLINT has it."""
    return flint.fmpq(int(value.numerator), int(value.denominator))


def combines(
    target: Poly,
    known: Sequence[tuple[Poly, bool]],
    strictly: bool,
    tick: Callable[[], None],
) -> list[tuple[Poly, bool]] | None:
    """The `known` polynomials that add up to `target`, with factors > 0; None where none do.

    With `strictly`, one of them is strict: its flag is set.
    """
    columns = kept(target, known)
    monomials = set(target.terms)
    for poly, _ in columns:
        monomials |= poly.terms.keys()
    if any(not any(m in poly.terms for poly, _ in columns) for m in target.terms):
        return None
    table = _Table(target, columns, sorted(monomials, key=lambda m: m.key), tick)
    if not table.feasible():
        return None
    if strictly and not table.rewarded([k for k, (_, strict) in enumerate(columns) if strict]):
        return None
    factors = table.factors()
    if not certified(target, columns, factors, strictly):
        return None
    return [columns[k] for k, v in factors.items() if v > 0]


def certified(
    target: Poly, columns: Sequence[tuple[Poly, bool]], factors: Row, strictly: bool
) -> bool:
    """The factors that were found do what they should: nothing rests on the table being right."""
    total = add(columns[k][0].scaled(Fraction(int(v.p), int(v.q))) for k, v in factors.items() if v)
    if total != target or any(v < 0 for v in factors.values()):
        return False
    return not strictly or any(columns[k][1] for k, v in factors.items() if v > 0)


def kept(target: Poly, known: Sequence[tuple[Poly, bool]]) -> list[tuple[Poly, bool]]:
    """The polynomials that can take part: a monomial of one sign alone has nothing to cancel it."""
    columns = list(dict.fromkeys((poly, strict) for poly, strict in known if poly.terms))
    while True:
        signs: dict[Monomial, set[bool]] = {}
        for poly, _ in columns:
            for monomial, coefficient in poly.terms.items():
                signs.setdefault(monomial, set()).add(coefficient > 0)
        for monomial, coefficient in target.terms.items():
            signs.setdefault(monomial, set()).add(coefficient < 0)
        lonely = {m for m, found in signs.items() if len(found) == 1}
        fewer = [c for c in columns if lonely.isdisjoint(c[0].terms)]
        if len(fewer) == len(columns):
            return columns
        columns = fewer


class _Table:
    """The simplex table: each row is its basic variable in terms of the others."""

    def __init__(
        self,
        target: Poly,
        columns: Sequence[tuple[Poly, bool]],
        monomials: Sequence[Monomial],
        tick: Callable[[], None],
    ) -> None:
        self.tick = tick
        self.width = len(columns)
        self.rows: list[Row] = []
        self.right: list[flint.fmpq] = []
        self.basis: list[int] = []
        self.ray: int | None = None
        where = {m: k for k, m in enumerate(monomials)}
        rows: list[Row] = [{} for _ in monomials]
        for k, (poly, _) in enumerate(columns):
            for monomial, coefficient in poly.terms.items():
                rows[where[monomial]][k] = rational(coefficient)
        for monomial, row in zip(monomials, rows, strict=True):
            value = rational(target.terms.get(monomial, 0))
            if value < 0:
                row, value = {k: -c for k, c in row.items()}, -value
            self.rows.append(row)
            self.right.append(value)
        for k, row in enumerate(self.rows):
            row[self.width + k] = flint.fmpq(1)
            self.basis.append(self.width + k)

    def feasible(self) -> bool:
        """The artificial variables can all be made zero."""
        costs: Row = {}
        total = flint.fmpq(0)
        for row, value in zip(self.rows, self.right, strict=True):
            total += value
            for column, coefficient in row.items():
                if column < self.width:
                    costs[column] = costs.get(column, flint.fmpq(0)) + coefficient
        left = self._maximise(costs, total, lambda remaining: remaining == 0)
        if left is None or left != 0:
            return False
        for k, basic in enumerate(self.basis):  # artificial variables at zero leave the basis
            if basic >= self.width:
                real = [c for c, v in self.rows[k].items() if c < self.width and v]
                if real:
                    self._pivot(k, min(real))
        return True

    def rewarded(self, wanted: Sequence[int]) -> bool:
        """One of the `wanted` columns can have a factor above zero."""
        for k, basic in enumerate(self.basis):
            if basic in wanted and self.right[k] > 0:
                return True
        costs: Row = {c: flint.fmpq(1) for c in wanted}
        for k, basic in enumerate(self.basis):
            factor = costs.pop(basic, None)
            if factor:
                for column, coefficient in self.rows[k].items():
                    if column != basic and column < self.width:
                        costs[column] = costs.get(column, flint.fmpq(0)) - factor * coefficient
        gained = self._maximise(costs, flint.fmpq(0), lambda value: value < 0)
        return gained is None or gained < 0

    def factors(self) -> Row:
        """The factor of each column: at the vertex, or one step along the ray."""
        found = {b: v for b, v in zip(self.basis, self.right, strict=True) if b < self.width}
        if self.ray is not None:
            for k, basic in enumerate(self.basis):
                if basic < self.width:
                    found[basic] -= self.rows[k].get(self.ray, flint.fmpq(0))
            found[self.ray] = found.get(self.ray, flint.fmpq(0)) + 1
        return found

    def _maximise(
        self, costs: Row, total: "flint.fmpq", enough: "Callable[[flint.fmpq], bool]"
    ) -> "flint.fmpq | None":
        """What is left of `total` when all that gains has entered; None where it is unbounded."""
        for _ in range(MOST_PIVOTS):
            self.tick()
            if enough(total):
                return total
            entering = min((c for c, v in costs.items() if v > 0 and c < self.width), default=None)
            if entering is None:
                return total
            best: tuple[flint.fmpq, int, int] | None = None
            for k, row in enumerate(self.rows):
                coefficient = row.get(entering)
                if coefficient is not None and coefficient > 0:
                    score = (self.right[k] / coefficient, self.basis[k], k)
                    if best is None or score[:2] < best[:2]:
                        best = score
            if best is None:
                self.ray = entering
                return None
            total -= costs[entering] * best[0]
            self._pivot(best[2], entering)
            factor = costs.pop(entering)
            for column, coefficient in self.rows[best[2]].items():
                if column != entering and column < self.width:
                    costs[column] = costs.get(column, flint.fmpq(0)) - factor * coefficient
        return flint.fmpq(1)

    def _pivot(self, k: int, column: int) -> None:
        """The variable of `column` becomes basic in row `k`."""
        factor = self.rows[k][column]
        row = {c: v / factor for c, v in self.rows[k].items() if v}
        self.rows[k] = row
        self.right[k] = self.right[k] / factor
        self.basis[k] = column
        for other, found in enumerate(self.rows):
            if other == k:
                continue
            share = found.get(column)
            if share:
                for c, v in row.items():
                    value = found.get(c, flint.fmpq(0)) - share * v
                    if value:
                        found[c] = value
                    else:
                        found.pop(c, None)
                self.right[other] -= share * self.right[k]
