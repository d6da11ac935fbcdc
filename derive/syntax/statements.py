"""Parser reductions to statements: one method per rule of `grammar/derive.lark`.

A rule answers one statement or a tuple of them (`input x[d], y[k]` declares twice). The span of a
block is its head, that of a declared tensor the tensor itself.
"""

import re
from collections.abc import Iterable

from derive.diagnostics.span import Span
from derive.diagnostics.suggest import nearest
from derive.syntax import tree
from derive.syntax.expressions import Expressions
from derive.syntax.parts import Chain, Items, Node, Text, Within, is_token
from derive.syntax.words import PROPERTIES

_ROOM = re.compile(r"\+-\s*(?P<room>[\d.e]+%?)")


class Builder(Expressions):
    """Builds the statements of one text."""

    def statement(self, c: list[Node]) -> tuple[tree.Statement, ...]:
        """Any statement, as the tuple of those that it stands for."""
        self.settle()
        return c[0] if isinstance(c[0], tuple) else (c[0],)

    def expression(self, c: list[Node]) -> tree.Expression:
        """An expression that stands alone."""
        self.settle()
        expr: tree.Expression = c[0]
        return expr

    # --- names and facts -----------------------------------------------------------------------

    def prose(self, c: list[Node]) -> tree.Prose:
        """A string on a line of its own."""
        return tree.Prose(self.over(c[0], c[0]), self.text(c[0]))

    def dims(self, c: list[Node]) -> tree.Dims:
        """`dims n, m`."""
        return tree.Dims(self.over(c[0], c[-1]), tuple(c[1:]))

    def use(self, c: list[Node]) -> tree.Use:
        """`use "path.derive"`."""
        return tree.Use(self.over(c[0], c[1]), self.text(c[1]))

    def declare(self, c: list[Node]) -> tuple[tree.Declaration, ...]:
        """After `: symmetric`, a lone name that is a property is one, not a tensor."""
        role = str(c[0])
        found: list[tree.Declaration] = []
        for tensor in c[1:]:
            name, axes, latex, properties = tensor
            last = found[-1] if found else None
            if last and last.properties and not axes and latex is None and not properties:
                if name.id in PROPERTIES:
                    more = (*last.properties, name)
                    found[-1] = tree.Declaration(
                        last.span, role, last.name, last.axes, more, last.latex
                    )
                    continue
                self.not_a_property(name)
            span = self.over(name, axes or name)
            axes_items = self.axes_of(axes)
            found.append(tree.Declaration(span, role, name, axes_items, properties, latex))
        return tuple(found)

    def not_a_property(self, name: tree.Name) -> None:
        """A lone name after properties is a number of its own, unless it looks like a property."""
        near = nearest(name.id, PROPERTIES)
        if near is not None:
            self.report(name.span, f"`{name.id}` is no property", "", f"write `{near}`")

    def tensor(self, c: list[Node]) -> Node:
        r"""`x[d] "\mathbf{x}" : onehot`, in parts."""
        name, axes, latex, properties = c
        kept = properties.items if properties else ()
        return name, axes, None if latex is None else self.text(latex), kept

    def variable(self, c: list[Node]) -> tuple[tree.Name, Items | None]:
        """`x[n]`, in parts."""
        return c[0], c[1]

    def axes(self, c: list[Node]) -> Items:
        """`[k, d]`."""
        items = tuple(item for item in c if not is_token(item) and item is not None)
        return Items(self.over(c[0], c[-1]), items)

    def axes_of(self, axes: Items | None) -> tuple[tree.Expression | tree.Range, ...]:
        """Axes of a declared tensor: sizes, or ranges."""
        items = axes.items if axes else ()
        self.plain(item for item in items if not isinstance(item, tree.Range))
        return tuple(item for item in items if not isinstance(item, Chain | tree.Binder))

    def properties(self, c: list[Node]) -> Items:
        """`symmetric posdef`."""
        return Items(self.whole(c), tuple(c))

    def assume(self, c: list[Node]) -> tuple[tree.Assume, ...]:
        """`assume a > 0, 0 < b < 1`: a fact for each relation."""
        chains = [part for part in c[1:] if isinstance(part, Chain)]
        domain = c[-1] if isinstance(c[-1], tree.Domain) else None
        span = self.whole(c)
        facts = (fact for chain in chains for fact in self.comparisons(chain))
        return tuple(tree.Assume(span, fact, domain) for fact in facts)

    def random(self, c: list[Node]) -> tuple[tree.Random, ...]:
        """`random q[d], k[d] : mean 0, var 1`: the law is that of each tensor."""
        tensors = [part for part in c[1:] if isinstance(part, tuple)]
        law = tuple(self.law_part(p) for p in c[1:] if not isinstance(p, tuple))
        return tuple(
            tree.Random(self.over(name, axes or name), name, self.axes_of(axes), law)
            for name, axes in tensors
        )

    def word_law(self, c: list[Node]) -> tree.Substitution:
        """`mean 0`."""
        return tree.Substitution(self.over(c[0], c[1]), c[0], c[1])

    def law_part(self, part: Node) -> Node:
        """`mean -1` and `mean (0)` are a word and its value, like `mean 0`."""
        match part:
            case tree.Binary(op="-", left=tree.Name() as word, right=value):
                return tree.Substitution(part.span, word, tree.Negative(value.span, value))
            case tree.Call(function=word, arguments=(value,)) if word.id in ("mean", "var"):
                return tree.Substitution(part.span, word, value)
        return part

    # --- definitions ---------------------------------------------------------------------------

    def define(self, c: list[Node]) -> tree.Definition:
        """`z = ...`, `p[i] = ...`."""
        name, axes, latex, value = c
        indices = self.plain(axes.items) if axes else ()
        text = None if latex is None else self.text(latex)
        return tree.Definition(self.over(name, value), name, indices, value, latex=text)

    def loss(self, c: list[Node]) -> tree.Definition:
        """`loss L = ...`."""
        word, name, axes, latex, value = c
        if axes is not None:
            self.report(
                axes.span, "a loss is one number, so its name has no index", "", "drop the index"
            )
        text = None if latex is None else self.text(latex)
        return tree.Definition(self.over(word, value), name, (), value, True, latex=text)

    def abstract_loss(self, c: list[Node]) -> tree.Definition:
        """`loss L(y)`."""
        word, name, *arguments, closing = c
        return tree.Definition(self.over(word, closing), name, (), None, True, tuple(arguments))

    def symbol(self, c: list[Node]) -> tree.FunctionSymbol:
        """`function g`, `function F(x[n]) -> [m]`."""
        _, name, parameters, output = c
        kept = None if parameters is None else parameters.items
        axes = self.plain(output.items) if output else ()
        return tree.FunctionSymbol(self.whole(c), name, kept, axes)

    def output(self, c: list[Node]) -> Items:
        """`-> [m]`."""
        axes: Items = c[0]
        return axes

    def parameters(self, c: list[Node]) -> Items:
        """`(x[n], eps)`."""
        found = []
        for name, axes in (part for part in c if isinstance(part, tuple)):
            sizes = self.plain(axes.items) if axes else ()
            found.append(tree.Parameter(self.over(name, axes or name), name, sizes))
        return Items(self.over(c[-1], c[-1]), tuple(found))

    def function(self, c: list[Node]) -> tree.Function:
        """`def f(x[n]):` with its body."""
        word, name, parameters, *body, result = self.without_layout(c)
        span = self.over(word, parameters)
        return tree.Function(span, name, parameters.items, tuple(body), result)

    def return_(self, c: list[Node]) -> tree.Expression:
        """`return y`."""
        value: tree.Expression = c[1]
        return value

    def recurrence(self, c: list[Node]) -> tree.Recurrence:
        """`for t in 1..T:` with its body."""
        word, name, extent, *body = self.without_layout(c)
        return tree.Recurrence(self.over(word, extent), name, extent, tuple(body))

    def network(self, c: list[Node]) -> tree.Network:
        """`network cnn:` with its layers."""
        word, name, *parts = self.without_layout(c)
        body: list[tree.Declaration | tree.Definition] = []
        for part in parts:
            body.extend(part if isinstance(part, tuple) else (part,))
        return tree.Network(self.over(word, name), name, tuple(body))

    @staticmethod
    def without_layout(parts: Iterable[Node]) -> list[Node]:
        """The parts of a block, placeholders left out."""
        return [part for part in parts if part is not None]

    # --- statements that are judged --------------------------------------------------------------

    def label(self, c: list[Node]) -> Text:
        """`"Q2(b)":`."""
        return Text(self.over(c[0], c[0]), self.text(c[0]))

    def at(self, c: list[Node]) -> Items:
        """`at mu = mean(x)`."""
        return Items(self.whole(c), tuple(c[1:]))

    def domain(self, c: list[Node]) -> tree.Domain:
        """`for i in 1..n, i != j`."""
        items = (item for item in c if not is_token(item))
        return tree.Domain(self.whole(c), *self.binders(items))

    def within(self, c: list[Node]) -> Within:
        """`within 5%`."""
        word, value, percent = c
        return Within(self.over(word, percent or value), value, percent is not None)

    def substitution(self, c: list[Node]) -> tree.Substitution:
        """`mu = mean(x)`."""
        return tree.Substitution(self.over(c[0], c[1]), c[0], c[1])

    update = substitution

    def claim(self, c: list[Node]) -> tree.Claim | tree.Expect:
        """`claim a = b`, `refute a = b`; `refute 2/3 ~ 0.66` speaks of digits, like `expect`."""
        kind, label, *rest = c
        if kind == "refute" and len(rest) == 1 and rest[0].ops == ("~",):
            return self.expect([*c, None])
        return self.judge(self.whole(c), str(kind), label.text if label else None, rest)

    def judge(self, span: Span, kind: str, label: str | None, rest: list[Node]) -> tree.Claim:
        """A relation with what follows it."""
        chain, *tail = rest
        at, domain = self.tails(tail)
        return tree.Claim(span, kind, label, self.one_comparison(chain), at, domain)

    def tails(self, tail: list[Node]) -> tuple[tuple[tree.Substitution, ...], tree.Domain | None]:
        """What stands behind a relation: `at mu = 0`, `for i in 1..n`."""
        at = tuple(item for part in tail if isinstance(part, Items) for item in part.items)
        domains = [part for part in tail if isinstance(part, tree.Domain)]
        for extra in domains[1:]:
            self.report(extra.span, "a second `for`", "", "join the ranges by commas")
        return at, domains[0] if domains else None

    def judged(self, c: list[Node]) -> tree.Claim:
        """A claim without its word."""
        claim = self.judge(self.whole(c), "claim", None, c)
        self.settle()
        return claim

    def latex_claim(self, c: list[Node]) -> tree.Claim:
        """`claim $a = b$`."""
        kind, label, formula, *rest = c
        at, domain = self.tails(rest)
        name = label.text if label else None
        return tree.Claim(self.whole(c), str(kind), name, None, at, domain, self.formula(formula))

    def formula(self, token: Node) -> tree.Formula:
        """What stands between dollar signs."""
        span = self.over(token, token)
        inner = span.text[1:-1]
        start = span.start + 1 + len(inner) - len(inner.lstrip())
        text = inner.strip()
        return tree.Formula(Span(span.source, start, start + len(text)), text)

    def latex_expect(self, c: list[Node]) -> tree.LatexExpect:
        """`expect $a = b$ within 5%`."""
        kind, label, formula, within = c
        return tree.LatexExpect(
            self.whole(c),
            str(kind),
            label.text if label else None,
            self.formula(formula),
            None if within is None else within.value,
            within is not None and within.percent,
        )

    def latex_step(self, c: list[Node]) -> tree.LatexStep:
        """`$= a + b$ by "reason"`."""
        equal, formula, _, reason = c
        text = None if reason is None else self.text(reason)
        span = self.over(equal or formula, reason or formula)
        return tree.LatexStep(span, self.formula(formula), text)

    def latex_lines(self, c: list[Node]) -> tree.LatexDerivation:
        r"""`derivation $a &= b \\ &= c$`."""
        _, label, formula, domain = c
        text = None if label is None else self.text(label)
        return tree.LatexDerivation(self.whole(c), self.formula(formula), (), text, domain)

    def expect(self, c: list[Node]) -> tree.Expect:
        """`expect a ~ 0.378 within 5%`, `refute a ~ 0.3`."""
        kind, label, chain, within = c
        op = chain.ops[0]
        if len(chain.ops) > 1:
            self.one_comparison(chain)
        if within is not None and op not in ("=", "~"):
            self.report(within.span, f"`within` has no meaning beside `{op}`", "", "write `~`")
        self.no_room(op, chain.parts[1])
        return tree.Expect(
            self.whole(c),
            str(kind),
            label.text if label else None,
            op,
            chain.parts[0],
            chain.parts[1],
            within.value if within else None,
            within.percent if within else False,
        )

    disprove = expect

    def no_room(self, op: str, value: tree.Expression) -> None:
        """`~ 0.4 +- 0.01` is arithmetic, and was meant as a tolerance."""
        match = _ROOM.search(value.span.text)
        if op == "~" and match is not None:
            start = value.span.start + match.start()
            span = Span(self.source, start, value.span.start + match.end())
            message = "`+-` is no sign of the language"
            label = "how far a value may be off stands after it"
            self.report(span, message, label, f"write `within {match['room']}`")

    def derivation(self, c: list[Node]) -> tree.Derivation | tree.LatexDerivation:
        """`derivation dL/dz[j]:` with its steps."""
        word, label, head, domain, *steps = c
        span = Span(self.source, self.start(word), self.end(domain or head))
        text = None if label is None else self.text(label)
        if is_token(head):
            return tree.LatexDerivation(span, self.formula(head), tuple(steps), text, domain)
        if any(isinstance(step, tree.LatexStep) for step in steps):
            return tree.LatexDerivation(span, head, tuple(steps), text, domain)
        return tree.Derivation(span, head, tuple(steps), text, domain)

    def step(self, c: list[Node]) -> tree.Step:
        """`= a + b by "reason"`."""
        equal, value, _, reason = c
        text = None if reason is None else self.text(reason)
        return tree.Step(self.over(equal, reason or value), value, text)

    def case(self, c: list[Node]) -> tree.Case:
        """`case "two classes":` with its values and lines."""
        word, name, *parts = c
        given = tuple(item for part in parts if isinstance(part, Items) for item in part.items)
        body = tuple(part for part in parts if not isinstance(part, Items))
        return tree.Case(self.over(word, name), self.text(name), given, body)

    def given(self, c: list[Node]) -> Items:
        """`given x = [1, -2], n = 3`."""
        return Items(self.whole(c), tuple(c[1:]))

    def iterate(self, c: list[Node]) -> tree.Iterate:
        """`iterate 3: w <- w - 0.1*dL/dw`."""
        _, count, *updates = self.without_layout(c)
        if isinstance(updates[0], Items):
            return tree.Iterate(self.whole(c), count, tuple(stage.items for stage in updates))
        return tree.Iterate(self.whole(c), count, (tuple(updates),))

    def stage(self, c: list[Node]) -> Items:
        """`v <- 0.9*v + dL/dw`, a line of an `iterate`."""
        return Items(self.whole(c), tuple(self.without_layout(c)))
