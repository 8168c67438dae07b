"""Boosted trees as a reference: on every task they learn, stop in time, and never say "never"."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.ensemble import HistGradientBoostingRegressor

from automl.data import boosted_trees
from automl.data.baselines import linear_predictions
from automl.data.boosted_trees import BoostedTrees
from automl.data.dataset import Dataset
from automl.data.guessing import trivial_predictions
from tests.automl.data.test_baselines import loss_of, without_class_two
from tests.contracts.tiny_datasets import TASKS, tiny_dataset


def grown(dataset: Dataset, fold: int = 0) -> BoostedTrees:
    trees = BoostedTrees(dataset, fold)
    while not trees.is_grown:
        trees.grow()
    return trees


@pytest.mark.parametrize("loss", TASKS)
def test_trees_learn_what_a_linear_model_cannot(loss: str) -> None:
    """The tiny tables' targets are products and sines of their inputs."""
    dataset = tiny_dataset(loss, n_rows=600)
    trees = grown(dataset).predictions
    linear = linear_predictions(dataset)
    assert loss_of(trees.test, dataset) < 0.9 * loss_of(linear.test, dataset)
    assert loss_of(trees.valid, dataset, "valid") < 0.9 * loss_of(linear.valid, dataset, "valid")


@pytest.mark.parametrize("loss", TASKS)
@pytest.mark.parametrize("n_steps", [0, 2])
def test_predictions_have_the_form_of_a_network_s(loss: str, n_steps: int) -> None:
    dataset = tiny_dataset(loss, n_folds=2, with_categories=True)
    fold = dataset.folds[1]
    trees = BoostedTrees(dataset, 1)
    for _ in range(n_steps):
        trees.grow()
    for values, split in (
        (trees.predictions.valid, fold.valid),
        (trees.predictions.test, fold.test),
    ):
        assert values.dtype == torch.float32
        if dataset.task == "regression":
            assert values.shape == (len(split),)
        else:
            assert values.shape == (len(split), dataset.n_classes)
            torch.testing.assert_close(values.sum(dim=1), torch.ones(len(split)))


def test_growing_in_steps_gives_the_trees_that_growing_at_once_gives() -> None:
    """And the number of trees is the one with the lowest loss on the validation rows."""
    dataset = tiny_dataset("mean_squared", n_rows=400)
    fold = dataset.folds[0]
    trees = grown(dataset)
    at_once = HistGradientBoostingRegressor(early_stopping=False, max_iter=200)
    at_once.fit(fold.train.inputs.numeric.numpy(), fold.train.targets.numpy())
    valid_targets = fold.valid.targets.double().numpy()
    stages = list(at_once.staged_predict(fold.valid.inputs.numeric.numpy()))
    losses = [np.mean((stage - valid_targets) ** 2) for stage in stages]
    best = int(np.argmin(losses))
    assert boosted_trees.STEP < best + boosted_trees.PATIENCE < 200
    expected = torch.from_numpy(stages[best] * fold.target_scale + fold.target_mean).float()
    torch.testing.assert_close(trees.predictions.valid, expected)


def test_they_end_at_the_most_that_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boosted_trees, "MAX_ITERATIONS", 22)
    trees = BoostedTrees(tiny_dataset("mean_squared"))
    trees.grow()
    assert not trees.is_grown
    trees.grow()
    before = trees.predictions
    assert trees.is_grown
    assert trees.is_presentable
    trees.grow()
    assert trees.predictions.test is before.test


def test_they_are_no_reference_before_they_have_learned() -> None:
    trees = BoostedTrees(tiny_dataset("mean_squared", n_rows=600))
    found = []
    while not trees.is_presentable:
        found.append(loss_of(trees.predictions.test, tiny_dataset("mean_squared", n_rows=600)))
        trees.grow()
    assert len(found) == boosted_trees.PRESENTABLE // boosted_trees.STEP
    assert found == sorted(found, reverse=True), "each step was better"


@pytest.mark.parametrize("most", [0, 255])
def test_categories_are_split_as_such_or_by_their_codes(
    most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A target that is a matter of single categories, in no order of their codes."""
    dataset = tiny_dataset("mean_squared", n_rows=600, with_categories=True)
    monkeypatch.setattr(boosted_trees, "MAX_NATIVE_CATEGORIES", most)
    values = torch.tensor([1.0, -1.0, 0.5, -0.5, 1.5, -1.5, 2.0, -2.0, 0.0])
    fold = dataset.folds[0]
    splits = {
        name: replace(fold.split(name), targets=values[fold.split(name).inputs.categories[:, 1]])
        for name in ("train", "valid", "test")
    }
    dataset = replace(dataset, folds=(replace(fold, **splits),))
    assert loss_of(grown(dataset).predictions.test, dataset) < 0.01


def test_a_category_that_no_train_row_has_is_no_error() -> None:
    dataset = tiny_dataset("cross_entropy", with_categories=True)
    fold = dataset.folds[0]
    seen = fold.train.inputs.categories.clamp(max=2)
    train = replace(fold.train, inputs=replace(fold.train.inputs, categories=seen))
    dataset = replace(dataset, folds=(replace(fold, train=train),))
    assert np.isfinite(loss_of(grown(dataset).predictions.test, dataset))


def test_a_class_without_train_rows_is_unlikely_but_possible() -> None:
    dataset = without_class_two(tiny_dataset("cross_entropy"))
    predictions = grown(dataset).predictions
    assert 0 < predictions.test[:, 2].max() < 0.05
    assert np.isfinite(loss_of(predictions.test, dataset))


def test_one_class_in_the_train_rows_is_guessed() -> None:
    dataset = without_class_two(tiny_dataset("cross_entropy"), kept=0)
    trees = BoostedTrees(dataset)
    assert trees.is_grown
    assert trees.predictions.test.equal(trivial_predictions(dataset).test)


def test_no_class_is_impossible_though_trees_are_certain() -> None:
    """A wrong label in the test rows costs much, but not everything."""
    dataset = tiny_dataset("binary_cross_entropy", n_rows=600)
    fold = dataset.folds[0]
    splits = {
        name: replace(fold.split(name), targets=(fold.split(name).inputs.numeric[:, 1] > 1).long())
        for name in ("train", "valid", "test")
    }
    predictions = grown(replace(dataset, folds=(replace(fold, **splits),))).predictions
    assert 0 < predictions.test.min() < 1e-3


@pytest.mark.parametrize("fit", [linear_predictions, lambda data: grown(data).predictions])
def test_where_classes_are_weighed_the_rare_one_is_found_more_often(fit) -> None:
    dataset = tiny_dataset("binary_cross_entropy", n_rows=600)
    fold = dataset.folds[0]
    rare = {
        name: replace(fold.split(name), targets=_rare(fold.split(name).inputs.numeric))
        for name in ("train", "valid", "test")
    }
    plain = replace(fold, **rare)
    counts = torch.bincount(plain.train.targets)
    weighed = replace(plain, class_weights=len(plain.train) / (2 * counts.float()))
    found = [
        int((fit(replace(dataset, folds=(one,))).test[:, 1] > 0.5).sum())
        for one in (plain, weighed)
    ]
    assert found[1] > 2 * found[0]


def _rare(numeric: torch.Tensor) -> torch.Tensor:
    """One row in ten, and only in part a matter of the inputs."""
    noise = torch.randn(len(numeric), generator=torch.Generator().manual_seed(1))
    return ((numeric[:, 1] - 1) / 3 + 1.5 * noise > 2.2).long()
