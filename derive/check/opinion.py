"""A second opinion on what was judged of derivatives, by SymPy on explicit components."""

from functools import cached_property
from typing import TYPE_CHECKING

from derive.check.numbers import InternalDisagreement
from derive.check.verdict import HoldsNumerically, Proved, ProvedFor, Verdict, headline
from derive.evaluate.names import names_in, uses_of, walk
from derive.evaluate.point import Point
from derive.model.model import Judgement, Model, Relation
from derive.model.scalar import Derivative

if TYPE_CHECKING:
    from derive.oracle.components import Oracle


class SecondOpinion:
    """The oracle of one model, asked about what was found true of derivatives."""

    def __init__(self, model: Model, seed: int) -> None:
        self.model = model
        self.seed = seed

    @cached_property
    def oracle(self) -> "Oracle":
        """SymPy on the components of the model."""
        from derive.oracle.components import Oracle  # SymPy is slow to load

        return Oracle(self.model, self.seed)

    def agrees(self, judgement: Judgement, verdict: Verdict, point: Point | None) -> bool:
        """Whether SymPy finds true what was found true of derivatives; False if it was not asked.

        What was refuted stays so: two enclosures do not meet, and SymPy tries other points. A case
        is judged at its own `point`. Raises InternalDisagreement
        where SymPy finds it false.
        """
        relation = judgement.relation
        is_positive = isinstance(verdict, Proved | ProvedFor | HoldsNumerically)
        if relation is None or not is_positive or not self.speaks_of_derivatives(relation):
            return False
        from derive.oracle.components import OracleVerdict

        opinion = self.oracle.judge(relation, judgement.at, point, judgement.tolerances)
        if not isinstance(opinion, OracleVerdict):
            return False
        if not opinion.agrees:
            raise InternalDisagreement(f"{headline(verdict)}, but by SymPy {opinion.detail}")
        return True

    @cached_property
    def _uses(self) -> dict[str, frozenset[str]]:
        return uses_of(self.model)

    def speaks_of_derivatives(self, relation: Relation) -> bool:
        """Whether a derivative stands in the relation, or in a definition that it uses."""
        scalars = [relation.left, relation.right, *relation.conditions]
        direct = frozenset[str]().union(*map(names_in, scalars))
        used = direct.union(*(self._uses.get(name, frozenset()) for name in direct))
        scalars += [d.body for name, d in self.model.definitions.items() if name in used]
        return any(isinstance(node, Derivative) for scalar in scalars for node in walk(scalar))
