"""What takes the place of derivatives, limits and expectations."""

from collections.abc import Callable

from derive.evaluate.number import EvaluationError
from derive.model.scalar import Scalar


def resolving(resolve: Callable[[Scalar], Scalar] | None) -> Callable[[Scalar], Scalar]:
    """Answers by `resolve`, each node once. Raises EvaluationError where there is none."""
    resolved: dict[Scalar, Scalar] = {}

    def closed(node: Scalar) -> Scalar:
        if resolve is None:
            raise EvaluationError(f"no value is known of a {type(node).__name__.lower()}")
        if node not in resolved:
            resolved[node] = resolve(node)
        return resolved[node]

    return closed
