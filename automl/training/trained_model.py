"""A trained network with its preprocessing: tables go in, predictions come out.

With folds there is one network per fold, each with the preprocessing of its own train rows;
they predict together, by the mean of their probabilities or values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from automl.data.dataset import AffineScaling, Dataset, Fold, Split
from automl.data.preprocessing import Preprocessor
from automl.models.mlp import MLPConfig
from automl.training.config import RunConfig, TrainingConfig
from automl.training.predictions import predict
from storage.records import Task


@dataclass(frozen=True, slots=True)
class TrainedNetwork:
    """One network: its run, the weights of its best epoch, and what its fold's data were like."""

    run: RunConfig
    weights: Mapping[str, Tensor]
    preprocessor: Preprocessor
    cardinalities: tuple[int, ...]
    target_mean: float
    target_scale: float


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """The network of a trial, or the networks of its folds."""

    task: Task
    loss: str
    class_names: tuple[str, ...]
    networks: tuple[TrainedNetwork, ...]

    def predict(self, frame: pd.DataFrame) -> NDArray[Any]:
        """Predict class names, or values in the target's own unit.

        Raises:
            DataError: a column is missing.

        Shape:
            result: (N,).
        """
        if self.task == "regression":
            return self._mean_prediction(frame)
        codes = self._mean_prediction(frame).argmax(axis=1)
        names = np.asarray(self.class_names, dtype=object)
        predicted: NDArray[Any] = names[codes]
        return predicted

    def predict_proba(self, frame: pd.DataFrame) -> NDArray[np.float64]:
        """Predict the probabilities of the classes, in the order of `class_names`.

        Shape:
            result: (N, C).
        """
        return self._mean_prediction(frame)

    def _mean_prediction(self, frame: pd.DataFrame) -> NDArray[np.float64]:
        predictions = [self._prediction(network, frame) for network in self.networks]
        return np.asarray(np.mean(predictions, axis=0))

    def _prediction(self, network: TrainedNetwork, frame: pd.DataFrame) -> NDArray[np.float64]:
        encoded = network.preprocessor.encode(frame)
        numeric, quantile, categories = (
            torch.from_numpy(array)
            for array in (encoded.numeric, encoded.quantile, encoded.categories)
        )
        rows = Split(numeric, quantile, categories, torch.zeros(len(frame)))
        identity = AffineScaling(torch.zeros(numeric.shape[1]), torch.ones(numeric.shape[1]))
        fold = Fold(
            train=rows,
            valid=rows,
            test=rows,
            scalings={network.run.model.scaling: identity},  # the weights bring their own
            cardinalities=network.cardinalities,
            target_mean=network.target_mean,
            target_scale=network.target_scale,
        )
        n_classes = max(len(self.class_names), 1)
        folds = (fold,) * (network.run.fold + 1)
        dataset = Dataset(self.task, self.loss, n_classes, folds)
        return predict(network.run, network.weights, dataset, "test").double().numpy()


def run_from_details(details: Mapping[str, Any]) -> RunConfig:
    """Read back the `RunConfig` that was stored as plain values beside its weights."""
    run = dict(details["run"])
    run["model"] = MLPConfig(**run["model"])
    run["training"] = TrainingConfig(**run["training"])
    run["rows"] = None  # kept models were trained on all rows
    return RunConfig(**run)


def network_from_arrays(
    run: RunConfig,
    arrays: Mapping[str, NDArray[Any]],
    details: Mapping[str, Any],
    preprocessor: Preprocessor,
) -> TrainedNetwork:
    """Put a network together from what was stored of it."""
    return TrainedNetwork(
        run=run,
        weights={name: torch.from_numpy(array.copy()) for name, array in arrays.items()},
        preprocessor=preprocessor,
        cardinalities=tuple(details["cardinalities"]),
        target_mean=float(details["target_mean"]),
        target_scale=float(details["target_scale"]),
    )
