from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from automl.data.guessing import trivial_predictions
from tests.contracts.tiny_datasets import TASKS, tiny_dataset


def test_the_constant_is_what_minimizes_the_loss() -> None:
    """Mean for squared errors, median for absolute ones, in the target's own unit."""
    for loss, centre in (("mean_squared", torch.mean), ("mean_absolute", torch.median)):
        dataset = tiny_dataset(loss, n_rows=155)  # 93 train rows: the median is one of them
        expected = centre(dataset.folds[0].original_targets("train"))
        predicted = trivial_predictions(dataset).test
        torch.testing.assert_close(predicted.double(), expected.expand(len(predicted)))


def test_frequencies_are_those_of_the_train_rows() -> None:
    dataset = tiny_dataset("cross_entropy")
    counts = torch.bincount(dataset.folds[0].train.targets, minlength=3)
    expected = (counts + 1) / (counts.sum() + 3)
    torch.testing.assert_close(trivial_predictions(dataset).valid[0], expected.float())


@pytest.mark.parametrize("loss", TASKS)
def test_rows_count_by_their_weights(loss: str) -> None:
    """By whole numbers: as rows that are there so often."""
    (fold,) = tiny_dataset(loss).folds
    often = torch.arange(len(fold.train)) % 3 + 1
    given = often.float()
    train = replace(fold.train, weights=given / given.mean())
    twice = fold.train.some(torch.arange(len(fold.train)).repeat_interleave(often))
    dataset = tiny_dataset(loss)
    weighted, repeated = (
        trivial_predictions(replace(dataset, folds=(replace(fold, train=one),)))
        for one in (train, twice)
    )
    # Laplace's rule adds a row of each class, which are a larger part of fewer rows; and between
    # two values any is a median.
    tolerance = 1e-5 if loss == "mean_squared" else 0.03
    assert weighted.test[0].tolist() == pytest.approx(repeated.test[0].tolist(), abs=tolerance)
    plain = trivial_predictions(dataset)
    assert not torch.equal(weighted.test, plain.test)
