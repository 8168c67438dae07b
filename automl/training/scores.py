"""The plain losses of a network on some rows, and the record of an epoch that holds them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from automl.data.dataset import Dataset
from automl.training.config import RunConfig
from automl.training.losses import metric_of, row_errors, row_losses
from automl.training.network import Network
from automl.training.rows import Rows
from storage.records import EpochRecord, LayerGradientRecord


@dataclass(frozen=True, slots=True)
class Score:
    """How a network does on some rows, in evaluation mode."""

    loss: float  # mean plain loss
    standard_error: float  # of that mean, over the rows
    error: float  # mean of what the metric averages, see `losses.metric_of`


def score(network: Network, dataset: Dataset, rows: Rows) -> Score:
    """Measure a network on rows, by their weights; sums are taken in double precision.

    Weights are scaled to mean 1 over these rows, which may be a part of those they were scaled of.
    """
    outputs = network.evaluated(rows)
    losses = row_losses(dataset.loss, outputs, rows.targets).double()
    errors = row_errors(dataset.task, outputs, rows.targets).double()
    if rows.weights is not None:
        weights = rows.weights.double()
        weights = weights / weights.mean()
        losses, errors = losses * weights, errors * weights
    standard_error = losses.std(correction=min(1, len(rows) - 1)) / len(rows) ** 0.5
    numbers = torch.stack([losses.mean(), standard_error, errors.mean()])
    return Score(*numbers.tolist())  # one wait for the device


def epoch_record(
    dataset: Dataset,
    run: RunConfig,
    at: tuple[int, int],
    scores: tuple[Score, Score],
    *,
    learning_rate: float,
    gradient_norm: float,
    layers: tuple[LayerGradientRecord, ...],
) -> EpochRecord:
    """What either trainer tells of an epoch, but for its time.

    Args:
        at: the epoch, and the steps so far.
        scores: on train rows and on validation rows.
    """
    (epoch, step), (train, valid) = at, scores
    scale = dataset.folds[run.fold].target_scale
    return EpochRecord(
        run_id=run.run_id,
        epoch=epoch,
        step=step,
        train_loss=math.inf if math.isnan(train.loss) else train.loss,  # NaN: nobody measured it
        valid_loss=valid.loss,
        valid_loss_standard_error=valid.standard_error,
        train_metric=metric_of(dataset.task, train.error, scale),
        valid_metric=metric_of(dataset.task, valid.error, scale),
        learning_rate=learning_rate,
        gradient_norm=gradient_norm,
        seconds=0.0,
        layers=layers,
    )
