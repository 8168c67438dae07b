"""What runs are said to need, against what a trainer allocates."""

from __future__ import annotations

import gc
from typing import Any

import pytest
import torch

from automl.stacked.memory import memory_bytes, table_bytes
from automl.stacked.trainer import StackedTrainer
from automl.training.batches import MEASURED_VALID_ROWS
from tests.contracts.tiny_datasets import tiny_dataset
from tests.contracts.trainer_contract import tiny_run


def tensor_bytes() -> int:
    """Bytes of all storages that live in this process."""
    gc.collect()
    storages = {
        held.untyped_storage().data_ptr(): held.untyped_storage().nbytes()
        for held in gc.get_objects()
        if issubclass(type(held), torch.Tensor) and held.layout == torch.strided
    }
    return sum(storages.values())


@pytest.mark.parametrize(("hidden_size", "is_native"), [(16, False), (128, False), (128, True)])
def test_estimate_covers_what_is_held_without_being_far_above(
    hidden_size: int, is_native: bool
) -> None:
    dataset = tiny_dataset(n_rows=1000)
    runs = [
        tiny_run(n, hidden_size=hidden_size, normalization="layer_norm", dropout=0.1)
        for n in range(8)
    ]
    before = tensor_bytes()
    trainer = StackedTrainer(dataset, is_native=is_native)
    trainer.add(runs)
    trainer.train_round()
    held = tensor_bytes() - before
    assert held <= memory_bytes(runs, dataset)
    if not is_native:  # the kernels need less
        assert memory_bytes(runs, dataset) <= 3 * held


@pytest.mark.parametrize("is_native", [False, True])
@pytest.mark.parametrize(
    "values",
    [
        {"activation": "maxout", "normalization": "batch_norm", "dropout": 0.2},
        {"activation": "prelu", "normalization": "layer_norm", "input_dropout": 0.1},
        {"n_layers": 0},
        {"n_layers": 0, "n_members": 5},
        {"n_members": 4, "normalization": "batch_norm", "dropout": 0.1, "batch_size": None},
        {"weight_averaging": 2.0, "normalization": "batch_norm"},
        {"n_layers": 4, "residual": "every_layer", "activation": "prelu"},
        {"activation_mixing": "learned", "normalization": "batch_norm", "dropout": 0.1},
        {"numeric_encoding": "piecewise_linear", "batch_size": None},
        {"numeric_encoding": "periodic", "n_frequencies": 40, "input_scaling": "learned"},
        {"batch_size": None, "activation": "maxout", "normalization": "batch_norm"},
    ],
)
def test_whatever_a_network_has_is_in_the_estimate(
    values: dict[str, Any], is_native: bool
) -> None:
    """Of embedded columns, in four scalings."""
    dataset = tiny_dataset(n_rows=1000, with_categories=True)
    scalings = ("standard", "min_max", "robust", "quantile")
    runs = [tiny_run(n, hidden_size=48, scaling=scalings[n % 4], **values) for n in range(8)]
    before = tensor_bytes()
    trainer = StackedTrainer(dataset, is_native=is_native)
    trainer.add(runs)
    trainer.train_round()
    assert tensor_bytes() - before <= memory_bytes(runs, dataset)


def test_of_many_validation_rows_those_are_counted_that_are_measured() -> None:
    dataset = tiny_dataset(n_rows=60_000)
    (fold,) = dataset.folds
    n_rows = len(fold.train) + MEASURED_VALID_ROWS
    per_row = 4 * fold.encoding.n_features + 8
    assert table_bytes([tiny_run(0)], dataset) == n_rows * per_row


def test_estimate_grows_with_width_and_runs() -> None:
    dataset = tiny_dataset()
    few, many = ([tiny_run(n) for n in range(size)] for size in (2, 20))
    wide = [tiny_run(n, hidden_size=200) for n in range(2)]
    assert memory_bytes(few, dataset) < memory_bytes(many, dataset)
    assert memory_bytes(few, dataset) < memory_bytes(wide, dataset)
