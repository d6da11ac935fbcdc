"""Parser reductions to expressions: one method per rule of `grammar/derive.lark`.

What the grammar cannot say is checked here and reported, never raised: a word of the language used
as a name, `~` outside `expect`, a range outside brackets of indices. The span of an expression in
round brackets includes them, so that a span never holds half a pair.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction

from derive.diagnostics.diagnostic import Diagnostic, Severity
from derive.diagnostics.span import Source, Span
from derive.syntax import tree
from derive.syntax.ascii import Ascii
from derive.syntax.mistaken_calls import of_call
from derive.syntax.parts import Chain, Node, is_differential, is_token
from derive.syntax.words import BIG, HOLDS, RESERVED

MAX_DIGITS = 1000

Binders = tuple[tuple[tree.Binder, ...], tuple[tree.Comparison, ...]]


class Expressions:
    """Builds the expressions of one text; `problems` collects what is wrong with what was built."""

    def __init__(self) -> None:
        self.begin(Source("", ""), Ascii("", None), 0)

    def begin(self, source: Source, text: Ascii, offset: int) -> None:
        """The next tokens are those of `text` from `offset` on."""
        self.source, self.ascii, self.offset = source, text, offset
        self.problems: list[Diagnostic] = []
        self.loose: list[tree.Subscript] = []  # `sum[...]` that may still be called

    # --- places --------------------------------------------------------------------------------

    def start(self, part: Node) -> int:
        """Where `part` begins in the user's text."""
        if is_token(part):
            return self.ascii.start(self.offset + part.start_pos)
        return int(part.span.start)

    def end(self, part: Node) -> int:
        """Where `part` ends in the user's text."""
        if is_token(part):
            return self.ascii.end(self.offset + part.end_pos)
        return int(part.span.end)

    def over(self, first: Node, last: Node) -> Span:
        """From the start of `first` to the end of `last`."""
        return Span(self.source, self.start(first), self.end(last))

    def whole(self, parts: list[Node]) -> Span:
        """All of `parts`."""
        present = [part for part in parts if part is not None]
        return self.over(present[0], present[-1])

    def report(
        self, span: Span, message: str, label: str = "", *helps: str, code: str = "syntax"
    ) -> None:
        """Note a mistake; the parse goes on."""
        self.problems.append(Diagnostic(Severity.ERROR, code, message, span, label, helps=helps))

    # --- atoms ---------------------------------------------------------------------------------

    def name(self, c: list[Node]) -> tree.Name:
        """`x`."""
        return tree.Name(self.over(c[0], c[0]), self.spell(c[0]))

    def spell(self, token: Node) -> str:
        """The name that `token` spells: `δ` is `delta`, and look-alikes of one letter are one."""
        text = str(token)
        if text in RESERVED:
            self.report(
                self.over(token, token),
                f"`{text}` is a word of the language and cannot be a name",
                "a name is needed here",
                f"choose another name, such as `{text}_1`",
                code="reserved",
            )
        if text.isascii():
            return text
        text = unicodedata.normalize("NFKC", text)
        return "delta" if text == "δ" else text

    def number(self, c: list[Node]) -> tree.Number:
        """`0.378`, exactly."""
        text, span = str(c[0]), self.over(c[0], c[0])
        mantissa, _, exponent = text.lower().partition("e")
        if len(mantissa) > MAX_DIGITS or len(exponent) > 6 or abs(int(exponent or 0)) > MAX_DIGITS:
            self.report(
                span,
                f"a number of more than {MAX_DIGITS} digits",
                "numbers are exact, so this one would have to be written out",
                code="bad-number",
            )
            return tree.Number(span, Fraction(0), text)
        return tree.Number(span, Fraction(text), text)

    def group(self, c: list[Node]) -> tree.Expression:
        """`(a + b)`: the inner expression, its span widened."""
        inner: tree.Expression = replace(c[1], span=self.over(c[0], c[2]))
        return inner

    def text(self, token: Node) -> str:
        """What stands between the quotes, as the user wrote it."""
        raw = self.over(token, token).text.replace("\r", "")
        if raw.startswith('"""'):
            lines = raw[3:-3].strip("\n").rstrip().split("\n")
            margin = min((len(s) - len(s.lstrip(" ")) for s in lines[1:] if s.strip()), default=0)
            return "\n".join([lines[0].strip(), *(line[margin:].rstrip() for line in lines[1:])])
        return raw[1:-1]

    # --- operators -----------------------------------------------------------------------------

    def binary(self, c: list[Node]) -> tree.Binary:
        """`a + b`, `a - b`, `a ^ b`."""
        left, op, right = c
        return tree.Binary(self.over(left, right), str(op), left, right)

    def negative(self, c: list[Node]) -> tree.Negative:
        """`-a`."""
        return tree.Negative(self.over(c[0], c[1]), c[1])

    def positive(self, c: list[Node]) -> tree.Expression:
        """`+a` is `a`."""
        inner: tree.Expression = replace(c[1], span=self.over(c[0], c[1]))
        return inner

    def multiply(self, c: list[Node]) -> tree.Expression:
        """`a * b`; the quotient of `a * dL/dz` is read first, that of `a / dx / dy` is not."""
        left, op, right = c
        if op == "/" and is_differential(right):
            match left:
                case tree.Binary(op="*" | "@" as outer, left=first, right=top) if self.is_bare(
                    left
                ):
                    quotient = self.quotient(top, right)
                    if quotient is not None:
                        return tree.Binary(self.over(first, right), outer, first, quotient)
        return self.binary(c)

    def quotient(self, top: tree.Expression, bottom: tree.Expression) -> tree.Expression | None:
        """`dL/dz`, or `-dL/dz` as in `a * -dL/dz`; None if `top` is no differential."""
        span = self.over(top, bottom)
        if isinstance(top, tree.Negative) and self.source.text[top.span.start] != "(":
            inner = self.quotient(top.operand, bottom)
            return None if inner is None else tree.Negative(span, inner)
        return tree.Binary(span, "/", top, bottom) if is_differential(top) else None

    def is_bare(self, expr: tree.Binary) -> bool:
        """Is `expr` written without round brackets of its own?"""
        return expr.span.start == expr.left.span.start

    def relation(self, c: list[Node]) -> Chain:
        """`a < b`, or one more link of `a < b < c`."""
        left, op, right = c
        span = self.over(left, right)
        if isinstance(left, Chain):
            return Chain(span, (*left.parts, right), (*left.ops, str(op)))
        return Chain(span, (left, right), (str(op),))

    def predicate(self, c: list[Node]) -> Chain:
        """`convex(L, w)`."""
        word, *rest = c
        name = tree.Name(self.over(word, word), str(word))
        call = self.call([name, *rest])
        return Chain(call.span, (call, call), (HOLDS,))

    # --- postfix -------------------------------------------------------------------------------

    def attribute(self, c: list[Node]) -> tree.Expression:
        """`A.T`, `cnn.pool1`."""
        span = self.over(c[0], c[1])
        if c[1] == "T":
            return tree.Transpose(span, c[0])
        return tree.Attribute(span, c[0], self.spell(c[1]))

    def call(self, c: list[Node], primes: int = 0) -> tree.Expression:
        """`f(x, over=n)`, or `sum[i](...)` if what is called is `sum[i]`."""
        function, *arguments = (part for part in c if not is_token(part))
        span = self.over(c[0], c[-1])
        match function:
            case tree.Name():
                keywords = tuple(a for a in arguments if isinstance(a, tree.Keyword))
                plain = tuple(a for a in arguments if not isinstance(a, tree.Keyword))
                return tree.Call(span, function, plain, keywords, primes)
            case tree.Subscript(base=tree.Name(id=op)) if op in BIG:
                return self.big(span, op, function, arguments)
        called, behind = function.span.text, Span(self.source, function.span.end, span.end)
        foreign = of_call(called, behind.text)
        if foreign is not None:
            self.report(span, *foreign)
        else:
            self.report(
                behind,
                f"`{called}` is not a function, and `(` stands right behind it",
                "multiplication is written `*`",
                f"write `{called} * {behind.text.strip()}`",
            )
        return tree.Call(span, tree.Name(function.span, "?"), tuple(arguments), (), primes)

    def primed(self, c: list[Node]) -> tree.Expression:
        """`g''(z)`."""
        return self.call([c[0], *c[2:]], primes=len(c[1]))

    def keyword(self, c: list[Node]) -> tree.Keyword:
        """`over=n`."""
        return tree.Keyword(self.over(c[0], c[1]), c[0].id, c[1])

    def arrow(self, c: list[Node]) -> tree.Arrow:
        """`tau -> 0+`."""
        side = c[2] if len(c) > 2 else None
        return tree.Arrow(self.over(c[0], side or c[1]), c[0], c[1], str(side or ""))

    def subscript(self, c: list[Node]) -> tree.Expression:
        """`x[i]`, or the head of `sum[i in 1..n](...)`."""
        base, span = c[0], self.over(c[0], c[-1])
        items = tuple(item for item in c[1:] if not is_token(item))
        if isinstance(base, tree.Name) and base.id in BIG:
            subscript = tree.Subscript(span, base, items)
            self.loose.append(subscript)  # `sum[i in 1..n]` if it is called, else an entry
            return subscript
        return tree.Subscript(span, base, self.plain(items))

    def settle(self) -> None:
        """The statement is complete: what was not called must be an entry."""
        for subscript in self.loose:
            self.plain(subscript.indices)
        self.loose.clear()

    def plain(self, items: Iterable[Node]) -> tuple[tree.Expression, ...]:
        """`items` as expressions; anything else is reported."""
        kept = []
        for item in items:
            match item:
                case tree.Range():
                    text = "a range is no index: there are no slices"
                    self.report(
                        item.span,
                        text,
                        "an index is needed here",
                        "name the entries: `[x[i] for i in 2..n]`",
                    )
                case tree.Binder():
                    text = "`in` stands only in `sum[i in 1..n](...)` and after `for`"
                    self.report(item.span, text, "an expression is needed here")
                case Chain():
                    text = "a relation stands here where a value is needed"
                    self.report(
                        item.span,
                        text,
                        "",
                        f"a truth value, 1 or 0, is written `[{item.span.text}]`",
                    )
                case _:
                    kept.append(item)
        return tuple(kept)

    # --- indices, conditions, lists ------------------------------------------------------------

    def range(self, c: list[Node]) -> tree.Range:
        """`1..n`, `T..1 step -1`."""
        return tree.Range(self.over(c[0], c[2] or c[1]), *c)

    def binder(self, c: list[Node]) -> tree.Binder:
        """`i in 1..n`."""
        if isinstance(c[1], tree.Range):
            return tree.Binder(self.over(c[0], c[1]), c[0].id, c[1])
        end = c[1]
        if isinstance(end, tree.Call) and end.function.id == "range" and len(end.arguments) == 1:
            end = end.arguments[0]
        self.report(
            c[1].span,
            f"`{c[0].id} in {c[1].span.text}` names no range",
            "a range is needed here",
            f"write `{c[0].id} in 1..{end.span.text}`",
        )
        return tree.Binder(self.over(c[0], c[1]), c[0].id)

    def comparisons(self, chain: Chain) -> tuple[tree.Comparison, ...]:
        """`a < b < c` as `a < b`, `b < c`."""
        if "~" in chain.ops:
            self.report(
                chain.span,
                "`~` compares with printed digits, so it stands only in `expect` and `refute`",
                "an exact relation is needed here",
                "write `=`, `!=`, `<`, `<=`, `>` or `>=`",
            )
        pairs = zip(chain.parts, chain.ops, chain.parts[1:], strict=False)
        return tuple(tree.Comparison(self.over(a, b), op, a, b) for a, op, b in pairs)

    def one_comparison(self, chain: Chain) -> tree.Comparison:
        """A relation that must not be chained."""
        first, *others = self.comparisons(chain)
        if others:
            self.report(
                self.over(others[0].right, others[-1].right),
                f"a second `{others[0].op}`: a judged statement holds one relation",
                "",
                "write a statement for each relation",
            )
        return first

    def binders(self, items: Iterable[Node]) -> Binders:
        """What stands in `sum[...]` or after `for`: indices with their ranges, and conditions."""
        binders: list[tree.Binder] = []
        conditions: list[tree.Comparison] = []
        for item in items:
            match item:
                case tree.Binder():
                    binders.append(item)
                case tree.Name(id=name):
                    binders.append(tree.Binder(item.span, name))
                case Chain():
                    conditions.extend(self.comparisons(item))
                case _:
                    text = f"`{item.span.text}` is no index"
                    self.report(
                        item.span, text, "a name, `i in 1..n` or a condition is needed here"
                    )
        return tuple(binders), tuple(conditions)

    def big(
        self, span: Span, op: str, head: tree.Subscript, arguments: list[Node]
    ) -> tree.Expression:
        """`sum[i in 1..n, i != c](body)`."""
        self.loose = [other for other in self.loose if other is not head]
        binders, conditions = self.binders(head.indices)
        if len(arguments) != 1 or isinstance(arguments[0], tree.Keyword | tree.Arrow):
            self.report(
                span, f"`{op}[...]` takes one expression", f"{len(arguments)} arguments here"
            )
            return tree.Name(span, op)
        return tree.Big(span, op, binders, conditions, arguments[0])

    def bracket(self, c: list[Node]) -> tree.Expression:
        """`[1, 2]`, or `[a > b]`."""
        span = self.over(c[0], c[-1])
        items = [item for item in c if not is_token(item)]
        if items and all(isinstance(item, Chain) for item in items):
            return tree.Indicator(span, tuple(r for item in items for r in self.comparisons(item)))
        return tree.List(span, self.plain(items))

    def comprehension(self, c: list[Node]) -> tree.Comprehension:
        """`[f(i) for i in 1..n]`."""
        opening, body, *items, closing = (part for part in c if part != "for")
        binders, conditions = self.binders(item for item in items if not is_token(item))
        return tree.Comprehension(self.over(opening, closing), body, binders, conditions)
