"""The collector of case files fails where it should: a silent skip would look like a pass."""

from tests.conftest import differences, expected_outcomes


def test_a_file_without_marks_fails() -> None:
    assert differences("a.derive", {}, {}) == ["a.derive: nothing is expected here"]


def test_a_misspelt_mark_fails() -> None:
    expected = expected_outcomes("claim x = x   #~ provd\n")
    assert differences("a.derive", expected, {1: "proved"}) == [
        "a.derive:1: expected provd, got proved"
    ]


def test_an_outcome_without_a_mark_fails() -> None:
    assert differences("a.derive", {1: "proved"}, {1: "proved", 2: "refuted"}) == [
        "a.derive:2: expected nothing, got refuted"
    ]


def test_a_mark_without_an_outcome_fails() -> None:
    assert differences("a.derive", {1: "proved", 4: "refuted"}, {1: "proved"}) == [
        "a.derive:4: expected refuted, got nothing"
    ]


def test_marks_keep_their_whole_text() -> None:
    assert expected_outcomes("x  #~ proved for T = 1..4  \n# no mark\n") == {
        1: "proved for T = 1..4"
    }
