"""`derive solve`: a file to its solution, and where that may be written."""

from dataclasses import dataclass
from pathlib import Path

from derive.check.files import files_below, load
from derive.check.outcome import Settings
from derive.diagnostics.diagnostic import DeriveError, Severity
from derive.diagnostics.span import Source
from derive.diagnostics.suggest import nearest
from derive.model.model import Model
from derive.report import html, latex, markdown, pdf
from derive.report.blocks import Document
from derive.report.book import book
from derive.report.solution.solution import Solution, solution
from derive.syntax.read import read_source

ENDINGS = {
    "markdown": (".md", ".markdown"),
    "latex": (".tex", ".ltx"),
    "html": (".html", ".htm"),
    "pdf": (".pdf",),
}
TIMEOUT = 10.0


class Refused(Exception):
    """Why nothing is written, in words."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for."""

    wrt: tuple[str, ...]
    detail: str
    fragment: bool
    strict: bool


@dataclass(frozen=True, slots=True)
class Target:
    """A format, and the file to write; None for the terminal."""

    form: str
    path: Path | None


def target(form: str | None, out: Path | None, fragment: bool, force: bool) -> Target:
    """The format and the place. Raises Refused."""
    ending = out.suffix.lower() if out is not None else ""
    found = next((name for name, ends in ENDINGS.items() if ending in ends), None)
    chosen = form or ("latex" if fragment else found) or "markdown"
    if fragment and chosen != "latex":
        raise Refused("--fragment is for LaTeX")
    if chosen == "pdf" and out is None:
        raise Refused("a PDF is written to a file: name it with -o")
    if out is not None and out.is_dir():
        raise Refused(f"{out} is a folder")
    if out is not None and out.exists() and found != chosen and not force:
        raise Refused(f"{out} is there already and is no {chosen} file: --force writes over it")
    return Target(chosen, out)


def solved(path: Path, wanted: Wanted, form: str) -> bytes:
    """The solution of a file, or the book of a folder.

    Raises DeriveError where a file has errors, Refused without an engine.
    """
    document = of_folder(path, wanted) if path.is_dir() else of_file(path, wanted).document
    match form:
        case "latex":
            return (latex.fragment if wanted.fragment else latex.render)(document).encode()
        case "html":
            return html.render(document).encode()
        case "pdf":
            return typeset(latex.render(document))
        case _:
            return markdown.render(document).encode()


def of_folder(path: Path, wanted: Wanted) -> Document:
    """The book of a folder. Raises DeriveError where a file of it has errors."""
    files = files_below(path)
    if not files:
        raise Refused(f"{path} holds no .derive file")
    solutions = [of_file(file, wanted, is_part=True) for file in files]
    known = {name for made in solutions for name in made.builder.names}
    for name in wanted.wrt:
        if name not in known:
            near = nearest(name, sorted(known))
            hint = f"; did you mean {near!r}?" if near else ""
            raise Refused(f"no file of {path} has a name {name!r}{hint}")
    return book(f"Solutions: {path.resolve().name}", solutions)


def typeset(text: str) -> bytes:
    """A PDF. Raises Refused."""
    try:
        return pdf.compiled(text)[0]
    except pdf.NoEngine as reason:
        raise Refused(str(reason)) from None
    except pdf.TexFailed as reason:
        raise Refused(f"TeX failed on the solution: {reason}") from None


def of_file(path: Path, wanted: Wanted, is_part: bool = False) -> Solution:
    """The solution of a file; as part of a book, by those of the names that the file has.

    Raises DeriveError where it has errors.
    """
    source = read_source(path)
    if not isinstance(source, Source):
        raise DeriveError((source,))
    model = load(path, TIMEOUT)
    if not isinstance(model, Model):
        raise DeriveError(model)
    errors = tuple(d for d in model.errors if d.severity is Severity.ERROR)
    if errors:
        raise DeriveError(errors)
    settings = Settings(TIMEOUT, strict=wanted.strict, explain=True)
    made = solution(model, source, settings, (), wanted.wrt, wanted.detail)
    return made.by_those_there_are() if is_part else made
