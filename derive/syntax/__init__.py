"""Source text to syntax tree: no names resolved, no shapes.

Design: a text goes through three passes. `ascii` spells every sign in ASCII and keeps the way back;
`layout` splits it into statements and bounds what can nest; the grammar then reads each statement
by itself, so that one mistake has one message and the other statements are still read.
"""
