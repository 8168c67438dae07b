"""What importances may take follows from counts."""

from __future__ import annotations

import pytest

from automl.tuning.importance_effort import (
    LEAST_REPEATS,
    LEAST_ROWS,
    MOST_REPEATS,
    MOST_SECONDS,
    SCREENED_ROWS,
    Effort,
    estimated_seconds,
    planned,
    row_seconds,
    seconds_allowed,
)


def test_two_per_cent_of_the_time_are_taken_within_bounds() -> None:
    assert seconds_allowed(None) == 1.0
    assert seconds_allowed(60.0) == pytest.approx(1.2)
    assert seconds_allowed(3.0) < seconds_allowed(3600.0) == MOST_SECONDS
    assert all(seconds_allowed(time) <= max(1.0, 0.02 * time) for time in (1.0, 30.0, 900.0))


def test_small_tables_are_measured_with_all_rows() -> None:
    assert planned(200, 10, 1e-6, 1.0) == Effort(200, MOST_REPEATS, 10)
    assert planned(30, 10, 1e-6, 1.0) == Effort(30, MOST_REPEATS, 10)


def test_rows_come_before_repeats() -> None:
    """40,000 rows can be predicted: 4,000 for each of ten columns."""
    assert planned(1000, 10, 1e-6, 0.04) == Effort(1000, 4, 10)
    assert planned(1300, 10, 1e-6, 0.04) == Effort(1300, 3, 10)
    assert planned(9000, 10, 1e-6, 0.04) == Effort(4000 // LEAST_REPEATS, LEAST_REPEATS, 10)


def test_of_too_many_columns_those_are_measured_that_move_predictions() -> None:
    seconds = 1.2
    found = planned(5000, 1000, 1e-5, seconds)
    assert found is not None
    assert (found.n_rows, found.n_repeats) == (LEAST_ROWS, LEAST_REPEATS)
    n_copies = SCREENED_ROWS * 1000 + found.n_columns * LEAST_ROWS * LEAST_REPEATS
    assert 0 < found.n_columns < 1000 and n_copies <= seconds / 1e-5
    assert planned(5000, 1000, 1e-4, seconds) is None


@pytest.mark.parametrize("n_columns", [1, 7, 300])
@pytest.mark.parametrize("n_rows", [2, 90, 700, 40_000])
@pytest.mark.parametrize("each", [1e-7, 3e-6, 1e-4])
def test_no_more_time_is_taken_than_there_is(n_rows: int, n_columns: int, each: float) -> None:
    found = planned(n_rows, n_columns, each, 0.5)
    if found is not None:
        assert found.n_rows <= n_rows and found.n_columns <= n_columns
        assert found.n_columns * found.n_rows * found.n_repeats * each <= 0.5 + 1e-9
    else:
        assert LEAST_REPEATS * min(n_rows, LEAST_ROWS) * n_columns * each > 0.5


def test_rows_of_larger_networks_and_metrics_take_longer() -> None:
    small = row_seconds(1e4, 10, 2, by_metric=False)
    assert row_seconds(1e6, 10, 2, by_metric=False) > 10 * small
    assert row_seconds(1e4, 10, 2, by_metric=True) > small
    assert row_seconds(1e4, 10, 20, by_metric=True) > row_seconds(1e4, 10, 2, by_metric=True)


def test_what_is_kept_of_a_calls_time_is_no_more_than_may_be_taken() -> None:
    assert estimated_seconds(30, 4, 3, 60.0, by_metric=False) < 0.05
    assert estimated_seconds(20_000, 100, 3, 60.0, by_metric=True) == seconds_allowed(60.0)
