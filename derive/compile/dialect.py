"""How array operations are called in NumPy, PyTorch and JAX."""

from dataclasses import dataclass, field

_SHARED = {
    **{name: name for name in ("exp", "log", "log1p", "sqrt", "abs", "sign", "sin", "cos", "tan")},
    **{name: name for name in ("sinh", "cosh", "tanh")},
}
_NUMPY = {**_SHARED, **{f"a{name}": f"arc{name}" for name in ("sin", "cos", "tan")}}


@dataclass(frozen=True, slots=True)
class Dialect:
    """The names of one library. `in_place`: whether results may be written into dead arrays."""

    name: str
    module: str
    header: str
    calls: dict[str, str] = field(default_factory=dict)
    in_place: bool = False


NUMPY = Dialect("numpy", "np", "import numpy as np", _NUMPY, in_place=True)
JAX = Dialect("jax", "jnp", "import jax\nimport jax.numpy as jnp", _NUMPY)
TORCH = Dialect(
    "torch",
    "torch",
    "import torch",
    {
        **_SHARED,
        **{f"a{name}": f"a{name}" for name in ("sin", "cos", "tan")},
        "erf": "erf",
        "lgamma": "lgamma",
        "digamma": "digamma",
    },
)
DIALECTS = {dialect.name: dialect for dialect in (NUMPY, TORCH, JAX)}
