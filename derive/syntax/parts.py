"""Parts of statements before they have a place in the tree, and questions about parts."""

from dataclasses import dataclass
from typing import Any

from derive.syntax import tree

Node = Any  # a `tree.Tree`, one of the parts below, or a token: what the parser hands over


@dataclass(frozen=True, slots=True)
class Chain(tree.Tree):
    """`a < b < c` before it is known what it is part of."""

    parts: tuple[tree.Expression, ...]
    ops: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Text(tree.Tree):
    """A label, or the text of a string."""

    text: str


@dataclass(frozen=True, slots=True)
class Items(tree.Tree):
    """A list of parts: axes, parameters, properties, what follows `at` or `given`."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Within(tree.Tree):
    """`within 5%`."""

    value: tree.Expression
    percent: bool


def is_token(part: Node) -> bool:
    """Tokens are strings; the parts of the tree are not."""
    return isinstance(part, str)


def is_differential(expr: tree.Expression) -> bool:
    """`dL`, `dp[i]`, `dF(x)`, `dx.T`: what a quotient `dL/dz` is written with."""
    match expr:
        case tree.Name(id=name):
            return name.startswith("d")
        case tree.Subscript(base=base):
            return is_differential(base)
        case tree.Call(function=function):
            return is_differential(function)
        case tree.Transpose(operand=operand):
            return is_differential(operand)
    return False
