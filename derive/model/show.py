"""Index notation as one line of text, for tests and debugging. Reports have `calculus.notation`."""

from typing import assert_never

from derive.model.scalar import (
    Apply,
    ArgMax,
    Blocks,
    Constant,
    Derivative,
    DimValue,
    Entry,
    Expectation,
    Index,
    IndexValue,
    IndexVariable,
    Limit,
    MatrixFunction,
    MatrixProduct,
    Num,
    Reduce,
    Scalar,
    Split,
    Tensor,
    Unknown,
)
from derive.model.shape import LETTERS, axis_text


class Names:
    """A letter for every index variable, in order of appearance."""

    def __init__(self) -> None:
        self.known: dict[IndexVariable, str] = {}

    def of(self, variable: IndexVariable) -> str:
        """The name of `variable`."""
        if variable not in self.known:
            round_, place = divmod(len(self.known), len(LETTERS))
            self.known[variable] = LETTERS[place] + (str(round_) if round_ else "")
        return self.known[variable]

    def index(self, index: Index) -> str:
        """A position."""
        parts = [
            self.of(v) if str(factor) == "1" else f"({factor})*{self.of(v)}"
            for v, factor in index.terms
        ]
        if index.offset.terms or not (parts or index.computed):
            parts.append(str(index.offset))
        parts.extend(self.scalar(scalar) for scalar in index.computed)
        return "+".join(parts)

    def places(self, indices: tuple[Index, ...]) -> str:
        """Positions between brackets."""
        return f"[{','.join(map(self.index, indices))}]" if indices else ""

    def tensor(self, tensor: Tensor) -> str:
        """`[i:n, j:m] body`."""
        axes = [f"{self.of(v)}:{axis_text(v.axis)}" for v in tensor.indices]
        return f"[{', '.join(axes)}] {self.scalar(tensor.body)}"

    def scalar(self, scalar: Scalar) -> str:
        """A scalar expression, operations in prefix form."""
        match scalar:
            case Num(value):
                return str(value)
            case Constant(name):
                return name
            case DimValue(dim):
                return f"{dim}"
            case IndexValue(index):
                return self.index(index)
            case Entry(name, indices, padded):
                return f"{'pad0 ' if padded else ''}{name}{self.places(indices)}"
            case Apply(operation, arguments):
                return f"{operation}({', '.join(map(self.scalar, arguments))})"
            case Reduce(operation, variable, body, condition):
                where = "" if condition is None else f" if {self.scalar(condition)}"
                head = f"{operation}[{self.of(variable)}:{axis_text(variable.axis)}{where}]"
                return f"{head}({self.scalar(body)})"
            case ArgMax(variable, body):
                return f"argmax[{self.of(variable)}]({self.scalar(body)})"
            case MatrixFunction(operation, matrix, indices, power):
                exponent = "" if power is None else f"; {self.scalar(power)}"
                return f"{operation}({self.tensor(matrix)}{exponent}){self.places(indices)}"
            case MatrixProduct(variable, low, high, matrix, indices, step):
                ends = [self.index(low), self.index(high)]
                run = "..".join(ends if step > 0 else reversed(ends))
                inside = self.tensor(matrix)
                return f"matprod[{self.of(variable)}:{run}]({inside}){self.places(indices)}"
            case Unknown(function, indices, arguments, derivatives):
                slots = "".join(f"'{n}{self.places(at)}" for n, at in derivatives)
                inside = "; ".join(map(self.tensor, arguments))
                return f"{function}{slots}({inside}){self.places(indices)}"
            case Blocks(index, parts):
                inside = " | ".join(self.tensor(Tensor((p.variable,), p.body)) for p in parts)
                return f"blocks[{self.index(index)}]({inside})"
            case Split(index, variables, body):
                return f"split[{self.index(index)}]({self.tensor(Tensor(variables, body))})"
            case Derivative(of, of_indices, wrt, wrt_indices, partial):
                head = "partial " if partial else ""
                return f"{head}d{of}{self.places(of_indices)}/d{wrt}{self.places(wrt_indices)}"
            case Limit(body, variable, target, side):
                inside = f"{self.scalar(body)}, {variable} -> {self.scalar(target)}{side}"
                return f"limit({inside})"
            case Expectation(body):
                return f"E({self.scalar(body)})"
            case _:
                assert_never(scalar)


def show_tensor(tensor: Tensor) -> str:
    """`tensor` on one line."""
    return Names().tensor(tensor)
