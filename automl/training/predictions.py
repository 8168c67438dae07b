"""From weights to predictions: probabilities of classes, or values in the target's own unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import torch
from torch import Tensor

from automl.data.dataset import DataDescription, Dataset
from automl.data.inputs import Inputs
from automl.data.shuffled_rows import ShuffledRows
from automl.errors import DataError
from automl.models.family import find_family
from automl.training.config import RunConfig
from automl.training.network import Network, load_weights
from automl.training.place import Place
from automl.training.readout import AS_THEY_ARE, Readout, readout
from automl.training.rows import Rows

PredictedRows: TypeAlias = Literal["train", "valid", "test"] | ShuffledRows
"""The rows of a split, or validation rows of which columns are shuffled."""


def predict(
    run: RunConfig,
    weights: Mapping[str, Tensor],
    dataset: Dataset,
    split: PredictedRows,
) -> Tensor:
    """Predict rows of the run's fold with weights as a trainer's `best_weights` gives them.

    Raises:
        DataError: a row's prediction is not a number, so that it has no class and no value.

    Shape:
        result: as of `predict_inputs`.
    """
    fold, data = dataset.folds[run.fold], dataset.describe(run.fold)
    if isinstance(split, ShuffledRows):
        inputs = split.inputs(fold.valid.inputs)
    else:
        inputs = fold.split(split).inputs
    goal = TargetScale(fold.target_mean, fold.target_scale, readout(run, dataset))
    return predict_inputs(run, weights, inputs, data, goal)


@dataclass(frozen=True, slots=True)
class TargetScale:
    """How the outputs of a regression become values in the target's own unit."""

    mean: float = 0.0
    scale: float = 1.0
    readout: Readout = AS_THEY_ARE  # what they are taken for first, standardized


AS_IT_IS: Final = TargetScale()


def predict_inputs(
    run: RunConfig,
    weights: Mapping[str, Tensor],
    inputs: Inputs,
    data: DataDescription,
    goal: TargetScale = AS_IT_IS,
) -> Tensor:
    """Predict rows with the weights of a run's network.

    Raises:
        DataError: a row's prediction is not a number, so that it has no class and no value.

    Shape:
        result: (N, C) probabilities, (N, 2) for binary tasks; (N,) values in the target's
        own unit for regression. On the inputs' device, in the weights' precision.
    """
    arguments = find_family(run.family).read(inputs, data.encoding, run.model)
    dtype = next(each.dtype for each in weights.values() if each.is_floating_point())
    place = Place(arguments[0].device, dtype)
    rows = Rows.of(arguments, torch.zeros(len(inputs)), place.device, dtype)
    network = Network.built(run, data, rows, place, goal.readout)
    load_weights(network.module, weights)
    outputs = network.evaluated(rows)
    _check_finite(outputs)
    if data.task == "regression":
        values = outputs * goal.scale + goal.mean
        _check_finite(values)
        return values.squeeze(-1)
    if data.task == "binary":
        positive = torch.sigmoid(outputs)
        return torch.cat([1 - positive, positive], dim=-1)
    return torch.softmax(outputs, dim=-1)


def _check_finite(outputs: Tensor) -> None:
    wrong = (~outputs.isfinite().all(dim=1)).nonzero().flatten()
    if len(wrong):
        raise DataError(
            f"a prediction must be a number, but {len(wrong)} of {len(outputs)} rows give none, "
            f"the first of them is row {int(wrong[0]) + 1}: a value in it lies too far from those "
            "that the network was trained on; correct it, or leave it empty"
        )
