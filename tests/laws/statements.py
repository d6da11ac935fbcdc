"""For each rule of calculus and proof, statements whose proofs need it.

Where all else fails, the rule is seen by an expression that is rebuilt (the index of a sum that is
replaced by a place) against one that is not.
"""


def about(declared: str, *claims: str) -> str:
    """A file with these declarations and claims; `;` parts lines."""
    lines = [line.strip() for line in declared.split(";")]
    return "\n".join([*lines, *(f"claim {claim}" for claim in claims), ""])


MATRICES = "dims n; input x[n], y[n], A[n, n], B[n, n], s, t"
VECTOR = "dims n; input x[n], s, t"
SCALARS = "input s, t"


def rebuilt(function: str) -> str:
    """A claim in which the left side is rebuilt, and the right is not."""
    return f"sum[i in 1..n]([i = 1]*{function.format('x[i]')}) = {function.format('x[1]')}"


CONTRACTIONS = {
    "delta_contracts": about(
        VECTOR,
        "sum[i in 1..n]([i = j]*x[i]) = x[j] for j in 1..n",
        "[i = j]*x[i] = [i = j]*x[j] for i in 1..n, j in 1..n",
        "sum[i in 1..n]([i = j + 1]*i) = j + 1 for j in 1..n-1",
    ),
    "orders_turn": about(
        VECTOR, "sum[i](x[i]*[i <= j]) = sum(x) - sum[i](x[i]*[i > j]) for j in 1..n"
    ),
    "index_shifts": about(VECTOR, "sum[i in 2..n](x[i-1]^2) = sum[i in 1..n-1](x[i]^2)"),
    "sum_cancels": about(
        f"{MATRICES}; P = [A[i,j]/sum[k](A[i,k]) for i in 1..n, j in 1..n]; v = P.T @ x",
        "sum(v) = sum(x)",
    ),
    "base_cancels": about(
        SCALARS,
        "(s + t)/(s + t) = 1",
        "s*[s + t = 0] = -t*[s + t = 0]",
        "1/t - 1/(t + 1) = 1/(t*(t + 1))",
        "s^2/(s + 1) = s - 1 + 1/(s + 1)",
    ),
    "inverse_cancels": about(
        MATRICES, "A @ inv(A) = eye[n]", "inv(A + B) @ A = eye[n] - inv(A + B) @ B"
    ),
}
ONE_TERM = frozenset({"index_shifts", "sum_cancels"})
"""Rules whose answers have one term."""

ATOMS = {
    "index": about("dims n", "sum[i in 1..n]([i = j + 1]*i) = j + 1 for j in 1..n-1"),
    "index sum": about(
        "dims n", "sum[i in 1..n](i) = n*(n + 1)/2", "sum[i in 2..n](i) = n*(n + 1)/2 - 1"
    ),
    "pow": about(SCALARS, "1/(2*s) = s^(-1)/2", "sqrt(4*s) = 2*sqrt(s)", "(s + t)/(s + t) = 1"),
    "exp": about(VECTOR, rebuilt("exp({})")),
    "func": about(VECTOR, rebuilt("sin({})"), "abs(s)*abs(s) = s^2"),
    "prod": about(
        VECTOR,
        "prod(2*x) = 2^n*prod(x)",
        "prod(exp(x)) = exp(sum(x))",
        "grad(prod(x), x) = prod(x)/x",
    ),
    "max": about(VECTOR, "max(x) = x[argmax(x)]", "max(x + s) = max(x) + s"),
    "argmax": about(
        MATRICES, "argmax(2*x) = argmax(x)", "sum[i in 1..n]([i = 1]*argmax(A[i])) = argmax(A[1])"
    ),
    "matrix": about(
        MATRICES,
        "inv(2*A) = inv(A)/2",
        "det(2*A) = 2^n*det(A)",
        "logdet(A @ B) = logdet(A) + logdet(B)",
        "inv(A.T) = inv(A).T",
    ),
    "chain": about(
        "dims n, T; input A[n, n], B[1..T, n, n]",
        "matpow(A, 3) = A @ A @ A",
        "matpow(A, -1) = inv(A)",
        "prod[t in 1..2](2*matpow(A, t)) = 4*matpow(A, 3)",
        "prod[t in T..T](B[t]) = B[T]",
    ),
    "unknown": about(
        "dims n; input x[n], s, t; function g", rebuilt("g({})"), "grad(g(s*t), s) = t*g'(s*t)"
    ),
}

FUNCTIONS = {
    "log": (rebuilt("log({})"),),
    "step": ("[s > 0] + [s <= 0] = 1", "[2*s > 0] = [s > 0]", "max(s, t) + min(s, t) = s + t"),
    "zero": ("[s > t] + [t > s] + [s = t] = 1", "s*[s = t] = t*[s = t]"),
    "sign": ("abs(s)^2 = s^2", "sign(s) = 2*[s > 0] - 1 + [s = 0]"),
    "sin": ("sin(s + t) = sin(s)*cos(t) + cos(s)*sin(t)", rebuilt("sin({})")),
    "cos": ("cos(2*s) = 1 - 2*sin(s)^2", "grad(sin(s), s) = cos(s)"),
    "asin": (rebuilt("asin({})"), "asin(s) + acos(s) = pi/2"),
    "atan": (rebuilt("atan({})"), "atan(-s) = -atan(s)"),
    "erf": (rebuilt("erf({})"), "erf(-s) = -erf(s)"),
    "lgamma": (rebuilt("lgamma({})"),),
    "digamma": (rebuilt("digamma({})"), "grad(lgamma(s), s) = digamma(s)"),
    "trigamma": ("sum[i in 1..n]([i = 1]*hess(lgamma(s), s)*x[i]) = hess(lgamma(s), s)*x[1]",),
}
UNSEEN = frozenset({"trigamma"})
"""Functions that the language cannot write; they are only met as derivatives."""

DERIVATIVES = {
    "log": "1/s",
    "sin": "cos(s)",
    "cos": "-sin(s)",
    "asin": "1/sqrt(1 - s^2)",
    "atan": "1/(1 + s^2)",
    "erf": "2*exp(-s^2)/sqrt(pi)",
    "lgamma": "digamma(s)",
}

OPERATIONS = {
    "add": ("s + t - t = s", "(s + t)*2 = 2*s + 2*t", "s + s = 2*s"),
    "mul": ("s*t/t = s", "s*s = s^2"),
    "div": ("s*t/t = s", "1/(1/s) = s"),
    "neg": ("s + -s = 0", "(-s)^2 = s^2", "-s = (-1)*s"),
    "pow": ("s^2 = s*s", "s^3/s = s^2"),
    "exp": ("exp(s)*exp(-s) = 1", "log(exp(s)) = s", "exp(s + t) = exp(s)*exp(t)"),
    "log": ("exp(log(s)) = s", "log(exp(s)) = s"),
    "sqrt": ("sqrt(s)*sqrt(s) = s", "sqrt(s) = s^(1/2)"),
    "abs": ("abs(s)*sign(s) = s", "abs(s) = 2*max(s, 0) - s"),
    "sign": ("abs(s)*sign(s) = s",),
    "sin": ("sin(s + t) = sin(s)*cos(t) + cos(s)*sin(t)", "grad(cos(s), s) = -sin(s)"),
    "cos": ("grad(sin(s), s) = cos(s)",),
    "tan": ("tan(s)*cos(s) = sin(s)",),
    "asin": ("asin(s) + acos(s) = pi/2", "grad(asin(s), s) = 1/sqrt(1 - s^2)"),
    "acos": ("asin(s) + acos(s) = pi/2",),
    "atan": ("grad(atan(s), s) = 1/(1 + s^2)",),
    "sinh": ("sinh(s) = (exp(s) - exp(-s))/2",),
    "cosh": ("cosh(s) = (exp(s) + exp(-s))/2",),
    "tanh": ("tanh(s) = sinh(s)/cosh(s)",),
    "erf": ("grad(erf(s), s) = 2*exp(-s^2)/sqrt(pi)",),
    "lgamma": ("grad(lgamma(s), s) = digamma(s)",),
    "digamma": ("grad(lgamma(s), s) = digamma(s)",),
    "max": ("max(s, t) + min(s, t) = s + t", "max(s, 0) = s*[s > 0]"),
    "min": ("max(s, t) + min(s, t) = s + t",),
    "lt": ("[s < t] + [t <= s] = 1", "max(s, 0) = s*[s > 0]"),
    "le": ("[s < t] + [t <= s] = 1",),
    "eq": ("[s = t] + [s != t] = 1", "s*[s = t] = t*[s = t]", "[s < t] + [s > t] + [s = t] = 1"),
    "ne": ("[s = t] + [s != t] = 1",),
}
ORDERED = {
    "div": "s/t = s*t^(-1)",
    "pow": "s^2 = s*s",
    "lt": "max(s, 0) = s*[s > 0]",
    "le": "[s < t] + [t <= s] = 1",
}

SINGLE = about(
    SCALARS,
    "sign(s)^2 = 1 - [s = 0]",
    "cos(s)^3 = cos(s) - cos(s)*sin(s)^2",
    "[s > 0]^3 = [s > 0]",
    "[s > 0]*[s = 0] = 0",
    "sqrt(2)^3 = 2*sqrt(2)",
    "(s + t)^(3/2) = s*sqrt(s + t) + t*sqrt(s + t)",
)

FACTS = {
    "_powers": about(
        "dims n; input b[n] : binary; input s[n] : sign", "b^2 = b", "s^3 = s", "1/s = s"
    ),
    "_sums": about(
        "dims n; input q[n] : simplex; input u[n] : unit",
        "sum(q) = 1",
        "sum(u^2) = 1",
        "sum[i in 1..n](q[i]*3) = 3",
    ),
    "_orthogonal": about(
        "dims n; input Q[n, n] : orthogonal", "Q.T @ Q = eye[n]", "Q @ Q.T = eye[n]"
    ),
    "permuted": about(
        "dims n; input x[n]; input R[n, n] : onehot orthogonal", "sum(R @ x) = sum(x)"
    ),
    "_solved": about("dims n; input x[n]; assume sum(x) = 3", "2*sum(x) = 6", "sum(x)^2 = 9"),
}
FACTS_OF_ENTRIES = about(
    "dims n; target y[n] : onehot; input S[n, n] : symmetric; input D[n, n] : diagonal",
    "sum(y) = 1",
    "y^2 = y",
    "S.T = S",
    "D @ D = D*D",
)
TWO_VALUES = about(
    "dims n; input s[n] : sign; input b[n] : binary",
    "max(s, 0) = (1 + s)/2",
    "abs(s) = 1",
    "max(b, 0) = b",
)

CONDITIONS = {
    "never_equal": about(
        "dims n", "[i = j] = 0 for i in 1..n, j in 1..n", "[i = 1] = 0 for i in 2..n"
    ),
    "never_below": about(
        "dims n", "[i < j] = 0 for i in 1..n, j in 1..n", "[i < 1] = 0 for i in 1..n"
    ),
    "surely_within": about(
        VECTOR,
        "sum[i in 1..n]([i = j + 1]) = 1 for j in 1..n",
        "sum[i in 1..n]([i = j]*x[i]) = x[j] for j in 1..n",
    ),
    "surely_at_least": about("dims n", "sum[i in 3..n](1) = n - 2", "sum[i in 2..n](1) = n - 1"),
    "is_positive": about(SCALARS, "abs(s) = s", "[s > 0] = 1", "[exp(s) + 1 > 0] = 1"),
    "is_nonnegative": about(SCALARS, "abs(s) = s", "abs(s^2) = s^2"),
}

KINKS = about("input s; u = abs(s)", "[s = 0] = 0", "grad(u, s) + [s = 0] = grad(u, s)")
KNOWLEDGE = {
    "is_positive": about(
        "input p : positive; input s",
        "sqrt(s^2) = s",
        "log(p*exp(s)) = log(p) + s",
        "[p > 0] = 1",
    ),
    "is_nonnegative": about("input r : nonnegative; input s", "sqrt(s^2) = s", "sqrt(r^2) = r"),
    "is_assumed": about("input s, t; assume s - t > 0", "abs(s - t) = s - t", "abs(s) = s"),
}

NUMBERS = "dims n; input x[n], s, t; input p : positive; input q : positive"
ORDERS = {
    "by_factors": about(NUMBERS, "s^3 + 3*s^2*t + 3*s*t^2 + t^3 >= 0 for s + t > 0"),
    "by_roots": about(NUMBERS, "s^4 - s + 1 > 0", "p^3 - 2*p + 2 > 0"),
    "by_completion": about(NUMBERS, "5*s^2 - 6*s*t + 2*t^2 >= 0"),
    "by_combination": about(NUMBERS, "sin(s) <= 1"),
    "by_products": about(
        "dims n; input p[n] : positive; input q[n]; assume p <= q", "prod(p) <= prod(q)"
    ),
    "by_sum": about(NUMBERS, "sum(exp(x)) >= n + sum(x)", "max(x) >= sum(x)/n"),
    "by_squaring": about(NUMBERS, "sqrt(p) + sqrt(q) >= sqrt(p + q)"),
    "by_exponentials": about(NUMBERS, "log(1 + s^2) + log(1 + t^2) >= log(1 + s^2*t^2)"),
    "by_cases": about(NUMBERS, "abs(s + t) <= abs(s) + abs(t)"),
    "by_slope": about(NUMBERS, "sin(p) <= p", "cos(p) >= 1 - p^2/2"),
    "by_parts": about(
        "dims n, d; input X[n, d], y[n] : sign; param w[d]; const c : positive; "
        "L = sum(log(1 + exp(-y*(X @ w)))); R = L + c*norm(w)^2",
        "R > 0",
    ),
    "by_enclosure": about(NUMBERS, "sqrt(2) + sqrt(3) > pi"),
    "by_signs": about(NUMBERS, "s*exp(s) >= s"),
}
