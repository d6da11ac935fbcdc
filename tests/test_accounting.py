"""Each statement of the documents is judged in worked/, or is named with a reason why not."""

import re
from collections import Counter
from pathlib import Path

from tests.test_cli import derive

ROOT = Path(__file__).parents[1]
WORKED = ROOT / "worked"
ITEMS = (Path(__file__).parent / "worked_items.txt").read_text(encoding="utf-8").split()
NAME = re.compile(r'^\s*(?:claim|refute|expect|derivation) "(S\d-[A-Za-z0-9.-]+)', re.MULTILINE)
REASON = re.compile(r"^\| (S\d-[A-Za-z0-9.-]+) \| .{20,} \|$", re.MULTILINE)


def judged() -> set[str]:
    texts = [path.read_text(encoding="utf-8") for path in sorted(WORKED.rglob("*.derive"))]
    return {item for text in texts for item in NAME.findall(text)}


def not_checked() -> list[str]:
    return REASON.findall((WORKED / "NOT_CHECKED.md").read_text(encoding="utf-8"))


def test_the_items_are_the_469_of_the_five_documents() -> None:
    counts = Counter(item.partition("-")[0] for item in ITEMS)
    assert counts == {"S0": 45, "S1": 76, "S2": 244, "S3": 62, "S4": 42}
    assert len(set(ITEMS)) == len(ITEMS)


def test_every_item_is_judged_or_has_a_reason_and_none_is_both() -> None:
    without, with_reason = judged(), not_checked()
    assert len(set(with_reason)) == len(with_reason)
    assert without & set(with_reason) == set()
    assert without | set(with_reason) == set(ITEMS)


def test_the_errata_are_those_of_the_worked_files(update: bool) -> None:
    found = derive("errata", WORKED)
    path = WORKED / "ERRATA.md"
    if update:
        path.write_text(found.output, encoding="utf-8")
    assert found.exit_code == 0
    assert path.read_text(encoding="utf-8") == found.output
