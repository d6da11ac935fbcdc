"""The graph as statements, one after the other; results are written over arrays that are dead.

Only what the model says gets into the text: names as identifiers (`identifiers`), numbers,
operations of the tables here. No text of the user does.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from derive.compile.arithmetic import Arithmetic
from derive.compile.buffers import Buffers, renamed
from derive.compile.contraction import contraction
from derive.compile.dialect import Dialect
from derive.compile.loop import Loop
from derive.compile.node import Graph, Node, NotCompiled
from derive.compile.schedule import Schedule
from derive.compile.steps import Steps
from derive.compile.tables import Tables
from derive.compile.text import Text, axes_text, placed, tight
from derive.model.dim import Dim
from derive.model.scalar import Axis

_COMPARED = {"lt": "<", "le": "<=", "eq": "==", "ne": "!="}


@dataclass
class Emitter:
    """Writes the statements that compute nodes. `titles` are names for the variables."""

    graph: Graph
    dialect: Dialect
    titles: dict[Node, str]
    sizes: dict[Dim, str]
    taken: set[str]
    lines: list[str] = field(default_factory=list)
    helpers: dict[str, None] = field(default_factory=dict)
    needs_dtype: bool = False
    index: str = ""  # the index of the loop, in one of its steps
    left: dict[Node, int] = field(default_factory=dict)
    done: dict[Node, Text] = field(default_factory=dict)
    outputs: set[Node] = field(default_factory=set)
    vectors: dict[tuple[Dim, ...], str] = field(default_factory=dict)
    inlined: set[Node] = field(default_factory=set)
    steps: dict[int, set[Node]] = field(default_factory=dict)
    kept: dict[int, dict[Node, None]] = field(default_factory=dict)
    buffers: Buffers = field(default_factory=Buffers)
    arrays: dict[str, int] = field(default_factory=dict)  # how many axes what a variable holds has
    readers: dict[Node, list[Node]] = field(default_factory=dict)

    def write(self, outputs: Sequence[Node]) -> list[Text]:
        """Emits what the outputs need; the text of each."""
        schedule = Schedule(self.graph, outputs)
        self.steps, self.kept, self.readers = schedule.steps, schedule.kept, schedule.readers
        for node in schedule.used:
            self.left[node] = self.left.get(node, 0) + 1
        self.begin(outputs, schedule.nodes)
        for item in schedule.items:
            if isinstance(item, Loop):
                Steps(self, item).write()
            else:
                self.visit(item)
        return [self.operand(out, tuple(range(out.rank))) for out in outputs]

    def begin(self, outputs: Sequence[Node], nodes: Sequence[Node]) -> None:
        """Counts uses, so that the last one is known.

        Products that stand once in a sum are written there, with its coefficient.
        """
        for out in outputs:
            self.left[out] = self.left.get(out, 0) + 1
        for node in nodes:
            for inner, _ in node.args:
                self.left[inner] = self.left.get(inner, 0) + 1
        self.outputs = set(outputs)
        terms = {inner for n in nodes if n.kind == "lin" and len(n.args) > 1 for inner, _ in n.args}
        self.inlined = {
            n
            for n in nodes
            if n.kind in ("one", "dim")
            or (n.kind == "mono" and self.left[n] == 1 and n in terms and n not in self.outputs)
        }

    # --- variables -------------------------------------------------------------------------------

    def title(self, node: Node) -> str:
        """A new variable."""
        return self.free_name(self.titles.get(node, "t"))

    def free_name(self, wanted: str) -> str:
        """A name that is not taken; `t` gets a number."""
        name, k = wanted, 1
        while name in self.taken or (wanted == "t" and name == "t"):
            name, k = f"{wanted}{k}" if wanted == "t" else f"{wanted}_{k}", k + 1
        self.taken.add(name)
        return name

    def operand(self, node: Node, places: tuple[int, ...]) -> Text:
        """A node as an operand; `free` where this is the last use of an array of our own."""
        if node.kind == "one":
            return Text("1", (), plain=True)
        if node.kind == "dim":
            size = self.size(node.head[0])
            bare = " " in size and tight(size) == size
            return Text(f"({size})" if bare else size, (), plain=True)
        found = self.done[node]
        self.left[node] = self.left.get(node, 0) - 1
        free = found.free and self.left[node] == 0
        if free and not found.boolean:
            self.buffers.leave(found.text, node.shape)
        return Text(found.text, places, free, found.boolean, found.plain)

    def array(self, node: Node, places: tuple[int, ...]) -> Text:
        """A node as an operand that is an array, also where one number stands for all entries."""
        text = self.operand(node, places)
        if text.plain and places:
            self.needs_dtype = True
            shape = self.shape(node.shape)
            body = f"{self.dialect.module}.full({shape}, {tight(text.text)}, dtype=dtype)"
            return Text(body, places)
        return text

    def size(self, dim: object) -> str:
        """A dimension."""
        assert isinstance(dim, Dim)
        if dim not in self.sizes:
            parts: list[str] = []
            for names, c in sorted(dim.terms, key=lambda term: (-len(term[0]), term)):
                factors = [
                    *([str(c)] if c != 1 or not names else []),
                    *(self.sizes[Dim.symbol(n)] for n in names),
                ]
                parts.append(" * ".join(factors))
            return f"({' + '.join(parts)})" if len(parts) > 1 else parts[0]
        return self.sizes[dim]

    def shape(self, axes: Sequence[Axis]) -> str:
        """A shape as a tuple."""
        inside = ", ".join(
            tight(self.size(a.size)) if a.size.constant is None else str(a.size.constant)
            for a in axes
        )
        return f"({inside},)" if len(axes) == 1 else f"({inside})"

    def keep(self, node: Node, text: str, *, boolean: bool = False, view: bool = False) -> None:
        """A statement for a node; a number that is used once is written where it is used."""
        small = not node.rank and all(not n.rank for n, _ in node.args)
        if small and self.left[node] == 1 and node not in self.outputs:
            bare = " " not in text and not text.startswith("-")
            self.done[node] = Text(text if bare else f"({text})", (), boolean=boolean)
            return
        name = self.title(node)
        self.lines.append(f"{name} = {tight(text)}")
        self.done[node] = Text(name, (), node.rank > 0 and not view, boolean)
        if node.rank:
            self.arrays[name] = node.rank

    def over_dead(self, node: Node, function: str, *args: str) -> bool:
        """Writes the result of a call over a dead array, where there is one of its shape."""
        idle = self.buffers.take(node.shape) if node.rank and self.dialect.in_place else None
        if idle is None:
            return False
        self.lines.append(f"np.{function}({', '.join(map(tight, args))}, out={idle})")
        self.into(node, Text(idle, ()))
        return True

    def into(self, node: Node, held: Text) -> None:
        """A node is what a variable now holds; under its own name, where it has one."""
        name = held.text
        self.buffers.claim(name)
        if node in self.titles:
            name = self.title(node)
            if self.buffers.is_new(held.text) and renamed(self.lines, held.text, name):
                self.arrays.pop(held.text, None)
            else:
                self.lines.append(f"{name} = {held.text}")
            self.arrays[name] = node.rank
        self.done[node] = Text(name, (), True, held.boolean)

    def fits(self, node: Node, text: Text) -> bool:
        """Whether the result can be written over an operand."""
        return (
            self.dialect.in_place
            and text.free
            and not text.boolean
            and text.places == tuple(range(node.rank))
        )

    # --- kinds -----------------------------------------------------------------------------------

    def visit(self, node: Node) -> None:
        """Emits one node, whose arguments are there."""
        if node in self.done or node in self.inlined:
            return
        self.buffers.settle()
        match node.kind:
            case "name":
                self.done[node] = Text(self.titles[node], ())
            case "named":
                self._alias(node)
            case "constant":
                value = {"pi": "math.pi", "inf": "math.inf"}[str(node.head[0])]
                self.helpers["math"] = None
                self.done[node] = Text(value, (), plain=True)
            case "places":
                self._places(node)
            case "lin":
                Arithmetic(self).sum(node)
            case "mono":
                Arithmetic(self).product(node)
            case "call":
                self._call(node)
            case "contract":
                self._contract(node)
            case "fold":
                self._fold(node)
            case _:
                Tables(self).visit(node)

    def _alias(self, node: Node) -> None:
        ((inner, places),) = node.args
        text = self.operand(inner, places)
        if places != tuple(range(node.rank)):
            raise NotCompiled("a name with its axes in another order")
        if inner in self.done:
            self.done[inner].free = False
        self.done[node] = Text(text.text, (), False, text.boolean, text.plain)

    def _places(self, node: Node) -> None:
        (axis,) = node.axes
        low = self.size(axis.low) if axis.low.constant is None else str(axis.low.constant)
        end = axis.high + Dim.of(1)
        high = self.size(end) if end.constant is None else str(end.constant)
        self.needs_dtype = True
        self.keep(node, f"{self.dialect.module}.arange({low}, {tight(high)}, dtype=dtype)")

    def _fold(self, node: Node) -> None:
        ((inner, places),) = node.args
        text = self.array(inner, places)
        axes = axes_text([k for k, p in enumerate(places) if p >= node.rank], len(places))
        name = str(node.head[0])
        if self.dialect.name == "torch" and name != "prod":
            name = f"a{name}"
        out = [p for p in places if p < node.rank]
        if name == "max" and self.dialect.in_place and list(places) == [0, 1] and node.rank == 1:
            self.helpers["largest"] = None
            self.keep(node, f"_largest({text.text})")
            return
        whole = f"{text.text}.{name}({axes})"
        if self.dialect.name == "torch" and not axes:
            whole = f"{text.text}.{name}()"
        self.keep(node, placed(whole, out, node.rank))

    def floating(self, text: str, rank: int) -> str:
        """A mask as numbers; of one number it may be Python's own."""
        self.needs_dtype = True
        if not rank:
            return f"{self.dialect.module}.asarray({tight(text)}, dtype=dtype)"
        return f"{text}.to(dtype)" if self.dialect.name == "torch" else f"{text}.astype(dtype)"

    # --- functions and contractions --------------------------------------------------------------

    def _call(self, node: Node) -> None:
        name = str(node.head[0])
        texts = [self.operand(inner, places) for inner, places in node.args]
        module, rank = self.dialect.module, node.rank
        args = [placed(t.text, t.places, rank) for t in texts]
        reusable = next((t for t in texts if self.fits(node, t)), None)
        plain = all(t.plain for t in texts)
        if plain and name in _COMPARED:
            body = f"float({tight(args[0])} {_COMPARED[name]} {tight(args[1])})"
            self.done[node] = Text(body, (), plain=True)
            return
        if plain and node.rank and name not in self.dialect.calls:
            self.needs_dtype = True
            args[0] = f"{module}.full({self.shape(node.shape)}, {tight(args[0])}, dtype=dtype)"
        if name in _COMPARED:
            self.keep(node, f"{args[0]} {_COMPARED[name]} {args[1]}", boolean=True)
            return
        if plain and name in self.dialect.calls:
            self.helpers["math"] = None
            function = {"abs": "fabs"}.get(name, name)
            self.done[node] = Text(f"math.{function}({tight(args[0])})", (), plain=True)
            return
        if name in self.dialect.calls:
            self._statement(node, self.dialect.calls[name], args[:1], reusable)
            return
        match name:
            case "max" | "min":
                self._extremum(node, name, texts, args, reusable)
            case "where":
                self.helpers["math"] = None
                self.keep(node, f"{module}.where({tight(args[0])}, {tight(args[1])}, -math.inf)")
            case "choose":
                self.keep(node, f"{module}.where({', '.join(map(tight, args))})")
            case "logistic":
                self.helpers["logistic"] = None
                self.keep(node, f"_logistic({tight(args[0])})")
            case "pow":
                function = "pow" if self.dialect.name == "torch" else "power"
                self.keep(node, f"{module}.{function}({', '.join(map(tight, args))})")
            case "erf" | "lgamma" | "digamma":
                self.helpers[name] = None
                self.keep(node, f"_{name}({tight(args[0])})")
            case _:
                raise NotCompiled(f"the function `{name}`")

    def _extremum(
        self,
        node: Node,
        name: str,
        texts: list[Text],
        args: list[str],
        reusable: Text | None,
    ) -> None:
        """The larger or smaller of two; PyTorch takes a number in another function."""
        if self.dialect.name == "torch" and any(t.plain for t in texts):
            first, second = args if not texts[0].plain else args[::-1]
            bound = {"max": "min", "min": "max"}[name]
            self.keep(node, f"{first}.clamp({bound}={second})")
            return
        self._statement(node, f"{name}imum", args, reusable)

    def _statement(self, node: Node, function: str, args: list[str], reusable: Text | None) -> None:
        call = f"{self.dialect.module}.{function}({', '.join(map(tight, args))}"
        if reusable is not None:
            self.lines.append(f"{call}, out={reusable.text})")
            self.into(node, reusable)
        elif not self.over_dead(node, function, *args):
            self.keep(node, f"{call})")

    def _contract(self, node: Node) -> None:
        texts = [self.array(inner, places) for inner, places in node.args]
        for text in texts:
            if text.boolean and len(texts) == 1:
                text.text = self.floating(text.text, len(text.places))

        def ones(axes: Sequence[int]) -> str:
            return self.ones([node.axes[k] for k in axes])

        vectors = ones if self.dialect.in_place and not self.index else None
        body = contraction(self.dialect.module, texts, node.rank, vectors)
        if body.startswith("_dots("):
            self.helpers["dots"] = None
        self.keep(node, body)

    def ones(self, axes: Sequence[Axis]) -> str:
        """A vector of ones, made once."""
        key = tuple(axis.size for axis in axes)
        if key not in self.vectors:
            name = self.free_name("ones")
            self.needs_dtype = True
            size = " * ".join(self.size(dim) for dim in key)
            self.lines.append(f"{name} = np.ones({tight(size)}, dtype=dtype)")
            self.vectors[key] = name
        return self.vectors[key]
