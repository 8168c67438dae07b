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

from automl.data.dataset import Dataset, Fold

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
    not make the loss infinite. Huber takes whichever of mean and median has the lower loss.
    """
    rows = dataset.folds[fold]
    if dataset.task == "regression":
        targets = rows.train.targets.double().numpy()
        centre = min(
            (targets.mean(), np.median(targets)),
            key=lambda c: regression_loss(dataset, c - targets),
        )
        constant = np.full(max(len(rows.valid), len(rows.test)), centre)
        return in_own_unit(rows, constant[: len(rows.valid)], constant[: len(rows.test)])
    counts = np.bincount(rows.train.targets.numpy(), minlength=dataset.n_classes)
    frequencies = torch.tensor((counts + 1.0) / (counts.sum() + dataset.n_classes)).float()
    return Predictions(
        frequencies.repeat(len(rows.valid), 1), frequencies.repeat(len(rows.test), 1)
    )


def regression_loss(dataset: Dataset, errors: Floats) -> float:
    """The plain regression loss of errors in standardized units."""
    size = np.abs(errors)
    if dataset.loss == "mean_squared":
        return float((size**2).mean())
    if dataset.loss == "mean_absolute":
        return float(size.mean())
    return float(np.where(size <= 1, 0.5 * size**2, size - 0.5).mean())


def in_own_unit(rows: Fold, valid: Floats, test: Floats) -> Predictions:
    """Predictions of standardized targets, in the target's own unit."""

    def convert(standardized: Floats) -> Tensor:
        return torch.from_numpy(standardized * rows.target_scale + rows.target_mean).float()

    return Predictions(convert(valid), convert(test))
