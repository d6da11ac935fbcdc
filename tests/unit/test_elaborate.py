"""What expressions and statements become: index notation, written on one line."""

from fractions import Fraction
from pathlib import Path

import pytest

from derive.diagnostics.diagnostic import Diagnostic, Severity
from derive.diagnostics.span import Source, Span
from derive.model.elaborate import elaborate, elaborate_claim, elaborate_expression
from derive.model.model import Judgement, Model
from derive.model.scalar import Tensor
from derive.model.show import Names, show_tensor
from derive.syntax import tree
from derive.syntax.parse import parse, parse_claim, parse_expression

DECLARED = """
dims n, m, d, k, N, T
input x[n], y[n], v[m], row[1, n], one[1], X[N, n], A[n, n], W[m, n], S[n, m], B[N, n, m]
input h[0..T, d], col[n, 1], a, c : integer
param w[1, n], u[T]
target t[k] : onehot
const eps
function g
function F(q[n]) -> [m]
p = softmax(x)
loss L = sum(W @ x) * a
"""


def model_of(text: str) -> Model:
    file, problems = parse(Source("test.derive", text))
    assert not problems, problems
    return elaborate(file)


def model_with(text: str) -> Model:
    model = model_of(DECLARED + text)
    assert not model.errors, model.errors
    return model


def only(text: str) -> Judgement:
    judgements = model_with(text).judgements
    assert len(judgements) == 1
    return judgements[0]


def shown(text: str) -> str:
    """The left side of a claim that `text` equals itself."""
    expr = parse_expression(Source("test.derive", text))
    assert not isinstance(expr, Diagnostic), expr
    return show_tensor(elaborate_expression(model_with(""), expr))


def relation(text: str) -> str:
    """The relation of one claim, on a line."""
    judgement = only(text)
    assert judgement.problem is None, judgement.problem
    found = judgement.relation
    assert found is not None
    names = Names()
    axes = names.tensor(Tensor(found.indices, found.left))
    conditions = "".join(f" if {names.scalar(c)}" for c in found.conditions)
    return f"{axes} {found.op} {names.scalar(found.right)}{conditions}"


def problem(text: str) -> Diagnostic:
    """What keeps the last statement from being judged, or is wrong with it."""
    model = model_of(DECLARED + text)
    problems = [*model.errors, *(j.problem for j in model.judgements if j.problem is not None)]
    assert len(problems) == 1, problems
    return problems[0]


# --- expressions ---


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("W @ x", "[i:m] sum[j:n](mul(W[i,j], x[j]))"),
        ("x.T @ y", "[] sum[i:n](mul(x[i], y[i]))"),
        ("x @ y", "[] sum[i:n](mul(x[i], y[i]))"),
        ("x @ v.T", "[i:n, j:m] mul(x[i], v[j])"),
        ("x.T", "[i:1, j:n] x[j]"),
        ("x.T @ A @ y", "[] sum[i:n](mul(sum[j:n](mul(x[j], A[j,i])), y[i]))"),
        ("x @ S", "[i:m] sum[j:n](mul(x[j], S[j,i]))"),
        ("row @ S", "[i:1, j:m] sum[k:n](mul(row[i,k], S[k,j]))"),
        ("row @ x", "[] sum[i:n](mul(row[1,i], x[i]))"),
        ("X @ W.T", "[i:N, j:m] sum[k:n](mul(X[i,k], W[j,k]))"),
        ("B @ v", "[i:N, j:n] sum[k:m](mul(B[i,j,k], v[k]))"),
        ("B @ S.T", "[i:N, j:n, k:n] sum[l:m](mul(B[i,j,l], S[k,l]))"),
        ("a @ w", "[i:1, j:n] mul(a, w[1,j])"),
        ("x @ a", "[i:n] mul(x[i], a)"),
        ("X + x", "[i:N, j:n] add(X[i,j], x[j])"),
        ("row + x", "[i:1, j:n] add(row[i,j], x[j])"),
        ("x - x.T", "[i:1, j:n] add(x[j], neg(x[j]))"),
        ("col + x", "[i:n] add(col[i,1], x[i])"),
        ("a * X", "[i:N, j:n] mul(a, X[i,j])"),
        ("X[i] * 2", "[i:N, j:n] mul(X[i,j], 2)"),
        ("X[2]", "[i:n] X[2,i]"),
        ("h[0] + h[T]", "[i:d] add(h[0,i], h[T,i])"),
        ("sum(X)", "[] sum[i:N](sum[j:n](X[i,j]))"),
        ("sum(X, over=n)", "[i:N] sum[j:n](X[i,j])"),
        ("sum(A, over=1)", "[i:n] sum[j:n](A[j,i])"),
        ("mean(x)", "[] div(sum[i:n](x[i]), n)"),
        ("var(x)", "[] div(sum[i:n](pow(add(x[i], neg(div(sum[j:n](x[j]), n))), 2)), n)"),
        ("max(x)", "[] max[i:n](x[i])"),
        ("max(x, 0)", "[i:n] max(x[i], 0)"),
        ("norm(X)", "[] sqrt(sum[i:N](sum[j:n](pow(X[i,j], 2))))"),
        ("norm(x, 1)", "[] sum[i:n](abs(x[i]))"),
        ("norm(x, inf)", "[] max[i:n](abs(x[i]))"),
        ("trace(A)", "[] sum[i:n](A[i,i])"),
        ("diag(x)", "[i:n, j:n] mul(x[i], eq(i, j))"),
        ("diag(A)", "[i:n] A[i,i]"),
        ("det(A)", "[] det([i:n, j:n] A[i,j])"),
        ("inv(A)", "[i:n, j:n] inv([k:n, l:n] A[k,l])[i,j]"),
        ("matpow(A, 3)", "[i:n, j:n] matpow([k:n, l:n] A[k,l]; 3)[i,j]"),
        ("eye[n]", "[i:n, j:n] eq(i, j)"),
        ("zeros[2, n]", "[i:2, j:n] 0"),
        ("delta[1, 2]", "[] eq(1, 2)"),
        ("onehot(c, k)", "[i:k] eq(i, c)"),
        ("outer(x, v)", "[i:n, j:m] mul(x[i], v[j])"),
        ("shape(X)", "[i:2] blocks[i]([j:1] N | [k:1] n)"),
        ("[1, 2]", "[i:2] blocks[i]([j:1] 1 | [k:1] 2)"),
        ("concat(x, v)", "[i:m+n] blocks[i]([j:n] x[j] | [k:m] v[k])"),
        ("reshape(x, 1, n)", "[i:1, j:n] x[(n)*i+j+-n]"),
        ("reshape(S, m, n)", "[i:m, j:n] split[(n)*i+j+-n]([k:n, l:m] S[k,l])"),
        (
            "kron(S, A)",
            "[i:n*n, j:m*n] split[i]([k:n, l:n] split[j]([m:m, n:n] mul(S[k,m], A[l,n])))",
        ),
        ("transpose(B, 1, 3, 2)", "[i:N, j:m, k:n] B[i,k,j]"),
        ("e^x", "[i:n] exp(x[i])"),
        ("2^x", "[i:n] pow(2, x[i])"),
        ("x[argmax(y)]", "[] x[argmax[i](y[i])]"),
        ("x[c]", "[] x[c]"),
        ("pad0(x)[n + 1]", "[] pad0 x[n+1]"),
        ("[x > 0]", "[i:n] lt(0, x[i])"),
        ("[i^2 for i in 1..n]", "[i:n] pow(i, 2)"),
        ("sum[i](x[i] * i)", "[] sum[i:n](mul(x[i], i))"),
        ("sum[i](i * x[i])", "[] sum[i:n](mul(i, x[i]))"),
        ("sum[i in 1..n-1](x[i+1])", "[] sum[i:n-1](x[i+1])"),
        ("sum[i, j in 1..i](A[i, j])", "[] sum[i:n](sum[j:n if le(j, i)](A[i,j]))"),
        ("sum[i, i != c](x[i])", "[] sum[i:n if ne(i, c)](x[i])"),
        ("mean[i](x[i])", "[] div(sum[i:n](x[i]), n)"),
        ("mean[i, i != c](x[i])", "[] div(sum[i:n if ne(i, c)](x[i]), sum[j:n if ne(j, c)](1))"),
        ("sum[t](h[t])", "[i:d] sum[j:0..T](h[j,i])"),
        ("g(x)", "[i:n] g([] x[i])"),
        ("g''(x)", "[i:n] g'0'0([] x[i])"),
        ("F(x)", "[i:m] F([j:n] x[j])[i]"),
        ("softmax(x)", "[i:n] div(exp(x[i]), sum[j:n](exp(x[j])))"),
        ("softmax(X)", "[i:N, j:n] div(exp(X[i,j]), sum[k:n](exp(X[i,k])))"),
        ("softmax(X, over=N)", "[i:N, j:n] div(exp(X[i,j]), sum[k:N](exp(X[k,j])))"),
        ("softmax(A, over=1)", "[i:n, j:n] div(exp(A[i,j]), sum[k:n](exp(A[k,j])))"),
        ("logsumexp(X)", "[i:N] log(sum[j:n](exp(X[i,j])))"),
        ("logsumexp(X, over=N)", "[i:n] log(sum[j:N](exp(X[j,i])))"),
        ("σ(a)", "[] div(1, add(1, exp(neg(a))))"),
        ("dL/dx", "[i:n] dL/dx[i]"),
        ("∂L/∂x", "[i:n] dL/dx[i]"),
        ("dp/dx", "[i:n, j:n] dp[i]/dx[j]"),
        ("dp[1]/dx", "[i:n] dp[1]/dx[i]"),
        ("dL/dW.T", "[i:n, j:m] dL/dW[j,i]"),
        ("2*dL/dx", "[i:n] mul(2, dL/dx[i])"),
        ("dL/dX[1]", "[i:n] dL/dX[1,i]"),
        ("jac(p, x)", "[i:n, j:n] dp[i]/dx[j]"),
        ("partial(p, x)", "[i:n, j:n] partial dp[i]/dx[j]"),
        ("dx/dx", "[i:n, j:n] dx[i]/dx[j]"),
        ("a/x", "[i:n] div(a, x[i])"),
    ],
)
def test_an_expression_becomes_index_notation(text: str, expected: str) -> None:
    assert shown(text) == expected


def test_an_expression_that_is_differentiated_gets_a_hidden_name() -> None:
    model = model_with("claim grad(sum(x * x), x) = 2*x")
    hidden = [d for d in model.definitions.values() if d.hidden]
    assert [d.name for d in hidden] == ["sum.value"]
    assert model.judgements[0].problem is None


def test_the_derivative_of_a_call_is_that_of_its_value() -> None:
    assert shown("dF(x)/dx") == "[i:m, j:n] dF.value[i]/dx[j]"
    assert shown("dnorm(x)/dx") == "[i:n] dnorm.value/dx[i]"
    assert shown("dsoftmax(x)[1]/dx[2]") == "[] dsoftmax.value/dx[2]"


def test_a_hessian_differentiates_a_hidden_gradient() -> None:
    model = model_with("claim hess(L, x) = zeros[n, n]")
    definition = model.definitions["hess.gradient"]
    assert show_tensor(Tensor(definition.indices, definition.body)) == "[i:n] dL/dx[i]"
    assert relation("claim hess(L, x) = 0") == "[i:n, j:n] dhess.gradient[i]/dx[j] = 0"


def test_arguments_and_local_names_are_hidden_definitions() -> None:
    model = model_with("z = layernorm(W @ x, 1, 0, eps)")
    names = [d.name for d in model.definitions.values() if d.hidden]
    assert names == ["layernorm.x", "layernorm.mu", "layernorm.sigma"]
    z = model.definitions["z"]
    assert show_tensor(Tensor(z.indices, z.body)) == (
        "[i:m] add(div(mul(1, add(layernorm.x[i], neg(layernorm.mu))), layernorm.sigma), 0)"
    )


def test_free_indices_lead_a_hidden_definition() -> None:
    model = model_with("z[i] = logsumexp(2 * X[i])")
    hidden = model.definitions["logsumexp.z"]
    assert show_tensor(Tensor(hidden.indices, hidden.body)) == "[i:N, j:n] mul(2, X[i,j])"
    z = model.definitions["z"]
    assert show_tensor(Tensor(z.indices, z.body)) == "[i:N] log(sum[j:n](exp(logsumexp.z[i,j])))"


def test_an_index_may_stand_on_its_axis_after_a_call_that_uses_it() -> None:
    model = model_with("z = sum[i](sigmoid(2*i) * x[i])")
    model = model_with("z = sum[i, j in 1..i](sigmoid(2*j) * A[i, j])")
    hidden = [d for d in model.definitions.values() if d.hidden]
    assert [(d.name, str(d.indices[0].axis.high)) for d in hidden] == [("sigmoid.x", "n")]


def test_bound_variables_are_unique() -> None:
    assert shown("mean[i, i != c](x[i])") == (
        "[] div(sum[i:n if ne(i, c)](x[i]), sum[j:n if ne(j, c)](1))"
    )


def test_two_calls_that_say_the_same_share_their_hidden_names() -> None:
    model = model_with("z = softmax(2*x)\nclaim z = softmax(2*x)\nq = softmax(3*x)")
    names = [d.name for d in model.definitions.values() if d.hidden]
    assert names == ["softmax.z", "softmax.z#2"]


def test_a_column_given_to_a_function_of_a_vector_is_that_vector() -> None:
    assert shown("softmax(col)") == "[i:n] div(exp(col[i,1]), sum[j:n](exp(col[j,1])))"


# --- statements ---


def test_free_indices_of_a_claim_range_over_the_whole_axis() -> None:
    assert relation("claim dp[i]/dx[j] = p[i]*(delta[i, j] - p[j])") == (
        "[i:n, j:n] dp[i]/dx[j] = mul(p[i], add(eq(i, j), neg(p[j])))"
    )


def test_an_index_is_also_a_number() -> None:
    assert relation("claim (i - j)*A[i, j] = A[i, j]*(i - j)") == (
        "[i:n, j:n] mul(add(i, neg(j)), A[i,j]) = mul(A[i,j], add(i, neg(j)))"
    )


def test_the_domain_of_a_claim_gives_indices_and_conditions() -> None:
    assert relation("claim A[i, j] >= 0 for i in 1..n-1, j in 1..n, i != j") == (
        "[i:n-1, j:n] A[i,j] >= 0 if ne(i, j)"
    )
    assert relation("claim h[s] = h[s-1] for s in 1..T") == "[i:T, j:d] h[i,j] = h[i+-1,j]"


def test_a_domain_without_a_range_takes_that_of_its_axis() -> None:
    assert relation("claim A[i, j] = 0 for i, j, i < j") == "[i:n, j:n] A[i,j] = 0 if lt(i, j)"


@pytest.mark.parametrize(
    ("left", "right"), [("row", "x"), ("x.T", "x"), ("S", "W"), ("X", "x"), ("h", "u")]
)
def test_shapes_that_clash_between_the_sides_refute(left: str, right: str) -> None:
    found = problem(f"claim {left} = {right}")
    assert (found.severity, found.code) == (Severity.REFUTED, "shapes-differ")


@pytest.mark.parametrize(
    ("left", "right"),
    [("col", "x"), ("row", "x.T"), ("X", "0"), ("one", "a"), ("row @ A", "(A.T @ x).T")],
)
def test_sides_that_have_one_shape_are_judged(left: str, right: str) -> None:
    assert only(f"claim {left} = {right}").problem is None


def test_a_flat_list_stands_beside_a_row() -> None:
    judgement = only("claim [1, 2].T @ eye[2] = [1, 2]")
    assert judgement.problem is None


def test_a_loss_of_size_one_is_a_scalar() -> None:
    model = model_with("loss J = w @ x + one")
    assert model.definitions["J"].indices == ()


def test_the_text_of_a_judgement_is_what_the_user_wrote() -> None:
    judgement = only('claim "Q1": p[i]  >= 0   for i in 1..n   # surely')
    assert (judgement.name, judgement.text) == ("Q1", "p[i]  >= 0   for i in 1..n")


def test_a_substitution_is_of_the_shape_of_its_name() -> None:
    judgement = only("claim dL/da = 0 at x = 0, a = mean(x)")
    assert [(name, show_tensor(value)) for name, value in judgement.at] == [
        ("x", "[i:n] 0"),
        ("a", "[] div(sum[i:n](x[i]), n)"),
    ]


def test_an_assumption_has_its_domain() -> None:
    model = model_with("assume x[i] > 0 for i in 2..n")
    (fact,) = model.assumptions
    assert fact.text == "x[i] > 0 for i in 2..n"
    assert str(fact.relation.indices[0].axis.low) == "2"


def test_every_step_is_against_the_one_before_it() -> None:
    model = model_with('derivation a + a:\n    = 2*a by "adding"\n    = a*2\n')
    first, second = model.judgements
    assert first.reason == "adding"
    assert first.relation is not None
    assert second.relation is not None
    assert second.relation.left == first.relation.right


def test_a_broken_step_gives_one_message() -> None:
    model = model_with("derivation a:\n    = a + 0\n    = nope\n    = a\n    = a*1\n")
    codes = [j.problem.code if j.problem else None for j in model.judgements]
    assert codes == [None, "unknown-name", "depends", None]


def test_an_unspecified_loss_has_the_shape_of_its_arguments() -> None:
    model = model_of("dims n\ninput x[n]\ny = 2*x\nloss L(y)\nclaim dL/dx = 2*dL/dy")
    assert not model.errors
    assert model.judgements[0].problem is None


# --- one cause, one message ---


def test_a_failed_definition_poisons_what_depends_on_it() -> None:
    model = model_of(
        "dims n, m\ninput x[n], y[m]\nz = x + y\nloss L = sum(z)\nclaim dL/dx = 1\nclaim x = x\n"
    )
    assert [error.code for error in model.errors] == ["shape-mismatch"]
    assert [j.problem and j.problem.severity for j in model.judgements] == [
        Severity.UNDECIDED,
        None,
    ]
    found = model.judgements[0].problem
    assert found is not None
    assert found.message == "depends on z, which failed at line 3"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("claim q = x", "unknown-name"),
        ("claim dL/dq = x", "unknown-name"),
        ("claim dq/dx = x", "unknown-name"),
        ("claim x + v = x", "shape-mismatch"),
        ("claim S @ x = x", "shape-mismatch"),
        ("claim x[1, 2] = 0", "too-many-indices"),
        ("claim h[-1] = 0", "index-out-of-range"),
        ("claim x[n + 1] = 0", "index-out-of-range"),
        ("claim sum[i](x[i + 1]) = 0", "index-range"),
        ("claim x[i] = v[i]", "index-range"),
        ("claim sum[i](2) = 0", "index-range"),
        ("claim sum[i in 3..1](2) = 0", "index-range"),
        ("claim x[a] = 0", "not-an-index"),
        ("claim x[1/2] = 0", "not-an-index"),
        ("claim grad(x, x) = 0", "not-a-scalar"),
        ("claim grad(L, x + y) = 0", "not-differentiable-by"),
        ("claim dL/dn = 0", "not-differentiable-by"),
        ("claim trace(S) = 0", "not-square"),
        ("claim sum(A, over=n) = 0", "ambiguous-axis"),
        ("claim sum(A, over=k) = 0", "no-such-axis"),
        ("claim sum(A, over=3) = 0", "no-such-axis"),
        ("claim softmax(x, x) = 0", "wrong-arguments"),
        ("claim exp(x, x) = 0", "wrong-arguments"),
        ("claim softmax(a) = 0", "shape-mismatch"),
        ("claim linear(x, S, v) = 0", "shape-mismatch"),
        ("claim x(1) = 0", "not-a-function"),
        ("claim softmx(x) = 0", "unknown-name"),
        ("claim softmax = 0", "misplaced"),
        ("claim zeros[x] = 0", "not-a-dimension"),
        ("claim [[1, 2], [3]] = 0", "ragged-literal"),
        ("claim [] = 0", "misplaced"),
        ("claim limit(x, a) = 0", "wrong-arguments"),
        ("claim limit(x, x -> 0) = 0", "not-a-scalar"),
        ("claim limit(a, a -> inf+) = 0", "wrong-arguments"),
        ("claim $a + a$", "latex"),
        ("claim $x x = 1$", "latex-ambiguous"),
        ("q[0] = 1", "undefined-entry"),
        ("random q[n] : var 1", "wrong-law"),
        ("random q[n] : mean 0, mean 1", "wrong-law"),
        ("random q[n] : mean 0, normal(0, 1)", "wrong-law"),
        ("random q[n] : nomal(0, 1)", "wrong-law"),
        ("random q[n] : normal(0)", "wrong-arguments"),
        ("random q[n] : normal(0, -1)", "wrong-law"),
        ("random q[n] : normal(S, 1)", "shape-mismatch"),
        ("random q : categorical([1/2, 1/3])", "wrong-law"),
        ("random q : categorical(1)", "shape-mismatch"),
        ("random x : normal(0, 1)", "duplicate-name"),
        ("loss J = x", "not-a-scalar"),
        ("input x[n]", "duplicate-name"),
        ("x = 1", "duplicate-name"),
        ("input q[n] : onhot", "unknown-property"),
        ("input q[n] : symmetric", "property-shape"),
        ("input q : onehot", "property-shape"),
        ("input q[0]", "not-a-dimension"),
        ("input q[a]", "not-a-dimension"),
        ("q[i] = x[j]", "unknown-name"),
        ("q[i] = 1", "index-range"),
        ("q[i, i] = A[i, i]", "misplaced"),
        ("claim a = 0 at n = 3", "misplaced"),
        ("claim a = 0 at a = x", "shape-mismatch"),
        ('use "other.derive"', "path-outside"),
        ("def f(x[n]):\n    return x + nope\n", "unknown-name"),
        ("def f(x[n], y[m]):\n    return x + y\n", "shape-mismatch"),
        ("def f(x):\n    return f(x)\n", "recursive-function"),
        ('case "c":\n    given x = [1], y = [1, 2]\n', "given-clash"),
        ('case "c":\n    given p = [1]\n', "given-defined"),
        ('case "c":\n    given q = [1]\n', "unknown-name"),
        ('case "c":\n    given x = y\n', "given-open"),
        ('case "c":\n    given x = 0\n', "given-size"),
        ('case "c":\n    given x = [[1, 2]]\n', "given-clash"),
        ('case "c":\n    given n = 1/2\n', "not-a-dimension"),
        ('case "c":\n    given x = [1, 2], x = [1, 2]\n', "given-clash"),
        ("expect x = [1, 2]", "misplaced"),
        ("expect n = 1", "misplaced"),
        ('case "c":\n    given x = 1, n = 2\n    expect v = [1, 2]\n', "given-size"),
        ('case "c":\n    given x = [1, 2]\n    expect x = [1, 2, 3]\n', "shapes-differ"),
    ],
)
def test_a_mistake_gives_one_message_with_its_code(text: str, code: str) -> None:
    assert problem(text).code == code


def test_a_loop_in_error_gives_one_message() -> None:
    text = "h0[0] = 0\nfor s in 1..T:\n    h0[s] = h0[s] + u[s]\nclaim dh0[s]/du[s] = 1\n"
    model = model_of(DECLARED + text)
    assert [error.code for error in model.errors] == ["own-future"]
    assert [j.problem and j.problem.code for j in model.judgements] == ["depends"]


def test_an_unknown_denominator_is_the_name_behind_the_d() -> None:
    found = problem("claim dL/dxx = 0")
    assert (found.span.text, found.message) == ("xx", "nothing is named `xx` here")


def test_a_clash_of_shapes_shows_declarations_and_what_fits() -> None:
    found = problem("claim x @ W = 0")
    assert found.message == "`@` cannot contract `n` with `m`"
    assert [label.text for label in found.also] == ["`x` has shape [n]", "`W` has shape [m, n]"]
    assert found.helps == ("`W @ x` fits, and has shape [m]",)


def test_a_mistake_in_the_prelude_is_shown_at_the_call() -> None:
    found = problem("claim mse(x, v) = 0")
    assert found.span.text == "v"
    assert "`n` is n in `x` and m in `v`" in found.notes


def test_a_quotient_stays_one_where_the_user_has_the_names() -> None:
    model = model_of("const dL, dz, L, z\nclaim dL/dz = dL/dz")
    assert model.judgements[0].problem is None
    found = model.judgements[0].relation
    assert found is not None
    assert show_tensor(Tensor((), found.left)) == "[] div(dL, dz)"


def test_the_files_own_names_win_over_built_in_ones() -> None:
    model = model_of(
        "dims n\ninput E[n, n], delta[n], e[n]\nf = norm(E)\nclaim delta[i] = e[i] + trace(E)"
    )
    assert not model.errors
    assert model.judgements[0].problem is None


# --- functions and other files ---


def test_a_function_is_generic_in_its_dimensions() -> None:
    model = model_of(
        "dims a, b\ninput x[a], y[b]\n"
        "def half(q[n]):\n    s = sum(q)\n    return q*s/n\n"
        "claim half(x) = x\nclaim half(y) = y\n"
    )
    assert not model.errors
    assert [j.problem for j in model.judgements] == [None, None]
    first, second = (j.relation for j in model.judgements)
    assert first is not None
    assert second is not None
    assert "half.s), a)" in show_tensor(Tensor(first.indices, first.left))
    assert "half.s#2), b)" in show_tensor(Tensor(second.indices, second.left))


def test_other_files_are_used_and_circles_named(tmp_path: Path) -> None:
    (tmp_path / "one.derive").write_text('use "two.derive"\nclaim twice(x) = 2*x\n')
    (tmp_path / "two.derive").write_text(
        "dims n\ninput x[n]\ndef twice(q[n]):\n    return q + q\nclaim x = 0\n"
    )
    model = elaborate_file(tmp_path / "one.derive")
    assert not model.errors
    assert [j.text for j in model.judgements] == ["twice(x) = 2*x"]
    (tmp_path / "two.derive").write_text('use "one.derive"\n')
    model = elaborate_file(tmp_path / "one.derive")
    assert [error.code for error in model.errors] == ["cyclic-use"]
    assert "one.derive -> two.derive -> one.derive" in model.errors[0].message


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("../two.derive", "path-outside"),
        ("/etc/passwd", "path-outside"),
        ("missing.derive", "no-file"),
        ("binary.derive", "not-utf8"),
    ],
)
def test_a_used_file_lies_beside_or_below(tmp_path: Path, path: str, code: str) -> None:
    (tmp_path / "binary.derive").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "one.derive").write_text(f'use "{path}"\n')
    assert [e.code for e in elaborate_file(tmp_path / "one.derive").errors] == [code]


def test_a_file_that_cannot_be_used_gives_one_message(tmp_path: Path) -> None:
    text = 'dims n\ninput x[n]\nuse "two.derive"\nz = twice(x)\nclaim z = q\nclaim x = x\n'
    (tmp_path / "one.derive").write_text(text)
    model = elaborate_file(tmp_path / "one.derive")
    assert [error.code for error in model.errors] == ["no-file"]
    first, second = model.judgements
    assert first.problem is not None
    assert first.problem.message == 'depends on use "two.derive", which failed at line 3'
    assert second.problem is None


def elaborate_file(path: Path) -> Model:
    file, problems = parse(Source(path.name, path.read_text(encoding="utf-8")))
    assert not problems
    return elaborate(file, path)


# --- cases ---


def test_sizes_follow_from_the_values_given() -> None:
    model = model_with(
        'case "c":\n    given W = [[1, 2, 3], [4, 5, 6]], h = zeros[T + 1, 2], T = 4, x = ones[n]\n'
        "    expect W @ x = [6, 15]\n    expect x[n] = 1\n"
    )
    first, second = model.judgements
    assert first.problem is None
    assert second.problem is None
    assert first.case is not None
    assert dict(first.case.sizes) == {"T": 4, "d": 2, "m": 2, "n": 3}
    assert [name for name, _ in first.case.given] == ["W", "h", "x"]
    h = dict(first.case.given)["h"]
    assert [(str(a.low), str(a.high)) for a in h.axes] == [("0", "4"), ("1", "2")]


def test_a_case_in_error_leaves_its_statements_undecided() -> None:
    model = model_of(DECLARED + 'case "c":\n    given q = 1\n    expect a = 1\n    expect a = 2\n')
    assert [error.code for error in model.errors] == ["unknown-name"]
    assert [j.problem and j.problem.code for j in model.judgements] == ["depends", "depends"]


@pytest.mark.parametrize(
    ("right", "widths"),
    [
        ("0.378", [Fraction(1, 2000)]),
        ("-0.378", [Fraction(1, 2000)]),
        ("1.5e-7", [Fraction(5, 10**9)]),
        ("2e-3", [Fraction(1, 2000)]),
        ("3", [Fraction(0)]),
        ("3.0", [Fraction(1, 20)]),
        ("1/3", [Fraction(0)]),
        ("0.50 within 0.1", [Fraction(1, 10)]),
        ("0.5 within 5%", [Fraction(1, 40)]),
        ("-2 within 5%", [Fraction(1, 10)]),
    ],
)
def test_printed_digits_give_tolerances(right: str, widths: list[Fraction]) -> None:
    assert list(only(f"expect 1 ~ {right}").tolerances) == widths


def test_every_printed_entry_has_its_own_tolerance() -> None:
    judgement = only("expect [[1, 2], [3, 4]] ~ [[1.0, 2], [3.00, -4.000]]")
    assert judgement.tolerances == (
        Fraction(1, 20),
        Fraction(0),
        Fraction(1, 200),
        Fraction(1, 2000),
    )


# --- for the library ---


def test_a_claim_is_elaborated_in_a_model_that_is_there() -> None:
    model = model_with("z = softmax(2*x)")
    claim = parse_claim(Source("claim", "dz[i]/dx[j] = softmax(2*x)[i]"))
    assert not isinstance(claim, Diagnostic)
    judgement = elaborate_claim(model, claim)
    assert judgement.problem is None
    assert [d.name for d in model.definitions.values() if d.hidden] == ["softmax.z"]


def test_nesting_without_end_is_an_error_of_that_statement() -> None:
    span = Span(Source("test", "a"), 0, 1)
    deep: tree.Expression = tree.Name(span, "a")
    for _ in range(5000):
        deep = tree.Binary(span, "+", deep, tree.Name(span, "a"))
    file = tree.File(
        span,
        (
            tree.Declaration(span, "const", tree.Name(span, "a"), (), ()),
            tree.Definition(span, tree.Name(span, "b"), (), deep),
            tree.Claim(span, "claim", None, tree.Comparison(span, "=", deep, deep)),
        ),
    )
    model = elaborate(file)
    assert [error.code for error in model.errors] == ["too-deep"]
    assert [j.problem.code if j.problem else None for j in model.judgements] == ["too-deep"]
