"""Worked solutions: what a file defines, its gradients node by node, and what it claims.

Every line of a derivation is judged against the one before it by the prover that judges a person's
lines; one that is not proved is not printed. The calculus that a check uses gives the lines.
"""
