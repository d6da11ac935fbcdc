"""What is given to a function of a model: arrays that fit, or one message that says why not.

Nothing given is written to. The usual case, arrays of floats with the right shapes, costs a few
comparisons; all the rest is looked into only where these fail.
"""

from collections.abc import Callable, Mapping, Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derive.diagnostics.diagnostic import DeriveError, Diagnostic, Severity
from derive.diagnostics.span import Source, Span
from derive.diagnostics.suggest import nearest
from derive.evaluate.usage import index_ranges, index_uses
from derive.model.dim import Dim
from derive.model.model import Assumption, Model
from derive.model.properties import PROPERTIES
from derive.model.scalar import Axis

Array = NDArray[Any]
_DOUBLE, _SINGLE = np.dtype(np.float64), np.dtype(np.float32)
_NEAR = 1e-6  # how far from a sum of one, or from its transpose, an array of floats may be


def problem(
    code: str, message: str, text: str, notes: Sequence[str] = (), helps: Sequence[str] = ()
) -> DeriveError:
    """An error that speaks of one argument."""
    span = Span(Source("<call>", text), 0, len(text))
    found = Diagnostic(Severity.ERROR, code, message, span, notes=tuple(notes), helps=tuple(helps))
    return DeriveError((found,))


class Given:
    """Reads the arguments of one function: `names`, in order, and sizes that no array tells."""

    def __init__(self, model: Model, names: Sequence[str], dims: Sequence[str]) -> None:
        self.names = tuple(names)
        self.dims = tuple(dims)
        self.axes = {name: _axes(model, name) for name in names}
        self.properties = [
            (name, _TESTS[p], p)
            for name in names
            if name in model.symbols
            for p in sorted(model.symbols[name].properties)
            if p in _TESTS
        ]
        self._expected = set(self.names) | set(self.dims)
        self._shapes: tuple[tuple[int, ...], ...] | None = None
        self.sizes: dict[str, int] = {}
        self._uses = [use for use in dict.fromkeys(index_uses(model)) if use.name in self.names]
        self._ranges: dict[str, tuple[int, int]] = {}

    def read(self, arguments: Mapping[str, Any]) -> list[Any]:
        """The arrays in order, all of one type. Raises DeriveError where one does not fit."""
        try:
            arrays = [arguments[name] for name in self.names]
        except KeyError:
            raise self._missing(arguments) from None
        if len(arguments) != len(self._expected):
            raise self._missing(arguments)
        kind = _SINGLE if arrays and getattr(arrays[0], "dtype", None) is _SINGLE else _DOUBLE
        for array in arrays:
            if type(array) is not np.ndarray or array.dtype is not kind:
                arrays = self._floats(arrays)
                break
        shapes = tuple([a.shape for a in arrays])
        if shapes != self._shapes or self.dims:
            self._fit(shapes, {d: arguments[d] for d in self.dims if d in arguments})
            self._shapes = shapes
        return arrays

    def obey(self, arrays: Sequence[Array]) -> None:
        """Raises DeriveError where an array lacks a declared property, or is no index of others."""
        if not self.properties and not self._ranges:
            return
        by_name = dict(zip(self.names, arrays, strict=True))
        for name, test, title in self.properties:
            array = by_name[name]
            if test(array):
                continue
            self.numbers(arrays)
            meaning = PROPERTIES[title].meaning
            raise problem(
                "given-breaks-property",
                f"`{name}` is declared `{title}`, which the array is not",
                name,
                [f"{title}: {meaning}"],
            )
        for name, (low, high) in self._ranges.items():
            array = by_name[name]
            if (array < low).any() or (array > high).any():
                spans = f"from {array.min():g} to {array.max():g}"
                message = f"`{name}` is used as an index from {low} to {high}, and goes {spans}"
                raise problem("given-breaks-property", message, name)

    def numbers(self, arrays: Sequence[Array]) -> None:
        """Raises DeriveError where an entry is NaN or infinite."""
        for name, array in zip(self.names, arrays, strict=True):
            bad = ~np.isfinite(array)
            if bad.any():
                place = tuple(int(k) for k in np.argwhere(bad)[0])
                at = f"{name}[{', '.join(map(str, place))}]" if place else name
                count = int(bad.sum())
                notes = ["entries are counted from 0"] if place else []
                notes += [f"so are {count - 1} more of its {bad.size} entries"] * (count > 1)
                shape = f", of shape {self._shape(name)}" if place else ""
                raise problem(
                    "no-value", f"`{at}` is {np.asarray(array)[place]}{shape}", name, notes
                )

    def _shape(self, name: str) -> str:
        return f"[{', '.join(str(axis.size) for axis in self.axes[name])}]"

    def _missing(self, arguments: Mapping[str, Any]) -> DeriveError:
        takes = f"takes: {', '.join((*self.names, *self.dims))}"
        for name in arguments:
            if name not in self._expected:
                near = nearest(name, sorted(self._expected))
                helps = (f"did you mean `{near}`?",) if near else ()
                return problem("unknown-name", f"nothing here takes `{name}`", name, [takes], helps)
        name = next(n for n in (*self.names, *self.dims) if n not in arguments)
        return problem("no-value", f"`{name}` has no value here", name, [takes])

    def _floats(self, values: Sequence[Any]) -> list[Array]:
        """Arrays of one floating type: float32 where all that has a type is float32."""
        arrays: list[Array] = []
        typed: list[np.dtype[Any]] = []
        for name, value in zip(self.names, values, strict=True):
            array = self._array(name, value)
            if hasattr(value, "dtype") and array.dtype.kind == "f":
                typed.append(array.dtype)
            arrays.append(array)
        kind = _SINGLE if typed and all(t == _SINGLE for t in typed) else _DOUBLE
        return [array.astype(kind, copy=False) for array in arrays]

    def _array(self, name: str, value: Any) -> Array:
        """As an array of real numbers. Raises DeriveError."""
        try:
            array = np.asarray(value)
            masked = isinstance(value, np.ma.MaskedArray) and bool(np.ma.getmaskarray(value).any())
            if array.dtype.kind in "fiub" and not masked:
                return array
            if array.dtype.kind == "O" and all(isinstance(entry, Real) for entry in array.flat):
                return array.astype(np.float64)
            why = "entries are masked" if masked else f"{array.dtype} was given"
        except (TypeError, ValueError) as error:
            why = str(error)
        own = f"an array of real numbers of shape {self._shape(name)}"
        wanted = own if self.axes[name] else "a real number"
        raise problem("shape-mismatch", f"`{name}` is {wanted}: {why}", name)

    def _size(self, dim: str, value: Any) -> int:
        """A given dimension. Raises DeriveError."""
        if not isinstance(value, Integral) or value < 1:
            message = f"the dimension `{dim}` is a positive whole number: {value!r} was given"
            raise problem("shape-mismatch", message, dim)
        return int(value)

    def _fit(self, shapes: Sequence[tuple[int, ...]], sizes: dict[str, Any]) -> None:
        """Raises DeriveError where shapes do not agree with the model's dimensions."""
        known: dict[str, int] = {}
        source: dict[str, str] = {}
        for dim in self.dims:
            if dim not in sizes:
                raise self._missing(dict.fromkeys([*self.names, *sizes]))
            known[dim], source[dim] = self._size(dim, sizes[dim]), ""
        for name, shape in zip(self.names, shapes, strict=True):
            axes = self.axes[name]
            if len(shape) != len(axes):
                raise self._clash(name, shape, known, source)
            for size, axis in zip(shape, axes, strict=True):
                _learn(axis.size, size, known, source, name)
        for name, shape in zip(self.names, shapes, strict=True):
            for size, axis in zip(shape, self.axes[name], strict=True):
                here = axis.size.substitute({d: Dim.of(n) for d, n in known.items()})
                if here.constant != size:
                    raise self._clash(name, shape, known, source)
        self.sizes = known
        told = (u for u in self._uses if u.axis.low.names | u.axis.high.names <= known.keys())
        self._ranges = index_ranges(told, known)
        for dim, size in known.items():
            if size < 1:
                raise problem(
                    "shape-mismatch",
                    f"the dimension `{dim}` is {size} by the shape of `{source[dim]}`",
                    source[dim],
                    ["a dimension is at least 1"],
                )

    def _clash(
        self, name: str, shape: tuple[int, ...], known: dict[str, int], source: dict[str, str]
    ) -> DeriveError:
        axes = self.axes[name]
        wanted = f"{'' if shape else 'shape '}{self._shape(name)}" if axes else "a number"
        used = {d for a in axes for d in a.size.names if d in known}
        by = {d: f"by the shape of `{s}`" if s else "as given" for d, s in source.items()}
        notes = [f"{d} = {known[d]}, {by[d]}" for d in sorted(used)]
        found = f"has shape [{', '.join(map(str, shape))}]" if shape else "is a number"
        message = f"`{name}` {found}; expected {wanted}"
        return problem("shape-mismatch", message, name, notes)


def _axes(model: Model, name: str) -> tuple[Axis, ...]:
    if name in model.symbols:
        return model.symbols[name].axes
    return tuple(variable.axis for variable in model.definitions[name].indices)


def is_broken(op: str, gap: Any) -> Array:
    """Where the left side less the right one breaks a relation, by more than rounding.

    A NaN breaks none, nor do numbers break what floats cannot tell.
    """
    holds = _HOLDS.get(op)
    if holds is None:
        return np.zeros(np.shape(gap), bool)
    return np.asarray(~holds(gap) & ~np.isnan(gap))


def broken(assumption: Assumption, names: Sequence[str]) -> DeriveError:
    """The error for numbers that break an assumption."""
    listed = ", ".join(f"`{name}`" for name in names)
    message = f"the numbers given for {listed} break what is assumed: {assumption.text}"
    return problem("given-breaks-property", message, assumption.text)


def _learn(size: Dim, found: int, known: dict[str, int], source: dict[str, str], name: str) -> None:
    """The dimension that the size of an axis tells, where it is the only unknown in it."""
    rest = size.substitute({d: Dim.of(n) for d, n in known.items()})
    terms = dict(rest.terms)
    if len(rest.names) == 1 and all(len(m) <= 1 for m in terms):
        (dim,) = rest.names
        factor, constant = terms[(dim,)], terms.get((), 0)
        if (found - constant) % factor == 0:
            known[dim], source[dim] = (found - constant) // factor, name


def _is_onehot(a: Array) -> bool:
    """One entry of each row is 1; the squares sum to 1, so there is no other."""
    if a.ndim == 1:
        return bool(a[a.argmax()] == 1.0) and bool(abs(a.dot(a) - 1) < _NEAR)
    table = a.reshape(-1, a.shape[-1])
    largest = table[np.arange(len(table)), table.argmax(axis=1)]
    return bool((largest == 1.0).all()) and bool(abs(np.vdot(a, a) - len(table)) < _NEAR)


def _sums_to_one(a: Array) -> bool:
    return bool((np.abs(a.sum(axis=-1) - 1) < _NEAR * a.shape[-1]).all())


def _is_symmetric(a: Array) -> bool:
    turned = a.swapaxes(-1, -2)
    return bool((np.abs(a - turned) <= _NEAR * (1 + np.abs(a))).all())


def _is_posdef(a: Array) -> bool:
    try:
        np.linalg.cholesky(a)
    except np.linalg.LinAlgError:
        return False
    return _is_symmetric(a)


def _is_orthogonal(a: Array) -> bool:
    product = a.swapaxes(-1, -2) @ a
    return bool((np.abs(product - np.eye(a.shape[-1])) < _NEAR * a.shape[-1]).all())


def _is_diagonal(a: Array) -> bool:
    return not (a * (1 - np.eye(a.shape[-1]))).any()


_HOLDS: dict[str, Callable[[Any], Any]] = {
    "=": lambda gap: np.abs(gap) <= _NEAR,
    "!=": lambda gap: gap != 0,
    "<": lambda gap: gap < 0,
    "<=": lambda gap: gap <= _NEAR,
    ">": lambda gap: gap > 0,
    ">=": lambda gap: gap >= -_NEAR,
}
_TESTS: dict[str, Callable[[Array], bool]] = {
    "onehot": _is_onehot,
    "simplex": lambda a: bool((a > 0).all()) and _sums_to_one(a),
    "unit": lambda a: _sums_to_one(a * a),
    "positive": lambda a: bool((a > 0).all()),
    "nonnegative": lambda a: bool((a >= 0).all()),
    "integer": lambda a: bool((a == np.rint(a)).all()),
    "binary": lambda a: bool((a * a == a).all()),
    "sign": lambda a: bool((np.abs(a) == 1).all()),
    "symmetric": _is_symmetric,
    "posdef": _is_posdef,
    "invertible": lambda a: bool(np.linalg.matrix_rank(a).min() == a.shape[-1]),
    "orthogonal": _is_orthogonal,
    "diagonal": _is_diagonal,
}
"""Each property of the language, tested on floats: sums and transposes up to rounding."""
