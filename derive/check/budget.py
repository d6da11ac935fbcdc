"""Bounded time and memory: deadlines that are passed down, and a timer behind them.

Time is that of the processor, so that a verdict does not depend on what else the machine does.

Parts that know of deadlines stop by themselves. The timer stops the others: it interrupts the main
thread wherever it is (off the main thread there is none), again and again in case something
swallowed the interruption.
"""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

# The timer gives those that know of the deadline this much longer, in seconds.
_GRACE = 0.5
_AGAIN = 0.25


class OutOfTime(BaseException):
    """The time of a statement is over. No `Exception`: nobody recovers from it by accident."""


def deadline_in(seconds: float) -> float:
    """The moment, on the clock of `time.process_time`, so many seconds from now."""
    return time.process_time() + seconds


def remaining(deadline: float) -> float:
    """Seconds left; negative when it is over."""
    return deadline - time.process_time()


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise OutOfTime


@contextmanager
def time_limit(seconds: float) -> Iterator[float]:
    """Run the block for at most so long; gives its deadline. Raises OutOfTime."""
    deadline = deadline_in(seconds)
    on_main = threading.current_thread() is threading.main_thread()
    if not on_main or not hasattr(signal, "setitimer"):
        yield deadline
        return
    previous = signal.signal(signal.SIGPROF, _interrupt)
    signal.setitimer(signal.ITIMER_PROF, seconds + _GRACE, _AGAIN)
    try:
        yield deadline
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, previous)


def limit_memory(gibibytes: int) -> None:
    """Make this process fail with MemoryError before it takes the machine down; 0 for no limit."""
    if not gibibytes:
        return
    with suppress(ImportError, ValueError, OSError):
        import resource  # not on every system

        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        size = gibibytes << 30
        if hard == resource.RLIM_INFINITY or size < hard:
            resource.setrlimit(resource.RLIMIT_AS, (size, hard))
