"""A model as a module for another library: readable, on its own, with a check of itself.

The module imports its target and nothing else. Run as a program, it compares its gradients with
differences of its own value (NumPy) or with what the library differentiates (PyTorch, JAX), at a
point that obeys the assumptions of the model.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from derive.compile.dialect import DIALECTS, Dialect
from derive.compile.program import Program, assembled
from derive.compile.request import known, program_of
from derive.compile.symbolic import sympy_module
from derive.compile.text import identifiers
from derive.evaluate.given import problem
from derive.evaluate.names import uses_of
from derive.evaluate.point import Point, dims_of
from derive.evaluate.sample import NoSample, Sampler
from derive.model.model import Model

_SIZES = (2, 3, 4)
_CHECKS = {
    "numpy": '''
def check():
    """Compares every gradient with central differences of the value."""
    for function, wrt, example in EXAMPLES:
        _, gradients = function(**example)
        for name in wrt:
            largest, moved = 0.0, dict(example)
            for place in np.ndindex(np.shape(example[name])):
                ends = []
                for step in (1e-6, -1e-6):
                    moved[name] = np.array(example[name], dtype=float)
                    moved[name][place] += step
                    ends.append(function(**moved)[0])
                slope = (ends[0] - ends[1]) / 2e-6
                largest = max(largest, abs(slope - np.asarray(gradients[name])[place]))
            print(f"{function.__name__}, {name}: within {largest:.1e} of differences")
            assert largest < 1e-6
''',
    "torch": '''
def check():
    """Compares every gradient with that of autograd."""
    for function, wrt, example in EXAMPLES:
        example = {name: array.clone() for name, array in example.items()}
        for name in wrt:
            example[name].requires_grad_()
        value, gradients = function(**example)
        expected = torch.autograd.grad(value, [example[name] for name in wrt], allow_unused=True)
        for name, slope in zip(wrt, expected):
            slope = torch.zeros_like(example[name]) if slope is None else slope
            largest = float((torch.as_tensor(gradients[name]) - slope).detach().abs().max())
            print(f"{function.__name__}, {name}: within {largest:.1e} of autograd")
            assert largest < 1e-9
''',
    "jax": '''
def check():
    """Compares every gradient with that of jax.grad."""
    for function, wrt, example in EXAMPLES:
        _, gradients = function(**example)
        fixed = {name: array for name, array in example.items() if name not in wrt}
        moved = {name: example[name] for name in wrt}
        expected = jax.grad(lambda moved: function(**moved, **fixed)[0])(moved)
        for name in wrt:
            largest = float(jnp.abs(gradients[name] - expected[name]).max())
            print(f"{function.__name__}, {name}: within {largest:.1e} of jax.grad")
            assert largest < 1e-9
''',
}


def exported(model: Model, target: str, of: Sequence[str], wrt: Sequence[str]) -> str:
    """The text of a module. Raises DeriveError where there is nothing to export, or no code for it.

    Without `of` it has all losses, or else all numbers; without `wrt` the gradients are by all
    params of each, or else by all inputs.
    """
    losses = list(of) or [n for n, d in model.definitions.items() if d.is_loss]
    numbers = [n for n, d in model.definitions.items() if not d.indices and not d.hidden]
    losses = losses or numbers
    if not losses:
        raise problem(
            "not-a-scalar", "the file defines no number: there is nothing to export", target
        )
    for loss in losses:
        known(model, loss, wrt)
    if target == "sympy":
        by = [list(wrt) or _parameters(model, loss) for loss in losses]
        return sympy_module(model, losses, by, _point(model, (2, 2, 2)))
    dialect = DIALECTS[target]
    titles = identifiers([f"{loss}_and_gradients" for loss in losses], ())
    programs = [
        program_of(model, loss, list(wrt) or _parameters(model, loss), dialect, title)
        for loss, title in zip(losses, titles.values(), strict=True)
    ]
    return assembled(programs, _end(model, dialect, programs))


def _parameters(model: Model, loss: str) -> list[str]:
    """The params on which a loss depends, or else its inputs, or else all."""
    used = uses_of(model)[loss]
    for role in ("param", "input"):
        found = [n for n, s in model.symbols.items() if s.role == role and n in used]
        if found:
            return found
    return [n for n in model.symbols if n in used]


def _end(model: Model, dialect: Dialect, programs: Sequence[Program]) -> str:
    """The examples and the check."""
    point = _point(model)
    lines = ["EXAMPLES = ["]
    for program in programs:
        wrt = ", ".join(repr(program.names[name]) for name in program.wrt)
        lines.append(f"    ({program.function}, [{wrt}], {{")
        for name in program.arguments:
            values = np.asarray(point.values[name], float).tolist()
            text = _array(dialect, values)
            lines.append(f"        {program.names[name]!r}: {text},")
        lines += [f"        {program.names[dim]!r}: {point.sizes[dim]}," for dim in program.dims]
        lines.append("    }),")
    start = 'jax.config.update("jax_enable_x64", True)\n' if dialect.name == "jax" else ""
    examples = "\n".join([*lines, "]"])
    end = 'if __name__ == "__main__":\n    check()'
    return f"{start}{examples}\n\n{_CHECKS[dialect.name]}\n\n{end}"


def _array(dialect: Dialect, values: Any) -> str:
    if dialect.name == "torch":
        return f"torch.tensor({values!r}, dtype=torch.float64)"
    return f"{dialect.module}.array({values!r})"


def _point(model: Model, first: tuple[int, ...] = _SIZES) -> Point:
    """A small point that obeys the assumptions. Raises DeriveError where none is found."""
    sampler = Sampler(model)
    dims = dims_of(model)
    for sizes in (first, (2, 2, 2), (3, 3, 3), (1, 1, 1)):
        chosen = {dim: sizes[k % len(sizes)] for k, dim in enumerate(dims)}
        point = sampler.draw(0, chosen)
        if not isinstance(point, NoSample):
            return point
    raise problem("no-sample", "no point obeys the assumptions", "export")
