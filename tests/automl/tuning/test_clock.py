from __future__ import annotations

import math
import time

from automl.tuning.clock import Clock


def test_time_is_up_after_the_timeout() -> None:
    clock = Clock(timeout=0.05)
    assert not clock.is_up
    assert 0 < clock.seconds_left <= 0.05
    assert clock.deadline == clock.started + 0.05
    time.sleep(0.06)
    assert clock.is_up
    assert clock.seconds >= 0.05
    clock.start()
    assert not clock.is_up


def test_without_a_timeout_it_is_never_up() -> None:
    clock = Clock(timeout=None)
    assert (clock.deadline, clock.seconds_left, clock.is_up) == (None, math.inf, False)
