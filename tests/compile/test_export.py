"""Exported modules run on their own and agree with what their libraries differentiate."""

import ast
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from click.testing import CliRunner

import derive
from derive.cli import main
from derive.diagnostics.diagnostic import DeriveError

MODELS = Path(__file__).parent / "models"
WORKED = Path(__file__).parents[2] / "worked"
FILES = [
    WORKED / "review" / "softmax_cross_entropy.derive",
    WORKED / "exam_4a" / "two_layer_network.derive",
    MODELS / "layers.derive",
    MODELS / "lstm.derive",
]
IMPORTED = {"numpy": {"math", "numpy"}, "torch": {"math", "torch"}, "jax": {"math", "jax"}}


def run(text: str, path: Path) -> str:
    path.write_text(text, encoding="utf-8")
    found = subprocess.run(
        [sys.executable, "-W", "error", str(path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert found.returncode == 0, found.stderr
    return found.stdout


@pytest.mark.parametrize("target", ["numpy", "torch", "jax"])
@pytest.mark.parametrize("file", FILES, ids=lambda path: path.stem)
def test_an_exported_module_checks_itself(target: str, file: Path, tmp_path: Path) -> None:
    if find_spec(target) is None:
        pytest.skip(f"{target} is not installed")
    text = derive.load(file).export(target)
    modules = {
        name.partition(".")[0]
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Import)
        for name in (alias.name for alias in node.names)
    }
    assert modules <= IMPORTED[target]
    assert "within" in run(text, tmp_path / "exported.py")


@pytest.mark.parametrize("file", FILES[:2], ids=lambda path: path.stem)
def test_an_exported_sympy_module_checks_itself(file: Path, tmp_path: Path) -> None:
    text = derive.load(file).export("sympy")
    assert "agrees with SymPy's derivative" in run(text, tmp_path / "exported.py")


def test_the_command_writes_a_file(tmp_path: Path) -> None:
    out = tmp_path / "out.py"
    arguments = ["export", str(FILES[0]), "--to", "numpy", "--wrt", "W", "-o", str(out)]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    assert "def L_and_gradients(" in out.read_text(encoding="utf-8")


def test_a_file_without_a_number_has_nothing_to_export() -> None:
    with pytest.raises(DeriveError, match="nothing to export"):
        derive.parse("dims n\ninput x[n]\ny = 2*x").export("numpy")


def test_shapes_stand_in_the_docstring() -> None:
    text = derive.load(FILES[1]).export("numpy")
    assert "W1: [h, d]" in text
