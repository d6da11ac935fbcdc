"""Numbers: points that obey the assumptions, and what a model's expressions are worth there.

Design. One evaluator, three arithmetics (`arithmetic`): float64 for speed, balls that certainly
enclose the value, exact rationals. An undefined operation gives an undefined entry (a NaN), never
an exception, so that a condition can still mask it; what a ball cannot decide raises `TooWide`.
Scalars are evaluated as arrays with named axes, one for each free index variable, so the value
of an expression does not depend on where it stands and shared subexpressions are computed once.
"""
