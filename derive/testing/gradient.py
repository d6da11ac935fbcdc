"""A gradient that a person wrote, against differences of the function that it belongs to."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from derive.evaluate.gradients import Result, check
from derive.evaluate.lines import Floats
from derive.evaluate.number import Array
from derive.evaluate.slopes import Claim, units_of
from derive.evaluate.taylor import Order, order_of
from derive.testing import messages
from derive.testing.arrays import OWN_FRAMES, Arguments, BadInput, as_numpy, entry
from derive.testing.domains import Domain
from derive.testing.forward import Flat, quiet
from derive.testing.looks import Seen

__tracebackhide__ = OWN_FRAMES
# What a right gradient may be off by, relative to each entry, in roundings of its type.
_ROUNDINGS = {2.0**-52: 2.0**15, 2.0**-23: 2.0**7, 2.0**-10: 2.0**4}


class WrongGradient(AssertionError):
    """The gradient differs from that of the function."""


class Inconclusive(AssertionError):
    """The differences are too noisy to judge the gradient."""


def assert_gradient(
    function: Callable[..., Any],
    gradient: Any,
    inputs: Any,
    *,
    wrt: Sequence[str | int] | str | int | None = None,
    domain: Any = None,
    points: int = 8,
    noise: float | None = None,
    rtol: float | None = None,
    batched: bool = False,
    every_entry: bool = False,
    missed: float = 1e-9,
    seed: int = 0,
) -> tuple[Result, ...]:
    """Assert that `gradient` is the gradient of `function`, a function of arrays to one number.

    `inputs` is a mapping (called by name), a tuple or list (by position), or one array; all arrays
    of floats are differentiated, or those in `wrt`. `gradient`, called likewise, gives an array for
    each: a mapping by name, a tuple, or one alone. It may also be these arrays themselves.

    `domain` is `(low, high)`, or one such pair for each input: `points` more points are drawn in
    it, and no difference leaves it. `noise` bounds the error of a value of the function; unless
    given it is measured. `rtol` is how far a right gradient may be off. `batched` says that the
    function takes many points at once, along a leading axis of every array in `wrt`.

    More than 64 entries are measured together, along random directions, unless `every_entry`: what
    that misses is in the results, with its probability, at most `missed`.

    Raises: WrongGradient, Inconclusive (both AssertionError); BadInput for what cannot be checked.

    >>> import numpy as np
    >>> _ = assert_gradient(lambda x: (x**2).sum(), lambda x: 2 * x, np.array([1.0, -3.0]))
    """
    arguments = Arguments.of(inputs, function)
    numbers = arguments.checked(wrt)
    space = Domain.of(domain, arguments, numbers)
    if domain is not None and not callable(gradient):
        raise BadInput("with a `domain`, the gradient has to be a function: it is called elsewhere")
    results = []
    for at in space.points(points if domain is not None else 0, seed):
        flat = Flat(function, at, numbers, batched, space.bounds)
        if not len(flat.origin):
            shapes = ", ".join(f"`{at.names[k]}`: {at.arrays[k].shape}" for k in numbers)
            raise BadInput(f"no input has an entry, so nothing is checked ({shapes})")
        results.append(_at(flat, gradient, wrt, noise, rtol, every_entry, missed, seed))
    return tuple(results)


def taylor_order(
    function: Callable[..., Any],
    gradient: Any,
    inputs: Any,
    *,
    wrt: Sequence[str | int] | str | int | None = None,
    seed: int = 0,
) -> Order:
    """The order at which a linear approximation fails, along a random direction: a step-free test.

    About 2 for a right gradient (more where the curvature vanishes), about 1 for a wrong one, and
    infinite for a function that is linear up to its noise.

    >>> import numpy as np
    >>> x = np.array([0.5, -1.0])
    >>> round(taylor_order(lambda x: np.exp(x).sum(), np.exp, x).order, 1)
    2.0
    """
    arguments = Arguments.of(inputs, function)
    flat = Flat(function, arguments, arguments.checked(wrt))
    claimed = _vector(_claimed(flat, gradient, arguments.arrays, wrt))
    with quiet():
        return order_of(flat, claimed, units_of(flat.origin, flat.blocks), seed)


def _at(
    flat: Flat,
    gradient: Any,
    wrt: Any,
    noise: float | None,
    rtol: float | None,
    every_entry: bool,
    missed: float,
    seed: int,
) -> Result:
    """The check at one point. Raises WrongGradient, Inconclusive."""
    _steady(flat, noise)
    claimed = _claimed(flat, gradient, flat.arguments.arrays, wrt)
    epsilon = max([flat.epsilon, *(_epsilon(array) for array in claimed)])
    flat.epsilon = max(flat.epsilon, epsilon)
    vector = _vector(claimed)
    tolerance = epsilon * _ROUNDINGS.get(epsilon, 2.0**4) if rtol is None else rtol

    def again(points: Floats) -> Floats:
        return np.array([_elsewhere(flat, gradient, wrt, point) for point in points])

    claim = Claim(vector, flat.blocks, tolerance, epsilon, again if callable(gradient) else None)
    with quiet():
        result = check(flat, claim, noise=noise, every_entry=every_entry, missed=missed, seed=seed)
    if result.outcome == "agrees":
        return result
    names = [flat.arguments.names[k] for k in flat.checked]
    tensors = _seen(flat, claimed, result)
    if result.outcome == "differs":
        text = messages.wrong(result, names, tensors)
        raise WrongGradient(text + _point(flat))
    raise Inconclusive(messages.unclear(result, names, tensors, _advice(noise)))


def _steady(flat: Flat, noise: float | None) -> None:
    """Raises BadInput for a function that gives different values without saying so."""
    allowed = 1e3 * flat.epsilon * abs(flat.value) if noise is None else 2 * noise
    if flat.wavers > allowed:
        how = f"two calls with the same inputs differ by {flat.wavers:.2g}"
        stated = "" if noise is None else f", more than twice the stated noise of {noise:g}"
        raise BadInput(f"{how}{stated}: fix the seed of the function, or state `noise=`")


def _claimed(flat: Flat, gradient: Any, at: Sequence[Array], wrt: Any) -> list[Array]:
    """What the gradient gives for each checked array. Raises BadInput, WrongGradient."""
    arguments = flat.arguments
    found = gradient
    if callable(gradient):
        try:
            found = arguments.call(gradient, [array.copy() for array in at])
        except Exception as error:
            kind = type(error).__name__
            raise BadInput(f"the gradient raised {kind} at the given inputs: {error}") from error
    names = [arguments.names[k] for k in flat.checked]
    if isinstance(found, Mapping):
        missing = [name for name in names if found.get(name) is None]
        parts = [found.get(name) for name in names]
    else:
        parts = list(found) if isinstance(found, tuple | list) else [found]
        if len(parts) == len(arguments.names) != len(names):
            parts = [parts[k] for k in flat.checked]
        if len(names) == 1 and len(parts) != 1:
            parts = [found]
        missing = [name for name, part in zip(names, parts, strict=False) if part is None]
        missing += names[len(parts) :]
    if missing:
        listed = ", ".join(f"`{name}`" for name in missing)
        given = len(names) - len(missing)
        help_ = "say which inputs it is for, as in `wrt=['W']`"
        raise BadInput(
            f"the gradient gives {given} of {len(names)} arrays, none for {listed}: {help_}"
        )
    if len(parts) > len(names):
        raise BadInput(f"the gradient gives {len(parts)} arrays for {len(names)} inputs")
    arrays = [as_numpy(p, f"the gradient for `{n}`") for n, p in zip(names, parts, strict=True)]
    for name, array, k in zip(names, arrays, flat.checked, strict=True):
        _fits(name, array, at[k])
    return arrays


def _fits(name: str, array: Array, own: Array) -> None:
    """Raises WrongGradient for a wrong shape, or for what is no number."""
    if array.shape != own.shape:
        text = f"the gradient for `{name}` has shape {array.shape}, `{name}` has {own.shape}"
        if array.shape == own.shape[::-1]:
            text += "\n  = help: its transpose has the right shape"
        raise WrongGradient(text)
    bad = ~np.isfinite(array)
    if bad.any():
        place = tuple(int(k) for k in np.argwhere(bad)[0])
        at = entry(name, place)
        count = f"{int(bad.sum())} of {array.size} entries"
        raise WrongGradient(
            f"the gradient for `{name}` is no number at {count}: `{at}` is {array[place]}"
        )


def _epsilon(array: Array) -> float:
    return float(np.finfo(array.dtype).eps) if array.dtype.kind == "f" else 0.0


def _vector(arrays: Sequence[Array]) -> Floats:
    return np.concatenate([array.astype(np.float64).reshape(-1) for array in arrays])


def _elsewhere(flat: Flat, gradient: Any, wrt: Any, point: Floats) -> Floats:
    """The gradient at another point; NaN where it has none."""
    with np.errstate(all="ignore"):
        try:
            return _vector(_claimed(flat, gradient, flat.arrays(point), wrt))
        except (WrongGradient, BadInput):
            return np.full(len(point), np.nan)


def _seen(flat: Flat, claimed: Sequence[Array], result: Result) -> list[Seen]:
    """Each tensor with what was measured of it."""
    finding = result.finding
    assert finding is not None
    sizes: dict[str, int] = {}
    for k, array in enumerate(flat.arguments.arrays):
        name = flat.arguments.names[k]
        for axis, size in enumerate(array.shape):
            sizes.setdefault(f"axis {axis} of `{name}`", size)
        if array.ndim > 1:
            sizes.setdefault(f"the entries of `{name}`", array.size)
    tensors = []
    for k, block, array in zip(flat.checked, flat.blocks, claimed, strict=True):
        here = (finding.places >= block.start) & (finding.places < block.stop)
        tensors.append(
            Seen(
                array,
                flat.arguments.arrays[k],
                finding.places[here] - block.start,
                finding.measured[here],
                finding.error[here],
                finding.differs[here],
                sizes,
            )
        )
    return tensors


def _point(flat: Flat) -> str:
    """The inputs, as far as they are short."""
    pairs = zip(flat.arguments.names, flat.arguments.arrays, strict=True)
    listed = ", ".join(f"{name} = {messages.shown(array)}" for name, array in pairs)
    return f"\n  = note: at {listed}"


def _advice(noise: float | None) -> str:
    if noise is not None:
        return "with noise this large nothing can be told: average it away, or scale the function"
    return "compute in float64 for the check, or scale the function so that its gradient is larger"
