"""What is said of printed digits that are wrong, and of ties."""

import pytest

import derive

MODEL = """
dims n
input z[n]
target y[n] : onehot
input a
p = softmax(z)
loss L = -sum(y*log(p))
case "c":
    given z = [1, -2, 0.5], y = [1, 0, 0], a = {a}
    expect {expect}
"""


def verdict(expect: str, a: str = "0.3446") -> object:
    report = derive.parse(MODEL.format(expect=expect, a=a)).check()
    (outcome,) = report.statements
    return outcome.verdict


@pytest.mark.parametrize(
    ("expect", "said"),
    [
        ("L ~ 0.504", "off by 1 in the last digit: it rounds to 0.505"),
        ("p ~ [0.604, 0.030, 0.365]", "off by 1 in the last digit: it rounds to 0.366"),
        ("L ~ 0.51", "rounded from a rounded intermediate: 0.504597 to 0.505, and that to 0.51"),
        ("a ~ 0.35", "rounded from a rounded intermediate: 0.344600 to 0.345, and that to 0.35"),
        (
            "exp(5*L) ~ 12.491",
            "rounded from a rounded intermediate: with `L` rounded to 3 decimals",
        ),
        ("exp(-3*a) ~ 0.3556", "off by 1 in the last digit: it rounds to 0.3557"),
        ("L ~ -0.50", "this is -1 times the value: check the sign"),
        ("L ~ 0.7", "wrong, and not by rounding: it rounds to 0.5"),
        ("a*1000 ~ 3.446e5", "wrong, and not by rounding: it rounds to 3e2"),
    ],
)
def test_which_of_the_three_it_is(expect: str, said: str) -> None:
    found = verdict(expect)
    assert isinstance(found, derive.Refuted)
    assert found.hint is not None
    assert found.hint.startswith(said)


def test_an_explanation_by_rounding_is_one_that_was_computed() -> None:
    found = verdict("exp(5*L) ~ 12.488")
    assert isinstance(found, derive.Refuted)
    assert "intermediate" not in str(found.hint)


def test_the_value_has_more_digits_than_were_printed() -> None:
    found = verdict("L ~ 0.50459691")
    assert isinstance(found, derive.Refuted)
    assert found.derived == "it is 0.50459690234"


def test_a_stated_tolerance_is_no_matter_of_digits() -> None:
    found = verdict("L ~ 0.5076 within 0.0001")
    assert isinstance(found, derive.Refuted)
    assert found.hint is None


def test_a_tie_is_said() -> None:
    found = verdict("a ~ 0.12", a="0.125")
    assert found == derive.Proved(("a tie: 0.125 rounds to 0.12 and to 0.13",))
    assert verdict("a ~ 0.125", a="0.125") == derive.Proved()
