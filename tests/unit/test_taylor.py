"""How errors of differences shrink with the step."""

import math

import numpy as np
import pytest
from click.testing import CliRunner
from modelling import model_of

from derive.check.curves import curves
from derive.cli import main
from derive.report import plot
from derive.testing import taylor_order

MODEL = """
dims d, k
input x[d]
param W[k, d]
target y[k] : onehot
z = W @ x
p = softmax(z)
loss L = -sum(y*log(p))
claim dL/dz = p - y
claim "slip": dL/dW = (y - p) @ x.T
claim dp/dz = diag(p) - p @ p.T
claim dL/dz[1] = p[1] - y[1]
claim L >= 0
"""


def test_the_order_is_two_for_a_right_gradient_and_one_for_a_wrong_one():
    x = np.array([0.3, -1.2, 0.8])

    def f(x):
        return np.sin(x).sum()

    assert 1.9 < taylor_order(f, np.cos, x).order < 2.1
    assert 0.9 < taylor_order(f, lambda x: 1.001 * np.cos(x), x).order < 1.1
    assert taylor_order(lambda x: 2 * x.sum(), lambda x: np.full(3, 2.0), x).order == math.inf


def test_curves_of_a_file():
    right, slip, jacobian = curves(model_of(MODEL), 0)
    assert [c.title for c in (right, slip, jacobian)] == [
        "line 9: dL/dz = p - y",
        "line 10: slip",
        "line 11: dp/dz = diag(p) - p @ p.T",
    ]
    for drawn in (right, jacobian):
        assert min(drawn.curve.errors) < 1e-10
        assert drawn.curve.errors[0] > 100 * drawn.curve.errors[4]
    assert min(slip.curve.errors) > 1e-3


def test_a_plot_is_drawn(tmp_path):
    pytest.importorskip("matplotlib")
    file, target = tmp_path / "a.derive", tmp_path / "a.png"
    file.write_text(MODEL, encoding="utf-8")
    result = CliRunner().invoke(main, ["check", str(file), "--plot", str(target)])
    assert result.exit_code == 1
    assert target.read_bytes().startswith(b"\x89PNG")


def test_nothing_to_plot_is_said(tmp_path):
    pytest.importorskip("matplotlib")
    file, target = tmp_path / "a.derive", tmp_path / "a.png"
    file.write_text("claim 1 = 1\n", encoding="utf-8")
    result = CliRunner().invoke(main, ["check", str(file), "--plot", str(target)])
    assert "nothing to plot" in result.output
    assert not target.exists()


def test_without_matplotlib_a_plot_is_refused_before_anything_is_judged(tmp_path, monkeypatch):
    monkeypatch.setattr(plot, "is_possible", lambda: False)
    target = tmp_path / "a.png"
    result = CliRunner().invoke(main, ["check", "nowhere.derive", "--plot", str(target)])
    assert result.exit_code == 2
    assert "--plot needs matplotlib: pip install 'derive[plot]'" in result.output
