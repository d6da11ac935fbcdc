"""Codes of statements that can be read but mean nothing: names, shapes, properties, calls."""

from derive.diagnostics.code import Code

MODEL: tuple[Code, ...] = (
    Code(
        "unknown-name",
        "a name has no meaning here",
        """\
Names are declared (`dims`, `input`, `param`, `target`, `const`), defined (`z = ...`) or built
in, and stand above the line that uses them. The message lists what is in scope.""",
        "dims n\ninput x[n]\nclaim sum(x) = sum(q)\n",
        "dims n\ninput x[n], q[n]\nassume sum(q) = sum(x)\nclaim sum(x) = sum(q)\n",
    ),
    Code(
        "duplicate-name",
        "a name is given a second meaning",
        """\
A name has one meaning in a file, so that every statement can be read by itself. Give the new
value a name of its own.""",
        "dims n\ninput x[n]\nz = x + 1\nz = x + 2\n",
        "dims n\ninput x[n]\nz = x + 1\nw = x + 2\n",
    ),
    Code(
        "shape-mismatch",
        "two shapes do not fit",
        """\
Separate `dims` are never taken to be equal, even where a case gives both the same value. `@`
contracts the last axis of its left side with the last but one of its right side; `+ - * /` need
equal shapes, a scalar, or shapes that align from the last axis. Where the two sides of a judged
statement differ in shape, the statement is refuted instead (`shapes-differ`).""",
        "dims d, k\ninput x[d]\nparam W[k, d]\nz = x @ W\n",
        "dims d, k\ninput x[d]\nparam W[k, d]\nz = W @ x\n",
    ),
    Code(
        "latex",
        "a formula between dollar signs cannot be read",
        """\
Between dollar signs stands LaTeX: `\\frac`, `\\partial`, `\\sum_{i=1}^{n}`, `\\top`, `\\odot`,
brackets and scripts, with the names of the file in their printed form or their plain spelling.
What is not known is an error, never a verdict.""",
        """\
dims n
input x[n]
loss L = sum(x^2)
claim $\\frac{\\partial L}{\\partial x} = \\foo x$
""",
        """\
dims n
input x[n]
loss L = sum(x^2)
claim $\\frac{\\partial L}{\\partial x} = 2 x$
""",
    ),
    Code(
        "latex-ambiguous",
        "a formula between dollar signs has two readings",
        """\
The names and shapes in scope settle what stands side by side. Where they leave two readings,
neither is chosen: the message shows both, and says how to write the one that is meant.""",
        """\
dims n
input x[n], y[n]
claim $x y = y x$
""",
        """\
dims n
input x[n], y[n]
claim $x^\\top y = y^\\top x$
""",
    ),
    Code(
        "layer-shape",
        "a layer does not fit its input",
        """\
Each layer of a `network` makes a shape of the shapes that it is given. A kernel has to fit into its
input, heads have to divide the width, and what is added has one shape. Where a size is symbolic, a
stride has to divide it for all values: `input x[2*m]` for a stride of 2.""",
        "network cnn:\n    input x[3, 4, 4]\n    c = conv2d(x, out=1, kernel=5)\n",
        "network cnn:\n    input x[3, 4, 4]\n    c = conv2d(x, out=1, kernel=3)\n"
        "expect shape(cnn.c) = [1, 2, 2]\n",
    ),
    Code(
        "wrong-law",
        "the law of a random tensor is not one",
        """\
A random tensor has a law by name, such as `normal(mu, s^2)`, or a mean and perhaps a variance:
`mean 0, var 1`. Probabilities sum to 1, and a variance is not negative.""",
        "dims n\nrandom x[n] : normall(0, 1)\n",
        "dims n\nrandom x[n] : normal(0, 1)\nclaim Var(sum(x)) = n\n",
    ),
    Code(
        "cyclic-use",
        "files use each other in a circle",
        """\
`use` takes the definitions of another file, which must be complete without this one. Move what
both need to a third file.""",
        'use "cyclic.derive"\n',
    ),
    Code(
        "path-outside",
        "a path leaves the folder",
        """\
`use` reads files beside or below the file that it stands in. An absolute path, or one with
`..`, would let a file from anybody read yours.""",
        'use "../secret.derive"\n',
    ),
    Code(
        "unknown-property",
        "there is no such property",
        """\
The properties are `onehot`, `simplex`, `positive`, `nonnegative`, `integer`, `binary`, `sign`,
`unit`, `symmetric`, `posdef`, `invertible`, `orthogonal` and `diagonal`. Any other fact is
declared with `assume`.""",
        "dims n\ninput x[n] : increasing\n",
        "dims n\ninput x[n]\nassume x[i] < x[i + 1] for i in 1..n - 1\n",
    ),
    Code(
        "property-shape",
        "a property is of tensors of another shape",
        """\
`onehot`, `simplex` and `unit` are of vectors; `symmetric`, `posdef` and the like of square
matrices.""",
        "dims n, m\ninput A[n, m] : symmetric\n",
        "dims n\ninput A[n, n] : symmetric\n",
    ),
    Code(
        "index-out-of-range",
        "an entry does not exist",
        """\
The index is surely outside of its axis. `pad0(x)[i]` is zero there.""",
        "input x[3]\nclaim x[4] = 0\n",
        "input x[3]\nclaim pad0(x)[4] = 0\n",
    ),
    Code(
        "index-range",
        "an index has two ranges, or an empty one",
        """\
An index without a range runs over the axis that it stands on. On two axes of different ranges
it has to be given one: `sum[i in 1..n](...)`.""",
        "dims n, m\ninput x[n], y[m]\nz = sum[i](x[i]*y[i])\n",
        "dims n\ninput x[n], y[n]\nz = sum[i](x[i]*y[i])\n",
    ),
    Code(
        "own-future",
        "a loop reads what it has not computed yet",
        """\
A step of `for t in 1..T:` reads entries at earlier `t`, those given outside of the loop, and at
its own `t` those of the names that stand above. A loop that runs down, `for t in T-1..1 step -1:`,
reads entries at later `t`. What a position reaches must follow from the ranges and conditions.""",
        "dims T\ninput x[T]\nh[0] = 0\nfor t in 1..T-1:\n    h[t] = h[t+1] + x[t]\n",
        "dims T\ninput x[T]\nh[0] = 0\nfor t in 1..T-1:\n    h[t] = h[t-1] + x[t]\n",
    ),
    Code(
        "undefined-entry",
        "an entry is never defined",
        """\
A loop defines the entries of its names on its own range. All others that are read, or that lie
between, are defined one by one outside of it, before or after the loop.""",
        "dims T\nF[1] = 1\nfor t in 2..T:\n    F[t] = F[t-1] + F[t-2]\n",
        "dims T\nF[1] = 1\nF[2] = 1\nfor t in 3..T:\n    F[t] = F[t-1] + F[t-2]\n",
    ),
    Code(
        "defined-twice",
        "an entry is defined twice",
        """\
Each entry has one definition: by the loop, or outside of it. A loop that starts at 1 takes its
start from entry 0.""",
        "dims T\nh[1] = 0\nfor t in 1..T:\n    h[t] = 1\n",
        "dims T\nh[0] = 0\nfor t in 1..T:\n    h[t] = h[t-1] + 1\n",
    ),
    Code(
        "not-an-index",
        "a tensor stands where an index is needed",
        "An index is an integer, or a sum or product of integers, dimensions and names of indices.",
        "dims n\ninput x[n], y[n]\nz = x[y]\n",
        "dims n\ninput x[n], y[n]\nz[i] = x[i]*y[i]\n",
    ),
    Code(
        "too-many-indices",
        "more indices than axes",
        "`X[i, j]` is an entry of a matrix, `X[i]` its row; a vector takes one index.",
        "dims n\ninput x[n]\nz = x[1, 1]\n",
        "dims n\ninput x[n]\nz = x[1]\n",
    ),
    Code(
        "not-a-dimension",
        "a size is no dimension",
        "The size of an axis is an integer, a name from `dims`, or a sum or product of these.",
        "const a\ninput x[a]\n",
        "dims a\ninput x[a]\n",
    ),
    Code(
        "no-such-axis",
        "`over` names an axis that is not there",
        """\
`over=n` reduces over the axis of size `n`; `over=1` over the first axis. The tensor has no such
axis.""",
        "dims n, m\ninput X[n, n]\nz = sum(X, over=m)\n",
        "dims n, m\ninput X[n, m]\nz = sum(X, over=m)\n",
    ),
    Code(
        "ambiguous-axis",
        "`over` names two axes",
        "Where two axes have the same size, say which one by its place: `over=1`, `over=2`.",
        "dims n\ninput X[n, n]\nz = sum(X, over=n)\n",
        "dims n\ninput X[n, n]\nz = sum(X, over=1)\n",
    ),
    Code(
        "not-a-scalar",
        "one number is needed",
        """\
A loss, a bound of a range and the first argument of `grad` and `hess` are single numbers.""",
        "dims n\ninput x[n]\nloss L = x^2\n",
        "dims n\ninput x[n]\nloss L = sum(x^2)\n",
    ),
    Code(
        "not-square",
        "a matrix must be square",
        "`trace`, `det`, `logdet`, `inv` and `matpow` are of square matrices.",
        "dims n, m\ninput A[n, m]\nz = det(A)\n",
        "dims n, m\ninput A[n, m]\nz = det(A @ A.T)\n",
    ),
    Code(
        "ragged-literal",
        "the rows of a list differ in length",
        "The entries of a list have one shape, so that the list is a tensor.",
        "z = [[1, 2], [3]]\n",
        "z = [[1, 2], [3, 0]]\n",
    ),
    Code(
        "not-a-function",
        "what is called is no function",
        "`x(3)` calls `x`. A product is written `x*3`, an entry `x[3]`.",
        "dims n\ninput x[n]\nz = x(3)\n",
        "dims n\ninput x[n]\nz = x*3\n",
    ),
    Code(
        "wrong-arguments",
        "a function is called with arguments that it does not take",
        "The message says how many arguments there are and what each may be.",
        "dims n\ninput x[n]\nz = exp(x, 2)\n",
        "dims n\ninput x[n]\nz = exp(2*x)\n",
    ),
    Code(
        "recursive-function",
        "a function calls itself",
        """\
A function stands for its text, so it must end. A repeated computation is a recurrence: `for t
in 1..T:`.""",
        "def f(x):\n    return f(x) + 1\nz = f(3)\n",
        "def f(x):\n    return x + 1\nz = f(3)\n",
    ),
    Code(
        "misplaced",
        "something stands where it has no meaning",
        "The message says what stands there, and where it could stand.",
        "dims n\ninput x[n]\nz = relu'(x)\n",
        "dims n\ninput x[n]\nfunction g\nz = g'(x)\n",
    ),
    Code(
        "not-differentiable",
        "an expression cannot be differentiated",
        """\
`argmax`, and whatever else jumps, has no derivative that means anything. It is an error, never
a silent zero.""",
    ),
    Code(
        "not-expressible",
        "another notation or library has no name for something",
        """\
The message says for what. An unspecified function has no values that could be computed; SymPy, as
it is used here, has no loops.""",
    ),
    Code(
        "not-differentiable-by",
        "nothing can be differentiated by this",
        """\
A derivative is by a declared or defined tensor, or by an entry of one: `dL/dz`, `dL/dW[i, j]`,
`grad(sum(x^2), x)`.""",
        "dims n\ninput x[n]\nloss L = sum(x)\nclaim grad(L, 2*x) = 0\n",
        "dims n\ninput x[n]\nloss L = sum(x)\nclaim grad(L, x) = ones[n]\n",
    ),
    Code(
        "given-clash",
        "the values of a case contradict each other",
        """\
The sizes of the given values fix the dimensions: each dimension must come out the same
everywhere, and a name is given once.""",
        """\
dims n
input x[n], y[n]
case "sizes":
    given x = [1, 2], y = [1, 2, 3]
    expect sum(x) = 3
""",
        """\
dims n
input x[n], y[n]
case "sizes":
    given x = [1, 2], y = [1, 2]
    expect sum(x) = 3
""",
    ),
    Code(
        "given-defined",
        "a defined name is given a value",
        """\
A case gives values to what is declared. What is defined follows from them, and is expected.""",
        """\
dims n
input x[n]
z = 2*x
case "twice":
    given z = [2, 4]
    expect x = [1, 2]
""",
        """\
dims n
input x[n]
z = 2*x
case "twice":
    given x = [1, 2]
    expect z = [2, 4]
""",
    ),
    Code(
        "given-breaks-property",
        "a given value does not have the declared property",
        """\
Proofs rest on the declared properties and on what is assumed, so the values of a case must have
them, and so must arrays that are given to a compiled function or a gradient.""",
        """\
dims k
target y[k] : onehot
case "two ones":
    given y = [1, 1]
    expect sum(y) = 2
""",
        """\
dims k
target y[k] : onehot
case "one":
    given y = [1, 0]
    expect sum(y) = 1
""",
    ),
    Code(
        "bad-tolerance",
        "a tolerance is no positive number",
        "`within 0.01` and `within 5%` take a number that is written out.",
        'input x\ncase "a":\n    given x = 1\n    expect x ~ 1 within x\n',
        'input x\ncase "a":\n    given x = 1\n    expect x ~ 1 within 0.01\n',
    ),
    Code(
        "no-value",
        "an expression has no value at the given point",
        """\
A logarithm of zero, a division by zero, a root of a negative number; or a name that the case does
not give: the message says which.""",
        'input x\ncase "a":\n    given x = 0\n    expect 1/x = 1\n',
        'input x\ncase "a":\n    given x = 1\n    expect 1/x = 1\n',
    ),
    Code(
        "given-open",
        "a given value is not a number",
        """\
The values of a case are numbers, or expressions in numbers and dimensions: they may not hang on
other tensors.""",
        'input x, y\ncase "a":\n    given x = 1, y = 2*x\n    expect y = 2\n',
        'input x, y\ncase "a":\n    given x = 1, y = 2\n    expect y = 2*x\n',
    ),
    Code(
        "given-size",
        "the values of a case leave a dimension open",
        """\
Dimensions follow from the sizes of the given values. A number given to a whole tensor fills it
and tells no size, so the dimension is given, too: `n = 3`.""",
        'dims n\ninput x[n]\ncase "a":\n    given x = 0\n    expect sum(x) = 0\n',
        'dims n\ninput x[n]\ncase "a":\n    given x = 0, n = 3\n    expect sum(x) = 0\n',
    ),
)
