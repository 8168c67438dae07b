"""Averages of weights: by their formula, in the plain loop, and in what is handed over."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from torch import nn

from automl.training.averaging import AveragedWeights, averaging_weights
from automl.training.config import TrainingConfig
from automl.training.plain import PlainTrainer
from automl.training.predictions import predict
from tests.contracts.tiny_datasets import tiny_dataset
from tests.contracts.trainer_contract import curve, tiny_run


def test_weights_are_those_of_a_corrected_exponential_average() -> None:
    training = TrainingConfig(weight_averaging=2.0)
    kept = math.exp(-1 / (2.0 * 5))
    plain, expected = 0.0, []
    values = [math.sin(number) for number in range(40)]
    for number, value in enumerate(values, start=1):
        plain = kept * plain + (1 - kept) * value
        expected.append(plain / (1 - kept**number))
    average, found = 0.0, []
    for value, weight in zip(values, averaging_weights(training, 5, 0, 40), strict=True):
        average += weight * (value - average)
        found.append(average)
    assert found == pytest.approx(expected)
    later = averaging_weights(training, 5, 17, 3)
    assert later == pytest.approx(averaging_weights(training, 5, 0, 40)[17:20])


def test_a_long_average_is_at_first_the_mean_of_all_updates() -> None:
    weights = averaging_weights(TrainingConfig(weight_averaging=1e9), 5, 0, 6)
    assert weights == pytest.approx([1, 1 / 2, 1 / 3, 1 / 4, 1 / 5, 1 / 6])
    assert averaging_weights(TrainingConfig(), 5, 10, 3).tolist() == [1.0] * 3


def test_parameters_and_statistics_are_averaged_and_counts_are_not() -> None:
    module = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    averages, seen = AveragedWeights(module), []
    for weight in (1.0, 0.5, 0.25):
        module(torch.randn(6, 3))
        with torch.no_grad():
            module[0].weight.normal_()
        seen.append({name: values.clone() for name, values in module.state_dict().items()})
        averages.add(weight)
    with averages.in_place():
        found = {name: values.clone() for name, values in module.state_dict().items()}
    shares = (0.375, 0.375, 0.25)
    for name in ("0.weight", "1.running_mean", "1.running_var"):
        wanted = sum(share * state[name] for share, state in zip(shares, seen, strict=True))
        torch.testing.assert_close(found[name], wanted)
    assert found["1.num_batches_tracked"] == 3
    for name, values in module.state_dict().items():
        assert torch.equal(values, seen[-1][name]), "its own weights are back"


def test_what_is_measured_and_kept_are_the_averages() -> None:
    run = tiny_run(weight_averaging=2.0, learning_rate=3e-3)
    dataset, trainer = tiny_dataset(), PlainTrainer(tiny_dataset())
    records = curve(trainer, run, 3)
    checkpoint = trainer.checkpoint(1)
    assert not torch.equal(
        checkpoint.averaged_weights["output.weight"], checkpoint.weights["output.weight"]
    )
    assert checkpoint.best.epoch == 3, "for this test to say anything"
    for name, values in checkpoint.averaged_weights.items():
        assert torch.equal(values, trainer.best_weights(1)[name])
    chances = predict(run, trainer.best_weights(1), dataset, "valid").double()
    targets = dataset.folds[0].valid.targets
    found = -chances.gather(1, targets[:, None]).log().mean().item()
    assert found == pytest.approx(records[-1].valid_loss, rel=1e-5)


def test_training_goes_on_with_the_weights_themselves() -> None:
    usual, averaged = PlainTrainer(tiny_dataset()), PlainTrainer(tiny_dataset())
    curve(usual, tiny_run(normalization="batch_norm"), 3)
    curve(averaged, tiny_run(normalization="batch_norm", weight_averaging=2.0), 3)
    for name, values in usual.checkpoint(1).weights.items():
        assert torch.equal(values, averaged.checkpoint(1).weights[name])
    assert not usual.checkpoint(1).averaged_weights


def test_averages_steady_a_rate_that_is_too_large() -> None:
    """Of networks whose raw losses jump from epoch to epoch."""
    usual, averaged = (
        curve(PlainTrainer(tiny_dataset("mean_squared")), tiny_run(**common, **values), 12)
        for common in [{"optimizer": "sgd", "learning_rate": 0.15, "batch_size": 8}]
        for values in ({}, {"weight_averaging": 3.0})
    )
    jumps = [
        sum(abs(a.train_loss - b.train_loss) for a, b in itertools.pairwise(some[6:]))
        for some in (usual, averaged)
    ]
    assert jumps[1] < 0.5 * jumps[0]
