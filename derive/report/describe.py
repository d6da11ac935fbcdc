"""What a file declares and defines: names with shapes, and what is assumed."""

from collections.abc import Iterator

from derive.model.model import Model, Recurrence
from derive.model.shape import shape_text


def describe(model: Model) -> str:
    """A line for each name and assumption, in the order of the file."""
    rows = list(_rows(model))
    widths = [max((len(row[k]) for row in rows), default=0) for k in (0, 1)]
    lines = [f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c}".rstrip() for a, b, c in rows]
    return "\n".join(lines) if lines else "nothing is declared"


def _range(loop: Recurrence, variable: str) -> str:
    """`t in 1..T`, as a loop is written."""
    if loop.step > 0:
        return f"{variable} in {loop.axis.low}..{loop.axis.high}"
    return f"{variable} in {loop.axis.high}..{loop.axis.low} step -1"


def _rows(model: Model) -> Iterator[tuple[str, str, str]]:
    """Role, name with its shape, and what is known of it."""
    if model.dims:
        yield "dims", ", ".join(model.dims), ""
    for symbol in model.symbols.values():
        if symbol.hidden:
            continue
        shape = shape_text(symbol.axes) if symbol.axes else ""
        law = model.laws.get(symbol.name)
        named = law is not None and law.kind != "moments"
        known = [law.kind] if law is not None and named else sorted(symbol.properties)
        yield symbol.role, symbol.name + shape, ", ".join(known)
    for network in model.networks.values():
        yield "network", network.name, f"{len(network.layers)} lines, {network.params} parameters"
    for function in model.functions.values():
        if function.name in model.definitions:
            continue
        inputs = ", ".join(shape_text(axes) or "number" for axes in function.parameters)
        output = f" -> {shape_text(function.output)}" if function.output else ""
        yield "function", function.name, f"of {inputs or 'a number'}{output}, unspecified"
    for definition in model.definitions.values():
        if definition.hidden:
            continue
        axes = tuple(variable.axis for variable in definition.indices)
        shape = shape_text(axes) if axes else ""
        line = definition.span.source.line(definition.span.line)
        said = line.partition("#")[0].partition("=")[2].strip()
        if definition.recurrence is not None:
            said += f"  for {_range(definition.recurrence, definition.indices[0].name)}"
        role = "loss" if definition.is_loss else "define"
        yield role, definition.name + shape, said
    for assumption in model.assumptions:
        if not assumption.hidden:
            yield "assume", assumption.text, ""
