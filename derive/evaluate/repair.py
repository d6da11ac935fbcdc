"""Moves a point that breaks an assumption to one that obeys it, exactly.

An equation whose residual is affine in the entries of one tensor is solved for them; so is one that
is affine in a common scale (`sum(q) = 1`). Where neither works, tensors with special properties
are tried (`X.T @ X = eye[d]`, `norm(x) = 1`). An inequality is solved for one entry at a time.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from random import Random
from typing import TYPE_CHECKING

import numpy as np

from derive.evaluate.draws import Pool, draw, failing, from_rational, rational_matrix
from derive.evaluate.names import names_in
from derive.evaluate.number import Array, EvaluationError, objects
from derive.evaluate.point import Point, fractions
from derive.evaluate.relation import Sides, sides
from derive.model.model import Assumption, Relation

if TYPE_CHECKING:
    from derive.evaluate.sample import Sampler

# A tensor that has one of these cannot be moved freely.
_RIGID = frozenset(("onehot", "simplex", "unit", "orthogonal", "binary", "sign", "integer"))
_SPECIAL = ("unit", "orthogonal", "symmetric", "diagonal", "simplex", "onehot", "binary", "posdef")
_MOST_UNKNOWNS = 80


def repair(
    sampler: "Sampler",
    wrong: Assumption,
    point: Point,
    random: Random,
    keep: frozenset[str] = frozenset(),
) -> Point | None:
    """A point at which `wrong` holds; it may break another assumption. None where none is found."""
    relation = wrong.relation
    names = [name for name in _moving(sampler, relation) if point.values[name].size]
    if not names:
        return None
    random.shuffle(names)
    names.sort(key=keep.__contains__)
    solve = _solve_equation if relation.op == "=" else _solve_inequality
    for name in names:
        if not sampler.properties(name) & _RIGID:
            found = solve(sampler, relation, name, point, random)
            if found is not None:
                return found
    return _specialise(sampler, relation, names, point, random)


def _moving(sampler: "Sampler", relation: Relation) -> list[str]:
    """The declared tensors on which a relation depends, also through definitions."""
    used = set[str]().union(*(names_in(s) for s in (relation.left, relation.right)))
    for name in list(used):
        used |= sampler.judges.exact.uses.get(name, frozenset())
    return sorted(name for name in used if name in sampler.model.symbols)


def _equations(sampler: "Sampler", name: str) -> list[Relation]:
    """The assumed equations that a tensor occurs in."""
    relations = [a.relation for a in sampler.assumptions if a.relation.op == "="]
    return [relation for relation in relations if name in _moving(sampler, relation)]


def _residual(sampler: "Sampler", relations: Sequence[Relation], point: Point) -> Array | None:
    """The differences of the two sides, one after the other. None where one is not exact."""
    parts = []
    for relation in relations:
        found = _sides(sampler, relation, point)
        if found is None or found.undefined.any():
            return None
        parts.append(found.gaps())
    return np.concatenate(parts)


def _sides(sampler: "Sampler", relation: Relation, point: Point) -> Sides | None:
    try:
        return sides(sampler.judges.exact.at(point), relation)
    except EvaluationError:
        return None


def _directions(sampler: "Sampler", name: str, values: Array) -> Iterator[Array]:
    """A basis of the ways in which the entries of a tensor can move."""
    properties = sampler.properties(name)
    for place in np.ndindex(*values.shape):
        step = fractions(np.zeros(values.shape, int))
        step[place] = Fraction(1)
        if properties & {"symmetric", "posdef", "diagonal"}:
            if place[-1] < place[-2] or ("diagonal" in properties and place[-1] != place[-2]):
                continue
            step[(*place[:-2], place[-1], place[-2])] = Fraction(1)
        yield step


def _solve_equation(
    sampler: "Sampler", relation: Relation, name: str, point: Point, random: Random
) -> Point | None:
    """All assumed equations in `name`, solved for its entries: by scaling, then one by one."""
    scaled = _rescaled(sampler, relation, name, point)
    if scaled is not None:
        return scaled
    values = point.values[name]
    relations = _equations(sampler, name)
    start = _residual(sampler, relations, point)
    steps = list(_directions(sampler, name, values))
    if start is None or not steps or len(steps) > _MOST_UNKNOWNS:
        return None
    columns = []
    for step in steps:
        moved = _residual(sampler, relations, point.with_values({name: values + step}))
        if moved is None or len(moved) != len(start):
            return None
        columns.append(moved - start)
    for _ in range(4):
        order = random.sample(range(len(steps)), len(steps))
        weights = _particular([columns[k] for k in order], -start)
        if weights is None:
            return None
        total = values.copy()
        for k, weight in zip(order, weights, strict=True):
            if weight:
                total = objects(total + steps[k] * weight)
        found = point.with_values({name: total})
        again = _residual(sampler, relations, found)
        if again is None or any(again):
            return None
        if failing(total, sampler.properties(name)) is None:
            return found
    return None


def _particular(columns: Sequence[Array], target: Array) -> list[Fraction] | None:
    """Weights of the columns that add up to `target`, zero where they are free."""
    if not len(target):
        return [Fraction(0)] * len(columns)
    matrix = np.stack([*columns, target], axis=1)
    reduced, rank = rational_matrix(matrix).rref()
    rows = from_rational(reduced)
    weights = [Fraction(0)] * len(columns)
    for row in rows[:rank]:
        pivot = next(k for k, x in enumerate(row) if x)
        if pivot == len(columns):
            return None
        weights[pivot] = row[-1]
    return weights


def _rescaled(sampler: "Sampler", relation: Relation, name: str, point: Point) -> Point | None:
    """`name` times the number for which the relation holds, found as if it were affine in it."""
    values = point.values[name]

    def at(scale: Fraction) -> Array | None:
        return _residual(sampler, [relation], point.with_values({name: values * scale}))

    one, two = at(Fraction(1)), at(Fraction(2))
    if one is None or two is None or len(one) == 0 or two[0] == one[0]:
        return None
    scale = 1 - one[0] / (two[0] - one[0])
    found = point.with_values({name: values * scale})
    residual = at(scale)
    if scale == 0 or residual is None or any(residual):
        return None
    return found if failing(found.values[name], sampler.properties(name)) is None else None


def _specialise(
    sampler: "Sampler", relation: Relation, names: Sequence[str], point: Point, random: Random
) -> Point | None:
    """The point with one tensor drawn with a further property, such that the relation holds."""
    pool = Pool(random)
    for name in names:
        shape = point.values[name].shape
        for candidate in _candidates(pool, shape, sampler.properties(name)):
            found = point.with_values({name: candidate})
            if _holds(sampler, relation, found):
                return found
            if relation.op == "=" and not sampler.properties(name) & _RIGID:
                scaled = _rescaled(sampler, relation, name, found)
                if scaled is not None and _holds(sampler, relation, scaled):
                    return scaled
    return None


def _candidates(pool: Pool, shape: tuple[int, ...], own: frozenset[str]) -> Iterator[Array]:
    for extra in _SPECIAL:
        values = draw(pool, shape, own | {extra})
        if values is not None:
            yield values
    if len(shape) == 2 and shape[0] != shape[1]:  # orthonormal columns or rows
        square = draw(pool, (max(shape), max(shape)), {"orthogonal"})
        if square is not None:
            yield square[: shape[0], : shape[1]]
    signs = [Fraction((-1) ** k) for k in range(int(np.prod(shape)))]
    pool.random.shuffle(signs)
    balanced = fractions(
        np.reshape(np.array(signs, dtype=object), shape)
    )  # mean zero, variance one
    if failing(balanced, own) is None:
        yield balanced
    for number in (0, 1):
        constant = fractions(np.full(shape, number))
        if failing(constant, own) is None:
            yield constant


def _holds(sampler: "Sampler", relation: Relation, point: Point) -> bool:
    try:
        return bool(sampler.judges.holds(relation, point))
    except EvaluationError:
        return False


def _solve_inequality(
    sampler: "Sampler", relation: Relation, name: str, point: Point, random: Random
) -> Point | None:
    """Entries of `name` moved, one by one, into the interval that all inequalities leave."""
    bounding = [
        a.relation
        for a in sampler.assumptions
        if a.relation.op not in ("=", "~") and name in _moving(sampler, a.relation)
    ]
    for step in _directions(sampler, name, point.values[name]):
        if _holds(sampler, relation, point):
            break
        low, high = _interval(sampler, bounding, name, step, point)
        if sampler.properties(name) & {"positive", "nonnegative"}:
            floor = -min(x for x, s in zip(point.values[name].flat, step.flat, strict=True) if s)
            low = floor if low is None else max(low, floor)
        if (
            (low is not None and low > 0)
            or (high is not None and high < 0)
            or low == 0
            or high == 0
        ):
            move = _within(low, high, random)
            if move is not None:
                moved = point.values[name] + step * move
                point = point.with_values({name: moved})
    return point if _holds(sampler, relation, point) else None


def _interval(
    sampler: "Sampler", relations: Sequence[Relation], name: str, step: Array, point: Point
) -> tuple[Fraction | None, Fraction | None]:
    """How far `name` may move along `step`, by the inequalities that are affine in that."""
    low: Fraction | None = None
    high: Fraction | None = None
    values = point.values[name]
    for relation in relations:
        gaps = []
        for scale in (0, 1, 2):
            moved = point.with_values({name: values + step * scale})
            found = _sides(sampler, relation, moved)
            if found is None or found.undefined.any():
                break
            gaps.append(found.gaps())
        if len(gaps) < 3 or relation.op == "!=":
            continue
        sign = -1 if relation.op in ("<", "<=") else 1
        for zero, one, two in zip(*gaps, strict=True):
            slope, other = sign * (one - zero), sign * (two - one)
            if slope == 0 or slope != other:
                continue
            bound = -sign * zero / slope
            if slope > 0:
                low = bound if low is None else max(low, bound)
            else:
                high = bound if high is None else min(high, bound)
    return low, high


def _within(low: Fraction | None, high: Fraction | None, random: Random) -> Fraction | None:
    """A number strictly between two bounds."""
    part = Fraction(random.randint(1, 6), random.choice((7, 8, 9)))
    if low is None:
        return None if high is None else high - 2 * part
    if high is None:
        return low + 2 * part
    return low + (high - low) * part if low < high else None
