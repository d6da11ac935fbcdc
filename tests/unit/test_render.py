"""What a diagnostic looks like: the frames of the style guide, wide characters, long lines."""

import re

from derive.diagnostics.diagnostic import Diagnostic, Label, Severity
from derive.diagnostics.render import clean, display_width, render
from derive.diagnostics.span import Source, Span


def at(source: Source, text: str) -> Span:
    start = source.text.index(text)
    return Span(source, start, start + len(text))


SOFTMAX = Source(
    "worked/softmax.derive", "dims d, k\n\n\ninput  x[d]\nparam  W[k, d], b[k]\n\n\nz = x @ W + b\n"
)


def test_a_frame_shows_every_place_with_its_label() -> None:
    problem = Diagnostic(
        Severity.ERROR,
        "shape-mismatch",
        "`@` cannot contract `d` with `k`",
        at(SOFTMAX, "x @ W"),
        "`x` ends in axis `d`; `W` offers axis `k`",
        (
            Label(at(SOFTMAX, "W[k, d]"), "`W` has shape [k, d]"),
            Label(at(SOFTMAX, "x[d]"), "`x` has shape [d]"),
        ),
        ("`d` and `k` are separate `dims`; they are never taken to be equal",),
        ("write `W @ x`, of shape [k], which fits `+ b`",),
    )
    assert render(problem) == (
        """\
error[shape-mismatch]: `@` cannot contract `d` with `k`
 --> worked/softmax.derive:8:5
  |
4 | input  x[d]
  |        ---- `x` has shape [d]
5 | param  W[k, d], b[k]
  |        ------- `W` has shape [k, d]
...
8 | z = x @ W + b
  |     ^^^^^ `x` ends in axis `d`; `W` offers axis `k`
  |
  = note: `d` and `k` are separate `dims`; they are never taken to be equal
  = help: write `W @ x`, of shape [k], which fits `+ b`"""
    )


def test_a_wide_line_number_moves_the_frame() -> None:
    source = Source("a.derive", "\n" * 11 + "claim dL/dz = q - y\n")
    note = "at d = 1:\n  dL/dz[1] = -0.27"
    problem = Diagnostic(
        Severity.ERROR,
        "unknown-name",
        "nothing is named `q` here",
        at(source, "q"),
        "",
        (),
        (note,),
    )
    assert render(problem) == (
        """\
error[unknown-name]: nothing is named `q` here
  --> a.derive:12:15
   |
12 | claim dL/dz = q - y
   |               ^
   |
   = note: at d = 1:
             dL/dz[1] = -0.27"""
    )


def test_carets_stand_under_wide_characters_and_accents() -> None:
    source = Source("a", "梯度 = x̂ + q")
    lines = render(Diagnostic(Severity.ERROR, "c", "m", at(source, "q"))).split("\n")
    assert lines[-2] == "1 | 梯度 = x̂ + q"
    assert lines[-1] == "  | " + " " * display_width("梯度 = x̂ + ") + "^"
    assert display_width("梯度 = x̂ + ") == 11


def test_a_long_line_is_clipped_around_its_caret() -> None:
    source = Source("a", "x = " + "a + " * 500 + "!" + " + b" * 500)
    lines = render(Diagnostic(Severity.ERROR, "c", "m", at(source, "!"), "here")).split("\n")
    assert max(map(len, lines)) < 120
    assert lines[-2][lines[-1].index("^")] == "!"


def test_a_place_in_another_file_has_a_frame_of_its_own() -> None:
    other = Source("b.derive", "z = 1\n")
    problem = Diagnostic(
        Severity.ERROR, "c", "m", at(SOFTMAX, "z"), "", (Label(at(other, "z"), "first defined"),)
    )
    assert " ::: b.derive:1:1\n  |\n1 | z = 1\n  | - first defined" in render(problem)


def test_the_end_of_a_text_has_a_caret() -> None:
    for text in ("", "a", "a\n"):
        end = Span(Source("a", text), len(text), len(text))
        assert "^" in render(Diagnostic(Severity.ERROR, "c", "m", end))


def test_a_span_of_several_lines_is_marked_on_its_first() -> None:
    source = Source("a", "x = (a +\n     b)\ny = 1\n")
    lines = render(Diagnostic(Severity.ERROR, "c", "m", Span(source, 4, 15))).split("\n")
    assert lines[-1] == "  |     ^^^^"


def test_a_file_cannot_command_the_terminal() -> None:
    source = Source("\x1b[2J", "z = \x1b[31m + \u202e q")
    problem = Diagnostic(Severity.ERROR, "c", "m \x07", at(source, "q"), "\x1b", (), ("\x1b]0;",))
    shown = render(problem)
    assert all(char == "\n" or char.isprintable() for char in shown)
    assert clean("a\tb") == "a b"


def test_colour_changes_nothing_but_colour() -> None:
    problem = Diagnostic(Severity.REFUTED, "claim", "m", at(SOFTMAX, "z"), "l", (), ("n",), ("h",))
    coloured = render(problem, colour=True)
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == render(problem)
