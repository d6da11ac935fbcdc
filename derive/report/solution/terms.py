"""Indices, products and places: the small parts of which lines are made."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from typing import TypeVar

from derive.calculus import trees
from derive.calculus.place import Place, Var, text_key
from derive.calculus.term import Atom, Monomial, Poly
from derive.model.dim import Dim
from derive.model.scalar import Axis, Index, IndexVariable
from derive.syntax import tree
from derive.syntax.show import is_quotient
from derive.syntax.tree import Expression

AnyVariable = TypeVar("AnyVariable", IndexVariable, Var)


def wide(variables: Iterable[AnyVariable]) -> tuple[AnyVariable, ...]:
    """Those with more than one place."""
    return tuple(v for v in variables if v.axis.size.constant != 1)


def named_variable(variable: IndexVariable) -> Var:
    """The variable of terms for an index: the same in every run, so that answers are."""
    return _variable(variable.name, variable.axis)


def unnamed(number: int, axis: Axis) -> Var:
    """The `number`th variable that no text shows."""
    return _variable(f"_{number}", axis)


@cache
def _variable(name: str, axis: Axis) -> Var:
    return Var(axis, hash((67, text_key(name))), name)


def place_of(variable: IndexVariable | Var) -> Expression:
    """An index by its name, or the one place that it has."""
    axis = variable.axis
    return trees.of_dim(axis.low) if axis.size.constant == 1 else trees.name(variable.name)


def places(variables: tuple[IndexVariable, ...]) -> tuple[Index, ...]:
    """Index variables as places."""
    return tuple(map(Index.of, variables))


def multiplied(left: Expression, right: Expression) -> Expression:
    """A product; the sign in front, one left out."""
    if trees.ZERO in (left, right):
        return trees.ZERO
    if trees.ONE in (left, right):
        return right if left == trees.ONE else left
    match left, right:
        case tree.Negative(operand=a), tree.Negative(operand=b):
            return multiplied(a, b)
        case tree.Negative(operand=a), _:
            return trees.negative(multiplied(a, right))
        case _, tree.Negative(operand=b):
            return trees.negative(multiplied(left, b))
        case tree.Binary(op="/", left=above, right=below), _ if not is_quotient(left):
            if above == trees.ONE:
                return trees.over(right, below)
    match right:
        case tree.Binary(op="/", left=above, right=below) if above == trees.ONE:
            return (
                trees.over(left, below) if not is_quotient(left) else trees.binary("/", left, below)
            )
    return trees.times(left, right)


def replaced(expr: Expression, names: Mapping[str, Expression]) -> Expression:
    """Names of indices replaced, wherever they stand."""

    def inside(part: Expression) -> Expression:
        return replaced(part, names)

    match expr:
        case tree.Name(id=text):
            return names.get(text, expr)
        case tree.Negative(operand=operand) | tree.Transpose(operand=operand):
            return replace(expr, operand=inside(operand))
        case tree.Binary(left=left, right=right):
            return replace(expr, left=inside(left), right=inside(right))
        case tree.Call(arguments=arguments):
            return replace(expr, arguments=tuple(map(inside, arguments)))
        case tree.Subscript(indices=indices, base=base):
            return replace(expr, base=inside(base), indices=tuple(map(inside, indices)))
        case tree.Indicator(conditions=conditions):
            return replace(expr, conditions=tuple(_compared(c, names) for c in conditions))
        case tree.Big(body=body, conditions=conditions):
            held = tuple(_compared(c, names) for c in conditions)
            return replace(expr, body=inside(body), conditions=held)
    return expr


def tidied(expr: Expression) -> Expression:
    """`s[T]` for `s[T - 1 + 1]`."""
    match expr:
        case tree.Subscript(base=base, indices=indices):
            made = [_dim_of(i) for i in indices]
            kept = [i if d is None else trees.of_dim(d) for i, d in zip(indices, made, strict=True)]
            return replace(expr, base=base, indices=tuple(kept))
        case tree.Negative(operand=operand):
            return replace(expr, operand=tidied(operand))
        case tree.Binary(left=left, right=right):
            return replace(expr, left=tidied(left), right=tidied(right))
        case tree.Call(arguments=arguments):
            return replace(expr, arguments=tuple(map(tidied, arguments)))
        case tree.Big(body=body):
            return replace(expr, body=tidied(body))
    return expr


def _dim_of(expr: Expression) -> Dim | None:
    """An index as a sum of names and a number."""
    match expr:
        case tree.Name(id=name):
            return Dim.symbol(name)
        case tree.Number(value=value) if value.denominator == 1:
            return Dim.of(int(value))
        case tree.Binary(op="+" | "-" as op, left=left, right=right):
            one, other = _dim_of(left), _dim_of(right)
            if one is None or other is None:
                return None
            return one + other if op == "+" else one - other
    return None


def _compared(comparison: tree.Comparison, names: Mapping[str, Expression]) -> tree.Comparison:
    left, right = replaced(comparison.left, names), replaced(comparison.right, names)
    return replace(comparison, left=left, right=right)


def tie(poly: Poly, first: Var, second: Var) -> Dim | None:
    """The `s` for which every term is zero unless `first = second + s`."""
    found: set[Dim] = set()
    for monomial in poly.terms:
        shifts = {
            shift
            for atom in monomial.factors
            if atom.kind == "delta" and (shift := _shift(atom, first, second)) is not None
        }
        found |= shifts or {Dim.symbol("")}
    if len(found) != 1:
        return None
    (only,) = found
    return None if "" in only.names else only


def shifts(poly: Poly, first: Var, second: Var) -> tuple[Dim, ...] | None:
    """All `s` of which each term is zero unless `first = second + s`; None if a term has none."""
    found: list[Dim] = []
    for monomial in poly.terms:
        own = _shifts_of(monomial, first, second)
        if len(own) != 1:
            return None
        found += [s for s in own if s not in found]
    return tuple(sorted(found, key=str))


def with_shift(poly: Poly, first: Var, second: Var, shift: Dim) -> Poly:
    """The terms that are zero unless `first = second + shift`."""
    return Poly({m: c for m, c in poly.terms.items() if shift in _shifts_of(m, first, second)})


def _shifts_of(monomial: Monomial, first: Var, second: Var) -> frozenset[Dim]:
    deltas = (atom for atom in monomial.factors if atom.kind == "delta")
    found = (_shift(atom, first, second) for atom in deltas)
    return frozenset(shift for shift in found if shift is not None)


def _shift(atom: Atom, first: Var, second: Var) -> Dim | None:
    """The `s` of `delta[first, second + s]`."""
    left, right = atom.places
    factors: dict[Var, Dim] = {}
    for place, sign in ((left, 1), (right, -1)):
        if place.computed is not None:
            return None
        for variable, factor in place.terms:
            before = factors.get(variable, Dim(()))
            factors[variable] = before + (factor if sign > 0 else -factor)
    if set(factors) != {first, second}:
        return None
    one, other = factors[first].constant, factors[second].constant
    offset = left.offset - right.offset
    if (one, other) == (1, -1):
        return -offset
    return offset if (one, other) == (-1, 1) else None


def place_tree(place: Place) -> Expression:
    """A variable with what is added to it."""
    (variable, _), *_ = place.terms
    return trees.shifted(trees.name(variable.name), place.offset)
