"""Are two expressions equal, or in order, for all dimensions and values? Exact, or silent.

Design. Everything here is arithmetic of normal forms (`calculus`): no number that was rounded, and
no NumPy, can reach a proof. What a proof may use beyond definitions are declared facts, and it says
which it used; what an earlier statement left out or assumed never reaches a later one.
"""
