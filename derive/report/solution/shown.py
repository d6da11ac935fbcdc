"""A model in which the local names of functions are names like any other, to be spoken of."""

from dataclasses import replace

from derive.model.model import Definition, Model
from derive.model.scalar import Tensor
from derive.model.traverse import names_in
from derive.report.formula import Formula
from derive.report.names import name_formula, printed_formula
from derive.syntax import tree
from derive.syntax.tree import Expression

LETTERS = "zusvarcbfgh"


def shown(model: Model, names: frozenset[str]) -> Model:
    """The model with the hidden ones among `names` no longer hidden."""
    found = {
        name: replace(definition, hidden=definition.hidden and name not in names)
        for name, definition in model.definitions.items()
        if "/" not in name
    }
    return replace(model, definitions=found)


def used_by(model: Model, names: tuple[str, ...]) -> tuple[str, ...]:
    """The definitions on which these depend, and themselves, in the order of the model."""
    found: set[str] = set()
    waiting = [name for name in names if name in model.definitions]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [n for n in _parts(model.definitions[name]) if n in model.definitions]
    return tuple(name for name in model.definitions if name in found)


def _parts(definition: Definition) -> frozenset[str]:
    return names_in(Tensor(definition.indices, definition.body).body)


def forms_of(model: Model) -> dict[str, Formula]:
    """The printed forms: those that the file gives, and those of local names."""
    forms: dict[str, Formula] = {}
    given = {name: symbol.latex for name, symbol in model.symbols.items()}
    given |= {name: definition.latex for name, definition in model.definitions.items()}
    for name, text in given.items():
        made = printed_formula(text) if text is not None else None
        if made is not None:
            forms[name] = made
    plain = {name for name in (*model.symbols, *model.definitions) if "." not in name}
    taken = {forms.get(name) or name_formula(name) for name in (*plain, *model.dims)}
    for name, definition in model.definitions.items():
        if "." in name and not definition.hidden:
            forms[name] = _local(name.partition(".")[2].partition("#")[0], taken)
            taken.add(forms[name])
    return forms


def ranks_of(model: Model) -> dict[str, int]:
    """How many axes the names have."""
    ranks = dict.fromkeys(model.dims, 0)
    ranks |= {name: len(found.axes) for name, found in model.symbols.items()}
    return ranks | {n: len(d.indices) for n, d in model.definitions.items() if "/" not in n}


def _local(name: str, taken: set[Formula]) -> Formula:
    """The first free form for a local name: its own, a letter, its own with a number."""
    made = name_formula(name)
    if made not in taken:
        return made
    if len(name) == 1:
        for letter in LETTERS:
            if name_formula(letter) not in taken:
                return name_formula(letter)
    number = 1
    while name_formula(f"{name}{number}") in taken:
        number += 1
    return name_formula(f"{name}{number}")


def names_of(expr: Expression) -> frozenset[str]:
    """The names in an expression, without the indices that it binds."""
    match expr:
        case tree.Name(id=text):
            return frozenset({text})
        case tree.Negative(operand=inner) | tree.Transpose(operand=inner):
            return names_of(inner)
        case tree.Binary(left=left, right=right):
            return names_of(left) | names_of(right)
        case tree.Call(arguments=arguments):
            return frozenset[str]().union(*map(names_of, arguments))
        case tree.Subscript(base=base, indices=indices):
            return names_of(base).union(*map(names_of, indices))
        case tree.Big(body=body, binders=binders) | tree.Comprehension(body=body, binders=binders):
            return names_of(body) - {binder.name for binder in binders}
        case tree.Indicator(conditions=conditions):
            return frozenset[str]().union(
                *(names_of(c.left) | names_of(c.right) for c in conditions)
            )
    return frozenset()
