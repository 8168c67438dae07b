from __future__ import annotations

import itertools

import pytest
import torch

from automl import randomness
from automl.errors import ConfigError
from automl.training.batches import (
    FEWEST_MEASURED_ROWS,
    FEWEST_OF_CLASS,
    MEASURED_TRAIN_ROWS,
    MEASURED_VALID_ROWS,
    PROBE_ROWS,
    Epochs,
    batch_bounds,
    measured_rows,
    n_measured_valid,
    probe_rows,
    rows_of,
    split_read,
)
from automl.training.config import RowSubset
from tests.contracts.tiny_datasets import tiny_dataset


@pytest.mark.parametrize(
    ("n_rows", "batch_size", "sizes"),
    [
        (64, 16, [16, 16, 16, 16]),
        (70, 16, [16, 16, 16, 16, 6]),
        (65, 16, [16, 16, 16, 17]),  # one left over
        (10, 16, [10]),
        (1, 16, [1]),
        (17, 16, [17]),
        (50, None, [50]),
        (3, 1, [1, 2]),
    ],
)
def test_batches_cover_the_rows(n_rows: int, batch_size: int | None, sizes: list[int]) -> None:
    bounds = batch_bounds(n_rows, batch_size)
    assert [stop - start for start, stop in bounds] == sizes
    assert bounds[0][0] == 0 and bounds[-1][1] == n_rows
    assert all(before[1] == after[0] for before, after in itertools.pairwise(bounds))


SHUFFLES = randomness.streams([7], "shuffle")[0]


def test_an_epoch_is_a_pass_where_that_takes_no_more_steps() -> None:
    for epoch_steps in (None, 5, 6):
        epochs = Epochs.of(70, 16, epoch_steps)
        assert (epochs.n_steps, epochs.are_passes, epochs.bounds[-1]) == (5, True, (64, 70))
        for epoch in (1, 2):
            assert torch.equal(epochs.order(SHUFFLES, epoch), epochs.pass_order(SHUFFLES, epoch))


def test_parts_of_passes_take_equally_many_full_batches() -> None:
    epochs = Epochs.of(70, 16, 3)  # a pass takes four full batches
    assert epochs.bounds == ((0, 16), (16, 32), (32, 48))
    assert not epochs.are_passes
    assert [list(epochs.sections(epoch)) for epoch in (1, 2, 3, 4)] == [
        [(1, 0, 48)],
        [(1, 48, 64), (2, 0, 32)],
        [(2, 32, 64), (3, 0, 16)],
        [(3, 16, 64)],
    ]
    orders = torch.cat([epochs.order(SHUFFLES, epoch) for epoch in (1, 2, 3, 4)])
    for number, rows in enumerate(orders.split(64), start=1):
        assert len(rows.unique()) == 64, "no row comes twice in a pass"
        assert torch.equal(rows, epochs.pass_order(SHUFFLES, number)[:64])


def test_every_row_comes_though_each_pass_leaves_some_out() -> None:
    epochs = Epochs.of(70, 16, 3)
    rows = torch.cat([epochs.order(SHUFFLES, epoch) for epoch in range(1, 13)])
    assert len(rows.unique()) == 70


def test_all_rows_at_once_are_never_cut() -> None:
    assert Epochs.of(70, None, 1).are_passes


def test_no_subset_means_all_rows() -> None:
    assert rows_of(None, 100) is None


def test_parts_of_a_half_are_disjoint_and_cover_the_rows() -> None:
    halves = [rows_of(RowSubset(0.5, part, seed=3), 100) for part in (0, 1)]
    assert torch.equal(torch.cat(halves).sort().values, torch.arange(100))


def test_other_seed_cuts_otherwise() -> None:
    assert not torch.equal(rows_of(RowSubset(0.5, seed=1), 100), rows_of(RowSubset(0.5), 100))


def test_smaller_fraction_is_inside_the_larger_one() -> None:
    """So that a data-size curve adds rows to the same rows."""
    small, large = (rows_of(RowSubset(fraction, seed=2), 200) for fraction in (0.1, 0.6))
    assert torch.isin(small, large).all()


def test_bootstrap_repeats_rows_and_each_part_is_another_draw() -> None:
    draws = [rows_of(RowSubset(1.0, part, replace=True), 1000) for part in (0, 1)]
    assert len(draws[0]) == 1000
    assert len(draws[0].unique()) == pytest.approx(632, abs=40)  # 1 - 1/e
    assert not torch.equal(*draws)


@pytest.mark.parametrize("subset", [RowSubset(0.5, part=2), RowSubset(0.001), RowSubset(1.5)])
def test_block_outside_the_rows_is_an_error(subset: RowSubset) -> None:
    with pytest.raises(ConfigError, match="must lie inside the 100 train rows"):
        rows_of(subset, 100)


def test_a_fixed_choice_of_train_rows_is_measured() -> None:
    rows = measured_rows(25_000, 8_000)
    assert rows is not None and len(rows.unique()) == MEASURED_TRAIN_ROWS
    assert rows.double().mean().item() == pytest.approx(12_500, abs=500), "not the first ones"
    assert torch.equal(rows, measured_rows(25_000, 8_000))


@pytest.mark.parametrize(
    ("n_rows", "n_valid", "n_measured"),
    [
        (FEWEST_MEASURED_ROWS, 100, None),
        (1_078, 360, FEWEST_MEASURED_ROWS),
        (3_000, 1_000, 1_000),
        (MEASURED_TRAIN_ROWS, 8_000, None),
    ],
)
def test_as_many_train_rows_are_measured_as_validate(
    n_rows: int, n_valid: int, n_measured: int | None
) -> None:
    rows = measured_rows(n_rows, n_valid)
    assert (None if rows is None else len(rows)) == n_measured


def test_a_fixed_choice_of_many_validation_rows_is_measured() -> None:
    (fold,) = tiny_dataset("mean_squared", n_rows=40_000).folds
    read = split_read(fold, "valid")
    assert len(read) == len(read.inputs) == MEASURED_VALID_ROWS < len(fold.valid)
    ordered, places = fold.valid.targets.sort()
    rows = places[torch.searchsorted(ordered, read.targets)]
    assert rows.double().mean().item() == pytest.approx(4_000, abs=100), "not the first ones"
    assert torch.equal(read.targets, split_read(fold, "valid").targets)
    assert split_read(fold, "train") is fold.train and split_read(fold, "test") is fold.test


def test_few_validation_rows_are_all_measured() -> None:
    (fold,) = tiny_dataset(n_rows=5 * MEASURED_VALID_ROWS).folds
    assert split_read(fold, "valid") is fold.valid


@pytest.mark.parametrize(
    ("n_rare", "n_measured"),
    [(10_000, MEASURED_VALID_ROWS), (1_000, 20_000 * FEWEST_OF_CLASS // 1_000), (100, 20_000)],
)
def test_more_validation_rows_are_measured_of_a_rare_class(n_rare: int, n_measured: int) -> None:
    targets = (torch.arange(20_000) < n_rare).long() * 2  # a class in between does not occur
    assert n_measured_valid(targets) == n_measured


def test_probe_takes_rows_from_everywhere() -> None:
    assert torch.equal(probe_rows(50), torch.arange(50))
    rows = probe_rows(9_000)
    assert len(rows.unique()) == PROBE_ROWS and rows.max() > 8_000


def test_measured_validation_rows_keep_their_weights() -> None:
    (fold,) = tiny_dataset(n_rows=30_000, is_weighted=True).folds
    measured = split_read(fold, "valid")
    assert measured.weights is not None and fold.valid.weights is not None
    assert len(measured.weights) == len(measured) < len(fold.valid)
    place = (fold.valid.inputs.numeric == measured.inputs.numeric[7]).all(1).nonzero()[0, 0]
    assert measured.weights[7] == fold.valid.weights[place]
