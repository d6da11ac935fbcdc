"""What a text means: precedence, postfix forms, statements, and where each thing stands."""

from fractions import Fraction

import pytest

from derive.diagnostics.diagnostic import Diagnostic
from derive.diagnostics.span import Source
from derive.syntax import tree
from derive.syntax.parse import parse, parse_claim, parse_expression, parse_statement


def read(text: str) -> tree.File:
    file, problems = parse(Source("test", text))
    assert problems == ()
    return file


def one(text: str) -> tree.Statement:
    (statement,) = read(text).statements
    return statement


def expression(text: str) -> tree.Expression:
    expr = parse_expression(Source("test", text))
    assert not isinstance(expr, Diagnostic), expr.message
    return expr


def grouped(expr: object) -> str:
    """`expr` with a bracket around every operation."""
    match expr:
        case tree.Binary(op=op, left=left, right=right):
            return f"({grouped(left)}{op}{grouped(right)})"
        case tree.Negative(operand=operand):
            return f"(-{grouped(operand)})"
        case tree.Transpose(operand=operand):
            return f"{grouped(operand)}'"
        case tree.Subscript(base=base, indices=indices):
            return f"{grouped(base)}[{','.join(map(grouped, indices))}]"
        case tree.Call(function=function, arguments=arguments):
            return f"{function.id}({','.join(map(grouped, arguments))})"
        case tree.Number(text=text):
            return text
        case tree.Name(id=name):
            return name
    raise AssertionError(expr)


# --- expressions -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("a + b * c", "(a+(b*c))"),
        ("a - b - c", "((a-b)-c)"),
        ("a / b / c", "((a/b)/c)"),
        ("a / b * c", "((a/b)*c)"),
        ("A @ B * c @ D", "(((A@B)*c)@D)"),
        ("a^b^c", "(a^(b^c))"),
        ("-x^2", "(-(x^2))"),
        ("-a*b + c", "((-(a*b))+c)"),
        ("2^-x^2", "(2^(-(x^2)))"),
        ("a * -b^2", "(a*(-(b^2)))"),
        ("--a", "(-(-a))"),
        ("+a - +b", "(a-b)"),
        ("W.T @ x.T", "(W'@x')"),
        ("x[i + 1].T^2", "(x[(i+1)]'^2)"),
        ("f(x)[i]", "f(x)[i]"),
        ("(a + b) * c", "((a+b)*c)"),
    ],
)
def test_operators_bind_as_on_paper(text: str, meaning: str) -> None:
    assert grouped(expression(text)) == meaning


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("2*dL/dz", "(2*(dL/dz))"),
        ("a*b*dL/dz", "((a*b)*(dL/dz))"),
        ("dL/dp[i] * dp[i]/dz[j]", "((dL/dp[i])*(dp[i]/dz[j]))"),
        ("a @ dz/dx @ b", "((a@(dz/dx))@b)"),
        ("-dL/dz", "(-(dL/dz))"),
        ("a * -dL/dz", "(a*(-(dL/dz)))"),
        ("y * dF(x)/dx", "(y*(dF(x)/dx))"),
        ("a/dx/dy", "((a/dx)/dy)"),
        ("dx/dy/dz", "((dx/dy)/dz)"),
        ("(a*dx)/dy", "((a*dx)/dy)"),
        ("a*b/dz", "((a*b)/dz)"),
        ("a*dx/b", "((a*dx)/b)"),
        ("a*dx^2/dy", "((a*(dx^2))/dy)"),
    ],
)
def test_a_quotient_of_differentials_binds_before_multiplication(text: str, meaning: str) -> None:
    assert grouped(expression(text)) == meaning


def test_numbers_are_exact_and_keep_their_digits() -> None:
    cases = {"0.1": Fraction(1, 10), "2e-3": Fraction(2, 1000), ".5": Fraction(1, 2), "3.": 3}
    for text, value in cases.items():
        number = expression(text)
        assert isinstance(number, tree.Number)
        assert (number.value, number.text) == (value, text)


@pytest.mark.parametrize("text", ["1e1001", "1e999999999", "1" * 1001, "1e-99999999999999999"])
def test_a_number_that_cannot_be_written_out_is_refused(text: str) -> None:
    problem = parse_expression(Source("test", f"1 + {text}"))
    assert isinstance(problem, Diagnostic)
    assert problem.code == "bad-number"
    assert problem.span.text == text


def test_two_dots_are_a_range_not_a_decimal_point() -> None:
    big = expression("sum[i in 1..3](x[i])")
    assert isinstance(big, tree.Big)
    (binder,) = big.binders
    assert binder.range is not None
    assert (grouped(binder.range.start), grouped(binder.range.stop)) == ("1", "3")


def test_a_sum_has_ranges_and_conditions() -> None:
    big = expression("prod[i in 1..n, j, 0 < j < n, i != c](x[i, j])")
    assert isinstance(big, tree.Big)
    assert big.op == "prod"
    assert [b.name for b in big.binders] == ["i", "j"]
    assert [(c.op, c.left, c.right) for c in big.conditions] == [
        ("<", expression("0"), expression("j")),
        ("<", expression("j"), expression("n")),
        ("!=", expression("i"), expression("c")),
    ]


def test_square_brackets_hold_a_list_a_condition_or_a_comprehension() -> None:
    assert isinstance(expression("[1, x]"), tree.List)
    assert isinstance(expression("[]"), tree.List)
    assert expression("[[1, 0], [0, 1]]") == expression("[[1,0],[0,1],]")
    indicator = expression("[i = j, a > 0]")
    assert isinstance(indicator, tree.Indicator)
    assert [c.op for c in indicator.conditions] == ["=", ">"]
    comprehension = expression("[f(i, j) for i in 1..n, j in 1..m, i < j]")
    assert isinstance(comprehension, tree.Comprehension)
    assert [b.name for b in comprehension.binders] == ["i", "j"]
    assert len(comprehension.conditions) == 1


def test_max_before_a_round_bracket_is_a_call() -> None:
    assert isinstance(expression("max(a, b)"), tree.Call)
    assert isinstance(expression("max[i](a[i])"), tree.Big)
    assert isinstance(expression("mean[i]"), tree.Subscript)


def test_calls_have_keywords_and_primes() -> None:
    call = expression("softmax(S, over=m)")
    assert isinstance(call, tree.Call)
    assert [k.name for k in call.keywords] == ["over"]
    primed = expression("g''(z)")
    assert isinstance(primed, tree.Call)
    assert (primed.function.id, primed.primes) == ("g", 2)


@pytest.mark.parametrize("side", ["+", "-", ""])
def test_a_limit_has_a_side(side: str) -> None:
    call = expression(f"limit(f(tau) + 1, tau -> 0{side})")
    assert isinstance(call, tree.Call)
    arrow = call.arguments[1]
    assert isinstance(arrow, tree.Arrow)
    assert (arrow.variable.id, grouped(arrow.target), arrow.side) == ("tau", "0", side)


def test_names_are_unicode_words() -> None:
    assert expression("μ") == expression("\u00b5")  # the micro sign is the letter mu
    assert expression("ŷ") == expression("y\u0302")
    assert isinstance(expression("x̂_1"), tree.Name)
    assert expression("δ[i, j]") == expression("delta[i, j]")
    assert expression("δ_h") != expression("delta_h")


# --- statements --------------------------------------------------------------------------------

FIRST = """\
"Softmax regression with the cross-entropy loss."

dims d, k
input  x[d]
param  W[k, d], b[k]
target y[k] : onehot

z = W @ x + b
p = softmax(z)
loss L = -sum(y * log(p))

claim dL/dz = p - y
claim dL/dW = (p - y) @ x.T
refute dL/dW = x @ (p - y).T            # the transpose: a common slip

derivation dL/dz[j]:
    = sum[i](dL/dp[i] * dp[i]/dz[j])               by "chain rule"
    = sum[i](-y[i]/p[i] * p[i]*(delta[i,j] - p[j])) by "softmax Jacobian"
    = -y[j] + p[j]*sum[i](y[i])
    = p[j] - y[j]                                   by "y is one-hot"

case "two classes":
    given x = [1, -2], W = [[1, 0], [0, 1]], b = [0, 0], y = [1, 0]
    expect p ~ [0.953, 0.047]
    expect dL/dz ~ [-0.047, 0.047]
"""


def test_the_first_file_of_the_reference_reads_as_it_says() -> None:
    kinds = [type(s).__name__ for s in read(FIRST).statements]
    assert kinds == (
        ["Prose", "Dims"]
        + ["Declaration"] * 4
        + ["Definition"] * 3
        + ["Claim"] * 3
        + ["Derivation", "Case"]
    )
    *_, derivation, case = read(FIRST).statements
    assert isinstance(derivation, tree.Derivation)
    reasons = [step.reason for step in derivation.steps]
    assert reasons == ["chain rule", "softmax Jacobian", None, "y is one-hot"]
    assert isinstance(case, tree.Case)
    assert [g.name.id for g in case.given] == ["x", "W", "b", "y"]
    assert len(case.body) == 2


def test_a_property_belongs_to_the_tensor_before_it() -> None:
    statements = read(
        "param A[n, n] : symmetric posdef, b[n]\n"
        "param A[n, n] : symmetric, posdef, b, c : positive\n"
    ).statements
    found = [(s.name.id, [p.id for p in s.properties]) for s in statements]  # type: ignore[union-attr]
    assert found == [
        ("A", ["symmetric", "posdef"]),
        ("b", []),
        ("A", ["symmetric", "posdef"]),
        ("b", []),
        ("c", ["positive"]),
    ]


def test_a_misspelt_property_is_not_a_new_number() -> None:
    _, (problem,) = parse(Source("test", "param A[n, n] : symmetric, posdeff"))
    assert problem.message == "`posdeff` is no property"
    assert problem.helps == ("write `posdef`",)


def test_names_have_printed_forms() -> None:
    definition = one(r'p "\hat{y}" = softmax(z)')
    assert isinstance(definition, tree.Definition)
    assert definition.latex == r"\hat{y}"
    declaration = one(r'param W[k, d] "\mathbf{W}" : unit')
    assert isinstance(declaration, tree.Declaration)
    assert (declaration.latex, len(declaration.properties)) == (r"\mathbf{W}", 1)


def test_an_axis_may_have_a_range() -> None:
    declaration = one("input x[0..T, d]")
    assert isinstance(declaration, tree.Declaration)
    assert [type(axis).__name__ for axis in declaration.axes] == ["Range", "Name"]


def test_a_claim_has_a_label_a_point_and_a_domain() -> None:
    claim = one('claim "Q2(b)": a <= b at mu = mean(x), s = 1 for i in 1..n, j in 1..n, i != j')
    assert isinstance(claim, tree.Claim)
    assert (claim.kind, claim.label) == ("claim", "Q2(b)")
    assert claim.relation is not None
    assert claim.relation.op == "<="
    assert [s.name.id for s in claim.at] == ["mu", "s"]
    assert claim.domain is not None
    assert [b.name for b in claim.domain.binders] == ["i", "j"]
    assert [c.op for c in claim.domain.conditions] == ["!="]
    assert one("claim a = b for i in 1..n at c = 1") == one("claim a = b at c = 1 for i in 1..n")


def test_a_claim_may_be_latex() -> None:
    claim = one(r"claim $\frac{\partial L}{\partial z} = \hat{y} - y$  # not read here")
    assert isinstance(claim, tree.Claim)
    assert claim.relation is None
    assert claim.latex is not None
    assert claim.latex.text == r"\frac{\partial L}{\partial z} = \hat{y} - y"


def test_each_link_of_an_assumed_chain_is_an_assumption() -> None:
    assumed = read("assume 0 < a < 1, sum(q) = 1 for i in 1..n").statements
    assert [s.relation.op for s in assumed if isinstance(s, tree.Assume)] == ["<", "<", "="]


def test_an_unspecified_loss_names_what_it_depends_on() -> None:
    loss = one("loss L(y, z)")
    assert isinstance(loss, tree.Definition)
    assert loss.is_loss
    assert loss.value is None
    assert [a.id for a in loss.arguments] == ["y", "z"]


def test_a_function_has_local_definitions_and_a_result() -> None:
    text = "def f(x[n], eps):\n    mu = mean(x)\n    return (x - mu) / eps\n"
    function = one(text)
    assert isinstance(function, tree.Function)
    assert [(p.name.id, len(p.axes)) for p in function.parameters] == [("x", 1), ("eps", 0)]
    assert [d.name.id for d in function.body] == ["mu"]
    assert grouped(function.result) == "((x-mu)/eps)"
    assert one("def f(x): return x^2") == one("def f(x):\n    return x^2")


def test_unspecified_functions() -> None:
    assert one("function g") == tree.FunctionSymbol(
        one("function g").span, expression("g"), None, ()
    )
    symbol = one("function F(x[n]) -> [m]")
    assert isinstance(symbol, tree.FunctionSymbol)
    assert symbol.parameters is not None
    assert len(symbol.parameters) == len(symbol.output) == 1


def test_a_recurrence_may_run_down() -> None:
    recurrence = one("for t in T-1..1 step -1:\n    h[t] = h[t+1]\n    c[t] = 2\n")
    assert isinstance(recurrence, tree.Recurrence)
    assert recurrence.range.step is not None
    assert [d.name.id for d in recurrence.body] == ["h", "c"]


def test_a_case_holds_several_kinds_of_lines() -> None:
    case = one(
        'case "c":\n'
        "    given n = 3,\n"
        "          x = [1, 2, 3]\n"
        "    given y = 2\n"
        "    iterate 3: w <- w - 0.1 * dL/dw, v <- -v\n"
        "    expect x ~ y within 5%\n"
        '    refute "the slip": x ~ 0.378\n'
    )
    assert isinstance(case, tree.Case)
    assert [g.name.id for g in case.given] == ["n", "x", "y"]
    iterate, expect, refute = case.body
    assert isinstance(iterate, tree.Iterate)
    assert [[u.name.id for u in stage] for stage in iterate.stages] == [["w", "v"]]
    assert isinstance(expect, tree.Expect)
    assert (expect.kind, expect.op, expect.percent) == ("expect", "~", True)
    assert isinstance(refute, tree.Expect)
    assert (refute.kind, refute.label) == ("refute", "the slip")


def test_numbers_are_expected_and_refuted_outside_of_cases_too() -> None:
    kinds = ("expect 2/3 ~ 0.667", "refute 2/3 ~ 0.66", "refute 2/3 ~ 0.66 within 0.001")
    assert [type(one(text)).__name__ for text in kinds] == ["Expect"] * 3
    assert isinstance(one("refute 2/3 = 0.66"), tree.Claim)


def test_random_tensors_share_the_law_behind_them() -> None:
    q, k = read("random q[d], k[d] : mean 0, var sigma^2/d").statements
    assert isinstance(q, tree.Random)
    assert isinstance(k, tree.Random)
    assert q.law == k.law
    words = [(w.name.id, grouped(w.value)) for w in q.law if isinstance(w, tree.Substitution)]
    assert words == [("mean", "0"), ("var", "((sigma^2)/d)")]
    assert one("random w : mean -1") == one("random w : mean (-1)")
    normal = one("random w[n] : normal(mu, s^2)")
    assert isinstance(normal, tree.Random)
    assert isinstance(normal.law[0], tree.Call)


def test_a_network_is_a_list_of_layers() -> None:
    network = one(
        "network cnn:\n    input image[1, 32, 32]\n    conv1 = conv2d(image, out=8, kernel=5)\n"
    )
    assert isinstance(network, tree.Network)
    assert [type(part).__name__ for part in network.body] == ["Declaration", "Definition"]
    assert isinstance(expression("shape(cnn.pool1)"), tree.Call)


def test_prose_keeps_its_lines() -> None:
    prose = one('"""One line.\n\n   Another.\n     Deeper."""')
    assert isinstance(prose, tree.Prose)
    assert prose.text == "One line.\n\nAnother.\n  Deeper."


# --- one at a time -----------------------------------------------------------------------------


def test_a_claim_is_read_with_or_without_its_word() -> None:
    bare = parse_claim(Source("claim", "dL/dz = p - y for i in 1..n"))
    assert isinstance(bare, tree.Claim)
    assert bare.kind == "claim"
    assert bare == parse_claim(Source("claim", "  claim dL/dz = p - y for i in 1..n\n"))
    refuted = parse_claim(Source("claim", "refute a = b"))
    assert isinstance(refuted, tree.Claim)
    assert refuted.kind == "refute"


@pytest.mark.parametrize("text", ["", "a +", "a = b = c", "a\nb", "expect a = 1", "refute a ~ 1"])
def test_what_is_no_claim_is_a_diagnostic(text: str) -> None:
    assert isinstance(parse_claim(Source("claim", text)), Diagnostic)


def test_a_statement_may_declare_several_tensors() -> None:
    statements = parse_statement(Source("-e", "input x[d], y[d]"))
    assert isinstance(statements, tuple)
    assert len(statements) == 2


# --- places ------------------------------------------------------------------------------------


def test_spans_are_the_users_own_characters() -> None:
    source = Source("test", "# ∂ ≤\nclaim ∂L/∂z ≤ (p − y)  # ≥\n")
    file, problems = parse(source)
    assert problems == ()
    (claim,) = file.statements
    assert isinstance(claim, tree.Claim)
    assert claim.relation is not None
    assert claim.span.text == "claim ∂L/∂z ≤ (p − y)"
    assert claim.relation.left.span.text == "∂L/∂z"
    assert claim.relation.right.span.text == "(p − y)"
    assert source.position(claim.relation.right.span.start) == (2, 15)


def test_the_span_of_a_block_is_its_head_and_of_a_declaration_the_tensor() -> None:
    spans = [s.span.text for s in read(FIRST).statements]
    assert spans[2:6] == ["x[d]", "W[k, d]", "b[k]", "y[k]"]
    assert spans[-2:] == ["derivation dL/dz[j]", 'case "two classes"']


def test_brackets_belong_to_the_span_and_not_to_the_tree() -> None:
    product = expression("(a + b) * (c)")
    assert isinstance(product, tree.Binary)
    assert product.left.span.text == "(a + b)"
    assert product == expression("(a+b)*c")


# --- recovery ----------------------------------------------------------------------------------


def test_a_broken_statement_has_one_message_and_the_others_are_read() -> None:
    file, problems = parse(Source("test", "dims n\nz = (1 + \ninput x[n]\ny = 3 +* 4\nw = 2\n"))
    assert [p.span.line for p in problems] == [2, 4]
    assert [type(s).__name__ for s in file.statements] == ["Dims", "Declaration", "Definition"]


def test_names_of_broken_statements_are_remembered() -> None:
    text = "input x[[n], y\nloss L = )\ndef f(x) = 3\nz[i] = (\nclaim a = = b\ncase = 3\n"
    file, problems = parse(Source("test", text))
    assert file.statements == ()
    assert problems
    names = {name.id for name in file.broken}
    assert {"x", "y", "L", "f", "z"} <= names
    assert not names & {"claim", "case", "a", "b"}
