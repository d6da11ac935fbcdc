"""Statements for sums and products."""

from fractions import Fraction
from typing import TYPE_CHECKING

from derive.compile.node import Node
from derive.compile.text import Text, number_text, placed, tight

if TYPE_CHECKING:
    from derive.compile.emit import Emitter

Signed = tuple[Fraction, str]
ONE = Fraction(1)


class Arithmetic:
    """Writes `lin` and `mono` for an emitter."""

    def __init__(self, emitter: "Emitter") -> None:
        self.emitter = emitter
        self.module = emitter.dialect.module
        self.in_place = emitter.dialect.in_place

    # --- sums ------------------------------------------------------------------------------------

    def sum(self, node: Node) -> None:
        """A linear combination."""
        emitter = self.emitter
        coefficients = [c for c in node.head if isinstance(c, Fraction)]
        if len(coefficients) < 2:
            self._multiple(node, coefficients)
            return
        made = {
            inner for inner, _ in node.args if inner.kind == "mono" and inner in emitter.inlined
        }
        for (inner, _), c in zip(node.args, coefficients, strict=True):
            if inner in made:  # before other terms are read: it may write over its last factors
                self.product(inner, abs(c))
        parts = [
            ((ONE if c > 0 else -ONE) if inner in made else c, emitter.operand(inner, places))
            for (inner, places), c in zip(node.args, coefficients, strict=True)
        ]
        if all(text.plain for _, text in parts):
            total = _joined([(c, t.text) for c, t in parts])
            emitter.done[node] = Text(f"({total})", (), plain=True)
            return
        self._accumulate(node, parts)

    def _multiple(self, node: Node, coefficients: list[Fraction]) -> None:
        """A multiple of one term, or zero."""
        if not coefficients:
            self.emitter.done[node] = Text("0.0", (), plain=True)
            return
        ((inner, places),) = node.args
        if inner.kind == "one":
            self.emitter.done[node] = Text(number_text(coefficients[0]), (), plain=True)
        else:
            self._multiply(node, [(self.emitter.operand(inner, places), ONE)], coefficients[0])

    def _accumulate(self, node: Node, parts: list[tuple[Fraction, Text]]) -> None:
        """Terms one after the other into one array, the longest first."""
        emitter, rank = self.emitter, node.rank
        arrays = [(c, t) for c, t in parts if not t.plain]
        arrays.sort(key=lambda p: (-len(p[1].places), not emitter.fits(node, p[1]), p[0] < 0))
        texts = [(c, self._aligned(t, rank)) for c, t in arrays]
        plain = [(c, t.text) for c, t in parts if t.plain]
        if plain:
            total = _joined(plain)
            texts.append((ONE, f"({total})" if " " in total or total[0] == "-" else total))
        first = arrays[0][1]
        if emitter.fits(node, first):
            self._add(first.text, self._started(first.text, texts))
            emitter.into(node, first)
        else:
            grows = len(first.places) < rank
            count = 2 if self.in_place and rank and not grows else len(texts)
            _lead(texts)
            call = _called(texts[:2]) if count == 2 and not grows else None
            if call is None or not emitter.over_dead(node, *call):
                emitter.keep(node, _joined(texts[:count]))
            self._add(emitter.done[node].text, texts[count:])

    def _add(self, name: str, rest: list[Signed]) -> None:
        """Terms more, in place."""
        self.emitter.lines += [
            f"{name} {'-' if c < 0 else '+'}= {tight(_scaled(c, text))}" for c, text in rest
        ]

    def _started(self, name: str, texts: list[Signed]) -> list[Signed]:
        """The first term in place; what is left to add."""
        (c, _), *rest = texts
        positive = next((k for k, (sign, _) in enumerate(rest) if sign == 1), None)
        if c == -1 and positive is not None:
            _, text = rest.pop(positive)
            subtract = f"{self.module}.subtract({tight(text)}, {name}, out={name})"
            self.emitter.lines.append(subtract)
        elif c != 1:
            self._step(name, "*", number_text(c))
        return rest

    def _aligned(self, text: Text, rank: int) -> str:
        body = text.text
        if text.boolean:
            body = self.emitter.floating(body, len(text.places))
        return placed(body, text.places, rank)

    # --- products --------------------------------------------------------------------------------

    def product(self, node: Node, coefficient: Fraction = ONE) -> None:
        """A product of powers, times a number."""
        exponents = [e for e in node.head if isinstance(e, Fraction)]
        pairs: list[tuple[Text, Fraction]] = []
        for (inner, places), e in zip(node.args, exponents, strict=True):
            operand = self.emitter.operand(inner, places)
            pairs.append((operand, ONE if operand.boolean and e > 0 else e))  # a mask is its square
        self._multiply(node, pairs, coefficient)

    def _multiply(
        self, node: Node, pairs: list[tuple[Text, Fraction]], coefficient: Fraction
    ) -> None:
        """Factors with few axes together first, then into the longest one."""
        emitter, rank = self.emitter, node.rank
        if all(text.plain for text, _ in pairs):
            text = _quotient([(t.text, e) for t, e in pairs], coefficient)
            emitter.done[node] = Text(f"({text})" if " " in text else text, (), plain=True)
            return
        if all(t.boolean and e == 1 for t, e in pairs) and coefficient == 1:
            whole = " & ".join(placed(t.text, t.places, rank) for t, _ in pairs)
            emitter.keep(node, whole, boolean=True)
            return
        groups: dict[tuple[int, ...], list[tuple[Text, Fraction]]] = {}
        for operand, e in pairs:
            groups.setdefault(operand.places, []).append((operand, e))
        longest = max(groups, key=len)
        if not longest:
            factors = [(self._root(t, e)) for t, e in groups[()]]
            emitter.keep(node, _quotient(factors, coefficient))
            return
        own = groups.pop(longest)
        if all(t.boolean and e == 1 for t, e in own):  # masks together are a mask
            texts = [t.text for t, _ in own]
            mask = texts[0] if len(texts) == 1 else f"({' & '.join(texts)})"
            meets = any(groups)  # an array of numbers, by which it becomes one
            mask = mask if meets else emitter.floating(mask, len(longest))
            own = [(Text(mask, longest, False, meets), ONE)]
        self._into_longest(node, own, self._shorter(groups, coefficient, rank))

    def _shorter(
        self,
        groups: dict[tuple[int, ...], list[tuple[Text, Fraction]]],
        coefficient: Fraction,
        rank: int,
    ) -> list[str]:
        """The factors with fewer axes, those with the same axes multiplied."""
        scale = _quotient([self._root(t, e) for t, e in groups.pop((), [])], coefficient)
        pieces: list[str] = []
        for places in sorted(groups, key=len):
            factors = [self._root(t, e) for t, e in groups[places]]
            if not pieces and scale != "1":
                factors.insert(0, (f"({scale})" if " " in scale else scale, ONE))
            text = _quotient(factors, ONE)
            pieces.append(placed(f"({text})" if " " in text else text, places, rank))
        return pieces or ([scale] if scale != "1" else [])

    def _into_longest(
        self, node: Node, longest: list[tuple[Text, Fraction]], pieces: list[str]
    ) -> None:
        emitter, rank = self.emitter, node.rank
        longest.sort(key=lambda p: (p[1] < 0, not emitter.fits(node, p[0]), p[0].boolean))
        (first, e), *rest = longest
        steps: list[tuple[str, str]] = []
        for operand, k in rest:
            text = self._power(placed(operand.text, operand.places, rank), abs(k))
            steps.append(("*" if k > 0 else "/", text))
        steps += [("/", p[4:]) if p.startswith("1 / ") else ("*", p) for p in pieces]
        if emitter.fits(node, first):
            self._raise_in_place(first.text, e)
            for operator, text in steps:
                self._step(first.text, operator, text)
            emitter.into(node, first)
            return
        base = placed(first.text, first.places, rank)
        grows = len(first.places) < rank
        count = -1 if grows or first.boolean else self._over_dead(node, base, e, steps)
        if count >= 0:
            for operator, text in steps[count:]:
                self._step(emitter.done[node].text, operator, text)
            return
        body = self._power(base, abs(e))
        if e < 0:
            top = steps.pop(0)[1] if steps and steps[0][0] == "*" else "1"
            body = f"{top} / {body}"
        now = 1 if self.in_place and not grows else len(steps)
        for operator, text in steps[:now]:
            body = f"-{body}" if (operator, text) == ("*", "-1") else f"{body} {operator} {text}"
        emitter.keep(node, f"{body}.copy()" if body == first.text and self.in_place else body)
        for operator, text in steps[now:]:
            self._step(emitter.done[node].text, operator, text)

    def _over_dead(
        self, node: Node, base: str, exponent: Fraction, steps: list[tuple[str, str]]
    ) -> int:
        """Begins a product over a dead array: how many of the steps that did; -1 for none."""
        write = self.emitter.over_dead
        if exponent == 2:
            return 0 if write(node, "multiply", base, base) else -1
        if exponent == Fraction(1, 2):
            return 0 if write(node, "sqrt", base) else -1
        if exponent != 1 or not steps:
            return -1
        operator, text = steps[0]
        if (operator, text) == ("*", "-1"):
            return 1 if write(node, "negative", base) else -1
        return 1 if write(node, "multiply" if operator == "*" else "divide", base, text) else -1

    def _step(self, name: str, operator: str, text: str) -> None:
        """One factor more, in place."""
        if text == "-1":
            self.emitter.lines.append(f"{self.module}.negative({name}, out={name})")
        else:
            self.emitter.lines.append(f"{name} {operator}= {tight(text)}")

    def _raise_in_place(self, name: str, exponent: Fraction) -> None:
        size = abs(exponent)
        lines = self.emitter.lines
        if size == Fraction(1, 2):
            lines.append(f"{self.module}.sqrt({name}, out={name})")
        elif size == 2:
            lines.append(f"{name} *= {name}")
        elif size != 1:
            lines.append(f"{name} **= {number_text(size)}")
        if exponent < 0:
            lines.append(f"{self.module}.reciprocal({name}, out={name})")

    def _power(self, text: str, exponent: Fraction) -> str:
        """A power of an array."""
        if exponent == Fraction(1, 2):
            return f"{self.module}.sqrt({tight(text)})"
        return _raised(text, exponent)

    def _root(self, operand: Text, exponent: Fraction) -> tuple[str, Fraction]:
        """A factor, with a root taken by the library where it is an array."""
        if operand.boolean and not operand.places:
            return self.emitter.floating(operand.text, 0), exponent
        if abs(exponent) == Fraction(1, 2) and not operand.plain:
            return f"{self.module}.sqrt({tight(operand.text)})", exponent * 2
        return operand.text, exponent


def _lead(texts: list[Signed]) -> None:
    """Puts a term that is added before a first one that is subtracted."""
    positive = next((k for k, (c, _) in enumerate(texts) if c > 0), 0)
    if texts[0][0] < 0 and positive:
        texts.insert(0, texts.pop(positive))


def _called(texts: list[Signed]) -> tuple[str, str, str] | None:
    """Two terms as a call: the function and its arguments."""
    (c, first), (k, second) = sorted(texts, key=lambda p: p[0] < 0)
    if c < 0:
        return None
    return "add" if k > 0 else "subtract", _scaled(c, first), _scaled(k, second)


def _scaled(coefficient: Fraction, text: str) -> str:
    size = abs(coefficient)
    if text == "1":
        return number_text(size)
    return text if size == 1 else f"{number_text(size)} * {text}"


def _joined(texts: list[Signed]) -> str:
    """Terms with their signs between them."""
    (c, text), *rest = sorted(texts, key=lambda p: p[0] < 0)
    total = _scaled(c, text) if c > 0 else f"-{_scaled(c, text)}"
    for k, more in rest:
        total += f" {'-' if k < 0 else '+'} {_scaled(k, more)}"
    return total


def _raised(text: str, exponent: Fraction) -> str:
    if exponent == 1:
        return text
    simple = text.replace("_", "a").replace(".", "a").isalnum() or text.startswith("(")
    return f"{text if simple else f'({text})'}**{number_text(exponent)}"


def _quotient(factors: list[tuple[str, Fraction]], coefficient: Fraction) -> str:
    """A product of powers of numbers as a quotient."""
    above = [_raised(t, e) for t, e in factors if e > 0 and t != "1"]
    under = [_raised(t, -e) for t, e in factors if e < 0 and t != "1"]
    size = abs(coefficient)
    if size.numerator != 1:
        above.insert(0, str(size.numerator))
    if size.denominator != 1:
        under.insert(0, str(size.denominator))
    text = " * ".join(above) or "1"
    if under:
        text += f" / {under[0]}" if len(under) == 1 else f" / ({' * '.join(under)})"
    return f"-{text}" if coefficient < 0 else text
