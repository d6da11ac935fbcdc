"""What a file writes that its model no longer says: the variables of loops, calls of functions."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from derive.calculus import trees
from derive.model.model import Model
from derive.syntax import tree
from derive.syntax.tree import Expression

Called = tuple[str, str]  # a function and the name to which it is applied


@dataclass(frozen=True, slots=True)
class Written:
    """`times` has the variable of the loop in which a name is defined; `calls` names `f(z)`."""

    times: Mapping[str, str]
    calls: Mapping[Called, str]

    @staticmethod
    def of(file: tree.File) -> "Written":
        """What a file writes."""
        times: dict[str, str] = {}
        calls: dict[Called, str] = {}
        for statement in file.statements:
            if isinstance(statement, tree.Recurrence):
                times |= {d.name.id: statement.variable.id for d in statement.body}
            for definition in definitions(statement):
                match definition.value:
                    case tree.Call(
                        function=tree.Name(id=function), arguments=(argument,), keywords=()
                    ) if (name := _name(argument)) is not None:
                        calls[function, name] = definition.name.id
        return Written(times, calls)

    def within(self, model: Model) -> "Written":
        """The same with what has no name in the file: it runs with its loop, too."""
        times = dict(self.times)
        for name, found in model.definitions.items():
            if "." in name and found.recurrence is not None:
                known = [self.times[n] for n in found.recurrence.names if n in self.times]
                times |= dict.fromkeys([name], known[0]) if known else {}
        return replace(self, times=times)

    def recognised(self, expr: Expression) -> Expression:
        """`h[t, i]` for `tanh(a[t, i])`, where that is how `h` is defined."""
        match expr:
            case tree.Call(
                function=tree.Name(id=function),
                arguments=(tree.Subscript(base=tree.Name(id=name), indices=indices),),
                primes=0,
            ) if (function, name) in self.calls:
                return trees.subscript(trees.name(self.calls[function, name]), *indices)
            case tree.Negative(operand=inner):
                return replace(expr, operand=self.recognised(inner))
            case tree.Binary(left=left, right=right):
                return replace(expr, left=self.recognised(left), right=self.recognised(right))
            case tree.Big(body=body):
                return replace(expr, body=self.recognised(body))
        return expr


def definitions(statement: tree.Statement) -> Iterator[tree.Definition]:
    """The definitions in a statement."""
    if isinstance(statement, tree.Definition):
        yield statement
    elif isinstance(statement, tree.Recurrence):
        yield from statement.body


def _name(expr: Expression) -> str | None:
    match expr:
        case tree.Name(id=name) | tree.Subscript(base=tree.Name(id=name)):
            return name
    return None
