"""A file, elaborated: its names with shapes and assumptions, its definitions, its judgements."""

from dataclasses import dataclass, field
from fractions import Fraction

from derive.diagnostics.diagnostic import Diagnostic
from derive.diagnostics.span import Span
from derive.model.layers import Network
from derive.model.scalar import Axis, IndexVariable, Scalar, Tensor
from derive.syntax import tree


@dataclass(frozen=True, slots=True)
class Symbol:
    """A declared tensor. `role` is `input`, `param`, `target`, `const` or `random`."""

    name: str
    role: str
    axes: tuple[Axis, ...]
    properties: frozenset[str]
    span: Span
    latex: str | None = None

    @property
    def hidden(self) -> bool:
        """Not declared: the variable of a limit, the `w'` beside a `w`."""
        return not self.name.isidentifier()


@dataclass(frozen=True, slots=True)
class Recurrence:
    """A loop: `names` are defined together over `axis`, one step after the other.

    `step` is 1, or -1 where the loop runs down. `names` are in the order in which one step computes
    them, the hidden ones that it needs among them. Within a step a name may use those that stand
    before it; of earlier steps, and of the entries given outside of the loop, all.
    """

    names: tuple[str, ...]
    axis: Axis
    step: int
    span: Span


@dataclass(frozen=True, slots=True)
class Definition:
    """A defined name: `name[indices] = body`.

    A hidden one was not named by the user: an argument of a function, a local name of a `def`
    (called like `layernorm.mu`), an expression in `grad(...)`. An index that was free where a
    hidden definition was made is one of its leading indices. `latex` is the printed form.

    One of a `recurrence` may refer to others of it, and to itself; its index number `time` is that
    of the loop. Entries given outside of the loop make the body a `Blocks`, in the axis' order. One
    `of_case` is made for a step of `iterate`.
    """

    name: str
    indices: tuple[IndexVariable, ...]
    body: Scalar
    span: Span
    hidden: bool = False
    is_loss: bool = False
    latex: str | None = None
    recurrence: Recurrence | None = None
    time: int = 0
    of_case: bool = False


@dataclass(frozen=True, slots=True)
class FunctionSymbol:
    """`function g` (a scalar of a scalar, entry by entry) or `function F(x[n]) -> [m]`."""

    name: str
    parameters: tuple[tuple[Axis, ...], ...]
    output: tuple[Axis, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Relation:
    """`left op right` for all values of the free `indices` at which the `conditions` are one.

    `op` is one of `= != < <= > >= ~`. Both sides are aligned: shapes are already those of `indices`
    (a scalar side just does not mention them).
    """

    op: str
    left: Scalar
    right: Scalar
    indices: tuple[IndexVariable, ...] = ()
    conditions: tuple[Scalar, ...] = ()


@dataclass(frozen=True, slots=True)
class Assumption:
    """A fact that the user declared with `assume`, or that a law presumes.

    A hidden one says the same of a copy of what the user spoke of.
    """

    relation: Relation
    text: str
    span: Span
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Law:
    """How the entries of a random tensor are distributed, at its `indices`.

    `kind` is one of `laws.KINDS`, or `moments`: then the parameters are the mean and perhaps the
    variance. The one parameter of `categorical` is the probability of the place `category`.
    """

    kind: str
    indices: tuple[IndexVariable, ...]
    parameters: tuple[Scalar, ...]
    category: IndexVariable | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """A point: closed `given` values of declared tensors (exact, constant sizes), and sizes."""

    name: str
    given: tuple[tuple[str, Tensor], ...]
    sizes: tuple[tuple[str, int], ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Convexity:
    """That `value` is convex in `names` (`sign` 1), or concave (-1).

    Where `value` is smooth, the relation `hessian` says the same: v.T H v has the sign, for all v.
    """

    value: Scalar
    names: tuple[str, ...]
    sign: int
    hessian: Relation


@dataclass(frozen=True, slots=True)
class Judgement:
    """A statement that gets a verdict.

    `kind` is `claim`, `refute`, `step` or `expect`; a `refute` in a case has kind `refute` and a
    `case`. `problem` holds what keeps it from being judged: a diagnostic of severity REFUTED where
    the shapes of the two sides clash, UNDECIDED where it depends on a failed name, ERROR where the
    statement itself is in error; `relation` is then None. `at` lists substitutions to make after
    differentiation. A claim that something is convex has its `convexity`; its relation is that of
    midpoints, which refutes it. `sides` says in words what the two sides are, where the text does
    not. For `~`, `tolerances` has the half-width that the printed digits (or `within`) allow, one
    for each entry of the right side, row by row (one for all if there is one). `read_as` is what a
    formula between dollar signs was understood to say.
    """

    kind: str
    name: str | None
    text: str
    span: Span
    relation: Relation | None
    problem: Diagnostic | None = None
    at: tuple[tuple[str, Tensor], ...] = ()
    case: Case | None = None
    tolerances: tuple[Fraction, ...] = ()
    reason: str | None = None
    convexity: Convexity | None = None
    sides: tuple[str, str] | None = None
    read_as: str | None = None


@dataclass(slots=True)
class Model:
    """All that a file says. `definitions` are in an order in which each uses only earlier ones;
    those of a recurrence stand together, and use one another.

    `errors` are those of statements that are not judged; a judged statement has its own as its
    `problem`. `failed` names what they leave undefined, each with the place of the cause; `defs`
    are the file's own functions, `laws` those of the random tensors in the order of the file,
    `places` where each name was declared.
    """

    dims: tuple[str, ...] = ()
    symbols: dict[str, Symbol] = field(default_factory=dict)
    definitions: dict[str, Definition] = field(default_factory=dict)
    functions: dict[str, FunctionSymbol] = field(default_factory=dict)
    laws: dict[str, Law] = field(default_factory=dict)
    networks: dict[str, Network] = field(default_factory=dict)
    assumptions: list[Assumption] = field(default_factory=list)
    judgements: list[Judgement] = field(default_factory=list)
    prose: list[tuple[Span, str]] = field(default_factory=list)
    errors: list[Diagnostic] = field(default_factory=list)
    failed: dict[str, Span] = field(default_factory=dict)
    defs: dict[str, tree.Function] = field(default_factory=dict)
    places: dict[str, Span] = field(default_factory=dict)
