"""What a file gives: its tensors with their shapes, what is known of them, and what is assumed."""

from collections.abc import Iterator

from derive.report.blocks import Block, Grid, Heading, Inline, Math, Para, Text
from derive.report.solution.notation import FACTS, ROLES, Notation, relation_of
from derive.syntax import tree
from derive.syntax.words import HOLDS


def given(notation: Notation, file: tree.File) -> Iterator[Block]:
    """The table of what is declared."""
    model = notation.model
    laws = {s.name.id: s for s in file.statements if isinstance(s, tree.Random)}
    rows: list[tuple[Text, ...]] = []
    for symbol in model.symbols.values():
        if symbol.hidden:
            continue
        facts: Text = (", ".join(FACTS.get(p, p) for p in sorted(symbol.properties)),)
        if symbol.name in laws:
            facts = law(notation, laws[symbol.name])
        member: Text = (notation.member(symbol.name, symbol.axes),)
        rows.append((member, (ROLES.get(symbol.role, symbol.role),), facts))
    if rows:
        yield Heading(1, ("Given",))
        yield Grid((("name",), ("role",), ("known",)), tuple(rows))
    domains = {s.span.start: s.domain for s in file.statements if isinstance(s, tree.Assume)}
    for assumption in model.assumptions:
        if not assumption.hidden:
            domain = domains.get(assumption.span.start)
            words = (*assumed(notation, assumption.text), *notation.domain(domain))
            yield Para(("It is assumed that ", *words, "."))


def law(notation: Notation, random: tree.Random) -> Text:
    """`normal(0, s^2)`; `mean 0, var 1`."""
    made: list[Inline] = []
    for part in random.law:
        made += [", "] if made else []
        if isinstance(part, tree.Substitution):
            made += [f"{part.name.id} ", notation.math(part.value)]
        else:
            made.append(notation.math(part))
    return tuple(made)


def assumed(notation: Notation, text: str) -> Text:
    """An assumption: as a formula, where it is one."""
    relation = relation_of(text.partition(" for ")[0])
    if relation is None or relation.op == HOLDS:
        return (text,)
    return (Math(notation.typesetter.relation(relation)),)
