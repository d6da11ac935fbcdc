"""The proofs alone, without numbers, show nothing that is wrong about recurrences.

What a file claims is proved and known when its wrong statements are tried, as in a check.
"""

from pathlib import Path

import pytest

from derive.calculus.engine import Calculus
from derive.diagnostics.span import Source
from derive.model.elaborate import elaborate
from derive.model.model import Judgement
from derive.proof.equal import Prover
from derive.proof.outcome import Proved, ProvedFor
from derive.syntax.parse import parse

CASES = Path(__file__).parents[1] / "cases" / "recurrences"
TRIED = ("closed_form_then_slope", "closed_forms", "splitting", "sums")


def statements(path: Path) -> tuple[Prover, list[Judgement]]:
    tree, _ = parse(Source(path.name, path.read_text(encoding="utf-8")))
    model = elaborate(tree, path)
    judged = [j for j in model.judgements if j.case is None and j.relation is not None]
    return Prover(Calculus(model)), judged


@pytest.mark.parametrize("name", TRIED)
def test_what_is_wrong_is_not_proved(name: str) -> None:
    prover, judged = statements(CASES / f"{name}.derive")
    for judgement in judged:
        relation = judgement.relation
        assert relation is not None
        if judgement.kind == "claim":
            found = prover.prove(relation, judgement.at)
            if isinstance(found, Proved) and not judgement.at:
                prover.recurrent.learn(relation, judgement.text)
        elif judgement.kind == "refute":
            found = prover.prove(relation, judgement.at)
            assert not isinstance(found, Proved | ProvedFor), judgement.text
