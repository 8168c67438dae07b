"""Runs are trained to their ends, and those that fail do not stop the others."""

from __future__ import annotations

import dataclasses

import numpy as np
import torch

from automl.data.dataset import AffineScaling, Dataset, Fold, Split
from automl.executors.in_process import InProcessExecutor
from automl.training.config import RowSubset, RunConfig, configure
from automl.tuning.planned_runs import (
    PlannedRun,
    best_losses,
    number_runs,
    predict_runs,
    train_runs,
)
from storage.records import Task


def make_dataset(task: Task = "regression") -> Dataset:
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(60, 2, generator=generator)
    codes = torch.zeros((60, 0), dtype=torch.int64)
    y = x[:, 0] if task == "regression" else (x[:, 0] > 0).long()
    splits = [Split(x[a:b], x[a:b], codes[a:b], y[a:b]) for a, b in ((0, 40), (40, 60), (60, 60))]
    scaling = AffineScaling(torch.zeros(2), torch.ones(2))
    names = ("standard", "min_max", "robust", "quantile")
    fold = Fold(*splits, dict.fromkeys(names, scaling), (), target_mean=5.0, target_scale=2.0)
    if task == "regression":
        return Dataset(task, "mean_squared", 1, (fold,))
    return Dataset(task, "binary_cross_entropy", 2, (fold,))


def make_run(run_id: int, learning_rate: float = 0.01) -> RunConfig:
    params = {"learning_rate": learning_rate, "optimizer": "sgd", "hidden_size": 8}
    model, training = configure(params, max_epochs=4, patience=4)
    return RunConfig(run_id, 0, model, training, seed=run_id)


def test_runs_train_to_their_last_epoch() -> None:
    executor = InProcessExecutor(make_dataset(), trainer="plain")

    epochs = train_runs(executor, [make_run(3), make_run(5)])

    assert {run_id: len(curve) for run_id, curve in epochs.items()} == {3: 4, 5: 4}
    assert executor.active == ()


def test_a_diverged_run_does_not_stop_the_others() -> None:
    executor = InProcessExecutor(make_dataset(), trainer="plain")

    epochs = train_runs(executor, [make_run(0, learning_rate=1e30), make_run(1)])

    assert len(epochs[0]) < 4
    assert len(epochs[1]) == 4


def test_regression_is_predicted_in_standardized_values() -> None:
    dataset, runs = make_dataset(), [make_run(0)]
    executor = InProcessExecutor(dataset, trainer="plain")
    epochs = train_runs(executor, runs)

    predicted = predict_runs(executor, dataset, runs, epochs)[0]

    loss = ((predicted - dataset.folds[0].valid.targets.numpy()) ** 2).mean()
    assert np.isclose(loss, min(epoch.valid_loss for epoch in epochs[0]), rtol=1e-4)


def test_classes_are_predicted_as_codes() -> None:
    dataset, runs = make_dataset("binary"), [make_run(0)]
    executor = InProcessExecutor(dataset, trainer="plain")
    epochs = train_runs(executor, runs)

    predicted = predict_runs(executor, dataset, runs, epochs)[0]

    assert predicted.shape == (20,)
    assert set(predicted.tolist()) <= {0, 1}


def test_a_run_without_an_epoch_has_no_prediction() -> None:
    executor = InProcessExecutor(make_dataset(), trainer="plain")

    assert predict_runs(executor, make_dataset(), [make_run(0)], {0: ()}) == {}


def test_stored_ids_replace_the_placeholders() -> None:
    planned = [PlannedRun("confirm", "unchanged", make_run(-1)) for _ in range(2)]

    assert [run.config.run_id for run in number_runs(planned, [7, 8])] == [7, 8]


def test_rows_fraction_is_that_of_the_subset() -> None:
    part = dataclasses.replace(make_run(0), rows=RowSubset(0.25))

    assert PlannedRun("data_size", "", part).rows_fraction == 0.25
    assert PlannedRun("data_size", "", make_run(0)).rows_fraction == 1


def test_best_losses_leave_out_runs_without_epochs() -> None:
    runs = [PlannedRun("confirm", "", make_run(0)), PlannedRun("confirm", "", make_run(1))]
    epochs = train_runs(InProcessExecutor(make_dataset(), trainer="plain"), [make_run(0)])

    assert list(best_losses(runs, epochs)) == [0]
