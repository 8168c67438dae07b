"""The training objective's gradient and the plain losses of a stack, rows last.

The formulas are those of `losses.py`. Outputs come as (K, C, B), because torch's softmax over
a short last axis takes two to nine times as long as over an earlier one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from automl.data.dataset import Dataset
from automl.training.config import RunConfig


@dataclass(frozen=True, slots=True)
class StackedObjective:
    """What the runs of a stack descend.

    Shape:
        label_smoothing: (K, 1, 1), or None if no run smooths; class_weights: (K, C), or None.
    """

    loss: str
    label_smoothing: Tensor | None
    class_weights: Tensor | None

    @classmethod
    def of(
        cls,
        dataset: Dataset,
        runs: Sequence[RunConfig],
        device: torch.device,
        dtype: torch.dtype,
    ) -> StackedObjective:
        """The objective of some runs."""
        smoothing, weights = None, None
        rates = [run.training.label_smoothing for run in runs]
        if any(rates) and dataset.task != "regression":
            smoothing = torch.tensor(rates, device=device, dtype=dtype)[:, None, None]
        per_run = [dataset.folds[run.fold].class_weights for run in runs]
        given = [values for values in per_run if values is not None]
        if given:
            weights = torch.stack(given).to(device, dtype)
        return cls(dataset.loss, smoothing, weights)

    def gradient_(
        self,
        outputs: Tensor,
        targets: Tensor,
        gradients: Tensor,
        weights: Tensor | None = None,
    ) -> None:
        """Compute the gradient of each run's mean over the batch in its outputs.

        Args:
            weights: of rows; None: all are 1.

        Shape:
            outputs, gradients: (K, C, B), or (K, C, k x B) of k members; targets, weights: (K, B).
        """
        n_members = outputs.shape[-1] // targets.shape[-1]
        if n_members > 1:
            targets = targets.repeat(1, n_members)
        GRADIENTS[self.loss](outputs, targets[:, None, :], self.label_smoothing, gradients)
        if self.class_weights is not None:
            gradients.mul_(self.class_weights.gather(1, targets)[:, None, :])
        if weights is not None:
            gradients.mul_(weights.repeat(1, n_members)[:, None, :])
        gradients.mul_(1 / outputs.shape[-1])

    def mixed_gradient_(
        self,
        outputs: Tensor,
        targets: Tensor,
        gradients: Tensor,
        own_share: Tensor | None,
        weights: Tensor | None = None,
    ) -> None:
        """The same where rows have a share of their own target, and of the next row's the rest.

        Each target has the weight of the row that it is of.

        Shape:
            own_share: (K, 1, 1); None: all of it.
        """
        self.gradient_(outputs, targets, gradients, weights)
        if own_share is not None:
            other = torch.empty_like(gradients)
            following = None if weights is None else weights.roll(-1, 1)
            self.gradient_(outputs, targets.roll(-1, 1), other, following)
            gradients.mul_(own_share).add_(other.mul_(1 - own_share))


Gradient = Callable[[Tensor, Tensor, "Tensor | None", Tensor], None]


def _cross_entropy(
    outputs: Tensor, targets: Tensor, smoothing: Tensor | None, out: Tensor
) -> None:
    """The gradient is p - q with q = (1 - s) onehot + s / C."""
    torch.softmax(outputs, 1, out=out)
    if smoothing is None:
        out.scatter_add_(1, targets, outputs.new_full((), -1.0).expand_as(targets))
        return
    out.sub_(smoothing / outputs.shape[1])
    out.scatter_add_(1, targets, (smoothing - 1).expand_as(targets))


def _binary_cross_entropy(
    outputs: Tensor, targets: Tensor, smoothing: Tensor | None, out: Tensor
) -> None:
    """sigmoid(z) - q with q = y + s (1/2 - y)."""
    torch.sigmoid(outputs, out=out)
    if smoothing is None:
        out.sub_(targets)
        return
    target = targets.to(outputs.dtype)
    out.sub_(target + smoothing * (0.5 - target))


def _mean_squared(outputs: Tensor, targets: Tensor, _: Tensor | None, out: Tensor) -> None:
    torch.sub(outputs, targets, out=out)
    out.mul_(2)


def _mean_absolute(outputs: Tensor, targets: Tensor, _: Tensor | None, out: Tensor) -> None:
    torch.sub(outputs, targets, out=out)
    out.sign_()


def _huber(outputs: Tensor, targets: Tensor, _: Tensor | None, out: Tensor) -> None:
    torch.sub(outputs, targets, out=out)
    out.clamp_(-1, 1)


GRADIENTS: Final[Mapping[str, Gradient]] = {
    "cross_entropy": _cross_entropy,
    "binary_cross_entropy": _binary_cross_entropy,
    "mean_squared": _mean_squared,
    "mean_absolute": _mean_absolute,
    "huber": _huber,
}
"""Loss -> gradient of each row's smoothed loss in its outputs.

Shape:
    outputs, out: (K, C, B); targets: (K, 1, B); smoothing: (K, 1, 1) or None.
"""


def stacked_row_losses(loss: str, outputs: Tensor, targets: Tensor) -> Tensor:
    """The plain loss of each row, as `losses.row_losses`.

    Shape:
        outputs: (K, C, B); targets: (K, B); result: (K, B).
    """
    if loss == "cross_entropy":
        log_probabilities = torch.log_softmax(outputs, 1)
        return log_probabilities.gather(1, targets[:, None, :]).squeeze(1).neg_()
    outputs = outputs.squeeze(1)
    if loss == "binary_cross_entropy":
        return torch.nn.functional.softplus(outputs) - targets.to(outputs.dtype) * outputs
    if loss == "huber":
        return torch.nn.functional.smooth_l1_loss(outputs, targets, reduction="none")
    errors = outputs - targets
    return errors.square_() if loss == "mean_squared" else errors.abs_()


def stacked_row_errors(task: str, outputs: Tensor, targets: Tensor) -> Tensor:
    """What the task's metric averages, per row, as `losses.row_errors`.

    Shape:
        outputs: (K, C, B); targets: (K, B); result: (K, B).
    """
    if task == "regression":
        return (outputs.squeeze(1) - targets).square_()
    predicted = outputs.argmax(1) if task == "multiclass" else outputs.squeeze(1) > 0
    return (predicted != targets).to(outputs.dtype)
