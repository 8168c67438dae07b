"""The numbers that make seven optimizers one formula, per run and step.

    m += first_weight * (g - m)             c = m, or for nesterov g + momentum * (m - g)
    s += second_weight * (g^2 - s)          w -= c / ((sqrt(s) + offset) * inverse_step)

The moments are running means: momentum's buffer is m / (1 - momentum), Adagrad's sum is
s x (steps done). SGD has first_weight 1, and s = 1 where there is no second moment.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from automl.training.config import TrainingConfig

ADAM_BETAS: Final = (0.9, 0.999)  # Kingma & Ba 2015, and torch's defaults, as the next ones
ADAM_EPSILON: Final = 1e-8
RMSPROP_ALPHA: Final = 0.99
RMSPROP_EPSILON: Final = 1e-8
ADAGRAD_EPSILON: Final = 1e-10

COEFFICIENTS: Final = (
    "first_weight",
    "second_weight",
    "ahead",  # nesterov: how far from g towards m the change lies; else 1
    "offset",
    "inverse_step",
    "decay",  # adamw: what weights are multiplied by
    "weight_decay",  # of the others: what times w is added to the gradient
)


def smallest_square(dtype: torch.dtype) -> float:
    """What second moments start at: its root is 1e-15 in float32, 1e-30 in float64."""
    return 1e-30 if dtype == torch.float32 else 1e-60


def coefficients_of(
    name: str, training: TrainingConfig, learning_rates: Tensor, first_step: int
) -> Tensor:
    """The formula's numbers for one run at coming updates.

    Args:
        name: the optimizer in use.
        first_step: updates done so far.

    Shape:
        learning_rates: (S,) float64; result: (S, 7) float64 in the order of `COEFFICIENTS`.

    Source:
        Kingma & Ba 2015, algorithm 1; Duchi et al. 2011; Tieleman & Hinton 2012, lecture 6.5;
        Sutskever et al. 2013 for nesterov; Loshchilov & Hutter 2019 for adamw's decay.
    """
    n = torch.arange(1, len(learning_rates) + 1, dtype=torch.float64) + first_step
    ones = torch.ones_like(n)
    first, second, ahead, offset, decay = ones, 0 * ones, ones, 0 * ones, ones
    step, coupled = learning_rates, training.weight_decay * ones
    if name in ("momentum", "nesterov"):
        first = (1 - training.momentum) * ones
        ahead = training.momentum * ones if name == "nesterov" else ones
        step = learning_rates / (1 - training.momentum)
    elif name == "adagrad":
        second = 1 / n
        offset, step = ADAGRAD_EPSILON / n.sqrt(), learning_rates / n.sqrt()
    elif name == "rmsprop":
        second, offset = (1 - RMSPROP_ALPHA) * ones, RMSPROP_EPSILON * ones
    elif name in ("adam", "adamw"):
        first, second = (1 - ADAM_BETAS[0]) * ones, (1 - ADAM_BETAS[1]) * ones
        correction = (1 - ADAM_BETAS[1] ** n).sqrt()
        offset, step = ADAM_EPSILON * correction, learning_rates * correction
        step = step / (1 - ADAM_BETAS[0] ** n)
        if name == "adamw":
            decay, coupled = 1 - learning_rates * training.weight_decay, 0 * ones
    # A learning rate of exactly 0 gives an infinite inverse, and so an update of exactly 0.
    return torch.stack([first, second, ahead, offset, 1 / step, decay, coupled], dim=1)


def moment_scales(name: str, training: TrainingConfig, step: int) -> tuple[float, float]:
    """What times m and s gives torch.optim's moments after `step` updates."""
    first = 1 / (1 - training.momentum) if name in ("momentum", "nesterov") else 1.0
    return first, float(max(1, step)) if name == "adagrad" else 1.0
