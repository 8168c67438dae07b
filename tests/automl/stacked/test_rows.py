"""The tables that stacks gather from."""

from __future__ import annotations

import torch

from automl.models.mlp.network import mlp_for
from automl.stacked.rows import ScaledRows, TableRows, gather
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


def test_gather_fills_columns_and_codes() -> None:
    rows = TableRows(torch.arange(12.0).view(6, 2), torch.arange(6)[:, None], torch.arange(6))
    inputs, codes = torch.zeros(2, 2, 5), [torch.zeros(2, 2, dtype=torch.int64)]
    gather(rows, torch.tensor([5, 0, 1, 1]), inputs, codes)
    assert inputs[..., :2].tolist() == [[[10, 11], [0, 1]], [[2, 3], [2, 3]]]
    assert codes[0].tolist() == [[5, 0], [1, 1]]
