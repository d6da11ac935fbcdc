"""Codes of statements that were judged and did not succeed, and of judgements that did not end."""

from derive.diagnostics.code import Code

VERDICT: tuple[Code, ...] = (
    Code(
        "claim",
        "a statement is false",
        """\
There is a point, which the message prints, at which both sides differ by more than the error of
the computation. It pastes into NumPy. Where one simple change makes the statement right, that
change is named; it was checked.""",
        "dims n\ninput x[n]\nloss L = sum(x^2)\nclaim dL/dx = x\n",
        "dims n\ninput x[n]\nloss L = sum(x^2)\nclaim dL/dx = 2*x\n",
    ),
    Code(
        "step",
        "a step of a derivation is false",
        """\
Every step is judged against the one before it, and the first against the head. The first false
step is named, with a point at which it differs from the line before.""",
        """\
dims n
input x[n]
derivation sum((x + 1)^2):
    = sum(x^2 + x + 1)
    = sum(x^2) + sum(x) + n
""",
        """\
dims n
input x[n]
derivation sum((x + 1)^2):
    = sum(x^2 + 2*x + 1)
    = sum(x^2) + 2*sum(x) + n
""",
    ),
    Code(
        "expect",
        "a value is not the expected one",
        """\
`=` expects the exact value; `~` accepts what rounds to the digits that are printed, so that
`0.378` stands for anything from 0.3775 to 0.3785. The message prints the right value.""",
        "expect 2/3 ~ 0.66\n",
        "expect 2/3 ~ 0.67\n",
    ),
    Code(
        "refute",
        "a statement that should be false is true",
        "`refute` succeeds on a counterexample, and this statement was proved.",
        "dims n\ninput x[n]\nrefute sum(2*x) = 2*sum(x)\n",
        "dims n\ninput x[n]\nrefute sum(2*x) = sum(x)\n",
    ),
    Code(
        "proved-if",
        "a proof needs a fact that nobody declared",
        """\
The statement holds under the named fact, and may be false without it: the message shows where.
If the fact belongs to the problem, declare it with `assume`, or as a property.""",
        """\
dims k
input z[k]
target y[k]
p = softmax(z)
loss L = -sum(y * log(p))
claim dL/dz = p - y
""",
        """\
dims k
input z[k]
target y[k] : onehot
p = softmax(z)
loss L = -sum(y * log(p))
claim dL/dz = p - y
""",
    ),
    Code(
        "shapes-differ",
        "the two sides of a statement have different shapes",
        """\
A forgotten transpose is a wrong answer, so a clash *between* the two sides refutes the
statement. A clash inside one side is an error in the file (`shape-mismatch`).""",
        "dims d, k\ninput x[d], y[k]\nparam W[k, d]\nloss L = sum(y * (W @ x))\n"
        "claim dL/dW = x @ y.T\n",
        "dims d, k\ninput x[d], y[k]\nparam W[k, d]\nloss L = sum(y * (W @ x))\n"
        "claim dL/dW = y @ x.T\n",
    ),
    Code(
        "depends",
        "what a statement needs is in error",
        """\
A name in this statement has no meaning, because the line that defines it is in error. One cause
gives one message: correct that line, and this statement is judged.""",
        "dims n\ninput x[n]\nz = q\nclaim z = x\n",
        "dims n\ninput x[n]\nz = x\nclaim z = x\n",
    ),
    Code(
        "no-sample",
        "no point satisfies the assumptions",
        """\
Statements without an exact proof are tried at random points that satisfy every assumption. For
an equation that nobody has a recipe for, no such point was found. A `case` with one helps.""",
    ),
    Code(
        "not-shown",
        "neither a proof nor a counterexample was found",
        """\
Both sides agree as far as they were compared, and no exact argument was found. This is no
judgement on the statement. Smaller steps in a `derivation`, or a missing `assume`, often settle
it.""",
    ),
    Code(
        "no-proof",
        "proofs are demanded, and there is none",
        "With `--strict`, a statement that only holds numerically does not succeed.",
    ),
    Code(
        "too-close",
        "a value is too close to the edge of its tolerance to tell",
        """\
The error of the computation reaches across the edge, at any precision that was tried. Print more
digits, or widen the tolerance. Or no enclosure shows that there is a value at all: a matrix may be
singular, a divisor zero.""",
    ),
    Code(
        "timed-out",
        "a statement took too long",
        "Its time was up (`--timeout`). The other statements were still judged.",
    ),
    Code(
        "out-of-memory",
        "a statement took too much memory",
        "The other statements were still judged. Smaller sizes in its case may settle it.",
    ),
    Code(
        "internal",
        "a defect of the checker",
        """\
Two independent routes disagree, or the program failed. This is never the fault of the file:
please report it with the file that shows it.""",
    ),
)
