"""Each statement of the documents is judged in worked/, or is named with a reason why not."""

import re
from collections import Counter
from pathlib import Path

from tests.test_cli import derive

ROOT = Path(__file__).parents[1]
WORKED = ROOT / "worked"
ITEMS = (Path(__file__).parent / "worked_items.txt").read_text(encoding="utf-8").split()
NAME = re.compile(r'^\s*(?:claim|refute|expect|derivation) "(S\d-[A-Za-z0-9.-]+)', re.MULTILINE)
REASON = re.compile(r"^\| (S\d-[A-Za-z0-9.-]+) \| [^`]{2}.{18,} \|$", re.MULTILINE)


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


LINES = (Path(__file__).parent / "worked_formulas.txt").read_text(encoding="utf-8").splitlines()
FORMULAS = [(item, formula) for item, _, formula in (line.partition(" ") for line in LINES)]
STATEMENT = re.compile(r"^(?=\s*(?:claim|refute|expect|derivation|case)\b)", re.MULTILINE)
NOT_IN_LATEX = re.compile(r"^\| (S\d-[A-Za-z0-9.-]+) \| `` (.+) `` \| .{20,} \|$", re.MULTILINE)


def packed(formula: str) -> str:
    """A formula without the room in it and the stop at its end."""
    return re.sub(r"\s+", "", formula).rstrip(".,")


def in_latex() -> list[tuple[str, str]]:
    """What stands between dollar signs, with the item that its statement names."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(WORKED.rglob("*.derive"))]
    statements = [said for text in texts for said in STATEMENT.split(text)]
    named = [(name[1], said) for said in statements if (name := NAME.match(said))]
    return [(name, packed(f)) for name, said in named for f in re.findall(r"\$([^$]*)\$", said)]


def test_every_formula_of_a_gradient_or_a_loss_is_judged_in_latex_or_has_a_reason() -> None:
    written = in_latex()
    text = (WORKED / "NOT_CHECKED.md").read_text(encoding="utf-8")
    named = NOT_IN_LATEX.findall(text)
    excused = {(item, packed(formula).replace(r"\|", "|")) for item, formula in named}
    listed = {(item, packed(formula)) for item, formula in FORMULAS}
    found = {
        (item, formula)
        for item, formula in listed
        if any(item == name and formula in said for name, said in written)
    }
    assert listed - found - excused == set()
    assert excused - listed == set()
    assert excused & found == set()
