"""Prints how fast derive is beside what people would use instead.

    python benchmarks/run.py [--only NAME] [--json FILE]

NAME is a group, or a word of a task. Systems that are not installed are skipped by name. All of it
runs on one thread, in one process for each group, so that ratios compare like with like.
"""

import argparse
import importlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

THREADS = ("OMP", "OPENBLAS", "MKL", "VECLIB_MAXIMUM", "NUMEXPR")
for _name in THREADS:  # before NumPy is imported, by this process or those that it starts
    os.environ[f"{_name}_NUM_THREADS"] = "1"
os.environ["XLA_FLAGS"] = (
    "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1 "
    "--xla_force_host_platform_device_count=1"
)
ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.measure import Row  # noqa: E402

GROUPS = ("gradient", "derive", "start", "check")


def main() -> None:
    """Runs the groups and prints their tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", metavar="NAME", help="one group, or the tasks with this word")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the times there, too")
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.inside:
        for row in _inside(arguments.inside, arguments.only):
            print(json.dumps(asdict(row)), flush=True)
        return
    found: list[Row] = []
    for group in [arguments.only] if arguments.only in GROUPS else GROUPS:
        word = None if arguments.only == group else arguments.only
        rows = list(_group(group, word))
        if rows:
            print(_table(group, rows), flush=True)
        found += rows
    if arguments.json is not None:
        records = [
            {k: asdict(row)[k] for k in ("group", "task", "system", "ms", "ratio")} for row in found
        ]
        arguments.json.write_text(json.dumps(records, indent=1) + "\n", encoding="utf-8")


def _inside(group: str, word: str | None) -> Iterator[Row]:
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    module = importlib.import_module(f"benchmarks.{group}")
    yield from module.measured(word)


def _group(group: str, word: str | None) -> Iterator[Row]:
    """The rows of one group, from a process of its own."""
    if not (ROOT / "benchmarks" / f"{group}.py").exists():
        return
    command = [sys.executable, __file__, "--inside", group, *(["--only", word] if word else [])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("{"):
                yield Row(**json.loads(line))
            else:
                print(line, end="", flush=True)


def _table(group: str, rows: list[Row]) -> str:
    tasks = list(dict.fromkeys(row.task for row in rows))
    systems = list(dict.fromkeys(row.system for row in rows))
    table = [["", *systems]]
    for task in tasks:
        cells = {row.system: row for row in rows if row.task == task}
        table.append([task, *(_cell(cells.get(system)) for system in systems)])
    table.append(["geometric mean", *(_mean(rows, system) for system in systems)])
    widths = [max(len(line[k]) for line in table) for k in range(len(table[0]))]
    lines = [
        "  ".join(
            [
                line[0].ljust(widths[0]),
                *(c.rjust(w) for c, w in zip(line[1:], widths[1:], strict=True)),
            ]
        )
        for line in table
    ]
    return "\n".join(["", group, *lines])


def _cell(row: Row | None) -> str:
    if row is None:
        return "-"
    ratio = f"{row.ratio:.2f}x" if row.ratio is not None else ""
    return f"{row.ms:.4g} ms {ratio} {row.note}".strip()


def _mean(rows: list[Row], system: str) -> str:
    ratios = [row.ratio for row in rows if row.system == system and row.ratio]
    if not ratios:
        return ""
    product = 1.0
    for ratio in ratios:
        product *= ratio ** (1 / len(ratios))
    return f"{product:.2f}x of {len(ratios)}"


if __name__ == "__main__":
    main()
