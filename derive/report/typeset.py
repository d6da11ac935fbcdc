"""Expressions of the language as formulas, as a textbook sets them."""

from collections.abc import Mapping, Sequence
from typing import assert_never

from derive.calculus import trees
from derive.report.formula import (
    THIN,
    Accent,
    Big,
    Fence,
    Formula,
    Frac,
    Num,
    Op,
    Row,
    Script,
    Sym,
    Table,
    bracketed,
    listed,
    row,
)
from derive.report.looks import (
    ATOM,
    POWER,
    PRODUCT,
    SUM,
    Set,
    begins_with_number,
    head_of,
    is_applied,
    is_dot,
    is_scalar,
    needs_room,
    number,
    speaks_of,
)
from derive.report.names import name_formula
from derive.report.notations import notation
from derive.syntax import tree
from derive.syntax.parts import is_differential
from derive.syntax.show import is_quotient
from derive.syntax.tree import Expression
from derive.syntax.words import HOLDS

RELATIONS = {"<=": "≤", ">=": "≥", "!=": "≠", "~": "≈"}
BIG = {"sum": "∑", "prod": "∏", "max": "max", "min": "min"}
FUNCTIONS = {"trace": "tr", "sign": "sgn", "logsumexp": "logsumexp"}


class Typesetter:
    """Sets expressions; `printed` has names with a form of their own, `ranks` the axes of names.

    One multiplies by a number without a sign, by a tensor entry by entry with one.
    """

    def __init__(
        self, printed: Mapping[str, Formula] | None = None, ranks: Mapping[str, int] | None = None
    ) -> None:
        self.printed = printed or {}
        self.ranks = ranks or {}

    def formula(self, expr: Expression) -> Formula:
        """An expression."""
        return self.at(expr, 0)

    def relation(self, comparison: tree.Comparison) -> Formula:
        """`a <= b`; `convex(L, w)`, which compares nothing."""
        if comparison.op == HOLDS:
            return self.formula(comparison.left)
        sign = Op(RELATIONS.get(comparison.op, comparison.op))
        return row(self.formula(comparison.left), sign, self.formula(comparison.right))

    def at(self, expr: Expression, level: int) -> Formula:
        """An expression, in brackets where the context binds more tightly."""
        made, own = self.set(expr)
        return bracketed(made) if own < level else made

    def set(self, expr: Expression) -> Set:
        """An expression, and how tightly it binds."""
        match expr:
            case tree.Number(text=text):
                return number(text)
            case tree.Name(id=text):
                return self.name(text), ATOM
            case tree.Negative(operand=operand):
                return row(Op("−", tight=True), self.at(operand, PRODUCT)), SUM
            case tree.Binary(op=op, left=left, right=right):
                return self.binary(op, left, right)
            case tree.Transpose(operand=operand):
                return self.raised(operand, Op("⊤")), POWER
            case tree.Attribute(operand=tree.Name(id=of), name=name) if self.is_local(of, name):
                return self.name(f"{of}.{name}"), ATOM
            case tree.Attribute(operand=operand, name=name):
                return row(self.at(operand, ATOM), Op(".", tight=True), Sym(name)), ATOM
            case tree.Call():
                return self.call(expr)
            case tree.Subscript(base=base, indices=indices):
                return self.subscript(base, indices)
            case tree.Big():
                return self.big(expr)
            case tree.Indicator(conditions=conditions):
                return self.indicator(conditions), ATOM
            case tree.List():
                return self.array(expr), ATOM
            case tree.Comprehension(body=body, binders=binders):
                names: list[Formula] = [Sym(binder.name) for binder in binders]
                return Script(Fence("[", self.formula(body), "]"), self.places(names)), ATOM
            case tree.Arrow(variable=variable, target=target, side=side):
                end = self.formula(target)
                end = Script(end, None, Op({"+": "+", "-": "−"}[side], True)) if side else end
                return row(self.name(variable.id), Op("→"), end), SUM
            case _:
                assert_never(expr)

    def name(self, name: str) -> Formula:
        """A name, in its printed form if it has one."""
        if name in ("inf", "pi", "e") and name not in self.ranks:
            return {"inf": Sym("∞"), "pi": Sym("π"), "e": Sym("e")}[name]
        return self.printed.get(name) or name_formula(name)

    def is_local(self, of: str, name: str) -> bool:
        """A local name of a function, with a form of its own."""
        return f"{of}.{name}" in self.printed

    # --- operations ------------------------------------------------------------------------------

    def binary(self, op: str, left: Expression, right: Expression) -> Set:
        """`a op b`."""
        match op:
            case "+":
                return row(self.at(left, SUM), Op("+"), self.at(right, PRODUCT)), SUM
            case "-":
                return row(self.at(left, SUM), Op("−"), self.at(right, PRODUCT)), SUM
            case "*" | "@":
                return self.product(op, left, right), PRODUCT
            case "/":
                return self.quotient(left, right)
            case _:
                return self.power(left, right), POWER

    def product(self, op: str, left: Expression, right: Expression) -> Formula:
        """`a b`, `a ⊙ b`, `2 · 3`."""
        if op == "*" and begins_with_number(right):
            return row(self.at(left, PRODUCT), Op("·"), self.at(right, PRODUCT))
        if op == "@" and self.is_entrywise(left):
            return row(bracketed(self.formula(left)), THIN, self.at(right, PRODUCT))
        if op == "@" or self.is_scalar(left) or self.is_scalar(right):
            first, second = self.factor(left), self.at(right, PRODUCT)
            if op == "@" and self.is_entrywise(right):
                second = bracketed(self.formula(right))
            return row(first, THIN, second) if needs_room(first, second) else row(first, second)
        return row(self.entrywise(left), Op("⊙"), self.entrywise(right))

    def is_entrywise(self, expr: Expression) -> bool:
        """A product of tensors, entry by entry."""
        match expr:
            case tree.Binary(op="*", left=left, right=right):
                return not (self.is_scalar(left) or self.is_scalar(right))
        return False

    def factor(self, expr: Expression) -> Formula:
        """A factor before another; a big operator, which would reach further, in brackets."""
        return self.at(expr, POWER if isinstance(expr, tree.Big) or is_dot(expr) else PRODUCT)

    def entrywise(self, expr: Expression) -> Formula:
        """A factor of an entrywise product; a product of matrices in brackets."""
        if isinstance(expr, tree.Binary) and expr.op == "@":
            return self.at(expr, POWER)
        return self.factor(expr)

    def power(self, base: Expression, exponent: Expression) -> Formula:
        """A power; of a tensor, entry by entry."""
        inside = self.formula(exponent)
        if not self.is_scalar(base) and not isinstance(base, tree.Call):
            inside = row(Op("⊙", tight=True), inside)
        match base:
            case tree.Call(function=tree.Name(id="norm"), arguments=(_,)):
                norm, _ = self.call(base)
                if isinstance(norm, Script):
                    return Script(norm.base, norm.sub, inside)
        return self.raised(base, inside)

    def raised(self, base: Expression, sup: Formula) -> Formula:
        """Something with a superscript."""
        made = self.at(base, ATOM)
        match made:
            case Script(inner, sub, None) if sub is not None:
                return Script(inner, sub, sup)
            case Fence() | Sym() | Num() | Accent():
                return Script(made, None, sup)
            case Row() if is_applied(base, made):
                return row(*made.parts[:-1], Script(made.parts[-1], None, sup))
            case _:
                return Script(bracketed(made), None, sup)

    def quotient(self, left: Expression, right: Expression) -> Set:
        """A fraction, a derivative; a minus sign stands before it."""
        if is_differential(left) and is_differential(right):
            above, below = self.differential(left), self.differential(right)
            if above is not None and below is not None and self.is_derivative(left, right):
                turned = isinstance(right, tree.Transpose)
                made = Frac(row(Sym("∂"), above), row(Sym("∂"), below))
                return (self.transposed(made), POWER) if turned else (made, ATOM)
        if isinstance(left, tree.Negative):
            return row(Op("−", tight=True), self.quotient(left.operand, right)[0]), SUM
        if isinstance(left, tree.Big) or is_quotient(left):
            factor = Frac(Num("1"), self.formula(right))
            room = [THIN] if is_quotient(left) else []
            return row(factor, *room, self.at(left, PRODUCT)), PRODUCT
        match left:
            case tree.Binary(op="*", left=first, right=last) if is_quotient(last):
                return row(self.quotient(first, right)[0], THIN, self.formula(last)), PRODUCT
        return Frac(self.formula(left), self.formula(right)), ATOM

    def transposed(self, made: Formula) -> Formula:
        """A derivative, transposed."""
        return Script(bracketed(made), None, Op("⊤"))

    def is_derivative(self, left: Expression, right: Expression) -> bool:
        """`dL/dz` where no name `dL` is declared, and if `dz` is one, then `z` too."""
        above, below = head_of(left), head_of(right)
        if above in self.ranks:
            return False
        return below not in self.ranks or below[1:] in self.ranks

    def differential(self, expr: Expression) -> Formula | None:
        """`z` for `dz`."""
        match expr:
            case tree.Name(id=name) if len(name) > 1:
                return self.name(name[1:])
            case tree.Subscript(base=base, indices=indices):
                inner = self.differential(base)
                if inner is None:
                    return None
                return self.below(inner, self.places([self.formula(i) for i in indices]))
            case tree.Transpose(operand=operand):
                return self.differential(operand)
            case tree.Call(function=function, arguments=arguments) if len(function.id) > 1:
                inside = listed([self.formula(a) for a in arguments])
                return row(self.name(function.id[1:]), bracketed(inside))
        return None

    def is_scalar(self, expr: Expression) -> bool:
        """Surely a number, by its looks."""
        return is_scalar(expr, self.ranks)

    # --- functions -------------------------------------------------------------------------------

    def call(self, expr: tree.Call) -> Set:
        """A function."""
        name, arguments = expr.function.id, expr.arguments
        special = None if name in self.ranks else notation(self, name, arguments, expr.keywords)
        if special is not None:
            return special
        head = self.function(name)
        if expr.primes:
            head = Script(head, None, Op("′" * expr.primes, tight=True))
        if expr.keywords:
            head = self.below(head, listed([self.formula(k.value) for k in expr.keywords]))
        return row(head, bracketed(listed([self.formula(a) for a in arguments]))), ATOM

    def function(self, name: str) -> Formula:
        """The name of a function."""
        if len(name) == 1 or name in self.printed:
            return self.name(name)
        if name == "sigmoid" and self.ranks.keys().isdisjoint(("sigma", "σ")):
            return Sym("σ")
        return Sym(FUNCTIONS.get(name, name), "op")

    # --- entries ---------------------------------------------------------------------------------

    def subscript(self, base: Expression, indices: Sequence[Expression]) -> Set:
        """An entry; the identity, ones and zeros by their size."""
        places = [self.formula(i) for i in indices]
        match base:
            case tree.Name(id="delta") if "delta" not in self.ranks:
                return Script(Sym("δ"), self.places(places)), ATOM
            case tree.Name(id="eye") if "eye" not in self.ranks:
                return Script(Sym("I"), places[0]), ATOM
            case tree.Name(id="ones" | "zeros" as name) if name not in self.ranks:
                by = places[0] if len(places) == 1 else listed(places, "×")
                return Script(Sym("1" if name == "ones" else "0", "bf"), by), ATOM
            case tree.Binary(op="/", left=left, right=right) if is_differential(left):
                return self.quotient(left, trees.subscript(right, *indices))
            case tree.Name() | tree.Subscript() | tree.Attribute():
                return self.below(self.formula(base), self.places(places)), ATOM
        made = self.at(base, ATOM)
        if isinstance(made, Row) and is_applied(base, made):
            last = Script(made.parts[-1], self.places(places))
            return row(*made.parts[:-1], last), ATOM
        made = made if isinstance(made, Fence | Script) else bracketed(made)
        return self.below(made, self.places(places)), ATOM

    def places(self, places: list[Formula]) -> Formula:
        """The subscript of an entry: `ij`, `i,j+1`."""
        if all(isinstance(p, Sym) and len(p.text) == 1 for p in places):
            return row(*places) if places else Row(())
        return listed(places)

    def below(self, base: Formula, places: Formula) -> Formula:
        """A subscript; of what has one already, outside of brackets."""
        if isinstance(base, Script) and base.sub is None:
            return Script(base.base, places, base.sup)
        if isinstance(base, Script | Row | Frac):
            return Script(bracketed(base), places)
        return Script(base, places)

    def indicator(self, conditions: tuple[tree.Comparison, ...]) -> Formula:
        """One where true; of two equal indices, Kronecker's delta."""
        match conditions:
            case (tree.Comparison(op="=", left=tree.Name() as i, right=tree.Name() as j),):
                if i.id not in self.ranks and j.id not in self.ranks:
                    return self.kronecker((i, j))
        return row(Sym("1", "bb"), Fence("[", self.conditions(conditions), "]"))

    def kronecker(self, indices: Sequence[Expression]) -> Formula:
        """`δ_{ij}`."""
        return Script(Sym("δ"), self.places([self.formula(i) for i in indices]))

    def conditions(self, conditions: Sequence[tree.Comparison]) -> Formula:
        """Conditions, all of which hold."""
        return listed([self.relation(c) for c in conditions])

    def array(self, expr: tree.List) -> Formula:
        """A vector as a row in brackets, a matrix as one."""
        rows = [item.items for item in expr.items if isinstance(item, tree.List)]
        if rows and len(rows) == len(expr.items):
            cells = tuple(tuple(self.formula(i) for i in items) for items in rows)
            return Table(cells, "[", "]")
        return Fence("[", listed([self.formula(i) for i in expr.items]), "]")

    def big(self, expr: tree.Big) -> Set:
        """A sum, a product, a maximum over indices."""
        body = self.at(expr.body, PRODUCT)
        conditions = [self.relation(c) for c in expr.conditions]
        if expr.op == "mean" or conditions or any(b.range is None for b in expr.binders):
            names = [Sym(b.name) for b in expr.binders]
            if conditions and len(names) == 1 and speaks_of(expr.conditions, expr.binders[0].name):
                under = listed(conditions)
            else:
                under = listed([self.places(list[Formula](names)), *conditions])
            sign: Formula = (
                Script(Sym("mean", "op"), under) if expr.op == "mean" else Big(BIG[expr.op], under)
            )
            return row(sign, THIN, body), PRODUCT
        signs: list[Formula] = []
        for binder in expr.binders:
            assert binder.range is not None
            low, high = self.formula(binder.range.start), self.formula(binder.range.stop)
            signs.append(Big(BIG[expr.op], row(Sym(binder.name), Op("=", True), low), high))
        return row(*signs, THIN, body), PRODUCT
