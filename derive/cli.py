"""The command line: arguments and exit codes. What is slow to import waits until it is needed."""

import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from derive import __version__

if TYPE_CHECKING:
    from derive.check.outcome import FileOutcome, Settings
    from derive.report.document import Report

_LINE_END = re.compile(r";[ \t]*")
_MEMORY = 8  # GiB; more is an attack, or a mistake
_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(context_settings=_CONTEXT)
@click.version_option(__version__, prog_name="derive", message="%(prog)s %(version)s")
def main() -> None:
    """Check the mathematics of machine learning: every line proved for all sizes, or refuted."""


@main.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "junit", "github"]),
    default="text",
    show_default=True,
    help="How the report is written.",
)
@click.option("--oracle", is_flag=True, help="Judge every derivative a second time, by SymPy.")
@click.option("--strict", is_flag=True, help="Take no agreement of numbers for a proof.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=10.0,
    show_default=True,
    metavar="S",
    help="Seconds of processor time for each statement.",
)
@click.option("--seed", default=0, show_default=True, metavar="N", help="Of the random points.")
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    metavar="N",
    help="Processes that share the files.",
)
@click.option("--no-color", is_flag=True, help="Plain text, also on a terminal.")
@click.option("-v", "--verbose", is_flag=True, help="Show the counterexample of each refute, too.")
@click.option(
    "--plot",
    type=click.Path(path_type=Path, dir_okay=False, writable=True),
    metavar="FILE.png",
    help="Draw errors of finite differences against steps.",
)
def check(
    paths: tuple[Path, ...],
    form: str,
    oracle: bool,
    strict: bool,
    timeout: float,
    seed: int,
    jobs: int,
    no_color: bool,
    verbose: bool,
    plot: Path | None,
) -> None:
    """Judge every statement of files, or of all .derive files in folders.

    Exit codes: 0 all succeed, 1 something fails or is undecided, 2 a file has errors, 3 a bug in
    derive.
    """
    from derive.check.outcome import Settings

    explain = verbose or form == "json"
    settings = Settings(timeout, seed, oracle, strict, explain)
    colour = _wants_colour(no_color)
    with _readable_errors():
        if plot is not None:
            _can_plot()
        report = _judged(paths, settings, jobs, colour)
        click.echo(_written(report, form, colour, verbose), nl=False, color=colour or None)
        if plot is not None:
            _plot(paths, settings, plot)
    sys.exit(report.exit_code)


def _can_plot() -> None:
    """An error before anything is judged, where matplotlib is missing."""
    from derive.report import plot

    if not plot.is_possible():
        raise click.UsageError(f"--plot needs {plot.LIBRARY}: pip install 'derive[plot]'")


def _plot(paths: tuple[Path, ...], settings: "Settings", target: Path) -> None:
    """Draw the claimed derivatives of all files."""
    from derive.check.curves import curves
    from derive.check.files import files_below, load
    from derive.report import plot

    lines = []
    for file in (file for path in paths for file in files_below(path)):
        model = load(file, settings.timeout)
        if not isinstance(model, tuple):
            drawn = curves(model, settings.seed)
            lines += [(f"{file.name}, {d.title}", d.curve.steps, d.curve.errors) for d in drawn]
    if not lines:
        click.echo("nothing to plot: no claim is about a whole derivative", err=True)
        return
    plot.draw(lines, target)


def _judged(paths: tuple[Path, ...], settings: "Settings", jobs: int, colour: bool) -> "Report":
    from derive.check.budget import limit_memory
    from derive.check.files import check_files, files_below
    from derive.report.document import Report

    limit_memory(_MEMORY)
    start = time.perf_counter()
    found = {path: files_below(path) for path in paths}
    empty = [path for path, files in found.items() if not files]
    if empty:  # a wrong folder must not look like success
        raise click.UsageError(f"there is no .derive file in {empty[0]}")
    files = [file for path in paths for file in found[path]]
    outcomes = tuple(_with_progress(check_files(files, settings, jobs, _MEMORY), len(files)))
    return Report(outcomes, time.perf_counter() - start, settings.strict)


def _written(report: "Report", form: str, colour: bool, verbose: bool) -> str:
    match form:
        case "json":
            from derive.report import json

            return json.render(report) + "\n"
        case "junit":
            from derive.report import junit

            return junit.render(report)
        case "github":
            from derive.report import github

            return github.render(report)
        case _:
            from derive.report import terminal

            return terminal.render(report, colour, verbose)


def _with_progress(outcomes: Iterator["FileOutcome"], total: int) -> Iterator["FileOutcome"]:
    """The outcomes as they come; a bar on a terminal, from the second second on."""
    start = time.monotonic()
    shows = sys.stderr.isatty() and total > 1
    for done, outcome in enumerate(outcomes, start=1):
        yield outcome
        if shows and time.monotonic() - start > 1:
            filled = 30 * done // total
            bar = f"{'#' * filled}{'-' * (30 - filled)}  {done}/{total} files"
            click.echo(f"\r\x1b[K[{bar}", nl=False, err=True)
    if shows and time.monotonic() - start > 1:
        click.echo("\r\x1b[K", nl=False, err=True)


@main.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
def errata(paths: tuple[Path, ...]) -> None:
    """List what documents print wrong, as Markdown.

    A statement whose name says `printed` judges what a document prints.
    """
    from derive.check.files import files_below
    from derive.check.outcome import Settings
    from derive.report.errata import mentioned, render

    with _readable_errors():
        files = [file for path in paths for file in files_below(path)]
        speaking = tuple(f for f in files if mentioned(f.read_text("utf-8", "replace")))
        report = _judged(speaking, Settings(explain=True), 1, colour=False)
        click.echo(render(report, "Errata"), nl=False)
    sys.exit(report.exit_code)


@main.command()
@click.argument("arguments", nargs=-1, metavar="[FILE] LOSS NAME")
@click.option("-e", "text", metavar="TEXT", help="The model itself, in place of a file.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "latex", "sympy", "numpy"]),
    default="text",
    show_default=True,
    help="How the closed form is written.",
)
def grad(arguments: tuple[str, ...], text: str | None, form: str) -> None:
    """Print the derivative of LOSS with respect to NAME in closed form.

    In TEXT a semicolon ends a line: derive grad -e 'dims n; param w[n]; loss L = sum(w^2)' L w
    """
    wanted = 2 if text is not None else 3
    if len(arguments) != wanted:
        names = "LOSS NAME" if text is not None else "FILE LOSS NAME"
        raise click.UsageError(f"expected {names}, found {len(arguments)} arguments")
    with _readable_errors():
        from derive import api  # slow

        *file, loss, name = arguments
        model = api.load(file[0]) if text is None else api.parse(_LINE_END.sub("\n", text))
        if model.errors:
            raise api.DeriveError(model.errors)
        gradient = model.gradient(loss, name)
        click.echo(str(getattr(gradient, form)))
        for line in gradient.recurrences if form == "text" else ():
            click.echo(line)


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--wrt", multiple=True, metavar="NAME", help="Differentiate by NAME; else by params.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["markdown", "latex", "html", "pdf"]),
    help="How it is written; else as the ending of OUT says, or as Markdown.",
)
@click.option("-o", "--output", "out", type=click.Path(path_type=Path), metavar="OUT")
@click.option(
    "--detail",
    type=click.Choice(["brief", "normal", "full"]),
    default="normal",
    show_default=True,
    help="The size of the steps.",
)
@click.option("--fragment", is_flag=True, help="LaTeX for \\input, without a preamble.")
@click.option("--force", is_flag=True, help="Write over a file of another kind.")
@click.option("--strict", is_flag=True, help="Take no agreement of numbers for a proof.")
def solve(
    file: Path,
    wrt: tuple[str, ...],
    form: str | None,
    out: Path | None,
    detail: str,
    fragment: bool,
    force: bool,
    strict: bool,
) -> None:
    """Write the worked solution of FILE: gradients step by step, and what is claimed, judged.

    Of a folder, write a book: a chapter for each file, and what was printed wrong at the end.
    """
    with _readable_errors():
        from derive.report import solving  # slow

        wanted = solving.Wanted(wrt, detail, fragment, strict)
        try:
            where = solving.target(form, out, fragment, force)
            made = solving.solved(file, wanted, where.form)
        except solving.Refused as reason:
            raise click.ClickException(str(reason)) from None
        if where.path is None:
            click.echo(made.decode("utf-8"), nl=False)
        else:
            where.path.write_bytes(made)


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--to",
    "target",
    type=click.Choice(["numpy", "torch", "jax", "sympy"]),
    required=True,
    help="The library that the module uses; it imports nothing else.",
)
@click.option("-o", "out", type=click.Path(path_type=Path), metavar="OUT", help="Write it there.")
@click.option("--of", "losses", multiple=True, metavar="LOSS", help="Of these; all losses if none.")
@click.option("--wrt", "names", multiple=True, metavar="NAME", help="By these; all params if none.")
def export(
    file: Path, target: str, out: Path | None, losses: tuple[str, ...], names: tuple[str, ...]
) -> None:
    """Write the losses of FILE and their gradients as a Python module of its own.

    Run as a program, the module checks its gradients.
    """
    with _readable_errors():
        from derive import api  # slow

        model = api.load(file)
        if model.errors:
            raise api.DeriveError(model.errors)
        text = model.export(target, of=losses, wrt=names)
        if out is None:
            click.echo(text, nl=False)
        else:
            out.write_text(text, encoding="utf-8")


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
def show(file: Path) -> None:
    """List the names of FILE with their shapes, and what is assumed."""
    with _readable_errors():
        from derive import api

        model = api.load(file)
        click.echo(model.describe())
        if model.errors:
            raise api.DeriveError(model.errors)


@main.command()
@click.argument("code")
def explain(code: str) -> None:
    """Explain the message with this CODE, such as shape-mismatch."""
    from derive.diagnostics import codes, suggest

    key = (
        code.removeprefix("error[").removeprefix("refuted[").removeprefix("undecided[").rstrip("]")
    )
    if key not in codes.CODES:
        near = suggest.nearest(key, codes.CODES)
        hint = f"; did you mean {near}?" if near else ""
        known = ", ".join(sorted(codes.CODES))
        raise click.UsageError(f"no message has the code {code!r}{hint} Known: {known}")
    click.echo(codes.explain(key))


def _wants_colour(no_color: bool) -> bool:
    """Only on a terminal that was not told otherwise."""
    if no_color or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return sys.stdout.isatty()


class _readable_errors:  # noqa: N801 (used like a function)
    """Errors of a file as frames (exit code 2), a bug as one line (3), never as a traceback."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: Any, _trace: object) -> None:
        from derive.diagnostics.diagnostic import DeriveError

        if error is None or isinstance(error, click.ClickException | click.exceptions.Exit):
            return
        if isinstance(error, DeriveError):
            from derive.diagnostics.render import render

            for diagnostic in error.diagnostics:
                click.echo(render(diagnostic, colour=sys.stderr.isatty()), err=True)
            sys.exit(2)
        if isinstance(error, BrokenPipeError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(1)
        if not isinstance(error, Exception) or os.environ.get("DERIVE_DEBUG"):
            return
        click.echo(f"derive: internal error: {type(error).__name__}: {error}", err=True)
        click.echo("This is a defect of derive: please report it with the file.", err=True)
        sys.exit(3)


if __name__ == "__main__":
    run: Callable[[], None] = main
    run()
