"""A second opinion on what was judged of derivatives, by SymPy on explicit components."""

from derive.check.budget import remaining
from derive.check.numbers import InternalDisagreement
from derive.check.verdict import HoldsNumerically, Proved, ProvedFor, Verdict, headline
from derive.evaluate.names import walk
from derive.model.model import Judgement, Model, Relation
from derive.model.scalar import Derivative

_MOST_SECONDS = 20.0


def second_opinion(
    model: Model, judgement: Judgement, verdict: Verdict, seed: int, deadline: float
) -> None:
    """Raises InternalDisagreement where SymPy finds false what was found true.

    What was refuted stays so: two enclosures do not meet, and SymPy tries other points.
    """
    relation = judgement.relation
    is_positive = isinstance(verdict, Proved | ProvedFor | HoldsNumerically)
    if relation is None or not is_positive or not speaks_of_derivatives(model, relation):
        return
    from derive.oracle import components  # SymPy is slow to load

    seconds = min(_MOST_SECONDS, remaining(deadline))
    if seconds <= 0:
        return
    opinion = components.judge(model, relation, judgement.at, seed, seconds=seconds)
    if isinstance(opinion, components.OracleVerdict) and not opinion.agrees:
        raise InternalDisagreement(f"{headline(verdict)}, but by SymPy {opinion.detail}")


def speaks_of_derivatives(model: Model, relation: Relation) -> bool:
    """Whether a derivative stands in the relation, or in a definition that it uses."""
    scalars = [relation.left, relation.right]
    scalars += [definition.body for definition in model.definitions.values()]
    return any(isinstance(node, Derivative) for scalar in scalars for node in walk(scalar))
