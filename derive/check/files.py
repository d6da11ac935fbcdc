"""Files to outcomes: each by itself, so that a broken one stops no other."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from derive.check.budget import OutOfTime, limit_memory, time_limit
from derive.check.outcome import DEBUG, INTERNAL, FileOutcome, Settings
from derive.diagnostics.diagnostic import Diagnostic, Severity
from derive.diagnostics.span import Source, Span
from derive.model.elaborate import elaborate
from derive.model.model import Model
from derive.syntax.parse import parse
from derive.syntax.read import read_source

SUFFIX = ".derive"


def files_below(path: Path) -> list[Path]:
    """The file itself, or every `.derive` file in a folder, in the order of their names."""
    if path.is_dir():
        return sorted(found for found in path.rglob(f"*{SUFFIX}") if found.is_file())
    return [path]


def model_of(source: Source, path: Path | None) -> Model:
    """The model of a text, with the errors of its syntax among its errors."""
    file, problems = parse(source)
    model = elaborate(file, path)
    model.errors[:0] = problems
    model.errors.sort(key=lambda d: (d.span.source is not source, d.span.start))
    return model


def load(path: Path, timeout: float) -> Model | tuple[Diagnostic, ...]:
    """The model of a file, or the reason why there is none."""
    source = read_source(path)
    if isinstance(source, Diagnostic):
        return (source,)
    try:
        with time_limit(timeout):
            return model_of(source, path)
    except OutOfTime:
        problem = f"reading it took longer than {timeout:g} s"
    except (MemoryError, RecursionError) as error:
        what = "memory" if isinstance(error, MemoryError) else "room for nested expressions"
        problem = f"reading it ran out of {what}"
    return (Diagnostic(Severity.ERROR, "too-large", problem, Span(source, 0, 0)),)


def check_file(path: Path, settings: Settings) -> FileOutcome:
    """One file, from its text to its verdicts, whatever happens on the way."""
    from derive.check.statements import check_model  # NumPy and SymPy wait until they are needed

    try:
        model = load(path, settings.timeout)
        if not isinstance(model, Model):
            return FileOutcome(str(path), (), model)
        return FileOutcome(str(path), tuple(check_model(model, settings)), tuple(model.errors))
    except Exception as error:
        if os.environ.get(DEBUG):
            raise
        return crashed(path, f"{type(error).__name__}: {error}".rstrip(": "))


def crashed(path: Path, reason: str) -> FileOutcome:
    """The outcome of a file on which derive itself failed."""
    span = Span(Source(str(path), ""), 0, 0)
    message = f"derive failed on this file: {reason}"
    return FileOutcome(str(path), (), (Diagnostic(Severity.ERROR, INTERNAL, message, span),))


def check_files(
    paths: Sequence[Path], settings: Settings, jobs: int = 1, memory: int = 0
) -> Iterator[FileOutcome]:
    """All files, in the order given; `jobs` processes of at most `memory` GiB share them."""
    if jobs <= 1 or len(paths) <= 1:
        yield from (check_file(path, settings) for path in paths)
        return
    workers = min(jobs, len(paths), os.cpu_count() or jobs)
    context = get_context("spawn")
    with ProcessPoolExecutor(workers, context, limit_memory, (memory,)) as pool:
        waiting = [pool.submit(check_file, path, settings) for path in paths]
        for path, future in zip(paths, waiting, strict=True):
            try:
                yield future.result()
            except BrokenExecutor:
                yield crashed(path, "its process, or another that shared the work, was ended")
