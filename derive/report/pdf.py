"""LaTeX through an engine that is found on the machine."""

import shutil
import subprocess
import tempfile
from pathlib import Path

ENGINES = ("tectonic", "pdflatex", "xelatex", "lualatex")
SECONDS = 120
CONTENTS = r"\tableofcontents"
HELP = (
    "no TeX engine was found (looked for tectonic, pdflatex, xelatex, lualatex); install one, "
    "such as tectonic (https://tectonic-typesetting.github.io) or TeX Live, or write LaTeX with "
    "--format latex"
)


class NoEngine(Exception):
    """There is no TeX engine here."""


class TexFailed(Exception):
    """The engine did not like what it was given; holds the end of its log."""


def engine() -> str:
    """The first engine on the machine. Raises NoEngine."""
    for name in ENGINES:
        if shutil.which(name):
            return name
    raise NoEngine(HELP)


def compiled(latex: str, name: str | None = None) -> tuple[bytes, str]:
    """The PDF and the log. The engine runs no command and reads no file of the document's wish.

    Raises NoEngine, TexFailed.
    """
    name = name or engine()
    with tempfile.TemporaryDirectory(prefix="derive-") as folder:
        path = Path(folder) / "solution.tex"
        path.write_text(latex, encoding="utf-8")
        command = [name, "-interaction=nonstopmode", "-no-shell-escape", path.name]
        if name == "tectonic":
            command = [name, "--untrusted", path.name]
        try:
            for _ in range(2 if CONTENTS in latex and name != "tectonic" else 1):
                done = subprocess.run(
                    command, cwd=folder, capture_output=True, timeout=SECONDS, check=False
                )
        except subprocess.TimeoutExpired:
            raise TexFailed(f"{name} took longer than {SECONDS} s") from None
        log = done.stdout.decode("utf-8", "replace") + done.stderr.decode("utf-8", "replace")
        made = path.with_suffix(".pdf")
        if not made.is_file():
            raise TexFailed("\n".join(log.splitlines()[-20:]))
        return made.read_bytes(), log
