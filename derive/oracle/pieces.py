"""Entries of matrix functions and of unspecified functions, in SymPy."""

from collections.abc import Mapping
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Any

import sympy

from derive.model.scalar import MatrixFunction, Unknown
from derive.oracle.operations import NotExpressible, Undefined, in_domain
from derive.oracle.unknowns import instance

if TYPE_CHECKING:
    from derive.oracle.build import World

Expression = Any  # sympy.Expr, which has no types
Environment = Mapping[int, int]


def matrix_entry(world: "World", node: MatrixFunction, env: Environment) -> Expression:
    """An entry of a `MatrixFunction`, by determinants and cofactors."""
    row, column = node.matrix.indices
    rows, columns = world.build.range(row.axis), world.build.range(column.axis)
    matrix = sympy.Matrix(
        [
            [world.scalar(node.matrix.body, {**env, row.uid: i, column.uid: j}) for j in columns]
            for i in rows
        ]
    )
    if len(rows) != len(columns) or len(rows) > 4:
        raise NotExpressible("a matrix that is too large for SymPy")
    if node.operation in ("det", "logdet"):
        det = matrix.det(method="berkowitz")
        return det if node.operation == "det" else world.apply("log", [world.apply("abs", [det])])
    i, j = (world.index(index, env) for index in node.indices)
    if i not in columns or j not in rows:
        raise Undefined("a place outside a matrix")
    power = -1
    if node.power is not None:
        power = int(world.number(world.scalar(node.power, env)))
    if power < 0:
        det = matrix.det(method="berkowitz")
        in_domain("div", [partial(sympy.Integer, 1), partial(world.number, det)])
        matrix = matrix.adjugate() / det
    world.count(len(rows) ** 3 * abs(power))
    result = (matrix ** abs(power))[i - columns[0], j - rows[0]]
    return result


def unknown_entry(world: "World", node: Unknown, env: Environment) -> Expression:
    """An entry of the concrete function that stands for an unspecified one."""
    build = world.build
    values: list[Expression] = []
    starts: list[int] = []
    for tensor in node.arguments:
        starts.append(len(values))
        uids = [variable.uid for variable in tensor.indices]
        for place in product(*(build.range(variable.axis) for variable in tensor.indices)):
            inner = {**env, **dict(zip(uids, place, strict=True))}
            values.append(world.scalar(tensor.body, inner))
    slots = []
    for argument, indices in node.derivatives:
        ranges = [build.range(v.axis) for v in node.arguments[argument].indices]
        flat = 0
        for index, places in zip(indices, ranges, strict=True):
            at = world.index(index, env)
            if at not in places:
                raise Undefined("a place outside an argument")
            flat = flat * len(places) + places.index(at)
        slots.append(starts[argument] + flat)
    output = tuple(world.index(index, env) for index in node.indices)
    seed = f"{build.point.seed}/{node.function}/{output}"
    variables, value = instance(seed, len(values))
    for slot in slots:
        value = sympy.diff(value, variables[slot])
    return value.xreplace(dict(zip(variables, values, strict=True)))
