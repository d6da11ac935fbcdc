"""The layers of a `network`: what each makes of a shape, how many parameters it has, what it costs.

One table. A row says the options of a layer and its rule; a rule is a formula with a source. Axes
are those of one sample: `[channels, height, width]` for an image, `[tokens, width]` for a text;
axes in front of these are mapped over. A count of multiply-accumulates (`macs`) leaves out what
only adds, compares or looks up.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import reduce

from derive.diagnostics.span import Span
from derive.model.dim import ONE, ZERO, Dim

Shape = tuple[Dim, ...]
TWO, FOUR = map(Dim.of, (2, 4))


@dataclass(frozen=True, slots=True)
class Seen:
    """Along one axis of an image: how much of the input an entry sees, and how far apart two see.

    Source: Araujo, Norris and Sim, Computing Receptive Fields, Distill 2019, eqs. 1 and 2.
    """

    size: Dim = ONE
    step: Dim = ONE


@dataclass(frozen=True, slots=True)
class Layer:
    """What a layer gives: a shape; what it has and costs; what one entry sees of the input."""

    shape: Shape
    params: Dim = ZERO
    macs: Dim = ZERO
    seen: tuple[Seen, ...] | None = None


@dataclass(slots=True)
class Network:
    """A network: its layers by name, in order; `inputs` are the first of them.

    `failed` has the places of the lines that could not be read.
    """

    name: str
    span: Span
    inputs: tuple[str, ...] = ()
    layers: dict[str, Layer] = field(default_factory=dict)
    places: dict[str, Span] = field(default_factory=dict)
    failed: dict[str, Span] = field(default_factory=dict)

    @property
    def params(self) -> Dim:
        """The parameters of all layers."""
        return reduce(lambda a, b: a + b, (layer.params for layer in self.layers.values()), ZERO)

    @property
    def macs(self) -> Dim:
        """The multiply-accumulates of all layers."""
        return reduce(lambda a, b: a + b, (layer.macs for layer in self.layers.values()), ZERO)


class Misfit(Exception):
    """A layer does not fit its input: the reason, and the option to blame, if one is."""

    def __init__(self, reason: str, option: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.option = option


@dataclass(frozen=True, slots=True)
class Given:
    """The inputs of a layer and its options, a number for each axis where there are several."""

    inputs: tuple[Layer, ...]
    options: Mapping[str, tuple[Dim, ...]]
    same: bool = False

    def one(self, name: str) -> Dim:
        """An option that is one number."""
        values = self.options[name]
        if len(values) > 1:
            raise Misfit(f"`{name}` is one number", name)
        return values[0]

    def each(self, name: str, axes: int) -> tuple[Dim, ...]:
        """An option for each axis: one number stands for all."""
        values = self.options[name]
        if len(values) not in (1, axes):
            raise Misfit(f"`{name}` has {len(values)} numbers for {axes} axes", name)
        return values * axes if len(values) == 1 else values

    @property
    def shape(self) -> Shape:
        """The shape of the first input."""
        return self.inputs[0].shape


@dataclass(frozen=True, slots=True)
class Kind:
    """A row of the table: the options with their defaults (None: must be given), and the rule."""

    rule: Callable[[Given], Layer]
    options: Mapping[str, int | str | None] = field(default_factory=dict)
    inputs: tuple[int, int] = (1, 1)


def product(dims: Shape) -> Dim:
    """The number of entries of a shape."""
    return reduce(lambda a, b: a * b, dims, ONE)


def divided(dim: Dim, by: Dim) -> Dim | None:
    """`dim` over `by`, rounded down; None where that is no dimension."""
    if len(by.terms) != 1:
        return ONE if dim == by else None
    ((names, factor),) = by.terms
    terms = []
    for monomial, coefficient in dim.terms:
        rest = list(monomial)
        for name in names:
            if name not in rest:
                return None
            rest.remove(name)
        if coefficient % factor and monomial:
            return None
        terms.append((tuple(rest), coefficient // factor))
    return Dim(tuple((m, c) for m, c in terms if c))


def width_of(shape: Shape) -> Dim:
    """The last axis."""
    if not shape:
        raise Misfit("the input is a number, and has no axis")
    return shape[-1]


# --- images --------------------------------------------------------------------------------------


def _places(given: Given, axes: int, default_stride: str = "stride") -> list[tuple[Dim, Seen]]:
    """Floor((n + 2 padding - dilation (kernel - 1) - 1)/stride) + 1 along each axis.

    Source: Dumoulin and Visin, A guide to convolution arithmetic, relationship 15.
    """
    shape = given.shape
    if len(shape) <= axes:
        raise Misfit(f"the input has {len(shape)} axes, and {axes + 1} are needed: channels first")
    kernels = given.each("kernel", axes)
    strides = given.each(default_stride, axes) if given.options["stride"] else kernels
    dilations = given.each("dilation", axes)
    paddings = (ZERO,) * axes if given.same else given.each("padding", axes)
    seen = given.inputs[0].seen or (Seen(),) * axes
    found = []
    for n, kernel, stride, dilation, padding, before in zip(
        shape[-axes:], kernels, strides, dilations, paddings, seen[-axes:], strict=True
    ):
        reach = dilation * (kernel - ONE)
        if given.same:
            size = divided(n - ONE, stride)
        else:
            free = n + padding + padding - reach - ONE
            if free.constant is not None and free.constant < 0:
                wide = n + padding + padding
                raise Misfit(f"a kernel of {kernel} does not fit in {wide}", "kernel")
            size = divided(free, stride)
        if size is None:
            raise Misfit(f"{n} with a kernel of {kernel} is no multiple of {stride}", "stride")
        wider = Seen(before.size + reach * before.step, before.step * stride)
        found.append((size + ONE, wider))
    return found


def _convolution(axes: int) -> Callable[[Given], Layer]:
    def rule(given: Given) -> Layer:
        """Parameters: out (channels/groups prod(kernel) + 1); an entry reads one such window."""
        places = _places(given, axes)
        channels, out, groups = given.shape[-axes - 1], given.one("out"), given.one("groups")
        for name, number in (("channels", channels), ("out", out)):
            part = divided(number, groups)
            if part is None or part * groups != number:
                raise Misfit(f"{groups} groups do not part {number} {name}", "groups")
        inner = divided(channels, groups) or channels
        window = inner * product(given.each("kernel", axes))
        params = out * window + out * given.one("bias")
        spatial = tuple(size for size, _ in places)
        shape = (*given.shape[: -axes - 1], out, *spatial)
        return Layer(shape, params, product(shape) * window, tuple(seen for _, seen in places))

    return rule


def _pooling(axes: int) -> Callable[[Given], Layer]:
    def rule(given: Given) -> Layer:
        """A window moves by its own size, unless the stride says otherwise; no parameters."""
        places = _places(given, axes)
        shape = (*given.shape[:-axes], *(size for size, _ in places))
        return Layer(shape, seen=tuple(seen for _, seen in places))

    return rule


def _global_pool(given: Given) -> Layer:
    """One number for each channel."""
    if len(given.shape) < 2:
        raise Misfit("the input has no axes behind its channels")
    return Layer(given.shape[:1])


def _flatten(given: Given) -> Layer:
    """All entries, one after the other."""
    return Layer((product(given.shape),))


# --- vectors and sequences -----------------------------------------------------------------------


def _linear(given: Given) -> Layer:
    """W x + b over the last axis: out (in + 1) parameters."""
    width, out = width_of(given.shape), given.one("out")
    shape = (*given.shape[:-1], out)
    return Layer(shape, out * width + out * given.one("bias"), product(shape) * width)


def _same(given: Given) -> Layer:
    """Entry by entry, or a normalisation without parameters."""
    return Layer(given.shape, seen=given.inputs[0].seen)


def _embedding(given: Given) -> Layer:
    """A row of a table for each token."""
    width = given.one("width")
    return Layer((*given.shape, width), given.one("vocabulary") * width)


def _positions(given: Given) -> Layer:
    """A learned vector for each place, added."""
    return Layer(given.shape, given.one("length") * width_of(given.shape))


def _normalised(axis: int, vectors: int) -> Callable[[Given], Layer]:
    def rule(given: Given) -> Layer:
        """A scale, and perhaps a shift, for each feature (last axis) or channel (first axis)."""
        width_of(given.shape)
        features = Dim.of(vectors) * given.shape[axis]
        return Layer(given.shape, features, seen=given.inputs[0].seen)

    return rule


def _attention(given: Given) -> Layer:
    """Four maps of the width to itself; keys and values narrower where heads share them.

    Source: Vaswani et al., 2017, section 3.2.2; Ainslie et al., 2023, for shared keys and values.
    """
    if len(given.shape) < 2:
        raise Misfit("attention is over the rows of a matrix: [tokens, width]")
    tokens, width = given.shape[-2:]
    context = given.inputs[-1].shape[-2]
    if given.inputs[-1].shape[-1] != width:
        raise Misfit(f"the context has width {given.inputs[-1].shape[-1]}, not {width}")
    heads = given.one("heads")
    shared = given.one("kv_heads") if given.options["kv_heads"] else heads
    for number, parts, option in ((width, heads, "heads"), (heads, shared, "kv_heads")):
        if number.constant is not None and parts.constant and number.constant % parts.constant:
            raise Misfit(f"{parts} does not divide {number}", option)
    narrow = width
    if shared != heads:
        head = divided(width * shared, heads)
        if head is None or head * heads != width * shared:
            raise Misfit(f"{heads} is not known to divide {width * shared}", "heads")
        narrow = head
    params = TWO * width * (width + narrow) + given.one("bias") * TWO * (width + narrow)
    maps = tokens * TWO * width * width + context * TWO * width * narrow
    scores = TWO * tokens * context * width
    batch = product(given.shape[:-2])
    return Layer(given.shape, params, batch * (maps + scores))


def _feedforward(given: Given) -> Layer:
    """Two maps with a nonlinearity between them; gated, three.

    Source: Vaswani et al., 2017, section 3.3; Shazeer, 2020, for the gate.
    """
    width, hidden = width_of(given.shape), given.one("hidden")
    gates = ONE + given.one("gated")
    weights = (gates + ONE) * width * hidden
    biases = given.one("bias") * (gates * hidden + width)
    return Layer(given.shape, weights + biases, product(given.shape[:-1]) * weights)


def _transformer_block(given: Given) -> Layer:
    """Attention and a feed-forward layer, each with a layer norm before it and a sum after it."""
    attention, forward = _attention(given), _feedforward(given)
    norms = FOUR * width_of(given.shape)
    params = attention.params + forward.params + norms
    return Layer(given.shape, params, attention.macs + forward.macs)


def _recurrent(gates: int) -> Callable[[Given], Layer]:
    def rule(given: Given) -> Layer:
        """For each gate a map of the input, one of the state, and `biases` vectors.

        Source: Hochreiter and Schmidhuber, 1997; Cho et al., 2014.
        """
        width, hidden = width_of(given.shape), given.one("hidden")
        weights = Dim.of(gates) * hidden * (width + hidden)
        params = weights + Dim.of(gates) * given.one("biases") * hidden
        shape = (*given.shape[:-1], hidden)
        return Layer(shape, params, product(given.shape[:-1]) * weights)

    return rule


# --- several inputs ------------------------------------------------------------------------------


def _concat(given: Given) -> Layer:
    """Joined along one axis, the last unless `axis` says which."""
    axis = given.one("axis").constant if given.options["axis"] else len(given.shape)
    if axis is None or not 1 <= axis <= len(given.shape):
        raise Misfit(f"there is no axis {axis}", "axis")
    for other in given.inputs[1:]:
        rest = (*other.shape[: axis - 1], *other.shape[axis:])
        if rest != (*given.shape[: axis - 1], *given.shape[axis:]):
            raise Misfit("the other axes differ")
    total = reduce(lambda a, b: a + b, (layer.shape[axis - 1] for layer in given.inputs))
    return Layer((*given.shape[: axis - 1], total, *given.shape[axis:]), seen=_widest(given.inputs))


def added(layers: tuple[Layer, ...]) -> Layer:
    """Layers of one shape, added or multiplied entry by entry."""
    if any(layer.shape != layers[0].shape for layer in layers):
        raise Misfit("the two have different shapes")
    return Layer(layers[0].shape, seen=_widest(layers))


def _widest(layers: tuple[Layer, ...]) -> tuple[Seen, ...] | None:
    """What is seen through either input; None where that is not certain."""
    first, *others = (layer.seen for layer in layers)
    for other in others:
        if first is None or other is None or len(first) != len(other):
            return None
        pairs = [(a.size.constant, b.size.constant) for a, b in zip(first, other, strict=True)]
        if any(a is None or b is None for a, b in pairs) and first != other:
            return None
        first = tuple(
            x if (a or 0) >= (b or 0) else y
            for (a, b), x, y in zip(pairs, first, other, strict=True)
        )
    return first


_WINDOW: dict[str, int | str | None] = {"kernel": None, "stride": 1, "padding": 0, "dilation": 1}
_CONVOLUTION = {"out": None, **_WINDOW, "groups": 1, "bias": 1}
_POOLING = {**_WINDOW, "stride": ""}
_ATTENTION: dict[str, int | str | None] = {"heads": None, "kv_heads": "", "bias": 1}
_FORWARD: dict[str, int | str | None] = {"hidden": None, "gated": 0, "bias": 1}

LAYERS: dict[str, Kind] = {
    **{f"conv{k}d": Kind(_convolution(k), _CONVOLUTION) for k in (1, 2, 3)},
    **{f"maxpool{k}d": Kind(_pooling(k), _POOLING) for k in (1, 2, 3)},
    **{f"avgpool{k}d": Kind(_pooling(k), _POOLING) for k in (1, 2, 3)},
    "globalpool": Kind(_global_pool),
    "flatten": Kind(_flatten),
    "linear": Kind(_linear, {"out": None, "bias": 1}),
    **dict.fromkeys(("relu", "sigmoid", "tanh", "gelu", "silu", "softmax", "dropout"), Kind(_same)),
    "embedding": Kind(_embedding, {"vocabulary": None, "width": None}),
    "positions": Kind(_positions, {"length": None}),
    "layernorm": Kind(_normalised(-1, 2)),
    "rmsnorm": Kind(_normalised(-1, 1)),
    "batchnorm": Kind(_normalised(0, 2)),
    "attention": Kind(_attention, _ATTENTION, (1, 2)),
    "feedforward": Kind(_feedforward, _FORWARD),
    "transformer_block": Kind(_transformer_block, {**_ATTENTION, **_FORWARD}),
    "rnn": Kind(_recurrent(1), {"hidden": None, "biases": 1}),
    "gru": Kind(_recurrent(3), {"hidden": None, "biases": 1}),
    "lstm": Kind(_recurrent(4), {"hidden": None, "biases": 1}),
    "concat": Kind(_concat, {"axis": ""}, (2, 16)),
}
"""All layers. An empty default is one that the layer itself finds."""
