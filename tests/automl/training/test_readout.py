"""What outputs are taken for: alike in every trainer, and in what predicts with kept weights."""

from __future__ import annotations

from itertools import chain

import pytest
import torch

from automl.stacked.trainer import StackedTrainer
from automl.training.config import RowSubset, RunConfig
from automl.training.plain import PlainTrainer
from automl.training.prediction_range import held
from automl.training.predictions import predict
from automl.training.readout import AS_THEY_ARE, readout
from storage.records import EpochRecord
from tests.contracts.tiny_datasets import tiny_dataset
from tests.contracts.trainer_contract import curve, tiny_run

PART = RowSubset(0.5, 1, seed=3)


def run(run_id: int = 1, transform: str = "quantile", **values: object) -> RunConfig:
    return tiny_run(run_id, target_transform=transform, **values)


def test_values_go_through_the_curve_and_are_held_then() -> None:
    dataset = tiny_dataset("mean_squared")
    both = readout(run(prediction_range="train_range"), dataset)
    assert both.curve is not None and both.within is not None
    outputs = torch.linspace(-6, 6, 40)[:, None]
    expected = held(both.curve.back(outputs), *both.within)
    assert torch.equal(both.values(outputs), expected)
    assert both.values(outputs).max() == dataset.folds[0].train.targets.max()
    assert AS_THEY_ARE.values(outputs) is outputs
    assert readout(run(prediction_range="train_range"), tiny_dataset()) == AS_THEY_ARE


@pytest.mark.parametrize("loss", ["mean_squared", "mean_absolute", "huber"])
def test_runs_with_all_transforms_are_measured_alike_in_every_trainer(loss: str) -> None:
    """In one stack too, in which they come at different times, and on other folds and rows."""
    dataset = tiny_dataset(loss, n_folds=2)
    runs = [
        run(1),
        run(2, "none"),
        run(3, "log", fold=1),
        run(4, scaling="robust", prediction_range="train_range"),
        run(5, rows=PART),
    ]

    def trained(trainer: PlainTrainer | StackedTrainer) -> dict[int, list[EpochRecord]]:
        rounds = []
        for number, one in enumerate(runs, 1):
            trainer.add([one])
            rounds.append(trainer.train_round())
            assert len(rounds[-1]) == number
        return {
            one.run_id: [each for each in chain(*rounds) if each.run_id == one.run_id]
            for one in runs
        }

    plain = trained(PlainTrainer(dataset, dtype=torch.float64))
    assert len({records[0].valid_loss for records in plain.values()}) == len(runs)
    for is_native in (True, False):
        stacked = trained(StackedTrainer(dataset, dtype=torch.float64, is_native=is_native))
        for run_id, records in plain.items():
            for wanted, found in zip(records, stacked[run_id], strict=True):
                assert found.train_loss == pytest.approx(wanted.train_loss, rel=1e-9)
                assert found.valid_loss == pytest.approx(wanted.valid_loss, rel=1e-9)
                assert found.valid_metric == pytest.approx(wanted.valid_metric, rel=1e-9)
                assert found.gradient_norm == pytest.approx(wanted.gradient_norm, rel=1e-9)
                for mine, theirs in zip(found.layers, wanted.layers, strict=True):
                    assert mine.gradient_norm == pytest.approx(theirs.gradient_norm, rel=1e-9)


@pytest.mark.parametrize("transform", ["log", "quantile"])
def test_predictions_are_those_that_were_measured(transform: str) -> None:
    dataset = tiny_dataset("mean_squared")
    trainer = PlainTrainer(dataset)
    one = run(1, transform)
    records = curve(trainer, one, 5)
    values = predict(one, trainer.best_weights(1), dataset, "valid")
    own = dataset.folds[0].valid.targets * 2.5 + 7.0
    best = min(records, key=lambda record: record.valid_loss)
    assert (values - own).square().mean().sqrt().item() == pytest.approx(best.valid_metric)
