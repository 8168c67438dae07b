"""From rows of any kind, with targets, to a data set of folds, each encoded by its train rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from automl.data.dataset import Dataset, Fold, Split
from automl.data.encoders import Encoder
from automl.data.inputs import Inputs
from automl.data.splits import RowFacts, Rows, RowSplit, split_rows
from automl.data.targets import Target
from automl.errors import ConfigError
from automl.options.search_options import SplitOptions


@dataclass(frozen=True, slots=True)
class Divided:
    """A data set, the encoders of its folds, and which rows went where."""

    dataset: Dataset
    encoders: tuple[Encoder, ...]
    split: RowSplit


def divide(
    rows: Any,
    targets: NDArray[Any],
    facts: RowFacts,
    goal: Target,
    *,
    fit: Callable[[Rows], Encoder],
    splits: SplitOptions,
    weigh_classes: bool,
) -> Divided:
    """Divide rows, and encode them as each fold sees them.

    Args:
        rows: all of them, as `Encoder.inputs` takes them.
        targets: class codes or numbers of all rows.
        fit: makes an encoder of the train rows at some positions.

    Raises:
        DataError, ConfigError: as for `split_rows`; classes of a regression cannot be weighed.
    """
    if weigh_classes and goal.task == "regression":
        raise ConfigError("class weights need classes, but the task is regression")
    split = split_rows(
        facts,
        n_folds=splits.folds,
        seed=splits.split_seed,
        valid_fraction=splits.valid_fraction,
        test_fraction=splits.test_fraction,
    )
    encoders = tuple(fit(train) for train, _ in split.folds)
    folds = tuple(
        make_fold(encoder, rows, targets, positions, split.test, goal, weigh_classes=weigh_classes)
        for encoder, positions in zip(encoders, split.folds, strict=True)
    )
    return Divided(Dataset(goal.task, goal.loss, goal.n_classes, folds), encoders, split)


def make_fold(
    encoder: Encoder,
    rows: Any,
    targets: NDArray[Any],
    positions: tuple[Rows, Rows],
    test: Rows,
    goal: Target,
    *,
    weigh_classes: bool,
) -> Fold:
    """Encode a fold's train and valid rows, and the test rows, as this fold sees them.

    Args:
        encoder: fitted on the fold's train rows.
        rows, targets: all rows.
        positions: of train and of valid rows.
    """
    train_targets = targets[positions[0]]
    mean, scale = 0.0, 1.0
    if goal.task == "regression":
        mean = float(train_targets.mean())
        scale = float(train_targets.std()) or 1.0  # all equal in these rows
    inputs: Inputs = encoder.inputs(rows)

    def split(chosen: Rows) -> Split:
        values = targets[chosen]
        if goal.task == "regression":
            values = ((values - mean) / scale).astype(np.float32)
        return Split(inputs[torch.from_numpy(chosen)], torch.from_numpy(values))

    return Fold(
        train=split(positions[0]),
        valid=split(positions[1]),
        test=split(test),
        encoding=encoder.encoding,
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
