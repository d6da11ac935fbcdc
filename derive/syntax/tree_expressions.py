"""The expressions of the syntax tree; all of them are reached through `tree`."""

from dataclasses import dataclass, field
from fractions import Fraction

from derive.diagnostics.span import Span


@dataclass(frozen=True, slots=True)
class Tree:
    """Any construct. Two trees are equal when they say the same, wherever they stand."""

    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Number(Tree):
    """`3`, `0.378`, `2e-3`: exact, with the digits as printed (for the rounding rule of `~`)."""

    value: Fraction
    text: str


@dataclass(frozen=True, slots=True)
class Name(Tree):
    """A name: `x`, `W_Q`, `μ`, `dL`, `pi`, `T`."""

    id: str


@dataclass(frozen=True, slots=True)
class Negative(Tree):
    """`-a`."""

    operand: "Expression"


@dataclass(frozen=True, slots=True)
class Binary(Tree):
    """`a + b` and so on; `op` is one of `+ - * / ^ @`."""

    op: str
    left: "Expression"
    right: "Expression"


@dataclass(frozen=True, slots=True)
class Transpose(Tree):
    """`A.T`."""

    operand: "Expression"


@dataclass(frozen=True, slots=True)
class Attribute(Tree):
    """`cnn.pool1`: a part of a network."""

    operand: "Expression"
    name: str


@dataclass(frozen=True, slots=True)
class Keyword(Tree):
    """`over=n` among the arguments of a call."""

    name: str
    value: "Expression"


@dataclass(frozen=True, slots=True)
class Call(Tree):
    """`f(a, b, over=n)`; `primes` counts the primes of `g''(z)`."""

    function: Name
    arguments: tuple["Expression", ...]
    keywords: tuple[Keyword, ...] = ()
    primes: int = 0


@dataclass(frozen=True, slots=True)
class Subscript(Tree):
    """`x[i]`, `W[i, j+1]`, `delta[i, j]`, `zeros[n, m]`: which of these, the name decides."""

    base: "Expression"
    indices: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Range(Tree):
    """`1..n`, `T-1..1 step -1`; both ends belong to it."""

    start: "Expression"
    stop: "Expression"
    step: "Expression | None" = None


@dataclass(frozen=True, slots=True)
class Binder(Tree):
    """`i` or `i in 1..n`; without a range the index takes that of the axis it stands in."""

    name: str
    range: Range | None = None


@dataclass(frozen=True, slots=True)
class Big(Tree):
    """`sum[i in 1..n, i != c](body)`; `op` is `sum`, `prod`, `max`, `min` or `mean`."""

    op: str
    binders: tuple[Binder, ...]
    conditions: tuple["Comparison", ...]
    body: "Expression"


@dataclass(frozen=True, slots=True)
class Comparison(Tree):
    """`a < b`; `op` is one of `= != < <= > >=`. `~` stands only in `Expect`."""

    op: str
    left: "Expression"
    right: "Expression"


@dataclass(frozen=True, slots=True)
class Indicator(Tree):
    """`[a > b]`: one where true, zero where not. Commas mean `and`: `[i = j, j < n]`."""

    conditions: tuple[Comparison, ...]


@dataclass(frozen=True, slots=True)
class List(Tree):
    """`[1, 2, 3]`, `[[1, 0], [0, 1]]`."""

    items: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Comprehension(Tree):
    """`[f(i, j) for i in 1..n, j in 1..m]`."""

    body: "Expression"
    binders: tuple[Binder, ...]
    conditions: tuple[Comparison, ...]


@dataclass(frozen=True, slots=True)
class Arrow(Tree):
    """`tau -> 0+` inside `limit(...)`; `side` is `+`, `-` or empty."""

    variable: Name
    target: "Expression"
    side: str


Expression = (
    Number
    | Name
    | Negative
    | Binary
    | Transpose
    | Attribute
    | Call
    | Subscript
    | Big
    | Indicator
    | List
    | Comprehension
    | Arrow
)
