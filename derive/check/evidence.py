"""What stands beside a refutation: a small point with its numbers, and what holds instead."""

from functools import cached_property
from typing import TYPE_CHECKING

from derive.calculus.notation import text_of
from derive.check import texts
from derive.check.engine import DeadlineOver
from derive.check.numbers import Violation
from derive.check.verdict import Counterexample, Value
from derive.evaluate.names import free_names, names_in, walk
from derive.evaluate.point import Point
from derive.model.model import Judgement, Relation
from derive.model.scalar import Derivative, Expectation, Index, Limit, Scalar, Tensor

if TYPE_CHECKING:
    from derive.check.judge import Judge

_LONGEST = 400


class Evidence:
    """Explains why one relation is false."""

    def __init__(self, judge: "Judge", judgement: Judgement, relation: Relation) -> None:
        self.judge = judge
        self.judgement = judgement
        self.relation = relation

    def counterexample(self, found: Violation, deadline: float) -> Counterexample:
        """The violation, made small, as texts."""
        small = self.shrunk(found, deadline)
        entry = self.entry(small)
        left, right = self.sides
        numbers = texts.both(
            texts.entry_text(left or "left side", entry),
            small.left,
            texts.entry_text(right or "right side", entry),
            small.right,
        )
        return Counterexample(
            tuple(sorted(small.point.sizes.items())),
            self.values(small.point),
            entry,
            *numbers,
            finite=self.finite(small),
        )

    @cached_property
    def sides(self) -> tuple[str, str]:
        """What the two sides are called."""
        return self.judgement.sides or texts.sides_of(self.judgement)

    def shrunk(self, found: Violation, deadline: float) -> Violation:
        """A violation at a smaller point."""
        numbers, at = self.judge.numbers, self.judgement.at
        exactly = self.relation.op != "="

        def fails(point: Point) -> bool:
            if exactly:
                return numbers.violation(self.relation, point, at) is not None
            return bool(numbers.suspicions(self.relation, point, at).any())

        small = self.judge.points.shrunk(found.point, fails, self.names, deadline)
        if small is found.point:
            return found
        return numbers.certified(self.relation, small, at) or found

    def entry(self, found: Violation) -> tuple[tuple[str, int], ...]:
        """The free indices, numbered as the language numbers them."""
        lows = (v.axis.low.value(found.point.sizes) for v in self.relation.indices)
        return tuple(
            (variable.name, low + place)
            for variable, low, place in zip(self.relation.indices, lows, found.place, strict=True)
        )

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The declared tensors that the relation depends on."""
        relation = self.relation
        scalars = [relation.left, relation.right, *relation.conditions]
        scalars += [tensor.body for _, tensor in self.judgement.at]
        direct = frozenset[str]().union(*map(names_in, scalars))
        uses = self.judge.uses
        used = direct.union(*(uses.get(name, frozenset()) for name in direct))
        hidden = self.bound()
        return tuple(name for name in self.judge.model.symbols if name in used - hidden)

    def bound(self) -> frozenset[str]:
        """What has no value at a point: averaged over, or the variable of a limit."""
        symbols = self.judge.model.symbols.values()
        free = free_names(self.relation.left) | free_names(self.relation.right)
        return frozenset(
            symbol.name
            for symbol in symbols
            if symbol.name.startswith("limit.")
            or (symbol.role == "random" and symbol.name not in free)
        )

    def values(self, point: Point) -> tuple[tuple[str, str], ...]:
        """The declared tensors that both sides depend on, so that they paste into NumPy."""
        return tuple(
            (name, texts.pasted(point.values[name])) for name in self.names if name in point.values
        )

    def at(self, point: Point) -> str:
        """The point in words."""
        sizes = [f"{name} = {size}" for name, size in sorted(point.sizes.items())]
        return ", ".join(sizes + [f"{name} = {text}" for name, text in self.values(point)])

    def finite(self, found: Violation) -> Value | None:
        """The finite difference, where the left side is a derivative."""
        left = self.relation.left
        if not isinstance(left, Derivative) or self.judgement.at:
            return None
        indices = self.relation.indices
        return self.judge.confirmation.difference(left, indices, found.point, found.place)

    def derived(self, deadline: float) -> str | None:
        """`derive finds dL/dz = p - y, using: y is onehot`, where the left side is a derivative."""
        left = self.relation.left
        if any(isinstance(found, Limit | Expectation) for found in walk(left)):
            return self.closed(left)
        if self.relation.op != "=" or not isinstance(left, Derivative) or self.judgement.at:
            return None
        if (*left.of_indices, *left.wrt_indices) != tuple(map(Index.of, self.relation.indices)):
            return None
        try:
            tensor = Tensor(self.relation.indices, left)
            found = self.judge.engine.answer(left, tensor, deadline)
        except DeadlineOver:
            return None
        if len(found.text) > _LONGEST:
            return None
        using = f", using: {', '.join(found.facts)}" if found.facts else ""
        name = f"partial({left.of}, {left.wrt})" if left.partial else f"d{left.of}/d{left.wrt}"
        definition = self.judge.model.definitions.get(left.of)
        if definition is not None and definition.hidden:
            name, _ = self.sides
        elif not found.is_whole:
            name += f"[{', '.join(variable.name for variable in self.relation.indices)}]"
        return f"derive finds {name} = {found.text}{using}"

    def closed(self, left: Scalar) -> str | None:
        """`derive finds Var(x) = s^2`, for what has limits and expectations in it."""
        name, _ = self.sides
        taken = (*self.judge.model.symbols, *self.judge.model.definitions)
        text = text_of(self.judge.engine.resolve(left), taken)
        return f"derive finds {name} = {text}" if len(text) <= _LONGEST else None
