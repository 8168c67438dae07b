"""Boosted trees as a reference: on every task they learn, and never say "never"."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.ensemble import HistGradientBoostingRegressor

from automl.data import boosted_trees, tree_growth
from automl.data.baselines import linear_predictions
from automl.data.boosted_trees import tree_predictions
from automl.data.guessing import trivial_predictions
from automl.data.tree_growth import FULL_EFFORT, USUAL, Growth
from tests.automl.data.test_baselines import loss_of, without_class_two
from tests.contracts.tiny_datasets import TASKS, tiny_dataset


@pytest.mark.parametrize("loss", TASKS)
def test_trees_learn_what_a_linear_model_cannot(loss: str) -> None:
    """The tiny tables' targets are products and sines of their inputs."""
    dataset = tiny_dataset(loss, n_rows=600)
    trees = tree_predictions(dataset)
    linear = linear_predictions(dataset)
    assert loss_of(trees.test, dataset) < 0.9 * loss_of(linear.test, dataset)
    assert loss_of(trees.valid, dataset, "valid") < 0.9 * loss_of(linear.valid, dataset, "valid")


@pytest.mark.parametrize("loss", TASKS)
def test_predictions_have_the_form_of_a_network_s(loss: str) -> None:
    dataset = tiny_dataset(loss, n_folds=2, with_categories=True)
    fold = dataset.folds[1]
    trees = tree_predictions(dataset, 1)
    for values, split in ((trees.valid, fold.valid), (trees.test, fold.test)):
        assert values.dtype == torch.float32
        if dataset.task == "regression":
            assert values.shape == (len(split),)
        else:
            assert values.shape == (len(split), dataset.n_classes)
            torch.testing.assert_close(values.sum(dim=1), torch.ones(len(split)))


def test_the_number_of_trees_has_the_lowest_loss_on_the_validation_rows() -> None:
    dataset = tiny_dataset("mean_squared", n_rows=400)
    fold = dataset.folds[0]
    further = HistGradientBoostingRegressor(early_stopping=False, max_iter=200)
    further.fit(fold.train.inputs.numeric.numpy(), fold.train.targets.numpy())
    valid_targets = fold.valid.targets.double().numpy()
    stages = list(further.staged_predict(fold.valid.inputs.numeric.numpy()))
    losses = [np.mean((stage - valid_targets) ** 2) for stage in stages]
    best = int(np.argmin(losses))
    assert USUAL.patience < best + USUAL.patience < 200
    expected = torch.from_numpy(stages[best] * fold.target_scale + fold.target_mean).float()
    trees = tree_predictions(dataset)
    torch.testing.assert_close(trees.valid, expected)
    assert trees.is_final


def test_they_are_the_same_whenever_they_are_fitted() -> None:
    """Half of the columns are drawn for each split, by a number that is always the same."""
    dataset = tiny_dataset("cross_entropy", n_rows=600, with_categories=True)
    assert Growth.of(dataset, dataset.folds[0], FULL_EFFORT).kind.columns < 1
    np.random.seed(1)
    first = tree_predictions(dataset)
    np.random.seed(2)
    assert tree_predictions(dataset).test.equal(first.test)


def test_they_are_not_final_where_their_effort_ends_before_their_gain(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dataset = tiny_dataset("mean_squared", n_rows=600)
    monkeypatch.setattr(tree_growth, "LEAST_ROUNDS", 10)
    bounded, full = (tree_predictions(dataset, effort=effort) for effort in (0, FULL_EFFORT))
    assert not bounded.is_final
    assert full.is_final
    assert loss_of(full.test, dataset) < loss_of(bounded.test, dataset)


def test_classes_that_no_train_row_has_choose_nothing() -> None:
    """Of validation rows that are all of such a class nothing can be learned: it is guessed."""
    dataset = without_class_two(tiny_dataset("cross_entropy"))
    fold = dataset.folds[0]
    unknown = replace(fold.valid, targets=torch.full_like(fold.valid.targets, 2))
    dataset = replace(dataset, folds=(replace(fold, valid=unknown),))
    assert tree_predictions(dataset).test.equal(trivial_predictions(dataset).test)


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
    assert loss_of(tree_predictions(dataset).test, dataset) < 0.01


def test_a_category_that_no_train_row_has_is_no_error() -> None:
    dataset = tiny_dataset("cross_entropy", with_categories=True)
    fold = dataset.folds[0]
    seen = fold.train.inputs.categories.clamp(max=2)
    train = replace(fold.train, inputs=replace(fold.train.inputs, categories=seen))
    dataset = replace(dataset, folds=(replace(fold, train=train),))
    assert np.isfinite(loss_of(tree_predictions(dataset).test, dataset))


def test_a_class_without_train_rows_is_unlikely_but_possible() -> None:
    dataset = without_class_two(tiny_dataset("cross_entropy"))
    predictions = tree_predictions(dataset)
    assert 0 < predictions.test[:, 2].max() < 0.05
    assert np.isfinite(loss_of(predictions.test, dataset))


def test_one_class_in_the_train_rows_is_guessed() -> None:
    dataset = without_class_two(tiny_dataset("cross_entropy"), kept=0)
    assert tree_predictions(dataset).test.equal(trivial_predictions(dataset).test)


def test_no_class_is_impossible_though_trees_are_certain() -> None:
    """A wrong label in the test rows costs much, but not everything."""
    dataset = tiny_dataset("binary_cross_entropy", n_rows=600)
    fold = dataset.folds[0]
    splits = {
        name: replace(fold.split(name), targets=(fold.split(name).inputs.numeric[:, 1] > 1).long())
        for name in ("train", "valid", "test")
    }
    predictions = tree_predictions(replace(dataset, folds=(replace(fold, **splits),)))
    assert 0 < predictions.test.min() < 1e-3


@pytest.mark.parametrize("fit", [linear_predictions, tree_predictions])
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
