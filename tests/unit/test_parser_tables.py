"""The parser's tables are kept between runs, and nothing depends on it."""

from pathlib import Path

import pytest

from derive.diagnostics.span import Source
from derive.syntax import tables
from derive.syntax.ascii import to_ascii
from derive.syntax.layout import split
from derive.syntax.parse import Parser, grammar_text

TEXT = "claim dL/dz = sum[i in 1..n](p[i]) - y\n"


def reads(parser: Parser) -> bool:
    (chunk,) = split(TEXT)
    return isinstance(parser.read(Source("test", TEXT), to_ascii(TEXT), chunk, "statement"), tuple)


def test_kept_tables_read_like_fresh_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    assert reads(Parser())
    (kept,) = (tmp_path / "derive").iterdir()
    before = kept.read_bytes()
    assert reads(Parser())
    assert kept.read_bytes() == before


@pytest.mark.parametrize("spoilt", ["", "{", "[]", '{"data": 3}', '{"data": {}, "memo": {}}'])
def test_spoilt_tables_are_made_anew(
    spoilt: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    Parser()
    (kept,) = (tmp_path / "derive").iterdir()
    kept.write_text(spoilt, encoding="utf-8")
    assert reads(Parser())


def test_a_folder_that_cannot_be_written_does_no_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "file"))
    assert reads(Parser())


def test_every_rule_of_the_grammar_has_a_method() -> None:
    parser = Parser()
    for rule in parser.lark.rules:
        name = str(rule.alias or rule.options.template_source or rule.origin.name)
        if not name.startswith("_") and (rule.alias or not rule.options.expand1):
            assert hasattr(parser.builder, name), name


def test_mappings_with_numbers_as_keys_survive() -> None:
    value = {"a": {0: [1, {2: "x"}]}, "b": None}
    assert tables.decoded(tables.encoded(value)) == value


def test_the_grammar_is_the_file_in_the_checkout() -> None:
    assert grammar_text("derive.lark").startswith("// The grammar of derive")
