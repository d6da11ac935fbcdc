"""A closed form as Python source that uses NumPy: a function of the names that stand in it."""

from collections.abc import Sequence

from derive.compile.dialect import NUMPY
from derive.compile.emit import Emitter
from derive.compile.lowering import Lowering
from derive.compile.node import NotCompiled, Use
from derive.compile.program import RESERVED, Program, assembled, helpers_of, sizes_of
from derive.compile.text import identifiers, tight
from derive.compile.tidy import tidied
from derive.model.dim import Dim
from derive.model.model import Model
from derive.model.scalar import Axis, Derivative, Entry, IndexVariable, Scalar, Tensor


class Leaves(Lowering):
    """Takes every name, and every derivative by one, as given."""

    def __init__(self, model: Model) -> None:
        super().__init__(model, _unresolved, frozenset())
        self.given: dict[str, tuple[Axis, ...]] = {}

    def axes(self, name: str) -> tuple[Axis, ...]:
        """The axes of a name, or of a derivative that is given."""
        return self.given[name] if name in self.given else super().axes(name)

    def name(self, name: str) -> Use:
        """The entries of a name."""
        if name not in self.names:
            axes = self.axes(name)
            labels = [IndexVariable("a", axis) for axis in axes]
            self.given[name] = axes
            self.names[name] = self.algebra.graph.make("name", (name,), (), labels)
            self.titles[self.names[name].node] = name
        return self.names[name]

    def labels(self, name: str) -> tuple[IndexVariable, ...]:
        """The labels of `self.name(name)`."""
        return self.name(name).labels

    def derivative(self, node: Derivative) -> Use:
        """A derivative as a name of its own."""
        title = f"d{node.of}/d{node.wrt}"
        self.given.setdefault(title, (*self.axes(node.of), *self.axes(node.wrt)))
        return self.entry(Entry(title, (*node.of_indices, *node.wrt_indices)))


def _unresolved(scalar: Scalar) -> Scalar:
    raise NotCompiled(f"the derivative `{type(scalar).__name__}`")


def closed_source(model: Model, title: str, tensor: Tensor, comment: str) -> str:
    """`def title(...)` that returns the entries of `tensor`. Raises NotCompiled."""
    leaves = Leaves(model)
    made = array_program(leaves, leaves.scalar(tensor.body), tensor.indices, title, comment)
    return assembled([made]).rstrip("\n")


def array_program(
    lowering: Lowering,
    use: Use,
    indices: Sequence[IndexVariable],
    title: str,
    comment: str,
) -> Program:
    """A function of the names of a lowering, which returns an array. Raises NotCompiled."""
    model, graph = lowering.model, lowering.algebra.graph
    if use.labels != tuple(indices):
        use = graph.make("spread", (), [use], indices)
    (found,) = tidied(lowering.algebra, [use], lowering.titles)
    leaves = [u.node for u in lowering.names.values() if u.node.kind == "name"]
    inputs = {str(n.head[0]): n for n in leaves}
    declared = [*model.symbols, *(n for n in inputs if n not in model.symbols), *model.dims]
    names = identifiers(declared, {*RESERVED, title})
    taken = {*names.values(), *RESERVED, title}
    sizes = {Dim.symbol(d): names[d] for d in model.dims}
    titles = {n: names[name] for name, n in inputs.items()}
    emitter = Emitter(graph, NUMPY, titles, sizes, taken)
    (result,) = emitter.write([found.node])
    body = tight(result.text)
    body = f"{body}.copy()" if found.node.kind == "spread" and not result.plain else body
    text = "\n".join([*emitter.lines, body])
    arguments = sorted(inputs, key=str.lower)
    arguments += _telling(model, [d for d in model.dims if names[d] in text], arguments, lowering)
    shapes = {name: lowering.axes(name) for name in arguments}
    lines, dims = sizes_of(model, shapes, names, emitter, text)
    parameters = ", ".join(names[name] for name in (*arguments, *dims))
    safe = comment.replace("\\", "").replace('"', "'")
    head = [f"def {title}({parameters}):", f'    """{safe}"""']
    inside = [f"    {line}" for line in (*lines, *emitter.lines, f"return {body}")]
    header, helpers = helpers_of(NUMPY, emitter)
    whole = "\n".join([*head, *inside])
    return Program(header, helpers, whole, title, "", (), tuple(arguments), dims, names)


def _telling(
    model: Model, dims: Sequence[str], arguments: Sequence[str], lowering: Lowering
) -> list[str]:
    """Declared names more, whose shapes tell dimensions that those of the arguments do not."""
    known = {d for name in arguments for axis in lowering.axes(name) for d in axis.size.names}
    found: list[str] = []
    for dim in dims:
        if dim in known:
            continue
        for symbol in model.symbols.values():
            if any(axis.size == Dim.symbol(dim) for axis in symbol.axes):
                found.append(symbol.name)
                known |= {d for axis in symbol.axes for d in axis.size.names}
                break
    return found
