"""Random expressions of the language, each of which can be written in many ways.

A `Drawing` draws an expression as a tree; `write` gives its text, `reworded` an equal text: sums
and products shuffled and bracketed otherwise, bound indices renamed, products distributed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

DECLARED = """dims n, m
input x[n], y[n], w[m], A[n, n], B[n, m], s, t
const p[n] : positive
const c : positive
"""


@dataclass(frozen=True)
class Leaf:
    """`text` with the names of `indices` in its places: `x[{}]`."""

    text: str
    indices: tuple[int, ...] = ()


@dataclass(frozen=True)
class Many:
    """A sum or a product, of which order and brackets do not matter."""

    sign: str
    parts: tuple["Node", ...]


@dataclass(frozen=True)
class Around:
    """`text` around `parts`: `exp({})`, `({})/({})`."""

    text: str
    parts: tuple["Node", ...]


@dataclass(frozen=True)
class Over:
    """A reduction over an index that is bound here, of a range."""

    text: str
    index: int
    high: str
    body: "Node"


Node = Leaf | Many | Around | Over

SMOOTH = ("exp({})", "tanh({})", "sin({})", "cos({})", "1/(1 + exp({}))", "erf({})", "atan({})")
POWERS = ("({})^2", "({})^3", "-({})", "1/(2 + ({})^2)", "sqrt(1 + ({})^2)", "log(3 + ({})^2)")
KINKED = ("max({}, 0)", "abs({})", "sign({})", "[{} > 0]", "[{} <= 0]", "max({}, 1)")
PARTIAL = (
    "1/({})",
    "({})^(-2)",
    "sqrt({})",
    "log({})",
    "({})^(3/2)",
    "({})^(-1/2)",
    "sqrt(({})^2)",
)
NUMBERS = ("2", "3", "1/2", "(-1)", "n", "pi")
MATRICES = (
    "inv(A)[{}, {}]",
    "(A @ A)[{}, {}]",
    "inv(A + B @ B.T)[{}, {}]",
    "matpow(A, 3)[{}, {}]",
)
PLACES = ("x[argmax(y)]", "max(y)", "y[argmax(A[{}])]", "diag(x)[{}, {}]", "kron(x, w)[{}]")
REDUCTIONS = (
    "sum[{} in 1..{}]({})",
    "sum[{} in 2..{}]({})",
    "prod[{} in 1..{}]({})",
    "max[{} in 1..{}]({})",
    "mean[{} in 1..{}]({})",
)


@dataclass
class Drawing:
    """Draws expressions from a seed; `forms` are what stands around an expression;
    with `rich`, matrix functions, places of maxima, products and maxima occur too."""

    random: Random
    forms: Sequence[str] = (*SMOOTH, *POWERS)
    used: int = 0
    rich: bool = False

    def leaf(self, free: dict[int, str]) -> Leaf:
        """An entry, a number, or an indicator of two indices."""
        pick = self.random.choice
        rows = [i for i, high in free.items() if high == "n"]
        columns = [i for i, high in free.items() if high == "m"]
        made: list[Callable[[], Leaf]] = [
            lambda: Leaf(pick(("s", "t", "c"))),
            lambda: Leaf(pick(NUMBERS)),
        ]
        if rows:
            made += 3 * [lambda: Leaf(pick(("x[{}]", "y[{}]", "p[{}]")), (pick(rows),))]
            made += 2 * [lambda: Leaf("A[{}, {}]", (pick(rows), pick(rows)))]
            made += [lambda: Leaf(pick(("[{} = {}]", "[{} < {}]")), (pick(rows), pick(rows)))]
        if rows and self.rich:
            text = pick((*MATRICES, *PLACES))
            made += 2 * [lambda: Leaf(text, tuple(pick(rows) for _ in range(text.count("{}"))))]
        if columns:
            made += 2 * [lambda: Leaf("w[{}]", (pick(columns),))]
        if rows and columns:
            made += 2 * [lambda: Leaf("B[{}, {}]", (pick(rows), pick(columns)))]
        return pick(made)()

    def node(self, free: dict[int, str], depth: int) -> Node:
        """An expression in the free indices."""
        pick = self.random.random()
        if depth == 0 or pick < 0.08:
            return self.leaf(free)
        if pick < 0.3:
            return Many(" + ", self.parts(free, depth - 1))
        if pick < 0.58:
            return Many("*", self.parts(free, depth - 1))
        if pick < 0.78 and len(free) < 3:
            self.used += 1
            index, high = self.used, self.random.choice(("n", "n", "m"))
            body = self.node({**free, index: high}, depth - 1)
            text = self.random.choice(REDUCTIONS) if self.rich else REDUCTIONS[0]
            return Over(text, index, high, body)
        return Around(self.random.choice(self.forms), (self.node(free, depth - 1),))

    def parts(self, free: dict[int, str], depth: int) -> tuple[Node, ...]:
        """Two or three expressions."""
        return tuple(self.node(free, depth) for _ in range(self.random.choice((2, 2, 3))))


Names = dict[int, str]


def write(node: Node, names: Names | None = None) -> str:
    """The text of an expression; indices that `names` does not have are called `i1`, `i2`, ..."""
    known = names or {}

    def name(index: int) -> str:
        return known.get(index, f"i{index}")

    match node:
        case Leaf(text, indices):
            return text.format(*map(name, indices))
        case Many(sign, parts):
            return "(" + sign.join(write(part, names) for part in parts) + ")"
        case Around(text, parts):
            return text.format(*(write(part, names) for part in parts))
        case Over(text, index, high, body):
            return text.format(name(index), high, write(body, names))


def reworded(node: Node, random: Random, names: Names | None = None) -> str:
    """An equal text: other orders, other brackets, other names of indices."""
    known: Names = dict(names or {})

    def many(sign: str, texts: list[str]) -> str:
        random.shuffle(texts)
        while len(texts) > 1:
            place = random.randrange(len(texts) - 1)
            texts[place : place + 2] = [f"({sign.join(texts[place : place + 2])})"]
        return texts[0]

    def inner(node: Node) -> str:
        match node:
            case Leaf(text, indices):
                return text.format(*(known.get(i, f"i{i}") for i in indices))
            case Many("*", parts) if random.random() < 0.3:
                return distributed(list(parts))
            case Many(sign, parts):
                return many(sign, [inner(part) for part in parts])
            case Around(text, parts):
                return text.format(*map(inner, parts))
            case Over(text, index, high, body):
                known[index] = f"{random.choice('abk')}{len(known)}{index}"
                linear = text.startswith(("sum", "mean"))
                plus = isinstance(body, Many) and body.sign == " + "
                if linear and plus and random.random() < 0.5:
                    sums = [Over(text, index, high, part) for part in body.parts]
                    return many(" + ", [inner(part) for part in sums])
                return text.format(known[index], high, inner(body))

    def distributed(parts: list[Node]) -> str:
        sums = [part for part in parts if isinstance(part, Many) and part.sign == " + "]
        if not sums:
            return many("*", [inner(part) for part in parts])
        chosen = random.choice(sums)
        rest = [part for part in parts if part is not chosen]
        return many(" + ", [many("*", [inner(p) for p in (term, *rest)]) for term in chosen.parts])

    return inner(node)
