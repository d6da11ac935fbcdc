"""Every judged statement to its outcome: each in bounded time, none stopping the others."""

import os
import time
import traceback
from collections.abc import Callable, Iterator
from typing import TypeVar

from derive.check.budget import OutOfTime, time_limit
from derive.check.judge import Judge
from derive.check.numbers import InternalDisagreement
from derive.check.outcome import DEBUG, INTERNAL, Outcome, Settings, Statement
from derive.check.verdict import Undecided
from derive.model.model import Judgement, Model

Answer = TypeVar("Answer")


def check_model(model: Model, settings: Settings) -> Iterator[Outcome]:
    """The outcomes of all statements, in the order of the text."""
    judge = Judge(model, settings)
    for judgement in model.judgements:
        yield check_judgement(judge, judgement)


def check_judgement(judge: Judge, judgement: Judgement) -> Outcome:
    """One statement and its verdict, whatever happens on the way."""
    start = time.perf_counter()
    timeout = judge.settings.timeout
    verdict = _guarded(lambda deadline: judge.verdict(judgement, deadline), timeout)
    agrees: bool | Undecided = False
    if judge.settings.oracle:
        agrees = _guarded(lambda _: judge.second_opinion(judgement, verdict), timeout)
        if isinstance(agrees, Undecided) and agrees.code == INTERNAL:
            verdict = agrees
    seconds = time.perf_counter() - start
    return Outcome(Statement.of(judgement), verdict, seconds, agrees is True)


def _guarded(decide: Callable[[float], Answer], timeout: float) -> Answer | Undecided:
    """The answer, or why there is none."""
    try:
        with time_limit(timeout) as deadline:
            return decide(deadline)
    except OutOfTime:
        return Undecided("timed out", "timed-out")
    except MemoryError:
        return Undecided("out of memory", "out-of-memory")
    except RecursionError:
        return Undecided("nested too deeply", "too-deep")
    except InternalDisagreement as disagreement:
        return Undecided(f"two routes disagree: {disagreement}", INTERNAL)
    except Exception as error:
        if os.environ.get(DEBUG):
            raise
        place = traceback.extract_tb(error.__traceback__)[-1]
        said = f"{type(error).__name__}: {error}".rstrip(": ")
        return Undecided(f"internal error: {said} ({place.name}, line {place.lineno})", INTERNAL)
