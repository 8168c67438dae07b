from __future__ import annotations

import time

import pytest

from automl.executors.round_clock import (
    ENDING_GRACE,
    FIRST_ROUND_GRACE,
    LONG_ROUND,
    LONGER_THAN_USUAL,
    MINIMUM_GRACE,
    RoundClock,
)


def test_what_took_long_once_may_take_long_again() -> None:
    clock = RoundClock()
    assert clock.grace == FIRST_ROUND_GRACE
    for seconds in (0.1, 0.0):
        clock.note(seconds)
    assert MINIMUM_GRACE + 0.2 <= clock.grace < MINIMUM_GRACE + 1
    assert ENDING_GRACE + 0.1 <= clock.ending_grace < ENDING_GRACE + 1


def test_a_long_round_is_said_once_and_again_when_it_is_twice_as_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    clock = RoundClock()
    said = []
    for _ in range(5 * int(LONG_ROUND)):
        now += 1.0
        said.append(clock.long_round())
    assert [one for one in said if one] == [LONG_ROUND, 2 * LONG_ROUND, 4 * LONG_ROUND]
    clock.note(LONG_ROUND)
    clock.begin()  # as long as it was once is not long
    now += LONGER_THAN_USUAL * LONG_ROUND - 1.0
    assert clock.long_round() is None
    now += 1.0
    assert clock.long_round() == LONGER_THAN_USUAL * LONG_ROUND
