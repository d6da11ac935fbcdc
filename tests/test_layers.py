"""The import graph points one way: a package imports only itself and what is earlier in LAYERS."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "derive"
MODULES = sorted(
    path for path in ROOT.rglob("*.py") if not (path.parent == ROOT and path.name.startswith("__"))
)
LAYERS = [
    "diagnostics",
    "syntax",
    "model",
    "calculus",
    "proof",
    "evaluate",
    "oracle",
    "check",
    "compile",
    "report",
    "api",
    "testing",
    "pytest_plugin",
    "cli",
]
BANNED = {
    "proof": {"numpy"},
    "calculus": {"numpy"},
    "syntax": {"numpy", "sympy"},
    "model": {"numpy", "sympy", "lark"},
    "diagnostics": {"numpy", "sympy", "lark"},
    "report": {"numpy", "sympy"},
    "check": {"sympy", "lark"},
    "evaluate": {"sympy", "lark"},
}
# What a layer may not use though it comes earlier: the oracle owes nothing to the engine.
APART = {"oracle": {"calculus", "proof"}, "evaluate": {"calculus", "proof"}}
LONGEST = 400


def layer_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imported_modules(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Import(names=aliases):
                names |= {alias.name for alias in aliases}
            case ast.ImportFrom(module="derive", names=aliases, level=0):
                names |= {f"derive.{alias.name}" for alias in aliases}
            case ast.ImportFrom(module=str(module), level=0):
                names.add(module)
    return names


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_one_way(path: Path) -> None:
    layer = layer_of(path)
    assert layer in LAYERS, f"{layer} is a new package: give it a place in LAYERS"
    reachable = set(LAYERS[: LAYERS.index(layer) + 1]) - APART.get(layer, set())
    for module in imported_modules(path):
        top, _, rest = module.partition(".")
        assert top not in BANNED.get(layer, ()), f"{layer} must not import {top}"
        if top == "derive" and rest and rest != "__version__":
            assert rest.split(".")[0] in reachable, f"{layer} may not import {module}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_is_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST


def test_lark_and_sympy_enter_through_few_modules() -> None:
    users = {"lark": set[str](), "sympy": set[str]()}
    for path in MODULES:
        for module in imported_modules(path):
            top = module.partition(".")[0]
            if top in users:
                users[top].add(str(path.relative_to(ROOT)))
    parsers = ("parse", "statements", "mistakes", "latex")
    assert users["lark"] <= {f"syntax/{name}.py" for name in parsers}
    assert {name.split("/")[0] for name in users["sympy"]} <= {"calculus", "oracle"}


def loaded_by(statement: str, *modules: str) -> set[str]:
    """Which of `modules` a fresh interpreter has after `statement`."""
    code = f"{statement}; import sys; print(*(set({modules!r}) & set(sys.modules)))"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return set(found.stdout.split())


def test_a_proof_cannot_rest_on_a_float() -> None:
    assert loaded_by("import derive.proof.equal", "numpy") == set()


def test_the_package_and_the_command_line_load_nothing_slow() -> None:
    assert loaded_by("import derive", "numpy", "sympy", "lark", "click") == set()
    assert loaded_by("import derive.cli", "numpy", "sympy", "lark", "flint") == set()
    slow = ("numpy", "sympy", "lark", "flint", "click", "derive.diagnostics")
    assert loaded_by("import derive.pytest_plugin", *slow) == set()
