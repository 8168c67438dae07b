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


def fold_of(targets: np.ndarray, goal: Target, *, weigh_classes: bool = False) -> Fold:
    typed = pd.DataFrame({"a": np.arange(N) / 3})
    fitted = fit_preprocessor([ColumnPlan("a", "numeric")], typed.iloc[ROWS[0]])
    return make_fold(fitted, typed, targets, ROWS, TEST, goal, weigh_classes=weigh_classes)


def test_regression_targets_are_standardized_by_train_rows() -> None:
    targets = np.random.default_rng(0).normal(50, 9, N)
    fold = fold_of(targets, Target("y", "regression", "mean_squared", READING))
    assert fold.train.targets.mean().item() == pytest.approx(0, abs=1e-6)
    assert fold.train.targets.std(correction=0).item() == pytest.approx(1, abs=1e-6)
    assert fold.target_mean == targets[:36].mean()
    np.testing.assert_allclose(fold.original_targets("test"), targets[TEST], rtol=1e-6)


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
