"""What people of other languages call things, and how these are written here."""

import re

from derive.model.scalar import Axis

# Functions of other names. The prelude and the operations are found by their own.
FUNCTIONS = {
    "ln": "`log(x)` is the natural logarithm",
    "log1p": "write `log(1 + x)`",
    "log2": "write `log(x)/log(2)`",
    "log10": "write `log(x)/log(10)`",
    **dict.fromkeys(("tr", "Tr"), "write `trace(A)`"),
    **dict.fromkeys(
        ("len", "size", "numel"), "the size of an axis is its dimension: write its name"
    ),
    **dict.fromkeys(("Σ", "Sum", "total"), "write `sum(x)`, or `sum[i in 1..n](...)`"),
    **dict.fromkeys(("Π", "product"), "write `prod(x)`, or `prod[i in 1..n](...)`"),
    **dict.fromkeys(("step", "heaviside", "indicator"), "write `[x > 0]`: one where true"),
    "where": "write `a*[condition] + b*(1 - [condition])`",
    **dict.fromkeys(("pow", "power"), "write `a^b`"),
    "square": "write `x^2`",
    **dict.fromkeys(("matmul", "mm", "bmm"), "write `A @ B`"),
    **dict.fromkeys(("inner", "vdot"), "write `dot(a, b)`"),
    **dict.fromkeys(("average", "avg"), "write `mean(x)`"),
    **dict.fromkeys(("std", "stdev"), "write `sqrt(var(x))`"),
    **dict.fromkeys(("clip", "clamp"), "write `max(min(x, high), low)`"),
    **dict.fromkeys(("expit", "logistic"), "write `sigmoid(x)`"),
    "argmin": "write `argmax(-x)`",
    **dict.fromkeys(("one_hot", "oneHot"), "write `onehot(c, n)`"),
    **dict.fromkeys(("arange", "range", "linspace"), "write `[i for i in 1..n]`"),
    **dict.fromkeys(("identity", "I"), "write `eye[n]`"),
    **dict.fromkeys(("maximum", "fmax"), "write `max(a, b)`"),
    **dict.fromkeys(("minimum", "fmin"), "write `min(a, b)`"),
    **dict.fromkeys(("sgn", "signum"), "write `sign(x)`"),
    **dict.fromkeys(("inverse", "pinv"), "write `inv(A)`"),
}

# Keywords of reductions.
AXES = frozenset(("axis", "dim", "keepdims", "keepdim", "axes"))
_INDEX = re.compile("[ijklmrstuv]")
_SECOND = re.compile(r"d\d+(\w+)")


def of_keyword(name: str) -> tuple[str, ...]:
    """What to write for `axis=0`."""
    if name not in AXES:
        return ()
    return ("write `over=n`, the dimension summed over; of two alike its place, the first being 1",)


def of_name(name: str, is_function: bool) -> tuple[str, ...]:
    """What to write for a name that nothing has."""
    second = _SECOND.fullmatch(name)
    if second is not None:
        of = second[1]
        return (f"a second derivative is `hess({of}, w)`, or `grad(...)` of one",)
    if "\u2044" in name:
        return (f"write `{name.replace(chr(0x2044), '/')}`",)
    if not is_function and _INDEX.fullmatch(name):
        return (f"an index needs its binder: `sum[{name}](...)`, or `z[{name}] = ...`",)
    return (FUNCTIONS[name],) if name in FUNCTIONS else ()


def of_part(tensor: str, part: str, axes: tuple[Axis, ...]) -> tuple[str, ...]:
    """What to write for `X.shape`, `X.t`."""
    if part.lower() in ("t", "transpose", "mt", "h"):
        return (f"write `{tensor}.T`",)
    if part in ("shape", "size", "ndim"):
        listed = ", ".join(f"`{axis.size}`" for axis in axes)
        return (f"its axes have the sizes {listed}: write the name",) if axes else ()
    return (f"write `{part}({tensor})`",)
