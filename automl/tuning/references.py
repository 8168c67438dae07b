"""The references of a search, fitted: what its best network has to beat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from automl.data.baselines import Predictions, linear_predictions, trivial_predictions
from automl.data.dataset import Dataset
from storage.records import ReferenceName

FittedReferences: TypeAlias = Mapping[ReferenceName, Sequence[Predictions]]
"""What each reference predicts, fold by fold. Guessing is always among them."""


def fit_references(dataset: Dataset) -> FittedReferences:
    """Fit each reference on each fold's train rows."""
    folds = range(len(dataset.folds))
    return {
        "guessing": [trivial_predictions(dataset, fold) for fold in folds],
        "linear_model": [linear_predictions(dataset, fold) for fold in folds],
    }
