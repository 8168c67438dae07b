"""Predictions of quantities that are held to the range of the train targets.

That acts wherever a network is measured or predicts, in evaluation mode; what training descends
knows nothing of it, since no gradient would pass an output that is held.

Source:
    RealMLP does so in regression: Holzmüller et al. 2024, arXiv 2407.04491, appendix A.
"""

from __future__ import annotations

import torch
from torch import Tensor

from automl.data.dataset import Dataset
from automl.training.batches import own_targets
from automl.training.config import RunConfig

TargetRange = tuple[float, float]
"""The least and the largest standardized target."""


def prediction_range(run: RunConfig, dataset: Dataset) -> TargetRange | None:
    """The range that a run's predictions are held to, of its own train rows; None: no range."""
    if run.training.prediction_range == "free" or dataset.task != "regression":
        return None
    targets = own_targets(run.rows, dataset.folds[run.fold].train.targets)
    return targets.min().item(), targets.max().item()


def held(outputs: Tensor, low: Tensor | float, high: Tensor | float) -> Tensor:
    """Outputs held to a range. One that is not finite stays so: the network has diverged.

    Shape:
        low and high: numbers, or tensors that broadcast with the outputs.
    """
    low, high = (torch.as_tensor(end).to(outputs) for end in (low, high))
    return torch.where(outputs.isfinite(), outputs.clamp(low, high), outputs)
