"""Verdicts: a closed union of records. None of them is true or false by itself."""

from dataclasses import dataclass
from html import escape
from typing import NoReturn, assert_never

from derive.diagnostics.diagnostic import Diagnostic


class _Record:
    """What is common to all verdicts: there is no `bool(verdict)`."""

    __slots__ = ()

    def __bool__(self) -> NoReturn:
        raise TypeError("a verdict is not true or false: match on it, or use `succeeds`")

    def __str__(self) -> str:
        return "\n".join(described(self))  # type: ignore[arg-type]

    def _repr_html_(self) -> str:
        first, *rest = described(self)  # type: ignore[arg-type]
        below = f"<pre>{escape(chr(10).join(rest))}</pre>" if rest else ""
        return f"<strong>{escape(first)}</strong>{below}"


@dataclass(frozen=True, slots=True)
class Value:
    """One number of a counterexample: the decimal, and a power of ten that bounds its error.

    `error` is empty for an exact number.
    """

    text: str
    decimal: str
    error: str = ""


@dataclass(frozen=True, slots=True)
class Counterexample:
    """A point at which both sides surely differ.

    `sizes` and `values` are the point, written so that each pastes into NumPy (`[1, 1/2]`);
    `entry` names the free indices there; `finite` is the finite difference of a derivative.
    """

    sizes: tuple[tuple[str, int], ...]
    values: tuple[tuple[str, str], ...]
    entry: tuple[tuple[str, int], ...]
    left: Value
    right: Value
    finite: Value | None = None


@dataclass(frozen=True, slots=True)
class Proved(_Record):
    """An exact argument shows it. `conditions` say where (`x != 0`), `facts` what was used."""

    facts: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    trail: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ProvedFor(_Record):
    """Exact, but only for these sizes: `T = 1..4`."""

    sizes: tuple[str, ...]
    facts: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    trail: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ProvedIf(_Record):
    """It follows from facts that nobody declared; without them it may be false."""

    missing: tuple[str, ...]
    facts: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    trail: tuple[str, ...] = ()
    counterexample: Counterexample | None = None


@dataclass(frozen=True, slots=True)
class HoldsNumerically(_Record):
    """No exact argument; both sides agree at so many points, to so many digits."""

    points: int
    digits: int


@dataclass(frozen=True, slots=True)
class Refuted(_Record):
    """It is false. Without a counterexample only where the shapes of the two sides clash.

    `derived` is what holds instead, `hint` the one change that makes the statement right.
    """

    message: str
    counterexample: Counterexample | None = None
    derived: str | None = None
    hint: str | None = None
    problem: Diagnostic | None = None


@dataclass(frozen=True, slots=True)
class Undecided(_Record):
    """None of the others. `code` is a key of `diagnostics.codes`."""

    reason: str
    code: str
    problem: Diagnostic | None = None


@dataclass(frozen=True, slots=True)
class Erroneous(_Record):
    """The statement itself is in error."""

    problem: Diagnostic


Verdict = Proved | ProvedFor | ProvedIf | HoldsNumerically | Refuted | Undecided | Erroneous


def headline(verdict: Verdict) -> str:
    """What a person reads first."""
    match verdict:
        case Proved():
            return "proved"
        case ProvedFor(sizes=sizes):
            return f"proved for {', '.join(sizes)}"
        case ProvedIf(missing=missing):
            return f"proved if {', '.join(missing)}"
        case HoldsNumerically(points=points, digits=digits):
            plural = "" if points == 1 else "s"
            return f"holds numerically ({points} point{plural}, {digits} digits)"
        case Refuted():
            return "refuted"
        case Undecided(reason=reason):
            return f"undecided: {reason}"
        case Erroneous():
            return "error"
        case _:
            assert_never(verdict)


def described(verdict: Verdict) -> list[str]:
    """The headline, and below it the numbers at which it fails and what is right, line by line."""
    lines = [headline(verdict)]
    match verdict:
        case Proved() | ProvedFor() | ProvedIf():
            lines += [f"using {fact}" for fact in verdict.facts]
            lines += [f"where {condition}" for condition in verdict.conditions]
        case Refuted(problem=problem) | Undecided(problem=problem) if problem is not None:
            lines.append(problem.message)
        case Refuted(message, found, derived, hint):
            point = (*found.sizes, *found.values) if found is not None else ()
            lines.append(f"at {', '.join(f'{n} = {v}' for n, v in point)}:" if point else message)
            sides = (found.left, found.right, found.finite) if found is not None else ()
            lines += [f"    {side.text} = {side.decimal}" for side in sides if side is not None]
            lines += [text for text in (derived, hint) if text is not None]
        case Erroneous(problem):
            lines.append(problem.message)
    return lines


def verdict_name(verdict: Verdict) -> str:
    """The verdict in one word, for machines."""
    match verdict:
        case Proved():
            return "proved"
        case ProvedFor():
            return "proved-for"
        case ProvedIf():
            return "proved-if"
        case HoldsNumerically():
            return "holds-numerically"
        case Refuted():
            return "refuted"
        case Undecided():
            return "undecided"
        case Erroneous():
            return "error"
        case _:
            assert_never(verdict)


def outcome(verdict: Verdict) -> str:
    """What a case file expects after its `#~`: the headline, with a code in place of a reason."""
    match verdict:
        case HoldsNumerically():
            return "holds numerically"
        case Undecided(code=code):
            return f"undecided[{code}]"
        case Erroneous(problem=problem):
            return f"error[{problem.code}]"
        case Proved() | ProvedFor() | ProvedIf() | Refuted():
            return headline(verdict)
        case _:
            assert_never(verdict)


def succeeds(kind: str, verdict: Verdict, strict: bool = False) -> bool:
    """Whether a statement of this kind gets what it says.

    A `refute` says that its claim is false. `strict` takes no agreement of numbers for a proof.
    """
    if kind == "refute":
        return isinstance(verdict, Refuted)
    if isinstance(verdict, HoldsNumerically):
        return not strict
    return isinstance(verdict, Proved | ProvedFor)
