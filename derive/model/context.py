"""What the parts of expression elaboration need of each other."""

from typing import Protocol

from derive.diagnostics.span import Span
from derive.model.dim import Dim
from derive.model.scalar import Scalar, Tensor
from derive.model.scope import Scope
from derive.syntax import tree


class Expressions(Protocol):
    """Elaborates the expressions that stand in one scope."""

    scope: Scope

    def tensor(self, expr: tree.Expression) -> Tensor:
        """What `expr` denotes."""

    def scalar(self, expr: tree.Expression, what: str) -> Scalar:
        """The same, where only a scalar will do; `what` says where."""

    def dim(self, expr: tree.Expression) -> Dim:
        """The dimension that `expr` denotes."""

    def elementwise(
        self,
        operation: str,
        left: Tensor,
        right: Tensor,
        at: tree.Binary | tree.Comparison | tree.Call,
    ) -> Tensor:
        """An operation on two tensors, entry by entry, aligned from the last axis."""

    def is_function(self, name: str) -> bool:
        """Whether `name` can be called: a function of the file, or a built-in one."""

    def inside(self, scope: Scope) -> "Expressions":
        """The same for another scope."""

    def hide(self, base: str, tensor: Tensor, span: Span) -> Tensor:
        """`tensor` under a hidden name, unless it is plain."""
