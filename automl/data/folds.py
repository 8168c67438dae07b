"""From rows of any kind, with targets, to a data set of folds, each encoded by its train rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from automl.data.dataset import Dataset, Fold, Split
from automl.data.encoders import Encoder
from automl.data.inputs import Inputs
from automl.data.row_weights import Floats, scaled_weights
from automl.data.splits import RowFacts, Rows, RowSplit, split_rows
from automl.data.targets import Target
from automl.errors import ConfigError
from automl.options.data_options import SplitOptions


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
    weights: Floats | None = None,
) -> Divided:
    """Divide rows, and encode them as each fold sees them.

    Args:
        rows: all of them, as `Encoder.inputs` takes them.
        targets: class codes or numbers of all rows.
        weights: of all rows, above 0; None: all weigh the same.
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
    make = partial(make_fold, weigh_classes=weigh_classes, weights=weights)
    folds = tuple(
        make(encoder, rows, targets, positions, split.test, goal)
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
    weights: Floats | None = None,
) -> Fold:
    """Encode a fold's train and valid rows, and the test rows, as this fold sees them.

    Args:
        encoder: fitted on the fold's train rows.
        rows, targets, weights: all rows.
        positions: of train and of valid rows.
    """
    train_targets = targets[positions[0]]
    mean, scale = 0.0, 1.0
    of_train = None if weights is None else scaled_weights(weights[positions[0]])
    if goal.task == "regression":
        mean, scale = _mean_and_scale(train_targets, of_train)
    inputs: Inputs = encoder.inputs(rows)

    def split(chosen: Rows) -> Split:
        values = targets[chosen]
        if goal.task == "regression":
            values = ((values - mean) / scale).astype(np.float32)
        split = Split(inputs[torch.from_numpy(chosen)], torch.from_numpy(values))
        return split if weights is None else _weighted(split, weights[chosen])

    return Fold(
        train=split(positions[0]),
        valid=split(positions[1]),
        test=split(test),
        encoding=encoder.encoding,
        target_mean=mean,
        target_scale=scale,
        class_weights=(
            class_weights(train_targets, goal.n_classes, of_train) if weigh_classes else None
        ),
    )


def _mean_and_scale(targets: NDArray[Any], weights: Floats | None) -> tuple[float, float]:
    """Mean and standard deviation of train targets, by the weights of their rows."""
    if weights is None:
        mean, scale = float(targets.mean()), float(targets.std())
    else:
        mean = float(np.average(targets, weights=weights))
        scale = float(np.sqrt(np.average((targets - mean) ** 2, weights=weights)))
    return mean, scale or 1.0  # all equal in these rows


def _weighted(split: Split, weights: Floats) -> Split:
    scaled = torch.from_numpy(scaled_weights(weights).astype(np.float32))
    mean = float((weights / len(weights)).sum())  # the sum of large ones may be none
    return replace(split, weights=scaled, mean_weight=mean)


def class_weights(
    codes: NDArray[np.int64], n_classes: int, weights: Floats | None = None
) -> torch.Tensor:
    """Inverse frequencies that average to 1 over the train rows; 1 for a class without any.

    Args:
        weights: of the rows, of mean 1, by which frequencies are counted; None: all are 1.

    Shape:
        codes, weights: (N,); result: (C,) float32.

    Source:
        King & Zeng 2001; scikit-learn's class_weight="balanced".
    """
    counts = np.bincount(codes, weights, minlength=n_classes)
    n_present = np.count_nonzero(counts)
    least = counts[counts > 0].min(initial=1.0)
    inverse = np.where(counts > 0, len(codes) / (n_present * np.maximum(counts, least)), 1.0)
    return torch.tensor(inverse, dtype=torch.float32)
