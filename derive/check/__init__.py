"""Every route together to one verdict, for each statement of a file.

Design. `judge` is the only place where exact and numeric evidence meet; `statements` bounds the
time of each statement and lets none stop the others; `files` does the same for files.
"""
