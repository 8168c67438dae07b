from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.utils.class_weight import compute_class_weight

from automl.data.dataset import Fold
from automl.data.folds import class_weights, make_fold
from automl.data.table.columns import ColumnPlan
from automl.data.table.preprocessing import fit_preprocessor
from automl.data.targets import Target, TargetReading

N = 60
READING = TargetReading(ColumnPlan("y", "numeric"), (), "integer")
ROWS = (np.arange(0, 36), np.arange(36, 48))
TEST = np.arange(48, N)


def fold_of(
    targets: np.ndarray,
    goal: Target,
    *,
    weigh_classes: bool = False,
    weights: np.ndarray | None = None,
) -> Fold:
    typed = pd.DataFrame({"a": np.arange(N) / 3})
    fitted = fit_preprocessor([ColumnPlan("a", "numeric")], typed.iloc[ROWS[0]])
    return make_fold(
        fitted, typed, targets, ROWS, TEST, goal, weigh_classes=weigh_classes, weights=weights
    )


def test_regression_targets_are_standardized_by_train_rows() -> None:
    targets = np.random.default_rng(0).normal(50, 9, N)
    fold = fold_of(targets, Target("y", "regression", "mean_squared", READING))
    assert fold.train.targets.mean().item() == pytest.approx(0, abs=1e-6)
    assert fold.train.targets.std(correction=0).item() == pytest.approx(1, abs=1e-6)
    assert fold.target_mean == targets[:36].mean()
    np.testing.assert_allclose(fold.original_targets("test"), targets[TEST], rtol=1e-6)


def test_weights_have_mean_1_in_each_split_and_standardize_the_target() -> None:
    generator = np.random.default_rng(0)
    targets, weights = generator.normal(50, 9, N), generator.uniform(1, 30, N)
    goal = Target("y", "regression", "mean_squared", READING)
    fold = fold_of(targets, goal, weights=weights)
    for name, rows in (("train", ROWS[0]), ("valid", ROWS[1]), ("test", TEST)):
        split = fold.split(name)
        assert split.weights is not None and split.weights.dtype == torch.float32
        np.testing.assert_allclose(split.weights, weights[rows] / weights[rows].mean(), rtol=1e-6)
        assert split.mean_weight == pytest.approx(weights[rows].mean())
        some = split.some(torch.tensor([2, 0]))
        assert some.weights is not None and torch.equal(some.weights, split.weights[[2, 0]])
    own, of_train = targets[ROWS[0]], weights[ROWS[0]]
    assert fold.target_mean == pytest.approx(np.average(own, weights=of_train))
    variance = np.average((own - fold.target_mean) ** 2, weights=of_train)
    assert fold.target_scale == pytest.approx(variance**0.5)


def test_classes_are_weighed_by_the_weights_of_their_rows() -> None:
    goal = Target("y", "binary", "binary_cross_entropy", READING, ("no", "yes"))
    codes = (np.arange(N) % 4 == 0).astype(np.int64)
    weights = np.where(codes == 1, 6.0, 1.0)
    fold = fold_of(codes, goal, weigh_classes=True, weights=weights)
    assert fold.class_weights is not None and fold.train.weights is not None
    product = fold.train.weights * fold.class_weights[fold.train.targets]
    of_each = [product[fold.train.targets == code].sum().item() for code in (0, 1)]
    assert of_each == pytest.approx([18, 18], rel=1e-5)  # half of the 36 train rows each


def test_equal_train_targets_are_not_divided_by_zero() -> None:
    targets = np.where(np.arange(N) < 36, 3.0, np.arange(N))
    fold = fold_of(targets, Target("y", "regression", "mean_squared", READING))
    assert fold.target_scale == 1.0
    assert torch.isfinite(fold.valid.targets).all()


def test_classes_stay_codes_and_are_weighed_only_if_asked() -> None:
    goal = Target("y", "binary", "binary_cross_entropy", READING, ("no", "yes"))
    codes = (np.arange(N) % 4 == 0).astype(np.int64)
    plain, weighed = fold_of(codes, goal), fold_of(codes, goal, weigh_classes=True)
    assert plain.class_weights is None
    assert plain.train.targets.dtype == torch.int64
    assert (len(plain.train), len(plain.valid), len(plain.test)) == (36, 12, 12)
    assert weighed.class_weights is not None
    assert weighed.class_weights.tolist() == pytest.approx([36 / 27 / 2, 2.0])


def test_class_weights_are_those_of_scikit_learn() -> None:
    codes = np.repeat([0, 1, 2], [60, 30, 10])
    expected = compute_class_weight("balanced", classes=np.arange(3), y=codes)
    np.testing.assert_allclose(class_weights(codes, 3), expected, rtol=1e-6)


def test_a_class_without_train_rows_gets_weight_one() -> None:
    assert class_weights(np.array([0, 0, 2, 2]), 3).tolist() == [1.0, 1.0, 1.0]
