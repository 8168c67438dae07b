"""Validation rows become train rows, encoded as they were."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from automl.data.dataset import Dataset, Fold
from automl.data.folds import class_weights
from automl.data.refitting import fold_to_refit, with_valid_rows_to_train
from tests.contracts.tiny_datasets import tiny_dataset


def with_classes_weighed(dataset: Dataset) -> Dataset:
    def weighed(fold: Fold) -> Fold:
        targets = fold.train.targets.numpy()
        return replace(fold, class_weights=class_weights(targets, dataset.n_classes))

    return replace(dataset, folds=tuple(map(weighed, dataset.folds)))


@pytest.mark.parametrize("with_categories", [False, True])
def test_the_fold_has_all_its_rows_to_train_and_the_others_are_as_they_were(
    with_categories: bool,
) -> None:
    before = tiny_dataset(with_categories=with_categories)
    after = with_valid_rows_to_train(before)
    fold, refitted = before.folds[0], after.folds[0]
    n_train = len(fold.train)
    assert len(refitted.train) == n_train + len(fold.valid)
    assert torch.equal(refitted.train.targets[:n_train], fold.train.targets)
    assert torch.equal(refitted.train.targets[n_train:], fold.valid.targets)
    for joined, first, second in zip(
        refitted.train.inputs.columns(),
        fold.train.inputs.columns(),
        fold.valid.inputs.columns(),
        strict=True,
    ):
        assert torch.equal(joined, torch.cat([first, second]))
    assert (refitted.valid, refitted.test) == (fold.valid, fold.test)
    assert refitted.encoding is fold.encoding and after.folds[1:] == before.folds[1:]
    assert after.describe().n_rows == n_train + len(fold.valid)


def test_classes_are_weighed_by_all_rows_where_they_are_weighed() -> None:
    dataset = tiny_dataset()
    assert with_valid_rows_to_train(dataset).folds[0].class_weights is None
    fold = with_valid_rows_to_train(with_classes_weighed(dataset)).folds[0]
    assert fold.class_weights is not None
    expected = class_weights(fold.train.targets.numpy(), dataset.n_classes)
    assert torch.equal(fold.class_weights, expected)


def test_rows_that_are_joined_weigh_beside_each_other_what_they_were_given_as() -> None:
    before = tiny_dataset(is_weighted=True).folds[0]
    after = with_valid_rows_to_train(with_classes_weighed(tiny_dataset(is_weighted=True))).folds[0]
    weights = after.train.weights
    assert weights is not None and before.train.weights is not None
    assert before.valid.weights is not None
    assert weights.mean().item() == pytest.approx(1, rel=1e-6)
    given = [
        before.train.weights * before.train.mean_weight,
        before.valid.weights * before.valid.mean_weight,
    ]
    ratios = weights / torch.cat(given)
    assert ratios.min().item() == pytest.approx(ratios.max().item(), rel=1e-5)
    assert after.class_weights is not None
    of_rows = after.class_weights[after.train.targets]
    assert (weights * of_rows).mean().item() == pytest.approx(1, rel=1e-5)


def test_of_folds_by_time_the_last_one_has_all_rows() -> None:
    (fold,) = tiny_dataset().folds[:1]
    short = replace(fold, train=fold.valid)
    assert fold_to_refit(replace(tiny_dataset(), folds=(short, fold, fold))) == 1
