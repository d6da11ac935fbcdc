"""Which line ends count, what is blanked, and where an open bracket is blamed."""

import pytest

from derive.syntax.layout import Chunk, split


def chunks(text: str) -> list[Chunk]:
    return list(split(text))


def texts(text: str) -> list[str]:
    assert [c.fault for c in chunks(text)] == [None] * len(chunks(text))
    return [" ".join(c.text.split(" ")) for c in chunks(text)]


@pytest.mark.parametrize(
    "text",
    [
        "z = (a +\nb)",
        "z = [a,\n\n# [ (\nb]",
        "z = a +\n  b",
        "z = a\n  + b",
        "claim a\n    = b",
        "claim a = b  # (\n    for i in 1..n",
        "dims a,\n  b",
        'z = "("',
        "z = 1 # )",
        "claim $($",
        '"""\n( [ \n"""',
    ],
)
def test_these_are_one_statement(text: str) -> None:
    assert len(texts(text)) == 1


@pytest.mark.parametrize("text", ["a = 1 +\nb = 2", "a = 1\n- b", "a = 1\n\n\n# c\nb = 2\n"])
def test_these_are_two(text: str) -> None:
    assert len(texts(text)) == 2


def test_every_character_keeps_its_place() -> None:
    text = 'case "a":  # one\n\n    given x = [1,  # two\n  2]\n    expect x = 1\n'
    (chunk,) = chunks("# zero\n" + text)
    assert chunk.start == 7
    for offset, char in enumerate(chunk.text):
        assert char in (" ", text[offset])
    assert chunk.text.count("\n") == 2


def test_a_text_may_be_indented_as_a_whole() -> None:
    assert len(texts("    dims n\n    input x[n]\n")) == 2


@pytest.mark.parametrize(
    ("text", "kind", "at"),
    [
        ("z = (a\nw = 1", "unclosed", 4),
        ("z = (a\nclaim a = b", "unclosed", 4),
        ("z = f(a, [b\n", "unclosed", 9),
        ("z = a)", "unopened", 5),
        ("z = (a]", "mismatched", 6),
        ('z = "a\nw = 1', "unterminated", 4),
        ("claim $a\n\nb$", "unterminated", 6),
        ("dims n\n  dims m", "no-colon", 9),
        ('case "a":\n    given x = 1\n  expect x = 1', "dedent", 28),
        ("z =\t1", "tab", 3),
        ("z = \x001", "control", 4),
    ],
)
def test_what_is_wrong_is_blamed_where_it_is(text: str, kind: str, at: int) -> None:
    faults = [c.fault for c in chunks(text) if c.fault is not None]
    assert [(fault.kind, fault.start) for fault in faults[:1]] == [(kind, at)]


def test_an_open_bracket_does_not_swallow_the_statements_below() -> None:
    first, second, third = chunks("z = softmax(W @ x\np = relu(z)\nclaim p = z\n")
    assert first.fault is not None
    assert (second.text, second.fault) == ("p = relu(z)", None)
    assert (third.text, third.fault) == ("claim p = z", None)
