from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from automl.data.baselines import linear_predictions
from automl.data.boosted_trees import tree_predictions
from automl.data.dataset import Dataset, Split
from automl.data.guessing import trivial_predictions
from automl.training.metrics import score
from tests.contracts.tiny_datasets import TASKS, tiny_dataset


def loss_of(predictions: torch.Tensor, dataset: Dataset, name: str = "test") -> float:
    fold = dataset.folds[0]
    return score(
        predictions,
        fold.original_targets(name),
        task=dataset.task,
        loss=dataset.loss,
        target_scale=fold.target_scale,
    )["loss"]


@pytest.mark.parametrize("loss", TASKS)
@pytest.mark.parametrize("with_categories", [False, True])
def test_a_linear_model_beats_the_constant(loss: str, with_categories: bool) -> None:
    dataset = tiny_dataset(loss, n_rows=250, with_categories=with_categories)
    trivial, linear = trivial_predictions(dataset), linear_predictions(dataset)
    assert loss_of(linear.test, dataset) < loss_of(trivial.test, dataset)
    assert loss_of(linear.valid, dataset, "valid") < loss_of(trivial.valid, dataset, "valid")


@pytest.mark.parametrize("loss", TASKS)
@pytest.mark.parametrize("predict", [trivial_predictions, linear_predictions])
def test_predictions_have_the_form_of_a_network_s(loss: str, predict) -> None:
    dataset = tiny_dataset(loss, n_folds=2)
    fold = dataset.folds[1]
    predictions = predict(dataset, 1)
    for values, split in ((predictions.valid, fold.valid), (predictions.test, fold.test)):
        assert values.dtype == torch.float32
        if dataset.task == "regression":
            assert values.shape == (len(split),)
        else:
            assert values.shape == (len(split), dataset.n_classes)
            torch.testing.assert_close(values.sum(dim=1), torch.ones(len(split)))


def without_class_two(dataset: Dataset, kept: int = 1) -> Dataset:
    fold = dataset.folds[0]
    codes = fold.train.targets.clamp(max=kept)
    return replace(dataset, folds=(replace(fold, train=replace(fold.train, targets=codes)),))


def test_a_class_without_train_rows_is_unlikely_but_possible() -> None:
    dataset = without_class_two(tiny_dataset("cross_entropy"))
    for predictions in (trivial_predictions(dataset), linear_predictions(dataset)):
        assert 0 < predictions.test[:, 2].max() < 0.05
        assert np.isfinite(loss_of(predictions.test, dataset))


def test_one_class_in_the_train_rows_is_no_error() -> None:
    dataset = without_class_two(tiny_dataset("cross_entropy"), kept=0)
    linear, trivial = linear_predictions(dataset), trivial_predictions(dataset)
    assert linear.test.equal(trivial.test)


def test_the_regression_minimizes_the_loss_that_is_asked() -> None:
    """With gross errors in some train targets, absolute loss stays with the bulk."""
    squared = tiny_dataset("mean_squared", n_rows=250)
    fold = squared.folds[0]
    spoilt = fold.train.targets.clone()
    spoilt[::10] += 20
    folds = (replace(fold, train=replace(fold.train, targets=spoilt)),)
    losses = {
        loss: loss_of(
            linear_predictions(replace(squared, loss=loss, folds=folds)).test,
            replace(squared, loss="mean_absolute", folds=folds),
        )
        for loss in ("mean_squared", "huber", "mean_absolute")
    }
    assert losses["mean_absolute"] < 0.5 * losses["mean_squared"]
    assert losses["huber"] < 0.5 * losses["mean_squared"]


@pytest.mark.parametrize("loss", TASKS)
@pytest.mark.parametrize("predict", [linear_predictions, tree_predictions])
def test_a_model_is_better_where_rows_weigh_much(loss: str, predict: Any) -> None:
    """Two halves of the rows whose targets are each other's opposite."""
    (fold,) = tiny_dataset(loss, n_rows=600).folds
    dataset = tiny_dataset(loss, n_rows=600)

    def opposite(split: Split, heavy_weight: float) -> Split:
        heavy = split.inputs.columns()[0][:, 3] > 1
        n_classes = dataset.n_classes
        turned = -split.targets if n_classes == 1 else n_classes - 1 - split.targets
        weights = torch.where(heavy, heavy_weight, 1.0)
        targets = torch.where(heavy, turned, split.targets)
        return replace(split, targets=targets, weights=weights / weights.mean())

    def loss_of_heavy(heavy_weight: float) -> float:
        turned = {
            name: opposite(fold.split(name), heavy_weight) for name in ("train", "valid", "test")
        }
        given = replace(dataset, folds=(replace(fold, **turned),))
        rows = given.folds[0].test.inputs.columns()[0][:, 3] > 1
        return score(
            predict(given).test[rows],
            given.folds[0].original_targets("test")[rows],
            task=dataset.task,
            loss=dataset.loss,
            target_scale=fold.target_scale,
        )["loss"]

    assert loss_of_heavy(50.0) < loss_of_heavy(0.02)
