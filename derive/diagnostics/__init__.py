"""What is said to a person about a place in a file; knows nothing of mathematics.

Design: a problem is a value, `Diagnostic`, that every layer returns and nobody raises. Its text is
made in one place, `render`, so that terminal, HTML and JSON show the same record.
"""
