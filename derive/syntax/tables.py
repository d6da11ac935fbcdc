"""The parser's tables, kept in the user's cache folder so that a start need not make them again.

Design: making the tables takes ten times as long as reading them. They are kept as JSON, which runs
nothing when it is read, under a name that holds the grammar's digest and the versions of what made
them; where nothing can be written or read, they are made anew and nobody notices.
"""

import json
import os
import sys
from hashlib import blake2b
from pathlib import Path
from typing import Any


def cache_folder() -> Path:
    """Where programs of this user keep what they can make again."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA")
    else:
        base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "derive"


def cache_path(*made_of: str) -> Path | None:
    """The file for tables that were made of all this; None if there is no place for it."""
    digest = blake2b("\0".join((*made_of, sys.version)).encode(), digest_size=16).hexdigest()
    try:
        return cache_folder() / f"grammar-{digest}.json"
    except RuntimeError:  # no home
        return None


def load(path: Path | None) -> Any:
    """What was saved at `path`; None if nothing readable is there."""
    try:
        return None if path is None else decoded(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return None


def save(path: Path | None, tables: Any) -> None:
    """Keep `tables` at `path`, if that is possible; a reader never sees half a file."""
    if path is None:
        return
    part = path.with_suffix(f".{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(encoded(tables)), encoding="utf-8")
        part.replace(path)
    except (OSError, TypeError, ValueError):
        return


def encoded(value: Any) -> Any:
    """`value` for JSON; a mapping with numbers as keys becomes `{"": [[key, value], ...]}`."""
    if isinstance(value, dict):
        if all(isinstance(key, str) and key for key in value):
            return {key: encoded(item) for key, item in value.items()}
        return {"": [[key, encoded(item)] for key, item in value.items()]}
    if isinstance(value, list | tuple):
        return [encoded(item) for item in value]
    return value


def decoded(value: Any) -> Any:
    """What `encoded` was given, lists for tuples."""
    if isinstance(value, dict):
        if "" in value:
            return {key: decoded(item) for key, item in value[""]}
        return {key: decoded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [decoded(item) for item in value]
    return value
