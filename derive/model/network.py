"""`network` blocks: layers by name, and what can be asked of them.

Each line of a block is a layer of `model.layers`, applied to earlier lines, or a sum or product of
such; another network is a layer, too, and `repeat=L` stacks one L times. What is asked, `shape`,
`params`, `macs`, `receptive` and `memory`, is a dimension: symbolic sizes stay symbolic.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce

from derive.diagnostics.diagnostic import Label
from derive.diagnostics.span import Span
from derive.diagnostics.suggest import nearest
from derive.model.context import Expressions
from derive.model.dim import Dim
from derive.model.failure import Depends, Failure, failure
from derive.model.layers import LAYERS, Given, Kind, Layer, Misfit, Network, Seen, added, product
from derive.model.matrices import stacked
from derive.model.ranges import dim_of, number_of, size_of
from derive.model.scalar import Tensor
from derive.syntax import tree


class Builder:
    """Reads the lines of one network; the failures of single lines are kept in `problems`."""

    def __init__(self, e: Expressions, written: tree.Network) -> None:
        self.e = e
        self.network = Network(written.name.id, written.name.span)
        self.problems: list[Failure] = []
        for line in written.body:
            self.read(line)

    def read(self, line: tree.Declaration | tree.Definition) -> None:
        """One line."""
        network, name = self.network, line.name.id
        try:
            if name in network.places:
                also = (Label(network.places[name], "the first one"),)
                message = f"two layers are called `{name}`"
                raise failure("duplicate-name", message, line.name.span, "again", also=also)
            network.places[name] = line.name.span
            if isinstance(line, tree.Declaration):
                network.layers[name] = self.input(line)
                network.inputs = (*network.inputs, name)
            else:
                network.layers[name] = self.layer(self.value(line))
        except Failure as problem:
            self.problems.append(problem)
            network.failed.setdefault(name, line.name.span)
        except Depends as depends:
            network.failed.setdefault(name, depends.cause)

    def input(self, line: tree.Declaration) -> Layer:
        """`input image[1, 32, 32]`."""
        sizes = []
        for written in line.axes:
            if isinstance(written, tree.Range):
                message = "an axis of a network's input is a size"
                raise failure("misplaced", message, written.span, "write its length")
            sizes.append(size_of(self.e, written))
        shape = tuple(sizes)
        return Layer(shape, seen=(Seen(),) * (len(shape) - 1) if len(shape) > 1 else None)

    @staticmethod
    def value(line: tree.Definition) -> tree.Expression:
        """What a line says."""
        if line.value is None or line.indices:
            raise failure("misplaced", "a layer is named without indices", line.span, "a layer")
        return line.value

    # --- expressions -----------------------------------------------------------------------------

    def layer(self, expr: tree.Expression) -> Layer:
        """What an expression of layers gives."""
        match expr:
            case tree.Name(id=name, span=span):
                found = self.named(name, span)
                return Layer(found.shape, seen=found.seen)
            case tree.Binary(op="+" | "*", left=left, right=right):
                return self.joined((self.layer(left), self.layer(right)), expr)
            case tree.Call():
                return self.call(expr)
        message = f"`{expr.span.text}` is not a layer"
        raise failure(
            "misplaced",
            message,
            expr.span,
            "not a layer",
            helps=("a line applies layers to earlier lines; `+` adds two of one shape",),
        )

    def named(self, name: str, span: Span) -> Layer:
        """An earlier line."""
        network = self.network
        if name in network.failed:
            raise Depends(name, network.failed[name])
        if name in network.layers:
            return network.layers[name]
        near = nearest(name, network.layers)
        raise failure(
            "unknown-name",
            f"no line of `{network.name}` above is called `{name}`",
            span,
            "not a layer",
            notes=(f"above: {', '.join(network.layers) or 'nothing'}",),
            helps=(f"did you mean `{near}`?",) if near is not None else (),
        )

    def call(self, call: tree.Call) -> Layer:
        """A layer of the table, or another network."""
        name = call.function.id
        networks = self.e.scope.model.networks
        inputs = tuple(self.layer(argument) for argument in call.arguments)
        times, keywords = self.repeated(call)
        if name in networks:
            made = self.inner(networks[name], call, inputs, keywords)
        elif name in LAYERS:
            given = Given(inputs, *self.options(call, LAYERS[name], keywords))
            self.count(call, LAYERS[name].inputs, len(inputs))
            try:
                made = LAYERS[name].rule(given)
            except Misfit as misfit:
                raise self.misfit(misfit, call, inputs) from None
        else:
            near = nearest(name, [*LAYERS, *networks])
            raise failure(
                "unknown-name",
                f"there is no layer `{name}`",
                call.function.span,
                "not a layer",
                notes=(f"layers: {', '.join(LAYERS)}",),
                helps=(f"did you mean `{near}`?",) if near is not None else (),
            )
        if times is not None:
            if made.shape != inputs[0].shape:
                reason = f"it makes {text_of(made.shape)} of {text_of(inputs[0].shape)}"
                raise self.misfit(Misfit(reason, "repeat"), call, inputs)
            seen = further(inputs[0].seen, made.seen, times)
            made = Layer(made.shape, times * made.params, times * made.macs, seen)
        return replace(
            made,
            params=reduce(lambda a, b: a + b, (layer.params for layer in inputs), made.params),
            macs=reduce(lambda a, b: a + b, (layer.macs for layer in inputs), made.macs),
        )

    def inner(
        self,
        network: Network,
        call: tree.Call,
        inputs: tuple[Layer, ...],
        keywords: Sequence[tree.Keyword],
    ) -> Layer:
        """Another network as a layer: its last line."""
        if keywords:
            message = f"`{network.name}` has no option `{keywords[0].name}`"
            raise failure("wrong-arguments", message, keywords[0].span, "not an option")
        self.count(call, (len(network.inputs),) * 2, len(inputs))
        if network.failed:
            cause = next(iter(network.failed.values()))
            raise Depends(network.name, cause)
        for name, layer in zip(network.inputs, inputs, strict=True):
            wanted = network.layers[name].shape
            if layer.shape != wanted:
                reason = f"its input `{name}` is {text_of(wanted)}"
                raise self.misfit(Misfit(reason), call, inputs)
        last = list(network.layers.values())[-1]
        return Layer(last.shape, network.params, network.macs)

    def count(self, call: tree.Call, allowed: tuple[int, int], given: int) -> None:
        """Stop where a layer has too few or too many inputs."""
        least, most = allowed
        if not least <= given <= most:
            wanted = str(least) if least == most else f"{least} to {most}"
            message = f"`{call.function.id}` takes {wanted} inputs, not {given}"
            raise failure("wrong-arguments", message, call.span, "options are named, as `out=8`")

    def repeated(self, call: tree.Call) -> tuple[Dim | None, tuple[tree.Keyword, ...]]:
        """How often the layer is stacked, and the options that are left."""
        times = next((k for k in call.keywords if k.name == "repeat"), None)
        rest = tuple(k for k in call.keywords if k.name != "repeat")
        return (None if times is None else size_of(self.e, times.value)), rest

    def options(
        self, call: tree.Call, kind: Kind, keywords: Sequence[tree.Keyword]
    ) -> tuple[dict[str, tuple[Dim, ...]], bool]:
        """The options of a layer, and whether its padding is `same`."""
        found: dict[str, tuple[Dim, ...]] = {}
        same = False
        for keyword in keywords:
            if keyword.name not in kind.options:
                known = ", ".join([*kind.options, "repeat"])
                raise failure(
                    "wrong-arguments",
                    f"`{call.function.id}` has no option `{keyword.name}`",
                    keyword.span,
                    "not an option of this layer",
                    notes=(f"options: {known}",),
                )
            value = keyword.value
            if keyword.name == "padding" and isinstance(value, tree.Name) and value.id == "same":
                same = not self.e.scope.is_declared("same")
            parts = value.items if isinstance(value, tree.List) else (value,)
            found[keyword.name] = (
                ()
                if same and keyword.name == "padding"
                else tuple(dim_of(self.e, part) for part in parts)
            )
        for name, default in kind.options.items():
            if default is None and name not in found:
                message = f"`{call.function.id}` needs `{name}=`"
                raise failure("wrong-arguments", message, call.span, f"no `{name}`")
            if name not in found:
                found[name] = (Dim.of(default),) if isinstance(default, int) else ()
        return found, same

    def joined(self, layers: tuple[Layer, ...], expr: tree.Binary) -> Layer:
        """Two layers added or multiplied."""
        try:
            made = added(layers)
        except Misfit as misfit:
            raise self.misfit(misfit, expr, layers) from None
        params = reduce(lambda a, b: a + b, (layer.params for layer in layers))
        macs = reduce(lambda a, b: a + b, (layer.macs for layer in layers))
        return replace(made, params=params, macs=macs)

    def misfit(
        self, problem: Misfit, expr: tree.Call | tree.Binary, inputs: Sequence[Layer]
    ) -> Failure:
        """The error for a layer that does not fit."""
        span = expr.span
        if isinstance(expr, tree.Call):
            span = next((k.span for k in expr.keywords if k.name == problem.option), span)
        shapes = " and ".join(text_of(layer.shape) for layer in inputs)
        return failure(
            "layer-shape",
            f"a layer does not fit its input: {problem.reason}",
            span,
            problem.reason,
            notes=(f"the input has shape {shapes}",),
        )


def further(
    before: tuple[Seen, ...] | None, after: tuple[Seen, ...] | None, times: Dim
) -> tuple[Seen, ...] | None:
    """What is seen through a layer that is stacked: each time as much more, for strides of one."""
    if before is None or after is None or len(before) != len(after):
        return None
    pairs = list(zip(before, after, strict=True))
    if any(first.step != last.step for first, last in pairs):
        return None
    return tuple(
        Seen(first.size + times * (last.size - first.size), first.step) for first, last in pairs
    )


def text_of(shape: Sequence[Dim]) -> str:
    """`[8, 7, 7]`."""
    return f"[{', '.join(map(str, shape))}]" if shape else "no axes"


# --- what can be asked ---------------------------------------------------------------------------


def find(e: Expressions, expr: tree.Expression) -> Network | Layer | None:
    """The network or layer that `net` or `net.layer` names; None where it is neither."""
    networks = e.scope.model.networks
    match expr:
        case tree.Name(id=name) if name in networks:
            if networks[name].failed:
                raise Depends(name, next(iter(networks[name].failed.values())))
            return networks[name]
        case tree.Attribute(operand=tree.Name(id=name, span=span), name=part):
            if name not in networks:
                if e.scope.is_declared(name):
                    message = f"`{name}` is not a network, and has no parts"
                    raise failure("misplaced", message, expr.span, "no parts")
                e.tensor(tree.Name(span, name))  # says that nothing has this name
            network = networks[name]
            if part in network.failed:
                raise Depends(f"{name}.{part}", network.failed[part])
            if part in network.layers:
                return network.layers[part]
            near = nearest(part, network.layers)
            raise failure(
                "unknown-name",
                f"`{name}` has no layer `{part}`",
                expr.span,
                "not a layer",
                notes=(f"layers: {', '.join(network.layers)}",),
                helps=(f"did you mean `{name}.{near}`?",) if near is not None else (),
            )
    return None


def shape_of(e: Expressions, expr: tree.Expression) -> Tensor | None:
    """The shape of a layer as a vector; None where the expression is not one."""
    found = find(e, expr)
    if found is None:
        return None
    layer = list(found.layers.values())[-1] if isinstance(found, Network) else found
    return stacked([Tensor((), number_of(size)) for size in layer.shape])


def params(e: Expressions, call: tree.Call) -> Tensor:
    """`params(net)`, `params(net.layer)`."""
    return Tensor((), number_of(_needed(e, call).params))


def macs(e: Expressions, call: tree.Call) -> Tensor:
    """`macs(net)`, `macs(net.layer)`."""
    return Tensor((), number_of(_needed(e, call).macs))


def receptive(e: Expressions, call: tree.Call) -> Tensor:
    """`receptive(net.layer)`: one number, or one for each axis where they differ."""
    found = _needed(e, call)
    if isinstance(found, Network) or not found.seen:
        message = f"`{call.arguments[0].span.text}` does not move a window over its input"
        raise failure("misplaced", message, call.span, "no receptive field")
    sizes = [seen.size for seen in found.seen]
    if all(size == sizes[0] for size in sizes):
        return Tensor((), number_of(sizes[0]))
    return stacked([Tensor((), number_of(size)) for size in sizes])


def memory(e: Expressions, call: tree.Call) -> Tensor:
    """`memory(x)`: the bytes of a tensor, of a layer's output, of a network's parameters."""
    each = dim_of(e, call.arguments[1]) if len(call.arguments) > 1 else Dim.of(4)
    found = find(e, call.arguments[0])
    match found:
        case Network():
            entries = found.params
        case Layer():
            entries = product(found.shape)
        case None:
            axes = e.tensor(call.arguments[0]).axes
            entries = product(tuple(range_.size for range_ in axes))
    return Tensor((), number_of(entries * each))


def _needed(e: Expressions, call: tree.Call) -> Network | Layer:
    found = find(e, call.arguments[0])
    if found is None:
        message = f"`{call.function.id}` is of a network or of one of its layers"
        raise failure("misplaced", message, call.arguments[0].span, "not a network or layer")
    return found


def part_has_no_value(expr: tree.Attribute) -> Failure:
    """The error for `net.layer` among numbers."""
    return failure(
        "misplaced",
        f"`{expr.span.text}` has a shape and parameters, and no values",
        expr.span,
        "a layer of a network",
        helps=("ask for its `shape(...)`, `params(...)`, `macs(...)`, `receptive(...)`",),
    )
