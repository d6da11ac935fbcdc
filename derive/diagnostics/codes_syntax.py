"""Codes of texts that cannot be read."""

from derive.diagnostics.code import Code

SYNTAX: tuple[Code, ...] = (
    Code(
        "syntax",
        "a statement cannot be read",
        """\
The text does not follow the grammar. The message says what was found and what could have stood
there. A statement that cannot be read is left out, and the other statements are still read and
judged.""",
        """\
dims n
input x[n]
z = x**2
""",
        """\
dims n
input x[n]
z = x^2
""",
    ),
    Code(
        "reserved",
        "a word of the language is used as a name",
        """\
Statement words (`dims`, `input`, `claim`, `case`, `loss`, `for`, ...) and `by`, `at`, `in`,
`within` cannot be names. Every other word can, `sum` and `e` included.""",
        """\
dims n
input x[n]
z = loss + x
""",
        """\
dims n
input x[n]
const loss_1
z = loss_1 + x
""",
    ),
    Code(
        "unclosed",
        "a bracket, a string or a formula does not end",
        """\
Round and square brackets stand in pairs, and a string ends on the line on which it begins,
unless it stands between three quotes. The caret shows the sign without a partner.""",
        """\
dims n
input x[n]
z = exp(x + 1
claim z = exp(x + 1)
""",
        """\
dims n
input x[n]
z = exp(x + 1)
claim z = exp(x + 1)
""",
    ),
    Code(
        "indent",
        "a line is indented and should not be, or not like its neighbours",
        """\
Only the lines of a block are indented: those below `case`, `derivation`, `def`, `for` and
`network`, all by the same number of blanks. A line may also be indented to go on with the line
above: inside brackets, or where one ends or the other begins with an operator.""",
        """\
dims n
  input x[n]
""",
        """\
dims n
input x[n]
""",
    ),
    Code(
        "tab",
        "a tab stands outside of strings and comments",
        """\
How wide a tab is depends on who looks at it, so the place under a caret would too. Indent by
blanks.""",
        """\
expect 1 + 1 =\t2
""",
        """\
expect 1 + 1 = 2
""",
    ),
    Code(
        "bad-number",
        "a number is too long",
        """\
Numbers are exact: `1e-3` is one thousandth, and `1e1000000` would be a million digits. At most
a thousand digits are kept.""",
        """\
expect 1e1000000 > 0
""",
        """\
expect 1e100 > 0
""",
    ),
    Code(
        "too-deep",
        "an expression is nested too deeply",
        """\
Brackets may be nested a hundred levels deep, and an expression may be built up in a few
hundred. Nobody reads deeper ones: give the inner parts names.""",
        "z = " + "(" * 101 + "1" + ")" * 101 + "\n",
        "y = (1)\nz = (y)\n",
    ),
    Code(
        "too-large",
        "a file or a statement is too large",
        """\
A file holds at most 4 MB and a statement at most a million characters, so that no file can keep
the checker busy for ever. Split the file and join the parts with `use`.""",
    ),
    Code(
        "not-text",
        "the file holds signs that are no text",
        """\
Control characters, such as a byte 0, say that the file is a program, a picture or an archive,
or that it was saved in another encoding. Save it as plain text in UTF-8.""",
        "z = 1 \x00 2\n",
        "z = 1 + 2\n",
    ),
    Code(
        "not-utf8",
        "the file is not in UTF-8",
        """\
Files are read as UTF-8, in which a letter such as `σ` takes two bytes. The caret shows the
first place that is something else. Most editors can convert: save as, encoding, UTF-8.""",
    ),
    Code(
        "not-derive",
        "nothing in the file can be read",
        """\
Not one of the statements follows the grammar, so this is probably a file of another kind. One
message stands for all; the first thing that could not be read is shown.""",
        """\
import numpy as np
def softmax(z) -> np.ndarray:
print(softmax([1, 2]))
return 3
""",
        """\
expect softmax([0, 0]) = [1/2, 1/2]
""",
    ),
    Code(
        "empty",
        "the file holds no statement",
        "There is nothing to judge: the file is empty, or holds only comments.",
        "# to do\n",
        "expect 1 + 1 = 2\n",
    ),
    Code(
        "no-file",
        "a file cannot be opened",
        "The path names no file, or a folder, or a file that may not be read.",
    ),
)
