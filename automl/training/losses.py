"""The five losses: per row as reported, and as the objective that is trained on.

What is reported, compared and stored is the plain loss. Label smoothing and class weights
act on the training objective only; penalties on the weights are in `optimizers.py`. All
functions take leading axes, so one run and a stack of runs share them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional


def _cross_entropy(outputs: Tensor, targets: Tensor, smoothing: Tensor | float) -> Tensor:
    """-sum_c q_c log p_c with q = (1 - s) onehot + s / C (Szegedy et al. 2016, section 7)."""
    log_probabilities = torch.log_softmax(outputs, dim=-1)
    of_target = -log_probabilities.gather(-1, targets[..., None]).squeeze(-1)
    if isinstance(smoothing, float) and smoothing == 0.0:
        return of_target
    uniform = -log_probabilities.mean(dim=-1)
    return of_target + smoothing * (uniform - of_target)


def _binary_cross_entropy(outputs: Tensor, targets: Tensor, smoothing: Tensor | float) -> Tensor:
    """As `_cross_entropy` with two classes, on one logit: log(1 + e^z) - q z."""
    logits = outputs.squeeze(-1)
    target = targets.to(logits.dtype)
    return functional.softplus(logits) - (target + smoothing * (0.5 - target)) * logits


def _error(outputs: Tensor, targets: Tensor) -> Tensor:
    return outputs.squeeze(-1) - targets.to(outputs.dtype)


RowLoss = Callable[[Tensor, Tensor, "Tensor | float"], Tensor]
LOSSES: Final[Mapping[str, RowLoss]] = {
    "cross_entropy": _cross_entropy,
    "binary_cross_entropy": _binary_cross_entropy,
    "mean_squared": lambda outputs, targets, _: _error(outputs, targets).square(),
    "mean_absolute": lambda outputs, targets, _: _error(outputs, targets).abs(),
    # Huber 1964 with delta 1: in units of the standardized target, one standard deviation.
    "huber": lambda outputs, targets, _: functional.smooth_l1_loss(
        outputs.squeeze(-1), targets.to(outputs.dtype), reduction="none"
    ),
}


def row_losses(loss: str, outputs: Tensor, targets: Tensor) -> Tensor:
    """The plain loss of each row.

    Shape:
        outputs: (..., B, C), or (..., B, 1) for binary tasks and regression; targets:
        (..., B); result: (..., B).
    """
    return LOSSES[loss](outputs, targets, 0.0)


def objective(
    loss: str,
    outputs: Tensor,
    targets: Tensor,
    label_smoothing: Tensor | float = 0.0,
    class_weights: Tensor | None = None,
) -> Tensor:
    """What a step descends: the mean over the batch of weight[class] x smoothed loss.

    The mean divides by the number of rows and not, as torch.nn.CrossEntropyLoss does, by the
    batch's sum of weights: so every batch's gradient is an unbiased estimate of the whole's.

    Shape:
        outputs, targets: as in `row_losses`; label_smoothing: a number, or a tensor that
        broadcasts with (..., B), without effect on regression losses; class_weights: (C,),
        (2,) for binary tasks; result: (...).
    """
    losses = LOSSES[loss](outputs, targets, label_smoothing)
    if class_weights is not None:
        losses = losses * class_weights.to(losses.dtype)[targets]
    return losses.mean(dim=-1)


def row_errors(task: str, outputs: Tensor, targets: Tensor) -> Tensor:
    """What the task's metric averages: wrong (0 or 1) per row, or the squared error.

    Shape:
        as in `row_losses`.
    """
    if task == "regression":
        return _error(outputs, targets).square()
    predicted = outputs.argmax(dim=-1) if task == "multiclass" else outputs.squeeze(-1) > 0
    return (predicted != targets).to(outputs.dtype)


def metric_of(task: str, mean_error: float, target_scale: float) -> float:
    """The task's metric from the mean of `row_errors`: error rate, or RMSE in own units."""
    return mean_error**0.5 * target_scale if task == "regression" else mean_error
