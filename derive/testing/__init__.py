"""For people's own tests: a gradient that was written by hand, checked by numbers.

`assert_gradient` needs a function and its gradient, on arrays of NumPy, PyTorch or JAX. What is
wrong is said like a diagnostic: the worst entry, both numbers with error bars, what it looks like.
`assert_matches` needs a model and the backward functions of some of its tensors.
"""

from derive.testing.arrays import BadInput
from derive.testing.gradient import Inconclusive, WrongGradient, assert_gradient, taylor_order
from derive.testing.matches import assert_matches

__all__ = [
    "BadInput",
    "Inconclusive",
    "WrongGradient",
    "assert_gradient",
    "assert_matches",
    "taylor_order",
]
