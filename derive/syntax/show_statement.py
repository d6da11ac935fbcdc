"""Statements to text, a line for each line that the language writes them on."""

from collections.abc import Iterable
from typing import assert_never

from derive.syntax import tree
from derive.syntax.show import commas, relation, show, show_binders

INDENT = "    "


def show_file(file: tree.File) -> str:
    """The whole file, each statement on its own lines."""
    return "".join(show_statement(statement) + "\n" for statement in file.statements)


def show_statement(statement: tree.Statement) -> str:
    """`statement` as the language writes it, without a line end at the end."""
    match statement:
        case tree.Prose(text=text):
            return quoted(text)
        case tree.Dims(names=names):
            return f"dims {commas(names)}"
        case tree.Declaration():
            return declaration(statement)
        case tree.Assume(relation=fact, domain=domain):
            return f"assume {relation(fact)}{show_domain(domain)}"
        case tree.Definition():
            return definition(statement)
        case tree.FunctionSymbol(name=name, parameters=parameters, output=output):
            head = f"function {name.id}" + ("" if parameters is None else heads(parameters))
            return head + (f" -> [{commas(output)}]" if output else "")
        case tree.Function(name=name, parameters=parameters, body=body, result=result):
            lines = [*map(definition, body), f"return {show(result)}"]
            return block(f"def {name.id}{heads(parameters)}:", lines)
        case tree.Recurrence(variable=variable, range=extent, body=body):
            return block(f"for {variable.id} in {show(extent)}:", map(definition, body))
        case tree.Use(path=path):
            return f'use "{path}"'
        case tree.Claim():
            return claim(statement)
        case tree.Derivation(head=head, steps=steps, label=label, domain=domain):
            title = f'derivation "{label}": ' if label is not None else "derivation "
            return block(f"{title}{show(head)}{show_domain(domain)}:", map(step, steps))
        case tree.LatexDerivation():
            return latex_derivation(statement)
        case tree.Expect() | tree.LatexExpect():
            return expect(statement)
        case tree.Case(name=title, given=given, body=body):
            lines = [f"given {substitution(item)}" for item in given]
            lines += [iterate(i) if isinstance(i, tree.Iterate) else expect(i) for i in body]
            return block(f'case "{title}":', lines)
        case tree.Random(name=name, axes=axes, law=law):
            return f"random {tensor(name, axes)} : {', '.join(map(show_law, law))}"
        case tree.Network(name=name, body=body):
            return block(f"network {name.id}:", (show_statement(part) for part in body))
        case _:
            assert_never(statement)


def block(head: str, lines: Iterable[str]) -> str:
    """`head`, and the lines below it, indented."""
    inside = (part for line in lines for part in line.split("\n"))
    return "\n".join([head, *(INDENT + part for part in inside)])


def quoted(text: str) -> str:
    """A string that holds `text`."""
    return f'"""{text}"""' if "\n" in text or '"' in text else f'"{text}"'


def tensor(name: tree.Name, axes: tuple[tree.Expression | tree.Range, ...]) -> str:
    """`x[d]`, or `x`."""
    return name.id + (f"[{commas(axes)}]" if axes else "")


def heads(parameters: Iterable[tree.Parameter]) -> str:
    """`(x[n], eps)`."""
    return f"({', '.join(tensor(p.name, p.axes) for p in parameters)})"


def declaration(item: tree.Declaration) -> str:
    """`input x[d] "x" : onehot`."""
    latex = f' "{item.latex}"' if item.latex is not None else ""
    properties = f" : {' '.join(p.id for p in item.properties)}" if item.properties else ""
    return f"{item.role} {tensor(item.name, item.axes)}{latex}{properties}"


def definition(item: tree.Definition) -> str:
    """`z = W @ x`, `loss L(y)`."""
    head = ("loss " if item.is_loss else "") + tensor(item.name, item.indices)
    if item.value is None:
        return f"{head}({commas(item.arguments)})"
    latex = f' "{item.latex}"' if item.latex is not None else ""
    return f"{head}{latex} = {show(item.value)}"


def show_domain(domain: tree.Domain | None) -> str:
    """` for i in 1..n, i != j`."""
    return f" for {show_binders(domain.binders, domain.conditions)}" if domain else ""


def substitution(item: tree.Substitution) -> str:
    """`mu = mean(x)`."""
    return f"{item.name.id} = {show(item.value)}"


def claim(item: tree.Claim) -> str:
    """`claim "Q2(b)": a = b at mu = 0 for i in 1..n`."""
    label = f' "{item.label}":' if item.label is not None else ""
    if item.relation is None:
        said = dollars(item.latex) if item.latex is not None else ""
    else:
        said = relation(item.relation)
    at = f" at {', '.join(map(substitution, item.at))}" if item.at else ""
    return f"{item.kind}{label} {said}{at}{show_domain(item.domain)}"


def dollars(formula: tree.Formula) -> str:
    """`$a = b$`."""
    return f"${formula.text}$"


def latex_derivation(item: tree.LatexDerivation) -> str:
    """`derivation $a$:` with its steps; without them all of it."""
    title = f'derivation "{item.label}": ' if item.label is not None else "derivation "
    head = dollars(item.head) if isinstance(item.head, tree.Formula) else show(item.head)
    whole = f"{title}{head}{show_domain(item.domain)}"
    return block(f"{whole}:", map(step, item.steps)) if item.steps else whole


def step(item: tree.Step | tree.LatexStep) -> str:
    """`= a + b  by "reason"`."""
    said = dollars(item.formula) if isinstance(item, tree.LatexStep) else f"= {show(item.value)}"
    return said + (f'  by "{item.reason}"' if item.reason is not None else "")


def expect(item: tree.Expect | tree.LatexExpect) -> str:
    """`expect a ~ b within 5%`."""
    label = f' "{item.label}":' if item.label is not None else ""
    text = f"{item.kind}{label} "
    if isinstance(item, tree.LatexExpect):
        text += dollars(item.formula)
    else:
        text += f"{show(item.left)} {item.op} {show(item.right)}"
    if item.within is None:
        return text
    return f"{text} within {show(item.within)}" + ("%" if item.percent else "")


def iterate(item: tree.Iterate) -> str:
    """`iterate 3: w <- w - 0.1 * dL/dw`."""
    stages = [", ".join(f"{u.name.id} <- {show(u.value)}" for u in s) for s in item.stages]
    head = f"iterate {show(item.count)}:"
    return block(head, stages) if len(stages) > 1 else f"{head} {stages[0]}"


def show_law(part: tree.Expression | tree.Substitution) -> str:
    """`mean 0`, or `normal(mu, s^2)`."""
    if isinstance(part, tree.Substitution):
        return f"{part.name.id} {show(part.value)}"
    return show(part)
