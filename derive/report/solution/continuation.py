"""What a derivation should have said where it first goes wrong: the line before, carried on."""

from dataclasses import dataclass

from derive.model.scalar import IndexVariable
from derive.report.solution.chain import Chain
from derive.report.solution.lines import Line, Lines
from derive.report.solution.shown import ranks_of
from derive.report.solution.terms import wide
from derive.syntax import tree
from derive.syntax.show import is_quotient
from derive.syntax.tree import Expression


@dataclass(frozen=True, slots=True)
class Continuation:
    """Carries lines of a person on, in the words of one model."""

    chain: Chain

    def after(self, before: Expression, domain: tree.Domain | None) -> Line | None:
        """The shortest that the line before is shown to equal; None where nothing is."""
        lines = Lines(self.chain.engine, before, (), domain)
        whole = self.whole(before)
        if whole is not None and lines.add(whole, ""):
            return lines.lines[-1]
        relation = lines.relation(before, before)
        if relation is None:
            return None
        indices = tuple(IndexVariable(v.name, v.axis) for v in relation.indices)
        named = ranks_of(self.chain.model).keys()
        if any(not v.name.isidentifier() or v.name in named for v in wide(indices)):
            return None
        made = self.chain.contracted(lines, indices, self.chain.engine.closing.knowing())
        if made is not None and lines.add(made, ""):
            return lines.lines[-1]
        return None

    def whole(self, before: Expression) -> Expression | None:
        """The closed form of a derivative without indices."""
        match before:
            case tree.Binary(left=tree.Name(id=of), right=tree.Name(id=by)) if is_quotient(before):
                closing = self.chain.engine.closing
                known = {of[1:], by[1:]} <= ranks_of(self.chain.model).keys()
                found = closing.closed_form(of[1:], by[1:]) if known else None
                return None if found is None else found.expression
        return None
