"""Whatever the text, there is one clear message in bounded time, and never a traceback."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derive.diagnostics.render import render
from derive.diagnostics.span import Source
from derive.syntax.parse import parse

TEXTS = {
    "too-deep": [
        "z = " + "(" * 10_000 + "x" + ")" * 10_000,
        "z = " + "[" * 10_000,
        "z = " + "+".join(["x"] * 1000),
        "z = " + "-" * 1000 + "x",
        "z = " + "^".join(["9"] * 1000),
        "z = x" + ".T" * 1000,
        "z = x" + "[1]" * 1000,
    ],
    "too-large": ["z = " + "1, " * 500_000, "z = " + "x" * 1_000_000],
    "empty": ["", "\n\n", "# only this", "\ufeff", " " * 100_000],
    "not-text": ["dims n\0\nz = \0", "\x7fELF\x02\x01" + "\0" * 1000, "z = \x1b[31m1"],
    "not-derive": ["claim\n" * 10_000, ":\n" * 10_000, "(\n" * 10_000, "z = f(\n" * 10_000],
    "tab": ["def f(x):\n\ty = x\n\treturn y\n", "z =\t1\n\tw = 2"],
    "unclosed": ['z = "abc', '"""' + "a\n" * 100_000, '"' * 9999, "$" * 999, "z = ("],
    "bad-number": ["z = 1e999999999", "z = " + "9" * 5000],
}


@pytest.mark.parametrize(
    ("code", "text"),
    [(code, text) for code, texts in TEXTS.items() for text in texts],
    ids=[f"{code}-{i}" for code, texts in TEXTS.items() for i in range(len(texts))],
)
def test_one_message_in_bounded_time(code: str, text: str) -> None:
    start = time.process_time()
    _, problems = parse(Source("hostile", text))
    assert [problem.code for problem in problems] == [code]
    assert len(render(problems[0])) < 1000
    assert time.process_time() - start < 5


def test_a_hundred_levels_are_not_too_deep() -> None:
    assert parse(Source("deep", "z = " + "(" * 100 + "x" + ")" * 100))[1] == ()
    assert parse(Source("long", "z = " + "+".join(["x"] * 150)))[1] == ()


def test_no_more_messages_than_a_person_reads() -> None:
    _, problems = parse(Source("many", "dims n\n" + "z = )\n" * 60))
    assert len(problems) == 20
    assert problems[-1].notes == ("40 more statements cannot be read",)


PIECES = [
    *("dims n", "input x[n]", "claim ", "case ", '"a"', ":", "\n", "\n    ", "z", " = ", "(", ")"),
    *("[", "]", "sum[i](", "dL/dz", "for i in 1..n", ",", "+", "*", "^", "~", "$", '"', "'", "1.5"),
    *("given", "expect", "derivation", "by", "def f(x)", "return", "∂", "²", "#", "\t", "..", "->"),
]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join) | st.text(max_size=40))
def test_any_text_gives_a_tree_or_messages(text: str) -> None:
    file, problems = parse(Source("any", text))
    assert file.statements or problems
    for problem in problems:
        assert 0 <= problem.span.start <= problem.span.end <= len(text)
        assert problem.message
        assert render(problem)
