"""What an exact argument came to."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Proved:
    """An exact argument, with the facts that it used and what it leaves out."""

    facts: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    trail: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ProvedFor:
    """An exact argument for the sizes named only."""

    sizes: tuple[str, ...]
    facts: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    trail: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ProvedIf:
    """An exact argument that needs facts which nobody declared."""

    missing: tuple[str, ...]
    facts: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    trail: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NotShown:
    """No argument was found; `reason` says what stood in the way."""

    reason: str


Proof = Proved | ProvedFor | ProvedIf | NotShown
