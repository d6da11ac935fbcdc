"""The three arithmetics: `FLOAT`, `BALL(precision)`, `EXACT`."""

from derive.evaluate.balls import Balls
from derive.evaluate.floating import FLOAT
from derive.evaluate.number import Arithmetic, Array, EvaluationError, Inexact, TooWide
from derive.evaluate.rationals import EXACT

BALL = Balls

__all__ = [
    "BALL",
    "EXACT",
    "FLOAT",
    "Arithmetic",
    "Array",
    "EvaluationError",
    "Inexact",
    "TooWide",
]
