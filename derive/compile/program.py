"""The source of a function: a value and its gradients, from arrays."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from derive.compile.adjoint import Adjoints
from derive.compile.buffers import let_go
from derive.compile.dialect import Dialect
from derive.compile.emit import Emitter
from derive.compile.helpers import HELPERS
from derive.compile.lowering import Lowering
from derive.compile.node import Node, Use
from derive.compile.text import Text, identifiers, tight
from derive.compile.tidy import tidied
from derive.model.dim import Dim
from derive.model.model import Model
from derive.model.scalar import Axis, IndexVariable, Scalar

RESERVED = ("np", "torch", "jax", "jnp", "math", "dtype", "range", "int", "len", "slice")


@dataclass(frozen=True, slots=True)
class Program:
    """A generated function: `body` defines `function`, which takes `arguments` in this order.

    It needs the imports of `header`, and the small functions `helpers`.
    """

    header: tuple[str, ...]
    helpers: dict[str, str]
    body: str
    function: str
    of: str
    wrt: tuple[str, ...]
    arguments: tuple[str, ...]
    dims: tuple[str, ...]
    names: dict[str, str]

    @property
    def source(self) -> str:
        """The whole text."""
        return assembled([self])


def executed(made: Program) -> Callable[..., Any]:
    """The function that a source defines. See `compiled` for what its text is made of."""
    scope: dict[str, Any] = {"__name__": "derive.generated"}
    exec(compile(made.source, f"<derive: {made.function}>", "exec"), scope)
    function: Callable[..., Any] = scope[made.function]
    return function


def assembled(programs: Sequence[Program], end: str = "") -> str:
    """Several functions as one module."""
    headers = dict.fromkeys(line for p in programs for line in p.header)
    helpers = {name: text for p in programs for name, text in p.helpers.items()}
    own = [line for line in headers if line in ("import math",)]
    blocks = ["\n".join(own)] if own else []
    blocks.append("\n".join(line for line in headers if line not in own))
    parts = [*(text.strip() for text in helpers.values()), *(p.body.rstrip() for p in programs)]
    return "\n\n".join(blocks) + "\n\n\n" + "\n\n\n".join([*parts, *([end] if end else [])]) + "\n"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A number and the names by which it is differentiated, as arrays to compute."""

    lowering: Lowering
    value: Use
    gradients: tuple[Use, ...]
    titles: dict[Node, str]


def wanted(
    model: Model, of: str, wrt: Sequence[str], resolve: Callable[[Scalar], Scalar]
) -> Wanted:
    """The value and its gradients. Raises NotCompiled."""
    lowering = Lowering(model, resolve, frozenset(wrt))
    graph = lowering.algebra.graph
    value = lowering.name(of)
    targets = [lowering.name(name) for name in wrt]
    adjoints = Adjoints(lowering, value, [use.node for use in targets])
    found: list[Use] = []
    for name, target in zip(wrt, targets, strict=True):
        found.append(_full(lowering, name, target, adjoints))
    titles: dict[Node, str] = {}
    for node, adjoint in adjoints.total.items():
        if node in lowering.titles and adjoint.node.kind not in ("name", "one"):
            titles.setdefault(adjoint.node, f"d{of}_d{lowering.titles[node]}")
    for node, title in lowering.titles.items():
        titles[node] = title
    for name, use in zip(wrt, found, strict=True):
        titles.setdefault(use.node, f"d{of}_d{name}")
    outputs = [
        made if made.labels == use.labels else graph.make("spread", (), [made], use.labels)
        for use, made in zip(
            [value, *found], tidied(lowering.algebra, [value, *found], titles), strict=True
        )
    ]
    return Wanted(lowering, outputs[0], tuple(outputs[1:]), titles)


def _full(lowering: Lowering, name: str, target: Use, adjoints: Adjoints) -> Use:
    """A gradient with all the axes of the name, in their order."""
    own = lowering.labels(name)
    adjoint = adjoints.of(target.node)
    labels = adjoints.own.get(target.node, ())
    back: dict[IndexVariable, IndexVariable] = dict(zip(labels, target.labels, strict=False))
    named = Use(adjoint.node, tuple(back.get(label, label) for label in adjoint.labels))
    if named.labels == own:
        return named
    return lowering.algebra.graph.make("spread", (), [named], own)


def program(
    model: Model,
    of: str,
    wrt: Sequence[str],
    resolve: Callable[[Scalar], Scalar],
    dialect: Dialect,
    title: str = "value_and_gradients",
) -> Program:
    """The function, with this name. Raises NotCompiled where there is no array code."""
    found = wanted(model, of, wrt, resolve)
    return _Writer(model, of, tuple(wrt), found, dialect, title).program()


class _Writer:
    """Writes one function."""

    def __init__(
        self,
        model: Model,
        of: str,
        wrt: tuple[str, ...],
        found: Wanted,
        dialect: Dialect,
        title: str,
    ) -> None:
        self.model, self.of, self.wrt, self.found = model, of, wrt, found
        self.dialect, self.title = dialect, title
        self.reserved = {*RESERVED, title}
        self.names = identifiers([*model.symbols, *model.dims], self.reserved)

    def program(self) -> Program:
        """All of it."""
        found = self.found
        taken = {*self.names.values(), *self.reserved}
        titles = {n: t for n, t in found.titles.items() if n.kind != "name"}
        texts = identifiers(dict.fromkeys(titles.values()), taken)
        named = {n: texts[t] for n, t in titles.items()}
        outputs = [found.value.node, *(g.node for g in found.gradients)]
        inputs = {
            n.head[0]: n
            for use in found.lowering.names.values()
            for n in [use.node]
            if n.kind == "name"
        }
        named |= {n: self.names[str(name)] for name, n in inputs.items()}
        sizes = {Dim.symbol(d): self.names[d] for d in self.model.dims}
        emitter = Emitter(found.lowering.algebra.graph, self.dialect, named, sizes, set(taken))
        results = emitter.write(outputs)
        arguments = tuple(self.arguments([str(n) for n in inputs]))
        closing = self.closing(results, outputs)
        text = "\n".join([*emitter.lines, *closing])
        shapes = {name: self.model.symbols[name].axes for name in arguments}
        opening, dims = sizes_of(self.model, shapes, self.names, emitter, text)
        statements = emitter.lines
        if self.dialect.in_place:
            statements = let_go(statements, emitter.arrays, "\n".join(closing))
        lines = [*opening, *statements, *closing]
        function = self.title
        params = ", ".join(self.names[a] for a in (*arguments, *dims))
        head = [f"def {function}({params}):", *self.docstring(arguments)]
        body = "\n".join([*head, *(f"    {line}" for line in lines)])
        header, helpers = helpers_of(self.dialect, emitter)
        if self.dialect.name == "torch":  # whose `transpose` is another function
            body = body.replace(".transpose(", ".permute(")
        return Program(
            header,
            helpers,
            body,
            function,
            self.of,
            self.wrt,
            arguments,
            dims,
            self.names,
        )

    def arguments(self, used: list[str]) -> list[str]:
        """The declared names that are used or differentiated by."""
        needed = {*used, *(w for w in self.wrt if w in self.model.symbols)}
        return [name for name in self.model.symbols if name in needed]

    def docstring(self, arguments: Sequence[str]) -> list[str]:
        """What goes in and what comes out, with shapes in the model's dimensions."""
        shapes = [f"{self.names[a]}{_shape_text(self.model.symbols[a].axes)}" for a in arguments]
        outs = ", ".join(f"d{self.of}/d{name}" for name in self.wrt) or "no gradient"
        lines = [f'    """The value of {_plain(self.of)}, and {_plain(outs)}.', ""]
        lines += [f"    {_plain(shape)}" for shape in shapes]
        return [*lines, '    """']

    def closing(self, results: list[Text], outputs: list[Node]) -> list[str]:
        """The value, and the gradients by name; nothing that is given is handed back itself."""
        given = set(self.names.values())
        parts: list[str] = []
        seen: set[str] = set()
        for name, text, node in zip(self.wrt, results[1:], outputs[1:], strict=True):
            body = tight(text.text)
            if node.kind == "spread" or body in given or body in seen:
                copy = ".clone()" if self.dialect.name == "torch" else ".copy()"
                body = f"{body}{copy}" if not text.plain else body
            seen.add(text.text)
            parts.append(f"{name!r}: {body}")
        return [f"return {tight(results[0].text)}, {{{', '.join(parts)}}}"]


def helpers_of(dialect: Dialect, emitter: Emitter) -> tuple[tuple[str, ...], dict[str, str]]:
    """The imports and the small functions that what was written needs."""
    helpers = {name: HELPERS[dialect.name][name] for name in emitter.helpers if name != "math"}
    header = dialect.header.split("\n")
    if "math" in emitter.helpers or any("math." in text for text in helpers.values()):
        header.insert(0, "import math")
    return tuple(header), helpers


def sizes_of(
    model: Model,
    shapes: Mapping[str, Sequence[Axis]],
    names: Mapping[str, str],
    emitter: Emitter,
    text: str,
) -> tuple[list[str], tuple[str, ...]]:
    """Statements for sizes, from the shapes of arguments; the dimensions that no shape tells."""
    lines: list[str] = []
    known: set[str] = set()
    for name, axes in shapes.items():
        for place, axis in enumerate(axes):
            solved = _solved(axis.size, known)
            if solved is None:
                continue
            dim, pattern = solved
            known.add(dim)
            if _mentions(text, names[dim]):
                source = pattern.format(f"{names[name]}.shape[{place}]")
                lines.append(f"{names[dim]} = {source}")
    if emitter.needs_dtype:
        arrays = sorted(shapes, key=lambda name: not shapes[name])  # those with axes first
        default = f"{emitter.dialect.module}.float64"
        lines.append(f"dtype = {names[arrays[0]]}.dtype" if arrays else f"dtype = {default}")
    missing = (d for d in model.dims if d not in known and _mentions(text, names[d]))
    return lines, tuple(missing)


def _solved(size: Dim, known: set[str]) -> tuple[str, str] | None:
    """A dimension that a size tells, and how it follows from it."""
    if len(size.names - known) != 1 or any(len(m) > 1 for m, _ in size.terms):
        return None
    if size.names & known:
        return None
    (dim,) = size.names
    terms = dict(size.terms)
    factor, constant = terms[(dim,)], terms.get((), 0)
    text = "{}"
    if constant:
        text = f"({text} {'-' if constant > 0 else '+'} {abs(constant)})"
    return dim, text if factor == 1 else f"{text} // {factor}"


def _mentions(text: str, name: str) -> bool:
    return re.search(rf"\b{re.escape(name)}\b", text) is not None


def _shape_text(axes: Sequence[Axis]) -> str:
    if not axes:
        return ": a number"
    return f": [{', '.join(str(axis.size) for axis in axes)}]"


def _plain(text: str) -> str:
    """Without what could end a string."""
    return text.replace("\\", "").replace('"', "'")
