"""A tree written as text reads as the same tree, with no bracket that could be left out."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derive.diagnostics.diagnostic import Diagnostic
from derive.diagnostics.span import Source, Span
from derive.syntax import tree
from derive.syntax.parse import parse, parse_expression
from derive.syntax.show import show
from derive.syntax.show_statement import show_file

SPAN = Span(Source("none", ""), 0, 0)
NAMES = st.sampled_from(["x", "W_1", "dL", "dz", "d", "T", "sum", "σ", "i"])


def name(text: str) -> tree.Name:
    return tree.Name(SPAN, text)


def several(parts: st.SearchStrategy, least: int = 1) -> st.SearchStrategy:
    return st.lists(parts, min_size=least, max_size=3).map(tuple)


def larger(inner: st.SearchStrategy) -> st.SearchStrategy:
    """Trees with parts from `inner`."""
    compare = st.builds(
        tree.Comparison,
        st.just(SPAN),
        st.sampled_from(["=", "!=", "<", "<=", ">", ">="]),
        inner,
        inner,
    )
    extent = st.builds(tree.Range, st.just(SPAN), inner, inner, st.none() | inner)
    binder = st.builds(tree.Binder, st.just(SPAN), st.sampled_from("ijk"), st.none() | extent)
    keyword = st.builds(tree.Keyword, st.just(SPAN), st.just("over"), inner)
    return st.one_of(
        st.builds(tree.Binary, st.just(SPAN), st.sampled_from("+-*/^@"), inner, inner),
        st.builds(tree.Binary, st.just(SPAN), st.sampled_from("*/@"), inner, inner),
        st.builds(tree.Negative, st.just(SPAN), inner),
        st.builds(tree.Transpose, st.just(SPAN), inner),
        st.builds(tree.Attribute, st.just(SPAN), inner, st.just("out")),
        st.builds(
            tree.Call,
            st.just(SPAN),
            NAMES.map(name),
            several(inner, 0),
            several(keyword, 0),
            st.integers(0, 2),
        ),
        st.builds(tree.Subscript, st.just(SPAN), inner, several(inner)),
        st.builds(
            tree.Big,
            st.just(SPAN),
            st.sampled_from(["sum", "prod", "max"]),
            several(binder),
            several(compare, 0),
            inner,
        ),
        st.builds(tree.Indicator, st.just(SPAN), several(compare)),
        st.builds(tree.List, st.just(SPAN), several(inner, 0)),
        st.builds(tree.Comprehension, st.just(SPAN), inner, several(binder), several(compare, 0)),
    )


EXPRESSIONS = st.recursive(
    NAMES.map(name)
    | st.integers(0, 99).map(lambda n: tree.Number(SPAN, Fraction(n), str(n)))
    | st.just(tree.Number(SPAN, Fraction(1, 10), "0.1")),
    larger,
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(EXPRESSIONS)
def test_what_is_written_reads_as_it_was(expr: tree.Expression) -> None:
    text = show(expr)
    back = parse_expression(Source("shown", text))
    assert not isinstance(back, Diagnostic), (text, back.message)
    assert back == expr, text


@pytest.mark.parametrize(
    "text",
    [
        "-x^2",
        "(-x)^2",
        "a - (b - c)",
        "a/(b*c)",
        "a*dL/dz",
        "(a*dL)/dz",
        "a*(b/c)",
        "a/dx/dy",
        "2^-n",
        "(W @ x).T",
        "sum[i in 1..n, i != c](x[i]*y[i])",
        "[x[i] for i in 1..n, j]",
        "limit(f(tau), tau -> 0+)",
        "g''(z)",
        "(3).T",
    ],
)
def test_no_bracket_is_added_or_lost(text: str) -> None:
    expr = parse_expression(Source("test", text))
    assert not isinstance(expr, Diagnostic)
    assert show(expr) == text


FILE = r'''
"Prose."
"""Two
lines with "quotes" in them."""
dims n, m
input x[0..T, d] "\mathbf{x}" : unit positive
assume sum(x) = 1 for i in 1..n, i != 2
p[i] = exp(x[i])
q "\hat q" = p / sum(p)
loss L = sum(q)
loss M(q)
function g
function F(x[n], y) -> [m]
def f(x[n], eps):
    y = x + eps
    return y * 2
for t in T - 1..1 step -1:
    h[t] = h[t + 1]
use "other.derive"
claim "a": dL/dp = 3 at q = 2, r = 1 for i in 1..n
refute x <= 2
claim $\frac12 = 0.5$ at q = 2
derivation $a$:
    $= b$  by "reason"
    = c
derivation "d" $a &= b \\ &= c$ for i in 1..n
expect $1 + 1 = 2$
derivation "d" dL/dz[j] for j in 1..n:
    = 1  by "reason"
    = 2
expect 1 + 1 = 2
refute 2/3 ~ 0.66 within 1%
case "c":
    given x = [1, 2]
    given n = 2
    expect "l": x ~ 2 within 0.1
    refute x ~ 3
    iterate 3: w <- w - 1, v <- 2 * v
    iterate n:
        v <- 2 * v
        w <- v, u <- w
random q[d] : mean 0, normal(mu, s^2)
network cnn:
    input image[1, 32]
    out = linear(image, out=10)
'''


def test_every_statement_reads_as_it_was() -> None:
    file, problems = parse(Source("test", FILE))
    assert problems == ()
    again, problems = parse(Source("shown", show_file(file)))
    assert problems == ()
    assert again == file
    assert {type(s).__name__ for s in file.statements} == {
        kind.__name__ for kind in tree.Statement.__args__
    }
