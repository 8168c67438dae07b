"""How slow this machine's processors are, beside those that the end of a search was timed on.

What the end takes is planned from seconds of work of one core (`ending_time.py`); a machine whose
cores do the same work in twice as many seconds needs twice as many of them. Told by a small piece
of such work: text, dictionaries and sorted numbers. How much other work the machine has is another
matter, and is measured by itself (`ending_time.Moment`): here only this thread's time counts.
"""

from __future__ import annotations

import json
import time
from functools import cache

import numpy as np

SECONDS_OF_WORK = 0.0026
"""What `_work` takes on the machine that `ending_time` was timed on (AMD EPYC): the least of
20 processes, the median of which was 0.0028."""

REPETITIONS = 4
"""The first one loads what it needs. Of the others the fastest counts: beside other work on the
same core it took up to 1.7 times as long, and the rest of the search does then, too."""

MOST_SLOW = 8.0
"""Beyond, the measurement was disturbed rather than the machine slow."""


@cache
def slowness() -> float:
    """How many times as long work takes here, 1 to `MOST_SLOW`; measured once, in some 15 ms.

    A faster machine counts as 1: part of the end waits for files and for other processes.
    """
    seconds = min(_seconds_of_work() for _ in range(REPETITIONS))
    return min(max(1.0, seconds / SECONDS_OF_WORK), MOST_SLOW)


def _seconds_of_work() -> float:
    began = time.thread_time()
    _work()
    return time.thread_time() - began


def _work() -> float:
    """Some of what verdicts, bootstraps and the database do."""
    rows = [{"number": number, "text": str(number)} for number in range(1200)]
    total = sum(len(row["text"]) for row in json.loads(json.dumps(rows)))
    values = np.random.default_rng(0).random(20_000)
    return total + float(values[values.argsort()].cumsum()[-1])
