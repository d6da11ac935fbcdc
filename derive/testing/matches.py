"""Backward functions that a person wrote for a model, against the derivatives that derive finds."""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np

from derive.api import Gradient, Model
from derive.check.library import axes_of
from derive.diagnostics.diagnostic import DeriveError
from derive.evaluate.arithmetic import BALL, FLOAT
from derive.evaluate.gradients import Finding
from derive.evaluate.number import Array, EvaluationError
from derive.evaluate.point import Point, dims_of
from derive.evaluate.run import Evaluator
from derive.evaluate.sample import NoSample, Sampler
from derive.evaluate.sizes import draw_sizes, possible
from derive.testing import messages
from derive.testing.arrays import OWN_FRAMES, BadInput, as_numpy, entry
from derive.testing.gradient import WrongGradient
from derive.testing.looks import Seen, looks_like

__tracebackhide__ = OWN_FRAMES
_LARGE = (29, 23, 19, 17, 13, 11, 7)
_PRECISION = 192
_ROUNDINGS = 2.0**12
_TRIES = 40
_LONGEST = 200


def assert_matches(
    model: Model,
    loss: str,
    functions: Mapping[str, Callable[..., Any]],
    *,
    convert: Callable[[Array], Any] = np.copy,
    rtol: float | None = None,
    points: int = 3,
    seed: int = 0,
) -> None:
    r"""Assert that each function gives the derivative of `loss` by the name that it stands for.

    A function is called by the names of its parameters: tensors of the model, defined names (their
    values), dimensions, and upstream gradients, as in `dL_dz`. It is called at random points that
    satisfy what the model assumes: `points` of unequal shapes, one of size one throughout, one of
    moderately large shapes.
    `convert` makes of each NumPy array what the functions take, such as `torch.tensor`.

    Raises: WrongGradient; BadInput for what cannot be compared; DeriveError for an unknown name.

    >>> import derive
    >>> model = derive.parse("dims n\ninput x[n]\nloss L = sum(x^3)")
    >>> assert_matches(model, "L", {"x": lambda x: 3 * x**2})
    """
    if model.errors:
        raise DeriveError(model.errors)
    gradients = {name: model.gradient(loss, name) for name in functions}
    tried = list(_points(model, points, seed))
    for number, point in enumerate(tried):
        for name, function in functions.items():
            compared = _Compared(model, loss, name, function, gradients[name], convert, rtol)
            seen = compared.at(point)
            if seen is not None:
                following = [compared.at(other) for other in tried[number + 1 : points]]
                others = [other for other in following if other is not None]
                raise WrongGradient(compared.wrong(seen, others, point))


def _points(model: Model, count: int, seed: int) -> Iterator[Point]:
    """Points of all kinds of shapes. Raises BadInput where the assumptions allow none."""
    elaborated = model.elaborated
    sampler = Sampler(elaborated)
    found, blame = 0, ""
    for number, sizes in enumerate(_sizes(model, count, seed)):
        drawn = sampler.draw(seed + number, sizes)
        if isinstance(drawn, NoSample):
            blame = drawn.reason
            continue
        found += 1
        yield drawn
    if not found:
        raise BadInput(f"no point satisfies what the model assumes: {blame or 'no sizes fit'}")


def _sizes(model: Model, count: int, seed: int) -> Iterator[dict[str, int]]:
    elaborated, random = model.elaborated, Random(seed)
    first = draw_sizes(elaborated, random)
    if first is not None:
        yield first
        for _ in range(count - 1):
            yield draw_sizes(elaborated, random, first) or first
    names = dims_of(elaborated)
    ones = dict.fromkeys(names, 1)
    if names and possible(elaborated, ones):
        yield ones
    large = [
        dict(zip(names, random.sample(_LARGE * 4, len(names)), strict=True)) for _ in range(_TRIES)
    ]
    fitting = [sizes for sizes in large if possible(elaborated, sizes)]
    if names and fitting:
        yield max(fitting, key=lambda sizes: sum(sizes.values()))


@dataclass(frozen=True)
class _Compared:
    """One function, and the derivative that it should give."""

    model: Model
    loss: str
    name: str
    function: Callable[..., Any]
    gradient: Gradient
    convert: Callable[[Array], Any]
    rtol: float | None

    @property
    def title(self) -> str:
        """`dL/dW`."""
        return f"d{self.loss}/d{self.name}"

    def at(self, point: Point) -> Seen | None:
        """Both at a point; None where they agree. Raises WrongGradient, BadInput."""
        where = _where(point)
        arguments = _arguments(self.model, self.loss, self.name, self.function, point, self.convert)
        try:
            found = self.function(**arguments)
        except Exception as error:
            kind = type(error).__name__
            raise BadInput(
                f"the function for `{self.name}` raised {kind}{where}: {error}"
            ) from error
        claimed = as_numpy(found, f"the gradient for `{self.name}`")
        derived, bounds = _derived(self.model, self.gradient, point, FLOAT)
        if claimed.shape != derived.shape:
            raise WrongGradient(_shapes(self.model, self.title, self.name, claimed, derived, where))
        epsilon = float(np.finfo(claimed.dtype).eps) if claimed.dtype.kind == "f" else 2.0**-52
        tolerance = _ROUNDINGS * epsilon if self.rtol is None else self.rtol
        if not _differs(claimed, derived, tolerance, epsilon).any():
            return None
        derived, bounds = _derived(self.model, self.gradient, point, BALL(_PRECISION))
        value = Evaluator(self.model.elaborated, FLOAT).at(point).value(self.loss)
        differs = _differs(claimed, derived, tolerance, epsilon, abs(float(value)))
        if not differs.any():
            return None
        return Seen(
            claimed.astype(float),
            _own(point, self.name, derived),
            np.arange(claimed.size),
            derived.reshape(-1),
            bounds.reshape(-1),
            differs.reshape(-1),
            dict(point.sizes),
        )

    def wrong(self, seen: Seen, others: Sequence[Seen], point: Point) -> str:
        """The worst entry, what holds instead, and what the mistake looks like."""
        flat = seen.claimed.reshape(-1)
        no = np.zeros(len(flat), bool)
        finding = Finding(
            seen.places, flat, seen.measured, seen.error, flat, flat, no, seen.differs, no
        )
        k = messages.worst(finding)
        place = tuple(int(j) for j in np.unravel_index(k, seen.claimed.shape))
        shape = f", counted from 0, of shape {seen.claimed.shape}" if place else ""
        count = f"{int(seen.differs.sum())} of {len(flat)} entries"
        lines = [f"{self.title} is wrong at {count}{_where(point)}"]
        lines += [f"  at `{entry(self.name, place)}`{shape}:"]
        lines += messages.entry_lines(finding, k, "derived")
        if len(self.gradient.text) < _LONGEST:
            lines.append(f"  = note: derive finds {self.title} = {self.gradient.text}")
        seems = looks_like(seen, others)
        return "\n".join([*lines, *([f"  = help: {seems}"] if seems else [])])


def _where(point: Point) -> str:
    sizes = ", ".join(f"{dim} = {size}" for dim, size in sorted(point.sizes.items()))
    return f" at {sizes}" if sizes else ""


def _differs(
    claimed: Array, derived: Array, tolerance: float, epsilon: float, scale: float = 0.0
) -> Array:
    """Where two gradients are not the same number; a NaN is none.

    `scale` is the size of the loss: where a gradient is zero because its terms cancel, no other
    entry tells how far apart these terms are from nothing when they are rounded.
    """
    largest = np.max(np.abs(derived), initial=scale if np.isfinite(scale) else 0.0)
    room = tolerance * np.abs(derived) + 64 * epsilon * largest
    with np.errstate(invalid="ignore"):
        return np.asarray(~(np.abs(claimed - derived) <= room))


def _derived(
    model: Model, gradient: Gradient, point: Point, arithmetic: Any
) -> tuple[Array, Array]:
    """The derivative at a point, with bounds of its error. Raises BadInput where it has none."""
    answer = gradient.answer
    evaluator = Evaluator(model.elaborated, arithmetic, answer.engine.resolve)
    try:
        values = evaluator.tensor(answer.tensor.indices, answer.tensor.body, point)
    except EvaluationError as error:
        raise BadInput(f"{answer.title} has no value at a random point: {error}") from None
    if arithmetic is FLOAT:
        return np.asarray(values, float), np.zeros(values.shape)
    middle, bounds = np.empty(values.shape), np.empty(values.shape)
    for place in np.ndindex(values.shape):
        ball: Any = values[place]
        middle[place], bounds[place] = float(ball.mid()), float(ball.rad())
    return middle, bounds


def _own(point: Point, name: str, derived: Array) -> Array:
    found = point.values.get(name)
    return np.zeros(derived.shape) if found is None else np.asarray(found, float)


def _arguments(
    model: Model,
    loss: str,
    name: str,
    function: Callable[..., Any],
    point: Point,
    convert: Callable[[Array], Any],
) -> dict[str, Any]:
    """What the parameters of a function stand for. Raises BadInput for one that is unknown."""
    elaborated = model.elaborated
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        raise BadInput(f"the parameters of the function for `{name}` have no names") from None
    world = Evaluator(elaborated, FLOAT).at(point)
    upstream = f"d{loss}_d"
    wanted: dict[str, Any] = {}
    for parameter in parameters:
        key = parameter.name
        if parameter.kind is parameter.VAR_KEYWORD:
            names = [each for each in elaborated.symbols if each not in wanted]
            wanted |= {each: convert(_given(model, point, each)) for each in names}
        elif key in elaborated.symbols:
            wanted[key] = convert(_given(model, point, key))
        elif key in elaborated.definitions:
            wanted[key] = convert(np.asarray(world.value(key), float))
        elif key in point.sizes:
            wanted[key] = point.sizes[key]
        elif key.startswith(upstream) and key.removeprefix(upstream) in model.names:
            slope = model.gradient(loss, key.removeprefix(upstream))
            wanted[key] = convert(_derived(model, slope, point, FLOAT)[0])
        elif (
            parameter.default is parameter.empty and parameter.kind is not parameter.VAR_POSITIONAL
        ):
            known = ", ".join([*model.names, *elaborated.dims])
            raise BadInput(
                f"the function for `{name}` takes `{key}`, which is no name of the model: {known}"
            )
    return wanted


def _given(model: Model, point: Point, name: str) -> Array:
    whole = "integer" in model.elaborated.symbols[name].properties
    return np.asarray(point.values[name], np.int64 if whole else np.float64)


def _shapes(model: Model, title: str, name: str, claimed: Array, derived: Array, where: str) -> str:
    """A gradient of the wrong shape, in the dimensions of the model."""
    shape = derived.shape
    axes = ", ".join(str(axis.size) for axis in axes_of(model.elaborated, name))
    text = f"{title} has shape {claimed.shape}{where}; `{name}` has [{axes}], here {shape}"
    if claimed.shape == shape[::-1]:
        text += "\n  = help: its transpose has the right shape"
    return text
