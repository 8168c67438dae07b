from __future__ import annotations

import math
import time

import pytest

from automl.tuning.clock import LEAST_MOVE, Clock, Interval


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


def test_it_counts_from_when_the_call_began() -> None:
    clock = Clock(10.0, time.monotonic() - 4.0)
    assert clock.seconds == pytest.approx(4.0, abs=0.5)
    assert clock.seconds_left == pytest.approx(6.0, abs=0.5)


def test_it_can_be_moved_but_not_for_next_to_nothing() -> None:
    clock = Clock(10.0, 100.0)
    clock.move(7.0)
    assert (clock.began, clock.deadline) == (100.0, 107.0)
    clock.move(7.0 + LEAST_MOVE / 2)
    assert clock.deadline == 107.0
    clock.move(9.0)
    assert clock.deadline == 109.0


def test_an_interval_tells_once_that_it_has_passed() -> None:
    interval = Interval(0.05)
    assert not interval.has_passed
    time.sleep(0.06)
    assert interval.has_passed
    assert not interval.has_passed
