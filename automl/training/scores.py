"""The plain losses of a network on some rows."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from automl.data.dataset import Dataset
from automl.training.losses import row_errors, row_losses
from automl.training.network import Network
from automl.training.rows import Rows


@dataclass(frozen=True, slots=True)
class Score:
    """How a network does on some rows, in evaluation mode."""

    loss: float  # mean plain loss
    standard_error: float  # of that mean, over the rows
    error: float  # mean of what the metric averages, see `losses.metric_of`


def score(network: Network, dataset: Dataset, rows: Rows) -> Score:
    """Measure a network on rows; sums are taken in double precision."""
    outputs = network.evaluated(rows)
    losses = row_losses(dataset.loss, outputs, rows.targets).double()
    errors = row_errors(dataset.task, outputs, rows.targets).double()
    standard_error = losses.std(correction=min(1, len(rows) - 1)) / len(rows) ** 0.5
    numbers = torch.stack([losses.mean(), standard_error, errors.mean()])
    return Score(*numbers.tolist())  # one wait for the device
