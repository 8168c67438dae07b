from __future__ import annotations

import time

from automl.executors.executor import RunFailure
from automl.executors.time_limit import TimeLimit


def test_time_is_counted_from_the_first_beginning() -> None:
    limit = TimeLimit(0.05)
    limit.begin([1])
    time.sleep(0.06)
    limit.begin([1, 2])
    assert limit.passed() == (1,)
    assert limit.first_end < time.monotonic()
    limit.run_only([2])
    assert limit.passed() == ()
    assert limit.failure(1) == RunFailure(1, "timed_out", "it took more than 0.05 seconds")


def test_without_runs_or_without_a_limit_no_time_passes() -> None:
    limit = TimeLimit(0.0)
    limit.begin([1])
    limit.forget(1)
    assert (limit.passed(), limit.first_end) == ((), float("inf"))
    endless = TimeLimit(None)
    endless.begin([1])
    assert (endless.passed(), endless.first_end) == ((), float("inf"))


def test_the_clock_of_a_run_that_rests_stands_still() -> None:
    limit = TimeLimit(0.1)
    limit.begin([1])
    time.sleep(0.06)
    limit.run_only([])
    assert (limit.passed(), limit.first_end) == ((), float("inf"))
    time.sleep(0.06)
    limit.run_only([1])
    assert limit.passed() == ()
    time.sleep(0.06)
    assert limit.passed() == (1,)
