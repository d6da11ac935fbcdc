"""Cold starts: `derive check` on a small file, and `derive --help`, beside bare imports.

The first ratio should be at most 1.3; `derive --help` should take less than 150 ms.
"""

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median

from benchmarks.measure import Row, rows

ROOT = Path(__file__).resolve().parents[1]
IMPORTS = "import of sympy, numpy, lark, click"
TIMES = 11
SMALL = """dims n
param w[n]
input x[n]
loss L = sum((w - x)^2)
claim dL/dw = 2*(w - x)
"""


def measured(word: str | None) -> Iterator[Row]:
    """The rows of the tasks with this word."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "small.derive"
        file.write_text(SMALL, encoding="utf-8")
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = folder  # compiled files, as an installation has them
        python = [sys.executable]
        derive = [*python, "-m", "derive.cli"]
        bare = {IMPORTS: [*python, "-c", "import sympy, numpy, lark, click"]}
        tasks = {
            "check of a small file": {**bare, "derive": [*derive, "check", str(file)]},
            "--help": {**bare, "derive": [*derive, "--help"]},
        }
        for task, commands in tasks.items():
            if word is None or word in task:
                yield from rows("start", task, _times(commands), IMPORTS)


def _times(commands: Mapping[str, Sequence[str]]) -> dict[str, float]:
    """Milliseconds of processor time of each command, a median of runs by turns."""
    for command in commands.values():
        _once(command)
    samples: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(TIMES):
        for name, command in commands.items():
            samples[name].append(_once(command))
    return {name: median(times) for name, times in samples.items()}


def _once(command: Sequence[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
