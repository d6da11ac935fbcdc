"""Every row of the tables of mistakes explains each of its examples, and nothing that is right."""

import re

import pytest

from derive.diagnostics.span import Source
from derive.syntax.mistake import Mistake
from derive.syntax.mistakes import MISTAKES
from derive.syntax.parse import parse

EXAMPLES = [(row, example) for row in MISTAKES for example in row.examples]


def message_pattern(row: Mistake) -> str:
    """The message of `row`, anything in its gaps."""
    return ".+".join(map(re.escape, re.split(r"\{\w+\}", row.message)))


@pytest.mark.parametrize(("row", "example"), EXAMPLES, ids=[example for _, example in EXAMPLES])
def test_an_example_is_explained_by_its_row(row: Mistake, example: str) -> None:
    _, problems = parse(Source("test", example))
    assert len(problems) >= 1
    assert re.fullmatch(message_pattern(row), problems[0].message), problems[0].message
    if row.help:
        assert problems[0].helps
    assert "{" not in problems[0].message.replace("`{`", "")


@pytest.mark.parametrize("row", MISTAKES, ids=[row.message for row in MISTAKES])
def test_a_row_has_examples_and_speaks_like_the_others(row: Mistake) -> None:
    assert row.examples
    assert not row.message.endswith(".")
    assert row.message[0] in "`" or row.message[0].islower()
    assert "(?P<here>" in row.pattern


@pytest.mark.parametrize(
    ("text", "message", "at"),
    [
        ("clam a = b", "no statement begins with `clam`", "clam"),
        ("prove a = b", "no statement begins with `prove`", "prove"),
        ("softmax(z)", "nothing is said about this expression", "softmax(z)"),
        ("z = 1 § 2", "`§` is no sign of the language", "§"),
        ("z = @x", "found `@` where a value is needed", "@"),
        ("z = loss + 1", "`loss` is a word of the language and cannot be a name", "loss"),
        ("dims at", "`at` is a word of the language and cannot be a name", "at"),
        ("claim a ~ 3", "`~` compares with printed digits, so it stands only in", "a ~ 3"),
        ("claim a < b < c", "a second `<`: a judged statement holds one relation", "c"),
        ("z = x[1..2]", "a range is no index: there are no slices", "1..2"),
        ("z = sum[i in n](x)", "`i in n` names no range", "n"),
        ("z = 2(a + b)", "`2` is not a function, and `(` stands right behind it", "(a + b)"),
        ('case "a"\n    expect 1 = 1', "`case` opens a block, so its line ends in `:`", ""),
        ("loss L[i] = x[i]", "a loss is one number, so its name has no index", "[i]"),
    ],
)
def test_the_message_says_what_was_found(text: str, message: str, at: str) -> None:
    _, (problem,) = parse(Source("test", text))
    assert problem.message.startswith(message)
    assert problem.span.text == at


def test_the_nearest_word_is_offered() -> None:
    _, (near,) = parse(Source("test", "clam a = b"))
    _, (other,) = parse(Source("test", "prove a = b"))
    assert near.helps == other.helps == ("write `claim`",)


def test_a_bracket_that_is_open_from_an_earlier_line_is_shown() -> None:
    _, (problem,) = parse(Source("test", "z = f(a,\n      b c)\n"))
    (label,) = problem.also
    assert label.span.text == "("
    assert "still open" in label.text


def test_no_message_speaks_of_the_parser() -> None:
    for text in ("z = ", "z = a b", "case", "for", "def", "use", "random", "network x", "iterate"):
        _, problems = parse(Source("test", text))
        for problem in problems:
            said = " ".join((problem.message, problem.label, *problem.notes, *problem.helps))
            assert not re.search(r"_NL|_INDENT|\$END|Token|__ANON|[A-Z]{4,}", said), said
