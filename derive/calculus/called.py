"""Functions that the file calls, at names, as names of their own: `sigmoid(gap)`, `softmax(S)`.

So an answer can speak of them as the file does, though calls are expanded when a file is read.
"""

import re
from collections.abc import Iterator, Set
from dataclasses import dataclass, replace
from functools import cache, cached_property

from derive.calculus import trees
from derive.calculus.adjoints import Body
from derive.calculus.engine import Calculus
from derive.calculus.place import fresh
from derive.calculus.products import NotExact
from derive.calculus.ranges import spot
from derive.calculus.term import Atom, Poly, of_atom
from derive.calculus.unfolding import Unfolding, all_atoms
from derive.diagnostics.span import Source
from derive.model.elaborate import elaborate, elaborate_expression
from derive.model.failure import Depends, Failure
from derive.model.functions import is_prelude, prelude_function, prelude_names
from derive.model.model import Model
from derive.model.operations import UNARY
from derive.syntax.parse import parse

CALL = re.compile(r"\b(\w+)\(")
ARGUMENT = "argument"
ALGEBRAIC = frozenset({"exp", "log", "sqrt", "abs", "sign"})
"""Built-in functions that terms keep as they are written."""


Kind = tuple[str, tuple[str | int, ...]]


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

    def bodies(
        self, names: list[str], negated: bool, kinds: Set[Kind] = frozenset()
    ) -> Iterator[tuple[str, Body]]:
        """What the file's functions are at these names; only those that need no other `kinds`."""
        for function in self.functions:
            if kinds and function not in self.model.defs:
                standard = standard_body(function)
                if standard is None or not kinds_in(standard.poly) <= kinds:
                    continue
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
        standard = None if called.function in self.model.defs else standard_body(called.function)
        if standard is not None and not standard.variables:
            variables = tuple(fresh(axis) for axis in self.calculus.axes(called.argument))
            entry = of_atom(Atom("entry", (called.argument,), tuple(map(spot, variables))))
            at_name = Unfolding(self.calculus.algebra, {ARGUMENT: Body((), entry)})
            return Body(variables, at_name.poly(standard.poly))
        return self.elaborated(called.function, called.argument)

    def elaborated(self, function: str, argument: str) -> Body | None:
        """A function at a name; None where that has another shape than the name."""
        before = set(self.model.definitions)
        written = trees.call(function, trees.name(argument))
        try:
            tensor = elaborate_expression(self.model, written)
            poly = self.calculus.lower(tensor.body, tensor.indices)
            hidden = poly.symbols - before - self.model.symbols.keys()
        except (Failure, Depends, NotExact):
            return None
        axes = self.calculus.axes(argument)
        if hidden or tuple(v.axis for v in tensor.indices) != axes:
            return None
        return Body(tuple(map(self.calculus.variable, tensor.indices)), poly)


def kinds_in(poly: Poly) -> frozenset[Kind]:
    """What kinds of atoms stand in a term, but for entries and numbers."""
    return frozenset((a.kind, a.head) for a in all_atoms(poly) if a.kind not in ("entry", "const"))


@cache
def standard_body(function: str) -> Body | None:
    """What a function that every file has is at a number, or else at a vector."""
    for declared in (f"param {ARGUMENT}", f"dims n\nparam {ARGUMENT}[n]"):
        file, _ = parse(Source("<call>", f"{declared}\n"))
        body = Calls(Calculus(elaborate(file, None))).elaborated(function, ARGUMENT)
        if body is not None:
            return body
    return None


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
