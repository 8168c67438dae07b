"""The remaining time is told from the pace of this call, and from its limit."""

from __future__ import annotations

import pytest

from automl.tuning.progress import estimate_seconds_left


def test_remaining_time_follows_the_pace() -> None:
    left = estimate_seconds_left(n_ended=5, n_left=15, seconds=10.0)
    assert left == pytest.approx(30.0)


def test_the_limit_bounds_the_remaining_time() -> None:
    left = estimate_seconds_left(n_ended=5, n_left=15, seconds=10.0, limit=2.0)
    assert left == pytest.approx(2.0)


def test_nothing_is_said_before_a_trial_has_ended() -> None:
    assert estimate_seconds_left(n_ended=0, n_left=15, seconds=10.0) is None


def test_the_limit_is_known_from_the_start() -> None:
    left = estimate_seconds_left(n_ended=0, n_left=15, seconds=10.0, limit=50.0)
    assert left == pytest.approx(50.0)


def test_no_negative_time_is_left_after_the_limit() -> None:
    assert estimate_seconds_left(n_ended=1, n_left=1, seconds=61.0, limit=-1.0) == 0.0


def test_nothing_is_left_of_a_study_that_is_done() -> None:
    assert estimate_seconds_left(n_ended=0, n_left=0, seconds=0.0, limit=60.0) is None
