"""Every code that a diagnostic can carry, and the page that explains it."""

from derive.diagnostics.code import Code
from derive.diagnostics.codes_model import MODEL
from derive.diagnostics.codes_syntax import SYNTAX
from derive.diagnostics.codes_verdict import VERDICT

CODES: dict[str, Code] = {code.name: code for code in (*SYNTAX, *MODEL, *VERDICT)}


def explain(name: str) -> str:
    """The page of `derive explain`: what a code means, an example, and what to write instead."""
    code = CODES[name]
    parts = [f"{code.name}: {code.title}", code.explanation.strip()]
    if code.example:
        parts.append("An example:\n\n" + indented(code.example))
    if code.instead:
        parts.append("Write instead:\n\n" + indented(code.instead))
    return "\n\n".join(parts)


def indented(text: str) -> str:
    """`text` set off by four blanks."""
    return "\n".join(f"    {line}".rstrip() for line in text.strip("\n").split("\n"))
