"""The definition of a state of a recurrence, taken apart: what starts it, and its step."""

from derive.compile.node import NotCompiled
from derive.model.model import Definition
from derive.model.scalar import Block, Blocks, Entry, Scalar, substitute


def pieces(definition: Definition) -> list[Block]:
    """The pieces of a definition along the index of its loop."""
    variable, body = definition.indices[definition.time], definition.body
    if isinstance(body, Blocks) and any(v == variable for v, _ in body.index.terms):
        return list(body.parts)
    return [Block(variable, body)]


def at_fixed_place(definition: Definition, entry: Entry) -> Scalar:
    """What a definition says of an entry that is given outside of its loop."""
    time = entry.indices[definition.time]
    for piece in pieces(definition):
        axis = piece.variable.axis
        if not time.terms and not time.computed and axis.low == axis.high == time.offset:
            named = dict(zip(definition.indices, entry.indices, strict=True))
            return substitute(piece.body, {**named, piece.variable: time})
    raise NotCompiled("a recurrence that starts from its own later entries")
