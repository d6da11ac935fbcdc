"""Arrays of our own that nothing needs any more: results of the same shape are written over them.

What cannot be written over is let go (`let_go`) before the next array is made, so that a function
never holds more than a careful person's.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from derive.model.dim import Dim
from derive.model.scalar import Axis

_NUMBERED = re.compile(r"t\d+")
_ASSIGNED = re.compile(r"(\w+) = (.*)")


class Buffers:
    """The dead arrays of one block of statements, by shape."""

    def __init__(self) -> None:
        self._idle: dict[tuple[Dim, ...], list[str]] = {}
        self._leaving: dict[str, tuple[Dim, ...]] = {}
        self._again: set[str] = set()

    def leave(self, name: str, axes: Sequence[Axis]) -> None:
        """The statement that is being written is the last to use an array."""
        self._leaving[name] = _shape(axes)

    def claim(self, name: str) -> None:
        """An array holds something else now, or has been handed on."""
        self._leaving.pop(name, None)

    def settle(self) -> None:
        """The statements so far are written."""
        for name, shape in self._leaving.items():
            self._idle.setdefault(shape, []).append(name)
        self._leaving.clear()

    def take(self, axes: Sequence[Axis]) -> str | None:
        """A dead array of this shape, the last that died first: it is the likeliest in cache."""
        idle = self._idle.get(_shape(axes))
        if not idle:
            return None
        self._again.add(idle[-1])
        return idle.pop()

    def is_new(self, name: str) -> bool:
        """Whether a variable has stood for nothing else before."""
        return name not in self._again


def renamed(lines: list[str], old: str, new: str) -> bool:
    """Gives a variable without a name of its own one, if the statements have not read it yet."""
    mentions = [k for k, line in enumerate(lines) if re.search(rf"\b{old}\b", line)]
    if _NUMBERED.fullmatch(old) is None or not all(_writes(lines[k], old) for k in mentions):
        return False
    for k in mentions:
        lines[k] = re.sub(rf"\b{old}\b", new, lines[k])
    return True


def _writes(line: str, name: str) -> bool:
    return line.startswith(f"{name} ") or line.endswith(f", out={name})")


def _shape(axes: Sequence[Axis]) -> tuple[Dim, ...]:
    return tuple(axis.size for axis in axes)


def let_go(lines: Sequence[str], arrays: Mapping[str, int], after: str) -> list[str]:
    """The statements, with a `del` of arrays that are dead where another one is made.

    `arrays` has the number of axes of what a variable holds, `after` is what follows the
    statements. What has fewer axes than others is small, and stays.
    """
    blocks = _blocks(lines)
    own = {_assigned(block[0])[0] for block in blocks}
    arrays = {name: rank for name, rank in arrays.items() if name in own}
    last = {name: k for k, block in enumerate(blocks) for name in _words(block) if name in arrays}
    kept = _words([after])
    most = max(arrays.values(), default=0)
    for block in reversed(blocks):  # an array lives on under another name
        new, old = _assigned(block[0])
        if new in last and old in last:
            last[old] = max(last[old], last[new])
            kept |= {old} if new in kept else set()
    found: list[str] = []
    for k, block in enumerate(blocks):
        axes = max(arrays.get(_made(line), 0) for line in block)
        gone = [name for name in last if name not in kept and last[name] < k]
        gone = [name for name in gone if arrays[name] == most]
        if gone and axes >= max(1, most - 1):
            found.append(f"del {', '.join(gone)}")
            kept |= set(gone)
        found += block
    return found


def _blocks(lines: Sequence[str]) -> list[list[str]]:
    """Statements; a loop is one."""
    blocks: list[list[str]] = []
    for line in lines:
        if line.startswith(" "):
            blocks[-1].append(line)
        else:
            blocks.append([line])
    return blocks


def _words(lines: Iterable[str]) -> set[str]:
    return {word for line in lines for word in re.findall(r"\w+", line)}


def _assigned(line: str) -> tuple[str, str]:
    """The variable that a statement makes, and of what."""
    found = _ASSIGNED.fullmatch(line.strip())
    return (found[1], found[2]) if found is not None else ("", "")


def _made(line: str) -> str:
    """The variable of a statement that makes an array: that is no alias."""
    name, body = _assigned(line)
    return "" if body.isidentifier() else name
