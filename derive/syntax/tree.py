"""The syntax tree: one frozen dataclass per construct, each with its place in the text.

Nothing is resolved here: `dL/dz` is a quotient of two names, `eye[n]` a subscript of a name, and
`softmax(z)` a call of a name. What a name means is settled by `derive.model`.
"""

from dataclasses import dataclass

from derive.syntax.tree_expressions import (
    Arrow as Arrow,
)
from derive.syntax.tree_expressions import (
    Attribute as Attribute,
)
from derive.syntax.tree_expressions import (
    Big as Big,
)
from derive.syntax.tree_expressions import (
    Binary as Binary,
)
from derive.syntax.tree_expressions import (
    Binder as Binder,
)
from derive.syntax.tree_expressions import (
    Call as Call,
)
from derive.syntax.tree_expressions import (
    Comparison as Comparison,
)
from derive.syntax.tree_expressions import (
    Comprehension as Comprehension,
)
from derive.syntax.tree_expressions import (
    Expression as Expression,
)
from derive.syntax.tree_expressions import (
    Indicator as Indicator,
)
from derive.syntax.tree_expressions import (
    Keyword as Keyword,
)
from derive.syntax.tree_expressions import (
    List as List,
)
from derive.syntax.tree_expressions import (
    Name as Name,
)
from derive.syntax.tree_expressions import (
    Negative as Negative,
)
from derive.syntax.tree_expressions import (
    Number as Number,
)
from derive.syntax.tree_expressions import (
    Range as Range,
)
from derive.syntax.tree_expressions import (
    Subscript as Subscript,
)
from derive.syntax.tree_expressions import (
    Transpose as Transpose,
)
from derive.syntax.tree_expressions import (
    Tree as Tree,
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
class Formula(Tree):
    """What stands between dollar signs, as it is written; the names in scope say what it means."""

    text: str


@dataclass(frozen=True, slots=True)
class Claim(Tree):
    """`claim "Q2(b)": L = R at mu = mean(x) for i in 1..n`; `kind` is `claim` or `refute`.

    `latex` holds a relation written between dollar signs; `relation` is then None.
    """

    kind: str
    label: str | None
    relation: Comparison | None
    at: tuple[Substitution, ...] = ()
    domain: Domain | None = None
    latex: Formula | None = None


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
class LatexStep(Tree):
    """`$= a + b$ by "reason"`."""

    formula: Formula
    reason: str | None


@dataclass(frozen=True, slots=True)
class LatexDerivation(Tree):
    """A derivation with formulas between dollar signs.

    Without steps, `head` is all of it: the lines of an align block.
    """

    head: "Expression | Formula"
    steps: tuple[Step | LatexStep, ...]
    label: str | None = None
    domain: Domain | None = None


@dataclass(frozen=True, slots=True)
class LatexExpect(Tree):
    r"""`expect $p \approx 0.378$ within 5%`."""

    kind: str
    label: str | None
    formula: Formula
    within: "Expression | None" = None
    percent: bool = False


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
    body: tuple["Expect | LatexExpect | Iterate", ...]


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
    | LatexDerivation
    | Expect
    | LatexExpect
    | Case
    | Random
    | Network
)


@dataclass(frozen=True, slots=True)
class File(Tree):
    """A whole file. `input x[d], y[k]` gives one `Declaration` each, so statements are flat."""

    statements: tuple[Statement, ...]
    broken: tuple[Name, ...] = ()  # what statements that could not be read would have defined
