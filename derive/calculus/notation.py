"""Terms printed in the language: matrix notation is `calculus.matrix_form`, this is by index."""

from fractions import Fraction

from derive.calculus.raising import Raising
from derive.calculus.term import Poly
from derive.model.scalar import (
    Apply,
    ArgMax,
    Block,
    Blocks,
    Constant,
    Derivative,
    DimValue,
    Entry,
    Index,
    IndexValue,
    MatrixFunction,
    Num,
    Reduce,
    Scalar,
    Split,
    Tensor,
    Unknown,
)

SIGNS = {"add": ("+", 1), "sub": ("-", 1), "mul": ("*", 2), "div": ("/", 2), "pow": ("^", 4)}
RELATIONS = {"lt": "<", "le": "<=", "eq": "=", "ne": "!="}


def text_of_poly(poly: Poly) -> str:
    """A term as text, its bound indices with names of their own."""
    return text_of(Raising().scalar(poly))


def text_of_index(index: Index) -> str:
    """An index as text."""
    text = ""
    for variable, factor in index.terms:
        constant = factor.constant
        sign = "-" if constant is not None and constant < 0 else "+"
        size = f"{abs(constant)}*" if constant is not None else f"({factor})*"
        part = variable.name if constant in (1, -1) else f"{size}{variable.name}"
        text = f"{text}{sign}{part}" if text or sign == "-" else part
    for scalar in index.computed:
        text = f"{text}+{text_of(scalar)}" if text else text_of(scalar)
    if index.offset.terms or not text:
        offset = str(index.offset)
        text = f"{text}{'' if offset.startswith('-') else '+'}{offset}" if text else offset
    return text


def text_of(scalar: Scalar, level: int = 0) -> str:
    """A scalar as text; brackets where the context binds more tightly than `level` allows."""
    text, own = _text(scalar)
    return f"({text})" if own < level else text


def _text(scalar: Scalar) -> tuple[str, int]:
    """Text, and how tightly it binds: 1 sums, 2 products, 3 negatives, 4 powers, 5 the rest."""
    match scalar:
        case Num(value):
            return _number(value)
        case Constant(name):
            return name, 5
        case DimValue(dim):
            return str(dim), 5 if len(dim.terms) == 1 and dim.terms[0][1] == 1 else 1
        case IndexValue(index):
            text = text_of_index(index)
            return text, 5 if text.isidentifier() else 1
        case Entry(symbol, indices, padded):
            places = ", ".join(map(text_of_index, indices))
            name = f"pad0({symbol})" if padded else symbol
            return (f"{name}[{places}]" if indices else name), 5
        case Apply(operation, arguments):
            return _apply(operation, arguments)
        case Reduce(operation, variable, body, condition):
            where = f", {_condition(condition)}" if condition is not None else ""
            return f"{operation}[{variable.name}{where}]({text_of(body)})", 5
        case ArgMax(variable, body):
            return f"argmax([{text_of(body)} for {variable.name} in {_range(variable)}])", 5
        case MatrixFunction(operation, matrix, indices, _):
            inside = _tensor(matrix)
            places = ", ".join(map(text_of_index, indices))
            return f"{operation}({inside})" + (f"[{places}]" if indices else ""), 5
        case Unknown():
            return _unknown(scalar), 5
        case Blocks(index, parts):
            pieces = ", ".join(_piece(part) for part in parts)
            return f"[{pieces}][{text_of_index(index)}]", 5
        case Split(index, _, body):
            return f"reshape({text_of(body)})[{text_of_index(index)}]", 5
        case Derivative(of, of_indices, wrt, wrt_indices, _):
            top = text_of(Entry(of, of_indices))
            return f"d{top}/d{text_of(Entry(wrt, wrt_indices))}", 2


def _number(value: Fraction) -> tuple[str, int]:
    if value.denominator == 1:
        return str(value.numerator), 5 if value >= 0 else 1
    return f"{value.numerator}/{value.denominator}", 2 if value >= 0 else 1


def _apply(operation: str, arguments: tuple[Scalar, ...]) -> tuple[str, int]:
    if operation == "neg":
        return f"-{text_of(arguments[0], 3)}", 1
    if operation in RELATIONS:
        left, right = (text_of(a) for a in arguments)
        return f"[{left} {RELATIONS[operation]} {right}]", 5
    if operation not in SIGNS:
        return f"{operation}({', '.join(map(text_of, arguments))})", 5
    sign, level = SIGNS[operation]
    left, right = arguments
    if operation == "add":
        return _sum(left, right), 1
    if operation == "mul" and isinstance(left, Num) and left.value == -1:
        return f"-{text_of(right, 3 if _text(right)[1] < 2 else 2)}", 1
    tight = level + (operation in ("sub", "div", "pow"))
    first = text_of(left, level + (operation == "pow"))
    gap = " " if level == 1 else ""
    return f"{first}{gap}{sign}{gap}{text_of(right, tight)}", level


def _sum(left: Scalar, right: Scalar) -> str:
    """A sum, with a negative second term subtracted."""
    second = text_of(right, 1)
    if second.startswith("-"):
        return f"{text_of(left, 1)} - {second[1:]}"
    return f"{text_of(left, 1)} + {second}"


def _condition(scalar: Scalar) -> str:
    text = text_of(scalar)
    return text[1:-1] if text.startswith("[") and text.endswith("]") else text


def _range(variable: object) -> str:
    axis = getattr(variable, "axis")  # noqa: B009
    return f"{axis.low}..{axis.high}"


def _tensor(tensor: Tensor) -> str:
    """A tensor as text: a name where it is one, else a comprehension."""
    body = tensor.body
    if isinstance(body, Entry) and not body.padded:
        if tuple(index.variable for index in body.indices) == tensor.indices:
            return body.symbol
    if not tensor.indices:
        return text_of(body)
    ranges = ", ".join(f"{v.name} in {_range(v)}" for v in tensor.indices)
    return f"[{text_of(body)} for {ranges}]"


def _unknown(scalar: Unknown) -> str:
    """An unspecified function, its derivatives by primes or as `d.../d...`."""
    inside = ", ".join(map(_tensor, scalar.arguments))
    plain = all(not at for _, at in scalar.derivatives)
    places = ", ".join(map(text_of_index, scalar.indices))
    shown = f"[{places}]" if scalar.indices else ""
    if plain:
        return f"{scalar.function}{chr(39) * len(scalar.derivatives)}({inside}){shown}"
    if len(scalar.derivatives) == 1:
        number, at = scalar.derivatives[0]
        argument = _tensor(scalar.arguments[number])
        spot = ", ".join(map(text_of_index, at))
        return f"d{scalar.function}{shown}/d{argument}[{spot}]"
    slots = " ".join(f"d[{', '.join(map(text_of_index, at))}]" for _, at in scalar.derivatives)
    return f"d{len(scalar.derivatives)}{scalar.function}{shown}/({slots})"


def _piece(part: Block) -> str:
    return _tensor(Tensor((part.variable,), part.body))
