"""A file is text in UTF-8, or has one message that says why not."""

from pathlib import Path

from derive.diagnostics.diagnostic import Diagnostic
from derive.diagnostics.render import render
from derive.diagnostics.span import Source
from derive.syntax.parse import parse
from derive.syntax.read import MAX_BYTES, read_source


def problem(path: Path) -> Diagnostic:
    found = read_source(path)
    assert isinstance(found, Diagnostic)
    assert render(found)
    return found


def test_line_ends_become_plain(tmp_path: Path) -> None:
    path = tmp_path / "a.derive"
    path.write_bytes("\ufeffdims n\r\ninput x[n]\rclaim x = x\n".encode())
    source = read_source(path)
    assert isinstance(source, Source)
    assert source.text == "\ufeffdims n\ninput x[n]\nclaim x = x\n"
    file, problems = parse(source)
    assert problems == ()
    assert [s.span.line for s in file.statements] == [1, 2, 3]


def test_a_byte_that_is_no_text_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "a.derive"
    path.write_bytes("dims n\nμ = 1\ncaf".encode() + b"\xe9 = 2\n")
    found = problem(path)
    assert found.code == "not-utf8"
    assert found.span.source.position(found.span.start) == (3, 4)
    assert "0xe9" in found.message


def test_what_cannot_be_opened_is_said(tmp_path: Path) -> None:
    assert problem(tmp_path / "none.derive").code == "no-file"
    assert "folder" in problem(tmp_path).message
    assert problem(Path("a\0b")).code == "no-file"


def test_a_large_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.derive"
    path.write_bytes(b"#" * (MAX_BYTES + 1))
    assert problem(path).code == "too-large"
    path.write_bytes(b"#" * MAX_BYTES)
    assert isinstance(read_source(path), Source)
