"""The remaining time is told from the pace of this call, and from its limits."""

from __future__ import annotations

import pytest

from automl.tuning.progress import (
    MOST_IN_TRAINING,
    RunningTrial,
    SearchProgress,
    TimeLeft,
    estimate_time_left,
)


def test_remaining_time_follows_the_pace() -> None:
    assert estimate_time_left([(5, 15)], seconds=10.0) == TimeLeft(30.0, is_estimate=True)


def test_the_limit_that_is_reached_first_counts() -> None:
    left = estimate_time_left([(5, 15), (100, 50)], seconds=10.0)
    assert left == TimeLeft(5.0, is_estimate=True)


def test_the_time_bounds_the_remaining_time() -> None:
    assert estimate_time_left([(5, 15)], seconds=10.0, limit=2.0) == TimeLeft(2.0)


def test_nothing_is_said_before_there_is_a_pace() -> None:
    assert estimate_time_left([(0, 15)], seconds=10.0) is None
    assert estimate_time_left([], seconds=10.0) is None


def test_the_time_is_known_from_the_start() -> None:
    assert estimate_time_left([(0, 15)], seconds=10.0, limit=50.0) == TimeLeft(50.0)


def test_no_negative_time_is_left_after_the_limit() -> None:
    assert estimate_time_left([(1, 1)], seconds=61.0, limit=-1.0) == TimeLeft(0.0)


def test_nothing_is_left_of_a_study_that_is_done() -> None:
    assert estimate_time_left([(0, 0)], seconds=0.0, limit=60.0) is None


@pytest.mark.parametrize(
    ("n_trials", "seconds_left", "share"),
    [(100, None, 0.3), (None, 10.0, 0.75), (100, 10.0, 0.75), (40, 90.0, 0.75), (None, None, 0.0)],
)
def test_the_share_that_is_done_is_of_trials_or_of_time(
    n_trials: int | None, seconds_left: float | None, share: float
) -> None:
    left = None if seconds_left is None else TimeLeft(seconds_left)
    progress = SearchProgress(
        *("s", n_trials, 5, 15, 0, 8, 30, (), None, None, {}, 100, 30.0, left)
    )
    assert progress.share == pytest.approx(share)


def test_a_search_that_trains_is_not_done_though_all_trials_were_tried() -> None:
    trial = RunningTrial(0, {}, 3, 50, 0.5, 0.5)
    progress = SearchProgress(
        *("s", 30, 5, 15, 0, 10, 30, (trial,), None, None, {}, 100, 30.0, None)
    )
    assert progress.share == MOST_IN_TRAINING < 1.0
