"""`iterate`: what the names of a case are after each step.

Design. A moment says which tensor a declared name is then. Each step defines new ones, under hidden
names such as `w[2]`; what depends on them is copied for a moment when it is asked for. So a step is
made of ordinary definitions, and a derivative in it is one between two of their names.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from derive.diagnostics.span import Span
from derive.model.dim import ONE, ZERO
from derive.model.failure import failure
from derive.model.model import Definition, Model
from derive.model.renaming import renamed
from derive.model.scalar import (
    Axis,
    Block,
    Blocks,
    Entry,
    Index,
    IndexVariable,
    Tensor,
    entry_of,
)
from derive.model.shape import fresh
from derive.model.traverse import names_in

MAX_STEPS = 1_000


@dataclass(slots=True)
class Moments:
    """The steps of a case; `names[k]` says what the changed names are after `k` of them."""

    model: Model
    names: list[dict[str, str]] = field(default_factory=lambda: [{}])
    _copies: dict[tuple[str, frozenset[tuple[str, str]]], str] = field(default_factory=dict)
    _moving: dict[str, frozenset[str]] = field(default_factory=dict)

    @property
    def now(self) -> Mapping[str, str]:
        """What the changed names are now."""
        return self.names[-1]
