"""The tables that stacks gather from."""

from __future__ import annotations

import torch

from automl.models.mlp.network import mlp_for
from automl.stacked.rows import AS_IT_IS, ScaledRows, TableRows, gather, goal_of
from automl.training.config import RowSubset
from automl.training.target_transform import target_curve
from search_spaces.hyperparameters import hyperparameter
from tests.contracts.tiny_datasets import tiny_dataset
from tests.contracts.trainer_contract import tiny_run

SCALINGS = hyperparameter("scaling").words


def test_rows_are_scaled_as_the_plain_network_scales_them() -> None:
    dataset = tiny_dataset(n_folds=2)
    table = ScaledRows(dataset, "valid", torch.device("cpu"), torch.float32)
    for fold in (1, 0):
        for scaling in SCALINGS:
            run = tiny_run(fold=fold, scaling=scaling)
            start = table.start_of(run)
            model = mlp_for(run.model, dataset.describe(fold))
            split = dataset.folds[fold].valid
            expected = model.encode(split.inputs.before(scaling), split.inputs.categories)
            found = table.rows.inputs[start : start + table.n_rows(run)]
            assert torch.equal(found, expected)
    assert len(table.rows) == 2 * len(SCALINGS) * 30
    assert table.start_of(tiny_run(fold=1)) == table.start_of(tiny_run(fold=1))


def test_what_is_learned_is_fitted_to_the_rows_that_a_run_trains_on() -> None:
    """Its column stays right as tables of other folds and scalings come behind."""
    dataset = tiny_dataset("mean_squared", n_folds=2)
    table = ScaledRows(dataset, "train", torch.device("cpu"), torch.float64)
    parts = (None, RowSubset(0.5, 1, seed=3), RowSubset(1.0, seed=3, replace=True))
    runs = [
        tiny_run(fold=fold, rows=rows, scaling=scaling, target_transform="quantile")
        for fold in (0, 1)
        for rows in parts
        for scaling in ("standard", "robust")
    ]
    for number, run in enumerate(runs):
        table.start_of(run)
        table.learned(table.goal_of(run))
        for each in runs[: number + 1]:
            start, curve = table.start_of(each), target_curve(each, dataset)
            assert curve is not None
            targets = dataset.folds[each.fold].train.targets
            found = table.learned(table.goal_of(each)).targets[start : start + len(targets)]
            torch.testing.assert_close(found, curve.to_learn(targets))
    assert len({table.goal_of(run) for run in runs}) == 5
    assert goal_of(tiny_run(), "regression") == AS_IT_IS == goal_of(runs[0], "binary")


def test_gather_fills_columns_and_codes() -> None:
    rows = TableRows(torch.arange(12.0).view(6, 2), torch.arange(6)[:, None], torch.arange(6))
    inputs, codes = torch.zeros(2, 2, 5), [torch.zeros(2, 2, dtype=torch.int64)]
    gather(rows, torch.tensor([5, 0, 1, 1]), inputs, codes)
    assert inputs[..., :2].tolist() == [[[10, 11], [0, 1]], [[2, 3], [2, 3]]]
    assert codes[0].tolist() == [[5, 0], [1, 1]]
