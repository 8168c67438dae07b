from __future__ import annotations

import torch

from automl.data.guessing import trivial_predictions
from tests.contracts.tiny_datasets import tiny_dataset


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
