"""What a diagnostic's code stands for."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Code:
    """One code, as `derive explain` tells it.

    `example` is a whole file that triggers the code, `instead` a file that does not; both are run
    by the tests. They are empty where no text of a file is at fault.
    """

    name: str
    title: str
    explanation: str
    example: str = ""
    instead: str = ""
