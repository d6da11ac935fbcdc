"""The syntax tree: one frozen dataclass per construct, each with its place in the text.

Nothing is resolved here: `dL/dz` is a quotient of two names, `eye[n]` a subscript of a name, and
`softmax(z)` a call of a name. What a name means is settled by `derive.model`.
"""

from dataclasses import dataclass, field
from fractions import Fraction

from derive.diagnostics.span import Span


@dataclass(frozen=True, slots=True)
class Tree:
    """Any construct. Two trees are equal when they say the same, wherever they stand."""

    span: Span = field(compare=False, repr=False)


# --- expressions -------------------------------------------------------------------------------


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


# --- statements --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Prose(Tree):
    """A string on a line of its own."""

    text: str


@dataclass(frozen=True, slots=True)
class Dims(Tree):
    """`dims n, m`."""

    names: tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class Declaration(Tree):
    """One tensor of `input x[d], W[k, d] : onehot`; an axis is an expression or a range.

    `role` is `input`, `param`, `target` or `const`. `latex` is the printed form, if given.
    """

    role: str
    name: Name
    axes: tuple["Expression | Range", ...]
    properties: tuple[Name, ...]
    latex: str | None = None


@dataclass(frozen=True, slots=True)
class Domain(Tree):
    """What follows `for` in a judged statement: `for i in 1..n, j in 1..n, i != j`."""

    binders: tuple[Binder, ...]
    conditions: tuple[Comparison, ...]


@dataclass(frozen=True, slots=True)
class Assume(Tree):
    """`assume sum(q) = 1 for i in 1..n`."""

    relation: Comparison
    domain: Domain | None = None


@dataclass(frozen=True, slots=True)
class Definition(Tree):
    """`z = W @ x + b`; `p[i] = ...` has `indices`; `h[0] = zeros[m]` too.

    `value` is None only in `loss L(y)`, which has `arguments` and says that L is unspecified.
    """

    name: Name
    indices: tuple["Expression", ...]
    value: "Expression | None"
    is_loss: bool = False
    arguments: tuple[Name, ...] = ()
    latex: str | None = None


@dataclass(frozen=True, slots=True)
class FunctionSymbol(Tree):
    """`function g` (no parameters, no output) or `function F(x[n]) -> [m]`."""

    name: Name
    parameters: tuple["Parameter", ...] | None
    output: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Parameter(Tree):
    """`x[n]` or `eps` in the head of a `def` or `function`; an axis that is a name is generic."""

    name: Name
    axes: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Function(Tree):
    """`def layernorm(x[n], gamma[n], beta[n], eps):` with its local definitions and result."""

    name: Name
    parameters: tuple[Parameter, ...]
    body: tuple[Definition, ...]
    result: "Expression"


@dataclass(frozen=True, slots=True)
class Recurrence(Tree):
    """`for t in 1..T:` with the definitions of its body."""

    variable: Name
    range: Range
    body: tuple[Definition, ...]


@dataclass(frozen=True, slots=True)
class Use(Tree):
    """`use "path.derive"`."""

    path: str


@dataclass(frozen=True, slots=True)
class Substitution(Tree):
    """`mu = mean(x)` after `at` or `given`."""

    name: Name
    value: "Expression"


@dataclass(frozen=True, slots=True)
class Claim(Tree):
    """`claim "Q2(b)": L = R at mu = mean(x) for i in 1..n`; `kind` is `claim` or `refute`.

    `latex` holds a claim written between dollar signs; `relation` is then None.
    """

    kind: str
    label: str | None
    relation: Comparison | None
    at: tuple[Substitution, ...] = ()
    domain: Domain | None = None
    latex: str | None = None


@dataclass(frozen=True, slots=True)
class Step(Tree):
    """`= expr by "reason"`, one line of a derivation."""

    value: "Expression"
    reason: str | None


@dataclass(frozen=True, slots=True)
class Derivation(Tree):
    """`derivation dL/dz[j]:` with its steps."""

    head: "Expression"
    steps: tuple[Step, ...]
    label: str | None = None
    domain: Domain | None = None


@dataclass(frozen=True, slots=True)
class Expect(Tree):
    """`expect E = V` or `expect E ~ V within 5%`; `kind` is `expect` or `refute`.

    `op` is `~` or one of a comparison. `percent` says that `within` is relative to what is printed.
    """

    kind: str
    label: str | None
    op: str
    left: "Expression"
    right: "Expression"
    within: "Expression | None" = None
    percent: bool = False


@dataclass(frozen=True, slots=True)
class Iterate(Tree):
    """`iterate 3: w <- w - 0.1 * dL/dw`; each line is a stage of simultaneous updates."""

    count: "Expression"
    stages: tuple[tuple[Substitution, ...], ...]


@dataclass(frozen=True, slots=True)
class Case(Tree):
    """`case "two classes":` with its given values and judged statements, in order."""

    name: str
    given: tuple[Substitution, ...]
    body: tuple["Expect | Iterate", ...]


@dataclass(frozen=True, slots=True)
class Random(Tree):
    """`random q[d] : mean 0, var 1` or `random w[n] : normal(mu, s^2)`."""

    name: Name
    axes: tuple["Expression | Range", ...]
    law: tuple["Expression | Substitution", ...]


@dataclass(frozen=True, slots=True)
class Network(Tree):
    """`network cnn:` with its layers, the first of them inputs (`Declaration`)."""

    name: Name
    body: tuple["Declaration | Definition", ...]


Statement = (
    Prose
    | Dims
    | Declaration
    | Assume
    | Definition
    | FunctionSymbol
    | Function
    | Recurrence
    | Use
    | Claim
    | Derivation
    | Expect
    | Case
    | Random
    | Network
)


@dataclass(frozen=True, slots=True)
class File(Tree):
    """A whole file. `input x[d], y[k]` gives one `Declaration` each, so statements are flat."""

    statements: tuple[Statement, ...]
    broken: tuple[Name, ...] = ()  # what statements that could not be read would have defined
