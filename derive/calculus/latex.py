"""Expressions of the language as LaTeX."""

import re
from collections.abc import Mapping
from typing import assert_never

from derive.calculus import trees
from derive.syntax import tree
from derive.syntax.parts import is_differential
from derive.syntax.tree import Expression

GREEK = frozenset(
    (
        *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa"),
        *("lambda", "mu", "nu", "xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi"),
        *("omega", "Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi"),
        *("Psi", "Omega"),
    )
)
NAMED = frozenset(("exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh", "max", "min", "det"))
RELATIONS = {"<=": r"\le", ">=": r"\ge", "!=": r"\ne"}
TO_NUMBERS = frozenset(("sum", "mean", "var", "norm", "trace", "det", "logdet", "dot"))
BIG = {"sum": r"\sum", "prod": r"\prod", "max": r"\max", "min": r"\min"}
SUM, PRODUCT, POWER, ATOM = 1, 2, 3, 4
"""How tightly a text binds."""


def latex_of(
    expr: Expression,
    printed: Mapping[str, str] | None = None,
    ranks: Mapping[str, int] | None = None,
) -> str:
    r"""An expression as LaTeX.

    `printed` gives names that have a printed form of their own, `ranks` the number of their axes:
    one multiplies by a number without a sign, by a tensor entry by entry with one.

    >>> half = trees.over(trees.name("sigma"), trees.name("W_Q"))
    >>> print(latex_of(half))
    \frac{\sigma}{W_{Q}}
    """
    return Writer(printed or {}, ranks or {}).at(expr, 0)


class Writer:
    """Writes expressions; every part with how tightly it binds."""

    def __init__(self, printed: Mapping[str, str], ranks: Mapping[str, int]) -> None:
        self.printed = printed
        self.ranks = ranks

    def at(self, expr: Expression, level: int) -> str:
        """The text, in brackets where the context binds more tightly."""
        text, own = self.text(expr)
        return rf"\left({text}\right)" if own < level else text

    def text(self, expr: Expression) -> tuple[str, int]:
        """The text, and how tightly it binds."""
        match expr:
            case tree.Number(text=text):
                return text, ATOM
            case tree.Name(id=text):
                return self.name(text), ATOM
            case tree.Negative(operand=operand):
                return f"-{self.at(operand, PRODUCT)}", SUM
            case tree.Binary(op=op, left=left, right=right):
                return self.binary(op, left, right)
            case tree.Transpose(operand=operand):
                return rf"{self.at(operand, ATOM)}^\top", POWER
            case tree.Attribute(operand=operand, name=name):
                return rf"{self.at(operand, ATOM)}.\mathrm{{{name}}}", ATOM
            case tree.Call():
                return self.call(expr)
            case tree.Subscript(base=base, indices=indices):
                return self.subscript(base, ",".join(self.at(i, 0) for i in indices))
            case tree.Big():
                return self.big(expr)
            case tree.Indicator(conditions=conditions):
                return rf"\mathbb{{1}}\left[{self.conditions(conditions)}\right]", ATOM
            case tree.List(items=items):
                return rf"\left[{', '.join(self.at(i, 0) for i in items)}\right]", ATOM
            case tree.Comprehension(body=body, binders=binders):
                names = ",".join(binder.name for binder in binders)
                return rf"\left[{self.at(body, 0)}\right]_{{{names}}}", ATOM
            case tree.Arrow(variable=variable, target=target, side=side):
                return rf"{self.name(variable.id)} \to {self.at(target, 0)}^{{{side}}}", SUM
            case _:
                assert_never(expr)

    def name(self, name: str) -> str:
        """A name: Greek letters, subscripts, several letters upright."""
        if name in self.printed:
            return self.printed[name]
        base, _, below = name.partition("_")
        digits = re.fullmatch(r"(.*?[^\d])(\d+)", base)
        if digits is not None and not below:
            base, below = digits.groups()
        if base in GREEK:
            base = rf"\{base}"
        elif len(base) > 1:
            base = rf"\mathrm{{{base}}}"
        return f"{base}_{{{below}}}" if below else base

    # --- operations ------------------------------------------------------------------------------

    def binary(self, op: str, left: Expression, right: Expression) -> tuple[str, int]:
        """`a op b`."""
        match op:
            case "+":
                return f"{self.at(left, SUM)} + {self.at(right, PRODUCT)}", SUM
            case "-":
                return f"{self.at(left, SUM)} - {self.at(right, PRODUCT)}", SUM
            case "*":
                if isinstance(right, tree.Number):
                    return rf"{self.at(left, PRODUCT)} \cdot {right.text}", PRODUCT
                if self.is_scalar(left) or self.is_scalar(right):
                    return rf"{self.factor(left)} \, {self.factor(right)}", PRODUCT
                return rf"{self.entrywise(left)} \odot {self.entrywise(right)}", PRODUCT
            case "@":
                return rf"{self.factor(left)} \, {self.factor(right)}", PRODUCT
            case "/":
                return self.quotient(left, right), ATOM
            case _:
                return f"{self.at(left, ATOM)}^{{{self.at(right, 0)}}}", POWER

    def factor(self, expr: Expression) -> str:
        """A factor; a big operator, which would reach further, in brackets."""
        return self.at(expr, POWER if isinstance(expr, tree.Big) else PRODUCT)

    def entrywise(self, expr: Expression) -> str:
        """A factor of an entrywise product; a product of matrices in brackets."""
        if isinstance(expr, tree.Binary) and expr.op == "@":
            return self.at(expr, POWER)
        return self.factor(expr)

    def quotient(self, left: Expression, right: Expression) -> str:
        """A fraction, or a derivative."""
        if is_differential(left) and is_differential(right):
            upper, lower = self.differential(left), self.differential(right)
            if upper is not None and lower is not None:
                return rf"\frac{{\partial {upper}}}{{\partial {lower}}}"
        return rf"\frac{{{self.at(left, 0)}}}{{{self.at(right, 0)}}}"

    def differential(self, expr: Expression) -> str | None:
        """`z` for `dz`."""
        match expr:
            case tree.Name(id=name) if len(name) > 1:
                return self.name(name[1:])
            case tree.Subscript(base=base, indices=indices):
                inner = self.differential(base)
                return inner and self.below(inner, ",".join(self.at(i, 0) for i in indices))
            case tree.Call(function=function, arguments=arguments) if len(function.id) > 1:
                inside = ", ".join(self.at(a, 0) for a in arguments)
                return rf"{self.name(function.id[1:])}\left({inside}\right)"
        return None

    def is_scalar(self, expr: Expression) -> bool:
        """Surely a number, by its looks."""
        match expr:
            case tree.Number():
                return True
            case tree.Name(id=name):
                return self.ranks.get(name, 0) == 0
            case tree.Indicator(conditions=conditions):
                return all(self.is_scalar(c.left) and self.is_scalar(c.right) for c in conditions)
            case tree.Binary(op="/", left=tree.Name(), right=below) if is_differential(below):
                return self.is_scalar(trees.undifferential(below))
            case tree.Subscript(base=tree.Name(id=name), indices=indices):
                return self.ranks.get(name) == len(indices)
            case tree.Negative(operand=inner):
                return self.is_scalar(inner)
            case tree.Binary(op="@"):
                first, *_, last = trees.letters_of(expr)
                return isinstance(first, tree.Transpose) and all(
                    isinstance(end, tree.Name) and self.ranks.get(end.id) == 1
                    for end in (first.operand, last)
                )
            case tree.Binary(left=left, right=right):
                return self.is_scalar(left) and self.is_scalar(right)
            case tree.Call(function=tree.Name(id=name), arguments=arguments, keywords=()):
                return name in TO_NUMBERS or all(map(self.is_scalar, arguments))
            case tree.Big(body=body):
                return self.is_scalar(body)
        return False

    def call(self, expr: tree.Call) -> tuple[str, int]:
        """A function."""
        name, arguments = expr.function.id, expr.arguments
        if len(arguments) == 1 and not expr.keywords:
            inner = arguments[0]
            match name:
                case "sqrt":
                    return rf"\sqrt{{{self.at(inner, 0)}}}", ATOM
                case "abs":
                    return rf"\left|{self.at(inner, 0)}\right|", ATOM
                case "norm":
                    return rf"\left\lVert {self.at(inner, 0)} \right\rVert", ATOM
                case "inv":
                    return f"{self.at(inner, ATOM)}^{{-1}}", POWER
                case "det" | "trace" if isinstance(inner, tree.Name):
                    head = r"\det" if name == "det" else r"\operatorname{tr}"
                    return f"{head} {self.name(inner.id)}", PRODUCT
                case "logdet":
                    return rf"\log\left|\det {self.at(inner, ATOM)}\right|", PRODUCT
        head = rf"\{name}" if name in NAMED else self.function(name)
        over = "".join(f"_{{{self.at(k.value, 0)}}}" for k in expr.keywords)
        inside = ", ".join(self.at(a, 0) for a in arguments)
        return rf"{head}{chr(39) * expr.primes}{over}\left({inside}\right)", ATOM

    def function(self, name: str) -> str:
        """The name of a function."""
        if len(name) == 1 or name in self.printed:
            return self.name(name)
        if name == "sigmoid" and self.ranks.keys().isdisjoint(("sigma", "σ")):
            return r"\sigma"
        return rf"\operatorname{{{'tr' if name == 'trace' else name}}}"

    def subscript(self, base: Expression, places: str) -> tuple[str, int]:
        """An entry; the identity, ones and zeros by their size."""
        match base:
            case tree.Name(id="eye"):
                return f"I_{{{places}}}", ATOM
            case tree.Name(id="ones" | "zeros" as name):
                return rf"\mathbf{{{1 if name == 'ones' else 0}}}_{{{places}}}", ATOM
            case tree.Binary(op="/", left=left, right=right) if is_differential(left):
                return self.quotient(left, trees.subscript(right, trees.name(places))), ATOM
        return self.below(self.at(base, ATOM), places), ATOM

    def below(self, base: str, places: str) -> str:
        """A subscript; the second one of a name in brackets."""
        return f"{{{base}}}_{{{places}}}" if "_" in base else f"{base}_{{{places}}}"

    def conditions(self, conditions: tuple[tree.Comparison, ...]) -> str:
        """Conditions, all of which hold."""
        return r",\ ".join(
            f"{self.at(c.left, 0)} {RELATIONS.get(c.op, c.op)} {self.at(c.right, 0)}"
            for c in conditions
        )

    def big(self, expr: tree.Big) -> tuple[str, int]:
        """A sum, a product, a maximum over indices."""
        body = self.at(expr.body, PRODUCT)
        where = f",\\ {self.conditions(expr.conditions)}" if expr.conditions else ""
        if expr.op == "mean":
            names = ",".join(b.name for b in expr.binders)
            return rf"\operatorname{{mean}}_{{{names}{where}}} {body}", PRODUCT
        sign = BIG[expr.op]
        if where or any(b.range is None for b in expr.binders):
            names = ",".join(b.name for b in expr.binders)
            return rf"{sign}_{{{names}{where}}} {body}", PRODUCT
        signs = ""
        for binder in expr.binders:
            assert binder.range is not None
            low, high = self.at(binder.range.start, 0), self.at(binder.range.stop, 0)
            signs += rf"{sign}_{{{binder.name}={low}}}^{{{high}}} "
        return f"{signs}{body}", PRODUCT
