"""Walks over syntax trees."""

from collections.abc import Iterator
from dataclasses import fields

from derive.syntax import tree


def nodes(node: object) -> Iterator[tree.Tree]:
    """All constructs in a tree, or in a tuple of trees, in the order of the text."""
    if isinstance(node, tuple):
        for part in node:
            yield from nodes(part)
    elif isinstance(node, tree.Tree):
        yield node
        for field in fields(node):
            yield from nodes(getattr(node, field.name))
