"""What runs by themselves tell and keep; how they train: test_native_run.py, test_trainer.py."""

from __future__ import annotations

import torch

from automl.stacked.places import NativeRuns
from automl.stacked.stack_rows import Tables
from tests.contracts.kernels import needs_kernels
from tests.contracts.tiny_datasets import tiny_dataset
from tests.contracts.trainer_contract import tiny_run

pytestmark = needs_kernels()


def places() -> NativeRuns:
    return NativeRuns(Tables(tiny_dataset(), torch.device("cpu"), torch.float32))


def test_each_run_trains_by_itself() -> None:
    runs = places()
    runs.begin([tiny_run(2), tiny_run(1)])
    assert runs.groups([1, 2]) == [(1,), (2,)]
    (record,) = runs.train((1,))
    assert (record.run_id, record.epoch) == (1, 1)
    assert runs.checkpoint(2).epoch == 0


def test_a_run_without_an_epoch_has_no_best_weights() -> None:
    runs = places()
    runs.begin([tiny_run(1)])
    assert runs.best_weights(1) == {}
    runs.train((1,))
    weights, best = runs.checkpoint(1).weights, runs.best_weights(1)
    assert weights.keys() == best.keys()
    assert all(torch.equal(weights[name], values) for name, values in best.items())
