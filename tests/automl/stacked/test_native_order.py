"""The kernels' order of rows against the one that is sorted."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from automl.stacked.native_order import NativeOrder
from automl.stacked.stack_rows import StackRows, Tables
from automl.training.config import RowSubset
from tests.contracts.kernels import needs_kernels
from tests.contracts.tiny_datasets import tiny_dataset
from tests.contracts.trainer_contract import tiny_run

pytestmark = needs_kernels()


@pytest.mark.parametrize("n_rows", [10, 150, 7_000])
@pytest.mark.parametrize(
    "own",
    [
        {"batch_size": 2, "epoch_steps": 1},
        {"batch_size": 16, "epoch_steps": 3},
        {"rows": RowSubset(0.5, 1, seed=3)},
        {"rows": RowSubset(1.0, 2, seed=3, replace=True), "fold": 1},
    ],
    ids=str,
)
def test_it_is_the_order_of_sorted_hashes(n_rows: int, own: dict[str, Any]) -> None:
    tables = Tables(tiny_dataset(n_rows=n_rows, n_folds=2), torch.device("cpu"), torch.float32)
    tables.rows("train", 0).start_of(tiny_run(scaling="robust"))  # others' rows lie before
    for seed in (1, -7):
        run = tiny_run(seed, **own)
        rows = StackRows.of(tables, [run])
        order = NativeOrder(rows, run.seed, torch.float32)
        for epoch in (1, 2, 3, 2, 9):
            assert torch.equal(order.of_epoch(epoch), rows.order([epoch])[0])


def test_hashes_are_compared_as_signed_numbers_whatever_the_key() -> None:
    tables = Tables(tiny_dataset(n_rows=60), torch.device("cpu"), torch.float32)
    for seed in range(100):
        rows = StackRows.of(tables, [tiny_run(seed)])
        order = NativeOrder(rows, tiny_run(seed).seed, torch.float32)
        assert torch.equal(order.of_epoch(1), rows.order([1])[0])
