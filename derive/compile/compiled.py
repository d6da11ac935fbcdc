"""A model's value and gradients as a function that runs.

The text that is executed is made from the checked model alone: its names through
`text.identifiers`, which leaves letters, digits and underscores; its numbers, exact, through
`text.number_text`; operations through the tables of `dialect`, `helpers` and `emit`. No other text
of a user gets into it: comments, strings and statements of a file never do. So whoever writes a
model chooses which arithmetic is done, and nothing else.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from derive.compile.assumed import assumed
from derive.compile.dialect import NUMPY
from derive.compile.program import Program, executed, program
from derive.diagnostics.diagnostic import DeriveError
from derive.evaluate.given import Given, problem
from derive.model.model import Model
from derive.model.scalar import Scalar


class Compiled:
    """A function from arrays, by name, to a value and a dict of gradients.

    `source` is its NumPy text. With `check` off, arrays are trusted to be of numbers, to have the
    declared properties and to be as assumed; shapes are looked at all the same. An infinity that
    leaves the value finite, as in a mask, is a number.
    """

    def __init__(
        self, model: Model, made: Program, resolve: Callable[[Scalar], Scalar], check: bool
    ) -> None:
        self.source = made.source
        self.wrt = made.wrt
        self.arguments = (*made.arguments, *made.dims)
        self._title = made.of
        self._given = Given(model, made.arguments, made.dims)
        self._check = check
        is_array = made.of in model.definitions and model.definitions[made.of].indices
        self._is_finite: Callable[[Any], bool] = _all_finite if is_array else math.isfinite
        self._function: Callable[..., tuple[Any, dict[str, Any]]] = executed(made)
        self._assumed = assumed(model, resolve, self.arguments) if check else []

    def __repr__(self) -> str:
        return f"<derive.Compiled {self._title}({', '.join(self.arguments)})>"

    def __call__(self, **arrays: Any) -> tuple[Any, dict[str, Any]]:
        """The value and the gradients. Raises DeriveError for arrays that do not fit the model."""
        given = self._given.read(arrays)
        if self._check:
            self._given.obey(given)
        for assumption in self._assumed:
            assumption.check({**arrays, **dict(zip(self._given.names, given, strict=True))})
        sizes = [int(arrays[dim]) for dim in self._given.dims] if self._given.dims else ()
        try:
            found = self._function(*given, *sizes)
        except IndexError:
            raise self._outside() from None
        if self._check and not self._is_finite(found[0]):
            self._given.numbers(given)
        return found

    def _outside(self) -> DeriveError:
        """The error for a place that is outside of its axis."""
        sizes = ", ".join(f"{dim} = {size}" for dim, size in sorted(self._given.sizes.items()))
        message = f"`{self._title}` needs an entry that is not there at these sizes: {sizes}"
        return problem("no-value", message, self._title)


def _all_finite(array: Any) -> bool:
    return bool(np.isfinite(array).all())


def compiled(
    model: Model,
    of: str,
    wrt: Sequence[str],
    resolve: Callable[[Scalar], Scalar],
    check: bool,
) -> Compiled:
    """The function. Raises NotCompiled where there is no NumPy for something."""
    return Compiled(model, program(model, of, wrt, resolve, NUMPY), resolve, check)
