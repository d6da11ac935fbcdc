"""Did you mean …? Near names are offered, far ones and short ones are not."""

import pytest

from derive.diagnostics.suggest import nearest


@pytest.mark.parametrize(
    ("name", "candidates", "near"),
    [
        ("softmx", ["softmax", "softplus", "sum"], "softmax"),
        ("Sigma", ["sigma", "sigmoid"], "sigma"),
        ("sigma", ["σ", "s"], "σ"),
        ("W1", ["W_1", "W_2"], "W_1"),
        ("w", ["W", "x"], "W"),
        ("q", ["p", "x", "y"], None),
        ("foo", [], None),
        ("x", ["x"], None),
        ("gradient", ["layernorm", "input"], None),
    ],
)
def test_the_nearest_name_is_offered(name: str, candidates: list[str], near: str | None) -> None:
    assert nearest(name, candidates) == near


def test_the_answer_does_not_depend_on_the_order() -> None:
    names = ["alphas", "alphat", "alphau"]
    assert nearest("alpha", names) == nearest("alpha", reversed(names)) == "alphas"
