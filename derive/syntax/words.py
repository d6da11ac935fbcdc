"""The words with a fixed meaning in the grammar; every other name is settled by `derive.model`."""

STATEMENTS = frozenset(
    (
        *("dims", "input", "param", "target", "const", "assume", "loss", "claim", "refute"),
        *("derivation", "case", "given", "expect", "for", "def", "return", "use", "function"),
        *("network", "random", "iterate"),
    )
)
RESERVED = STATEMENTS | frozenset(("by", "at", "in", "within"))

# `sum[i](...)`, `max[i in 1..n](...)`
BIG = frozenset(("sum", "prod", "max", "min", "mean"))

# Known here only so that `: symmetric, posdef, b[n]` can be told apart.
PROPERTIES = frozenset(
    (
        *("onehot", "simplex", "positive", "nonnegative", "integer", "binary", "sign", "unit"),
        *("symmetric", "posdef", "invertible", "orthogonal", "diagonal", "convex"),
    )
)

# They open a block of indented lines.
BLOCKS = r"(?:case|derivation|def|for|network)\b"

# The relation of a claim that is no comparison: `claim convex(L, w)`.
HOLDS = "holds"
