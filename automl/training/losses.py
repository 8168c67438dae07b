"""The five losses: per row as reported, and as the objective that is trained on.

What is reported, compared and stored is the plain loss, times the row's weight where rows have
weights. Label smoothing and class weights act on the training objective only; penalties on the
weights are in `optimizers.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from torch import Tensor
from torch.nn import functional


def _cross_entropy(outputs: Tensor, targets: Tensor, smoothing: float, reduction: str) -> Tensor:
    """-sum_c q_c log p_c with q = (1 - s) onehot + s / C (Szegedy et al. 2016, section 7)."""
    return functional.cross_entropy(
        outputs, targets, label_smoothing=smoothing, reduction=reduction
    )


def _binary_cross_entropy(
    outputs: Tensor, targets: Tensor, smoothing: float, reduction: str
) -> Tensor:
    """As `_cross_entropy` with two classes, from the one logit of class 1."""
    target = targets.to(outputs.dtype)
    if smoothing:
        target = target + smoothing * (0.5 - target)
    return functional.binary_cross_entropy_with_logits(
        outputs.squeeze(-1), target, reduction=reduction
    )


def _mean_squared(outputs: Tensor, targets: Tensor, _: float, reduction: str) -> Tensor:
    return functional.mse_loss(outputs.squeeze(-1), targets, reduction=reduction)


def _mean_absolute(outputs: Tensor, targets: Tensor, _: float, reduction: str) -> Tensor:
    return functional.l1_loss(outputs.squeeze(-1), targets, reduction=reduction)


def _huber(outputs: Tensor, targets: Tensor, _: float, reduction: str) -> Tensor:
    """Huber 1964 with delta 1: in standardized units, one standard deviation of the target."""
    return functional.huber_loss(outputs.squeeze(-1), targets, reduction=reduction)


Loss = Callable[[Tensor, Tensor, float, str], Tensor]
LOSSES: Final[Mapping[str, Loss]] = {
    "cross_entropy": _cross_entropy,
    "binary_cross_entropy": _binary_cross_entropy,
    "mean_squared": _mean_squared,
    "mean_absolute": _mean_absolute,
    "huber": _huber,
}
"""Name -> loss of (outputs, targets, label smoothing, reduction)."""


def row_losses(loss: str, outputs: Tensor, targets: Tensor) -> Tensor:
    """The plain loss of each row.

    Shape:
        outputs: (B, C), or (B, 1) for binary tasks and regression; targets: (B,) int64
        classes, or values of the outputs' type; result: (B,).
    """
    return LOSSES[loss](outputs, targets, 0.0, "none")


def objective(
    loss: str,
    outputs: Tensor,
    targets: Tensor,
    label_smoothing: float = 0.0,
    class_weights: Tensor | None = None,
    weights: Tensor | None = None,
) -> Tensor:
    """What a step descends: the mean over the batch of weight x weight[class] x smoothed loss.

    The mean divides by the number of rows and not, as torch.nn.CrossEntropyLoss does, by the
    batch's sum of weights: so every batch's gradient is an unbiased estimate of the whole's.
    Label smoothing has no effect on regression losses.

    Args:
        weights: of rows, see `data/row_weights.py`.

    Shape:
        outputs, targets: as in `row_losses`; class_weights: (C,), (2,) for binary tasks;
        weights: (B,); result: ().
    """
    if class_weights is None and weights is None:
        return LOSSES[loss](outputs, targets, label_smoothing, "mean")
    losses = LOSSES[loss](outputs, targets, label_smoothing, "none")
    if class_weights is not None:
        losses = losses * class_weights[targets]
    return (losses if weights is None else losses * weights).mean()


def row_errors(task: str, outputs: Tensor, targets: Tensor) -> Tensor:
    """What the task's metric averages: wrong (0 or 1) per row, or the squared error.

    Shape:
        as in `row_losses`.
    """
    if task == "regression":
        return (outputs.squeeze(-1) - targets).square()
    predicted = outputs.argmax(dim=-1) if task == "multiclass" else outputs.squeeze(-1) > 0
    return (predicted != targets).to(outputs.dtype)


def metric_of(task: str, mean_error: float, target_scale: float) -> float:
    """The task's metric from the mean of `row_errors`: error rate, or RMSE in own units."""
    return mean_error**0.5 * target_scale if task == "regression" else mean_error
