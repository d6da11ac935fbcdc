"""Mistakes where something is declared, and where a recurrence or a derivative is written."""

from derive.syntax.mistake import NAME, OWN, Mistake

_ROLES = "(?:input|param|target|const)"
_PROPERTIES = (
    "onehot|simplex|unit|positive|nonnegative|integer|binary|sign|symmetric|posdef|invertible"
    "|orthogonal|diagonal"
)

DECLARATIONS: tuple[Mistake, ...] = (
    Mistake(
        "a property follows a colon",
        "",
        "write `: {here}`",
        rf"^{_ROLES}\b.*[\w\])] +(?P<here>(?:{_PROPERTIES}))\b",
        ("target y[n] onehot", "param W[k, d], lam positive"),
    ),
    Mistake(
        "a property is one word",
        "",
        "write `onehot`",
        rf"^{_ROLES}\b.*: *(?P<here>one-hot)\b",
        ("target y[n] : one-hot",),
    ),
    Mistake(
        "the sizes of all axes stand in one pair of brackets",
        "",
        "write `[{first}, {second}]`",
        rf"^{_ROLES}\b.*(?P<here>\[(?P<first>[^\[\]]*)\]\[(?P<second>[^\[\]]*)\])",
        ("param W[k][d]", "input X[n][2*m], t"),
    ),
    Mistake(
        "commas stand between sizes",
        "",
        "write `[{first}, {second}]`",
        rf"^{_ROLES}\b.*(?P<here>\[(?P<first>\w+) +(?:x|X|by) *(?P<second>\w+)\])",
        ("param W[k x d]", "input X[3 x 4]"),
    ),
    Mistake(
        "a law follows a colon",
        "",
        "write `:`",
        r"^random\b[^:]*(?P<here>~)",
        ("random x ~ normal(0, 1)",),
    ),
    Mistake(
        "a `random` line has one law",
        "a second one begins here",
        "write a line for each law",
        r"^random\b[^:]*:[^:]*,[^:]*(?P<here>:)",
        ("random x : normal(0, 1), y : normal(0, 1)",),
    ),
    Mistake(
        "a colon stands between a name and what is judged",
        "",
        "write `{word} {name}: {here}`",
        r'^(?P<word>claim|refute|expect) +(?P<name>"[^"]*") *(?P<here>[^:\s].*)$',
        ('claim "stationary" dL/dmu = 0', 'refute "Q2" a = b'),
        expected="COLON",
    ),
    Mistake(
        "a recurrence stands in a block",
        "a step reads entries of earlier steps",
        "write `{loop}:`, and the definition below it, indented by four blanks",
        rf"^(?P<name>{OWN})\[[^=]*=.*\b(?P=name)\[.*(?P<here>(?P<loop>\bfor\b.*?)) *$",
        ("h[t] = tanh(W @ h[t-1]) for t in 1..T",),
    ),
    Mistake(
        "a second derivative is written as a function",
        "",
        "write `hess({of}, {by})`",
        rf"(?P<here>\bd\^?2 *(?P<of>{NAME}) */ *d(?P<by>{NAME})(?:\^2)?)",
        ("claim d^2L/dw^2 = 2", "z = d^2 L/dw^2"),
    ),
    Mistake(
        "angle brackets have no meaning here",
        "",
        "write `dot({left}, {right})`",
        r"(?P<here><(?P<left>[^<>,=]+), *(?P<right>[^<>,=]+)>)",
        ("z = <x, y>", "claim <a, b> = 1"),
    ),
)
