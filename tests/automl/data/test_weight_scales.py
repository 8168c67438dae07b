"""Weights of mean 1, and what rows of several splits weigh beside each other."""

from __future__ import annotations

import numpy as np
import pytest

from automl.data.weight_scales import pooled_weights, scaled_weights
from tests.contracts.tiny_datasets import tiny_dataset


def test_the_largest_numbers_have_a_mean() -> None:
    assert scaled_weights(np.array([1e308, 1e308, 1.3e308])).mean() == pytest.approx(1)


def test_rows_of_several_splits_weigh_what_they_were_given_as() -> None:
    (fold,) = tiny_dataset(is_weighted=True).folds
    pooled = pooled_weights((fold.valid, fold.test))
    assert pooled is not None and pooled.mean() == pytest.approx(1)
    first, second = np.split(pooled, [len(fold.valid)])
    ratio = fold.valid.mean_weight / fold.test.mean_weight
    assert first.mean() / second.mean() == pytest.approx(ratio, rel=1e-5)
    (plain,) = tiny_dataset().folds
    assert pooled_weights((plain.valid, plain.test)) is None
