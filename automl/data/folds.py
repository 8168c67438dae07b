"""From split rows to the tensors of one fold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from automl.data.dataset import Fold, Split
from automl.data.splits import Rows
from automl.data.table.inputs import TableEncoding, TableInputs
from automl.data.table.preprocessing import Preprocessor
from automl.data.targets import Target


def make_fold(
    preprocessor: Preprocessor,
    typed: pd.DataFrame,
    targets: NDArray[Any],
    rows: tuple[Rows, Rows],
    test: Rows,
    goal: Target,
    *,
    weigh_classes: bool,
) -> Fold:
    """Encode a fold's train and valid rows, and the test rows, as this fold sees them.

    Args:
        preprocessor: fitted on the fold's train rows.
        typed, targets: all rows.
    """
    train_targets = targets[rows[0]]
    mean, scale = 0.0, 1.0
    if goal.task == "regression":
        mean = float(train_targets.mean())
        scale = float(train_targets.std()) or 1.0  # all equal in these rows

    encoded = preprocessor.encode_typed(typed)

    def split(positions: Rows) -> Split:
        chosen = targets[positions]
        if goal.task == "regression":
            chosen = ((chosen - mean) / scale).astype(np.float32)
        inputs = TableInputs(
            torch.from_numpy(encoded.numeric[positions]),
            torch.from_numpy(encoded.quantile[positions]),
            torch.from_numpy(encoded.categories[positions]),
        )
        return Split(inputs, torch.from_numpy(chosen))

    return Fold(
        train=split(rows[0]),
        valid=split(rows[1]),
        test=split(test),
        encoding=TableEncoding(preprocessor.scalings, preprocessor.cardinalities),
        target_mean=mean,
        target_scale=scale,
        class_weights=class_weights(train_targets, goal.n_classes) if weigh_classes else None,
    )


def class_weights(codes: NDArray[np.int64], n_classes: int) -> torch.Tensor:
    """Inverse frequencies that average to 1 over the train rows; 1 for a class without any.

    Shape:
        (C,) float32.

    Source:
        King & Zeng 2001; scikit-learn's class_weight="balanced".
    """
    counts = np.bincount(codes, minlength=n_classes)
    n_present = np.count_nonzero(counts)
    weights = np.where(counts > 0, len(codes) / (n_present * np.maximum(counts, 1)), 1.0)
    return torch.tensor(weights, dtype=torch.float32)
