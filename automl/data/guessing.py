"""What every model has to beat: the best constant, of a fold's train rows.

Here is also what each reference gives: predictions in the form of
`automl.training.predictions.predict`, so that the same scores apply. No library of models is
loaded for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from automl.data.dataset import Dataset, Fold, Split
from automl.data.weight_scales import pooled_weights

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Predictions:
    """What a baseline says of the rows it was not fitted on.

    Shape:
        valid, test: (N, C) probabilities (binary: C = 2), or (N,) in the target's own unit.
    """

    valid: Tensor
    test: Tensor
    is_final: bool = True  # False: it was still getting better when its effort was spent


def trivial_predictions(dataset: Dataset, fold: int = 0) -> Predictions:
    """Predict the class frequencies, or the mean (for mean_absolute the median).

    Frequencies are (n + 1) / (N + C), Laplace's rule, so that a class without train rows does
    not make the loss infinite. Huber takes whichever of mean and median has the lower loss. Where
    rows have weights, of mean 1, they count by these.
    """
    rows = dataset.folds[fold]
    if dataset.task == "regression":
        targets, weights = rows.train.targets.double().numpy(), plain_weights(rows.train)
        centre = min(
            (np.average(targets, weights=weights), _median(targets, weights)),
            key=lambda c: regression_loss(dataset, c - targets, weights),
        )
        constant = np.full(max(len(rows.valid), len(rows.test)), centre)
        return in_own_unit(rows, constant[: len(rows.valid)], constant[: len(rows.test)])
    codes, of_rows = rows.train.targets.numpy(), plain_weights(rows.train)
    counts = np.bincount(codes, of_rows, minlength=dataset.n_classes)
    frequencies = torch.tensor((counts + 1.0) / (counts.sum() + dataset.n_classes)).float()
    return Predictions(
        frequencies.repeat(len(rows.valid), 1), frequencies.repeat(len(rows.test), 1)
    )


def plain_weights(split: Split) -> Floats | None:
    """What a split's rows weigh, (N,), mean 1; None where all weigh the same."""
    return pooled_weights((split,))


def _median(values: Floats, weights: Floats | None) -> float:
    """The median; of weighted rows the value at which half of all weight is reached."""
    if weights is None:
        return float(np.median(values))
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    return float(values[order[np.searchsorted(reached, reached[-1] / 2)]])


def regression_loss(dataset: Dataset, errors: Floats, weights: Floats | None = None) -> float:
    """The plain regression loss of errors in standardized units, by the weights of their rows."""
    size = np.abs(errors)
    if dataset.loss == "mean_squared":
        losses = size**2
    elif dataset.loss == "mean_absolute":
        losses = size
    else:
        losses = np.where(size <= 1, 0.5 * size**2, size - 0.5)
    return float(np.average(losses, weights=weights))


def in_own_unit(rows: Fold, valid: Floats, test: Floats) -> Predictions:
    """Predictions of standardized targets, in the target's own unit."""

    def convert(standardized: Floats) -> Tensor:
        return torch.from_numpy(standardized * rows.target_scale + rows.target_mean).float()

    return Predictions(convert(valid), convert(test))
