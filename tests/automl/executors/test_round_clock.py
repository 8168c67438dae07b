from __future__ import annotations

from automl.executors.round_clock import ENDING_GRACE, FIRST_ROUND_GRACE, MINIMUM_GRACE, RoundClock


def test_what_took_long_once_may_take_long_again() -> None:
    clock = RoundClock()
    assert clock.grace == FIRST_ROUND_GRACE
    for seconds in (0.1, 0.0):
        clock.note(seconds)
    assert MINIMUM_GRACE + 0.2 <= clock.grace < MINIMUM_GRACE + 1
    assert ENDING_GRACE + 0.1 <= clock.ending_grace < ENDING_GRACE + 1
