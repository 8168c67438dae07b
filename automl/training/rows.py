"""Rows of a split as a network takes them, and the plain losses of a network on them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from automl.data.dataset import Dataset, Split
from automl.data.table.inputs import table_inputs
from automl.models.mlp.network import MLP
from automl.training.losses import row_errors, row_losses
from automl.training.predictions import outputs_of


@dataclass(frozen=True, slots=True)
class Rows:
    """The tensors of some rows, on a trainer's device and in its precision.

    Shape:
        inputs: (N, D); categories: (N, E) int64; targets: (N,) int64 classes or values.
    """

    inputs: Tensor
    categories: Tensor
    targets: Tensor

    @classmethod
    def of(cls, split: Split, scaling: str, device: torch.device, dtype: torch.dtype) -> Rows:
        """All rows of a split, with the inputs that a scaling starts from."""
        targets, inputs = split.targets.to(device), table_inputs(split)
        return cls(
            inputs.before(scaling).to(device, dtype),
            inputs.categories.to(device),
            targets.to(dtype) if targets.is_floating_point() else targets,
        )

    def __getitem__(self, rows: Tensor | slice) -> Rows:
        return Rows(self.inputs[rows], self.categories[rows], self.targets[rows])

    def __len__(self) -> int:
        return len(self.targets)


@dataclass(frozen=True, slots=True)
class Score:
    """How a network does on some rows, in evaluation mode."""

    loss: float  # mean plain loss
    standard_error: float  # of that mean, over the rows
    error: float  # mean of what the metric averages, see `losses.metric_of`


def score(model: MLP, dataset: Dataset, rows: Rows) -> Score:
    """Measure a network on rows; sums are taken in double precision."""
    outputs = outputs_of(model, rows.inputs, rows.categories)
    losses = row_losses(dataset.loss, outputs, rows.targets).double()
    errors = row_errors(dataset.task, outputs, rows.targets).double()
    standard_error = losses.std(correction=min(1, len(rows) - 1)) / len(rows) ** 0.5
    numbers = torch.stack([losses.mean(), standard_error, errors.mean()])
    return Score(*numbers.tolist())  # one wait for the device
