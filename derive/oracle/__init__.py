"""The same statements, judged by SymPy on explicit components: owes nothing to the engine."""
