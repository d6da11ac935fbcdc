"""What loops become: definitions of one recurrence, and which ones are in error."""

import pytest

from derive.diagnostics.span import Source
from derive.model.elaborate import elaborate
from derive.model.model import Definition, Model
from derive.model.scalar import Tensor
from derive.model.show import show_tensor
from derive.syntax.parse import parse

DECLARED = """
dims T, m, n, k
input x[T, n], u[0..T, m], h0[m]
param Wh[m, m], Wx[m, n], b[m]
"""


def model_of(text: str) -> Model:
    file, problems = parse(Source("test.derive", DECLARED + text))
    assert not problems, problems
    return elaborate(file)


def shown(definition: Definition) -> str:
    return show_tensor(Tensor(definition.indices, definition.body))


def loops(text: str) -> dict[str, str]:
    """The names of the loops of a text, as index notation."""
    model = model_of(text)
    assert not model.errors, model.errors
    return {name: shown(d) for name, d in model.definitions.items() if d.recurrence is not None}


def test_a_state_has_its_start_and_its_steps_as_pieces() -> None:
    text = "h[0] = h0\nfor t in 1..T:\n    a[t] = Wh @ h[t-1] + b\n    h[t] = tanh(a[t])\n"
    assert loops(text) == {
        "a": "[i:T, j:m] add(sum[k:m](mul(Wh[j,k], h[i+-1,k])), b[j])",
        "h": "[i:0..T, j:m] blocks[i+1]([k:0..0] h0[j] | [l:T] tanh(a[l,j]))",
    }
    recurrence = model_of(text).definitions["h"].recurrence
    assert recurrence is not None
    assert (recurrence.names, recurrence.step) == (("a", "h"), 1)


@pytest.mark.parametrize("order", [0, 1])
def test_a_loop_may_run_down_and_its_end_stand_after_it(order: int) -> None:
    parts = ["s[T] = h0\n", "for t in T-1..1 step -1:\n    s[t] = Wh.T @ s[t+1]\n"]
    found = loops("".join(parts if order else reversed(parts)))
    assert found == {"s": "[i:T, j:m] blocks[i]([k:T-1] sum[l:m](mul(Wh[l,j], s[k+1,l])) | "
                          "[m:T..T] h0[j])"}  # fmt: skip
    recurrence = model_of("".join(parts)).definitions["s"].recurrence
    assert recurrence is not None
    assert recurrence.step == -1


def test_what_is_hidden_in_a_step_is_computed_by_it() -> None:
    text = (
        "c[0] = h0\nfor t in 1..T:\n    c[t] = c[t-1] + sigmoid(Wh @ c[t-1]) + sigmoid(x[t, 1])\n"
    )
    model = model_of(text)
    assert not model.errors, model.errors
    names = {name: d.recurrence and d.recurrence.names for name, d in model.definitions.items()}
    assert names == {"sigmoid.x": ("sigmoid.x", "c"), "c": ("sigmoid.x", "c")}
    assert model.definitions["sigmoid.x"].indices[0].name == "t"


def test_a_number_fills_the_start_of_a_vector() -> None:
    found = loops("v[0] = 0\nfor t in 1..T:\n    v[t] = v[t-1] + Wx @ x[t]\n")
    assert found["v"].startswith("[i:0..T, j:m] blocks[i+1]([k:0..0] 0 | ")


def test_entries_may_be_indexed_on_the_left() -> None:
    found = loops("v[0, i] = h0[i]\nfor t in 1..T:\n    v[t, i] = v[t-1, i] + b[i]\n")
    assert found["v"] == "[i:0..T, j:m] blocks[i+1]([k:0..0] h0[j] | [l:T] add(v[l+-1,j], b[j]))"


@pytest.mark.parametrize(
    "text",
    [
        "F[1] = 1\nF[2] = F[1]\nfor t in 3..T:\n    F[t] = F[t-1] + F[t-2]\n",
        "for t in 1..T:\n    C[t] = 1 + sum[j in 1..t-1](C[j]*C[t-j])\n",
        "for t in 1..T:\n    C[t] = 1 + sum[j in 1..T, j < t](C[j])\n",
        "s[0] = 0\nfor t in 1..T:\n    s[t] = s[t-1] + [t > 1]*s[t-2]\n",
        "s[0] = 0\nfor t in 1..T-1:\n    s[t] = s[0] + u[t+1, 1]\n",
        "g[T] = 0\nfor t in T-1..0 step -1:\n    g[t] = u[t, 1] + sum[j in t+1..T](g[j])\n",
        "g[T+1] = 0\nfor t in T..1 step -1:\n    g[t] = g[t+1] + max(x[t])\n",
        "delta[T] = 1\nfor t in T-1..1 step -1:\n    delta[t] = delta[t+1]*Wh[1, 1]\n",
        "h[0] = h0\nfor t in 1..T:\n    g[t] = grad(sum(h[t-1]^2), h[t-1])\n    h[t] = g[t]\n",
    ],
)
def test_well_ordered(text: str) -> None:
    assert loops(text)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("for t in 1..T:\n    h[t] = h[t]\n", "own-future"),
        ("h[0] = 0\nfor t in 1..T:\n    h[t] = sum(h)\n", "own-future"),
        ("h[0] = 0\nfor t in 1..T:\n    h[t] = sum[j in 0..t](h[j])\n", "own-future"),
        ("h[0] = 0\nfor t in 1..T:\n    h[t] = h[T]\n", "own-future"),
        ("h[0] = 0\nfor t in 1..T:\n    h[t] = g[t]\n    g[t] = h[t-1]\n", "own-future"),
        ("h[0] = 0\nfor t in T..1 step -1:\n    h[t] = h[t-1]\n", "own-future"),
        ("h[0] = h[1]\nfor t in 1..T:\n    h[t] = h[t-1]\n", "own-future"),
        ("h[0] = 0\nfor t in 1..T:\n    h[t] = h[t-2]\n", "undefined-entry"),
        ("h[0] = 0\nfor t in 1..T:\n    h[t] = h[t-k]\n", "undefined-entry"),
        ("h[0] = 0\nfor t in 2..T:\n    h[t] = h[0]\n", "undefined-entry"),
        ("h[0] = 0\nh[0] = 1\nfor t in 1..T:\n    h[t] = 1\n", "defined-twice"),
        ("h[T] = 0\nfor t in 1..T:\n    h[t] = 1\n", "defined-twice"),
        ("for t in 1..T:\n    h[t] = 1\n    h[t] = 2\n", "defined-twice"),
        ("for t in 5..1:\n    h[t] = 1\n", "index-range"),
        ("for t in T..1:\n    h[t] = 1\n", "index-range"),
        ("for t in 1..T step -1:\n    h[t] = 1\n", "index-range"),
        ("for t in 1..T step 2:\n    h[t] = 1\n", "index-range"),
        ("for t in 1..T:\n    h = 1\n", "misplaced"),
        ("for t in 1..T:\n    g[t] = 1\n    h[t+1] = 1\n", "misplaced"),
        ("h[0] = 1\nfor t in 1..T:\n    h[t] = [h[t-1], 1]\n", "ragged-literal"),
        ("h[0] = h0\nfor t in 1..T:\n    h[t] = x[t]\n", "shape-mismatch"),
        ("h[0] = 0\nfor t in 1..T:\n    h[t] = [h[t-1], h[t-1]]\n", "shape-mismatch"),
        ("for t in 1..T:\n    b[t] = 1\n", "duplicate-name"),
        ("s = sum[j in T..1](x[j, 1])", "index-range"),
    ],
)
def test_a_mistake_gives_one_message(text: str, code: str) -> None:
    assert [error.code for error in model_of(text).errors] == [code]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("prod[j in 2..T](J[j])", "[i:m, j:m] matprod[m:2..T]([k:m, l:m] J[m,k,l])[i,j]"),
        ("prod[j in T..2 step -1](J[j])", "[i:m, j:m] matprod[m:T..2]([k:m, l:m] J[m,k,l])[i,j]"),
        ("prod[j](J[j])", "[i:m, j:m] matprod[m:1..T]([k:m, l:m] J[m,k,l])[i,j]"),
        ("prod[j in 2..T](J[j, 1, 2])", "[] prod[i:2..T](J[i,1,2])"),
        ("sum[j in T..2 step -1](h0[1]^j)", "[] sum[i:2..T](pow(h0[1], i))"),
        ("[b[2]*j for j in T..1 step -1]", "[i:T] mul(b[2], (-1)*i+T+1)"),
    ],
)
def test_ranges_that_run_down(text: str, said: str) -> None:
    model = model_of(f"input J[T, m, m]\nz = {text}\n")
    assert not model.errors, model.errors
    assert shown(model.definitions["z"]) == said


def test_a_product_of_matrices_runs_over_one_index() -> None:
    text = "z = prod[j in 1..T, j != 2](Wh*u[j, 1])"
    assert [error.code for error in model_of(text).errors] == ["misplaced"]
