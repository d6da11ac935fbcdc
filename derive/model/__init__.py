"""A file's meaning: syntax tree to index notation over declared tensors, with symbolic shapes.

Design. Every expression goes straight to index notation (`scalar`), so matrix and index notation
are one thing from here on. `elaborate` reads statements, `expressions` what stands in them, `scope`
says what a name means, `shape` what fits. Names stay closed: a use of `p` is an entry of `p`.
"""
