"""From weights to predictions: probabilities of classes, or values in the target's own unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

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
from storage.records import Task

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
    return Predictor(run, weights, data, goal).predict(inputs)


class Predictor:
    """A run's network with its weights, built with the first rows that it predicts, then kept.

    A person's own module may keep something of what it was called with, on which what it says of
    other rows would depend: such a one is built anew for each call.

    Args:
        data: what the network was built for.
        goal: how its outputs become values, of a regression.
    """

    def __init__(
        self,
        run: RunConfig,
        weights: Mapping[str, Tensor],
        data: DataDescription,
        goal: TargetScale = AS_IT_IS,
    ) -> None:
        self._run = run
        self._weights = weights
        self._data = data
        self._goal = goal
        self._kept: Network | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return Predictor, (self._run, self._weights, self._data, self._goal)

    def predict(self, inputs: Inputs, first_row: int = 1) -> Tensor:
        """Predict rows; as `predict_inputs`.

        Args:
            first_row: the number of the first one, for an error that names a row.
        """
        family = find_family(self._run.family)
        arguments = family.read(inputs, self._data.encoding, self._run.model)
        dtype = next(each.dtype for each in self._weights.values() if each.is_floating_point())
        place = Place(arguments[0].device, dtype)
        rows = Rows.of(arguments, torch.zeros(len(inputs)), place.device, dtype)
        return self._read_out(self._network(rows, place).evaluated(rows), first_row)

    def _network(self, rows: Rows, place: Place) -> Network:
        kept = self._kept
        if kept is not None and kept.place == place:
            return kept
        network = Network.built(self._run, self._data, rows, place, self._goal.readout)
        load_weights(network.module, self._weights)
        if network.family.is_trusted:
            self._kept = network
        return network

    def _read_out(self, outputs: Tensor, first_row: int) -> Tensor:
        _check_finite(outputs, first_row)
        predicted = read_out(outputs, self._data.task, self._goal)
        if self._data.task == "regression":
            _check_finite(predicted[:, None], first_row)
        return predicted


def read_out(outputs: Tensor, task: Task, goal: TargetScale) -> Tensor:
    """Probabilities of classes, or values in the target's own unit.

    Args:
        outputs: of a network, what its readout has made of them.

    Shape:
        outputs: (N, n_outputs); result: as of `predict_inputs`.
    """
    if task == "regression":
        return (outputs * goal.scale + goal.mean).squeeze(-1)
    if task == "binary":
        positive = torch.sigmoid(outputs)
        return torch.cat([1 - positive, positive], dim=-1)
    return torch.softmax(outputs, dim=-1)


def _check_finite(outputs: Tensor, first_row: int) -> None:
    wrong = (~outputs.isfinite().all(dim=1)).nonzero().flatten()
    if len(wrong):
        raise DataError(
            f"a prediction must be a number, but {len(wrong)} of {len(outputs)} rows give none, "
            f"the first of them is row {first_row + int(wrong[0])}: a value in it lies too far "
            "from those that the network was trained on; correct it, or leave it empty"
        )
