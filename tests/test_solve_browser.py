"""Pages of solutions in headless Chromium, and books through TeX: what a reader sees."""

import html
import json
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from derive.report import pdf, solving

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
TEX = [engine for engine in pdf.ENGINES if shutil.which(engine)]
HERE = Path(__file__).parent
WORKED = [HERE.parent / "worked" / name for name in
          ("cards", "exam_4a", "exercises", "final_exam", "review")]  # fmt: skip
SOLUTIONS = sorted((HERE / "solutions").glob("*.derive"))
PHONE = 360
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-sync", "--disable-background-networking", "--disable-component-update"),
    *("--hide-scrollbars", "--virtual-time-budget=60000", "--dump-dom"),
)
SCHEMES = {"light": (), "dark": ("--force-dark-mode",)}
MEASURE = f"<script>{(HERE / 'measure.js').read_text(encoding='utf-8')}</script>"
RAW_TEX = re.compile(r"\\[a-zA-Z]+|\$|\ufffd")
WANTED = solving.Wanted((), "normal", False, False)

pytestmark = pytest.mark.engines


@cache
def page(path: Path) -> str:
    return solving.solved(path, WANTED, "html").decode()


@cache
def measured(path: Path, scheme: str, folder: Path) -> dict[str, Any]:
    """What a browser of the width of a phone makes of a page."""
    text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page(path))
    text = text.replace("</head>", f"{MEASURE}</head>")
    frame = f'<iframe width="{PHONE}" height="800" srcdoc="{html.escape(text)}"></iframe>'
    outer = folder / "outer.html"
    outer.write_text(f"<!DOCTYPE html><meta charset=utf-8><body>{frame}</body>", encoding="utf-8")
    profile = f"--user-data-dir={folder / 'profile'}"
    done = subprocess.run(
        [str(CHROMIUM), *FLAGS, *SCHEMES[scheme], profile, outer.as_uri()],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    match = re.search(r'<body data-found="([^"]*)"', done.stdout)
    assert match, done.stderr[-500:]
    found: dict[str, Any] = json.loads(html.unescape(match[1]))
    return found


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("path", [*SOLUTIONS, *WORKED], ids=lambda path: path.stem)
def test_a_page_is_readable_on_a_phone(
    path: Path, scheme: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    found = measured(path, scheme, tmp_path_factory.mktemp(scheme))
    assert found["overflow"] <= 0, found["wide"]
    assert found["wide"] == found["cut"] == found["bars"] == []
    assert found["flat"] == found["errors"] == 0
    assert found["missing"] == []
    assert found["faint"] == [], found["least"]
    assert found["fetched"] == []
    assert found["dark"] == (found["light"] < 0.2) == (scheme == "dark")
    assert not RAW_TEX.search(found["text"]), RAW_TEX.findall(found["text"])[:9]
    assert found["formulas"] > 20
    if path in SOLUTIONS:
        assert found["titles"] > 3
        assert "Result" in found["text"]


@pytest.mark.skipif(not TEX, reason="no TeX engine on this machine")
@pytest.mark.parametrize("engine", TEX)
@pytest.mark.parametrize("folder", WORKED, ids=lambda path: path.stem)
def test_the_worked_problems_as_a_book_in_tex(folder: Path, engine: str) -> None:
    text = solving.solved(folder, WANTED, "latex").decode()
    data, log = pdf.compiled(text, engine)
    assert data.startswith(b"%PDF")
    complaints = r"^.*(?:Overfull|Warning|Missing character|^!).*$"
    assert not re.findall(complaints, log, re.MULTILINE)


@pytest.mark.skipif(not TEX, reason="no TeX engine on this machine")
@pytest.mark.parametrize("engine", TEX)
@pytest.mark.parametrize("path", SOLUTIONS, ids=lambda path: path.stem)
def test_a_solution_compiles_at_every_detail(path: Path, engine: str) -> None:
    for detail in ("brief", "full"):
        text = solving.of_file(path, solving.Wanted((), detail, False, False)).latex
        _, log = pdf.compiled(text, engine)
        assert not re.findall(r"^.*(?:Overfull|Warning|^!).*$", log, re.MULTILINE), detail
