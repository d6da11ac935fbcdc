"""Functions that the file calls, at names, as names of their own: `sigmoid(gap)`, `softmax(S)`.

So an answer can speak of them as the file does, though calls are expanded when a file is read.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from derive.calculus import trees
from derive.calculus.adjoints import Body
from derive.calculus.engine import Calculus
from derive.calculus.products import NotExact
from derive.calculus.ranges import spot
from derive.calculus.term import Atom, of_atom
from derive.calculus.unfolding import Unfolding
from derive.diagnostics.span import Source
from derive.model.elaborate import elaborate_expression
from derive.model.failure import Depends, Failure
from derive.model.functions import is_prelude, prelude_function, prelude_names
from derive.model.model import Model
from derive.model.operations import UNARY

CALL = re.compile(r"\b(\w+)\(")
ALGEBRAIC = frozenset({"exp", "log", "sqrt", "abs", "sign"})
"""Built-in functions that terms keep as they are written."""


@dataclass(frozen=True, slots=True)
class Called:
    """A function at a name, or at its negative."""

    function: str
    argument: str
    negated: bool
    is_entrywise: bool = False

    @property
    def symbol(self) -> str:
        """The name that stands for it in terms."""
        return f"{self.function}({'-' if self.negated else ''}{self.argument})"


class Calls:
    """The calls of one model that may stand in an answer."""

    def __init__(self, calculus: Calculus) -> None:
        self.calculus = calculus
        self.model: Model = calculus.model
        self.found: dict[str, Called] = {}
        self._bodies: dict[Called, Body | None] = {}

    @cached_property
    def functions(self) -> tuple[str, ...]:
        """The functions that may be named: reading the prelude's takes a moment."""
        return tuple(called_functions(self.model))

    def bodies(self, names: list[str], negated: bool) -> Iterator[tuple[str, Body]]:
        """What the file's functions are at these names."""
        for function in self.functions:
            entrywise = is_entrywise(self.model, function)
            for name in names:
                called = Called(function, name, negated, entrywise)
                if called not in self._bodies:
                    self._bodies[called] = self._body(called)
                body = self._bodies[called]
                if body is not None:
                    self.found[called.symbol] = called
                    yield called.symbol, body

    def _body(self, called: Called) -> Body | None:
        if called.negated:
            straight = self._body(replace(called, negated=False))
            if straight is None:
                return None
            places = tuple(map(spot, straight.variables))
            turned = -of_atom(Atom("entry", (called.argument,), places))
            bodies = {called.argument: Body(straight.variables, turned)}
            made = Unfolding(self.calculus.algebra, bodies).poly(straight.poly)
            return Body(straight.variables, made)
        before = set(self.model.definitions)
        written = trees.call(called.function, trees.name(called.argument))
        try:
            tensor = elaborate_expression(self.model, written)
            poly = self.calculus.lower(tensor.body, tensor.indices)
            hidden = poly.symbols - before - self.model.symbols.keys()
        except (Failure, Depends, NotExact):
            return None
        axes = self.calculus.axes(called.argument)
        if hidden or tuple(v.axis for v in tensor.indices) != axes:
            return None
        return Body(tuple(map(self.calculus.variable, tensor.indices)), poly)


def called_functions(model: Model) -> Iterator[str]:
    """The functions of one argument: the prelude's, and those that the file has or calls."""
    sources: dict[Source, None] = {d.span.source: None for d in model.definitions.values()}
    names = {name for source in sources for name in CALL.findall(source.text)}
    names |= {*model.defs, *(n for n in prelude_names() if n not in model.places)}
    for name in sorted(names):
        written = model.defs.get(name)
        if written is None and is_prelude(name):
            written = prelude_function(name)
        if (written is not None and len(written.parameters) == 1) or (
            written is None and name in UNARY and name not in ALGEBRAIC
        ):
            yield name


def is_entrywise(model: Model, function: str) -> bool:
    """The function of one argument is of a number."""
    written = model.defs.get(function)
    if written is None and is_prelude(function):
        written = prelude_function(function)
    return written is None or not written.parameters[0].axes
