"""How deep a tree is: measured without recursion, so that everything after may recurse."""

import re
from collections.abc import Iterable
from dataclasses import fields

from derive.syntax import tree

MAX_TREE = 200

_STEPS = re.compile(r"[-+*/@^.(\[]")


def may_be_deep(text: str) -> bool:
    """Could the tree of `text` be too deep? Every level takes one of these signs."""
    return len(text) > MAX_TREE and len(_STEPS.findall(text)) > MAX_TREE


def too_deep(roots: Iterable[object]) -> tree.Tree | None:
    """A part of `roots` that stands deeper than MAX_TREE levels."""
    stack = [(root, 1) for root in roots]
    while stack:
        node, level = stack.pop()
        if isinstance(node, tuple):
            stack.extend((item, level) for item in node)
        elif isinstance(node, tree.Tree):
            if level > MAX_TREE:
                return node
            parts = (getattr(node, field.name) for field in fields(node))
            stack.extend((part, level + 1) for part in parts)
    return None
