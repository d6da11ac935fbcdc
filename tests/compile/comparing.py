"""Compiled values and gradients beside those of the evaluator, which rest on the calculus."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

import derive
from derive.calculus.engine import Calculus
from derive.diagnostics.diagnostic import DeriveError
from derive.evaluate.arithmetic import FLOAT
from derive.evaluate.point import Point, dims_of
from derive.evaluate.run import Evaluator
from derive.evaluate.sample import NoSample, Sampler
from derive.model.scalar import Derivative, Index, IndexVariable

SIZES = (2, 3, 4, 2, 3, 4, 2, 3)
MOST_NAMES = 40  # of a file; those with more are about something else


class EntryOutside(Exception):
    """A model speaks of an entry that is not there at the sizes of a point."""


def disagreements(path: Path) -> list[str]:
    """What differs, for each number that the file defines, at two points."""
    model = derive.load(path)
    elaborated = model.elaborated
    if model.errors or len(elaborated.symbols) > MOST_NAMES:
        return []
    calculus = Calculus(elaborated)
    evaluator = Evaluator(elaborated, FLOAT, calculus.resolve)
    numbers = [n for n, d in elaborated.definitions.items() if not d.indices and not d.hidden]
    found: list[str] = []
    for name in numbers:
        try:
            function = model.compile(name, wrt=tuple(elaborated.symbols))
        except DeriveError as error:
            if error.diagnostics[0].code != "not-expressible":
                found.append(str(error))
            continue
        for point in points(elaborated, calculus):
            with suppress(EntryOutside):
                texts = list(differences(evaluator, function, name, point))
                found += [f"{name}: {text}" for text in texts]
    return found


def points(model: Any, calculus: Calculus) -> Iterator[Point]:
    sampler = Sampler(model, calculus.resolve)
    dims = dims_of(model)
    sizes = dict(zip(dims, [*SIZES, *[2] * len(dims)], strict=False))
    for seed in range(2):
        point = sampler.draw(seed, sizes)
        if not isinstance(point, NoSample):
            yield point


def differences(evaluator: Evaluator, function: Any, name: str, point: Point) -> Iterator[str]:
    arrays: dict[str, Any] = {
        n: np.asarray(point.values[n], float) if n in point.values else point.sizes[n]
        for n in function.arguments
    }
    with np.errstate(all="ignore"):
        try:
            value, gradients = function(**arrays)
        except DeriveError as error:
            if "not there at these sizes" in str(error):
                raise EntryOutside from None
            raise
        pairs = [("value", value, evaluator.at(point).value(name))]
        for by, gradient in gradients.items():
            own = tuple(IndexVariable("i", a) for a in evaluator.model.symbols[by].axes)
            node = Derivative(name, (), by, tuple(map(Index.of, own)))
            pairs.append((by, gradient, evaluator.tensor(own, node, point)))
    for title, left, right in pairs:
        expected = np.asarray(right, float)
        same = np.shape(left) == expected.shape
        known = ~np.isnan(expected)  # the evaluator overflows where the compiled form does not
        if not same or not np.allclose(np.asarray(left)[known], expected[known], 1e-7, 1e-9):
            yield f"{title}: {left} for {expected}"
