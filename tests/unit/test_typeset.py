"""Expressions as a textbook sets them."""

import pytest

from derive.report.formula_latex import latex
from derive.report.solution.notation import relation_of
from derive.report.typeset import Typesetter

RANKS = {"x": 1, "w": 1, "W": 2, "a": 0, "L": 0, "z": 1, "WQ": 2, "per_token": 0}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1e-7", "10^{-7}"),
        ("3e-7", r"3 \cdot 10^{-7}"),
        ("2*per_token", r"2 \, \mathrm{per}_{\mathrm{token}}"),
        ("2*x", "2x"),
        ("R(a).T @ R(a)", r"R(a)^\top \, R(a)"),
        ("softmax(z)[i]", r"\operatorname{softmax}(z)_{i}"),
        ("g'''(a)", "g'''(a)"),
        ("relu(a)^2", r"\operatorname{relu}(a)^{2}"),
        ("E(a)", r"\mathbb{E}[a]"),
        ("Var(a + 1)", r"\operatorname{Var}[a + 1]"),
        ("grad(f(w), w)", r"\frac{\partial}{\partial w} \, f(w)"),
        ("grad(f(w) + a, w)", r"\frac{\partial}{\partial w}(f(w) + a)"),
        ("hess(L, w)", r"\nabla_{w}^{2} \, L"),
        ("dL/dz", r"\frac{\partial L}{\partial z}"),
        ("WQ @ x", r"W_{Q} \, x"),
        ("sum(x*w)*z", r"(x^\top \, w) \, z"),
        ("sum(x^2)", r"\Vert x\Vert^{2}"),
    ],
)
def test_a_formula_reads_as_in_a_book(text: str, expected: str) -> None:
    relation = relation_of(f"0 = {text}")
    assert relation is not None
    assert latex(Typesetter({}, RANKS).formula(relation.right)) == expected


def test_a_quotient_of_names_that_begin_with_d_is_no_derivative() -> None:
    relation = relation_of("dP = dL/dP")
    assert relation is not None
    ranks = {**RANKS, "dP": 1, "P": 1}
    assert latex(Typesetter({}, ranks).formula(relation.right)) == r"\frac{\partial L}{\partial P}"
    ranks["dL"] = 0
    assert "partial" not in latex(Typesetter({}, ranks).formula(relation.right))
