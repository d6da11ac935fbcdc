"""Verdicts for people and machines. Nothing here decides a verdict: it is only written down."""
