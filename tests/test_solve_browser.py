"""Pages of solutions in headless Chromium, and a book through TeX: what a reader sees."""

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
TEX = shutil.which("pdflatex") or shutil.which("tectonic")
ROOT = Path(__file__).parents[1]
SOLUTIONS = sorted((Path(__file__).parent / "solutions").glob("*.derive"))
PHONE = 360
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-sync", "--disable-background-networking", "--disable-component-update"),
    "--hide-scrollbars",
)
MEASURE = """
<script>
addEventListener("load", () => {
  const wide = [...document.querySelectorAll("body *")].filter(e => {
    if (e.closest(".display, .grid, figure, math, svg")) return false;
    return e.getBoundingClientRect().right > innerWidth + 1;
  });
  const flat = [...document.querySelectorAll("math")].filter(
    e => e.getClientRects().length && e.getBoundingClientRect().height < 4);
  parent.document.body.dataset.found = JSON.stringify({
    overflow: document.documentElement.scrollWidth - innerWidth,
    wide: wide.map(e => e.outerHTML.slice(0, 80)),
    flat: flat.length, formulas: document.querySelectorAll("math").length,
    text: document.body.innerText, titles: document.querySelectorAll("svg title").length,
    errors: document.querySelectorAll("merror, parsererror").length,
  });
});
</script>
"""
WANTED = solving.Wanted((), "normal", False, False)


@cache
def page(path: Path) -> str:
    return solving.solved(path, WANTED, "html").decode()


def measured(text: str, tmp_path: Path) -> dict[str, Any]:
    """What a browser of the width of a phone makes of a page."""
    text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)
    text = text.replace("</head>", f"{MEASURE}</head>")
    frame = f'<iframe width="{PHONE}" height="800" srcdoc="{html.escape(text)}"></iframe>'
    outer = tmp_path / "outer.html"
    outer.write_text(f"<!DOCTYPE html><meta charset=utf-8><body>{frame}</body>", encoding="utf-8")
    done = subprocess.run(
        [
            str(CHROMIUM),
            *FLAGS,
            f"--user-data-dir={tmp_path / 'profile'}",
            "--virtual-time-budget=20000",
            "--dump-dom",
            outer.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    match = re.search(r'<body data-found="([^"]*)"', done.stdout)
    assert match, done.stderr[-500:]
    found: dict[str, Any] = json.loads(html.unescape(match[1]))
    return found


pytestmark = pytest.mark.engines


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
@pytest.mark.parametrize("path", SOLUTIONS, ids=lambda path: path.stem)
def test_a_page_is_readable_on_a_phone(path: Path, tmp_path: Path) -> None:
    found = measured(page(path), tmp_path)
    assert found["overflow"] <= 0, found["wide"]
    assert found["wide"] == []
    assert found["formulas"] > 20
    assert found["flat"] == 0
    assert found["errors"] == 0
    assert found["titles"] > 3
    assert not re.search(r"\\[a-zA-Z]+|\$|\ufffd", found["text"])
    assert "Result" in found["text"]


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_the_worked_problems_as_a_book_in_a_browser(tmp_path: Path) -> None:
    found = measured(page(ROOT / "worked" / "cards"), tmp_path)
    assert found["overflow"] <= 0, found["wide"]
    assert found["wide"] == []
    assert found["flat"] == found["errors"] == 0
    assert not re.search(r"\\(frac|sum|partial|text|left|operatorname)", found["text"])


@pytest.mark.skipif(TEX is None, reason="no TeX engine on this machine")
@pytest.mark.parametrize("folder", ["cards", "exam_4a", "exercises", "final_exam", "review"])
def test_the_worked_problems_as_a_book_in_tex(folder: str) -> None:
    text = solving.solved(ROOT / "worked" / folder, WANTED, "latex").decode()
    data, log = pdf.compiled(text)
    assert data.startswith(b"%PDF")
    assert not re.findall(r"^.*(?:Missing character|^!).*$", log, re.MULTILINE)
    overfull = [float(points) for points in re.findall(r"Overfull .hbox .([0-9.]+)pt", log)]
    assert max(overfull, default=0) < 5, overfull
