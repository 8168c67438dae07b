"""What trees may take is a matter of the table, in bounds."""

from __future__ import annotations

import pytest

from automl.data.tree_growth import (
    FULL_EFFORT,
    HIGHEST_RATE,
    LEAST_ROUNDS,
    MOST_ROUNDS,
    MOST_SMALL_ROWS,
    SMALL,
    USUAL,
    Growth,
    expected_seconds,
)
from tests.contracts.tiny_datasets import tiny_dataset


def plan(loss: str, n_rows: int, effort: int = FULL_EFFORT, n_folds: int = 1) -> Growth:
    dataset = tiny_dataset(loss, n_rows=n_rows, n_folds=n_folds)
    return Growth.of(dataset, dataset.folds[0], effort)


def test_small_tables_of_several_classes_have_small_trees() -> None:
    n_rows = 2 * MOST_SMALL_ROWS  # to train on: more than half
    assert plan("cross_entropy", n_rows // 4).kind == SMALL
    assert plan("cross_entropy", n_rows).kind == USUAL
    assert plan("binary_cross_entropy", n_rows // 4).kind == USUAL
    assert plan("mean_squared", n_rows // 4).kind == USUAL


def test_small_tables_grow_as_trees_do_by_default() -> None:
    growth = plan("mean_squared", 1000)
    assert (growth.rounds, growth.rate) == (MOST_ROUNDS, 0.1)


@pytest.mark.parametrize("loss", ["cross_entropy", "mean_squared"])
def test_the_effort_bounds_the_rounds_and_each_learns_more_where_they_are_few(loss: str) -> None:
    full, some = (plan(loss, 20_000, effort) for effort in (FULL_EFFORT, FULL_EFFORT // 10))
    least = plan(loss, 20_000, 1)
    assert some.rounds * some.cells_per_round <= FULL_EFFORT // 10
    assert full.rounds > some.rounds > least.rounds == LEAST_ROUNDS
    assert full.rate <= some.rate <= least.rate == HIGHEST_RATE


def test_folds_share_the_effort() -> None:
    one, three = (plan("cross_entropy", 30_000, n_folds=n) for n in (1, 3))
    assert 3 * three.rounds * three.cells_per_round <= FULL_EFFORT
    assert three.rounds < one.rounds


def test_more_rows_and_folds_are_expected_to_take_longer_up_to_the_effort() -> None:
    small, folded, tall = (
        expected_seconds(tiny_dataset("mean_squared", n_rows=n_rows, n_folds=n_folds))
        for n_rows, n_folds in ((200, 1), (200, 3), (20_000, 1))
    )
    assert small < folded < 4 * small
    assert 0.01 < small < tall
    large = tiny_dataset("cross_entropy", n_rows=20_000)
    growth = Growth.of(large, large.folds[0], 1)
    assert expected_seconds(large, 1) == LEAST_ROUNDS * growth.cells_per_round / 1e8
