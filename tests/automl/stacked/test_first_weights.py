"""What a run begins with: the same bits in every trainer."""

from __future__ import annotations

import pytest
import torch

from automl.stacked.trainer import StackedTrainer
from automl.training.config import RowSubset
from automl.training.plain import PlainTrainer
from tests.contracts.tiny_datasets import tiny_dataset
from tests.contracts.trainer_contract import tiny_run


@pytest.mark.parametrize("is_native", [True, False])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_all_trainers_begin_with_the_same_bits(dtype: torch.dtype, is_native: bool) -> None:
    dataset = tiny_dataset(n_rows=900, n_folds=2, with_categories=True)  # more than are fitted to
    fitted = {"initialization": "data_driven", "n_layers": 3}
    runs = [
        tiny_run(1, **fitted),
        tiny_run(2, scaling="quantile", normalization="batch_norm", activation="tanh", **fitted),
        tiny_run(3, fold=1, rows=RowSubset(0.5, 1, seed=3), normalization="layer_norm", **fitted),
        tiny_run(4, activation="maxout", output_initialization="zero", seed=9, **fitted),
        tiny_run(5, activation_mixing="learned", output_initialization="zero"),
    ]
    plain = PlainTrainer(dataset, dtype=dtype)
    stacked = StackedTrainer(dataset, dtype=dtype, is_native=is_native)
    for trainer in (plain, stacked):
        trainer.add(runs)
    for run in runs:
        wanted = plain.checkpoint(run.run_id).weights
        found = stacked.checkpoint(run.run_id).weights
        assert wanted.keys() == found.keys()
        assert all(torch.equal(values, found[name]) for name, values in wanted.items())
