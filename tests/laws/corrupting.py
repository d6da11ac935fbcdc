"""Corrupts parts of derive for a moment: in every module and table in which they stand."""

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

import pytest

from derive.calculus.knowledge import Rewritten
from derive.calculus.term import Poly

Corruption = Callable[[Any], Any]


def replace(patch: pytest.MonkeyPatch, old: Any, new: Any) -> int:
    """Puts `new` wherever a module of derive has `old`, tables included; how often that was."""
    count = 0
    tables: dict[int, Any] = {}
    for name, module in list(sys.modules.items()):
        if name != "derive" and not name.startswith("derive."):
            continue
        for key, value in list(vars(module).items()):
            if value is old:
                patch.setattr(module, key, new)
                count += 1
            elif isinstance(value, tuple) and any(part is old for part in value):
                patch.setattr(module, key, tuple(new if p is old else p for p in value))
                count += 1
            elif isinstance(value, dict | list) and id(value) not in tables:
                tables[id(value)] = value
    for table in tables.values():
        for key, value in list(table.items() if isinstance(table, dict) else enumerate(table)):
            if value is old:
                patch.setitem(table, key, new)
                count += 1
    return count


def changed(function: Callable[..., Any], change: Corruption) -> Callable[..., Any]:
    """The function with its answer changed, where it has one."""

    @wraps(function)
    def corrupted(*arguments: Any, **named: Any) -> Any:
        answer = function(*arguments, **named)
        return answer if answer is None else change(answer)

    return corrupted


def never(function: Callable[..., Any]) -> Callable[..., Any]:
    """A rule that never applies."""
    return wraps(function)(lambda *arguments, **named: None)


def always(answer: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A question that is always answered alike."""
    return lambda function: wraps(function)(lambda *arguments, **named: answer)


def scaled(factor: int) -> Corruption:
    """A wrong factor, for terms and for rewritten products."""

    def change(answer: Any) -> Any:
        if isinstance(answer, Poly):
            return answer.scaled(factor)
        assert isinstance(answer, Rewritten)
        return Rewritten(answer.factors, answer.replacement.scaled(factor), answer.gone)

    return change


def without_a_term(answer: Any) -> Any:
    """One of several terms is missing."""
    if isinstance(answer, Poly):
        if len(answer.terms) < 2:
            return answer
        kept = sorted(answer.terms, key=lambda m: m.key)[1:]
        return Poly({monomial: answer.terms[monomial] for monomial in kept})
    assert isinstance(answer, Rewritten)
    return Rewritten(answer.factors, without_a_term(answer.replacement), answer.gone)


def exchanged(function: Callable[..., Any]) -> Callable[..., Any]:
    """The last two arguments in each other's place."""
    return wraps(function)(lambda *arguments: function(*arguments[:-2], *arguments[:-3:-1]))


WRONG: dict[str, Callable[[Callable[..., Any]], Callable[..., Any]]] = {
    "sign": lambda function: changed(function, scaled(-1)),
    "factor": lambda function: changed(function, scaled(2)),
}
