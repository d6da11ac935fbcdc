"""For people's own tests: a gradient that was written by hand, checked by numbers.

`assert_gradient` needs a function and its gradient, on arrays of NumPy, PyTorch or JAX. What is
wrong is said like a diagnostic: the worst entry, both numbers with error bars, what it looks like.
"""

from derive.testing.arrays import BadInput
from derive.testing.gradient import Inconclusive, WrongGradient, assert_gradient

__all__ = ["BadInput", "Inconclusive", "WrongGradient", "assert_gradient"]
