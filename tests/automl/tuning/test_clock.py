from __future__ import annotations

import math
import time

import pytest

from automl.tuning.clock import Clock, Interval


def test_time_is_up_after_the_timeout() -> None:
    clock = Clock(timeout=0.05)
    assert not clock.is_up
    assert 0 < clock.seconds_left <= 0.05
    assert clock.deadline == clock.began + 0.05
    time.sleep(0.06)
    assert clock.is_up
    assert clock.seconds >= 0.05


def test_without_a_timeout_it_is_never_up() -> None:
    clock = Clock(timeout=None)
    assert (clock.deadline, clock.seconds_left, clock.is_up) == (None, math.inf, False)
    assert clock.earlier(5.0).deadline is None


def test_it_counts_from_when_the_call_began() -> None:
    clock = Clock(10.0, time.monotonic() - 4.0)
    assert clock.seconds == pytest.approx(4.0, abs=0.5)
    assert clock.seconds_left == pytest.approx(6.0, abs=0.5)


def test_an_earlier_clock_leaves_time_for_what_comes_after() -> None:
    clock = Clock(10.0, 100.0)
    earlier = clock.earlier(3.0)
    assert (earlier.began, earlier.deadline) == (100.0, 107.0)
    assert clock.deadline == 110.0


def test_an_interval_tells_once_that_it_has_passed() -> None:
    interval = Interval(0.05)
    assert not interval.has_passed
    time.sleep(0.06)
    assert interval.has_passed
    assert not interval.has_passed
