"""Mistakes of those who come from NumPy: modules, methods, and functions of other names."""

import re

from derive.syntax.mistake import NAME, Mistake

MODULES = frozenset(("F", "jnp", "math", "nn", "np", "numpy", "scipy", "tf", "torch"))
PRODUCTS = frozenset(("dot", "matmul", "mm", "bmm", "mv"))
ARRAYS = frozenset(("array", "asarray", "tensor"))
TRANSPOSES = frozenset(("transpose", "t"))
RENAMED = {"average": "mean", "linalg.inv": "inv", "linalg.det": "det", "linalg.norm": "norm"}

CALLS: tuple[Mistake, ...] = (
    Mistake(
        "`where` is no function of the language",
        "a condition in square brackets is one where true, zero where not",
        "write `{yes}*[{test}] + {no}*(1 - [{test}])`",
        r"(?P<here>\b(?:np\.)?where *\((?P<test>[^,()]+),(?P<yes>[^,()]+),(?P<no>[^,()]+)\))",
        ("z = where(b > 0, x, w)", "z = np.where(x == 0, 1, x)"),
    ),
    Mistake(
        "`where` is no function of the language",
        "a condition in square brackets is one where true, zero where not",
        "write `a*[condition] + b*(1 - [condition])`",
        r"(?P<here>\b(?:np\.)?where) *\(.*,.*",
        ("z = where(abs(x) <= 1, x^2, f(x))",),
    ),
    Mistake(
        "a length is written as a word",
        "bars",
        "write `norm({inner})`",
        r"(?P<here>(?:\|\||‖|∥)(?P<inner>[^|‖∥]+)(?:\|\||‖|∥))",
        ("z = ||r||^2", "claim ‖x‖ = 1", "z = sum(x) + ||y||"),
    ),
    Mistake(
        "axes stand in square brackets",
        "round ones are for calls",
        "write `{name}[{dims}]`",
        rf"^(?:input|param|target|const)\b.*?(?P<here>(?P<name>{NAME}) *\((?P<dims>[^()=]*)\))",
        ("param V(d, d)", "input x(n) : positive", "param W[k, d], b(k)"),
        frozenset(("LPAR",)),
    ),
    Mistake(
        "a list stands in square brackets",
        "",
        "write `[{inner}]`",
        r"(?P<here>\((?P<inner>[^()]*,[^()]*)\))",
        ('case "a":\n    given w = (1, 2)', "z = (1, 2, 3)"),
        frozenset(("COMMA",)),
        "RPAR",
    ),
    Mistake(
        "digits are not grouped by commas",
        "",
        "write `{thousands}{rest}`",
        r"(?P<here>\b(?P<thousands>\d{1,3}),(?P<rest>\d{3}))\b",
        ("loss L = 1,000*b", "z = 2 + 10,000"),
        frozenset(("COMMA",)),
    ),
    Mistake(
        "a derivative has above what is differentiated",
        "",
        "write `d{of}/d{by}`",
        rf"(?P<here>\bd */ *d(?P<by>{NAME}) +(?P<of>{NAME}))",
        ("claim d/dw L = 0", "z = 2 * d/dx f"),
    ),
    Mistake(
        "a derivative is written without blanks",
        "",
        "write `d{of}/d{by}`",
        rf"(?P<here>\bd +(?P<of>{NAME}) */ *d *(?P<by>{NAME}))",
        ("claim d L/d w = 0", "claim d L / dw = 0"),
    ),
    Mistake(
        "nothing is imported: functions are there by their names alone",
        "a word of Python",
        'leave the line out; `use "layers.derive"` takes the definitions of another file',
        r"^(?P<here>(?:import|from)\b.*)",
        ("import numpy", "import numpy as np", "from torch import nn"),
    ),
    Mistake(
        "`//` begins no comment",
        "",
        "write `#`",
        rf"(?P<here>//)(?: *$|[^=]*{NAME} +{NAME}.*)",
        ("z = b // what is left", "// a comment here"),
    ),
    Mistake(
        "a line needs no `;` at its end",
        "",
        "leave it out",
        r"(?P<here>;) *$",
        ("loss L = sum(r^2);",),
    ),
    Mistake(
        "`{here}` is no sign of the language",
        "how far a value may be off stands after it",
        "write `within {room}`",
        r"(?P<here>(?:±|\+/-) *(?P<room>[\d.e]+%?))",
        ('case "a":\n    expect f ~ 0.4 ± 0.01', "expect 1 ~ 1 +/- 0.5"),
    ),
    Mistake(
        "`not` is no operator of the language",
        "",
        "write `!=`, or `1 - [a > 0]` for the opposite; `refute ...` says that something is false",
        r"(?P<here>\bnot\b) *",
        ("claim not a = b", "z = [not a]"),
    ),
    Mistake(
        "`:` stands after the name of a statement, and this one has none",
        "",
        'write `{word} ...`, or `{word} "a name": ...`',
        r"^(?P<word>claim|refute|expect)(?P<here> *:)",
        ("claim: a = b", "refute : a = b"),
    ),
    Mistake(
        "a case has a name",
        "none stands here",
        'write `case "...":`',
        r"^case(?P<here> *:)",
        ("case:\n    expect 1 = 1",),
    ),
)


def of_call(called: str, arguments: str) -> tuple[str, str, str] | None:
    """Message, label and help for `np.sum(x)`, `X.T.dot(y)`; None for what is none of these.

    >>> of_call("np.sum", "(r^2)")[2], of_call("X.T.dot", "(y)")[2], of_call("X.sum", "()")[2]
    ('write `sum(r^2)`', 'write `X.T @ (y)`', 'write `sum(X)`')
    """
    owner, dot, name = called.rpartition(".")
    if not dot or not re.fullmatch(NAME, name):
        return None
    inner = arguments.strip()[1:-1].strip()
    module, _, rest = owner.partition(".")
    if module in MODULES:
        name = f"{rest}.{name}" if rest else name
        message = f"there are no modules: `{called}` has a name of its own"
        return message, "a name of Python", f"write `{_function(name, inner)}`"
    message = f"there are no methods: `{name}` cannot stand behind `{owner}`"
    if name in PRODUCTS:
        written = f"{owner} @ ({inner})"
    elif name in TRANSPOSES:
        written = f"{owner}.T"
    else:
        written = f"{RENAMED.get(name, name)}({', '.join(filter(None, (owner, inner)))})"
    return message, "a name of Python", f"write `{written}`"


def _function(name: str, inner: str) -> str:
    """A function of NumPy as it is written here."""
    if name in PRODUCTS and inner.count(",") == 1:
        left, right = inner.split(",")
        return f"{left.strip()} @ {right.strip()}"
    if name in ARRAYS:
        return inner
    name = RENAMED.get(name, name).rpartition(".")[2]
    return f"{name}({inner})"
