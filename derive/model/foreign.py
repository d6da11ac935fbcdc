"""What people of other languages call things, and how these are written here."""

import re
from collections.abc import Sequence

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
    "clamp": "write `clip(x, low, high)`",
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

PROPERTIES = {
    **dict.fromkeys(("definite", "spd", "pd"), "write `posdef`"),
    **dict.fromkeys(
        ("psd", "semidefinite"), "write `A` as a product: `A = B.T @ B` for a `const B[m, n]`"
    ),
    **dict.fromkeys(("probability", "probabilities", "distribution"), "write `simplex`"),
    **dict.fromkeys(("int", "whole", "natural"), "write `integer`"),
    **dict.fromkeys(("bool", "boolean"), "write `binary`"),
    **dict.fromkeys(("orthonormal", "unitary", "rotation"), "write `orthogonal`"),
    **dict.fromkeys(("nonsingular", "regular"), "write `invertible`"),
    "normalized": "write `unit` for a length of one, `simplex` for a sum of one",
    "real": "nothing need be said: every tensor is real",
}

LAWS = {
    **dict.fromkeys(("n", "gaussian", "gauss"), "normal"),
    **dict.fromkeys(("u", "unif"), "uniform"),
    **dict.fromkeys(("ber", "bern"), "bernoulli"),
    **dict.fromkeys(("cat", "multinomial", "discrete"), "categorical"),
    **dict.fromkeys(("exp", "expon"), "exponential"),
    **dict.fromkeys(("poi", "pois"), "poisson"),
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
    if name == "d" and not is_function:
        return ("a derivative is `dL/dw`, or `grad(..., w)` of an expression",)
    if not is_function and _INDEX.fullmatch(name):
        return (f"an index needs its binder: `sum[{name}](...)`, or `z[{name}] = ...`",)
    return (FUNCTIONS[name],) if name in FUNCTIONS else ()


def of_known(name: str, known: Sequence[str]) -> tuple[str, ...]:
    """What to write for `w_i` where there is a `w`, for `dl` where there is an `L`."""
    base, _, index = name.rpartition("_")
    if base in known and index.isalnum():
        return (f"an entry is written `{base}[{', '.join(index)}]`",)
    alike = [own for own in known if name[:1] == "d" and own.lower() == name[1:].lower()]
    return (f"did you mean `d{alike[0]}`?",) if alike else ()


def of_property(name: str) -> tuple[str, ...]:
    """What to write for `psd`."""
    return (PROPERTIES[name.lower()],) if name.lower() in PROPERTIES else ()


def of_part(tensor: str, part: str, axes: tuple[Axis, ...]) -> tuple[str, ...]:
    """What to write for `X.shape`, `X.t`."""
    if part.lower() in ("t", "transpose", "mt", "h"):
        return (f"write `{tensor}.T`",)
    if part in ("shape", "size", "ndim"):
        listed = ", ".join(f"`{axis.size}`" for axis in axes)
        return (f"its axes have the sizes {listed}: write the name",) if axes else ()
    return (f"write `{part}({tensor})`",)
