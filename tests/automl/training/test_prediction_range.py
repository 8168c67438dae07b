"""Predictions that are held to the range of the train targets, in every trainer."""

from __future__ import annotations

import pytest
import torch

from automl.stacked.trainer import StackedTrainer
from automl.training.config import RowSubset, RunConfig
from automl.training.plain import PlainTrainer
from automl.training.prediction_range import held, prediction_range
from automl.training.predictions import predict
from storage.records import EpochRecord
from tests.contracts.tiny_datasets import tiny_dataset
from tests.contracts.trainer_contract import curve, tiny_run

FEW = RowSubset(0.1, 1, seed=3)
"""Nine train rows have a narrow range, which the predictions of others leave."""


def run(run_id: int = 1, limit: str = "train_range", **values: object) -> RunConfig:
    return tiny_run(run_id, rows=FEW, prediction_range=limit, learning_rate=0.05, **values)


def test_the_range_is_that_of_the_runs_own_train_rows() -> None:
    dataset = tiny_dataset("mean_squared")
    targets = dataset.folds[0].train.targets
    everything = tiny_run(prediction_range="train_range")
    assert prediction_range(everything, dataset) == (targets.min().item(), targets.max().item())
    low, high = prediction_range(run(), dataset) or (0.0, 0.0)
    assert targets.min() < low < high < targets.max()
    assert prediction_range(run(limit="free"), dataset) is None
    assert prediction_range(run(), tiny_dataset("cross_entropy")) is None


def test_what_is_not_finite_stays_so() -> None:
    outputs = torch.tensor([-torch.inf, -3.0, 0.5, 3.0, torch.inf, torch.nan])
    found = held(outputs, -1.0, 1.0)
    assert found[1:4].tolist() == [-1.0, 0.5, 1.0]
    assert torch.equal(found.isfinite(), outputs.isfinite())


@pytest.mark.parametrize("loss", ["mean_squared", "mean_absolute", "huber"])
def test_losses_are_held_alike_in_every_trainer_and_gradients_not_at_all(loss: str) -> None:
    dataset = tiny_dataset(loss)
    runs = [run(1), run(2, "free"), run(3, n_layers=1), run(4, "free", n_layers=1)]

    def trained(trainer: PlainTrainer | StackedTrainer) -> dict[int, list[EpochRecord]]:
        trainer.add(runs)
        rounds = [trainer.train_round() for _ in range(4)]
        return {
            one.run_id: [
                record for each in rounds for record in each if record.run_id == one.run_id
            ]
            for one in runs
        }

    plain = trained(PlainTrainer(dataset, dtype=torch.float64))
    for limited, free in ((1, 2), (3, 4)):
        assert plain[limited][-1].valid_loss != plain[free][-1].valid_loss
        norms = ([record.gradient_norm for record in plain[one]] for one in (limited, free))
        assert next(norms) == next(norms)
    for is_native in (True, False):
        stacked = trained(StackedTrainer(dataset, dtype=torch.float64, is_native=is_native))
        for run_id, records in plain.items():
            for wanted, found in zip(records, stacked[run_id], strict=True):
                assert found.train_loss == pytest.approx(wanted.train_loss, rel=1e-9)
                assert found.valid_loss == pytest.approx(wanted.valid_loss, rel=1e-9)
                assert found.valid_metric == pytest.approx(wanted.valid_metric, rel=1e-9)


def test_predictions_are_those_that_were_measured() -> None:
    dataset = tiny_dataset("mean_squared")
    trainer = PlainTrainer(dataset)
    records = curve(trainer, run(), 5)
    values = predict(run(), trainer.best_weights(1), dataset, "valid")
    free = predict(run(limit="free"), trainer.best_weights(1), dataset, "valid")
    low, high = prediction_range(run(), dataset) or (0.0, 0.0)
    torch.testing.assert_close(values, free.clamp(low * 2.5 + 7.0, high * 2.5 + 7.0))
    assert not torch.equal(values, free)
    own = dataset.folds[0].valid.targets * 2.5 + 7.0
    best = min(records, key=lambda record: record.valid_loss)
    assert (values - own).square().mean().sqrt().item() == pytest.approx(best.valid_metric)
