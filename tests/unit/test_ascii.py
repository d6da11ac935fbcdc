"""Signs become ASCII, and every place finds its way back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from derive.syntax.ascii import SIGNS, to_ascii


@pytest.mark.parametrize(
    ("text", "spelling"),
    [
        ("∂L/∂z ≈ 0.1", "dL/dz ~ 0.1"),
        ("a ≤ b ≥ c ≠ d", "a <= b >= c != d"),
        ("a · b × c − d", "a * b * c - d"),
        ("Xᵀ @ X⊤", "X.T @ X.T"),
        ("x² + y¹⁰", "x^2 + y^10"),
        ("√(x)", "sqrt(x)"),
        ("∂ L/∂ z", "dL/dz"),
        ("σ(μ)", "σ(μ)"),
        ("sum[i ∈ 1…n](x)", "sum[i  in  1..n](x)"),
    ],
)
def test_signs_have_an_ascii_spelling(text: str, spelling: str) -> None:
    assert to_ascii(text).text == spelling


@given(st.text(alphabet=[*SIGNS, *"ab ²³√(\n"], max_size=30))
def test_every_place_finds_its_way_back(text: str) -> None:
    ascii_text = to_ascii(text)
    starts = [ascii_text.start(i) for i in range(len(ascii_text.text) + 1)]
    assert starts == sorted(starts)
    assert starts[-1] == len(text)
    for offset, char in enumerate(ascii_text.text):
        start, end = ascii_text.start(offset), ascii_text.end(offset + 1)
        assert end == start + 1
        assert char == text[start] or text[start] in SIGNS or text[start] in "²³√"


def test_ascii_text_is_left_alone() -> None:
    assert to_ascii("dL/dz <= x^2").origins is None
