"""What a person may ask to be compiled, and what is said where it cannot be."""

from collections.abc import Sequence

from derive.calculus.engine import Calculus
from derive.calculus.partials import NotDifferentiable
from derive.compile.compiled import Compiled, compiled
from derive.compile.dialect import Dialect
from derive.compile.node import NotCompiled
from derive.compile.program import Program, program
from derive.diagnostics.diagnostic import DeriveError
from derive.diagnostics.suggest import nearest
from derive.evaluate.given import problem
from derive.model.model import Model


def compile_model(model: Model, of: str, wrt: Sequence[str], check: bool) -> Compiled:
    """A function that computes `of` and its gradients. Raises DeriveError."""
    known(model, of, wrt)
    try:
        return compiled(model, of, wrt, Calculus(model).resolve, check)
    except (NotCompiled, NotDifferentiable) as found:
        raise _refused(of, found) from None


def program_of(model: Model, of: str, wrt: Sequence[str], dialect: Dialect, title: str) -> Program:
    """The source of that function for another library. Raises DeriveError."""
    known(model, of, wrt)
    try:
        return program(model, of, wrt, Calculus(model).resolve, dialect, title)
    except (NotCompiled, NotDifferentiable) as found:
        raise _refused(of, found) from None


def _refused(of: str, found: NotCompiled | NotDifferentiable) -> DeriveError:
    if isinstance(found, NotDifferentiable):
        return problem("not-differentiable", found.reason, of)
    return problem("not-expressible", f"there is no array code for {found.reason}", of)


def known(model: Model, of: str, wrt: Sequence[str]) -> None:
    """Raises DeriveError for a name that is not one, or a value that is no number."""
    names = [*model.symbols, *(n for n, d in model.definitions.items() if not d.hidden)]
    for name in (of, *wrt):
        if name not in model.symbols and name not in model.definitions:
            near = nearest(name, names)
            helps = (f"did you mean `{near}`?",) if near else ()
            listed = ", ".join(names) or "none"
            message = f"nothing is named `{name}`"
            raise problem("unknown-name", message, name, [f"names: {listed}"], helps)
    definition = model.definitions.get(of)
    if wrt and definition is not None and definition.indices:
        shape = ", ".join(str(v.axis.size) for v in definition.indices)
        message = f"`{of}` has shape [{shape}]; gradients are of a number"
        raise problem("not-a-scalar", message, of)
