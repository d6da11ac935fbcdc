"""The arrays that people give and get back: NumPy's, or of any library that looks like it.

PyTorch's tensors and JAX's arrays are known by what they can do; neither library is imported.
Every array that leaves here is a copy: nothing given by the user is modified.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import methodcaller
from typing import Any

import numpy as np

from derive.evaluate.number import Array


class BadInput(ValueError):
    """What was given cannot be checked; the message names the array and says why."""


# As `__tracebackhide__` of a module: pytest shows the frames of a test, not those of the check.
OWN_FRAMES = methodcaller("errisinstance", (AssertionError, BadInput))
__tracebackhide__ = OWN_FRAMES


def as_numpy(value: Any, name: str) -> Array:
    """A copy as a NumPy array. Raises BadInput for what is none."""
    if hasattr(value, "detach"):  # a tensor of PyTorch
        value = value.detach().cpu()
        try:
            return np.array(value.numpy())
        except TypeError:  # a type that NumPy lacks, such as bfloat16
            return np.array(value.float().numpy())
    if isinstance(value, Mapping):
        raise BadInput(f"{name} is a dict: let the function take its arrays one by one, by name")
    if isinstance(value, np.ma.MaskedArray) and np.ma.getmaskarray(value).any():
        raise BadInput(f"{name} has masked entries: give numbers for them")
    try:
        array = np.array(value)
    except (TypeError, ValueError) as error:
        raise BadInput(f"{name} is no array of numbers: {error}") from None
    if array.dtype.kind == "V" and hasattr(value, "astype"):  # bfloat16, outside of NumPy
        array = np.array(value.astype("float32"))
    if array.dtype.kind not in "fiub":
        raise BadInput(f"{name} has the type {array.dtype}: real numbers are needed")
    return array


def like(original: Any, array: Array) -> Any:
    """An array of the kind of the original with these numbers, complex ones as they are."""
    if np.iscomplexobj(array):
        return array
    if hasattr(original, "new_tensor"):
        return original.new_tensor(array)
    if isinstance(original, np.ndarray | np.generic):
        return array.astype(original.dtype, copy=False)
    if isinstance(original, float | int | list | tuple):
        return float(array) if array.ndim == 0 else array
    if hasattr(original, "__array_namespace__"):
        return original.__array_namespace__().asarray(array, dtype=original.dtype)
    return array


@dataclass(frozen=True)
class Arguments:
    """What a function is called with: by name, by position, or one array alone.

    `names` are those by which messages speak of the arrays.
    """

    names: tuple[str, ...]
    given: tuple[Any, ...]
    arrays: tuple[Array, ...]
    by_name: bool

    @staticmethod
    def of(inputs: Any, function: Callable[..., Any]) -> "Arguments":
        """The inputs of a function. Raises BadInput."""
        if isinstance(inputs, Mapping):
            names, given = tuple(map(str, inputs)), tuple(inputs.values())
        else:
            given = tuple(inputs) if isinstance(inputs, tuple | list) else (inputs,)
            known = list(_parameters(function)[: len(given)])
            names = tuple(known + [f"argument {k + 1}" for k in range(len(known), len(given))])
        if not given:
            raise BadInput("there are no inputs")
        pairs = zip(names, given, strict=True)
        arrays = tuple(as_numpy(value, f"`{name}`") for name, value in pairs)
        for name, array in zip(names, arrays, strict=True):
            _finite(name, array)
        return Arguments(names, given, arrays, isinstance(inputs, Mapping))

    def call(self, function: Any, arrays: Sequence[Any]) -> Any:
        """The function at other arrays of the same kinds."""
        kinds = [like(old, new) for old, new in zip(self.given, arrays, strict=True)]
        if self.by_name:
            return function(**dict(zip(self.names, kinds, strict=True)))
        return function(*kinds)

    def checked(self, wrt: Sequence[str | int] | str | int | None) -> tuple[int, ...]:
        """The numbers of the arrays that are differentiated: those of floats, or those named."""
        if wrt is None:
            found = [k for k, array in enumerate(self.arrays) if array.dtype.kind == "f"]
            if not found:
                types = ", ".join(
                    f"`{n}`: {a.dtype}" for n, a in zip(self.names, self.arrays, strict=True)
                )
                raise BadInput(
                    f"no input has a floating type ({types}): there is no gradient: give floats"
                )
            return tuple(found)
        chosen = []
        for name in [wrt] if isinstance(wrt, str | int) else wrt:
            if isinstance(name, int) and -len(self.names) <= name < len(self.names):
                chosen.append(name % len(self.names))
            elif name in self.names:
                chosen.append(self.names.index(str(name)))
            else:
                listed = ", ".join(self.names)
                raise BadInput(f"`wrt` names {name!r}, which is no input: {listed}")
        return tuple(dict.fromkeys(chosen))


def _parameters(function: Callable[..., Any]) -> tuple[str, ...]:
    """The names of the positional parameters, where they can be known."""
    try:
        found = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return ()
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return tuple(parameter.name for parameter in found if parameter.kind in positional)


def _finite(name: str, array: Array) -> None:
    """Raises BadInput at a NaN or an infinity."""
    if array.dtype.kind != "f":
        return
    bad = ~np.isfinite(array)
    if bad.any():
        place = tuple(int(k) for k in np.argwhere(bad)[0])
        raise BadInput(f"`{entry(name, place)}` is {array[place]}, of shape {array.shape}")


def entry(name: str, place: tuple[int, ...]) -> str:
    """`W[0, 2]`, counted from 0 as NumPy counts."""
    return f"{name}[{', '.join(map(str, place))}]" if place else name
