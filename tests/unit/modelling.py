"""Models and scalars from text, for tests of what comes after elaboration."""

from derive.diagnostics.span import Source
from derive.model.elaborate import elaborate, elaborate_expression
from derive.model.model import Judgement, Model
from derive.model.scalar import Tensor
from derive.syntax.parse import parse, parse_expression


def model_of(text: str) -> Model:
    """The model of a file without mistakes."""
    file, problems = parse(Source("test.derive", text))
    assert not problems, problems
    model = elaborate(file)
    assert not model.errors, model.errors
    return model


def expression(model: Model, text: str) -> Tensor:
    """What an expression denotes in a model."""
    parsed = parse_expression(Source("expression", text))
    found = elaborate_expression(model, parsed)
    assert isinstance(found, Tensor)
    return found


def judged(model: Model) -> list[Judgement]:
    """The statements that have a relation and stand in no case."""
    return [j for j in model.judgements if j.relation is not None and j.case is None]
